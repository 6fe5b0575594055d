#include "store/memory/quota_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/slice.h"

struct subject_quotas {
    struct table_node node; /* first: nodes are cast back */
    char subject[40];
    struct quota_list list;
};

void quota_settings_init(struct quota_settings *settings)
{
    check(pthread_mutex_init(&settings->mutex, NULL) == 0);
    table_init(&settings->table);
    settings->version = 0;
    atomic_init(&settings->subjects, 0);
}

static void free_node(struct table_node *node)
{
    free(node);
}

void quota_settings_fini(struct quota_settings *settings)
{
    table_fini(&settings->table, free_node);
    check(pthread_mutex_destroy(&settings->mutex) == 0);
}

static uint64_t hash_of(const char *subject)
{
    return table_hash(subject, strlen(subject));
}

static struct subject_quotas *find(const struct quota_settings *settings, const char *subject)
{
    for (struct table_node *node = table_first(&settings->table, hash_of(subject)); node != NULL;
         node = table_next(node)) {
        struct subject_quotas *own = (struct subject_quotas *)node;
        if (strcmp(own->subject, subject) == 0)
            return own;
    }
    return NULL;
}

/* The texts of a rule are those of its list. */
static void copy(const struct quota_list *list, struct quota_list *out)
{
    *out = *list;
    for (size_t i = 0; i < out->count; i++) {
        struct quota_rule *rule = &out->rules[i];
        const char *model = rule->models;
        rule->name = out->names[i];
        rule->models = out->names[i] + (model - list->names[i]);
    }
}

bool quota_list_add(struct quota_list *list, const struct quota_rule *rule, const char *model)
{
    if (list->count == QUOTAS_OF_SUBJECT)
        return false;
    char *name = list->names[list->count];
    struct quota_rule *own = &list->rules[list->count++];
    *own = *rule;
    quota_name(rule, model, name);
    own->name = name;
    own->models = name + strlen(name) - strlen(model);
    own->place = quota_place_of(name);
    return true;
}

static bool is_same(const struct quota_list *list, const struct quota_list *other)
{
    bool same = list->count == other->count;
    for (size_t i = 0; i < list->count && same; i++)
        same = list->rules[i].limit == other->rules[i].limit &&
               strcmp(list->names[i], other->names[i]) == 0;
    return same;
}

/* A key or user changes often, its quotas do not. */
static void put_list(struct quota_settings *settings, struct subject_quotas *own,
                     const struct quota_list *list)
{
    if (is_same(&own->list, list))
        return;
    copy(list, &own->list);
    settings->version++;
    for (size_t i = 0; i < own->list.count; i++)
        own->list.rules[i].version = settings->version;
}

void quota_settings_put(struct quota_settings *settings, const char *subject,
                        const struct quota_list *list)
{
    check(pthread_mutex_lock(&settings->mutex) == 0);
    struct subject_quotas *own = find(settings, subject);
    if (own == NULL && list->count > 0) {
        own = calloc(1, sizeof *own);
        check(own != NULL);
        slice_copy(slice_of(subject), own->subject, sizeof own->subject);
        table_insert(&settings->table, &own->node, hash_of(subject));
        atomic_fetch_add(&settings->subjects, 1);
    }
    if (list->count > 0) {
        put_list(settings, own, list);
    } else if (own != NULL) {
        table_remove(&settings->table, &own->node);
        free(own);
        atomic_fetch_sub(&settings->subjects, 1);
    }
    check(pthread_mutex_unlock(&settings->mutex) == 0);
}

void quota_settings_find(struct quota_settings *settings, const char *subject,
                         struct quota_list *out)
{
    check(pthread_mutex_lock(&settings->mutex) == 0);
    const struct subject_quotas *own = find(settings, subject);
    out->count = 0;
    if (own != NULL)
        copy(&own->list, out);
    check(pthread_mutex_unlock(&settings->mutex) == 0);
}
