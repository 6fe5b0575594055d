#include "script/translation.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/foreign_marks.h"
#include "script/json_base64.h"
#include "script/json_document.h"
#include "script/json_members.h"
#include "script/json_output.h"
#include "script/modules.h"
#include "script/vm_call.h"

/* A mapped API is "map:" and the provider's name. */
#define MAPPED "map:"

enum { PARAM_BYTES = 160, DIALECT_BYTES = 72 };

#define HOST_KEY "llm-gateway.translation" /* registry: the host of a VM */

/* What all translations of a VM share. */
struct host {
    struct json_document *document; /* both live in the registry */
    struct json_output *output;
    int run; /* registry reference to run_call: pushing it allocates nothing */
    /* registry references to functions of lua/dialect/init.lua */
    int request;
    int event;
    int skipped;
    int finish;
    int body;
};

struct translation {
    struct vm *vm;
    struct host *host; /* lives as long as the VM */
    char client[DIALECT_BYTES];
    char provider[DIALECT_BYTES];
    int state; /* registry reference; LUA_NOREF until the request was translated */
    char param[PARAM_BYTES];
    struct fault why;
};

/* ---- the host of a VM ---- */

/* What foreign_marks.c finds again. */
static void provide_marks(lua_State *state)
{
    static const char *const marks[][2] = {{"MARK", FOREIGN_MARKS_MARK},
                                           {"SUMMARY_ORIGIN", FOREIGN_MARKS_ORIGIN},
                                           {"SUMMARY_BEGINNING", FOREIGN_MARKS_BEGINNING},
                                           {"GOOGLE_UNSIGNED", FOREIGN_MARKS_UNSIGNED}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        lua_pushstring(state, marks[i][1]);
        lua_setfield(state, -2, marks[i][0]);
    }
}

static void provide_bindings(lua_State *state)
{
    lua_newtable(state);
    luaL_register(state, NULL, json_base64_bindings);
    luaL_register(state, NULL, json_document_bindings);
    luaL_register(state, NULL, json_members_bindings);
    luaL_register(state, NULL, json_output_bindings);
    provide_marks(state);
}

static int function_reference(lua_State *state, const char *name)
{
    lua_getfield(state, -1, name);
    luaL_checktype(state, -1, LUA_TFUNCTION);
    return luaL_ref(state, LUA_REGISTRYINDEX);
}

static int run_call(lua_State *state);

static int make_host(lua_State *state)
{
    struct host *host = lua_newuserdata(state, sizeof *host);
    lua_pushvalue(state, -1);
    provide_bindings(state);
    host->document = json_document_push(state);
    lua_setfield(state, -2, "document");
    host->output = json_output_push(state, host->document);
    lua_setfield(state, -2, "output");
    lua_pushvalue(state, -1);
    (void)luaL_ref(state, LUA_REGISTRYINDEX); /* keeps document and output for good */
    modules_provide(state, "dialect.native");
    modules_require(state, "dialect");
    host->request = function_reference(state, "request");
    host->event = function_reference(state, "event");
    host->skipped = function_reference(state, "skipped");
    host->finish = function_reference(state, "finish");
    host->body = function_reference(state, "body");
    lua_pop(state, 1);
    lua_pushcfunction(state, run_call);
    host->run = luaL_ref(state, LUA_REGISTRYINDEX);
    lua_setfield(state, LUA_REGISTRYINDEX, HOST_KEY);
    return 1;
}

/* find_host(light userdata: struct host **) */
static int find_host(lua_State *state)
{
    struct host **out = lua_touserdata(state, 1);
    lua_getfield(state, LUA_REGISTRYINDEX, HOST_KEY);
    if (lua_isnil(state, -1)) {
        lua_pop(state, 1);
        make_host(state);
    }
    *out = lua_touserdata(state, -1);
    return 0;
}

/* ---- one call ---- */

struct call {
    struct translation *translation;
    int function; /* registry reference */
    struct slice name;
    const struct translator_wish *wish; /* NULL: not a request */
    struct request_fault *fault;        /* NULL: a refusal is an error like others */
    bool refused;
};

static void set_field(lua_State *state, const char *name, const char *text)
{
    if (text == NULL)
        return;
    lua_pushstring(state, text);
    lua_setfield(state, -2, name);
}

static void push_wish(lua_State *state, const struct translator_wish *wish)
{
    int64_t created = wish->created_ms / 1000;
    lua_createtable(state, 0, 18);
    set_field(state, "model", wish->model);
    set_field(state, "model_public", wish->model_public);
    set_field(state, "max_tokens_field", wish->max_tokens_field);
    set_field(state, "exchange_id", wish->exchange_id);
    lua_pushnumber(state, (lua_Number)wish->output_tokens_max);
    lua_setfield(state, -2, "output_tokens_max");
    lua_pushnumber(state, (lua_Number)wish->output_tokens_most);
    lua_setfield(state, -2, "output_tokens_most");
    lua_pushnumber(state, (lua_Number)created);
    lua_setfield(state, -2, "created");
    lua_pushboolean(state, wish->streamed);
    lua_setfield(state, -2, "streamed");
    lua_pushboolean(state, wish->usage_unasked);
    lua_setfield(state, -2, "usage_unasked");
    lua_pushboolean(state, wish->never_reasons);
    lua_setfield(state, -2, "never_reasons");
    set_field(state, "continues_response", wish->continues_response);
    set_field(state, "continues_conversation", wish->continues_conversation);
    lua_pushboolean(state, wish->stored);
    lua_setfield(state, -2, "stored");
    lua_pushboolean(state, wish->compacts);
    lua_setfield(state, -2, "compacts");
    lua_pushboolean(state, wish->counts);
    lua_setfield(state, -2, "counts");
    lua_pushboolean(state, wish->on_cloud);
    lua_setfield(state, -2, "on_cloud");
}

static void copy_field(lua_State *state, const char *name, char *out, size_t out_bytes)
{
    lua_pushstring(state, name);
    lua_rawget(state, -2);
    const char *text = lua_type(state, -1) == LUA_TSTRING ? lua_tostring(state, -1) : "";
    snprintf(out, out_bytes, "%s", text);
    lua_pop(state, 1);
}

/* Takes a refusal, a table {code, param, message}, from the top of the stack. */
static void take_refusal(lua_State *state, struct call *call)
{
    struct translation *translation = call->translation;
    char code[sizeof translation->why.code];
    char message[sizeof translation->why.message];
    copy_field(state, "code", code, sizeof code);
    copy_field(state, "param", translation->param, sizeof translation->param);
    copy_field(state, "message", message, sizeof message);
    (void)fault_set(&translation->why, code, "%s", message);
    call->refused = true;
    if (call->fault == NULL)
        return;
    call->fault->code = strcmp(code, "missing_field") == 0  ? "missing_field"
                        : strcmp(code, "invalid_json") == 0 ? "invalid_json"
                                                            : "invalid_value";
    call->fault->param = translation->param[0] != '\0' ? translation->param : NULL;
    snprintf(call->fault->message, sizeof call->fault->message, "%s", message);
}

/* Runs protected: run_call(light userdata: struct call *). What is raised inside is a refusal or a
 * failure. */
static int run_call(lua_State *state)
{
    struct call *call = lua_touserdata(state, 1);
    struct translation *translation = call->translation;
    int argument_count = 2;
    lua_rawgeti(state, LUA_REGISTRYINDEX, call->function);
    if (call->wish != NULL) {
        lua_pushstring(state, translation->client);
        lua_pushstring(state, translation->provider);
        push_wish(state, call->wish);
        argument_count = 3;
    } else {
        lua_rawgeti(state, LUA_REGISTRYINDEX, translation->state);
        lua_pushlstring(state, call->name.data != NULL ? call->name.data : "", call->name.bytes);
    }
    int status = lua_pcall(state, argument_count, 1, 0);
    if (status != 0 && lua_type(state, -1) == LUA_TTABLE)
        take_refusal(state, call);
    else if (status != 0)
        return lua_error(state);
    else if (call->wish != NULL)
        translation->state = luaL_ref(state, LUA_REGISTRYINDEX);
    return 0;
}

/* Makes a call whose document is open. On false nothing was appended. */
static bool make_call(struct call *call, struct buffer *out)
{
    struct translation *translation = call->translation;
    struct host *host = translation->host;
    lua_State *state = vm_current(translation->vm);
    size_t bytes_before = out->bytes;
    int top = lua_gettop(state);
    json_output_open(host->output, out);
    lua_rawgeti(state, LUA_REGISTRYINDEX, host->run);
    lua_pushlightuserdata(state, call);
    bool done = vm_call_inside(translation->vm, 1, 0, &translation->why);
    lua_settop(state, top);
    json_output_close(host->output);
    json_document_close(host->document);
    if (done && !call->refused && out->failed)
        done = fault_set(&translation->why, "too_large", "the result is too long");
    if (done && !call->refused)
        return true;
    if (out->bytes > bytes_before)
        out->bytes = bytes_before;
    return false;
}

/* ---- the translator ---- */

static void forget_state(struct translation *translation)
{
    luaL_unref(vm_state(translation->vm), LUA_REGISTRYINDEX, translation->state);
    translation->state = LUA_NOREF;
}

static bool translation_request(void *arg, struct slice client_body,
                                const struct translator_wish *wish, struct buffer *out,
                                struct request_fault *fault)
{
    struct translation *translation = arg;
    struct call call = {.translation = translation,
                        .function = translation->host->request,
                        .wish = wish,
                        .fault = fault};
    forget_state(translation);
    *fault = (struct request_fault){.code = "internal_error",
                                    .message = "The request could not be translated."};
    if (!json_document_open(translation->host->document, client_body, &translation->why)) {
        fault->code = "invalid_json";
        snprintf(fault->message, sizeof fault->message, "The body is not valid JSON: %.200s",
                 translation->why.message);
        return false;
    }
    return make_call(&call, out);
}

static bool call_with_text(struct translation *translation, int function, struct slice name,
                           struct slice text, struct buffer *out)
{
    struct call call = {.translation = translation, .function = function, .name = name};
    if (translation->state == LUA_NOREF)
        return fault_set(&translation->why, "no_request", "there was no request");
    if (!json_document_open(translation->host->document, text, &translation->why))
        return false;
    return make_call(&call, out);
}

static bool translation_event(void *arg, struct slice name, struct slice data, struct buffer *out)
{
    struct translation *translation = arg;
    return call_with_text(translation, translation->host->event, name, data, out);
}

static bool translation_skipped(void *arg, int64_t count, struct slice string)
{
    struct translation *translation = arg;
    struct buffer none;
    char number[24];
    buffer_init(&none, 1);
    snprintf(number, sizeof number, "%lld", (long long)count);
    bool done =
        call_with_text(translation, translation->host->skipped, slice_of(number), string, &none);
    buffer_fini(&none);
    return done;
}

static bool translation_end(void *arg, struct buffer *out)
{
    struct translation *translation = arg;
    return call_with_text(translation, translation->host->finish, slice_of(""), slice_of("null"),
                          out);
}

static bool translation_body(void *arg, struct slice provider_body, struct buffer *out)
{
    struct translation *translation = arg;
    return call_with_text(translation, translation->host->body, slice_of(""), provider_body, out);
}

static const char *why_of(void *arg)
{
    const struct translation *translation = arg;
    return translation->why.message;
}

static void translation_free(void *arg)
{
    struct translation *translation = arg;
    forget_state(translation);
    vm_unref(translation->vm);
    free(translation);
}

static bool is_dialect(const char *name)
{
    static const char *const names[] = {
        "openai-chat",       "openai-responses",       "anthropic", "gemini", "embeddings",
        "gemini-embeddings", "gemini-embeddings-batch"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strncmp(name, MAPPED, sizeof MAPPED - 1) == 0 && strlen(name) < DIALECT_BYTES;
}

/* Finds the host of the VM, or makes it. */
static struct host *host_of(struct vm *vm, struct fault *fault)
{
    struct host *host = NULL;
    lua_State *state = vm_current(vm);
    int top = lua_gettop(state);
    if (!vm_ccall_inside(vm, find_host, &host, fault))
        host = NULL;
    lua_settop(state, top);
    return host;
}

bool translation_start(struct vm *vm, const char *client_dialect, const char *provider_dialect,
                       struct translator *out, struct fault *fault)
{
    if (!is_dialect(client_dialect) || !is_dialect(provider_dialect))
        return fault_set(fault, "unknown_dialect", "no dialect %s or %s", client_dialect,
                         provider_dialect);
    struct host *host = host_of(vm, fault);
    if (host == NULL)
        return false;
    struct translation *translation = calloc(1, sizeof *translation);
    if (translation == NULL)
        return fault_set(fault, "out_of_memory", "out of memory");
    vm_ref(vm);
    translation->vm = vm;
    translation->host = host;
    translation->state = LUA_NOREF;
    snprintf(translation->client, sizeof translation->client, "%s", client_dialect);
    snprintf(translation->provider, sizeof translation->provider, "%s", provider_dialect);
    *out = (struct translator){.arg = translation,
                               .request = translation_request,
                               .event = translation_event,
                               .skipped = translation_skipped,
                               .end = translation_end,
                               .body = translation_body,
                               .why = why_of,
                               .free = translation_free};
    return true;
}

bool translation_start_mapped(struct vm *vm, const char *provider, struct translator *out,
                              struct fault *fault)
{
    char name[DIALECT_BYTES + 64];
    snprintf(name, sizeof name, MAPPED "%.80s", provider);
    return translation_start(vm, "openai-chat", name, out, fault);
}
