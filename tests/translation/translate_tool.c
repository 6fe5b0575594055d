/* Translates what stands on its standard input, a case a line, with the shipped policies: for tests
 * in other languages, and for looking at a translation.
 *
 *   {"client": "anthropic", "provider": "openai-chat", "request": "...", "streamed": true,
 *    "events": [["name", "data"], ...] or "body": "...", "repeat": 1000, "never_reasons": true}
 *
 * A line of the output: {"request": "...", "code", "param", "message"} for a refusal, and
 * {"answer": "...", "why": "..."}. With `repeat` the events are translated so often, and "ns" is
 * the time that one of them takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"
#include "script/policy_files.h"
#include "script/translation.h"
#include "script/vm.h"

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024 };

struct run {
    struct translator translator;
    struct buffer request;
    struct buffer data; /* a decoded text */
    struct buffer answer;
    struct buffer line; /* of output */
    bool failed;
};

static struct slice decoded(const struct json_value *value, struct buffer *out)
{
    buffer_reset(out);
    if (value->type == JSON_STRING)
        check(json_decode_string(value, out));
    return buffer_slice(out);
}

static void copy_text(const struct json_value *value, const char *otherwise, char *out,
                      size_t out_bytes)
{
    struct buffer text;
    buffer_init(&text, TEXT_BYTES_MAX);
    struct slice slice = decoded(value, &text);
    if (value->type == JSON_STRING)
        snprintf(out, out_bytes, "%.*s", (int)slice.bytes, slice.data);
    else
        snprintf(out, out_bytes, "%s", otherwise);
    buffer_fini(&text);
}

static void write_member(struct run *run, const char *name, struct slice text)
{
    buffer_append_text(&run->line, run->line.bytes > 1 ? "," : "");
    check(json_write_text(&run->line, name));
    check(buffer_append_char(&run->line, ':'));
    check(json_write_string(&run->line, text));
}

enum member {
    CLIENT,
    PROVIDER,
    REQUEST,
    STREAMED,
    EVENTS,
    BODY,
    REPEAT,
    LIMIT,
    FIELD,
    DULL,
    MEMBERS
};

static bool send_request(struct run *run, const struct json_member *members)
{
    char field[64];
    struct request_fault fault;
    int64_t limit = 0;
    copy_text(&members[FIELD].value, "max_completion_tokens", field, sizeof field);
    if (members[LIMIT].count > 0)
        check(json_int64(&members[LIMIT].value, &limit));
    struct translator_wish wish = {.model = "provider-model",
                                   .model_public = "public-model",
                                   .output_tokens_max = limit,
                                   .max_tokens_field = field,
                                   .streamed = members[STREAMED].value.type == JSON_TRUE,
                                   .never_reasons = members[DULL].value.type == JSON_TRUE,
                                   .exchange_id = "req_1",
                                   .created_ms = 1700000000000};
    struct slice body = decoded(&members[REQUEST].value, &run->data);
    if (run->translator.request(run->translator.arg, body, &wish, &run->request, &fault)) {
        write_member(run, "request", buffer_slice(&run->request));
        return true;
    }
    write_member(run, "code", slice_of(fault.code));
    write_member(run, "param", slice_of(fault.param != NULL ? fault.param : ""));
    write_member(run, "message", slice_of(fault.message));
    write_member(run, "why", slice_of(run->translator.why(run->translator.arg)));
    return false;
}

static void fail(struct run *run)
{
    if (!run->failed)
        write_member(run, "why", slice_of(run->translator.why(run->translator.arg)));
    run->failed = true;
}

static void send_event(struct run *run, const struct json_value *event)
{
    char name[128];
    struct json_item item = {0};
    struct json_walk walk = json_walk(event);
    check(json_next(&walk, &item));
    copy_text(&item.value, "", name, sizeof name);
    check(json_next(&walk, &item));
    struct slice data = decoded(&item.value, &run->data);
    if (!run->translator.event(run->translator.arg, slice_of(name), data, &run->answer))
        fail(run);
}

static int64_t now_ns(void)
{
    struct timespec now;
    check(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Translates the last event again and again. */
static void measure(struct run *run, int64_t times)
{
    char text[32];
    struct slice data = buffer_slice(&run->data);
    size_t bytes = run->answer.bytes;
    int64_t begun_ns = now_ns();
    for (int64_t i = 0; i < times; i++) {
        if (!run->translator.event(run->translator.arg, slice_of(""), data, &run->answer))
            fail(run);
        run->answer.bytes = bytes;
    }
    snprintf(text, sizeof text, "%lld", (long long)((now_ns() - begun_ns) / times));
    write_member(run, "ns", slice_of(text));
}

static void send_answer(struct run *run, const struct json_member *members)
{
    struct json_item item;
    int64_t times = 0;
    struct json_walk walk = json_walk(&members[EVENTS].value);
    if (members[BODY].count > 0) {
        struct slice body = decoded(&members[BODY].value, &run->data);
        if (!run->translator.body(run->translator.arg, body, &run->answer))
            fail(run);
    }
    while (members[EVENTS].value.type == JSON_ARRAY && json_next(&walk, &item))
        send_event(run, &item.value);
    if (members[REPEAT].count > 0 && json_int64(&members[REPEAT].value, &times) && times > 0)
        measure(run, times);
    if (members[EVENTS].count > 0 && !run->failed && /* as the gateway does it */
        !run->translator.end(run->translator.arg, &run->answer))
        fail(run);
    write_member(run, "answer", buffer_slice(&run->answer));
}

static void translate(struct vm *vm, struct slice line)
{
    struct json_member members[MEMBERS] = {
        [CLIENT] = {.name = "client"},     [PROVIDER] = {.name = "provider"},
        [REQUEST] = {.name = "request"},   [STREAMED] = {.name = "streamed"},
        [EVENTS] = {.name = "events"},     [BODY] = {.name = "body"},
        [REPEAT] = {.name = "repeat"},     [LIMIT] = {.name = "limit"},
        [FIELD] = {.name = "limit_field"}, [DULL] = {.name = "never_reasons"},
    };
    struct run run = {0};
    struct fault fault;
    struct json_value root;
    char client[64], provider[64];
    buffer_init(&run.request, TEXT_BYTES_MAX);
    buffer_init(&run.data, TEXT_BYTES_MAX);
    buffer_init(&run.answer, TEXT_BYTES_MAX);
    buffer_init(&run.line, TEXT_BYTES_MAX);
    check(json_parse(line, LIMIT_JSON_DEPTH, &root, &fault));
    json_find_all(&root, members, MEMBERS);
    copy_text(&members[CLIENT].value, "", client, sizeof client);
    copy_text(&members[PROVIDER].value, "", provider, sizeof provider);
    buffer_append_char(&run.line, '{');
    if (!translation_start(vm, client, provider, &run.translator, &fault)) {
        write_member(&run, "why", slice_of(fault.message));
    } else {
        if (send_request(&run, members))
            send_answer(&run, members);
        run.translator.free(run.translator.arg);
    }
    printf("%.*s}\n", (int)run.line.bytes, run.line.data);
    fflush(stdout);
    buffer_fini(&run.request);
    buffer_fini(&run.data);
    buffer_fini(&run.answer);
    buffer_fini(&run.line);
}

int main(void)
{
    struct fault fault;
    const struct vm_options options = {0};
    struct policy_files *files = policy_files_read("policies", &fault);
    struct vm *vm = files != NULL ? vm_new(files, &options, &fault) : NULL;
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;
    if (vm == NULL) {
        fprintf(stderr, "%s\n", fault.message);
        return 1;
    }
    while ((bytes = getline(&line, &room, stdin)) > 0)
        translate(vm, slice_trim((struct slice){line, (size_t)bytes}));
    free(line);
    vm_unref(vm);
    policy_files_unref(files);
    return 0;
}
