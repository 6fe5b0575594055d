/* The survey: the context lengths that servers have given for their models (context_form.h). Shared
 * by all workers, behind a lock. A worker's surveyor asks (surveyor.h). The results survive a
 * reload, as long as the policies name the model of that server. In memory: a restart asks anew. */
#ifndef EXCHANGE_SURVEY_H
#define EXCHANGE_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "dialect/context_form.h"
#include "exchange/candidate.h"

struct survey;

/* A key for a model of a server; never 0. */
uint64_t survey_key(const char *base_url, const char *model);

/* ---- which servers are asked for which models; a list belongs to one policy ---- */

/* Has an atomic reference count. It must not change once other threads see it. */
struct survey_list;

struct survey_list *survey_list_new(void); /* the caller gets the one reference */
struct survey_list *survey_list_ref(struct survey_list *list);
void survey_list_unref(struct survey_list *list); /* NULL is allowed */
/* Adds a server; the candidate says where and how to ask. Takes its own reference. */
void survey_list_add(struct survey_list *list, struct candidate *server);
/* Adds a model to the server that was added last, by the server's name for it. */
void survey_list_add_model(struct survey_list *list, const char *model);
size_t survey_list_count(const struct survey_list *list); /* of servers */
struct candidate *survey_list_server(const struct survey_list *list, size_t index);

/* ---- results ---- */

struct survey *survey_new(void);
void survey_free(struct survey *survey);

/* Gets zeros if no server has answered yet. */
void survey_get(struct survey *survey, uint64_t key, struct context_lengths *out);

/* The candidates of a model that are asked. */
enum { SURVEY_KEYS_MAX = 8 };
struct survey_keys {
    uint64_t list[SURVEY_KEYS_MAX];
    size_t count;
    bool others; /* the model also has candidates that are not asked */
};

/* The context if neither the operator nor the server has given one. The settlement gives back what
 * the hold has too much. */
enum { SURVEY_CONTEXT_ASSUMED = 1048576 };

/* The largest context of the candidates, in tokens. `stated_tokens` is from models.lua (0: not
 * stated). The result never exceeds it; the length that a model was trained for counts only if
 * nothing was stated. */
int64_t survey_context_tokens(struct survey *survey, const struct survey_keys *keys,
                              int64_t stated_tokens);

/* JSON: {asked_at, error, models: [{model, context_length, trained_context_length}], left_out} of a
 * provider, with as many models as fit into `out`; null: this provider is not asked. */
void survey_render(struct survey *survey, const char *provider, struct buffer *out);

/* ---- for the surveyor ---- */

/* Replaces the list of servers. Results for models that are in both lists stay. */
void survey_take_list(struct survey *survey, struct survey_list *list);
/* Begins a round with the server at `index` of the list. */
void survey_begin(struct survey *survey, size_t index);
/* Notes what the server has said of a model. An empty name stands for all models of which it has
 * said nothing in this round. */
void survey_learn(struct survey *survey, size_t index, const char *model,
                  const struct context_lengths *lengths);
/* Whether this round still lacks the context length of a model. */
bool survey_lacks(struct survey *survey, size_t index);
/* Ends the round. `error`: why there was no answer, or NULL. */
void survey_end(struct survey *survey, size_t index, const char *error);

#endif
