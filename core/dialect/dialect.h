/* The dialects: how clients and providers speak. Each reads requests and answers in its form, and
 * writes what the gateway itself has to say: errors, and the ends of streams. Streams of OpenAI's
 * chat have a faster way of their own (exchange/events.c). Pure functions. */
#ifndef DIALECT_DIALECT_H
#define DIALECT_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "dialect/answer.h"
#include "dialect/chat.h"
#include "dialect/error_body.h"
#include "dialect/final_chunk.h"

/* What a request says beside its body: Gemini's has model and stream in its address. */
struct request_address {
    struct slice model;
    bool streamed;
};

/* Follows a stream in the client's dialect, so that its end can be written at any time. */
struct answer_state;

struct answer_state *answer_state_new(void);
void answer_state_free(struct answer_state *state); /* NULL is allowed */

struct dialect_form {
    /* Reads a request; as chat_read. */
    bool (*read_request)(struct slice text, const struct request_address *address, uint64_t seed,
                         struct chat_request *out, struct chat_fault *fault);
    /* Makes the provider's copy of it; as chat_apply. */
    bool (*apply)(const struct chat_request *request, const struct chat_changes *changes,
                  struct chat_copy *out);

    /* Reads the object of one event. With `state` the event goes to the client; NULL: it is only
     * looked at. */
    void (*read_event)(struct answer_state *state, const struct json_value *root,
                       struct answer_facts *out);
    /* Reads a whole plain answer. */
    void (*read_answer)(const struct json_value *root, struct answer_facts *out);

    const char *usage_name; /* the member that has the counts */
    /* Writes an object of counts with the cost. */
    void (*write_usage)(const struct final_usage *usage, struct buffer *out);
    /* Ends an answer, because money or limit have ended, as whole events. */
    void (*write_length)(struct answer_state *state, const struct final_usage *usage,
                         struct buffer *out);
    /* Ends an answer with an error, as whole events. `usage`: what was charged. */
    void (*write_failure)(struct answer_state *state, const struct error_body *error,
                          const struct final_usage *usage, struct buffer *out);

    bool events_named;      /* each event has an `event` line with its type */
    const char *keep_alive; /* what a waiting client may get; "": nothing */
};

const struct dialect_form *dialect_form(enum dialect dialect);
/* "openai-chat", "openai-responses", "anthropic", "gemini" */
const char *dialect_name(enum dialect dialect);
/* The dialect of the clients that ask for this path. */
enum dialect dialect_of_path(struct slice path);

#endif
