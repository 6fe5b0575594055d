/* The relay: brings an answer from the provider to the client as it came, but for the usage that
 * the client did not ask for and the cost that we add; reads the meter on the way; holds back
 * the last bytes until the settlement is durable. */
#ifndef EXCHANGE_RELAY_H
#define EXCHANGE_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "dialect/event_template.h"
#include "dialect/line_ends.h"
#include "dialect/sse.h"
#include "exchange/meter.h"
#include "net/client/upstream.h"
#include "store/usage.h"

struct exchange;

#define RELAY_STREAM_TYPE "text/event-stream; charset=utf-8"

struct relay {
    struct meter meter;
    struct line_ends line_ends;
    struct sse sse;
    struct event_template event_template;
    struct buffer out;        /* whole events ready for the client */
    struct buffer held_event; /* of usage, for who asked: goes out at the end, with the cost */
    struct buffer last_event; /* data: [DONE] as it came */
    struct buffer joined;     /* scratch for events of several data lines */
    bool started; /* the task has asked for the relay, the hold may still be on its way */
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
    int64_t written_us; /* when something last went to the client */
    bool paused;
    bool has_room;         /* for a large event (event_room.h) */
    bool lacks_room;       /* the provider is paused until there is some */
    int64_t lacks_room_us; /* since when */
};

void relay_init(struct exchange *exchange);
void relay_fini(struct exchange *exchange);
/* Forgets what an attempt before has left. */
void relay_reset(struct exchange *exchange);

/* Bytes of a stream. */
void relay_feed(struct exchange *exchange, struct slice data);
/* The provider's answer is over. */
void relay_upstream_ended(struct exchange *exchange, enum upstream_end end, const char *detail);
/* The task wants the answer to go out. */
void relay_start(struct exchange *exchange);
/* The hold's job is back. */
void relay_hold_decided(struct exchange *exchange);
/* The charge is known: what is to be kept for a retry is handed to the settlement. */
void relay_keep(struct exchange *exchange);
/* The settlement is durable. */
void relay_settled(struct exchange *exchange);
/* The client has taken what was written. */
void relay_drained(struct exchange *exchange);
/* What the provider sends or does is no answer any more: the stream ends with that error, unless
 * all of the answer is there. */
void relay_provider_failed(struct exchange *exchange, const char *code, const char *message);
/* Ends a stream that has begun with an error of ours (a time-out, stopping). */
void relay_fail(struct exchange *exchange, const char *code, const char *message);
void relay_tick(struct exchange *exchange, int64_t now_us);
/* Sends a comment. */
void relay_keep_alive(struct exchange *exchange, int64_t now_us);

#endif
