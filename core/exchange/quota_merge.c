#include "exchange/quota_merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "exchange/exchange_internal.h"

enum { MINUTE_MS = 60 * 1000 };

static bool concerns(const struct quota_rule *own, const struct asked_models *models)
{
    bool asked = own->models[0] == '\0';
    for (size_t i = 0; i < models->count && !asked; i++)
        asked = strcmp(own->models, models->names[i]) == 0;
    return asked;
}

static struct limit_rule *find_same(struct limit_rules *rules, const struct quota_rule *own)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct limit_rule *rule = &rules->list[i];
        if (rule->place.low == own->place.low && rule->place.high == own->place.high)
            return rule;
    }
    return NULL;
}

static void add(struct limit_rules *rules, const struct quota_list *list,
                const struct asked_models *models)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct quota_rule *own = &list->rules[i];
        bool slides = own->period == QUOTA_MINUTE && own->unit != QUOTA_USD;
        if (!concerns(own, models))
            continue;
        struct limit_rule *same = find_same(rules, own);
        if (same != NULL) {
            if (own->scope == QUOTA_PER_USER || own->limit < same->limit)
                same->limit = own->limit;
            same->version = own->version;
            continue;
        }
        rules->list[rules->count++] =
            (struct limit_rule){.kind = (enum limit_kind)own->unit,
                                .scope = (enum limit_scope)own->scope,
                                .limit = own->limit,
                                .window_ms = slides ? MINUTE_MS : 0,
                                .period = slides ? QUOTA_WINDOW : own->period,
                                .name = own->name,
                                .models = own->models,
                                .version = own->version,
                                .place = {own->place.low, own->place.high}};
    }
}

/* The rules point into the lists, which stand behind them. */
const struct limit_rules *quota_merge(const struct exchange *exchange,
                                      const struct limit_rules *rules,
                                      const struct asked_models *models, struct limit_rules **owned)
{
    _Static_assert((int)QUOTA_USD == (int)LIMIT_USD && (int)QUOTA_TOKENS == (int)LIMIT_TOKENS &&
                       (int)QUOTA_CONCURRENCY == (int)LIMIT_CONCURRENCY &&
                       (int)QUOTA_FOR_ALL == (int)LIMIT_FOR_ALL &&
                       (int)QUOTA_PER_USER == (int)LIMIT_PER_USER,
                   "a rule of the dashboard becomes a limit");
    struct store *store = exchange->env->store;
    *owned = NULL;
    if (!quotas_set(store))
        return rules;
    const size_t most = rules->count + (size_t)2 * QUOTAS_OF_SUBJECT;
    struct limit_rules *all =
        malloc(sizeof *all + most * sizeof all->list[0] + 2 * sizeof(struct quota_list));
    check(all != NULL);
    struct quota_list *lists = (struct quota_list *)(void *)&all->list[most];
    quotas_of(store, exchange->key.user_id.text, &lists[0]);
    quotas_of(store, exchange->key.key_id.text, &lists[1]);
    all->count = rules->count;
    memcpy(all->list, rules->list, rules->count * sizeof all->list[0]);
    add(all, &lists[0], models);
    add(all, &lists[1], models);
    *owned = all;
    return all;
}
