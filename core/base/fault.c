#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Returns the length of `text` without a UTF-8 character that was cut at its end. */
static size_t whole_characters(const char *text, size_t bytes)
{
    size_t start = bytes;
    while (start > 0 && bytes - start < 4 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return bytes;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t have = bytes - start + 1;
    size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return have < need ? start - 1 : bytes;
}

bool fault_set(struct fault *fault, const char *code, const char *format, ...)
{
    if (fault == NULL)
        return false;
    /* Format into a copy: the arguments often point into the fault that is being extended. */
    struct fault made;
    snprintf(made.code, sizeof made.code, "%s", code != NULL && *code ? code : "internal_error");
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(made.message, sizeof made.message, format, args);
    va_end(args);
    if (wanted < 0)
        made.message[0] = '\0';
    size_t bytes = strlen(made.message);
    if (wanted >= (int)sizeof made.message)
        bytes = whole_characters(made.message, bytes);
    while (bytes > 0 && (made.message[bytes - 1] == '\n' || made.message[bytes - 1] == '\r'))
        bytes--;
    made.message[bytes] = '\0';
    memcpy(fault->code, made.code, strlen(made.code) + 1);
    memcpy(fault->message, made.message, bytes + 1);
    return false;
}
