internal import SwiftASN1

/// One step from a value to its DER.
enum DERCoding {
    /// The DER of a value; nil when it cannot be encoded.
    static func encode(_ element: some DERSerializable) -> [UInt8]? {
        var serializer = DER.Serializer()
        guard (try? serializer.serialize(element)) != nil else { return nil }
        return serializer.serializedBytes
    }
}
