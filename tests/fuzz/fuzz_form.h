/* What the harnesses of the dialects share: requests, answers and streams through a dialect's
 * table. A stream is the same bytes, an event a line. */
#ifndef FUZZ_FUZZ_FORM_H
#define FUZZ_FUZZ_FORM_H

#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/dialect.h"
#include "dialect/foreign_marks.h"
#include "dialect/kept_names.h"
#include "dialect/sse.h"

#define FUZZ_MODEL "m\"\xc3\xa9"

enum { FUZZ_TOKENS_MAX = 77 };

/* ---- requests ---- */

static inline void fuzz_check_prompt(const struct prompt *prompt, size_t bytes)
{
    const int64_t counts[] = {prompt->bytes_most,  prompt->text_bytes,  prompt->message_count,
                              prompt->image_count, prompt->audio_bytes, prompt->opaque_count};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        check(counts[i] >= 0 && (uint64_t)counts[i] <= bytes);
}

/* What a provider gets is a request like the client's, but for what was to be changed. */
static inline void fuzz_check_copy(const struct dialect_form *form,
                                   const struct request_address *address,
                                   const struct model_request *request, struct slice copy)
{
    struct model_request read;
    struct request_fault fault;
    struct kept_names names = {0};
    struct request_address naming = *address;
    naming.kept = &names;
    check(form->read_request(copy, &naming, 0, &read, &fault));
    check(names.count == address->kept->count);
    kept_names_fini(&names);
    check(address->model.bytes > 0 || strcmp(read.model, FUZZ_MODEL) == 0);
    check(read.streamed == request->streamed && read.choices == request->choices);
    check(read.prompt.message_count == request->prompt.message_count);
    check(read.prompt.image_count == request->prompt.image_count);
    check(read.prompt.audio_bytes == request->prompt.audio_bytes);
    check(read.prompt.opaque_count == request->prompt.opaque_count);
    check(read.paid.count == request->paid.count);
    check(read.members[REQUEST_PROVIDER].raw.data == NULL); /* the client's wishes are ours */
    check(read.output_tokens > 0 && read.output_tokens <= FUZZ_TOKENS_MAX);
}

/* What is left is a JSON object, and nothing of it is removed twice. */
static inline void fuzz_remove_marks(enum dialect dialect, struct request_copy *copy)
{
    struct json_value root;
    struct fault fault;
    for (int i = 0; i < 2; i++) {
        size_t bytes = i == 0 ? 0 : copy->parts[0].bytes;
        check(foreign_marks_remove(dialect, copy) && copy->part_count == 1);
        check(json_parse(copy->parts[0], LIMIT_JSON_DEPTH, &root, &fault));
        check(root.type == JSON_OBJECT && (bytes == 0 || copy->parts[0].bytes == bytes));
    }
}

static inline void fuzz_named_request(const struct dialect_form *form,
                                      const struct request_address *address, struct slice text)
{
    struct model_request request;
    struct request_fault fault = {0};
    struct request_copy copy = {0};
    struct buffer written;
    const struct request_changes changes = {.model = FUZZ_MODEL,
                                            .output_tokens_max = FUZZ_TOKENS_MAX};
    if (!form->read_request(text, address, 0, &request, &fault)) {
        check(fault.code && fault.message[0] != '\0');
        return;
    }
    check(request.model[0] != '\0' && request.output_tokens >= -1 && request.choices >= 1);
    fuzz_check_prompt(&request.prompt, text.bytes);
    check(form->apply(&request, &changes, &copy));
    buffer_init(&written, text.bytes + 4096);
    for (size_t i = 0; i < copy.part_count; i++)
        check(buffer_append_slice(&written, copy.parts[i]));
    fuzz_check_copy(form, address, &request, buffer_slice(&written));
    fuzz_remove_marks(request.dialect, &copy);
    buffer_fini(&written);
    request_copy_fini(&copy);
}

/* What the request names of what its provider keeps lies in its text, or it names nothing. */
static inline void fuzz_request(const struct dialect_form *form,
                                const struct request_address *address, struct slice text)
{
    struct kept_names names = {0};
    struct request_address naming = *address;
    naming.kept = &names;
    fuzz_named_request(form, &naming, text);
    for (size_t i = 0; i < names.count; i++) {
        const struct slice *id = &names.list[i].id;
        check(id->bytes > 0 && id->data >= text.data &&
              id->data + id->bytes <= text.data + text.bytes);
    }
    kept_names_fini(&names);
}

/* ---- answers ---- */

static inline void fuzz_check_facts(const struct answer_facts *facts, struct slice text)
{
    check(facts->kind <= ANSWER_FAILS);
    check(fuzz_inside(facts->text, text));
    check(fuzz_inside(facts->holder.raw, text));
    check(fuzz_inside(facts->usage.raw, text));
    check(fuzz_inside(facts->model.raw, text));
    check(facts->sizes.text_bytes >= 0 && (uint64_t)facts->sizes.text_bytes <= text.bytes);
    check(facts->sizes.audio_bytes >= 0 && (uint64_t)facts->sizes.audio_bytes <= text.bytes);
    check(facts->sizes.image_count >= 0 && (uint64_t)facts->sizes.image_count <= text.bytes);
    check(facts->finish_reason == NULL || facts->said || facts->kind == ANSWER_FAILS);
}

static inline void fuzz_check_event(struct slice event, void *arg)
{
    struct json_value root;
    struct fault fault;
    size_t *count = arg;
    struct slice data = sse_data(event, NULL);
    check(data.bytes > 0 && json_parse(data, LIMIT_JSON_DEPTH, &root, &fault));
    check(root.type == JSON_OBJECT);
    ++*count;
}

/* An end is whole events, whatever has come. */
static inline void fuzz_end(const struct dialect_form *form, const struct answer_state *state)
{
    const struct final_usage usage = {10, 4, 3, 1500, 0};
    const struct error_body error = {.status = 500, .code = "c", .message = "m\"\n"};
    struct buffer out;
    struct sse sse;
    size_t events = 0;
    buffer_init(&out, LIMIT_EVENT_BYTES);
    form->write_length(state, &usage, &out);
    form->write_failure(state, &error, &usage, &out);
    check(!out.failed);
    sse_init(&sse);
    check(sse_feed(&sse, buffer_slice(&out), fuzz_check_event, &events));
    check(sse_is_between_events(&sse) && events >= 2);
    sse_fini(&sse);
    buffer_fini(&out);
}

static inline void fuzz_answers(const struct dialect_form *form, struct slice text)
{
    struct answer_state *state = answer_state_new();
    struct answer_facts facts;
    struct json_value root;
    struct fault fault;
    while (text.bytes > 0) {
        const char *end = memchr(text.data, '\n', text.bytes);
        struct slice line = {text.data, end != NULL ? (size_t)(end - text.data) : text.bytes};
        size_t taken = line.bytes + (end != NULL ? 1 : 0);
        text = (struct slice){text.data + taken, text.bytes - taken};
        if (!json_parse(line, LIMIT_JSON_DEPTH, &root, &fault))
            continue;
        form->read_answer(&root, &facts);
        fuzz_check_facts(&facts, line);
        form->read_event(NULL, &root, &facts);
        fuzz_check_facts(&facts, line);
        form->read_event(state, &root, &facts);
        fuzz_check_facts(&facts, line);
        fuzz_end(form, state);
    }
    answer_state_free(state);
}

static inline void fuzz_dialect(enum dialect dialect, struct slice text)
{
    const struct dialect_form *form = dialect_form(dialect);
    const struct request_address address = {.model = {"m", dialect == DIALECT_GEMINI}};
    fuzz_request(form, &address, text);
    fuzz_answers(form, text);
}

#endif
