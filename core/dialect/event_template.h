/* Most events of a stream have the same members at the same places; they differ only inside a few
 * values: the model's text, the padding of some providers, a number that counts events or tokens.
 * An event whose other bytes are all equal to those of an event already read means the same, so
 * only these values are read.
 *
 * Part of a relay; the worker's thread. */
#ifndef DIALECT_EVENT_TEMPLATE_H
#define DIALECT_EVENT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "dialect/answer.h"
#include "dialect/completion.h"

enum {
    EVENT_TEMPLATE_BYTES_MAX = 1024, /* larger events are always read in full */
    EVENT_TEMPLATE_HOLES_MAX = 2 + ANSWER_NUMBERS_MAX
};

enum template_hole_kind {
    TEMPLATE_TEXT,    /* a string: the model's text */
    TEMPLATE_PADDING, /* a string that the gateway ignores */
    TEMPLATE_NUMBER   /* a whole number, likewise */
};

/* What differs from event to event: its place in the learned event; of a string, without its
 * quotes. */
struct template_hole {
    size_t start;
    size_t end;
    enum template_hole_kind kind;
};

struct event_template {
    struct buffer event;                                  /* the learned event; empty: none */
    struct template_hole holes[EVENT_TEMPLATE_HOLES_MAX]; /* sorted by place */
    unsigned hole_count;
    /* The client gets the event without the cut_bytes from cut_at on. No hole lies in them. */
    size_t cut_at;
    size_t cut_bytes;
    int64_t other_bytes; /* of the event, counted as generated beside its text */
    unsigned in_vain;    /* events learned since the last match */
};

/* What a full reading of the event would have found. */
struct template_match {
    size_t event_bytes;  /* length of the event with its empty line */
    int64_t bytes;       /* counted as generated */
    struct slice text;   /* the model's text, as it stands in JSON */
    struct slice before; /* the client gets this */
    struct slice after;  /* and this; empty if nothing is cut out */
};

void event_template_init(struct event_template *template);
void event_template_fini(struct event_template *template);

/* Learns an event that was counted as `bytes` generated, if its one choice has a text and no finish
 * reason. `chunk` points into `event`, which includes its empty line. With `cut_usage` the client
 * got the event without its usage (which is null), else as it came. */
void event_template_learn(struct event_template *template, struct slice event,
                          const struct completion *chunk, int64_t bytes, bool cut_usage);

/* The same for an event of another dialect, which the client gets as it came, if it has a text and
 * neither ends nor closes an answer. `facts` point into `event`. Returns whether it was learned;
 * else the one before stays. */
bool event_template_learn_answer(struct event_template *template, struct slice event,
                                 const struct answer_facts *facts);

/* Returns true when the data begins with an event like the learned one; *out says what it holds. On
 * false that event must be read in full. */
bool event_template_take(struct event_template *template, struct slice data,
                         struct template_match *out);

#endif
