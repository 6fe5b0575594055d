#include "exchange/candidate.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/json.h"
#include "base/secret.h"
#include "dialect/stated_cost.h"
#include "exchange/price_schedule.h"

static const char endpoint[] = "/chat/completions";
static const char bearer[] = "Authorization: Bearer ";

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

static size_t room_for(const struct candidate_terms *terms)
{
    return strlen(terms->provider) + strlen(terms->model) + strlen(terms->base_url) * 2 +
           strlen(terms->api_key) * 2 + strlen(terms->ca_file) + strlen(terms->max_tokens_field) +
           strlen(terms->headers) * 2 + strlen(terms->answers_as) * 7 + strlen(terms->choice) +
           strlen(terms->sold_features) + 14 + sizeof endpoint +
           sizeof bearer; /* 7: escaped and plain; 14: NULs and quotes */
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

/* Returns a copy, or NULL; few providers state costs. */
static const struct stated_cost_paths *copy_paths(const struct stated_cost_paths *paths)
{
    struct stated_cost_paths *copy;
    if (paths == NULL)
        return NULL;
    copy = malloc(sizeof *copy);
    check(copy != NULL);
    *copy = *paths;
    return copy;
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
    own->api_key = put(candidate, terms->api_key, "");
    own->ca_file = put(candidate, terms->ca_file, "");
    own->max_tokens_field = put(candidate, terms->max_tokens_field, "");
    own->headers = put(candidate, terms->headers, "");
    own->answers_as = put(candidate, terms->answers_as, "");
    own->choice = put(candidate, terms->choice, "");
    own->sold_features = put(candidate, terms->sold_features, "");
    own->buy_rules = price_schedule_copy(terms->buy_rules);
    own->sold_rules = price_schedule_copy(terms->sold_rules);
    own->cost = copy_paths(terms->cost);
    put_headers(candidate);
    put_answers_as(candidate);
    candidate->url = put(candidate, terms->base_url, endpoint);
    if (terms->api_key[0] != '\0')
        candidate->authorization = put(candidate, bearer, terms->api_key);
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
    free(candidate);
}
