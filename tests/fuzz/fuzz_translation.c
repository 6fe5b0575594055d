/* A request and an answer of a provider through a pair of dialects: what comes out is JSON, in
 * whole events; what cannot be understood is refused with a reason, never by a mistake of Lua's.
 *
 * An input: "02s" (client, provider, streamed or plain), then a line with the request, then lines
 * with events or the body. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"
#include "script/policy_files.h"
#include "script/translation.h"
#include "script/vm.h"

enum { OUT_BYTES_MAX = 4 * 1024 * 1024 };

/* Conversations, then embeddings. */
static const char *const dialects[] = {
    "openai-chat",       "openai-responses",       "anthropic", "gemini", "embeddings",
    "gemini-embeddings", "gemini-embeddings-batch"};
enum { CONVERSATIONS_MAX = 3, DIALECTS_MAX = 6 };

/* Whether one is translated into the other: both are conversations, or both are embeddings. */
static bool is_pair(char client, char provider, bool streamed)
{
    int a = client - '0';
    int b = provider - '0';
    if (a < 0 || b < 0 || a > DIALECTS_MAX || b > DIALECTS_MAX)
        return false;
    return a > CONVERSATIONS_MAX ? b > CONVERSATIONS_MAX && !streamed : b <= CONVERSATIONS_MAX;
}

static struct vm *the_vm(void)
{
    static struct vm *vm;
    struct fault fault;
    const struct vm_options options = {0};
    if (vm != NULL)
        return vm;
    struct policy_files *files = policy_files_read("policies", &fault);
    check(files != NULL);
    vm = vm_new(files, &options, &fault);
    check(vm != NULL);
    policy_files_unref(files);
    return vm;
}

static struct slice take_line(struct slice *rest)
{
    const char *end = rest->bytes > 0 ? memchr(rest->data, '\n', rest->bytes) : NULL;
    struct slice line = {rest->data, end != NULL ? (size_t)(end - rest->data) : rest->bytes};
    size_t taken = line.bytes + (end != NULL);
    rest->data += taken;
    rest->bytes -= taken;
    return line;
}

static void check_json(struct slice text)
{
    struct json_value root;
    struct fault fault;
    check(json_parse(text, LIMIT_JSON_DEPTH * 2, &root, &fault));
    check(root.type == JSON_OBJECT);
}

/* Each event: perhaps a line with its name, one with data, an empty one. */
static void check_events(struct slice text)
{
    static const char data[] = "data: ", name[] = "event: ";
    while (text.bytes > 0) {
        struct slice line = take_line(&text);
        if (line.bytes > sizeof name && memcmp(line.data, name, sizeof name - 1) == 0)
            line = take_line(&text);
        check(line.bytes > sizeof data && memcmp(line.data, data, sizeof data - 1) == 0);
        check_json((struct slice){line.data + sizeof data - 1, line.bytes - (sizeof data - 1)});
        check(take_line(&text).bytes == 0);
    }
}

/* Messages of Lua about its own code. */
static void check_reason(const struct translator *translator)
{
    const char *why = translator->why(translator->arg);
    check(strstr(why, "attempt to") == NULL && strstr(why, "bad argument") == NULL);
    check(strstr(why, "invalid ") == NULL || strstr(why, "JSON") != NULL || strstr(why, "UTF"));
}

static void check_answer(struct translator *translator, struct slice rest, bool streamed)
{
    struct buffer out;
    buffer_init(&out, OUT_BYTES_MAX);
    if (!streamed) {
        if (translator->body(translator->arg, rest, &out))
            check_json(buffer_slice(&out));
        else
            check_reason(translator);
        buffer_fini(&out);
        return;
    }
    while (rest.bytes > 0) {
        size_t before = out.bytes;
        struct slice event = take_line(&rest);
        if (translator->event(translator->arg, slice_of(""), event, &out))
            continue;
        check(out.bytes == before);
        check_reason(translator);
        break;
    }
    if (!translator->end(translator->arg, &out))
        check_reason(translator);
    check_events(buffer_slice(&out));
    buffer_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct translator translator;
    struct fault fault;
    struct request_fault refused;
    struct buffer request;
    bool streamed = bytes >= 4 && data[2] == 's';
    if (bytes < 4 || !is_pair((char)data[0], (char)data[1], streamed))
        return 0;
    const struct translator_wish wish = {.model = "m",
                                         .model_public = "p",
                                         .max_tokens_field = "both",
                                         .streamed = streamed,
                                         .exchange_id = "req_1"};
    struct slice rest = {(const char *)data + 4, bytes - 4};
    struct slice body = take_line(&rest);
    buffer_init(&request, OUT_BYTES_MAX);
    check(translation_start(the_vm(), dialects[data[0] - '0'], dialects[data[1] - '0'], &translator,
                            &fault));
    if (translator.request(translator.arg, body, &wish, &request, &refused)) {
        check_json(buffer_slice(&request));
        check_answer(&translator, rest, streamed);
    } else {
        check(request.bytes == 0);
        check(strcmp(refused.code, "internal_error") != 0);
    }
    translator.free(translator.arg);
    buffer_fini(&request);
    return 0;
}
