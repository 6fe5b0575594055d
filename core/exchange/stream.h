/* What is known of the answer that goes through: the readers of its events, what is ready for the
 * client, what was measured of it, and how it has ended. Part of an exchange; its worker's thread.
 * How it flows and ends is decided in relay.c and events.c. */
#ifndef EXCHANGE_STREAM_H
#define EXCHANGE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "dialect/completion.h"
#include "dialect/event_template.h"
#include "dialect/line_ends.h"
#include "dialect/sse.h"
#include "exchange/meter.h"

#define STREAM_TYPE "text/event-stream; charset=utf-8"

/* What is ready for a client at most, while its provider is not asked for more. */
enum { STREAM_OUT_BYTES_MAX = 2 * LIMIT_ORDINARY_EVENT_BYTES };

struct stream {
    struct meter meter;
    struct line_ends line_ends;
    struct sse sse;
    struct event_template event_template;
    struct buffer out;        /* whole events ready for the client */
    struct buffer held_event; /* of usage, for who asked: goes out at the end, with the cost */
    struct buffer last_event; /* data: [DONE] as it came */
    struct buffer joined;     /* scratch for events of several data lines */
    bool started; /* the task has asked for the relay; the hold may not be durable yet */
    bool flowing; /* the head is out */
    bool done;    /* [DONE] has come */
    bool upstream_ended;
    bool out_of_budget;       /* we have ended the answer: no money is left for more of it */
    bool reason_given;        /* the present event already says that the money limited it */
    struct buffer chunk_head; /* how a chunk of this stream begins, for those that are ours */
    bool failed;              /* after it had said something: an error ends the stream */
    bool unwritten;           /* the charge could not be written: nobody is told of it */
    bool refused;             /* it has failed by the customer's request */
    char failure_code[48];
    char failure_message[640];
    int64_t written_us;    /* when something last went to the client */
    bool paused;           /* the provider, until the client has taken what was written */
    bool has_room;         /* for a large event (event_room.h) */
    bool lacks_room;       /* the provider is paused until there is some */
    int64_t lacks_room_us; /* since when */
};

void stream_init(struct stream *stream);
void stream_fini(struct stream *stream);
/* Forgets what an attempt before has left, but for what the client has got. `rates` are those of
 * the model, borrowed. */
void stream_reset(struct stream *stream, const struct rate_set *rates);

/* Puts a whole event among what is ready for the client. */
void stream_append(struct stream *stream, struct slice event);
/* The same without its usage. `root` is its object. */
void stream_append_without_usage(struct stream *stream, struct slice event,
                                 const struct json_value *root);
/* Keeps the usage of a chunk for the end, as an event of its own in OpenAI's form. */
void stream_hold_usage(struct stream *stream, struct slice event, const struct completion *chunk);
/* Notes by which error the stream has failed. */
void stream_note_failure(struct stream *stream, const char *code, const char *message);

#endif
