#include "dialect/cost_edits.h"

#include <string.h>

#include "base/money.h"

static struct slice join(char out[COST_NUMBER_BYTES], const char *before, const char *amount,
                         const char *behind)
{
    return (struct slice){out, (size_t)(stpcpy(stpcpy(stpcpy(out, before), amount), behind) - out)};
}

size_t cost_edits(struct slice text, const struct json_value *usage, int64_t charge_nusd,
                  char number[COST_NUMBER_BYTES], struct json_edit *edits)
{
    enum { COST, DETAILS, MEMBERS };
    struct json_member members[MEMBERS] = {
        [COST] = {.name = "cost"}, [DETAILS] = {.name = "cost_details"}};
    const struct json_value *cost = &members[COST].value;
    char amount[MONEY_TEXT_BYTES];
    money_format_short(charge_nusd, amount);
    size_t others = json_find_all(usage, members, MEMBERS) - members[DETAILS].count;
    if (members[COST].count > 1 || members[DETAILS].count > 1) {
        /* Providers do not repeat these members; if one does, only our cost stays. */
        edits[0] = (struct json_edit){.offset = (size_t)(usage->raw.data - text.data),
                                      .removed_bytes = usage->raw.bytes,
                                      .inserted = join(number, "{\"cost\":", amount, "}")};
        return 1;
    }
    if (members[COST].count == 1)
        edits[0] = (struct json_edit){.offset = (size_t)(cost->raw.data - text.data),
                                      .removed_bytes = cost->raw.bytes,
                                      .inserted = join(number, "", amount, "")};
    else
        /* Insert at the front of the object, so that no removal can touch it. */
        edits[0] = (struct json_edit){.offset = (size_t)(usage->raw.data - text.data) + 1,
                                      .inserted =
                                          join(number, "\"cost\":", amount, others > 0 ? "," : "")};
    if (members[DETAILS].count == 0)
        return 1;
    edits[1] = json_removal(text, usage, "cost_details");
    if (edits[1].offset < edits[0].offset) {
        struct json_edit removal = edits[1];
        edits[1] = edits[0];
        edits[0] = removal;
    }
    return 2;
}
