/* OpenAI's chat as one of the dialects: what is needed where its streams do not go to a client as
 * they came. */
#include "dialect/completion.h"
#include "dialect/forms.h"

static bool read_request(struct slice text, const struct request_address *address, uint64_t seed,
                         struct chat_request *out, struct chat_fault *fault)
{
    (void)address;
    return chat_read(text, seed, out, fault);
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
    .keep_alive = ": keep-alive\n",
};
