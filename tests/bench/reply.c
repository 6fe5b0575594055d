#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void reply_begin(struct reply *reply)
{
    /* Not all of what is held: it is much, and none of it counts. */
    memset(reply, 0, offsetof(struct reply, line));
    reply->line.bytes = reply->event.bytes = 0;
}

bool reply_good(const struct reply *reply, int words)
{
    if (reply->state != REPLY_COMPLETE || reply->status != 200)
        return false;
    return !reply->streamed ||
           (reply->done && !reply->failed && reply->lost == 0 && reply->next_word == words);
}

/* Moves bytes to what is held until it ends with `end`: then `held` is a whole text, and *whole.
 * Returns how many bytes were taken. What does not fit breaks the reply. */
static size_t hold_until(struct reply *reply, struct reply_held *held, const char *data,
                         size_t bytes, const char *end, bool *whole)
{
    size_t end_bytes = strlen(end);
    *whole = false;
    for (size_t i = 0; i < bytes; i++) {
        if (held->bytes == REPLY_HELD_BYTES - 1) {
            reply->state = REPLY_BROKEN;
            return bytes;
        }
        held->data[held->bytes++] = data[i];
        if (held->bytes >= end_bytes &&
            memcmp(held->data + held->bytes - end_bytes, end, end_bytes) == 0) {
            held->data[held->bytes] = '\0';
            *whole = true;
            return i + 1;
        }
    }
    return bytes;
}

/* ---- events ---- */

static void take_event(struct reply *reply, const char *event, size_t bytes)
{
    static const char word[] = "\"content\":\" w";
    const char *at = memmem(event, bytes, word, sizeof word - 1);
    if (at != NULL) {
        int number = (int)strtol(at + sizeof word - 1, NULL, 10);
        if (number != reply->next_word)
            reply->lost += number > reply->next_word ? number - reply->next_word : 1;
        reply->next_word = number + 1;
        reply->words++;
    } else if (bytes >= 12 && memcmp(event, "data: [DONE]", 12) == 0) {
        reply->done = true;
    } else if (memmem(event, bytes, "\"error\"", 7) != NULL) {
        reply->failed = true;
    }
}

/* Events that are whole in `data` are read where they stand; what is begun is held. */
static void take_stream(struct reply *reply, const char *data, size_t bytes)
{
    while (bytes > 0 && reply->state != REPLY_BROKEN) {
        const char *end = reply->event.bytes == 0 ? memmem(data, bytes, "\n\n", 2) : NULL;
        size_t taken;
        if (end != NULL) {
            taken = (size_t)(end - data) + 2;
            take_event(reply, data, taken);
        } else {
            bool whole;
            taken = hold_until(reply, &reply->event, data, bytes, "\n\n", &whole);
            if (whole) {
                take_event(reply, reply->event.data, reply->event.bytes);
                reply->event.bytes = 0;
            }
        }
        data += taken;
        bytes -= taken;
    }
}

/* ---- HTTP ---- */

static void read_head(struct reply *reply)
{
    const char *head = reply->line.data;
    const char *length = strcasestr(head, "\r\ncontent-length:");
    bool chunked = strcasestr(head, "\r\ntransfer-encoding: chunked") != NULL;
    if (strncmp(head, "HTTP/1.1 ", 9) != 0 || (!chunked && length == NULL)) {
        reply->state = REPLY_BROKEN;
        return;
    }
    reply->status = (int)strtol(head + 9, NULL, 10);
    reply->streamed = strcasestr(head, "\r\ncontent-type: text/event-stream") != NULL;
    reply->stays_open = strcasestr(head, "\r\nconnection: close") == NULL;
    if (chunked) {
        reply->state = REPLY_CHUNK_SIZE;
        return;
    }
    reply->left = strtoul(length + 17, NULL, 10);
    reply->state = reply->left > 0 ? REPLY_BODY : REPLY_COMPLETE;
}

static void read_line(struct reply *reply)
{
    if (reply->state == REPLY_HEAD) {
        read_head(reply);
    } else if (reply->state == REPLY_CHUNK_SIZE) {
        reply->left = strtoul(reply->line.data, NULL, 16);
        reply->state = reply->left > 0 ? REPLY_CHUNK : REPLY_TRAILER;
    } else if (reply->state == REPLY_CHUNK_END) {
        reply->state = REPLY_CHUNK_SIZE;
    } else if (strcmp(reply->line.data, "\r\n") == 0) { /* the end of the trailer */
        reply->state = REPLY_COMPLETE;
    }
}

static size_t take_line(struct reply *reply, const char *data, size_t bytes)
{
    const char *end = reply->state == REPLY_HEAD ? "\r\n\r\n" : "\r\n";
    bool whole;
    size_t taken = hold_until(reply, &reply->line, data, bytes, end, &whole);
    if (whole) {
        read_line(reply);
        reply->line.bytes = 0;
    }
    return taken;
}

static size_t take_body(struct reply *reply, const char *data, size_t bytes)
{
    size_t taken = bytes < reply->left ? bytes : reply->left;
    reply->begun = true;
    reply->left -= taken;
    if (reply->streamed)
        take_stream(reply, data, taken);
    if (reply->left == 0 && reply->state != REPLY_BROKEN)
        reply->state = reply->state == REPLY_CHUNK ? REPLY_CHUNK_END : REPLY_COMPLETE;
    return taken;
}

void reply_feed(struct reply *reply, const char *data, size_t bytes)
{
    while (bytes > 0) {
        size_t taken;
        if (reply->state == REPLY_COMPLETE)
            reply->state = REPLY_BROKEN;
        if (reply->state == REPLY_BROKEN)
            return;
        taken = reply->state == REPLY_BODY || reply->state == REPLY_CHUNK
                    ? take_body(reply, data, bytes)
                    : take_line(reply, data, bytes);
        data += taken;
        bytes -= taken;
    }
}
