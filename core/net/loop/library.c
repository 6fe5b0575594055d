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
    MAPPED_BYTES_MIN = 1024 * 1024, /* a larger block goes back to the system when freed */
    /* Free memory that is kept at a heap's end. It is little, because malloc_trim does not give
     * back the end of a thread's heap. */
    KEPT_BYTES = 2 * 1024 * 1024
};

/* The blocks that libevent frees have held requests and replies, with keys, passwords and cookies.
 * They are wiped, so that none of these can be found in memory later. */
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

/* By itself libevent prints to stderr: an event loop would then wait for the log's reader. */
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
    /* By default, when a large block is freed, glibc raises the size from which blocks come
     * directly from the system, and then keeps the memory of large bodies. */
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    event_set_mem_functions(malloc, realloc_wiped, free_wiped);
    check(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}
