#include "script/policy_offer.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "exchange/candidate.h"
#include "script/compiled_plan.h"
#include "script/modules.h"
#include "script/vm.h"

/* Most ledgers have fewer pairs of a model and a group; of two in one place the later is kept. */
enum { PLACES = 1024 };

struct answer {
    char model[LIMIT_MODEL_NAME_BYTES]; /* "": nothing is kept here */
    char group[32];
    bool refused;
    struct policy_offer offer;
    struct fault fault; /* where it is refused */
};

struct policy_offers {
    struct vm *vm;
    int find; /* registry reference to policy.offer */
    struct answer asked;
    struct answer kept[PLACES];
};

/* ---- asking ---- */

struct question {
    const struct policy_offers *offers;
    const struct policy_call *call;
    struct answer *answer;
    bool lasts; /* the same for all requests of this model and group */
};

static void push_request(lua_State *state, const struct policy_call *call)
{
    lua_createtable(state, 0, 7);
    lua_pushstring(state, call->model);
    lua_setfield(state, -2, "model");
    if (call->group[0] != '\0') {
        lua_pushstring(state, call->group);
        lua_setfield(state, -2, "group");
    }
    lua_pushstring(state, call->user_id);
    lua_setfield(state, -2, "user_id");
    lua_pushstring(state, call->key_id);
    lua_setfield(state, -2, "key_id");
    lua_pushboolean(state, call->streamed);
    lua_setfield(state, -2, "stream");
    lua_pushnumber(state, (lua_Number)call->input_tokens);
    lua_setfield(state, -2, "input_tokens");
    lua_pushnumber(state, (lua_Number)call->created_ms);
    lua_setfield(state, -2, "created_ms");
}

/* nil, code, message. */
static void read_refusal(lua_State *state, struct answer *out)
{
    const char *message = lua_tostring(state, -1);
    const char *code = lua_tostring(state, -2);
    check(code != NULL && message != NULL);
    out->refused = true;
    (void)fault_set(&out->fault, code, "%s", message);
}

/* The list of handles at `index`. Takes references: the VM may drop what it does not keep. */
static void read_candidates(lua_State *state, int index, struct policy_offer *out)
{
    luaL_checktype(state, index, LUA_TTABLE);
    size_t count = lua_objlen(state, index);
    check(count >= 1 && count <= LIMIT_ATTEMPTS);
    while (out->count < count) {
        lua_rawgeti(state, index, (int)out->count + 1);
        struct candidate *candidate = compiled_plan_candidate(state, lua_gettop(state));
        out->candidates[out->count++] = candidate_ref(candidate);
        lua_pop(state, 1);
    }
}

static int ask(lua_State *state)
{
    struct question *question = lua_touserdata(state, 1);
    lua_rawgeti(state, LUA_REGISTRYINDEX, question->offers->find);
    push_request(state, question->call);
    lua_call(state, 1, 3);
    if (lua_isnil(state, -3)) {
        read_refusal(state, question->answer);
        return 0;
    }
    question->lasts = lua_toboolean(state, -2);
    read_candidates(state, lua_gettop(state) - 2, &question->answer->offer);
    return 0;
}

static void forget(struct answer *answer)
{
    for (size_t i = 0; i < answer->offer.count; i++)
        candidate_unref(answer->offer.candidates[i]);
    *answer = (struct answer){.refused = false};
}

/* Asks the VM. Returns whether the answer is to be kept. */
static bool fill(struct policy_offers *offers, const struct policy_call *call)
{
    struct answer *answer = &offers->asked;
    struct question question = {.offers = offers, .call = call, .answer = answer};
    struct fault fault;
    forget(answer);
    if (vm_call_turn(offers->vm, ask, &question, &fault))
        return question.lasts;
    forget(answer);
    answer->refused = true;
    answer->fault = fault;
    return false;
}

/* ---- keeping ---- */

static struct answer *place_of(struct policy_offers *offers, const struct policy_call *call)
{
    uint64_t hash = hash_on(hash_on(HASH_START, slice_of(call->model)), slice_of(call->group));
    return &offers->kept[(hash ^ hash >> 32) % PLACES];
}

static bool is_of(const struct answer *answer, const struct policy_call *call)
{
    return strcmp(answer->model, call->model) == 0 && strcmp(answer->group, call->group) == 0;
}

/* Moves the answer to its place. */
static struct answer *keep(struct policy_offers *offers, const struct policy_call *call)
{
    struct answer *place = place_of(offers, call);
    forget(place);
    *place = offers->asked;
    offers->asked = (struct answer){.refused = false};
    slice_copy(slice_of(call->model), place->model, sizeof place->model);
    slice_copy(slice_of(call->group), place->group, sizeof place->group);
    return place;
}

const struct policy_offer *policy_offer_find(struct policy_offers *offers,
                                             const struct policy_call *call, struct fault *fault)
{
    struct answer *found = place_of(offers, call);
    if (found->offer.count == 0 || !is_of(found, call)) {
        found = &offers->asked;
        if (fill(offers, call))
            found = keep(offers, call);
    }
    if (!found->refused)
        return &found->offer;
    *fault = found->fault;
    return NULL;
}

/* ---- opening ---- */

static int take_find(lua_State *state)
{
    struct policy_offers *offers = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "offer");
    offers->find = luaL_ref(state, LUA_REGISTRYINDEX);
    return 0;
}

struct policy_offers *policy_offer_open(struct policy_files *files, struct fault *fault)
{
    const struct vm_options options = {.install = NULL};
    struct policy_offers *offers = calloc(1, sizeof *offers);
    check(offers != NULL);
    offers->vm = vm_new(files, &options, fault);
    if (offers->vm != NULL && vm_call(offers->vm, take_find, offers, fault))
        return offers;
    policy_offer_close(offers);
    return NULL;
}

void policy_offer_close(struct policy_offers *offers)
{
    if (offers == NULL)
        return;
    forget(&offers->asked);
    for (size_t i = 0; i < PLACES; i++)
        forget(&offers->kept[i]);
    vm_unref(offers->vm);
    free(offers);
}
