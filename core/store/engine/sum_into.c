#include "store/engine/sum_into.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"

enum { BUCKETS = 2 * SUM_GROUPS_MAX }; /* a power of two */

struct sum_group {
    uint64_t hash;
    struct store_value keys[SUM_KEYS_MAX]; /* their texts lie in `texts` */
    int64_t sums[SUM_VALUES_MAX];
};

/* One run of the function over the rows of a statement. */
struct sums {
    struct given_rows *rows;
    sqlite3_stmt *statement; /* that writes the sums */
    int key_count;
    int value_count;
    int group_count;
    int given_count; /* of the groups: handed to `statement` */
    size_t text_bytes;
    bool failed;                             /* the error is told: nothing more is added */
    uint16_t buckets[BUCKETS];               /* number of a group, from 1 on; 0: free */
    struct sum_group groups[SUM_GROUPS_MAX]; /* in the order in which they came */
    char texts[SUM_TEXT_BYTES_MAX];
};

_Static_assert(SUM_GROUPS_MAX <= UINT16_MAX, "a bucket holds the number of a group");
_Static_assert(SUM_KEYS_MAX + SUM_VALUES_MAX <= GIVEN_VALUES_MAX, "a group is a given row");

static void fail(struct sums *sums, sqlite3_context *context, const char *why)
{
    sums->failed = true;
    sqlite3_result_error(context, why, -1);
}

/* ---- writing ---- */

static bool next_group(void *arg, struct store_value *values)
{
    struct sums *sums = arg;
    const struct sum_group *group = &sums->groups[sums->given_count];
    if (sums->given_count == sums->group_count)
        return false;
    memcpy(values, group->keys, (size_t)sums->key_count * sizeof *values);
    for (int i = 0; i < sums->value_count; i++)
        values[sums->key_count + i] = bind_int(group->sums[i]);
    sums->given_count++;
    return true;
}

static void forget_groups(struct sums *sums)
{
    memset(sums->buckets, 0, sizeof sums->buckets);
    sums->group_count = 0;
    sums->text_bytes = 0;
}

/* SQLite ends a run also when its statement has failed. If that took the transaction with it,
 * nothing may be written: it would be committed at once. */
static bool write_groups(struct sums *sums, sqlite3_context *context)
{
    int rc;
    check(sums->rows->next == NULL);
    if (sqlite3_get_autocommit(sqlite3_context_db_handle(context))) {
        fail(sums, context, "sum_into: there is no transaction");
        return false;
    }
    *sums->rows = (struct given_rows){next_group, sums};
    sums->given_count = 0;
    rc = sqlite3_step(sums->statement);
    *sums->rows = (struct given_rows){NULL, NULL};
    if (rc != SQLITE_DONE)
        fail(sums, context, sqlite3_errmsg(sqlite3_context_db_handle(context)));
    sqlite3_reset(sums->statement);
    forget_groups(sums);
    return !sums->failed;
}

/* ---- adding ---- */

/* False: neither an integer nor a text. The text is SQLite's and lives as long as the row. */
static bool read_key(sqlite3_value *value, struct store_value *key)
{
    if (sqlite3_value_type(value) == SQLITE_INTEGER) {
        *key = bind_int(sqlite3_value_int64(value));
        return true;
    }
    if (sqlite3_value_type(value) != SQLITE_TEXT)
        return false;
    *key = (struct store_value){.type = STORE_TEXT};
    key->text.data = (const char *)sqlite3_value_text(value);
    key->text.bytes = (size_t)sqlite3_value_bytes(value);
    return key->text.data != NULL;
}

static uint64_t hash_of(const struct store_value *keys, int count)
{
    uint64_t hash = HASH_START;
    for (int i = 0; i < count; i++) {
        if (keys[i].type == STORE_TEXT)
            hash = hash_on(hash, keys[i].text);
        else
            hash ^= (uint64_t)keys[i].number;
        hash *= UINT64_C(0x9E3779B97F4A7C15);
    }
    return hash ^ hash >> 32;
}

static bool same_keys(const struct store_value *one, const struct store_value *other, int count)
{
    for (int i = 0; i < count; i++) {
        if (one[i].type != other[i].type || one[i].number != other[i].number ||
            !slice_same(one[i].text, other[i].text))
            return false;
    }
    return true;
}

/* The bucket of the group with these keys, or the free one where it belongs. */
static uint16_t *bucket_of(struct sums *sums, uint64_t hash, const struct store_value *keys)
{
    for (uint64_t at = hash;; at++) {
        uint16_t *bucket = &sums->buckets[at & (BUCKETS - 1)];
        if (*bucket == 0)
            return bucket;
        const struct sum_group *group = &sums->groups[*bucket - 1];
        if (group->hash == hash && same_keys(group->keys, keys, sums->key_count))
            return bucket;
    }
}

static size_t text_bytes_of(const struct store_value *keys, int count)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += keys[i].text.bytes;
    return bytes;
}

/* There is room for the keys' texts. */
static struct sum_group *new_group(struct sums *sums, uint64_t hash, const struct store_value *keys)
{
    struct sum_group *group = &sums->groups[sums->group_count++];
    *group = (struct sum_group){.hash = hash};
    for (int i = 0; i < sums->key_count; i++) {
        struct slice text = keys[i].text;
        char *copy = &sums->texts[sums->text_bytes];
        group->keys[i] = keys[i];
        if (text.bytes == 0)
            continue;
        group->keys[i].text.data = memcpy(copy, text.data, text.bytes);
        sums->text_bytes += text.bytes;
    }
    return group;
}

/* NULL: it has failed. */
static struct sum_group *group_of(struct sums *sums, sqlite3_context *context,
                                  const struct store_value *keys)
{
    uint64_t hash = hash_of(keys, sums->key_count);
    uint16_t *bucket = bucket_of(sums, hash, keys);
    size_t text_bytes;
    if (*bucket != 0)
        return &sums->groups[*bucket - 1];
    text_bytes = text_bytes_of(keys, sums->key_count);
    if (text_bytes > SUM_TEXT_BYTES_MAX) {
        fail(sums, context, "sum_into: a key is too long");
        return NULL;
    }
    if (sums->group_count == SUM_GROUPS_MAX || sums->text_bytes + text_bytes > SUM_TEXT_BYTES_MAX) {
        if (!write_groups(sums, context))
            return NULL;
        bucket = bucket_of(sums, hash, keys);
    }
    *bucket = (uint16_t)(sums->group_count + 1);
    return new_group(sums, hash, keys);
}

static void add_values(struct sums *sums, struct sum_group *group, sqlite3_context *context,
                       sqlite3_value **values)
{
    for (int i = 0; i < sums->value_count; i++) {
        if (sqlite3_value_type(values[i]) != SQLITE_INTEGER)
            return fail(sums, context, "sum_into: a value is no integer");
        if (__builtin_add_overflow(group->sums[i], sqlite3_value_int64(values[i]), &group->sums[i]))
            return fail(sums, context, "sum_into: integer overflow");
    }
}

static struct sums *begin(sqlite3_context *context, int count, sqlite3_value **values)
{
    int key_count = count < 2 ? 0 : sqlite3_value_int(values[1]);
    int value_count = count - 2 - key_count;
    const char *text = count < 2 ? NULL : (const char *)sqlite3_value_text(values[0]);
    sqlite3_stmt *statement;
    struct sums *sums;
    if (text == NULL || key_count < 1 || key_count > SUM_KEYS_MAX || value_count < 1 ||
        value_count > SUM_VALUES_MAX) {
        sqlite3_result_error(context, "sum_into(STATEMENT, KEY_COUNT, key, ..., value, ...)", -1);
        return NULL;
    }
    if (sqlite3_prepare_v2(sqlite3_context_db_handle(context), text, -1, &statement, NULL) !=
        SQLITE_OK) {
        sqlite3_result_error(context, sqlite3_errmsg(sqlite3_context_db_handle(context)), -1);
        return NULL;
    }
    sums = malloc(sizeof *sums);
    check(sums != NULL);
    sums->rows = sqlite3_user_data(context);
    sums->statement = statement;
    sums->key_count = key_count;
    sums->value_count = value_count;
    sums->failed = false;
    forget_groups(sums);
    return sums;
}

static void add_row(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct sums **slot = sqlite3_aggregate_context(context, sizeof *slot);
    struct store_value keys[SUM_KEYS_MAX];
    struct sum_group *group;
    if (slot == NULL)
        return sqlite3_result_error_nomem(context);
    if (*slot == NULL)
        *slot = begin(context, count, values);
    if (*slot == NULL || (*slot)->failed)
        return; /* SQLite has the error */
    for (int i = 0; i < (*slot)->key_count; i++) {
        if (!read_key(values[2 + i], &keys[i]))
            return fail(*slot, context, "sum_into: a key is neither an integer nor a text");
    }
    group = group_of(*slot, context, keys);
    if (group != NULL)
        add_values(*slot, group, context, values + 2 + (*slot)->key_count);
}

/* Runs once for each statement with rows, even if it has failed. */
static void end(sqlite3_context *context)
{
    struct sums **slot = sqlite3_aggregate_context(context, 0);
    if (slot == NULL || *slot == NULL)
        return;
    if (!(*slot)->failed)
        write_groups(*slot, context);
    sqlite3_finalize((*slot)->statement);
    free(*slot);
    *slot = NULL;
}

bool sum_into_add(struct sqlite3 *handle, struct given_rows *rows)
{
    return sqlite3_create_function(handle, "sum_into", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, rows,
                                   NULL, add_row, end) == SQLITE_OK;
}
