/* The state of an answer that goes through: the readers of its events, the output for the client,
 * the meter, and how it ended. Part of an exchange; on its worker's thread. relay.c and events.c
 * decide how it flows and ends. */
#ifndef EXCHANGE_STREAM_H
#define EXCHANGE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "dialect/completion.h"
#include "dialect/dialect_kind.h"
#include "dialect/event_template.h"
#include "dialect/line_ends.h"
#include "dialect/sound_length.h"
#include "dialect/sse.h"
#include "dialect/text_route.h"
#include "exchange/meter.h"

#define STREAM_TYPE "text/event-stream; charset=utf-8"
#define PLAIN_TYPE "application/json"

/* The most output that waits for the client before the provider is paused. */
enum { STREAM_OUT_BYTES_MAX = 2 * LIMIT_ORDINARY_EVENT_BYTES };

/* Why an answer is not complete. Few fail, so it is made when it is needed. */
struct stream_failure {
    char code[48];
    char message[640];
};

struct stream {
    struct meter meter;
    struct line_ends line_ends;
    struct sse sse;
    struct event_template event_template;
    struct buffer out;          /* whole events ready for the client */
    struct buffer held_event;   /* usage, if asked for: goes out at the end, with the cost */
    struct buffer last_event;   /* data: [DONE] as it came */
    struct buffer joined;       /* scratch for events of several data lines */
    struct sound_length *sound; /* of an opaque answer, or NULL; its last byte is in held_event */
    bool started; /* the task has asked for the relay; the hold may still be pending */
    bool flowing; /* the head is out */
    bool done;    /* [DONE] has come */
    bool upstream_ended;
    bool out_of_budget;       /* we ended the answer: there is no money for more */
    bool reason_given;        /* the present event already says that money limited it */
    struct buffer chunk_head; /* how a chunk of this stream begins; for chunks that we make */
    bool failed;              /* after the provider said something: the stream ends with an error */
    bool unwritten;           /* the charge could not be written: the client does not see it */
    bool refused;             /* it failed because of the customer's request */
    struct stream_failure *failure; /* NULL: there is none */
    /* Of another dialect than OpenAI's chat: */
    struct answer_state *answer;     /* NULL: no event has come */
    const struct dialect_form *form; /* of `answer` */
    bool closing;       /* what comes waits in held_event until the charge is durable */
    bool closed;        /* its last event has come */
    bool provider_said; /* of a translated one: an event of the provider's has said something */
    struct answer_choices provider_choices;
    int64_t provider_ended; /* how many have ended; 0 while one that was seen has not ended */
    bool translation_ended;
    struct text_route route; /* of a translated one */
    /* Texts that went that way, for a translation that must know them: as they stand in JSON. */
    struct buffer skipped;
    int64_t skipped_count;
    bool array_begun;      /* the client gets one JSON array, and has an element */
    int64_t written_us;    /* when something last went to the client */
    bool paused;           /* the provider waits until the client takes what was written */
    bool has_room;         /* for a large event (event_room.h) */
    bool lacks_room;       /* the provider is paused until there is room */
    int64_t lacks_room_us; /* since when */
};

void stream_init(struct stream *stream);
void stream_fini(struct stream *stream);
/* Forgets the attempt before, but for what the client has got. `rates` are the model's,
 * borrowed. */
void stream_reset(struct stream *stream, const struct rate_set *rates);

/* Adds a whole event to the output. */
void stream_append(struct stream *stream, struct slice event);
/* Adds it without its usage. `root` is the event's object. */
void stream_append_without_usage(struct stream *stream, struct slice event,
                                 const struct json_value *root);
/* Keeps the usage of a chunk for the end, as an event of its own in OpenAI's form. `dialect`: the
 * client's. */
void stream_hold_usage(struct stream *stream, enum dialect dialect, struct slice event,
                       const struct completion *chunk);
/* The Content-Type of a stream that may be one JSON array. */
const char *stream_type(bool as_array);
/* Returns the events as the client gets them: as they are, or as elements of an array, then in
 * *shaped, which is initialised here. */
struct slice stream_shape(struct slice events, bool as_array, bool *begun, bool ends,
                          struct buffer *shaped);
void stream_note_failure(struct stream *stream, const char *code, const char *message);
/* Empty if there is none. */
const struct stream_failure *stream_failure(const struct stream *stream);

#endif
