/* A fault says why something could not be done: a code for machines and a sentence for the person
 * who must act on it. Functions that may fail return bool (true: done) and take a struct fault * as
 * their last argument, which they fill only on failure. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

struct fault {
    char code[48];     /* "invalid_value"; NUL-terminated, never empty */
    char message[464]; /* one sentence without a newline; cut at the end when it is too long */
};

/* Fills *fault; a NULL fault is ignored. Always returns false, so that a failing function can
 * write: return fault_set(fault, "invalid_value", "..."). */
bool fault_set(struct fault *fault, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
