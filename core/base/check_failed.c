#include "base/check.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { FRAMES_MAX = 40, CONDITION_BYTES_MAX = 512 };

/* The text of the report. It is written once, so that the write cannot wait (log_last_words). */
struct report {
    char text[PIPE_BUF];
    size_t bytes;
};

/* Appends the text, or nothing where it does not fit. */
__attribute__((format(printf, 2, 3))) static void say(struct report *report, const char *format,
                                                      ...)
{
    size_t room = sizeof report->text - report->bytes;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(report->text + report->bytes, room, format, args);
    va_end(args);
    if (length > 0 && (size_t)length < room)
        report->bytes += (size_t)length;
    else
        report->text[report->bytes] = '\0';
}

/* The call's own address: a frame holds the address after it, which may be another function's. */
static const char *call_of(const void *frame)
{
    return (const char *)frame - 1;
}

static void say_frame(struct report *report, const void *frame)
{
    Dl_info info;
    if (dladdr(call_of(frame), &info) == 0 || info.dli_fname == NULL) {
        say(report, "  %p\n", frame); /* code that LuaJIT has made */
        return;
    }
    const char *name = strrchr(info.dli_fname, '/');
    say(report, "  %s+%#tx%s%s\n", name != NULL ? name + 1 : info.dli_fname,
        call_of(frame) - (const char *)info.dli_fbase, info.dli_sname != NULL ? " " : "",
        info.dli_sname != NULL ? info.dli_sname : "");
}

/* Appends the addr2line command for those frames that lie in the program itself. */
static void say_command(struct report *report, void *const *frames, int count)
{
    Dl_info own;
    Dl_info info;
    if (dladdr((const void *)(uintptr_t)check_failed, &own) == 0)
        return;
    say(report, "names: addr2line -pfie %s", own.dli_fname);
    for (int i = 0; i < count; i++) {
        if (dladdr(call_of(frames[i]), &info) != 0 && info.dli_fbase == own.dli_fbase)
            say(report, " %#tx", call_of(frames[i]) - (const char *)info.dli_fbase);
    }
    say(report, "\n");
}

/* backtrace_symbols_fd is no help: it prints the addresses after the calls, and it waits for a
 * reader that has stalled. */
void check_failed(const char *cond, const char *file, int line)
{
    struct report report = {.bytes = 0};
    void *frames[FRAMES_MAX];
    int count = backtrace(frames, FRAMES_MAX);
    say(&report, "check failed: %.*s at %s:%d\n", CONDITION_BYTES_MAX, cond, file, line);
    say_command(&report, frames, count);
    for (int i = 0; i < count; i++)
        say_frame(&report, frames[i]);
    log_last_words(report.text);
    abort();
}

void check_prepare(void)
{
    void *frame;
    (void)backtrace(&frame, 1);
}
