#include "exchange/candidate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/json.h"
#include "base/secret.h"
#include "dialect/model_request.h"
#include "dialect/rerank_names.h"
#include "dialect/stated_cost.h"
#include "exchange/otlp_provider.h"
#include "exchange/price_schedule.h"
#include "exchange/provider_limits.h"
#include "exchange/service_account.h"

static const char *const key_headers[CANDIDATE_KEY_FORMS] = {
    [KEY_BEARER] = "Authorization: Bearer ",
    [KEY_X_API_KEY] = "x-api-key: ",
    [KEY_X_GOOG] = "x-goog-api-key: ",
};

/* More than any address adds to the base URL and the model's name. */
enum { ENDPOINT_BYTES = 64, KEY_HEADER_BYTES = 32 };

/* Appends a + b to the candidate's texts. */
static const char *put(struct candidate *candidate, const char *a, const char *b)
{
    char *text = candidate->texts + candidate->text_bytes;
    size_t a_bytes = strlen(a);
    size_t b_bytes = strlen(b) + 1;
    size_t left_bytes = candidate->room_bytes - candidate->text_bytes;
    check(a_bytes < left_bytes && b_bytes <= left_bytes - a_bytes);
    memcpy(text, a, a_bytes);
    memcpy(text + a_bytes, b, b_bytes);
    candidate->text_bytes += a_bytes + b_bytes;
    return text;
}

static const char *path_of(const struct candidate_terms *terms, size_t dialect)
{
    return terms->paths[dialect] != NULL ? terms->paths[dialect] : "";
}

/* One address: a model's name may stand in it twice, each byte as three. */
static size_t address_room(const struct candidate_terms *terms, const char *path)
{
    return strlen(terms->base_url) + strlen(path) + strlen(terms->query) +
           2 * 3 * strlen(terms->model) + ENDPOINT_BYTES;
}

static size_t addresses_room(const struct candidate_terms *terms)
{
    size_t bytes = 0;
    for (size_t i = 0; i < DIALECTS; i++) {
        bool spoken = (terms->dialects >> i & 1) != 0;
        bool two =
            i == DIALECT_RESPONSES || i == DIALECT_ANTHROPIC || dialect_is_google((enum dialect)i);
        bytes += strlen(path_of(terms, i)) + 1;
        bytes += spoken ? (two ? 2 : 1) * address_room(terms, path_of(terms, i)) : 0;
    }
    return bytes;
}

static size_t room_for(const struct candidate_terms *terms)
{
    return strlen(terms->provider) + strlen(terms->model) + strlen(terms->base_url) +
           strlen(terms->query) + strlen(terms->map_path) * 2 + addresses_room(terms) +
           strlen(terms->api_key) * (1 + CANDIDATE_KEY_FORMS) +
           strlen(terms->key_header) * (1 + CANDIDATE_KEY_FORMS) + strlen(terms->ca_file) +
           strlen(terms->max_tokens_field) + strlen(terms->headers) * 2 +
           strlen(terms->answers_as) * 7 + strlen(terms->choice) + strlen(terms->sold_features) +
           17 + CANDIDATE_KEY_FORMS * KEY_HEADER_BYTES; /* 7: escaped and plain; 17: NULs, quotes */
}

static void put_headers(struct candidate *candidate)
{
    char *line = (char *)(uintptr_t)put(candidate, candidate->terms.headers, "");
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        check(candidate->header_count < CANDIDATE_HEADERS);
        *end = '\0';
        candidate->headers[candidate->header_count++] = line;
    }
}

static void put_answers_as(struct candidate *candidate)
{
    struct buffer json;
    if (candidate->terms.answers_as[0] == '\0')
        return;
    buffer_init(&json, CANDIDATE_MODEL_BYTES * 6 + 4);
    json_write_text(&json, candidate->terms.answers_as);
    buffer_append_char(&json, '\0');
    check(!json.failed);
    candidate->answers_as = slice_of(put(candidate, json.data, ""));
    buffer_fini(&json);
}

static bool ends_with(const char *text, const char *end)
{
    size_t bytes = strlen(text);
    size_t end_bytes = strlen(end);
    return bytes >= end_bytes && strcmp(text + bytes - end_bytes, end) == 0;
}

/* Puts `text`, percent-encoded as a segment of a path (RFC 3986, 3.3); slashes stay, for Google's
 * names have them. */
static void put_segment(struct buffer *out, const char *text)
{
    static const char plain[] = "-._~/:@!$&'()*+,;=";
    for (; *text != '\0'; text++) {
        bool safe = isalnum((unsigned char)*text) || strchr(plain, *text) != NULL;
        buffer_printf(out, safe ? "%c" : "%%%02X", (unsigned char)*text);
    }
}

/* The version that stands between base URL and paths: people know the address with and without. */
static const char *version_of(const struct candidate_terms *terms, enum dialect dialect)
{
    const char *own = terms->paths[dialect];
    const char *base_url = own[0] != '\0' ? own : terms->base_url;
    if (terms->raw_predict)
        return "";
    if (dialect == DIALECT_ANTHROPIC && !ends_with(base_url, "/v1"))
        return "/v1";
    if (dialect_is_google(dialect) && !ends_with(base_url, "/v1") &&
        !ends_with(base_url, "/v1beta") && strstr(base_url, "/v1/") == NULL &&
        strstr(base_url, "/v1beta1/") == NULL) /* Vertex has it in front of the project */
        return "/v1beta";
    return "";
}

static void put_path(struct buffer *out, const char *path, const char *name)
{
    static const char mark[] = "{model}";
    const char *model = strstr(path, mark);
    if (model != NULL) {
        buffer_append(out, path, (size_t)(model - path));
        put_segment(out, name);
        path = model + sizeof mark - 1;
    }
    buffer_append_text(out, path);
}

void candidate_base(const struct candidate *candidate, enum dialect dialect, struct buffer *out)
{
    const struct candidate_terms *terms = &candidate->terms;
    buffer_append_text(out, terms->base_url);
    put_path(out, terms->paths[dialect], terms->model);
}

void candidate_address(const struct candidate *candidate, enum dialect dialect, const char *path,
                       struct buffer *out)
{
    const struct candidate_terms *terms = &candidate->terms;
    candidate_base(candidate, dialect, out);
    buffer_append_text(out, version_of(terms, dialect));
    put_path(out, path, terms->model);
    if (terms->query[0] != '\0')
        buffer_printf(out, "%c%s", strchr(path, '?') != NULL ? '&' : '?', terms->query);
    buffer_append_char(out, '\0');
}

static const char *put_url(struct candidate *candidate, enum dialect dialect, const char *path)
{
    struct buffer url;
    buffer_init(&url, address_room(&candidate->terms, candidate->terms.paths[dialect]) +
                          strlen(candidate->terms.map_path));
    candidate_address(candidate, dialect, path, &url);
    check(!url.failed);
    const char *text = put(candidate, url.data, "");
    buffer_fini(&url);
    return text;
}

/* Instead of /messages. */
static void put_raw_predict(struct candidate *candidate)
{
    const enum dialect dialect = DIALECT_ANTHROPIC;
    candidate->urls[dialect] = put_url(candidate, dialect, "/models/{model}:rawPredict");
    candidate->stream_url = put_url(candidate, dialect, "/models/{model}:streamRawPredict");
}

static void put_urls(struct candidate *candidate)
{
    static const char *const paths[DIALECTS] = {
        [DIALECT_CHAT] = "/chat/completions",
        [DIALECT_RESPONSES] = "/responses",
        [DIALECT_ANTHROPIC] = "/messages",
        [DIALECT_GEMINI] = "/models/{model}:generateContent",
        [DIALECT_EMBEDDINGS] = "/embeddings",
        [DIALECT_MODERATIONS] = "/moderations",
        [DIALECT_RERANK] = "/rerank",
        [DIALECT_COMPLETIONS] = "/completions",
        [DIALECT_DECISIONS] = "/decisions",
        [DIALECT_GEMINI_EMBED] = "/models/{model}:embedContent",
        [DIALECT_GEMINI_EMBED_BATCH] = "/models/{model}:batchEmbedContents",
        [DIALECT_SPEECH] = "/audio/speech",
        [DIALECT_IMAGES] = "/images/generations",
        [DIALECT_TRANSCRIPTIONS] = "/audio/transcriptions",
        [DIALECT_TRANSLATIONS] = "/audio/translations",
        [DIALECT_IMAGE_EDITS] = "/images/edits",
        [DIALECT_IMAGE_VARIATIONS] = "/images/variations",
    };
    bool mapped = candidate->terms.map_path[0] != '\0';
    for (size_t i = 0; i < DIALECTS; i++) {
        if ((candidate->terms.dialects >> i & 1) != 0 && !candidate->terms.raw_predict)
            candidate->urls[i] =
                put_url(candidate, (enum dialect)i, mapped ? candidate->terms.map_path : paths[i]);
    }
    if (candidate->urls[DIALECT_RESPONSES] != NULL && candidate->terms.compacts)
        candidate->compact_url = put_url(candidate, DIALECT_RESPONSES, "/responses/compact");
    if (candidate->urls[DIALECT_GEMINI] != NULL)
        candidate->stream_url =
            put_url(candidate, DIALECT_GEMINI, "/models/{model}:streamGenerateContent?alt=sse");
    if (candidate->terms.raw_predict)
        put_raw_predict(candidate);
}

static void put_keys(struct candidate *candidate)
{
    const struct candidate_terms *terms = &candidate->terms;
    bool bearer = strcasecmp(terms->key_header, "authorization") == 0;
    char own[CANDIDATE_KEY_HEADER_BYTES + 2];
    snprintf(own, sizeof own, "%s: ", terms->key_header);
    for (size_t form = 0; form < CANDIDATE_KEY_FORMS && terms->api_key[0] != '\0'; form++) {
        const char *usual = key_headers[bearer ? KEY_BEARER : form];
        bool given = terms->key_header[0] != '\0' && !bearer;
        candidate->keys[form] = put(candidate, given ? own : usual, terms->api_key);
    }
}

/* Returns a copy of what few providers have, or NULL. */
static const void *copy_of(const void *data, size_t bytes)
{
    if (data == NULL)
        return NULL;
    void *copy = malloc(bytes);
    check(copy != NULL);
    return memcpy(copy, data, bytes);
}

/* What tells one account at the provider from another. */
static const char *key_name(const struct candidate_terms *terms)
{
    return terms->account != NULL ? terms->account->id : terms->api_key;
}

struct candidate *candidate_new(const struct candidate_terms *terms)
{
    size_t room_bytes = room_for(terms);
    struct candidate *candidate = malloc(sizeof *candidate + room_bytes);
    check(candidate != NULL);
    *candidate = (struct candidate){.terms = *terms, .references = 1, .room_bytes = room_bytes};
    struct candidate_terms *own = &candidate->terms;
    own->provider = put(candidate, terms->provider, "");
    own->model = put(candidate, terms->model, "");
    own->base_url = put(candidate, terms->base_url, "");
    candidate->span_attributes = otlp_provider_make(own->provider, own->model, own->base_url);
    candidate->health = health_names_of(own->provider, own->model, key_name(terms));
    for (size_t i = 0; i < DIALECTS; i++)
        own->paths[i] = put(candidate, path_of(terms, i), "");
    own->query = put(candidate, terms->query, "");
    own->map_path = put(candidate, terms->map_path, "");
    own->key_header = put(candidate, terms->key_header, "");
    own->api_key = put(candidate, terms->api_key, "");
    own->ca_file = put(candidate, terms->ca_file, "");
    own->max_tokens_field = put(candidate, terms->max_tokens_field, "");
    own->headers = put(candidate, terms->headers, "");
    own->answers_as = put(candidate, terms->answers_as, "");
    own->choice = put(candidate, terms->choice, "");
    own->sold_features = put(candidate, terms->sold_features, "");
    own->buy_rules = price_schedule_copy(terms->buy_rules);
    own->sold_rules = price_schedule_copy(terms->sold_rules);
    own->cost = copy_of(terms->cost, sizeof *terms->cost);
    own->rerank = copy_of(terms->rerank, sizeof *terms->rerank);
    own->limit_fields = copy_of(terms->limit_fields, sizeof *terms->limit_fields);
    if (own->account != NULL)
        (void)service_account_ref(own->account);
    put_headers(candidate);
    put_answers_as(candidate);
    put_urls(candidate);
    put_keys(candidate);
    return candidate;
}

struct candidate *candidate_ref(struct candidate *candidate)
{
    check(atomic_fetch_add_explicit(&candidate->references, 1, memory_order_relaxed) > 0);
    return candidate;
}

void candidate_unref(struct candidate *candidate)
{
    if (candidate == NULL)
        return;
    unsigned before = atomic_fetch_sub_explicit(&candidate->references, 1, memory_order_acq_rel);
    check(before > 0);
    if (before > 1)
        return;
    secret_wipe(candidate->texts, candidate->text_bytes);
    free((void *)(uintptr_t)candidate->terms.buy_rules);
    free((void *)(uintptr_t)candidate->terms.sold_rules);
    free((void *)(uintptr_t)candidate->terms.cost);
    free((void *)(uintptr_t)candidate->terms.rerank);
    free((void *)(uintptr_t)candidate->terms.limit_fields);
    free((void *)(uintptr_t)candidate->span_attributes.data);
    service_account_unref(candidate->terms.account);
    free(candidate);
}

enum dialect candidate_dialect(const struct candidate *candidate,
                               const struct model_request *request)
{
    enum dialect asked = request->dialect;
    if ((candidate->terms.dialects >> asked & 1) != 0)
        return asked;
    if (dialect_is_conversation(asked))
        return candidate->terms.dialect;
    if (asked != DIALECT_EMBEDDINGS)
        return DIALECT_EMBEDDINGS;
    return request->prompt.input_count > 1 ? DIALECT_GEMINI_EMBED_BATCH : DIALECT_GEMINI_EMBED;
}

const char *candidate_url(const struct candidate *candidate, enum dialect dialect, bool streamed)
{
    bool own = dialect == DIALECT_GEMINI || candidate->terms.raw_predict;
    return own && streamed ? candidate->stream_url : candidate->urls[dialect];
}

bool candidate_takes(const struct candidate *candidate, const struct model_request *request)
{
    if (candidate->urls[request->dialect] == NULL)
        return false;
    return request->compaction == COMPACTION_NONE || candidate->terms.compacts;
}

const char *candidate_key(const struct candidate *candidate, enum dialect dialect)
{
    if (dialect == DIALECT_ANTHROPIC)
        return candidate->keys[KEY_X_API_KEY];
    return candidate->keys[dialect_is_google(dialect) ? KEY_X_GOOG : KEY_BEARER];
}
