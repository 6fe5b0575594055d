/* The prices of a candidate under the conditions of a call, and the sums: as exchange/settling.c
 * does it. Nothing is held while it may raise. */
#include "script/priced_call.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "exchange/call_price.h"
#include "exchange/candidate.h"
#include "exchange/price_schedule.h"
#include "script/compiled_plan.h"
#include "script/integer.h"

static void read_word(lua_State *state, int index, const char *name, char out[PRICE_WORD_BYTES])
{
    size_t bytes;
    lua_getfield(state, index, name);
    const char *text = lua_tolstring(state, -1, &bytes);
    price_word_copy((struct slice){text != NULL ? text : "", text != NULL ? bytes : 0}, out);
    lua_pop(state, 1);
}

static void read_facts(lua_State *state, int index, struct price_facts *out)
{
    static const struct {
        const char *name;
        size_t offset;
    } words[] = {
        {"service_tier", offsetof(struct price_facts, service_tier)},
        {"speed", offsetof(struct price_facts, speed)},
        {"region", offsetof(struct price_facts, region)},
        {"choice", offsetof(struct price_facts, choice)},
        {"search_context", offsetof(struct price_facts, search_context)},
        {"size", offsetof(struct price_facts, size)},
        {"quality", offsetof(struct price_facts, quality)},
        {"resolution", offsetof(struct price_facts, resolution)},
    };
    *out = (struct price_facts){.at_ms = integer_member(state, index, "at_ms")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        read_word(state, index, words[i].name, (char *)out + words[i].offset);
}

static void push_prices(lua_State *state, const struct unit_prices *prices)
{
    lua_createtable(state, 0, UNIT_COUNT);
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        lua_pushnumber(state, (double)prices->of[unit]);
        lua_setfield(state, -2, unit_name(unit));
    }
}

static void push_sum(lua_State *state, const struct unit_prices *prices,
                     const struct unit_counts *counts, int64_t margin_ppm)
{
    int64_t nusd;
    if (money_charge(prices, counts, margin_ppm, &nusd) && nusd <= INTEGER_MAX)
        lua_pushnumber(state, (double)nusd);
    else
        lua_pushnil(state);
}

/* price_call(candidate, counts, facts): the prices that we pay and those that the margin is put on
 * (by unit, pico-USD), what we pay and what the customer pays (nano-USD; nil: too much). Or nil and
 * the name of a fact that no rule knows. */
static int native_price_call(lua_State *state)
{
    const struct candidate_terms *terms = &compiled_plan_candidate(state, 1)->terms;
    struct unit_counts counts;
    struct price_facts facts;
    struct unit_prices buy = terms->prices;
    struct unit_prices sold = terms->sold;
    compiled_plan_read_units(state, 2, counts.of);
    luaL_checktype(state, 3, LUA_TTABLE);
    read_facts(state, 3, &facts);
    facts.prompt_tokens = unit_counts_prompt(&counts);
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_CHOICE; word++) {
        if (call_price_knows(terms, word, facts.words[word]))
            continue;
        lua_pushnil(state);
        lua_pushstring(state, usage_facts_word_name(word));
        return 2;
    }
    price_schedule_apply(terms->buy_rules, &facts, &buy);
    price_schedule_apply(terms->sold_rules, &facts, &sold);
    push_prices(state, &buy);
    push_prices(state, &sold);
    push_sum(state, &buy, &counts, 0);
    push_sum(state, &sold, &counts, terms->margin_ppm);
    return 4;
}

/* now_ms(): the wall clock. */
static int native_now_ms(lua_State *state)
{
    lua_pushnumber(state, (double)clock_wall_ms());
    return 1;
}

const luaL_Reg priced_call_functions[] = {
    {"now_ms", native_now_ms},
    {"price_call", native_price_call},
    {NULL, NULL},
};
