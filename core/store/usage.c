#include "store/usage.h"

#include "base/check.h"

const char *usage_source_name(enum usage_source source)
{
    switch (source) {
    case USAGE_NONE:
        return "none";
    case USAGE_REPORTED:
        return "reported";
    case USAGE_ESTIMATED:
        return "estimated";
    case USAGE_PARTIAL:
        return "partial";
    case USAGE_CORRECTED:
        return "corrected";
    case USAGE_MEASURED:
        return "measured";
    }
    check(false);
    return "";
}

/* A provider that counts more than model and request allow is wrong: that part uses up no quota of
 * a customer's. */
int64_t usage_tokens_counted(const struct usage_record *record)
{
    return unit_counts_prompt(&record->counts) + unit_counts_answer(&record->counts) -
           record->excess_tokens;
}
