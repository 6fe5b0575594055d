/* The events of a stream are mostly alike: the same members at the same places, and only the inside
 * of a string or two differs: what the model says, and what some providers pad it with. Where all
 * else is, byte for byte, what it was in an event that has been read, it means the same, and only
 * the strings are read.
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
    EVENT_TEMPLATE_BYTES_MAX = 1024, /* larger events are read each time */
    EVENT_TEMPLATE_STRINGS_MAX = 2
};

/* A string that differs: its place in the event that was learned, without its quotes. */
struct template_string {
    size_t start;
    size_t end;
    bool generated; /* it is what the model says; else it means nothing to us */
};

struct event_template {
    struct buffer event;                                        /* one that was read; empty: none */
    struct template_string strings[EVENT_TEMPLATE_STRINGS_MAX]; /* in the order of their places */
    unsigned string_count;
    size_t cut_at; /* of it the client does not get cut_bytes here, of none of the strings */
    size_t cut_bytes;
    int64_t other_bytes; /* that it counts as generated besides its strings */
    unsigned in_vain;    /* events learned since one was like it */
};

/* What reading an event would have said. */
struct template_match {
    size_t event_bytes;  /* it has, its empty line included */
    int64_t bytes;       /* it counts as generated */
    struct slice text;   /* what it says, as it stands in JSON */
    struct slice before; /* what the client gets of it: this, */
    struct slice after;  /* and this: empty, where nothing is cut out */
};

void event_template_init(struct event_template *template);
void event_template_fini(struct event_template *template);

/* Learns an event that was counted as `bytes` generated, if it is one that says a string and
 * nothing else; `chunk` points into it, and the empty line that ends it is part of it. It went to
 * the client as it came, but for a usage (of null) where `cut_usage`. */
void event_template_learn(struct event_template *template, struct slice event,
                          const struct completion *chunk, int64_t bytes, bool cut_usage);

/* Whether the data begins with an event like the one learned, and what then is to be done with it.
 * False: what it begins with must be read. */
bool event_template_take(struct event_template *template, struct slice data,
                         struct template_match *out);

#endif
