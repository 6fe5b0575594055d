#include "store/quotas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/period.h"
#include "base/sha256.h"

#define MINUTE_MS INT64_C(60000)

/* The database and the API use these names. */
static const char *const units[] = {[QUOTA_REQUESTS] = "requests",
                                    [QUOTA_TOKENS] = "tokens",
                                    [QUOTA_CONCURRENCY] = "concurrency",
                                    [QUOTA_USD] = "usd"};
static const char *const periods[] = {
    [QUOTA_WINDOW] = "", [QUOTA_MINUTE] = "minute", [QUOTA_DAY] = "day", [QUOTA_MONTH] = "month"};
static const char *const scopes[] = {[QUOTA_PER_KEY] = "key",
                                     [QUOTA_PER_USER] = "user",
                                     [QUOTA_PER_GROUP] = "group",
                                     [QUOTA_FOR_ALL] = "all"};

const char *quota_unit_name(enum quota_unit unit)
{
    return units[unit];
}

const char *quota_period_name(enum quota_period period)
{
    return periods[period];
}

const char *quota_scope_name(enum quota_scope scope)
{
    return scopes[scope];
}

/* As lua/policy/limits.lua makes it, so that a quota of the dashboard counts in the same place. */
void quota_name(const struct quota_rule *rule, const char *model, char *out)
{
    bool timed = rule->unit != QUOTA_CONCURRENCY;
    snprintf(out, QUOTA_NAME_BYTES, "%s/%s%s%s%s%s", scopes[rule->scope], units[rule->unit],
             timed ? "_per_" : "", timed ? periods[rule->period] : "", model[0] != '\0' ? "/" : "",
             model);
}

/* Only the operator and the models' names make the name, and it is no secret, so a hash without a
 * key is enough. */
struct quota_place quota_place_of(const char *name)
{
    char hex[SHA256_HEX_BYTES];
    struct quota_place place;
    sha256_hex(slice_of(name), hex);
    hex[32] = '\0';
    place.low = strtoull(hex + 16, NULL, 16);
    hex[16] = '\0';
    place.high = strtoull(hex, NULL, 16);
    return place;
}

int64_t quota_start_ms(enum quota_period period, int64_t wall_ms)
{
    check(period != QUOTA_WINDOW);
    if (period == QUOTA_MINUTE)
        return wall_ms / MINUTE_MS * MINUTE_MS;
    return period_start_ms(period == QUOTA_DAY ? PERIOD_DAY : PERIOD_MONTH, wall_ms);
}

int64_t quota_end_ms(enum quota_period period, int64_t wall_ms)
{
    if (period == QUOTA_MINUTE)
        return quota_start_ms(period, wall_ms) + MINUTE_MS;
    check(period != QUOTA_WINDOW);
    return period_end_ms(period == QUOTA_DAY ? PERIOD_DAY : PERIOD_MONTH, wall_ms);
}
