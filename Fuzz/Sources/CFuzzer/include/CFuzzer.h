#pragma once
#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer, which feeds `feed` and never returns but for `-help` and its kin. Comes with the sanitizer's runtime.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*feed)(const uint8_t *bytes, size_t count));
