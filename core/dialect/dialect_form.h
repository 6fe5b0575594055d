/* What a dialect can do: how it reads requests and answers, and how it writes what the gateway
 * itself has to say: errors, and the ends of streams. Pure functions. */
#ifndef DIALECT_DIALECT_FORM_H
#define DIALECT_DIALECT_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/sha256.h"
#include "base/slice.h"
#include "dialect/answer.h"
#include "dialect/error_body.h"
#include "dialect/final_chunk.h"
#include "dialect/form_coming.h"
#include "dialect/model_request.h"

/* What a request says beside its body: Gemini's has model and stream in its address. */
struct request_address {
    struct slice model;
    bool streamed;
    bool as_array;                    /* a stream is one JSON array */
    bool counted;                     /* only the tokens of the input are asked for */
    bool compacted;                   /* only a summary of the conversation is asked for */
    struct slice content_type;        /* of a form */
    const struct form_coming *coming; /* its files' bytes are left out; NULL: it is whole */
    /* Takes the names of what the provider keeps, in a dialect that has such; NULL: what it keeps
     * must not be named. */
    struct kept_names *kept;
};

/* Follows a stream in the client's dialect, so that its end can be written at any time. */
struct answer_state;

struct answer_state *answer_state_new(void);
void answer_state_free(struct answer_state *state); /* NULL is allowed */
/* Names the model in what is written, as JSON: the provider's name for it is not the client's. The
 * name is borrowed; an empty one changes nothing. */
void answer_state_answer_as(struct answer_state *state, struct slice name);

/* Sound comes as PCM without a head. */
void answer_state_expect_raw(struct answer_state *state);

struct dialect_form {
    /* Reads a request; as chat_read. */
    bool (*read_request)(struct slice text, const struct request_address *address, uint64_t seed,
                         struct model_request *out, struct request_fault *fault);
    /* Makes the provider's copy of it; as chat_apply. */
    bool (*apply)(const struct model_request *request, const struct request_changes *changes,
                  struct request_copy *out);

    /* NULL: SHA-256 of its text. */
    void (*digest)(const struct model_request *request, char out[SHA256_HEX_BYTES]);

    /* What follows down to note_text, and write_*, is NULL in a dialect that has no streams, and
     * what reads or writes answers in that of completions, which exchange/events.c has beside chat.
     * Reads the object of one event. With `state` the event goes to the client; NULL: it is only
     * looked at. */
    void (*read_event)(struct answer_state *state, const struct json_value *root,
                       struct answer_facts *out);
    /* An event like one before has been sent, with this text, as it stands in JSON. NULL: the state
     * does not care. */
    void (*note_text)(struct answer_state *state, struct slice text);
    /* Reads a whole plain answer. */
    void (*read_answer)(const struct json_value *root, struct answer_facts *out);
    /* Appends a plain answer in the form that was asked for, if the provider has not kept to it.
     * False: it passes as it came. NULL: it always does. */
    bool (*adapt_answer)(const struct model_request *request, const struct json_value *answer,
                         struct buffer *out);

    /* Writes a good plain answer as the events of a stream. NULL: OpenAI's chat has a way of its
     * own (plain_chunks.h). */
    void (*write_events)(const struct json_value *answer, struct buffer *out);

    const char *usage_name; /* the member that has the counts */
    /* Writes an object of counts with the cost. */
    void (*write_usage)(const struct final_usage *usage, struct buffer *out);
    /* Ends an answer, because money or limit have ended, as whole events. The state is that of the
     * stream, whose last event has not been sent; NULL: nothing has come. */
    void (*write_length)(const struct answer_state *state, const struct final_usage *usage,
                         struct buffer *out);
    /* Ends an answer with an error, as whole events. `usage`: what was charged; NULL: it is not
     * known. */
    void (*write_failure)(const struct answer_state *state, const struct error_body *error,
                          const struct final_usage *usage, struct buffer *out);

    bool events_named;      /* each event has an `event` line with its type */
    const char *keep_alive; /* what a waiting client may get; "": nothing */
    const char *last_event; /* ends a stream whose provider has forgotten it; "": nothing does */
};

#endif
