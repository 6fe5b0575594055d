#include "exchange/trace_content.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/content_answer.h"
#include "dialect/content_request.h"
#include "dialect/model_request.h"
#include "exchange/otlp_attribute.h"

struct trace_content {
    size_t bytes_max;
    struct content_answer *heard;
    struct content_request asked;
    struct content_text answered;
    bool cut;
};

struct trace_content *trace_content_new(enum dialect dialect, size_t bytes_max)
{
    if (!content_dialect(dialect))
        return NULL;
    struct trace_content *content = calloc(1, sizeof *content);
    check(content != NULL);
    content->bytes_max = bytes_max;
    content->heard = content_answer_new(dialect, bytes_max);
    return content;
}

void trace_content_free(struct trace_content *content)
{
    if (content == NULL)
        return;
    content_answer_free(content->heard);
    content_text_fini(&content->asked.system);
    content_text_fini(&content->asked.messages);
    content_text_fini(&content->asked.tools);
    content_text_fini(&content->answered);
    free(content);
}

struct content_answer *trace_content_answer(struct trace_content *content)
{
    return content->heard;
}

/* ---- what is told ---- */

/* A shorter one is no secret, but a word like "none". */
static struct slice secret_of(struct slice key)
{
    enum { SECRET_BYTES_MIN = 12 };
    return key.bytes >= SECRET_BYTES_MIN ? key : slice_of("");
}

static void read_request(struct trace_content *content, const struct model_request *asks)
{
    enum { LARGE_BYTES = 512 };
    struct json_index index;
    struct json_value root;
    struct fault fault;
    if (asks->boundary.bytes > 0 ||
        !json_parse_indexed(asks->text, LIMIT_JSON_DEPTH, LARGE_BYTES, &index, &root, &fault))
        return;
    content_request_read(asks->dialect, &root, &content->asked);
}

void trace_content_finish(struct trace_content *content, const struct model_request *asks,
                          struct slice secret)
{
    struct content_request *asked = &content->asked;
    secret = secret_of(secret);
    content_text_init(&asked->system, content->bytes_max, secret);
    content_text_init(&asked->messages, content->bytes_max, secret);
    content_text_init(&asked->tools, content->bytes_max, secret);
    content_text_init(&content->answered, content->bytes_max, secret);
    read_request(content, asks);
    content_answer_write(content->heard, &content->answered);
    content->cut =
        asked->system.cut || asked->messages.cut || asked->tools.cut || content->answered.cut;
}

void trace_content_leave_out(struct trace_content *content)
{
    content->cut = true;
}

/* ---- its attributes ---- */

size_t trace_content_bytes_max(const struct trace_content *content)
{
    enum { ATTRIBUTES = 5 };
    return (size_t)ATTRIBUTES * OTLP_ATTRIBUTE_BYTES + content->asked.system.out.bytes +
           content->asked.messages.out.bytes + content->asked.tools.out.bytes +
           content->answered.out.bytes;
}

/* It is valid UTF-8, because it was read as JSON. */
static char *put_text(char *at, const struct otlp_key *key, const struct content_text *text)
{
    if (text->out.bytes == 0 || text->out.failed)
        return at;
    return otlp_put_word(at, OTLP_SPAN_ATTRIBUTE, key, buffer_slice(&text->out));
}

char *trace_content_put(const struct trace_content *content, char *at)
{
    static const struct otlp_key system = OTLP_KEY("gen_ai.system_instructions");
    static const struct otlp_key input = OTLP_KEY("gen_ai.input.messages");
    static const struct otlp_key output = OTLP_KEY("gen_ai.output.messages");
    static const struct otlp_key tools = OTLP_KEY("gen_ai.tool.definitions");
    static const struct otlp_key cut = OTLP_KEY("llm_gateway.content_truncated");
    at = put_text(at, &system, &content->asked.system);
    at = put_text(at, &input, &content->asked.messages);
    at = put_text(at, &tools, &content->asked.tools);
    at = put_text(at, &output, &content->answered);
    return content->cut ? otlp_put_true(at, OTLP_SPAN_ATTRIBUTE, &cut) : at;
}
