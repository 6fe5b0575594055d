/* The dice and aborts() of base/support.h for this floor's tests: CMake links the helpers that lie
 * beside a test. */
#include "base/support.c" /* NOLINT(bugprone-suspicious-include) */
