#include "dialect/chat_form.h"

#include "dialect/chat.h"
#include "dialect/completion.h"
#include "dialect/said.h"

static bool read_request(struct slice text, const struct request_address *address, uint64_t seed,
                         struct model_request *out, struct request_fault *fault)
{
    (void)address;
    return chat_read(text, seed, out, fault);
}

/* Which choices tell why they have ended; the reason does not matter here. */
static void read_choices(const struct json_value *choices, struct answer_facts *out)
{
    enum { REASON, INDEX, MEMBERS };
    struct json_walk walk = json_walk(choices);
    struct json_item choice;
    while (choices->type == JSON_ARRAY && json_next(&walk, &choice)) {
        struct json_member members[MEMBERS] = {
            [REASON] = {.name = "finish_reason"}, [INDEX] = {.name = "index"}};
        json_find_all(&choice.value, members, MEMBERS);
        const struct json_value *reason = &members[REASON].value;
        bool ended = reason->type == JSON_STRING && reason->raw.bytes > 2;
        answer_choices_note(&out->choices, &members[INDEX].value, ended);
        if (ended)
            out->finish_reason = "stop";
    }
}

static struct slice inside(const struct json_value *string)
{
    return (struct slice){string->raw.data + 1, string->raw.bytes - 2};
}

/* The text of a chunk, and its padding: what differs in the next chunk. */
static void read_text(const struct completion *chunk, struct answer_facts *out)
{
    struct json_value text;
    struct json_value padding;
    if (!completion_find_text(chunk, &text) || text.raw.bytes == 2)
        return;
    out->text = inside(&text);
    out->sizes.text_bytes = (int64_t)json_text_bytes(&text);
    if (completion_find_padding(chunk, &padding))
        out->padding = inside(&padding);
}

static void read_completion(const struct completion *completion, struct answer_facts *out)
{
    *out = (struct answer_facts){.kind = ANSWER_PASSES, .holder = completion->root};
    if (completion_is_error(completion)) {
        out->kind = ANSWER_FAILS;
        out->error = completion->root;
    }
    read_choices(&completion->choices, out);
    out->said = out->finish_reason != NULL || said_something(&completion->choices);
    out->usage = completion->usage;
    out->service_tier = completion->service_tier;
    out->beside = completion->beside;
}

static void read_answer(const struct json_value *root, struct answer_facts *out)
{
    struct completion completion;
    completion_find(root, &completion);
    read_completion(&completion, out);
}

static void read_event(struct answer_state *state, const struct json_value *root,
                       struct answer_facts *out)
{
    struct completion chunk;
    (void)state;
    completion_find(root, &chunk);
    read_completion(&chunk, out);
    read_text(&chunk, out);
}

const struct dialect_form chat_form = {
    .read_request = read_request,
    .apply = chat_apply,
    .read_event = read_event,
    .read_answer = read_answer,
    .usage_name = "usage",
    .keep_alive = ": keep-alive\n", /* many clients expect data after an empty line */
    .last_event = "data: [DONE]\n\n",
};
