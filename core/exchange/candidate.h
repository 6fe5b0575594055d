/* A candidate: where to try, and at what price. Made once from what the policy says and never
 * changed. It is counted, atomically: its policy has a reference, and each attempt that was made
 * with it, so a policy that goes with a reload, and is freed on another thread, takes nothing from
 * an attempt under way. */
#ifndef EXCHANGE_CANDIDATE_H
#define EXCHANGE_CANDIDATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/money.h"
#include "base/slice.h"

/* The longest texts, with their NUL. */
enum {
    CANDIDATE_PROVIDER_BYTES = 64,
    CANDIDATE_MODEL_BYTES = LIMIT_MODEL_NAME_BYTES,
    CANDIDATE_BASE_URL_BYTES = 480,
    CANDIDATE_API_KEY_BYTES = 512,
    CANDIDATE_CA_FILE_BYTES = 256,
    CANDIDATE_FIELD_BYTES = 32,
    CANDIDATE_HEADERS = 16, /* of a provider's own */
    CANDIDATE_HEADERS_BYTES = 8192
};

enum dialect { DIALECT_OPENAI, DIALECT_DEMO };

/* What a call costs that is cancelled because its client has left: see departure.h. */
enum on_cancel { ON_CANCEL_CHARGE, ON_CANCEL_FREE, ON_CANCEL_READ };

/* What a policy says. The texts are borrowed; "" for none. */
struct candidate_terms {
    enum dialect dialect;
    enum on_cancel on_cancel;
    const char *provider;
    const char *model;
    const char *base_url;
    const char *api_key;
    const char *ca_file;
    const char *max_tokens_field;
    const char *headers;        /* "Name: value", a line each, "\n" behind each */
    const char *answers_as;     /* the model's name in answers; "": as the provider says it */
    unsigned pass_headers;      /* of the client's: provider_headers.h */
    struct token_prices prices; /* buy */
    struct token_prices sold;   /* what the margin is put on: the model's published prices */
    int64_t margin_ppm;
    bool errors_shown; /* customers may read why the provider fails */
    int64_t connect_timeout_ms;
    int64_t first_byte_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t total_timeout_ms;  /* of an answer, or until a stream says something */
    int64_t stream_timeout_ms; /* of a stream in all */
};

struct candidate {
    struct candidate_terms terms; /* its texts are the candidate's own */
    const char *url;
    const char *authorization; /* the whole header; NULL: none is sent */
    const char *headers[CANDIDATE_HEADERS];
    size_t header_count;
    struct slice answers_as; /* as a JSON string; empty: as the provider says it */
    atomic_uint references;
    size_t room_bytes; /* of texts */
    size_t text_bytes; /* of them, what has been put there */
    char texts[];
};

/* With one reference, the caller's. */
struct candidate *candidate_new(const struct candidate_terms *terms);
struct candidate *candidate_ref(struct candidate *candidate);
/* Wipes it with the last reference, for its key. NULL is none. */
void candidate_unref(struct candidate *candidate);

#endif
