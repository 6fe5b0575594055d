#include "script/compiled_plan.h"

#include <stdint.h>
#include <string.h>

#include "base/zone.h"
#include "dialect/rerank_names.h"
#include "dialect/stated_cost.h"
#include "exchange/candidate.h"
#include "exchange/exchange.h"
#include "exchange/price_schedule.h"
#include "exchange/rate_limits.h"
#include "exchange/survey.h"
#include "script/account_handle.h"
#include "script/handle.h"
#include "script/integer.h"
#include "script/provider_members.h"

#define CANDIDATE_METATABLE "llm-gateway.candidate"
#define CEILING_METATABLE "llm-gateway.need"
#define SURVEY_METATABLE "llm-gateway.survey"

static const char candidate_kind[] = "candidate";
static const char limits_kind[] = "limits";
static const char ceiling_kind[] = "need";
static const char survey_kind[] = "survey";

struct candidate_handle {
    struct handle handle;
    struct candidate *candidate; /* NULL before it is made, and after __gc */
};

struct limits_handle {
    struct handle handle;
    struct limit_rules rules; /* last, because its list follows it */
};

struct ceiling_handle {
    struct handle handle;
    struct cost_ceiling need;
    struct survey_keys asked; /* `need` points to it */
    char model[LIMIT_MODEL_NAME_BYTES];
    char choice[PRICE_WORD_BYTES];
    char sold_features[]; /* likewise */
};

struct survey_handle {
    struct handle handle;
    struct survey_list *list; /* NULL before it is made, and after __gc */
};

/* ---- members of the table at `index` ---- */

static bool flag_member(lua_State *state, int index, const char *name)
{
    lua_getfield(state, index, name);
    bool set = lua_toboolean(state, -1);
    lua_pop(state, 1);
    return set;
}

static int option_member(lua_State *state, int index, const char *name, const char *const *options)
{
    lua_getfield(state, index, name);
    int option = luaL_checkoption(state, -1, NULL, options);
    lua_pop(state, 1);
    return option;
}

void compiled_plan_read_units(lua_State *state, int index, int64_t out[UNIT_COUNT])
{
    luaL_checktype(state, index, LUA_TTABLE);
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        lua_getfield(state, index, unit_name(unit));
        out[unit] = lua_isnil(state, -1) ? 0 : integer_check(state, -1, 0, INTEGER_MAX);
        lua_pop(state, 1);
    }
}

/* A bit for each unit with a price in the member, which may be 0. */
static unsigned units_member(lua_State *state, int index, const char *name)
{
    unsigned units = 0;
    lua_getfield(state, index, name);
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        lua_getfield(state, -1, unit_name(unit));
        units |= lua_isnil(state, -1) ? 0 : 1U << unit;
        lua_pop(state, 1);
    }
    lua_pop(state, 1);
    return units;
}

static struct unit_prices prices_member(lua_State *state, int index, const char *name)
{
    struct unit_prices prices;
    lua_getfield(state, index, name);
    compiled_plan_read_units(state, lua_gettop(state), prices.of);
    lua_pop(state, 1);
    unit_prices_complete(&prices, units_member(state, index, name));
    return prices;
}

/* ---- rules of prices ---- */

/* A whole number of the table at `index`; `fallback` where it is absent or below 0. */
static int64_t optional_integer(lua_State *state, int index, const char *name, int64_t fallback)
{
    lua_getfield(state, index, name);
    int64_t number = fallback;
    if (!lua_isnil(state, -1) && lua_tonumber(state, -1) >= 0)
        number = integer_check(state, -1, 0, INTEGER_MAX);
    lua_pop(state, 1);
    return number;
}

static void read_price_rule(lua_State *state, int index, struct price_rule *out)
{
    *out = (struct price_rule){
        .prompt_above = optional_integer(state, index, "prompt_above", -1),
        .from_ms = optional_integer(state, index, "from_ms", 0),
        .until_ms = optional_integer(state, index, "until_ms", 0),
        .minute_from = (int16_t)optional_integer(state, index, "minute_from", 0),
        .minute_until = (int16_t)optional_integer(state, index, "minute_until", 0),
        .weekdays = (uint8_t)optional_integer(state, index, "weekdays", 0),
        .sets = units_member(state, index, "prices"),
        .factor_ppm = integer_member(state, index, "factor_ppm")};
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++) {
        const char *text =
            provider_members_text(state, index, usage_facts_word_name(word), PRICE_WORD_BYTES);
        memcpy(out->words[word], text, strlen(text) + 1);
    }
    lua_getfield(state, index, "prices");
    compiled_plan_read_units(state, lua_gettop(state), out->prices.of);
    lua_pop(state, 1);
}

/* The rules of the member, as a userdata on the stack, or NULL with nil if it is absent. Their
 * member `zone` has the zone of their hours (policy_times.h). `stated` is the member with the units
 * that have a price of their own. */
static const struct price_schedule *push_rules(lua_State *state, int index, const char *name,
                                               const char *stated)
{
    lua_getfield(state, index, name);
    if (lua_isnil(state, -1))
        return NULL;
    luaL_checktype(state, -1, LUA_TTABLE);
    int list = lua_gettop(state);
    size_t count = lua_objlen(state, list);
    size_t zone_bytes = 0;
    lua_getfield(state, list, "zone");
    const char *zone = lua_tolstring(state, -1, &zone_bytes);
    size_t rules_bytes = price_schedule_bytes(count);
    struct price_schedule *rules = lua_newuserdata(state, rules_bytes + zone_bytes);
    *rules = (struct price_schedule){.bytes = rules_bytes + zone_bytes,
                                     .priced = units_member(state, index, stated),
                                     .rule_count = (uint32_t)count,
                                     .zone_at = zone_bytes > 0 ? rules_bytes : 0};
    luaL_argcheck(state, count <= PRICE_RULES_MAX, index, "too many rules");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(state, list, (int)i + 1);
        luaL_checktype(state, -1, LUA_TTABLE);
        read_price_rule(state, lua_gettop(state), &rules->rules[i]);
        lua_pop(state, 1);
    }
    if (zone_bytes > 0)
        memcpy((char *)rules + rules_bytes, zone, zone_bytes);
    return rules;
}

/* ---- candidates ---- */

/* The member `breaker`, which lua/policy/breaker.lua has checked. */
static struct breaker_terms breaker_member(lua_State *state, int index)
{
    lua_getfield(state, index, "breaker");
    luaL_checktype(state, -1, LUA_TTABLE);
    int at = lua_gettop(state);
    struct breaker_terms terms = {.consecutive_failures =
                                      integer_member(state, at, "consecutive_failures"),
                                  .failure_percent = integer_member(state, at, "failure_percent"),
                                  .minimum_calls = integer_member(state, at, "minimum_calls"),
                                  .base_ejection_ms = integer_member(state, at, "base_ejection_ms"),
                                  .max_ejection_ms = integer_member(state, at, "max_ejection_ms")};
    lua_pop(state, 1);
    return terms;
}

static int candidate_gc(lua_State *state)
{
    struct candidate_handle *own = lua_touserdata(state, 1);
    candidate_unref(own->candidate);
    own->candidate = NULL;
    return 0;
}

/* candidate(table): makes a candidate of a plan, with its margin. */
static int native_candidate(lua_State *state)
{
    static const char *const on_cancels[] = {"charge", "free", "read", NULL};
    struct stated_cost_paths cost;
    struct rerank_names rerank;
    struct provider_limit_fields limit_fields;
    luaL_checktype(state, 1, LUA_TTABLE);
    const struct price_schedule *buy_rules = push_rules(state, 1, "buy_rules", "buy_stated");
    const struct price_schedule *sold_rules = push_rules(state, 1, "sold_rules", "sold_stated");
    struct candidate_terms terms = {
        .demo = flag_member(state, 1, "demo"),
        .dialect = (enum dialect)integer_member(state, 1, "spoken_first"),
        .dialects = (unsigned)integer_member(state, 1, "spoken"),
        .on_cancel = (enum on_cancel)option_member(state, 1, "on_cancel", on_cancels),
        .provider = provider_members_text(state, 1, "provider", CANDIDATE_PROVIDER_BYTES),
        .model = provider_members_text(state, 1, "model", CANDIDATE_MODEL_BYTES),
        .base_url = provider_members_text(state, 1, "base_url", CANDIDATE_BASE_URL_BYTES),
        .map_path = provider_members_text(state, 1, "map_path", CANDIDATE_PATH_BYTES),
        .query = provider_members_text(state, 1, "query", CANDIDATE_QUERY_BYTES),
        .api_key = provider_members_text(state, 1, "api_key", CANDIDATE_API_KEY_BYTES),
        .account = account_handle_member(state, 1, "service_account"),
        .key_header = provider_members_text(state, 1, "key_header", CANDIDATE_KEY_HEADER_BYTES),
        .ca_file = provider_members_text(state, 1, "ca_file", CANDIDATE_CA_FILE_BYTES),
        .max_tokens_field =
            provider_members_text(state, 1, "max_tokens_field", CANDIDATE_FIELD_BYTES),
        .headers = provider_members_text(state, 1, "headers", CANDIDATE_HEADERS_BYTES),
        .answers_as = provider_members_text(state, 1, "answers_as", CANDIDATE_MODEL_BYTES),
        .pass_headers = (unsigned)integer_member(state, 1, "pass_headers"),
        .prices = prices_member(state, 1, "buy"),
        .sold = prices_member(state, 1, "sold"),
        .priced = units_member(state, 1, "sold"),
        .choice = provider_members_text(state, 1, "choice", PRICE_WORD_BYTES),
        .sold_features = provider_members_text(state, 1, "sold_features", SIZE_MAX),
        .buy_rules = buy_rules,
        .sold_rules = sold_rules,
        .cost = provider_members_cost(state, 1, &cost),
        .rerank = provider_members_rerank(state, 1, &rerank),
        .limit_fields = provider_members_limits(state, 1, &limit_fields),
        .sold_by_cost = flag_member(state, 1, "sold_by_cost"),
        .searches_as_one = flag_member(state, 1, "searches_as_one"),
        .searches_always = flag_member(state, 1, "searches_always"),
        .margin_ppm = integer_member(state, 1, "margin_ppm"),
        .errors_shown = flag_member(state, 1, "errors_shown"),
        .usage_unasked = flag_member(state, 1, "usage_unasked"),
        .keeps_responses = flag_member(state, 1, "keeps_responses"),
        .compacts = flag_member(state, 1, "compacts"),
        .raw_predict = flag_member(state, 1, "raw_predict"),
        .weight = integer_member(state, 1, "weight"),
        .spend_per_day_nusd = integer_member(state, 1, "spend_per_day_nusd"),
        .breaker = breaker_member(state, 1),
        .loss_allowed = flag_member(state, 1, "allow_loss"),
        .connect_timeout_ms = integer_member(state, 1, "connect_timeout_ms"),
        .first_byte_timeout_ms = integer_member(state, 1, "first_byte_timeout_ms"),
        .idle_timeout_ms = integer_member(state, 1, "idle_timeout_ms"),
        .total_timeout_ms = integer_member(state, 1, "total_timeout_ms"),
        .stream_timeout_ms = integer_member(state, 1, "stream_timeout_ms"),
    };
    provider_members_paths(state, 1, &terms);
    struct candidate_handle *own = lua_newuserdata(state, sizeof *own);
    *own = (struct candidate_handle){.handle = {candidate_kind}};
    if (luaL_newmetatable(state, CANDIDATE_METATABLE)) {
        lua_pushcfunction(state, candidate_gc);
        lua_setfield(state, -2, "__gc");
    }
    lua_setmetatable(state, -2);
    own->candidate = candidate_new(&terms); /* nothing raises from here on */
    return 1;
}

struct candidate *compiled_plan_candidate(lua_State *state, int index)
{
    const struct candidate_handle *own =
        (const struct candidate_handle *)(void *)handle_check(state, index, candidate_kind);
    return own->candidate;
}

/* ---- limits ---- */

static void read_rule(lua_State *state, int index, struct limit_rule *out)
{
    static const char *const kinds[] = {"requests", "tokens",    "concurrency",
                                        "usd",      "abandoned", NULL};
    static const char *const scopes[] = {"key", "user", "group", "all", NULL};
    static const char *const periods[] = {"window", "minute", "day", "month", NULL};
    out->kind = (enum limit_kind)option_member(state, index, "kind", kinds);
    out->scope = (enum limit_scope)option_member(state, index, "scope", scopes);
    out->limit = integer_member(state, index, "limit");
    out->window_ms = integer_member(state, index, "window_ms");
    out->period = (enum quota_period)option_member(state, index, "period", periods);
    lua_getfield(state, index, "prefix");
    limit_rule_name(out, luaL_checkstring(state, -1));
    out->name = lua_tostring(state, -1);
    lua_getfield(state, index, "models");
    out->models = luaL_checkstring(state, -1);
    lua_pop(state, 2);
}

/* limits(list): makes limits from counters (lua/policy/limits.lua), checked in this order. */
static int native_limits(lua_State *state)
{
    luaL_checktype(state, 1, LUA_TTABLE);
    size_t count = lua_objlen(state, 1);
    struct limits_handle *own =
        lua_newuserdata(state, sizeof *own + count * sizeof own->rules.list[0]);
    own->handle = (struct handle){limits_kind};
    own->rules.count = count;
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(state, 1, (int)i + 1);
        luaL_checktype(state, -1, LUA_TTABLE);
        read_rule(state, lua_gettop(state), &own->rules.list[i]);
        lua_pop(state, 1);
    }
    lua_pushvalue(state, 1);
    lua_setfenv(state, -2); /* the counters keep the texts that the rules point to */
    return 1;
}

const struct limit_rules *compiled_plan_limits(lua_State *state, int index)
{
    const struct limits_handle *own =
        (const struct limits_handle *)(void *)handle_check(state, index, limits_kind);
    return &own->rules;
}

/* ---- who is asked for context lengths ---- */

/* context_key(base_url, model): names a model of a server, for x:learned_context. */
static int native_context_key(lua_State *state)
{
    uint64_t key = survey_key(luaL_checkstring(state, 1), luaL_checkstring(state, 2));
    lua_pushlstring(state, (const char *)&key, sizeof key);
    return 1;
}

uint64_t compiled_plan_context_key(lua_State *state, int index)
{
    uint64_t key;
    size_t bytes;
    const char *text = luaL_checklstring(state, index, &bytes);
    luaL_argcheck(state, bytes == sizeof key, index, "no key of a context");
    memcpy(&key, text, sizeof key);
    return key;
}

static int survey_gc(lua_State *state)
{
    struct survey_handle *own = lua_touserdata(state, 1);
    survey_list_unref(own->list);
    own->list = NULL;
    return 0;
}

/* Adds the {server = candidate, models = {names}} on top of the stack. */
static void add_server(lua_State *state, struct survey_list *list)
{
    lua_getfield(state, -1, "server");
    survey_list_add(list, compiled_plan_candidate(state, lua_gettop(state)));
    lua_getfield(state, -2, "models");
    luaL_checktype(state, -1, LUA_TTABLE);
    size_t count = lua_objlen(state, -1);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(state, -1, (int)i + 1);
        survey_list_add_model(list, luaL_checkstring(state, -1));
        lua_pop(state, 1);
    }
    lua_pop(state, 2);
}

/* survey(list): makes the list of the servers that are asked. */
static int native_survey(lua_State *state)
{
    luaL_checktype(state, 1, LUA_TTABLE);
    struct survey_handle *own = lua_newuserdata(state, sizeof *own);
    *own = (struct survey_handle){.handle = {survey_kind}};
    if (luaL_newmetatable(state, SURVEY_METATABLE)) {
        lua_pushcfunction(state, survey_gc);
        lua_setfield(state, -2, "__gc");
    }
    lua_setmetatable(state, -2);
    own->list = survey_list_new();
    size_t count = lua_objlen(state, 1);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(state, 1, (int)i + 1);
        add_server(state, own->list);
        lua_pop(state, 1);
    }
    return 1;
}

struct survey_list *compiled_plan_survey(lua_State *state, int index)
{
    const struct survey_handle *own =
        (const struct survey_handle *)(void *)handle_check(state, index, survey_kind);
    return own->list;
}

/* ---- what a hold must cover ---- */

/* Reads the member `asked` of the table: keys of contexts, or nothing. */
static void read_keys(lua_State *state, int index, struct survey_keys *out)
{
    lua_getfield(state, index, "asked");
    size_t count = lua_istable(state, -1) ? lua_objlen(state, -1) : 0;
    luaL_argcheck(state, count <= SURVEY_KEYS_MAX, index, "too many are asked");
    for (out->count = 0; out->count < count; out->count++) {
        lua_rawgeti(state, -1, (int)out->count + 1);
        out->list[out->count] = compiled_plan_context_key(state, lua_gettop(state));
        lua_pop(state, 1);
    }
    lua_pop(state, 1);
    out->others = flag_member(state, index, "others");
}

static int ceiling_gc(lua_State *state)
{
    struct ceiling_handle *own = lua_touserdata(state, 1);
    for (size_t i = 0; i < own->need.seller_count; i++)
        candidate_unref((struct candidate *)(uintptr_t)own->need.sellers[i]);
    own->need.seller_count = 0;
    return 0;
}

/* Reads the member `sellers` of the table at 1: candidates, each with a reference of its own. */
static void read_sellers(lua_State *state, struct cost_ceiling *out)
{
    lua_getfield(state, 1, "sellers");
    size_t count = lua_objlen(state, -1);
    luaL_argcheck(state, count <= LIMIT_CANDIDATES, 1, "too many sellers");
    while (out->seller_count < count) {
        lua_rawgeti(state, -1, (int)out->seller_count + 1);
        struct candidate *seller = compiled_plan_candidate(state, lua_gettop(state));
        out->sellers[out->seller_count++] = candidate_ref(seller);
        lua_pop(state, 1);
    }
    lua_pop(state, 1);
}

/* Returns the bits that stand in any number of the member `spoken` of the table at 1. */
static unsigned read_spoken(lua_State *state)
{
    unsigned spoken = 0;
    lua_getfield(state, 1, "spoken");
    for (size_t i = 1; i <= lua_objlen(state, -1); i++) {
        lua_rawgeti(state, -1, (int)i);
        spoken |= (unsigned)lua_tointeger(state, -1);
        lua_pop(state, 1);
    }
    lua_pop(state, 1);
    return spoken;
}

/* Makes the handle for the table at 1, with the room that its features need. */
static struct ceiling_handle *new_ceiling(lua_State *state, const struct cost_ceiling *need)
{
    const char *sold = provider_members_text(state, 1, "sold_features", SIZE_MAX);
    struct ceiling_handle *own = lua_newuserdata(state, sizeof *own + strlen(sold) + 1);
    *own = (struct ceiling_handle){.handle = {ceiling_kind}, .need = *need};
    if (luaL_newmetatable(state, CEILING_METATABLE)) {
        lua_pushcfunction(state, ceiling_gc);
        lua_setfield(state, -2, "__gc");
    }
    lua_setmetatable(state, -2);
    memcpy(own->choice, need->choice, strlen(need->choice) + 1);
    own->need.choice = own->choice;
    memcpy(own->model, need->model, strlen(need->model) + 1);
    own->need.model = own->model;
    memcpy(own->sold_features, sold, strlen(sold) + 1);
    own->need.sold_features = own->sold_features;
    return own;
}

/* need(table) */
static int native_need(lua_State *state)
{
    luaL_checktype(state, 1, LUA_TTABLE);
    struct cost_ceiling need = {
        .prices = prices_member(state, 1, "prices"),
        .margin_ppm = integer_member(state, 1, "margin_ppm"),
        .context = integer_member(state, 1, "context"),
        .image_tokens_max = integer_member(state, 1, "image_tokens_max"),
        .output_tokens_max = integer_member(state, 1, "output_tokens_max"),
        .output_tokens_allowed = integer_member(state, 1, "output_tokens_allowed"),
    };
    need.model = provider_members_text(state, 1, "model", LIMIT_MODEL_NAME_BYTES);
    need.choice = provider_members_text(state, 1, "choice", PRICE_WORD_BYTES);
    need.takes_images = flag_member(state, 1, "takes_images");
    need.takes_audio = flag_member(state, 1, "takes_audio");
    need.takes_files = flag_member(state, 1, "takes_files");
    need.output_hidden = flag_member(state, 1, "output_hidden");
    need.spoken = read_spoken(state);
    lua_getfield(state, 1, "beside");
    compiled_plan_read_units(state, lua_gettop(state), need.beside.of);
    lua_pop(state, 1);
    struct ceiling_handle *own = new_ceiling(state, &need);
    read_sellers(state, &own->need);
    read_keys(state, 1, &own->asked);
    if (own->asked.count > 0)
        own->need.asked = &own->asked;
    return 1;
}

const struct cost_ceiling *compiled_plan_ceiling(lua_State *state, int index)
{
    const struct ceiling_handle *own =
        (const struct ceiling_handle *)(void *)handle_check(state, index, ceiling_kind);
    return &own->need;
}

const luaL_Reg compiled_plan_functions[] = {
    {"candidate", native_candidate}, {"context_key", native_context_key}, {"limits", native_limits},
    {"need", native_need},           {"survey", native_survey},           {NULL, NULL},
};
