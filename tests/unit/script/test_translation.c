/* The translation between dialects: bytes in, bytes out. tests/e2e/test_translation.py holds the
 * results against the types of the official SDKs. */
#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "policy_fixture.h"
#include "script/translation.h"
#include "script/vm_call.h"

#define CHUNK                                                                                      \
    "data: {\"id\":\"chatcmpl-req_1\",\"object\":\"chat.completion.chunk\",\"created\":1700,"      \
    "\"model\":\"public\",\"choices\":[{\"index\":0,\"delta\":{"
#define CHUNK_END "},\"finish_reason\":null}]}\n\n"
#define BLOCK(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"

static const struct translator_wish plain_wish = {.model = "their",
                                                  .model_public = "public",
                                                  .max_tokens_field = "max_tokens",
                                                  .exchange_id = "req_1",
                                                  .created_ms = 1700000};

struct bench {
    struct vm *vm;
    struct translator translator;
    struct buffer out;
    struct request_fault fault;
};

static struct bench begin(struct vm *vm, const char *client, const char *provider)
{
    struct bench bench = {.vm = vm};
    struct fault fault;
    buffer_init(&bench.out, 1024 * 1024);
    if (!translation_start(vm, client, provider, &bench.translator, &fault))
        fail_msg("%s", fault.message);
    return bench;
}

static void end(struct bench *bench)
{
    bench->translator.free(bench->translator.arg);
    buffer_fini(&bench->out);
}

static bool ask(struct bench *bench, const char *body, bool streamed)
{
    struct translator_wish wish = plain_wish;
    wish.streamed = streamed;
    buffer_reset(&bench->out);
    return bench->translator.request(bench->translator.arg, slice_of(body), &wish, &bench->out,
                                     &bench->fault);
}

static void assert_out(struct bench *bench, const char *expected)
{
    char *text = calloc(1, bench->out.bytes + 1);
    if (bench->out.bytes > 0)
        memcpy(text, bench->out.data, bench->out.bytes);
    assert_string_equal(text, expected);
    free(text);
    buffer_reset(&bench->out);
}

static void feed(struct bench *bench, const char *data, const char *expected)
{
    struct translator *translator = &bench->translator;
    if (!translator->event(translator->arg, slice_of(""), slice_of(data), &bench->out))
        fail_msg("%s", translator->why(translator->arg));
    assert_out(bench, expected);
}

static void finish(struct bench *bench, const char *expected)
{
    struct translator *translator = &bench->translator;
    if (!translator->end(translator->arg, &bench->out))
        fail_msg("%s", translator->why(translator->arg));
    assert_out(bench, expected);
}

/* ---- requests ---- */

struct request_case {
    const char *client;
    const char *provider;
    const char *body;
    const char *expected; /* NULL: refused */
    const char *param;
    const char *message;
};

#define KEPT_ADDRESS                                                                               \
    "This model's provider reads files at public addresses only; send the file's data."

static const struct request_case request_cases[] = {
    {"openai-chat", "anthropic",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\","
     "\"content\":\"a\\u00e9\\\"\"}],\"temperature\":0.5}",
     "{\"model\":\"their\",\"max_tokens\":8192,\"system\":[{\"type\":\"text\",\"text\":\"S\"}],"
     "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
     "\"a\\u00e9\\\"\"}]}]}",
     NULL, NULL},
    {"openai-chat", "anthropic",
     "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c.1\",\"type\":\"function\","
     "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":[1e5]}\"}}]},{\"role\":\"tool\","
     "\"tool_call_id\":\"c.1\",\"content\":\"r\"},{\"role\":\"user\",\"content\":\"u\"}]}",
     "{\"model\":\"their\",\"max_tokens\":8192,\"messages\":[{\"role\":\"assistant\",\"content\":[{"
     "\"type\":\"tool_use\",\"id\":\"c_1\",\"name\":\"f\",\"input\":{\"a\":[1e5]}}]},{\"role\":"
     "\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c_1\",\"content\":[{"
     "\"type\":\"text\",\"text\":\"r\"}]},{\"type\":\"text\",\"text\":\"u\"}]}]}",
     NULL, NULL},
    {"anthropic", "openai-chat",
     "{\"model\":\"m\",\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
     "\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"AA\\/B\"}}]"
     "}]}",
     "{\"model\":\"their\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
     "\"image_url\":{\"url\":\"data:image/png;base64,AA\\/B\"}}]}],\"max_tokens\":5}",
     NULL, NULL},
    {"openai-chat", "anthropic", "{\"messages\":[],\"n\":2}", NULL, "n",
     "'n' cannot be carried over: this model's provider gives one answer."},
    {"openai-chat", "anthropic", "{\"messages\":[],\"best_of\":2}", NULL, "best_of",
     "'best_of' is not known here; another model's provider may take it."},
    {"openai-chat", "anthropic", "{\"messages\":[],\"messages\":[]}", NULL, "messages",
     "'messages' occurs twice; send it once."},
    {"openai-chat", "anthropic",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
     "\"text\":\"x\",\"colour\":1}]}]}",
     NULL, "messages[0].content[0].colour",
     "'messages[0].content[0].colour' is not known here; another model's provider may take it."},
    {"anthropic", "openai-chat",
     "{\"messages\":[],\"tools\":[{\"type\":\"bash_20250124\",\"name\":\"bash\"}]}", NULL,
     "tools[0].type", "'tools[0].type' is 'bash_20250124', a tool that only Anthropic has."},
    /* Google's own addresses name files of the account. */
    {"openai-chat", "gemini",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
     "\"image_url\":{\"url\":"
     "\"https://generativelanguage.googleapis.com/v1beta/files/a\"}}]}]}",
     NULL, "messages", KEPT_ADDRESS},
    {"openai-chat", "gemini",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
     "\"image_url\":{\"url\":"
     "\"gs://bucket/a\"}}]}]}",
     NULL, "messages", KEPT_ADDRESS},
    {"openai-chat", "gemini",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
     "\"image_url\":{\"url\":"
     "\"HTTPS://x.GOOGLE\\u0041PIS.com:443/a\"}}]}]}",
     NULL, "messages", KEPT_ADDRESS},
    {"openai-chat", "gemini",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
     "\"image_url\":{\"url\":"
     "\"https://x@y/a\"}}]}]}",
     NULL, "messages", KEPT_ADDRESS},
    {"anthropic", "gemini",
     "{\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
     "\"tool_use_id\":\"a\"}]}]}",
     NULL, "tool_use_id", "The result of the tool call 'a' has no call before it."},
    /* What is decoded is not written as it came. */
    {"gemini", "openai-chat",
     "{\"contents\":[{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/\\\"x\","
     "\"data\":\"A\"}}]}]}",
     NULL, "contents[0].parts[0].inlineData.mimeType",
     "'contents[0].parts[0].inlineData.mimeType' must be a media type."},
    {"openai-chat", "openai-responses",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{"
     "\"url\":\"x\",\"detail\":\"\\\"\"}}]}]}",
     "{\"model\":\"their\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{"
     "\"type\":\"input_image\",\"detail\":\"\\\"\",\"image_url\":\"x\"}]}],\"store\":false}",
     NULL, NULL},
    {"anthropic", "openai-chat", "[1,", NULL, NULL, NULL},
    {"anthropic", "openai-chat", "[]", NULL, NULL, "The body must be an object."},
};

static void test_requests(void **state)
{
    for (size_t i = 0; i < sizeof request_cases / sizeof *request_cases; i++) {
        const struct request_case *one = &request_cases[i];
        struct bench bench = begin(*state, one->client, one->provider);
        bool done = ask(&bench, one->body, false);
        if (one->expected != NULL && !done)
            fail_msg("%zu: %s (%s)", i, bench.fault.message,
                     bench.translator.why(bench.translator.arg));
        if (one->expected != NULL) {
            assert_out(&bench, one->expected);
        } else {
            assert_false(done);
            assert_int_equal(bench.out.bytes, 0);
            assert_string_not_equal(bench.fault.code, "internal_error");
            if (one->param != NULL)
                assert_string_equal(bench.fault.param, one->param);
            if (one->message != NULL)
                assert_string_equal(bench.fault.message, one->message);
        }
        end(&bench);
    }
}

/* ---- answers ---- */

static void test_stream_of_chat_for_anthropic(void **state)
{
    struct bench bench = begin(*state, "anthropic", "openai-chat");
    assert_true(ask(&bench, "{\"max_tokens\":1,\"messages\":[]}", true));
    buffer_reset(&bench.out);
    feed(&bench,
         "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}", "");
    feed(&bench, "{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}",
         BLOCK("message_start",
               ",\"message\":{\"id\":\"msg_req_1\",\"type\":\"message\",\"role\":\"assistant\","
               "\"model\":\"public\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"
               "\"usage\":{\"input_tokens\":0,\"output_tokens\":0}}")
             BLOCK("content_block_start",
                   ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
                 BLOCK("content_block_delta",
                       ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}"));
    feed(&bench, "{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}", "");
    feed(&bench,
         "{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,"
         "\"prompt_tokens_details\":{\"cached_tokens\":4}}}",
         "");
    finish(&bench,
           BLOCK("content_block_stop", ",\"index\":0")
               BLOCK("message_delta",
                     ",\"delta\":{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null},\"usage\":"
                     "{\"input_tokens\":5,\"cache_creation_input_tokens\":0,"
                     "\"cache_read_input_tokens\":4,\"output_tokens\":2}")
                   BLOCK("message_stop", ""));
    end(&bench);
}

static void test_stream_of_anthropic_for_chat(void **state)
{
    struct bench bench = begin(*state, "openai-chat", "anthropic");
    assert_true(ask(&bench, "{\"messages\":[],\"stream\":true}", true));
    buffer_reset(&bench.out);
    feed(&bench, "{\"type\":\"ping\"}", "");
    feed(&bench,
         "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
         "\"text\":\"Hi\"}}",
         CHUNK "\"role\":\"assistant\",\"content\":\"\"" CHUNK_END CHUNK
               "\"content\":\"Hi\"" CHUNK_END);
    feed(&bench,
         "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\","
         "\"id\":\"t1\",\"name\":\"f\",\"input\":{}}}",
         CHUNK "\"tool_calls\":[{\"index\":0,\"id\":\"t1\",\"type\":\"function\",\"function\":{"
               "\"name\":\"f\",\"arguments\":\"\"}}]" CHUNK_END);
    finish(&bench, CHUNK
           "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]" CHUNK_END CHUNK
           "},\"finish_reason\":\"tool_calls\"}]}\n\n");
    end(&bench);
}

static void test_what_is_no_event_is_refused(void **state)
{
    static const char *const events[] = {
        "", "{", "[]", "\"text\"", "{\"choices\":[3]}", "{\"choices\":[],\"choices\":[]}",
    };
    struct bench bench = begin(*state, "anthropic", "openai-chat");
    struct translator *translator = &bench.translator;
    assert_false(translator->event(translator->arg, slice_of(""), slice_of("{}"), &bench.out));
    assert_true(ask(&bench, "{\"max_tokens\":1,\"messages\":[]}", true));
    buffer_reset(&bench.out);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        assert_false(
            translator->event(translator->arg, slice_of(""), slice_of(events[i]), &bench.out));
        assert_int_equal(bench.out.bytes, 0);
    }
    end(&bench);
}

/* ---- limits ---- */

/* A translation that a task starts has limits of its own, and its failure leaves the task. */
static int translate_inside(lua_State *state)
{
    struct bench *bench = lua_touserdata(state, lua_upvalueindex(1));
    lua_pushboolean(state, ask(bench, "{\"max_tokens\":1,\"messages\":[3]}", false));
    lua_pushboolean(state, ask(bench, "{\"max_tokens\":1,\"messages\":[]}", false));
    return 2;
}

static void test_inside_a_task(void **state)
{
    struct bench bench = begin(*state, "anthropic", "openai-chat");
    struct fault fault;
    lua_State *main = vm_state(bench.vm);
    lua_State *task = lua_newthread(main);
    lua_pushlightuserdata(task, &bench);
    lua_pushcclosure(task, translate_inside, 1);
    assert_int_equal(vm_resume(bench.vm, task, 0, &fault), VM_DONE);
    assert_false(lua_toboolean(task, -2));
    assert_true(lua_toboolean(task, -1));
    lua_pop(main, 1);
    end(&bench);
}

/* A task that calls a loop without end and a loop that takes all memory, in calls of their own. */
static int run_away_inside(lua_State *state)
{
    static const char *const codes[] = {
        "pcall(function() while true do end end) while true do end",
        "local t = {} for i = 1, 1e9 do t[i] = string.rep('x', 100000) .. i end",
        "return 7",
    };
    struct vm *vm = lua_touserdata(state, lua_upvalueindex(1));
    struct fault fault;
    int top = lua_gettop(state);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(luaL_loadstring(state, codes[i]), 0);
        assert_false(vm_call_inside(vm, 0, 0, &fault));
        assert_non_null(strstr(fault.message, i == 0 ? "runs without end" : "more memory"));
        lua_settop(state, top);
    }
    assert_int_equal(luaL_loadstring(state, codes[2]), 0);
    assert_true(vm_call_inside(vm, 0, 1, &fault));
    return 1;
}

static void test_a_call_inside_has_its_own_limits(void **state)
{
    struct vm *vm = *state;
    struct fault fault;
    lua_State *task = lua_newthread(vm_state(vm));
    lua_pushlightuserdata(task, vm);
    lua_pushcclosure(task, run_away_inside, 1);
    lua_setglobal(task, "run_away");
    assert_int_equal(luaL_loadstring(task, "local n = run_away() for _ = 1, 1000 do n = n + 1 end "
                                           "return n"),
                     0);
    assert_int_equal(vm_resume(vm, task, 0, &fault), VM_DONE);
    assert_int_equal(lua_tointeger(task, -1), 1007);
    /* The task's own limits hold again. */
    lua_settop(task, 0);
    assert_int_equal(luaL_loadstring(task, "run_away() while true do end"), 0);
    assert_int_equal(vm_resume(vm, task, 0, &fault), VM_RUNAWAY);
    lua_pop(vm_state(vm), 1);
}

/* A body of many members ends the translation, not the program. */
static void test_too_many_members(void **state)
{
    struct bench bench = begin(*state, "anthropic", "openai-chat");
    struct buffer body;
    buffer_init(&body, 32 * 1024 * 1024);
    buffer_append_text(&body, "{\"max_tokens\":1,\"messages\":[0");
    for (size_t i = 0; i < LIMIT_DOCUMENT_NODES; i++)
        buffer_append_text(&body, ",0");
    buffer_append(&body, "]}", 3);
    assert_false(ask(&bench, body.data, false));
    assert_string_equal(bench.fault.message, "The body has too many members.");
    buffer_fini(&body);
    end(&bench);
}

/* What does not fit into the output is not half written. */
static void test_full_output(void **state)
{
    struct bench bench = begin(*state, "anthropic", "openai-chat");
    buffer_fini(&bench.out);
    buffer_init(&bench.out, 40);
    assert_false(ask(&bench, "{\"max_tokens\":1,\"messages\":[]}", false));
    assert_int_equal(bench.out.bytes, 0);
    assert_string_equal(bench.fault.code, "internal_error");
    end(&bench);
}

static void test_unknown_dialect(void **state)
{
    struct translator translator;
    struct fault fault;
    assert_false(translation_start(*state, "cohere", "anthropic", &translator, &fault));
    assert_string_equal(fault.code, "unknown_dialect");
}

static int make_vm(void **state)
{
    *state = fixture_vm_with(NULL, NULL);
    return 0;
}

static int free_vm(void **state)
{
    vm_unref(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_stream_of_chat_for_anthropic),
        cmocka_unit_test(test_stream_of_anthropic_for_chat),
        cmocka_unit_test(test_what_is_no_event_is_refused),
        cmocka_unit_test(test_inside_a_task),
        cmocka_unit_test(test_a_call_inside_has_its_own_limits),
        cmocka_unit_test(test_too_many_members),
        cmocka_unit_test(test_full_output),
        cmocka_unit_test(test_unknown_dialect),
    };
    return cmocka_run_group_tests(tests, make_vm, free_vm);
}
