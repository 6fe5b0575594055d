/* Translates one attempt of a call between the dialect of its client and that of its provider. The
 * script floor hands it down (script/translation.h); on the worker's thread. */
#ifndef EXCHANGE_TRANSLATOR_H
#define EXCHANGE_TRANSLATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "dialect/request_fault.h"

/* What is asked for beside the client's body. Borrowed during the call of `request`. */
struct translator_wish {
    const char *model;         /* the provider's name of the model */
    const char *model_public;  /* its name in answers */
    int64_t output_tokens_max; /* > 0: the provider is asked for at most so many */
    /* The limit that is sent if neither client nor policy sets one and the provider needs one;
     * 0: unknown. */
    int64_t output_tokens_most;
    const char *max_tokens_field;
    bool streamed;
    bool usage_unasked;
    bool never_reasons;             /* what the client says of the model's reasoning is left out */
    bool stored;                    /* the gateway itself keeps the answer, which says so */
    const char *continues_response; /* the id of the response that it goes on from; NULL: none */
    const char *continues_conversation; /* likewise */
    bool compacts;                      /* only a summary of the conversation is asked for */
    bool counts;                        /* only a count of the input's tokens is asked for */
    bool on_cloud;           /* of a provider that a service account opens: Google's own cloud */
    const char *exchange_id; /* for ids that the client needs and the provider lacks */
    int64_t created_ms;
};

struct translator { /* zeroed: nothing is translated */
    void *arg;
    /* Appends the provider's body. False with *fault: the request cannot be carried over; `param`
     * names the member and lives as long as the translator. Or the translation itself has failed,
     * with the code "internal_error". */
    bool (*request)(void *arg, struct slice client_body, const struct translator_wish *wish,
                    struct buffer *out, struct request_fault *fault);
    /* Takes one event of the provider's stream: the value of its `event` line, which may be empty,
     * and its JSON. Appends whole events in the client's dialect. False: it is not understood. */
    bool (*event)(void *arg, struct slice name, struct slice data, struct buffer *out);
    /* So many pieces of the open text have gone to the client without `event`: the JSON string of
     * all of them. Called before the next `event` or `end`, for clients whose dialect says a text
     * again. */
    bool (*skipped)(void *arg, int64_t count, struct slice string);
    /* The provider's stream has ended well: appends what ends it for the client. */
    bool (*end)(void *arg, struct buffer *out);
    /* Turns a plain answer into a plain one or, if a stream was wished for, into a whole stream. */
    bool (*body)(void *arg, struct slice provider_body, struct buffer *out);
    /* Why the last call returned false: for the log. */
    const char *(*why)(void *arg);
    void (*free)(void *arg);
};

#endif
