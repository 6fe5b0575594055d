#include "dialect/chat_form.h"

#include "dialect/chat.h"
#include "dialect/completion.h"

static bool read_request(struct slice text, const struct request_address *address, uint64_t seed,
                         struct model_request *out, struct request_fault *fault)
{
    (void)address;
    return chat_read(text, seed, out, fault);
}

/* Whether a choice tells why it has ended; which reason does not matter here. */
static const char *finish_of(const struct json_value *choices)
{
    struct json_member reason = {.name = "finish_reason"};
    struct json_walk walk = json_walk(choices);
    struct json_item choice;
    while (choices->type == JSON_ARRAY && json_next(&walk, &choice)) {
        json_find_all(&choice.value, &reason, 1);
        if (reason.value.type == JSON_STRING && reason.value.raw.bytes > 2)
            return "stop";
    }
    return NULL;
}

static void read_answer(const struct json_value *root, struct answer_facts *out)
{
    struct completion completion;
    *out = (struct answer_facts){.kind = ANSWER_PASSES, .holder = *root};
    completion_find(root, &completion);
    if (completion_is_error(&completion)) {
        out->kind = ANSWER_FAILS;
        out->error = *root;
    }
    out->finish_reason = finish_of(&completion.choices);
    out->usage = completion.usage;
    out->service_tier = completion.service_tier;
    out->beside = completion.beside;
}

static void read_event(struct answer_state *state, const struct json_value *root,
                       struct answer_facts *out)
{
    (void)state;
    read_answer(root, out);
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
