#include "exchange/price_schedule.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/money.h"
#include "base/zone.h"

#define PPM_ONE INT64_C(1000000)
enum { MINUTES_A_DAY = 24 * 60 };

static bool fits(const char *wanted, const char *word)
{
    return wanted[0] == '\0' || strcasecmp(wanted, word) == 0;
}

size_t price_schedule_bytes(size_t rule_count)
{
    return sizeof(struct price_schedule) + rule_count * sizeof(struct price_rule);
}

struct price_schedule *price_schedule_copy(const struct price_schedule *schedule)
{
    struct price_schedule *copy;
    if (schedule == NULL)
        return NULL;
    copy = malloc(schedule->bytes);
    check(copy != NULL);
    memcpy(copy, schedule, schedule->bytes);
    return copy;
}

static int week_minute(const struct price_schedule *schedule, int64_t at_ms)
{
    struct zone zone = {0};
    if (schedule->zone_at > 0)
        zone_unpack((const char *)schedule + schedule->zone_at, &zone);
    return zone_week_minute(&zone, at_ms);
}

/* Whether the minute of the week is in the rule's hours, of this day or of those that began the day
 * before. */
static bool is_in_hours(const struct price_rule *rule, int minute_of_week)
{
    int day = minute_of_week / MINUTES_A_DAY;
    int minute = minute_of_week % MINUTES_A_DAY;
    bool today = rule->weekdays >> day & 1;
    bool yesterday = rule->weekdays >> (day + 6) % 7 & 1;
    if (rule->minute_from < rule->minute_until)
        return today && minute >= rule->minute_from && minute < rule->minute_until;
    return (today && minute >= rule->minute_from) || (yesterday && minute < rule->minute_until);
}

static bool is_in_time(const struct price_schedule *schedule, const struct price_rule *rule,
                       int64_t at_ms)
{
    if (at_ms < rule->from_ms || (rule->until_ms > 0 && at_ms >= rule->until_ms))
        return false;
    return rule->weekdays == 0 || is_in_hours(rule, week_minute(schedule, at_ms));
}

static bool matches(const struct price_schedule *schedule, const struct price_rule *rule,
                    const struct price_facts *facts)
{
    if (facts->prompt_tokens <= rule->prompt_above)
        return false;
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++) {
        if (!fits(rule->words[word], facts->words[word]))
            return false;
    }
    return is_in_time(schedule, rule, facts->at_ms);
}

/* What the rules that match have set: for each unit the number of the last rule that set it, 0 for
 * none, and a bit if it has a price of its own. */
struct settings {
    size_t set_by[UNIT_COUNT];
    unsigned own;
};

static void set_prices(const struct price_rule *rule, size_t number, struct settings *settings,
                       struct unit_prices *prices)
{
    settings->own |= rule->sets;
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (!(rule->sets >> unit & 1))
            continue;
        prices->of[unit] = rule->prices.of[unit];
        settings->set_by[unit] = number;
    }
}

/* A part that no rule has set, or only one before that of its whole, becomes dearer as its whole
 * does: providers raise both alike, and a part at its plain price would be sold below its cost. */
static void raise_parts(const struct unit_prices *plain, const struct settings *settings,
                        struct unit_prices *prices)
{
    size_t whole_set_by[UNIT_COUNT] = {0};
    /* A fallback has a smaller number than its unit. */
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        enum unit whole = unit_fallback(unit);
        if (whole == UNIT_COUNT)
            continue;
        size_t set_by = settings->set_by[whole];
        whole_set_by[unit] = set_by > whole_set_by[whole] ? set_by : whole_set_by[whole];
        if (!(settings->own >> unit & 1))
            prices->of[unit] = prices->of[whole];
        else if (whole_set_by[unit] > settings->set_by[unit])
            money_raise_alike(plain->of[whole], prices->of[whole], plain->of[unit],
                              &prices->of[unit]);
    }
}

static void multiply(int64_t factor_ppm, struct unit_prices *prices)
{
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++)
        prices->of[unit] = money_times(prices->of[unit], factor_ppm);
}

/* Factors stand behind all rules that set prices. */
void price_schedule_apply(const struct price_schedule *schedule, const struct price_facts *facts,
                          struct unit_prices *prices)
{
    if (schedule == NULL)
        return;
    const struct unit_prices plain = *prices;
    struct settings settings = {.own = schedule->priced};
    size_t i = 0;
    bool set = false;
    for (; i < schedule->rule_count && schedule->rules[i].factor_ppm == PPM_ONE; i++) {
        if (!matches(schedule, &schedule->rules[i], facts))
            continue;
        set_prices(&schedule->rules[i], i + 1, &settings, prices);
        set = true;
    }
    if (set)
        raise_parts(&plain, &settings, prices);
    for (; i < schedule->rule_count; i++) {
        if (matches(schedule, &schedule->rules[i], facts))
            multiply(schedule->rules[i].factor_ppm, prices);
    }
}

/* Whether the name is one of a plain tier, speed or region. */
static bool is_plain(enum usage_word word, const char *name)
{
    enum { NAMES = 5 };
    static const char *const plain[USAGE_CHOICE][NAMES] = {
        [USAGE_SERVICE_TIER] = {"default", "standard", "auto", "on_demand", "standard_only"},
        [USAGE_SPEED] = {"standard"},
        [USAGE_REGION] = {"global", "not_available"}, /* Anthropic's */
    };
    if (name[0] == '\0') /* nearly always */
        return true;
    for (size_t i = 0; i < NAMES && plain[word][i] != NULL; i++) {
        if (strcasecmp(name, plain[word][i]) == 0)
            return true;
    }
    return false;
}

bool price_schedule_knows(const struct price_schedule *schedule, enum usage_word word,
                          const char *name)
{
    check(word < USAGE_CHOICE);
    if (is_plain(word, name))
        return true;
    for (size_t i = 0; schedule != NULL && i < schedule->rule_count; i++) {
        if (strcasecmp(name, schedule->rules[i].words[word]) == 0)
            return true;
    }
    return false;
}

int64_t price_schedule_cost(const struct price_schedule *schedule, const struct price_facts *facts,
                            struct unit_prices prices, const struct unit_counts *counts)
{
    int64_t nusd;
    price_schedule_apply(schedule, facts, &prices);
    return money_charge(&prices, counts, 0, &nusd) ? nusd : MONEY_AMOUNT_MAX_NUSD;
}

bool price_schedule_takes(const struct price_schedule *schedule, enum usage_word word,
                          const char *name)
{
    bool named = false;
    for (size_t i = 0; schedule != NULL && i < schedule->rule_count; i++) {
        const char *known = schedule->rules[i].words[word];
        if (known[0] != '\0' && strcasecmp(known, name) == 0)
            return true;
        named = named || known[0] != '\0';
    }
    return !named;
}

void price_schedule_dearest(const struct price_schedule *schedule, enum usage_word word,
                            const struct unit_prices *prices, const struct unit_counts *counts,
                            struct price_facts *facts)
{
    struct price_facts tried = *facts;
    int64_t most_nusd;
    facts->words[word][0] = '\0';
    most_nusd = price_schedule_cost(schedule, facts, *prices, counts);
    for (size_t i = 0; schedule != NULL && i < schedule->rule_count; i++) {
        memcpy(tried.words[word], schedule->rules[i].words[word], PRICE_WORD_BYTES);
        int64_t nusd = price_schedule_cost(schedule, &tried, *prices, counts);
        if (nusd <= most_nusd)
            continue;
        most_nusd = nusd;
        *facts = tried;
    }
}

void price_word_copy(struct slice text, char out[PRICE_WORD_BYTES])
{
    size_t bytes = text.bytes < PRICE_WORD_BYTES - 1 ? text.bytes : PRICE_WORD_BYTES - 1;
    for (size_t i = 0; i < bytes; i++)
        out[i] = text.data[i] > ' ' && text.data[i] <= '~' ? text.data[i] : '?';
    out[bytes] = '\0';
}
