#include "dialect/stated_cost.h"

#include <string.h>

#include "base/decimal.h"
#include "base/money.h"
#include "dialect/price_names.h"

typedef unsigned __int128 uint128;

enum { FINE_DECIMALS = 27 }; /* a double of $10^-10 has so many; four times $10^9 fit 128 bits */

#define TEN_TO_9 UINT64_C(1000000000)
#define FINE_PER_NUSD ((uint128)TEN_TO_9 * TEN_TO_9) /* 10^18: from 10^-27 USD to 10^-9 */
#define FINE_MAX (FINE_PER_NUSD * (uint128)MONEY_AMOUNT_MAX_NUSD)

/* Cuts the first name off the path. */
static struct slice next_name(const char **path)
{
    const char *end = strchrnul(*path, '.');
    struct slice name = {*path, (size_t)(end - *path)};
    *path = *end == '.' ? end + 1 : end;
    return name;
}

/* Returns how many values stand there; more than 1 is a contradiction. */
static unsigned find(const struct json_value *root, const char *path, struct json_value *out)
{
    unsigned count = 1;
    *out = *root;
    while (*path != '\0' && count > 0) {
        char name[STATED_COST_PATH_BYTES];
        const struct json_value object = *out;
        slice_copy(next_name(&path), name, sizeof name);
        unsigned found = json_find(&object, name, out);
        count = found > 1 ? found : count * found;
    }
    return count;
}

static bool read_amount(const struct json_value *value, int unit_decimals, uint128 *out)
{
    struct slice text = value->raw;
    if (value->type == JSON_STRING)
        text = (struct slice){text.data + 1, text.bytes - 2};
    else if (value->type != JSON_NUMBER)
        return false;
    return decimal_scale_up(text, FINE_DECIMALS - unit_decimals, FINE_MAX, out);
}

/* Adds the amount of a path, if there is one. False: it is malformed. */
static bool add(const struct stated_cost_path *path, const struct json_value *root, uint128 *sum)
{
    struct json_value value;
    struct json_value condition;
    uint128 amount;
    unsigned count = find(root, path->path, &value);
    if (count == 0 || (count == 1 && value.type == JSON_NULL))
        return true;
    if (path->only_if[0] != '\0' &&
        (find(root, path->only_if, &condition) != 1 || condition.type != JSON_TRUE))
        return true;
    if (count > 1 || !read_amount(&value, path->decimals, &amount))
        return false;
    *sum += amount;
    return true;
}

bool stated_cost_read(const struct stated_cost_paths *paths, const struct json_value *root,
                      struct stated_cost *out)
{
    struct json_value first;
    uint128 sum = 0;
    bool sound = true;
    unsigned count = find(root, paths->list[0].path, &first);
    if (count == 0 || (count == 1 && first.type == JSON_NULL))
        return false;
    for (size_t i = 0; i < paths->count; i++)
        sound = add(&paths->list[i], root, &sum) && sound;
    sum = (sum + (FINE_PER_NUSD - 1)) / FINE_PER_NUSD;
    sound = sound && sum <= (uint128)MONEY_AMOUNT_MAX_NUSD;
    *out =
        (struct stated_cost){.came = true, .malformed = !sound, .nusd = sound ? (int64_t)sum : 0};
    return true;
}

/* ---- hiding ---- */

enum { AMOUNT_BYTES_MIN = 6 }; /* of an amount that stands elsewhere by accident only */

struct hiding {
    struct slice text;
    const struct stated_cost_paths *paths;   /* from `holder` on; NULL: none */
    const char *holder;                      /* where it begins */
    struct slice amounts[STATED_COST_PATHS]; /* as the text has them */
    size_t amount_count;
    size_t taken_bytes; /* of the text: what stands before is in `out`, or needs no change */
    bool found;
    struct buffer *out;
};

/* Which members are hidden, beside those that a path leads to. */
enum names { NAMES_NONE, NAMES_AMOUNTS, NAMES_NUMBERS };

/* The first thing that is hidden begins the copy. */
static void put_null(struct hiding *hiding, const struct json_value *value)
{
    size_t at = (size_t)(value->raw.data - hiding->text.data);
    if (!hiding->found)
        buffer_init(hiding->out, 2 * hiding->text.bytes); /* "c":1, becomes "c":null, at most */
    hiding->found = true;
    buffer_append(hiding->out, hiding->text.data + hiding->taken_bytes, at - hiding->taken_bytes);
    buffer_append_text(hiding->out, "null");
    hiding->taken_bytes = at + value->raw.bytes;
}

/* Where the member leads on the paths: `rests` gets what is left of each, and *ends says whether
 * one ends here. Returns how many go on. */
static size_t follow(struct slice key, const char *const *paths, size_t count, const char **rests,
                     bool *ends)
{
    size_t going = 0;
    *ends = false;
    for (size_t i = 0; i < count; i++) {
        char name[STATED_COST_PATH_BYTES];
        const char *rest = paths[i];
        slice_copy(next_name(&rest), name, sizeof name);
        if (!json_key_is(key, name))
            continue;
        *ends = *ends || *rest == '\0';
        if (*rest != '\0')
            rests[going++] = rest;
    }
    return going;
}

static bool has_digit(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] >= '0' && text.data[i] <= '9')
            return true;
    }
    return false;
}

/* Whether the value is an amount that the provider has stated. */
static bool repeats_amount(const struct hiding *hiding, const struct json_value *value)
{
    bool holds = false;
    if (value->type != JSON_NUMBER && value->type != JSON_STRING)
        return false;
    for (size_t i = 0; i < hiding->amount_count; i++)
        holds = holds || slice_find(value->raw, hiding->amounts[i]) >= 0;
    return holds;
}

/* Whether the name and the value of a member say that it is a price. */
static bool states_price(const struct hiding *hiding, const struct json_item *item,
                         enum names names)
{
    bool text = item->value.type == JSON_STRING;
    if (names == NAMES_NONE || item->value.type < JSON_NUMBER)
        return false;
    if (text && names != NAMES_AMOUNTS)
        return false;
    return repeats_amount(hiding, &item->value) ||
           (price_names_have(item->key) && (!text || has_digit(item->value.raw)));
}

/* The texts of `metadata` are the customer's own. */
static enum names names_inside(const struct json_item *item, enum names names)
{
    if (names == NAMES_NONE || price_names_are_free_in(item->key))
        return NAMES_NONE;
    return json_key_is(item->key, "metadata") ? NAMES_NUMBERS : names;
}

/* All paths, for they begin here. Returns how many they are. */
static size_t begin_paths(const struct hiding *hiding, const char **out)
{
    size_t count = hiding->paths != NULL ? hiding->paths->count : 0;
    for (size_t i = 0; i < count; i++)
        out[i] = hiding->paths->list[i].path;
    return count;
}

/* Puts null in the place of each value that a path leads to or that states a price by its name,
 * also where a name stands twice: in the order of the text, so that it takes one pass, however
 * often a provider repeats them. The scanner bounds the depth. */
static void hide(struct hiding *hiding, const struct json_value *container,
                 const char *const *paths, size_t count, enum names names)
{
    const char *rests[STATED_COST_PATHS];
    struct json_walk walk = json_walk(container);
    struct json_item item;
    bool ends;
    if (container->type < JSON_ARRAY)
        return;
    if (container->type == JSON_ARRAY)
        count = 0;
    while (json_next(&walk, &item)) {
        size_t going = follow(item.key, paths, count, rests, &ends);
        enum names inside = names_inside(&item, names);
        if (item.value.raw.data == hiding->holder)
            going = begin_paths(hiding, rests);
        if (item.value.type != JSON_NULL && (ends || states_price(hiding, &item, inside)))
            put_null(hiding, &item.value);
        else if (going > 0 || inside != NAMES_NONE)
            hide(hiding, &item.value, rests, going, inside);
    }
}

/* Notes the amounts that are stated, as the text has them. Short ones are not told from counts. */
static void note_amounts(struct hiding *hiding, const struct json_value *holder)
{
    const char *all[STATED_COST_PATHS];
    size_t count = begin_paths(hiding, all);
    struct json_value value;
    for (size_t i = 0; i < count; i++) {
        if (find(holder, all[i], &value) == 0 || value.type < JSON_NUMBER ||
            value.type > JSON_STRING)
            continue;
        size_t quotes = value.type == JSON_STRING;
        struct slice amount = {value.raw.data + quotes, value.raw.bytes - 2 * quotes};
        if (amount.bytes >= AMOUNT_BYTES_MIN)
            hiding->amounts[hiding->amount_count++] = amount;
    }
}

bool stated_cost_hide(const struct stated_cost_paths *paths, struct slice text,
                      const struct json_value *root, const struct json_value *holder,
                      struct buffer *out)
{
    struct hiding hiding = {.text = text, .paths = paths, .holder = holder->raw.data, .out = out};
    const char *all[STATED_COST_PATHS];
    bool named = price_names_stand_in_root(root);
    if (paths == NULL && !named)
        return false;
    note_amounts(&hiding, holder);
    bool held = holder->raw.data != root->raw.data;
    size_t count = held ? 0 : begin_paths(&hiding, all);
    hide(&hiding, root, all, count, named || hiding.amount_count > 0 ? NAMES_AMOUNTS : NAMES_NONE);
    if (!hiding.found)
        return false;
    buffer_append(out, text.data + hiding.taken_bytes, text.bytes - hiding.taken_bytes);
    return true;
}
