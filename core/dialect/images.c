#include "dialect/images.h"

#include "base/money.h"
#include "dialect/answer_state.h"
#include "dialect/image_request.h"
#include "dialect/media_events.h"
#include "dialect/plain_events.h"
#include "dialect/request_apply.h"

/* ---- requests ---- */

static bool read_request(struct slice text, const struct request_address *address, uint64_t seed,
                         struct model_request *out, struct request_fault *fault)
{
    (void)address;
    return image_request_read(text, IMAGE_REQUEST_DRAWS, seed, out, fault);
}

/* ---- answers ---- */

static bool is_filled(const struct json_value *value)
{
    return value->type == JSON_STRING && value->raw.bytes > 2;
}

static bool is_picture(const struct json_value *entry)
{
    enum { DATA, ADDRESS, MEMBERS };
    struct json_member members[MEMBERS] = {
        [DATA] = {.name = "b64_json"}, [ADDRESS] = {.name = "url"}};
    json_find_all(entry, members, MEMBERS);
    return is_filled(&members[DATA].value) || is_filled(&members[ADDRESS].value);
}

static int64_t count_pictures(const struct json_value *list)
{
    struct json_walk walk = json_walk(list);
    struct json_item item;
    int64_t count = 0;
    while (list->type == JSON_ARRAY && json_next(&walk, &item))
        count += is_picture(&item.value);
    return count;
}

/* Returns false if it is an error. */
static bool begin(const struct json_value *root, const struct json_member *error,
                  struct answer_facts *out)
{
    bool fails = media_events_is_error(error);
    *out = (struct answer_facts){.kind = fails ? ANSWER_FAILS : ANSWER_PASSES};
    if (fails)
        out->error = *root;
    return !fails;
}

void images_read_answer(const struct json_value *root, struct answer_facts *out)
{
    enum { PICTURES, ERROR, USAGE, SVG, MODEL, TIER, MEMBERS };
    struct json_member members[MEMBERS] = {
        [PICTURES] = {.name = "data"}, [ERROR] = {.name = "error"},
        [USAGE] = {.name = "usage"},   [SVG] = {.name = "svg_usage"},
        [MODEL] = {.name = "model"},   [TIER] = {.name = "service_tier"}};
    json_find_all(root, members, MEMBERS);
    if (!begin(root, &members[ERROR], out))
        return;
    if (members[PICTURES].count == 1)
        out->sizes.image_count = count_pictures(&members[PICTURES].value);
    out->said = out->sizes.image_count > 0;
    if (out->said)
        out->finish_reason = "stop";
    out->holder = *root;
    out->usage = members[USAGE].value;
    out->beside.svg_usage = members[SVG].value;
    out->model = members[MODEL].value;
    out->service_tier = members[TIER].value;
}

/* Also the events of edits, which have other names and the same members. */
static bool completes(const struct json_value *type)
{
    return type->type == JSON_STRING && (json_string_is(type, "image_generation.completed") ||
                                         json_string_is(type, "image_edit.completed"));
}

void images_read_event(struct answer_state *state, const struct json_value *root,
                       struct answer_facts *out)
{
    enum { TYPE, PICTURE, ERROR, USAGE, TIER, MEMBERS };
    struct json_member members[MEMBERS] = {[TYPE] = {.name = "type"},
                                           [PICTURE] = {.name = "b64_json"},
                                           [ERROR] = {.name = "error"},
                                           [USAGE] = {.name = "usage"},
                                           [TIER] = {.name = "service_tier"}};
    json_find_all(root, members, MEMBERS);
    if (!begin(root, &members[ERROR], out))
        return;
    out->said = is_filled(&members[PICTURE].value);
    if (state != NULL)
        state->begun = state->begun || out->said;
    if (!completes(&members[TYPE].value)) {
        out->sizes.preview_count = out->said;
        return;
    }
    out->kind = ANSWER_ENDS;
    out->sizes.image_count = out->said;
    if (out->said || (state != NULL && state->begun)) /* an end alone is no answer */
        out->finish_reason = "stop";
    out->holder = *root;
    out->usage = members[USAGE].value;
    out->service_tier = members[TIER].value;
}

static void put(const char *name, const struct json_value *value, struct buffer *out)
{
    if (value->raw.bytes == 0)
        return;
    buffer_printf(out, ",\"%s\":", name);
    buffer_append_slice(out, value->raw);
}

void images_write_completed(const char *type, const struct json_value *answer, struct buffer *out)
{
    static const char *const as[] = {"created_at", "background", "output_format",
                                     "quality",    "size",       "usage"};
    enum { COPIED = sizeof as / sizeof as[0], PICTURES = COPIED, MEMBERS };
    struct json_member members[MEMBERS] = {
        {.name = "created"}, {.name = "background"}, {.name = "output_format"}, {.name = "quality"},
        {.name = "size"},    {.name = "usage"},      {.name = "data"}};
    enum { DATA, ADDRESS, FORMS };
    struct json_member forms[FORMS] = {[DATA] = {.name = "b64_json"}, [ADDRESS] = {.name = "url"}};
    struct json_item first;
    json_find_all(answer, members, MEMBERS);
    struct json_walk walk = json_walk(&members[PICTURES].value);
    if (members[PICTURES].value.type != JSON_ARRAY || !json_next(&walk, &first))
        return;
    json_find_all(&first.value, forms, FORMS);
    buffer_printf(out, "event: %s\n", type);
    size_t start = out->bytes;
    buffer_printf(out, "data: {\"type\":\"%s\"", type);
    put("b64_json", &forms[DATA].value, out);
    put("url", &forms[ADDRESS].value, out);
    for (size_t i = 0; i < COPIED; i++)
        put(as[i], &members[i].value, out);
    buffer_append_char(out, '}');
    plain_events_end(out, start);
}

void images_write_usage(const struct final_usage *usage, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES];
    int64_t total_tokens = usage->prompt_tokens + usage->completion_tokens;
    buffer_printf(out,
                  "{\"input_tokens\":%lld,\"input_tokens_details\":{\"text_tokens\":%lld,"
                  "\"image_tokens\":0},\"output_tokens\":%lld,\"output_tokens_details\":{"
                  "\"image_tokens\":%lld,\"text_tokens\":0},\"total_tokens\":%lld,\"cost\":%s}",
                  (long long)usage->prompt_tokens, (long long)usage->prompt_tokens,
                  (long long)usage->completion_tokens, (long long)usage->completion_tokens,
                  (long long)total_tokens, money_format_short(usage->charge_nusd, cost));
}

static void write_events(const struct json_value *answer, struct buffer *out)
{
    images_write_completed("image_generation.completed", answer, out);
}

const struct dialect_form images_form = {
    .read_request = read_request,
    .apply = request_apply_model,
    .read_event = images_read_event,
    .read_answer = images_read_answer,
    .write_events = write_events,
    .usage_name = "usage",
    .write_usage = images_write_usage,
    .write_length = media_events_write_length,
    .write_failure = media_events_write_failure,
    .events_named = true,
    .keep_alive = ": keep-alive\n",
    .last_event = "",
};
