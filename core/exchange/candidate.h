/* A provider to try and its prices. It never changes. Policy and attempts have references: a reload
 * may free the policy while an attempt runs. */
#ifndef EXCHANGE_CANDIDATE_H
#define EXCHANGE_CANDIDATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/slice.h"
#include "dialect/dialect_kind.h"
#include "exchange/breaker.h"
#include "exchange/health.h"

/* The longest texts, with NUL. */
enum {
    CANDIDATE_PROVIDER_BYTES = 64,
    CANDIDATE_MODEL_BYTES = LIMIT_MODEL_NAME_BYTES,
    CANDIDATE_BASE_URL_BYTES = 480,
    CANDIDATE_API_KEY_BYTES = 512,
    CANDIDATE_CA_FILE_BYTES = 256,
    CANDIDATE_FIELD_BYTES = 32,
    CANDIDATE_KEY_HEADER_BYTES = 32,
    CANDIDATE_PATH_BYTES = 128,
    CANDIDATE_QUERY_BYTES = 128,
    CANDIDATE_HEADERS = 16, /* of its entry */
    CANDIDATE_HEADERS_BYTES = 8192
};

/* How the API key is sent. */
enum candidate_key_form { KEY_BEARER, KEY_X_API_KEY, KEY_X_GOOG, CANDIDATE_KEY_FORMS };

/* When the client has left: departure.h. */
enum on_cancel { ON_CANCEL_CHARGE, ON_CANCEL_FREE, ON_CANCEL_READ };

struct model_request;
struct price_schedule;
struct stated_cost_paths;

/* What a policy says. Texts and rules are borrowed; "" if there is no value. */
struct candidate_terms {
    bool demo;            /* the built-in provider */
    enum dialect dialect; /* the one into which others are translated */
    unsigned dialects;    /* all that it speaks; a bit for each */
    enum on_cancel on_cancel;
    const char *provider;
    const char *model;
    const char *base_url;
    const char *paths[DIALECTS]; /* behind the base URL; "{model}" is `model` */
    const char *query;           /* at the end of every address */
    const char *map_path;        /* of a mapped API */
    const char *api_key;
    struct service_account *account;
    const char *key_header; /* "": each dialect's own */
    const char *ca_file;
    const char *max_tokens_field;
    const char *headers;       /* lines "Name: value", each ends with "\n" */
    const char *answers_as;    /* the model's name in answers; "": the provider's own name */
    const char *choice;        /* by `choose` */
    const char *sold_features; /* paid_features.h */
    unsigned pass_headers;     /* of the client's; bits as in provider_headers.h */
    struct unit_prices prices; /* what we pay */
    struct unit_prices sold;   /* the model's published prices; the margin is added to them */
    unsigned priced;           /* the units that have a price of their own; a bit for each */
    const struct price_schedule *buy_rules; /* NULL: none, like sold_rules */
    const struct price_schedule *sold_rules;
    const struct stated_cost_paths *cost; /* NULL: none */
    const struct rerank_names *rerank;
    const struct provider_limit_fields *limit_fields;
    bool sold_by_cost, searches_as_one, searches_always;
    int64_t margin_ppm;
    bool errors_shown; /* customers may read why the provider failed */
    bool usage_unasked;
    bool keeps_responses; /* named_objects.h */
    bool compacts;        /* POST /responses/compact */
    bool raw_predict;     /* Vertex */
    bool loss_allowed;
    int64_t weight;             /* its share of first attempts, among those of its model */
    int64_t spend_per_day_nusd; /* all its models together (spend_cap.h); 0: no cap */
    struct breaker_terms breaker;
    int64_t connect_timeout_ms;
    int64_t first_byte_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t total_timeout_ms;  /* for a plain answer, or until a stream says something */
    int64_t stream_timeout_ms; /* for a whole stream */
};

struct candidate {
    struct candidate_terms terms; /* owns texts and rules */
    const char *urls[DIALECTS];   /* NULL: it does not speak the dialect */
    const char *stream_url;
    const char *compact_url;               /* NULL: likewise, or it makes no summaries */
    const char *keys[CANDIDATE_KEY_FORMS]; /* whole headers; NULL: we send none */
    const char *headers[CANDIDATE_HEADERS];
    size_t header_count;
    struct slice span_attributes; /* otlp_provider.h */
    struct slice answers_as;      /* as a JSON string; empty: the provider's own name */
    struct health_names health;   /* its places there */
    atomic_uint references;
    size_t room_bytes; /* size of `texts` */
    size_t text_bytes; /* how much of it is used */
    char texts[];
};

/* The caller gets the one reference. */
struct candidate *candidate_new(const struct candidate_terms *terms);
struct candidate *candidate_ref(struct candidate *candidate);
/* Frees the candidate with the last reference and wipes its API key. NULL is allowed. */
void candidate_unref(struct candidate *candidate);

/* The dialect in which it is asked: the request's own, or the one into which it is translated. Of
 * Google's two for embeddings a single input takes the one for a single content, which all of
 * Google's addresses have. */
enum dialect candidate_dialect(const struct candidate *candidate,
                               const struct model_request *request);
const char *candidate_url(const struct candidate *candidate, enum dialect dialect, bool streamed);
/* Whether it takes a request of this dialect as it is. */
bool candidate_takes(const struct candidate *candidate, const struct model_request *request);
/* The base URL and the dialect's path. */
void candidate_base(const struct candidate *candidate, enum dialect dialect, struct buffer *out);
/* Writes the address of another path below that, with a NUL; "{model}" as above. */
void candidate_address(const struct candidate *candidate, enum dialect dialect, const char *path,
                       struct buffer *out);
/* The header with the key; NULL: none, or an access token. */
const char *candidate_key(const struct candidate *candidate, enum dialect dialect);

#endif
