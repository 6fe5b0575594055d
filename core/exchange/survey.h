/* What servers have said of their models' context lengths (context_form.h). Shared by all workers,
 * behind a lock; a worker's surveyor asks (surveyor.h), and what it learns stays through reloads,
 * as long as the policies name the model of that server. In memory: a restart asks anew. */
#ifndef EXCHANGE_SURVEY_H
#define EXCHANGE_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "dialect/context_form.h"
#include "exchange/candidate.h"

struct survey;

/* Names a model of a server; never 0. */
uint64_t survey_key(const char *base_url, const char *model);

/* ---- who is asked, and for which models: of one generation of policies ---- */

/* Counted, atomically; not changed any more once others see it. */
struct survey_list;

struct survey_list *survey_list_new(void); /* with one reference, the caller's */
struct survey_list *survey_list_ref(struct survey_list *list);
void survey_list_unref(struct survey_list *list); /* NULL is none */
/* Adds a server: where and how it is asked, as a candidate of it says. Takes its own reference. */
void survey_list_add(struct survey_list *list, struct candidate *server);
/* Adds a model, by the server's own name, to the server that was added last. */
void survey_list_add_model(struct survey_list *list, const char *model);
size_t survey_list_count(const struct survey_list *list); /* of servers */
struct candidate *survey_list_server(const struct survey_list *list, size_t index);

/* ---- what is known ---- */

struct survey *survey_new(void);
void survey_free(struct survey *survey);

/* Before anybody has said anything: zeros. */
void survey_get(struct survey *survey, uint64_t key, struct context_lengths *out);

/* The candidates of a model, as far as they are asked. */
enum { SURVEY_KEYS_MAX = 8 };
struct survey_keys {
    uint64_t list[SURVEY_KEYS_MAX];
    size_t count;
    bool others; /* there are candidates that are not asked */
};

/* Where neither the operator nor the server has said a length, as much is thought possible: what is
 * held too much is given back. */
enum { SURVEY_CONTEXT_ASSUMED = 1048576 };

/* The most tokens that one of the candidates takes, when models.lua has stated `stated_tokens` (0:
 * nothing). Never more than was stated; what a model was trained for counts only where nothing
 * was. */
int64_t survey_context_tokens(struct survey *survey, const struct survey_keys *keys,
                              int64_t stated_tokens);

/* JSON: {asked_at, error, models: [{model, context_length, trained_context_length}], left_out} of a
 * provider, at most so many models as fit into `out`; null: it is not asked. */
void survey_render(struct survey *survey, const char *provider, struct buffer *out);

/* ---- for the surveyor ---- */

/* These are asked from now on. What is known of models that are in both lists stays. */
void survey_take_list(struct survey *survey, struct survey_list *list);
/* Begins a round with the server at `index` of the list. */
void survey_begin(struct survey *survey, size_t index);
/* It has said this of a model; an empty name: of all of which it has said nothing in this round. */
void survey_learn(struct survey *survey, size_t index, const char *model,
                  const struct context_lengths *lengths);
/* Whether there is a model of which it has not said in this round how much it takes. */
bool survey_lacks(struct survey *survey, size_t index);
/* The round is over; `error`: why it was not answered, or NULL. */
void survey_end(struct survey *survey, size_t index, const char *error);

#endif
