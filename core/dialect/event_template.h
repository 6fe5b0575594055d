/* Most events of a stream have the same members at the same places; they differ only inside a
 * string or two: the model's text, and the padding of some providers. An event whose other bytes
 * are all equal to those of an event already read means the same, so only its strings are read.
 *
 * Part of a relay; the worker's thread. */
#ifndef DIALECT_EVENT_TEMPLATE_H
#define DIALECT_EVENT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "dialect/completion.h"

enum {
    EVENT_TEMPLATE_BYTES_MAX = 1024, /* larger events are always read in full */
    EVENT_TEMPLATE_STRINGS_MAX = 2
};

/* A string that differs from event to event: its place in the learned event, without its quotes. */
struct template_string {
    size_t start;
    size_t end;
    bool generated; /* the model's text; otherwise the gateway ignores it */
};

struct event_template {
    struct buffer event;                                        /* the learned event; empty: none */
    struct template_string strings[EVENT_TEMPLATE_STRINGS_MAX]; /* sorted by place */
    unsigned string_count;
    /* The client gets the event without the cut_bytes from cut_at on. No string lies in them. */
    size_t cut_at;
    size_t cut_bytes;
    int64_t other_bytes; /* of the event, counted as generated beside its strings */
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

/* Returns true when the data begins with an event like the learned one; *out says what it holds. On
 * false that event must be read in full. */
bool event_template_take(struct event_template *template, struct slice data,
                         struct template_match *out);

#endif
