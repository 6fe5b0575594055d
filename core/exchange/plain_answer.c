#include "exchange/plain_answer.h"

#include "base/check.h"
#include "base/limits.h"
#include "dialect/dialect.h"
#include "dialect/renamed.h"

static bool read_object(const struct buffer *body, struct json_value *root)
{
    struct fault fault;
    return json_parse(buffer_slice(body), LIMIT_JSON_DEPTH, root, &fault) &&
           root->type == JSON_OBJECT;
}

/* `other` is moved into the place of the body. */
static void replace(struct buffer *body, const struct buffer *other, struct json_value *root)
{
    buffer_fini(body);
    *body = *other;
    check(read_object(body, root));
}

static void adapt(const struct dialect_form *form, const struct model_request *asks,
                  struct buffer *body, struct json_value *root)
{
    struct buffer adapted;
    buffer_init(&adapted, LIMIT_UPSTREAM_BODY_BYTES);
    if (form->adapt_answer(asks, root, &adapted))
        replace(body, &adapted, root);
    else
        buffer_fini(&adapted);
}

/* Returns whether the body is another one now. */
static bool rename(struct slice name, const struct json_value *model, struct buffer *body,
                   struct json_value *root)
{
    struct buffer renamed;
    if (!renamed_differs(name, model))
        return false;
    const struct json_edit edit = renamed_edit(name, buffer_slice(body), model);
    buffer_init(&renamed, LIMIT_UPSTREAM_BODY_BYTES + name.bytes);
    bool done = json_apply_edits(buffer_slice(body), &edit, 1, &renamed);
    if (done)
        replace(body, &renamed, root);
    else
        buffer_fini(&renamed);
    return done;
}

bool plain_answer_read(const struct model_request *asks, struct slice answers_as,
                       struct buffer *body, struct answer_facts *facts)
{
    const struct dialect_form *form = dialect_form(asks->dialect);
    struct json_value root;
    if (!read_object(body, &root))
        return false;
    if (form->adapt_answer != NULL)
        adapt(form, asks, body, &root);
    form->read_answer(&root, facts);
    if (rename(answers_as, &facts->model, body, &root))
        form->read_answer(&root, facts);
    return true;
}
