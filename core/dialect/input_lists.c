#include "dialect/input_lists.h"

#include "base/money.h"
#include "dialect/embedding_encoding.h"
#include "dialect/kept_items.h"
#include "dialect/prompt.h"
#include "dialect/prompt_parts.h"
#include "dialect/request_apply.h"
#include "dialect/request_members.h"
#include "dialect/responses.h"
#include "dialect/text_inputs.h"

/* ---- requests ---- */

static bool read_embedded(struct model_request *out, const struct json_value *input,
                          struct request_fault *fault)
{
    out->embedding_format = embedding_encoding_asked(&out->root);
    return text_inputs_read(out, input, "input", fault);
}

/* Each entry of the list is a text or a part: a text or a picture. Returns the member that a part
 * has twice, or NULL. */
static const char *add_moderated(struct prompt *prompt, const struct json_value *list)
{
    struct json_walk walk = json_walk(list);
    struct json_item item;
    const char *twice = NULL;
    while (twice == NULL && json_next(&walk, &item))
        twice = prompt_parts_add(prompt, &item.value);
    return twice;
}

/* A text, a list of texts, or a list of parts. */
static bool read_moderated(struct model_request *out, const struct json_value *input,
                           struct request_fault *fault)
{
    struct json_walk walk = json_walk(input);
    struct json_item item;
    bool list = input->type == JSON_ARRAY;
    int64_t count = list ? 0 : 1;
    if (input->type != JSON_STRING && !list)
        return request_refuse(fault, "invalid_value", "input", "'input' must be a text or a list.");
    while (list && json_next(&walk, &item)) {
        if (item.value.type != JSON_STRING && item.value.type != JSON_OBJECT)
            return request_refuse(fault, "invalid_value", "input",
                                  "'input[%lld]' must be a text or a part.", (long long)count);
        count++;
    }
    prompt_add_member(&out->prompt, out->keys[REQUEST_MESSAGES], input);
    const char *twice =
        list ? add_moderated(&out->prompt, input) : prompt_parts_add(&out->prompt, input);
    if (twice != NULL)
        return request_fault_twice(fault, twice, slice_of(twice));
    return text_inputs_count(out, count, "input", fault);
}

/* A model reads the question with each document, and some providers bill it so. */
static void repeat_query(struct model_request *out, int64_t count)
{
    struct json_walk walk = json_walk(&out->root);
    struct json_item item;
    while (count > 1 && json_next(&walk, &item)) {
        if (!json_key_is(item.key, "query"))
            continue;
        out->prompt.bytes_most += (count - 1) * (int64_t)item.value.raw.bytes;
        out->prompt.text_bytes += (count - 1) * (int64_t)json_text_bytes(&item.value);
    }
}

/* Documents: texts, or objects that have one. */
static bool read_ranked(struct model_request *out, const struct json_value *documents,
                        struct request_fault *fault)
{
    struct json_walk walk = json_walk(documents);
    struct json_item item;
    int64_t count = 0;
    if (documents->type != JSON_ARRAY)
        return request_refuse(fault, "invalid_value", "documents", "'documents' must be a list.");
    while (json_next(&walk, &item)) {
        if (item.value.type != JSON_STRING && item.value.type != JSON_OBJECT)
            return request_refuse(fault, "invalid_value", "documents",
                                  "'documents[%lld]' must be a text or an object.",
                                  (long long)count);
        count++;
    }
    prompt_add_member(&out->prompt, out->keys[REQUEST_MESSAGES], documents);
    out->prompt.search_count = (count + PROMPT_SEARCH_DOCUMENTS - 1) / PROMPT_SEARCH_DOCUMENTS;
    repeat_query(out, count);
    return text_inputs_count(out, count, "documents", fault);
}

/* Questions about the input. Pictures in them are no text. */
static bool read_questions(struct model_request *out, struct request_fault *fault)
{
    struct json_member members[] = {{.name = "questions"}};
    struct json_item question;
    json_find_all(&out->root, members, 1);
    const struct json_value *questions = &members[0].value;
    if (members[0].count == 0 || questions->type != JSON_ARRAY)
        return request_refuse(fault, "missing_field", "questions",
                              "You must provide a list of questions.");
    struct json_walk walk = json_walk(questions);
    while (json_next(&walk, &question)) {
        struct json_member text = {.name = "instructions"};
        if (question.value.type != JSON_OBJECT)
            return request_refuse(fault, "invalid_value", "questions",
                                  "Each of 'questions' must be an object.");
        json_find_all(&question.value, &text, 1);
        const char *twice = text.count > 1 ? text.name : NULL;
        if (text.value.type == JSON_ARRAY && twice == NULL)
            twice = prompt_parts_add(&out->prompt, &text.value);
        if (twice != NULL)
            return request_fault_twice(fault, twice, slice_of(twice));
    }
    return true;
}

/* A text, or messages and calls as in the Responses API. They bring their content: nothing is kept
 * for a decision. All stands in one context. */
static bool read_decided(struct model_request *out, const struct json_value *input,
                         struct request_fault *fault)
{
    if (input->type == JSON_STRING)
        prompt_add_member(&out->prompt, out->keys[REQUEST_MESSAGES], input);
    else if (!request_read_list(out, "input", prompt_add_item, fault))
        return false;
    if (out->prompt.may_stand_for_kept && !kept_items_read("input", input, NULL, fault))
        return false;
    return read_questions(out, fault);
}

typedef bool read_inputs(struct model_request *out, const struct json_value *inputs,
                         struct request_fault *fault);

static bool read_all(struct model_request *out, const char *name, read_inputs *read,
                     struct request_fault *fault)
{
    const char *const names[REQUEST_MEMBERS] = {[REQUEST_MODEL] = "model",
                                                [REQUEST_MESSAGES] = name,
                                                [REQUEST_STREAM] = "stream",
                                                [REQUEST_PROVIDER] = "provider",
                                                [REQUEST_MODELS] = "models"};
    if (!request_members_read(out, names, MEMBER_CASE_FOLDED, fault) ||
        !request_read_model(out, fault))
        return false;
    const struct json_value *streamed = request_member(out, REQUEST_STREAM);
    if (streamed != NULL && !request_read_flag(streamed, "stream", &out->streamed, fault))
        return false;
    if (out->streamed)
        return request_refuse(fault, "invalid_value", "stream", "There is no stream of this.");
    const struct json_value *inputs = request_member(out, REQUEST_MESSAGES);
    if (inputs == NULL)
        return request_refuse(fault, "missing_field", name, "You must provide a %s parameter.",
                              name);
    return read(out, inputs, fault);
}

static bool read_request(struct slice text, uint64_t seed, const char *name, read_inputs *read,
                         struct model_request *out, struct request_fault *fault)
{
    struct json_index index;
    bool good = request_begin(text, seed, &index, out, fault) && read_all(out, name, read, fault);
    out->usage_asked = true; /* its answers always tell it */
    request_end(out);
    return good;
}

static bool embeddings_read_request(struct slice text, const struct request_address *address,
                                    uint64_t seed, struct model_request *out,
                                    struct request_fault *fault)
{
    (void)address;
    return read_request(text, seed, "input", read_embedded, out, fault);
}

static bool moderations_read_request(struct slice text, const struct request_address *address,
                                     uint64_t seed, struct model_request *out,
                                     struct request_fault *fault)
{
    (void)address;
    return read_request(text, seed, "input", read_moderated, out, fault);
}

static bool decisions_read_request(struct slice text, const struct request_address *address,
                                   uint64_t seed, struct model_request *out,
                                   struct request_fault *fault)
{
    (void)address;
    return read_request(text, seed, "input", read_decided, out, fault);
}

static bool rerank_read_request(struct slice text, const struct request_address *address,
                                uint64_t seed, struct model_request *out,
                                struct request_fault *fault)
{
    (void)address;
    return read_request(text, seed, "documents", read_ranked, out, fault);
}

/* ---- answers ---- */

/* Whether a result holds something. */
typedef bool is_result(const struct json_value *entry);

static bool is_object(const struct json_value *entry)
{
    return entry->type == JSON_OBJECT && !json_is_empty(entry);
}

/* Some servers give several vectors for an input, or one by types (Jina). */
static bool is_embedding(const struct json_value *entry)
{
    enum { ONE, MANY, MEMBERS };
    struct json_member members[MEMBERS] = {
        [ONE] = {.name = "embedding"}, [MANY] = {.name = "embeddings"}};
    if (entry->type != JSON_OBJECT)
        return false;
    json_find_all(entry, members, MEMBERS);
    return !json_is_empty(&members[ONE].value) || !json_is_empty(&members[MANY].value);
}

static int64_t count_results(const struct json_value *list, is_result *holds)
{
    struct json_walk walk = json_walk(list);
    struct json_item item;
    int64_t count = 0;
    while (list->type == JSON_ARRAY && json_next(&walk, &item))
        count += holds(&item.value);
    return count;
}

/* `results`: the member that has the results. */
static void read_results(const struct json_value *root, const char *results, is_result *holds,
                         struct answer_facts *out)
{
    enum { RESULTS, ERROR, USAGE, MODEL, TIER, MEMBERS };
    struct json_member members[MEMBERS] = {[RESULTS] = {.name = results},
                                           [ERROR] = {.name = "error"},
                                           [USAGE] = {.name = "usage"},
                                           [MODEL] = {.name = "model"},
                                           [TIER] = {.name = "service_tier"}};
    *out = (struct answer_facts){.kind = ANSWER_PASSES, .holder = *root};
    json_find_all(root, members, MEMBERS);
    const struct json_value *error = &members[ERROR].value;
    if (members[ERROR].count > 0 && error->type != JSON_NULL) {
        out->kind = ANSWER_FAILS;
        out->error = *root;
        return;
    }
    if (members[RESULTS].count == 1)
        out->result_count = count_results(&members[RESULTS].value, holds);
    out->said = out->result_count > 0;
    if (out->said)
        out->finish_reason = "stop";
    out->answerless = true;
    out->usage = members[USAGE].value;
    out->model = members[MODEL].value;
    out->service_tier = members[TIER].value;
}

static void embeddings_read_answer(const struct json_value *root, struct answer_facts *out)
{
    read_results(root, "data", is_embedding, out);
    out->one_each = true;
}

static void moderations_read_answer(const struct json_value *root, struct answer_facts *out)
{
    read_results(root, "results", is_object, out);
}

/* None of the documents may be near enough: that is an answer, too. */
static void rerank_read_answer(const struct json_value *root, struct answer_facts *out)
{
    struct json_value results;
    read_results(root, "results", is_object, out);
    if (out->kind == ANSWER_FAILS || json_find(root, "results", &results) != 1 ||
        results.type != JSON_ARRAY || !json_is_empty(&results))
        return;
    out->said = true;
    out->finish_reason = "stop";
}

/* What it has generated is counted, though no text shows it. */
static void decisions_read_answer(const struct json_value *root, struct answer_facts *out)
{
    read_results(root, "answers", is_object, out);
    out->answerless = false;
}

static void write_usage(const struct final_usage *usage, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES];
    int64_t total_tokens = usage->prompt_tokens + usage->completion_tokens;
    buffer_printf(out, "{\"prompt_tokens\":%lld,\"total_tokens\":%lld,\"cost\":%s}",
                  (long long)usage->prompt_tokens, (long long)total_tokens,
                  money_format_short(usage->charge_nusd, cost));
}

const struct dialect_form embeddings_form = {
    .read_request = embeddings_read_request,
    .apply = request_apply_model,
    .read_answer = embeddings_read_answer,
    .adapt_answer = embedding_encoding_adapt,
    .usage_name = "usage",
    .write_usage = write_usage,
    .keep_alive = "",
    .last_event = "",
};

const struct dialect_form moderations_form = {
    .read_request = moderations_read_request,
    .apply = request_apply_model,
    .read_answer = moderations_read_answer,
    .usage_name = "usage",
    .write_usage = write_usage,
    .keep_alive = "",
    .last_event = "",
};

const struct dialect_form rerank_form = {
    .read_request = rerank_read_request,
    .apply = request_apply_model,
    .read_answer = rerank_read_answer,
    .usage_name = "usage",
    .write_usage = write_usage,
    .keep_alive = "",
    .last_event = "",
};

const struct dialect_form decisions_form = {
    .read_request = decisions_read_request,
    .apply = request_apply_model,
    .read_answer = decisions_read_answer,
    .usage_name = "usage",
    .write_usage = responses_write_usage,
    .keep_alive = "",
    .last_event = "",
};
