#include "net/loop/library.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/secret.h"

enum {
    MAPPED_BYTES_MIN = 1024 * 1024, /* a block from here on goes back as soon as it is freed */
    /* Free memory at a heap's end that is kept for what comes: little, for malloc_trim does not
     * give back that of a thread's heap. */
    KEPT_BYTES = 2 * 1024 * 1024
};

/* What libevent frees has held requests and replies, and in them keys, passwords and cookies. It is
 * wiped, so that none of them can be found in memory later. */
static void free_wiped(void *block)
{
    if (block == NULL)
        return;
    secret_wipe(block, malloc_usable_size(block));
    free(block);
}

static void *realloc_wiped(void *block, size_t bytes)
{
    void *grown = malloc(bytes);
    if (grown == NULL || block == NULL)
        return grown;
    size_t old_bytes = malloc_usable_size(block);
    memcpy(grown, block, old_bytes < bytes ? old_bytes : bytes);
    free_wiped(block);
    return grown;
}

/* libevent would print on stderr, on an event loop, and wait there for the log's reader. */
static void on_libevent_line(int severity, const char *text)
{
    enum log_level level = LOG_DEBUG;
    if (severity == EVENT_LOG_WARN)
        level = LOG_WARN;
    else if (severity == EVENT_LOG_ERR)
        level = LOG_ERROR;
    log_event(level, "libevent", log_text("text", text));
}

void net_library_trim_memory(void)
{
    (void)malloc_trim(0);
}

void net_library_init(void)
{
    event_set_log_callback(on_libevent_line);
    /* Left to itself, glibc would keep what large bodies have filled: freeing one raises the size
     * from which memory is the system's own. */
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    event_set_mem_functions(malloc, realloc_wiped, free_wiped);
    check(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}
