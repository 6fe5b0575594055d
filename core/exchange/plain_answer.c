#include "exchange/plain_answer.h"

#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/dialect.h"
#include "dialect/renamed.h"

enum { LARGE_BYTES = 512 }; /* values from this size on are not read twice */

bool plain_answer_open(const struct buffer *body, struct json_index *index, struct json_value *root)
{
    struct fault fault;
    return json_parse_indexed(buffer_slice(body), LIMIT_JSON_DEPTH, LARGE_BYTES, index, root,
                              &fault) &&
           root->type == JSON_OBJECT;
}

/* An opened body. */
struct opened {
    struct buffer *body;
    struct json_value *root;
    struct json_index *index;
};

/* `other` is moved into the place of the body. */
static void replace(const struct opened *answer, const struct buffer *other)
{
    buffer_fini(answer->body);
    *answer->body = *other;
    check(plain_answer_open(answer->body, answer->index, answer->root));
}

static void adapt(const struct dialect_form *form, const struct model_request *asks,
                  const struct opened *answer)
{
    struct buffer adapted;
    buffer_init(&adapted, LIMIT_UPSTREAM_BODY_BYTES);
    if (form->adapt_answer(asks, answer->root, &adapted))
        replace(answer, &adapted);
    else
        buffer_fini(&adapted);
}

bool plain_answer_name(const struct rerank_names *names, struct buffer *body,
                       const struct json_value *root)
{
    struct buffer named;
    if (names == NULL)
        return false;
    buffer_init(&named, 2 * LIMIT_UPSTREAM_BODY_BYTES);
    bool done = rerank_names_write(names, root, &named);
    buffer_fini(done ? body : &named);
    if (done)
        *body = named;
    return done;
}

/* Returns whether the body is another one now. */
static bool rename(struct slice name, const struct json_value *model, const struct opened *answer)
{
    struct slice text = buffer_slice(answer->body);
    struct buffer renamed;
    if (!renamed_differs(name, model))
        return false;
    const struct json_edit edit = renamed_edit(name, text, model);
    buffer_init(&renamed, text.bytes + name.bytes);
    bool done = json_apply_edits(text, &edit, 1, &renamed);
    if (done)
        replace(answer, &renamed);
    else
        buffer_fini(&renamed);
    return done;
}

/* A vector too few would move all others to the texts of their neighbours: it is no answer. */
static void check_count(const struct model_request *asks, struct answer_facts *facts)
{
    int64_t inputs = asks->prompt.input_count > 1 ? asks->prompt.input_count : 1;
    if (!facts->one_each || facts->result_count == inputs)
        return;
    facts->said = false;
    facts->finish_reason = NULL;
}

void plain_answer_read(const struct model_request *asks, struct slice answers_as,
                       struct buffer *body, struct json_value *root, struct json_index *index,
                       struct answer_facts *facts)
{
    const struct dialect_form *form = dialect_form(asks->dialect);
    const struct opened answer = {body, root, index};
    if (form->adapt_answer != NULL)
        adapt(form, asks, &answer);
    form->read_answer(root, facts);
    if (rename(answers_as, &facts->model, &answer))
        form->read_answer(root, facts);
    check_count(asks, facts);
}

/* A web page, such as that of a proxy before the provider. What whisper.cpp has heard is text/html,
 * too, so the type does not tell. */
static bool is_page(struct slice body)
{
    static const char *const beginnings[] = {"<!doctype html", "<html"};
    struct slice text = slice_trim(body);
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t bytes = strlen(beginnings[i]);
        if (text.bytes >= bytes && slice_same_nocase(text.data, beginnings[i], bytes))
            return true;
    }
    return false;
}

static bool write_list(const struct json_value *list, struct buffer *out)
{
    struct json_walk walk = json_walk(list);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (item.value.type != JSON_OBJECT)
            return false;
        buffer_append_text(out, "data: ");
        size_t start = out->bytes;
        buffer_append_slice(out, item.value.raw);
        for (size_t i = start; i < out->bytes; i++) { /* a line break in JSON is white space */
            if (out->data[i] == '\n' || out->data[i] == '\r')
                out->data[i] = ' ';
        }
        buffer_append_text(out, "\n\n");
    }
    return out->bytes > 0 && !out->failed;
}

bool plain_answer_list(const struct model_request *asks, enum dialect dialect,
                       const struct buffer *body, struct buffer *events)
{
    struct json_value root;
    struct fault fault;
    if (dialect != DIALECT_GEMINI || !asks->streamed ||
        !json_parse(buffer_slice(body), LIMIT_JSON_DEPTH, &root, &fault) || root.type != JSON_ARRAY)
        return false;
    buffer_init(events, 4 * LIMIT_UPSTREAM_BODY_BYTES);
    bool written = write_list(&root, events);
    if (!written)
        buffer_fini(events);
    return written;
}

bool plain_answer_read_text(struct slice body, struct answer_facts *facts)
{
    struct json_value root;
    struct fault fault;
    *facts = (struct answer_facts){
        .said = body.bytes > 0, .finish_reason = "stop", .sizes.text_bytes = (int64_t)body.bytes};
    if (is_page(body))
        return false;
    return body.bytes == 0 || body.data[0] != '{' ||
           !json_parse(body, LIMIT_JSON_DEPTH, &root, &fault);
}
