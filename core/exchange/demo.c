#include "exchange/demo.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "dialect/model_request.h"
#include "exchange/local_call.h"
#include "exchange/meter.h"

enum { ANSWER_BYTES_MAX = 1024 * 1024 };

static const char *const words[] = {
    "This",      " is",    " the",  " demo",    " model",      " of",   " LLM",
    " Gateway.", " Your",  " key,", " your",    " credits",    " and",  " your",
    " client",   " work.", " Set",  " a",       " provider's", " key",  " (see",
    " README)",  " to",    " get",  " answers", " from",       " real", " models."};
enum { WORD_COUNT = sizeof words / sizeof words[0] };

struct demo {
    struct local_call call; /* first: it is cast back */
    struct demo_request request;
};

struct demo_answer {
    const struct demo_request *request;
    struct buffer *out;
    size_t word_count;
    const char *finish_reason;
    int64_t input_tokens;
};

static void write_head(const struct demo_answer *answer, const char *object)
{
    buffer_printf(
        answer->out, "{\"id\":\"chatcmpl-%s\",\"object\":\"%s\",\"created\":%lld,\"model\":",
        answer->request->exchange_id, object, (long long)(answer->request->created_ms / 1000));
    json_write_text(answer->out, answer->request->model);
}

static void write_usage(const struct demo_answer *answer)
{
    long long output = (long long)answer->word_count * answer->request->asks->choices;
    buffer_printf(
        answer->out,
        "\"usage\":{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,\"total_tokens\":%lld}",
        (long long)answer->input_tokens, output, (long long)answer->input_tokens + output);
}

static void write_plain(const struct demo_answer *answer)
{
    struct buffer *out = answer->out;
    write_head(answer, "chat.completion");
    buffer_append_text(out, ",\"choices\":[");
    for (int64_t choice = 0; choice < answer->request->asks->choices; choice++) {
        buffer_printf(out, "%s{\"index\":%lld,\"message\":{\"role\":\"assistant\",\"content\":\"",
                      choice > 0 ? "," : "", (long long)choice);
        for (size_t i = 0; i < answer->word_count; i++)
            buffer_append_text(out, words[i]);
        buffer_printf(out, "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"%s\"}",
                      answer->finish_reason);
    }
    buffer_append_text(out, "],");
    write_usage(answer);
    buffer_append_char(out, '}');
}

static void write_chunk(const struct demo_answer *answer, int64_t choice, const char *delta,
                        const char *finish_reason)
{
    struct buffer *out = answer->out;
    buffer_append_text(out, "data: ");
    write_head(answer, "chat.completion.chunk");
    buffer_printf(out, ",\"choices\":[{\"index\":%lld,\"delta\":{%s},\"finish_reason\":",
                  (long long)choice, delta);
    if (finish_reason != NULL)
        json_write_text(out, finish_reason);
    else
        buffer_append_text(out, "null");
    buffer_append_text(out, "}]}\n\n");
}

static void write_word(const struct demo_answer *answer, int64_t choice, const char *word)
{
    char delta[64] = "\"content\":\"";
    strncat(delta, word, 40);
    strncat(delta, "\"", 2);
    write_chunk(answer, choice, delta, NULL);
}

static void write_stream(const struct demo_answer *answer)
{
    for (int64_t choice = 0; choice < answer->request->asks->choices; choice++) {
        write_chunk(answer, choice, "\"role\":\"assistant\",\"content\":\"\"", NULL);
        for (size_t i = 0; i < answer->word_count; i++)
            write_word(answer, choice, words[i]);
        write_chunk(answer, choice, "", answer->finish_reason);
    }
    buffer_append_text(answer->out, "data: ");
    write_head(answer, "chat.completion.chunk");
    buffer_append_text(answer->out, ",\"choices\":[],");
    write_usage(answer);
    buffer_append_text(answer->out, "}\n\ndata: [DONE]\n\n");
}

/* The lower one of the client's limit and ours; 0: none. */
static int64_t limit_of(const struct demo_request *request)
{
    int64_t stated = request->asks->output_tokens;
    int64_t most = request->output_tokens_max;
    return stated > 0 && (most <= 0 || stated < most) ? stated : most;
}

static void answer_now(void *arg)
{
    struct demo *demo = arg;
    const struct model_request *asks = demo->request.asks;
    struct buffer text;
    buffer_init(&text, ANSWER_BYTES_MAX);
    struct demo_answer answer = {.request = &demo->request,
                                 .out = &text,
                                 .word_count = WORD_COUNT,
                                 .finish_reason = "stop",
                                 .input_tokens = meter_estimate(asks->prompt.text_bytes)};
    int64_t limit = limit_of(&demo->request);
    if (limit > 0 && limit < WORD_COUNT) {
        answer.word_count = (size_t)limit;
        answer.finish_reason = "length";
    }
    if (asks->streamed)
        write_stream(&answer);
    else
        write_plain(&answer);
    const struct upstream_head head = {
        .status = 200,
        .content_type = slice_of(asks->streamed ? "text/event-stream" : "application/json"),
        .retry_after_ms = -1,
        .content_length = -1};
    local_call_tell(&demo->call, &head, buffer_slice(&text));
    buffer_fini(&text);
}

struct local_call *demo_start(struct loop *loop, const struct demo_request *request,
                              const struct upstream_events *events)
{
    struct demo *demo = calloc(1, sizeof *demo);
    check(demo != NULL);
    demo->request = *request;
    local_call_start(&demo->call, loop, events, answer_now);
    return &demo->call;
}
