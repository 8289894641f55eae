internal import SwiftASN1
internal import X509

/// A root certificate as a document gives it: PEM in place, or the path of a file in PEM or DER.
enum RootText {
    /// What a text turned out to be.
    enum Reading: Equatable {
        /// One certificate, in DER.
        case certificate([UInt8])
        /// A path whose file cannot be read.
        case missing
        /// Not one certificate.
        case malformed
    }

    /// Reads PEM, or the file that the text names.
    static func read(_ text: String, file: (String) -> [UInt8]?) -> Reading {
        if text.contains("-----BEGIN") {
            return certificate(in: Array(text.utf8)).map(Reading.certificate) ?? .malformed
        }
        guard let bytes = file(text) else { return .missing }
        return certificate(in: bytes).map(Reading.certificate) ?? .malformed
    }

    /// The DER of the one certificate in these bytes, PEM or DER; nil when there is none, or more than one.
    static func certificate(in bytes: [UInt8]) -> [UInt8]? {
        if bytes.first == 0x30 { return (try? Certificate(derEncoded: bytes)).map { _ in bytes } }
        guard let documents = try? PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self)),
            documents.count == 1, let document = documents.first, document.discriminator == "CERTIFICATE",
            (try? Certificate(derEncoded: document.derBytes)) != nil
        else { return nil }
        return document.derBytes
    }

    /// The certificate as PEM, for writing it back.
    static func pem(_ der: [UInt8]) -> String { PEMDocument(type: "CERTIFICATE", derBytes: der).pemString }
}
