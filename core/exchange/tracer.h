/* The tracer: the thread that sends spans to a collector by OTLP/HTTP, in Protobuf. It has a queue
 * of its own, and nothing waits for it: what finds no room there is lost and counted.
 *
 * A worker has a feed, which writes the spans of its exchanges while their records are in the
 * processor's caches, and hands those of a tenth of a second over at once. The tracer puts them
 * into one body after a second, or when there are many, and has one body under way at a time. What
 * the collector may take later (429, 502, 503, 504, no answer) is sent again after pauses that
 * grow, or that it names, for two minutes. At the end of the process all that is left gets a few
 * seconds. */
#ifndef EXCHANGE_TRACER_H
#define EXCHANGE_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/limits.h"

struct exchange_facts;
struct trace_feed;
struct trace_pool;
struct trace_record;
struct tracer;

enum { TRACER_TEXT_BYTES = 512, TRACER_HEADERS = 7, TRACER_HEADER_BYTES = 512 };

/* Where spans go, and of which exchanges. */
struct tracer_settings {
    char url[TRACER_TEXT_BYTES];
    char headers[TRACER_HEADERS][TRACER_HEADER_BYTES]; /* "Name: value"; "" ends them. Secret */
    char ca_file[TRACER_TEXT_BYTES];                   /* "": the system's authorities */
    char service_name[TRACER_TEXT_BYTES];
    char service_version[32];
    uint64_t kept;       /* so many of 2^56 traces that begin here are sampled */
    bool trusts_parents; /* a client's `traceparent` decides, and is continued */
    size_t records_max;  /* that wait */
    /* Of each attribute that has what was said in a call; 0: there is none. */
    size_t content_bytes_max;
    char content_groups[TRACER_TEXT_BYTES]; /* with commas between them; "": of all customers */
};

/* What has become of the spans so far. */
struct tracer_counts {
    uint64_t sent;
    uint64_t lost;     /* records without room in the queue */
    uint64_t rejected; /* spans that the collector did not take, or that were given up */
};

struct tracer *tracer_new(const struct tracer_settings *settings, struct fault *fault);
/* Sends what is left, for a few seconds at most. After its feeds are freed. NULL is allowed. */
void tracer_free(struct tracer *tracer);
void tracer_count(const struct tracer *tracer, struct tracer_counts *out); /* any thread */

/* ---- for a worker, on its thread ---- */

struct trace_feed *trace_feed_new(struct tracer *tracer); /* NULL gives NULL */
void trace_feed_free(struct trace_feed *feed);            /* flushes; NULL is allowed */
const struct tracer_settings *trace_feed_settings(const struct trace_feed *feed);
/* A random number other than zero, for an id. */
uint64_t trace_feed_draw(struct trace_feed *feed);
/* Whether there is room for what was said in a call, besides its spans. */
bool trace_feed_has_room(const struct trace_feed *feed);
/* Where records come from. */
struct trace_pool *trace_feed_pool(struct trace_feed *feed);
/* Takes a record over, and frees it. `facts`: NULL of a hedge, which has attempts only. */
void trace_feed_take(struct trace_feed *feed, struct trace_record *record,
                     const struct exchange_facts *facts);
/* Hands the records over to the tracer. Every tick. */
void trace_feed_flush(struct trace_feed *feed);

#endif
