#include "net/client/http_tail.h"

#include <errno.h>
#include <stdio.h>

/* Writes what stands before a chunk of so many bytes; 0: the last one. The line break behind a
 * chunk's data comes with the next frame. */
static void begin_chunk(struct http_tail *tail, size_t bytes)
{
    const char *before = tail->begun ? "\r\n" : "";
    const char *behind = bytes == 0 ? "\r\n\r\n" : "\r\n";
    tail->frame_bytes =
        (size_t)snprintf(tail->frame, sizeof tail->frame, "%s%zx%s", before, bytes, behind);
    tail->frame_sent = 0;
    tail->chunk_left = bytes;
    tail->begun = true;
    tail->last = bytes == 0;
}

/* Finds how much of the data may go now. False: nothing may, for now or for ever. */
static bool find_next(struct http_tail *tail, struct slice data, bool over)
{
    if (tail->from->bytes >= 0) {
        tail->over = over && data.bytes == 0;
        tail->chunk_left = data.bytes;
        return data.bytes > 0;
    }
    if (tail->frame_sent < tail->frame_bytes || tail->chunk_left > 0)
        return true;
    tail->over = tail->last;
    if (tail->last || (data.bytes == 0 && !over))
        return false;
    begin_chunk(tail, data.bytes);
    return true;
}

static int next_parts(struct http_tail *tail, struct iovec parts[2])
{
    bool over = false;
    int count = 0;
    struct slice data = tail->from->peek(&over, tail->from->arg);
    if (!find_next(tail, data, over))
        return 0;
    if (tail->frame_sent < tail->frame_bytes)
        parts[count++] =
            (struct iovec){tail->frame + tail->frame_sent, tail->frame_bytes - tail->frame_sent};
    if (tail->chunk_left > 0) /* sendmsg only reads it */
        parts[count++] = (struct iovec){(void *)(uintptr_t)data.data, tail->chunk_left};
    return count;
}

static void note_sent(struct http_tail *tail, size_t bytes)
{
    size_t of_frame = tail->frame_bytes - tail->frame_sent;
    of_frame = bytes < of_frame ? bytes : of_frame;
    tail->frame_sent += of_frame;
    bytes -= of_frame;
    tail->chunk_left -= bytes;
    if (bytes > 0)
        tail->from->sent(bytes, tail->from->arg);
}

bool http_tail_send(struct http_tail *tail, struct http_connection *connection, bool *failed)
{
    struct iovec parts[2];
    int count;
    *failed = false;
    while (!tail->over && (count = next_parts(tail, parts)) > 0) {
        ssize_t sent = http_connection_send(connection, parts, count);
        if (sent < 0) {
            *failed = errno != EAGAIN;
            return !*failed;
        }
        note_sent(tail, (size_t)sent);
    }
    return false;
}
