#include "CCallgrind.h"

// The header comes with valgrind. Without it the program still takes times, and Benchmarks/micro says what is missing.
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>

void callgrind_begin(void) { CALLGRIND_START_INSTRUMENTATION; }
void callgrind_end(void) { CALLGRIND_STOP_INSTRUMENTATION; }
#else
void callgrind_begin(void) {}
void callgrind_end(void) {}
#endif
