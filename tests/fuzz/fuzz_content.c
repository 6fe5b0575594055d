/* What is told of a call (content_request.h, content_answer.h): whatever a client asks and a
 * provider answers, it is valid JSON, keeps to its limit and has no secret in it. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/content_answer.h"
#include "dialect/content_request.h"

static const char secret[] = "sk-house-1234567890";

static void judge(const struct content_text *text)
{
    struct fault fault;
    struct json_value root;
    struct slice told = buffer_slice(&text->out);
    check(!text->out.failed && told.bytes <= text->bytes_max);
    if (told.bytes == 0)
        return;
    check(json_parse(told, LIMIT_JSON_DEPTH + 16, &root, &fault) && root.type == JSON_ARRAY);
    check(slice_find(told, slice_of(secret)) < 0);
}

static void begin(struct content_text *text, size_t bytes_max)
{
    content_text_init(text, bytes_max, slice_of(secret));
}

static void end(struct content_text *text)
{
    judge(text);
    content_text_fini(text);
}

static void read_request(enum dialect dialect, const struct json_value *root, size_t bytes_max)
{
    struct content_request asked;
    begin(&asked.system, bytes_max);
    begin(&asked.messages, bytes_max);
    begin(&asked.tools, bytes_max);
    content_request_read(dialect, root, &asked);
    end(&asked.system);
    end(&asked.messages);
    end(&asked.tools);
}

static void end_answer(struct content_answer *answer, size_t bytes_max)
{
    struct content_text told;
    begin(&told, bytes_max);
    content_answer_write(answer, &told);
    end(&told);
    content_answer_free(answer);
}

static void read_stream(enum dialect dialect, struct slice bytes, size_t bytes_max)
{
    struct content_answer *answer = content_answer_new(dialect, bytes_max);
    size_t half = bytes.bytes / 2;
    content_answer_feed(answer, (struct slice){bytes.data, half});
    content_answer_feed(answer, (struct slice){bytes.data + half, bytes.bytes - half});
    end_answer(answer, bytes_max);
}

static void read_whole(enum dialect dialect, const struct json_value *root, size_t bytes_max)
{
    struct content_answer *answer = content_answer_new(dialect, bytes_max);
    content_answer_take(answer, root);
    end_answer(answer, bytes_max);
}

/* The first byte chooses the dialect, the second one the limit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const enum dialect dialects[] = {DIALECT_CHAT, DIALECT_RESPONSES, DIALECT_ANTHROPIC,
                                            DIALECT_GEMINI, DIALECT_COMPLETIONS};
    struct fault fault;
    struct json_value root;
    if (bytes < 2)
        return 0;
    enum dialect dialect = dialects[data[0] % (sizeof dialects / sizeof *dialects)];
    size_t bytes_max = CONTENT_BYTES_MIN + (size_t)data[1] * 16;
    struct slice text = {(const char *)data + 2, bytes - 2};
    read_stream(dialect, text, bytes_max);
    if (json_parse(text, LIMIT_JSON_DEPTH, &root, &fault)) {
        read_request(dialect, &root, bytes_max);
        read_whole(dialect, &root, bytes_max);
    }
    return 0;
}
