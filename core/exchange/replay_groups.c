#include "exchange/replay_groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"

enum { PLACES_MIN = 64 };

void replay_groups_init(struct replay_groups *groups, size_t count_max)
{
    *groups = (struct replay_groups){.count_max = count_max, .place_count = PLACES_MIN};
    groups->places = calloc(groups->place_count, sizeof *groups->places);
    groups->list = calloc(groups->place_count, sizeof *groups->list);
    check(groups->places != NULL && groups->list != NULL);
}

void replay_groups_fini(struct replay_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        free(groups->list[i]);
    free(groups->list);
    free(groups->places);
    *groups = (struct replay_groups){.count = 0};
}

/* ---- the table ---- */

static struct replay_group **place_of(struct replay_groups *groups, uint64_t hash, const char *name)
{
    size_t at = (size_t)hash & (groups->place_count - 1);
    while (groups->places[at] != NULL) {
        const struct replay_group *group = groups->places[at];
        if (group->hash == hash && strcmp(group->name, name) == 0)
            break;
        at = (at + 1) & (groups->place_count - 1);
    }
    return &groups->places[at];
}

static uint64_t hash_of(const char *name)
{
    uint64_t hash = hash_on(HASH_START, slice_of(name));
    return hash ^ hash >> 32;
}

struct replay_group *replay_groups_find(struct replay_groups *groups, const char *name)
{
    return *place_of(groups, hash_of(name), name);
}

/* At most half of the places are used. */
static void grow(struct replay_groups *groups)
{
    if (groups->count * 2 < groups->place_count)
        return;
    free(groups->places);
    groups->place_count *= 2;
    groups->places = calloc(groups->place_count, sizeof *groups->places);
    groups->list = realloc(groups->list, groups->place_count * sizeof *groups->list);
    check(groups->places != NULL && groups->list != NULL);
    for (size_t i = 0; i < groups->count; i++) {
        struct replay_group *group = groups->list[i];
        *place_of(groups, group->hash, group->name) = group;
    }
}

static struct replay_group *new_group(const char *name, const char *label, const char *group)
{
    size_t name_bytes = strlen(name) + 1;
    size_t label_bytes = strlen(label) + 1;
    size_t group_bytes = strlen(group) + 1;
    struct replay_group *made = calloc(1, sizeof *made + name_bytes + label_bytes + group_bytes);
    check(made != NULL);
    made->name = memcpy(made->texts, name, name_bytes);
    made->label = memcpy(made->texts + name_bytes, label, label_bytes);
    made->group = memcpy(made->texts + name_bytes + label_bytes, group, group_bytes);
    made->hash = hash_of(name);
    return made;
}

struct replay_group *replay_groups_add(struct replay_groups *groups, const char *name,
                                       const char *label, const char *group)
{
    if (groups->others != NULL)
        return groups->others;
    bool last = groups->count == groups->count_max;
    grow(groups);
    struct replay_group *made = last ? new_group("", "", "") : new_group(name, label, group);
    groups->list[groups->count++] = made;
    if (last)
        groups->others = made;
    else
        *place_of(groups, made->hash, made->name) = made;
    return made;
}

/* ---- sums ---- */

int64_t replay_sums_margin_then(const struct replay_sums *sums)
{
    return sums->charge_then_nusd - sums->cost_then_nusd;
}

int64_t replay_sums_margin_now(const struct replay_sums *sums)
{
    return sums->charge_now_nusd - sums->cost_now_nusd;
}

bool replay_sums_loses(const struct replay_sums *sums)
{
    return replay_sums_margin_now(sums) + sums->allowed_loss_nusd < 0;
}

static bool add(int64_t *sum, int64_t more)
{
    const int64_t most = INT64_MAX / 4; /* so that differences fit, too */
    if (more > most - *sum)
        return false;
    *sum += more;
    return true;
}

bool replay_sums_add(struct replay_sums *sums, const struct replay_sums *more)
{
    struct replay_sums added = *sums;
    if (!add(&added.calls, more->calls) || !add(&added.charge_then_nusd, more->charge_then_nusd) ||
        !add(&added.charge_now_nusd, more->charge_now_nusd) ||
        !add(&added.cost_then_nusd, more->cost_then_nusd) ||
        !add(&added.cost_now_nusd, more->cost_now_nusd) ||
        !add(&added.allowed_loss_nusd, more->allowed_loss_nusd))
        return false;
    *sums = added;
    return true;
}

/* ---- the order ---- */

static int64_t loss_of(const struct replay_group *group)
{
    int64_t margin_nusd = replay_sums_margin_now(&group->sums);
    return margin_nusd < 0 ? -margin_nusd : 0;
}

static int64_t distance(int64_t then_nusd, int64_t now_nusd)
{
    return now_nusd > then_nusd ? now_nusd - then_nusd : then_nusd - now_nusd;
}

static int64_t change_of(const struct replay_group *group)
{
    const struct replay_sums *sums = &group->sums;
    return distance(sums->charge_then_nusd, sums->charge_now_nusd) +
           distance(sums->cost_then_nusd, sums->cost_now_nusd);
}

static int compare(const void *one, const void *other)
{
    const struct replay_group *a = *(struct replay_group *const *)one;
    const struct replay_group *b = *(struct replay_group *const *)other;
    if ((a->name[0] == '\0') != (b->name[0] == '\0'))
        return a->name[0] == '\0' ? 1 : -1;
    if (loss_of(a) != loss_of(b))
        return loss_of(a) > loss_of(b) ? -1 : 1;
    if (change_of(a) != change_of(b))
        return change_of(a) > change_of(b) ? -1 : 1;
    return strcmp(a->name, b->name);
}

void replay_groups_sort(struct replay_groups *groups)
{
    qsort(groups->list, groups->count, sizeof *groups->list, compare);
}
