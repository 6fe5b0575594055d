#include "dialect/cost_edits.h"

#include <string.h>

#include "base/money.h"

static struct slice join(char out[COST_NUMBER_BYTES], const char *before, const char *amount,
                         const char *behind)
{
    return (struct slice){out, (size_t)(stpcpy(stpcpy(stpcpy(out, before), amount), behind) - out)};
}

/* Returns whether "cost" or "price" stands in the text with its only c at `c`. */
static bool is_price_at(struct slice text, size_t c)
{
    return (c + 4 <= text.bytes && slice_same_nocase(text.data + c, "cost", 4)) ||
           (c >= 3 && c + 2 <= text.bytes && slice_same_nocase(text.data + c - 3, "price", 5));
}

/* "estimated_cost", "cost_in_usd_ticks": the provider's charge to us is not for others. */
static bool has_price(struct slice text)
{
    for (const char *letter = "cC"; *letter != '\0'; letter++) {
        const char *at = text.data;
        const char *end = text.data + text.bytes;
        while ((at = memchr(at, *letter, (size_t)(end - at))) != NULL) {
            if (is_price_at(text, (size_t)(at - text.data)))
                return true;
            at++;
        }
    }
    return false;
}

/* Replaces each price inside by null, except the two members that are edited by name. The scanner
 * bounds the depth. Returns false when there are too many. */
static bool hide_prices(struct slice text, const struct json_value *object, bool outermost,
                        struct json_edit *edits, size_t *count)
{
    struct json_item item;
    struct json_walk walk = json_walk(object);
    while (json_next(&walk, &item)) {
        bool ours = json_key_is(item.key, "cost") || json_key_is(item.key, "cost_details");
        bool nested = item.value.type == JSON_OBJECT || item.value.type == JSON_ARRAY;
        if (outermost && ours)
            continue;
        if (has_price(item.key)) {
            if (*count == COST_EDITS_MAX)
                return false;
            edits[(*count)++] =
                (struct json_edit){.offset = (size_t)(item.value.raw.data - text.data),
                                   .removed_bytes = item.value.raw.bytes,
                                   .inserted = slice_of("null")};
        } else if (nested && !hide_prices(text, &item.value, false, edits, count)) {
            return false;
        }
    }
    return true;
}

/* Sorts by offset; at the same place an insertion stays before a removal. */
static void sort_edits(struct json_edit *edits, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && edits[j].offset < edits[j - 1].offset; j--) {
            struct json_edit other = edits[j];
            edits[j] = edits[j - 1];
            edits[j - 1] = other;
        }
    }
}

size_t cost_edits(struct slice text, const struct json_value *usage, int64_t charge_nusd,
                  char number[COST_NUMBER_BYTES], struct json_edit *edits)
{
    enum { COST, DETAILS, MEMBERS };
    struct json_member members[MEMBERS] = {
        [COST] = {.name = "cost"}, [DETAILS] = {.name = "cost_details"}};
    const struct json_value *cost = &members[COST].value;
    char amount[MONEY_TEXT_BYTES];
    size_t count = 0;
    money_format_short(charge_nusd, amount);
    size_t others = json_find_all(usage, members, MEMBERS) - members[DETAILS].count;
    if (members[COST].count == 1) {
        edits[count++] = (struct json_edit){.offset = (size_t)(cost->raw.data - text.data),
                                            .removed_bytes = cost->raw.bytes,
                                            .inserted = join(number, "", amount, "")};
    } else {
        /* Insert at the front of the object, so that no removal can touch it. */
        edits[count++] = (struct json_edit){
            .offset = (size_t)(usage->raw.data - text.data) + 1,
            .inserted = join(number, "\"cost\":", amount, others > 0 ? "," : "")};
    }
    if (members[DETAILS].count == 1)
        edits[count++] = json_removal(text, usage, "cost_details");
    if (members[COST].count > 1 || members[DETAILS].count > 1 ||
        (has_price(usage->raw) && !hide_prices(text, usage, true, edits, &count))) {
        /* Providers do not repeat these members; if one does, no price may slip through: only our
         * cost stays. */
        edits[0] = (struct json_edit){.offset = (size_t)(usage->raw.data - text.data),
                                      .removed_bytes = usage->raw.bytes,
                                      .inserted = join(number, "{\"cost\":", amount, "}")};
        return 1;
    }
    sort_edits(edits, count);
    return count;
}
