#include "exchange/survey.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "base/log.h"

enum { ERROR_BYTES = 160, SHOWN_MODELS = 10 };

struct listed_server {
    struct candidate *candidate;
    char **models;
    size_t model_count;
};

struct survey_list {
    atomic_uint references;
    struct listed_server *servers;
    size_t server_count;
};

/* What is known of a model, in a hash table with open addressing. */
struct finding {
    uint64_t key; /* 0: free */
    uint64_t round;
    struct context_lengths lengths;
};

/* What is known of a server, by its index in the list. */
struct standing {
    uint64_t round;
    int64_t asked_ms; /* 0: not asked yet */
    char error[ERROR_BYTES];
};

struct table {
    struct finding *findings;
    size_t places; /* a power of two; 0: no table */
};

struct survey {
    pthread_mutex_t lock;     /* guards all fields */
    struct survey_list *list; /* NULL: no server is asked */
    struct standing *standings;
    struct table table;
    uint64_t rounds;
};

/* Only the operator chooses names, so no attacker can make them collide. */
uint64_t survey_key(const char *base_url, const char *model)
{
    uint64_t hash = hash_on(HASH_START, slice_of(base_url));
    hash = hash_on(hash_on(hash, slice_of("\n")), slice_of(model));
    return hash != 0 ? hash : 1;
}

/* ---- the list ---- */

struct survey_list *survey_list_new(void)
{
    struct survey_list *list = calloc(1, sizeof *list);
    check(list != NULL);
    list->references = 1;
    return list;
}

struct survey_list *survey_list_ref(struct survey_list *list)
{
    check(atomic_fetch_add_explicit(&list->references, 1, memory_order_relaxed) > 0);
    return list;
}

void survey_list_unref(struct survey_list *list)
{
    if (list == NULL)
        return;
    unsigned before = atomic_fetch_sub_explicit(&list->references, 1, memory_order_acq_rel);
    check(before > 0);
    if (before > 1)
        return;
    for (size_t i = 0; i < list->server_count; i++) {
        struct listed_server *server = &list->servers[i];
        candidate_unref(server->candidate);
        for (size_t k = 0; k < server->model_count; k++)
            free(server->models[k]);
        free(server->models);
    }
    free(list->servers);
    free(list);
}

/* Makes room for one more item after `count`: arrays double at each power of two. */
static void *with_room(void *array, size_t count, size_t item_bytes)
{
    if ((count & (count - 1)) != 0)
        return array;
    void *larger = realloc(array, (count == 0 ? 1 : count * 2) * item_bytes);
    check(larger != NULL);
    return larger;
}

void survey_list_add(struct survey_list *list, struct candidate *server)
{
    list->servers = with_room(list->servers, list->server_count, sizeof *list->servers);
    list->servers[list->server_count++] =
        (struct listed_server){.candidate = candidate_ref(server)};
}

void survey_list_add_model(struct survey_list *list, const char *model)
{
    check(list->server_count > 0);
    struct listed_server *server = &list->servers[list->server_count - 1];
    server->models = with_room(server->models, server->model_count, sizeof *server->models);
    char *name = strdup(model);
    check(name != NULL);
    server->models[server->model_count++] = name;
}

size_t survey_list_count(const struct survey_list *list)
{
    return list->server_count;
}

struct candidate *survey_list_server(const struct survey_list *list, size_t index)
{
    check(index < list->server_count);
    return list->servers[index].candidate;
}

/* ---- the table; under the lock ---- */

static struct finding *find(const struct table *table, uint64_t key)
{
    if (table->places == 0)
        return NULL;
    size_t mask = table->places - 1;
    for (size_t place = key & mask;; place = (place + 1) & mask) {
        struct finding *finding = &table->findings[place];
        if (finding->key == key)
            return finding;
        if (finding->key == 0)
            return NULL;
    }
}

static void put(struct table *table, const struct finding *finding)
{
    size_t mask = table->places - 1;
    size_t place = finding->key & mask;
    while (table->findings[place].key != 0 && table->findings[place].key != finding->key)
        place = (place + 1) & mask;
    table->findings[place] = *finding;
}

static uint64_t key_of(const struct listed_server *server, size_t model)
{
    return survey_key(server->candidate->terms.base_url, server->models[model]);
}

/* A table at most half full, with what `before` knows of the same models. */
static struct table make_table(const struct survey_list *list, const struct table *before)
{
    size_t models = 0;
    for (size_t i = 0; i < list->server_count; i++)
        models += list->servers[i].model_count;
    struct table table = {.places = 2};
    while (table.places < models * 2 + 1)
        table.places *= 2;
    table.findings = calloc(table.places, sizeof *table.findings);
    check(table.findings != NULL);
    for (size_t i = 0; i < list->server_count; i++) {
        for (size_t k = 0; k < list->servers[i].model_count; k++) {
            struct finding finding = {.key = key_of(&list->servers[i], k)};
            const struct finding *known = find(before, finding.key);
            if (known != NULL)
                finding.lengths = known->lengths;
            put(&table, &finding);
        }
    }
    return table;
}

void survey_take_list(struct survey *survey, struct survey_list *list)
{
    struct standing *standings = calloc(list->server_count + 1, sizeof *standings);
    check(standings != NULL && pthread_mutex_lock(&survey->lock) == 0);
    struct table table = make_table(list, &survey->table);
    free(survey->table.findings);
    free(survey->standings);
    survey_list_unref(survey->list);
    survey->table = table;
    survey->standings = standings;
    survey->list = survey_list_ref(list);
    check(pthread_mutex_unlock(&survey->lock) == 0);
}

/* ---- making and freeing ---- */

struct survey *survey_new(void)
{
    struct survey *survey = calloc(1, sizeof *survey);
    check(survey != NULL && pthread_mutex_init(&survey->lock, NULL) == 0);
    return survey;
}

void survey_free(struct survey *survey)
{
    if (survey == NULL)
        return;
    survey_list_unref(survey->list);
    free(survey->table.findings);
    free(survey->standings);
    check(pthread_mutex_destroy(&survey->lock) == 0);
    free(survey);
}

/* ---- a round ---- */

void survey_begin(struct survey *survey, size_t index)
{
    check(pthread_mutex_lock(&survey->lock) == 0);
    check(survey->list != NULL && index < survey->list->server_count);
    survey->standings[index].round = ++survey->rounds;
    check(pthread_mutex_unlock(&survey->lock) == 0);
}

static void learn(struct finding *finding, uint64_t round, const struct context_lengths *lengths)
{
    if (lengths->trained > 0)
        finding->lengths.trained = lengths->trained;
    if (lengths->served == 0)
        return;
    finding->lengths.served = lengths->served;
    finding->round = round;
}

static void learn_rest(struct survey *survey, const struct listed_server *server, uint64_t round,
                       const struct context_lengths *lengths)
{
    for (size_t i = 0; i < server->model_count; i++) {
        struct finding *finding = find(&survey->table, key_of(server, i));
        check(finding != NULL);
        if (finding->round != round)
            learn(finding, round, lengths);
    }
}

void survey_learn(struct survey *survey, size_t index, const char *model,
                  const struct context_lengths *lengths)
{
    check(pthread_mutex_lock(&survey->lock) == 0);
    const struct listed_server *server = &survey->list->servers[index];
    uint64_t round = survey->standings[index].round;
    if (model[0] == '\0') {
        learn_rest(survey, server, round, lengths);
    } else {
        struct finding *finding =
            find(&survey->table, survey_key(server->candidate->terms.base_url, model));
        if (finding != NULL)
            learn(finding, round, lengths);
    }
    check(pthread_mutex_unlock(&survey->lock) == 0);
}

bool survey_lacks(struct survey *survey, size_t index)
{
    bool lacks = false;
    check(pthread_mutex_lock(&survey->lock) == 0);
    const struct listed_server *server = &survey->list->servers[index];
    for (size_t i = 0; i < server->model_count && !lacks; i++)
        lacks = find(&survey->table, key_of(server, i))->round != survey->standings[index].round;
    check(pthread_mutex_unlock(&survey->lock) == 0);
    return lacks;
}

/* Logs only the first failure in a row, not every one. */
static void tell_log(const struct listed_server *server, const char *error)
{
    log_event(LOG_WARN, "a server does not say its context lengths",
              log_text("provider", server->candidate->terms.provider), log_text("reason", error));
}

void survey_end(struct survey *survey, size_t index, const char *error)
{
    check(pthread_mutex_lock(&survey->lock) == 0);
    struct standing *standing = &survey->standings[index];
    bool news = error != NULL && standing->error[0] == '\0';
    if (error == NULL)
        standing->asked_ms = clock_wall_ms();
    snprintf(standing->error, sizeof standing->error, "%s", error != NULL ? error : "");
    if (news)
        tell_log(&survey->list->servers[index], error);
    check(pthread_mutex_unlock(&survey->lock) == 0);
}

/* ---- results ---- */

void survey_get(struct survey *survey, uint64_t key, struct context_lengths *out)
{
    *out = (struct context_lengths){.served = 0};
    check(pthread_mutex_lock(&survey->lock) == 0);
    const struct finding *finding = find(&survey->table, key);
    if (finding != NULL)
        *out = finding->lengths;
    check(pthread_mutex_unlock(&survey->lock) == 0);
}

static int64_t context_of(struct survey *survey, uint64_t key, int64_t stated_tokens)
{
    struct context_lengths lengths;
    survey_get(survey, key, &lengths);
    if (stated_tokens > 0)
        return lengths.served > 0 && lengths.served < stated_tokens ? lengths.served
                                                                    : stated_tokens;
    if (lengths.served > 0)
        return lengths.served;
    return lengths.trained > 0 ? lengths.trained : SURVEY_CONTEXT_ASSUMED;
}

int64_t survey_context_tokens(struct survey *survey, const struct survey_keys *keys,
                              int64_t stated_tokens)
{
    int64_t most = keys->others ? stated_tokens : 0;
    for (size_t i = 0; i < keys->count; i++) {
        int64_t tokens = context_of(survey, keys->list[i], stated_tokens);
        most = tokens > most ? tokens : most;
    }
    return most;
}

static void render_length(struct buffer *out, const char *name, int64_t tokens)
{
    json_writer_int_or_null(out, name, tokens > 0, tokens);
}

static void render_models(struct survey *survey, const struct listed_server *server,
                          struct buffer *out)
{
    size_t shown = server->model_count < SHOWN_MODELS ? server->model_count : SHOWN_MODELS;
    json_writer_array(out, "models");
    for (size_t i = 0; i < shown; i++) {
        const struct finding *finding = find(&survey->table, key_of(server, i));
        json_writer_object(out, NULL);
        json_writer_text(out, "model", server->models[i]);
        render_length(out, "context_length", finding->lengths.served);
        render_length(out, "trained_context_length", finding->lengths.trained);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
    json_writer_int(out, "left_out", (int64_t)(server->model_count - shown));
}

static const struct listed_server *server_named(const struct survey *survey, const char *provider,
                                                size_t *index)
{
    size_t count = survey->list != NULL ? survey->list->server_count : 0;
    for (size_t i = 0; i < count; i++) {
        *index = i;
        if (strcmp(survey->list->servers[i].candidate->terms.provider, provider) == 0)
            return &survey->list->servers[i];
    }
    return NULL;
}

void survey_render(struct survey *survey, const char *provider, struct buffer *out)
{
    size_t index;
    check(pthread_mutex_lock(&survey->lock) == 0);
    const struct listed_server *server = server_named(survey, provider, &index);
    if (server == NULL) {
        buffer_append_text(out, "null");
    } else {
        const struct standing *standing = &survey->standings[index];
        json_writer_object(out, NULL);
        json_writer_time_or_null(out, "asked_at", standing->asked_ms);
        json_writer_text_or_null(out, "error", standing->error);
        render_models(survey, server, out);
        json_writer_object_end(out);
    }
    check(pthread_mutex_unlock(&survey->lock) == 0);
}
