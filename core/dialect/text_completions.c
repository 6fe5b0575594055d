#include "dialect/text_completions.h"

#include "dialect/choices.h"
#include "dialect/dropped_members.h"
#include "dialect/request_edits.h"
#include "dialect/request_members.h"
#include "dialect/stream_wish.h"
#include "dialect/text_inputs.h"

enum {
    CHOICES_MAX = 128,    /* of one prompt */
    USUAL_TOKENS = 16,    /* OpenAI's limit of a request that states none */
    TOKEN_BYTES_MOST = 16 /* no token's text is longer, but for odd ones */
};

static const char *const member_names[REQUEST_MEMBERS] = {
    [REQUEST_MODEL] = "model",           [REQUEST_MESSAGES] = "prompt",
    [REQUEST_STREAM] = "stream",         [REQUEST_STREAM_OPTIONS] = "stream_options",
    [REQUEST_MAX_TOKENS] = "max_tokens", [REQUEST_N] = "n",
    [REQUEST_BEST_OF] = "best_of",       [REQUEST_ECHO] = "echo",
    [REQUEST_USAGE] = "usage",           [REQUEST_PROVIDER] = "provider",
    [REQUEST_MODELS] = "models",         [REQUEST_ROUTE] = "route",
};

/* Without a prompt a model begins a new text. */
static bool read_prompt(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *prompt = request_member(out, REQUEST_MESSAGES);
    if (prompt == NULL)
        return text_inputs_count(out, 1, "prompt", fault);
    return text_inputs_read(out, prompt, "prompt", fault);
}

/* A limit of 0 asks for the prompt alone, with its probabilities. It is held as 1: so a number
 * above 0 means everywhere that there is a limit. */
static bool read_limit(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *value = request_member(out, REQUEST_MAX_TOKENS);
    int64_t tokens;
    if (value == NULL) {
        out->usual_tokens = USUAL_TOKENS;
        return true;
    }
    if (value->type != JSON_NUMBER || !json_int64(value, &tokens) || tokens < 0 ||
        tokens > INT32_MAX)
        return request_refuse(fault, "invalid_value", "max_tokens",
                              "'max_tokens' must be a whole number from 0 to %d.", INT32_MAX);
    out->output_tokens = tokens > 0 ? tokens : 1;
    return true;
}

/* All that is generated is billed, also what is not the best. */
static bool read_choices(struct model_request *out, int64_t *returned, struct request_fault *fault)
{
    int64_t n = 1;
    int64_t best_of = 1;
    if (!request_read_count(request_member(out, REQUEST_N), "n", CHOICES_MAX, &n, fault) ||
        !request_read_count(request_member(out, REQUEST_BEST_OF), "best_of", CHOICES_MAX, &best_of,
                            fault))
        return false;
    *returned = n;
    out->choices = out->prompt.input_count * (n > best_of ? n : best_of);
    if (!out->streamed)
        return true;
    if (best_of > n)
        return request_refuse(fault, "invalid_value", "best_of",
                              "'best_of' above 'n' cannot be streamed: the best is known at the "
                              "end.");
    if (out->choices > CHOICES_KNOWN)
        return request_refuse(fault, "invalid_value", "n",
                              "A stream has at most %d completions, of all prompts together.",
                              CHOICES_KNOWN);
    return true;
}

/* The text that comes back of a prompt. */
static int64_t echo_of(const struct json_value *prompt)
{
    struct json_walk walk = json_walk(prompt);
    struct json_item item;
    int64_t bytes = 0;
    if (prompt->type == JSON_STRING)
        return (int64_t)json_text_bytes(prompt);
    if (prompt->type == JSON_NUMBER)
        return TOKEN_BYTES_MOST;
    while (prompt->type == JSON_ARRAY && json_next(&walk, &item))
        bytes += echo_of(&item.value);
    return bytes;
}

static bool read_echo(struct model_request *out, int64_t returned, struct request_fault *fault)
{
    const struct json_value *echo = request_member(out, REQUEST_ECHO);
    const struct json_value *prompt = request_member(out, REQUEST_MESSAGES);
    bool echoes = false;
    if (echo != NULL && !request_read_flag(echo, "echo", &echoes, fault))
        return false;
    out->echoed_bytes = echoes && prompt != NULL ? returned * echo_of(prompt) : 0;
    return true;
}

static bool read_all(struct model_request *out, struct request_fault *fault)
{
    int64_t returned;
    return request_members_read(out, member_names, MEMBER_CASE_FOLDED, fault) &&
           request_read_model(out, fault) && read_prompt(out, fault) &&
           stream_wish_read(out, fault) && read_limit(out, fault) &&
           read_choices(out, &returned, fault) && read_echo(out, returned, fault);
}

static bool read_request(struct slice text, const struct request_address *address, uint64_t seed,
                         struct model_request *out, struct request_fault *fault)
{
    struct json_index index;
    (void)address;
    bool good = request_begin(text, seed, &index, out, fault) && read_all(out, fault);
    request_end(out);
    return good;
}

/* Lowers the limit, or adds one. */
static void edit_limit(const struct model_request *request, int64_t most,
                       struct request_edits *edits, struct buffer *new_members)
{
    const struct json_value *value = &request->members[REQUEST_MAX_TOKENS];
    size_t from = edits->text.bytes;
    if (most <= 0 || (request->output_tokens > 0 && request->output_tokens <= most))
        return;
    if (value->raw.data == NULL) {
        buffer_printf(new_members, "%s\"max_tokens\":%lld", new_members->bytes > 0 ? "," : "",
                      (long long)most);
        return;
    }
    buffer_append_int(&edits->text, most);
    request_replace(request, value, edits, from);
}

static bool apply(const struct model_request *request, const struct request_changes *changes,
                  struct request_copy *out)
{
    struct request_edits edits = {.count = 0};
    struct buffer new_members;
    buffer_init(&edits.text, 4096);
    buffer_init(&new_members, 1024);
    request_edit_model(request, changes->model, &edits);
    stream_wish_edit(request, changes->usage_unasked, &edits, &new_members);
    edit_limit(request, changes->output_tokens_max, &edits, &new_members);
    request_add_members(request, &new_members, &edits);
    dropped_members_cut(request, &edits);
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    bool done = !edits.text.failed && !new_members.failed;
    buffer_fini(&new_members);
    return done;
}

const struct dialect_form text_completions_form = {
    .read_request = read_request,
    .apply = apply,
    .usage_name = "usage",
    .keep_alive = ": keep-alive\n",
    .last_event = "data: [DONE]\n\n",
};
