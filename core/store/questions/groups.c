#include "store/questions/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json_writer.h"

void groups_init(struct groups *groups, size_t count_max)
{
    *groups = (struct groups){.count_max = count_max};
    table_init(&groups->table);
}

static void free_group(struct table_node *node)
{
    free(node);
}

void groups_fini(struct groups *groups)
{
    _Static_assert(offsetof(struct group, node) == 0, "a node is cast to its group");
    table_fini(&groups->table, free_group);
}

static bool same(const struct group *group, int64_t day, const char *first, const char *second)
{
    return group->day == day && strcmp(group->first, first) == 0 &&
           strcmp(group->second, second) == 0;
}

static struct group *insert(struct groups *groups, uint64_t hash, int64_t day, const char *first,
                            const char *second)
{
    size_t first_bytes = strlen(first) + 1;
    size_t second_bytes = strlen(second) + 1;
    struct group *group;
    if (groups->table.node_count == groups->count_max)
        return NULL;
    group = calloc(1, sizeof *group + first_bytes + second_bytes);
    check(group != NULL);
    group->day = day;
    group->first = memcpy(group->text, first, first_bytes);
    group->second = memcpy(group->text + first_bytes, second, second_bytes);
    table_insert(&groups->table, &group->node, hash);
    return group;
}

static struct group *find(struct groups *groups, int64_t day, const char *first, const char *second)
{
    uint64_t hash = table_hash(first, strlen(first)) ^ (uint64_t)day;
    hash = hash * UINT64_C(0x9E3779B97F4A7C15) ^ table_hash(second, strlen(second));
    for (struct table_node *node = table_first(&groups->table, hash); node != NULL;
         node = table_next(node)) {
        if (same((struct group *)node, day, first, second))
            return (struct group *)node;
    }
    return insert(groups, hash, day, first, second);
}

/* Makes the group the latest. False: there are too many. */
static bool enter(struct groups *groups, int64_t day, const char *first, const char *second)
{
    if (groups->latest == NULL || !same(groups->latest, day, first, second))
        groups->latest = find(groups, day, first, second);
    groups->too_many = groups->too_many || groups->latest == NULL;
    return groups->latest != NULL;
}

void groups_add(struct groups *groups, int64_t day, const char *first, const char *second,
                struct row *row, int at, int sum_count)
{
    if (!enter(groups, day, first, second))
        return;
    for (int i = 0; i < sum_count; i++) {
        int64_t number = column_int(row, at + i);
        groups->latest->sums[i] += number;
        groups->totals[i] += number;
    }
}

void groups_add_sums(struct groups *groups, int64_t day, const char *first, const char *second,
                     const int64_t *sums)
{
    if (!enter(groups, day, first, second))
        return;
    for (int i = 0; i < GROUP_SUMS; i++) {
        groups->latest->sums[i] += sums[i];
        groups->totals[i] += sums[i];
    }
}

void groups_add_all(struct groups *groups, const struct groups *others)
{
    for (size_t i = 0; i < others->table.bucket_count; i++) {
        for (struct table_node *node = others->table.buckets[i]; node != NULL; node = node->next) {
            const struct group *other = (const struct group *)node;
            groups_add_sums(groups, other->day, other->first, other->second, other->sums);
        }
    }
}

void groups_add_unit(struct groups *groups, int64_t day, const char *first, const char *second,
                     const char *unit, int64_t quantity)
{
    enum unit known = unit_of_name(unit, strlen(unit));
    if (known == UNIT_COUNT || !enter(groups, day, first, second))
        return;
    groups->latest->units.of[known] += quantity;
    groups->total_units.of[known] += quantity;
}

static int compare(const void *one, const void *other)
{
    const struct group *a = *(struct group *const *)one;
    const struct group *b = *(struct group *const *)other;
    int names;
    if (a->day != b->day)
        return a->day > b->day ? -1 : 1;
    if (a->sums[GROUP_CHARGE] != b->sums[GROUP_CHARGE])
        return a->sums[GROUP_CHARGE] > b->sums[GROUP_CHARGE] ? -1 : 1;
    names = strcmp(a->first, b->first);
    return names ? names : strcmp(a->second, b->second);
}

struct group **groups_sorted(const struct groups *groups)
{
    struct group **sorted = calloc(groups->table.node_count + 1, sizeof(struct group *));
    size_t count = 0;
    check(sorted != NULL);
    for (size_t i = 0; i < groups->table.bucket_count; i++) {
        for (struct table_node *node = groups->table.buckets[i]; node != NULL; node = node->next)
            sorted[count++] = (struct group *)node;
    }
    qsort(sorted, count, sizeof *sorted, compare);
    return sorted;
}

static void render_units(struct buffer *out, const struct unit_counts *units)
{
    bool any = false;
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (units->of[unit] == 0)
            continue;
        if (!any)
            json_writer_object(out, "units");
        any = true;
        json_writer_int(out, unit_name(unit), units->of[unit]);
    }
    if (any)
        json_writer_object_end(out);
}

void groups_render_counts(struct buffer *out, const int64_t *sums, const struct unit_counts *units)
{
    json_writer_int(out, "requests", sums[GROUP_REQUESTS]);
    json_writer_int(out, "errors", sums[GROUP_ERRORS]);
    json_writer_int(out, "input_tokens", sums[GROUP_INPUT]);
    json_writer_int(out, "cached_input_tokens", sums[GROUP_CACHED_INPUT]);
    json_writer_int(out, "output_tokens", sums[GROUP_OUTPUT]);
    json_writer_int(out, "reasoning_tokens", sums[GROUP_REASONING]);
    render_units(out, units);
}
