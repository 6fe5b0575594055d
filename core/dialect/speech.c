#include "dialect/speech.h"

#include "base/base64.h"
#include "base/money.h"
#include "dialect/answer_state.h"
#include "dialect/media_events.h"
#include "dialect/prompt.h"
#include "dialect/request_apply.h"
#include "dialect/request_members.h"

/* ---- requests ---- */

/* Characters are code points, as JSON Schema's maxLength counts them, by which OpenAI states the
 * longest input. All of them count: spaces, line ends, marks. */
static int64_t count_characters(const struct json_value *text)
{
    struct buffer decoded;
    int64_t count = 0;
    buffer_init(&decoded, text->raw.bytes);
    (void)json_decode_string(text, &decoded); /* never longer than it stands in JSON */
    for (size_t i = 0; i < decoded.bytes; i++)
        count += ((unsigned char)decoded.data[i] & 0xc0U) != 0x80;
    buffer_fini(&decoded);
    return count;
}

static bool read_input(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *input = request_member(out, REQUEST_MESSAGES);
    if (input == NULL)
        return request_refuse(fault, "missing_field", "input",
                              "You must provide an input parameter.");
    if (input->type != JSON_STRING || input->raw.bytes == 2)
        return request_refuse(fault, "invalid_value", "input",
                              "'input' must be a text that is not empty.");
    prompt_add_member(&out->prompt, out->keys[REQUEST_MESSAGES], input);
    out->prompt.message_count = 1;
    out->media.characters = count_characters(input);
    return true;
}

/* A voice that the provider keeps would be anybody's: all customers share the operator's
 * account. */
static bool read_voice(const struct model_request *out, struct request_fault *fault)
{
    const struct json_value *voice = request_member(out, REQUEST_SYSTEM);
    return voice == NULL || voice->type == JSON_STRING ||
           request_refuse(fault, "invalid_value", "voice",
                          "'voice' must be the name of a voice. Voices of an account's own are not "
                          "sold here.");
}

static bool read_form(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *form = request_member(out, REQUEST_STREAM_OPTIONS);
    const struct json_value *sound = request_member(out, REQUEST_GENERATION);
    const struct json_value *speed = request_member(out, REQUEST_SPEED);
    if (speed != NULL && speed->type != JSON_NUMBER)
        return request_refuse(fault, "invalid_value", "speed", "'speed' must be a number.");
    if (form != NULL && !json_string_is(form, "sse") && !json_string_is(form, "audio"))
        return request_refuse(fault, "invalid_value", "stream_format",
                              "'stream_format' must be \"audio\" or \"sse\".");
    out->streamed = form != NULL && json_string_is(form, "sse");
    out->media.sound_raw = sound != NULL && json_string_is(sound, "pcm");
    return true;
}

static bool read_all(struct model_request *out, struct request_fault *fault)
{
    static const char *const names[REQUEST_MEMBERS] = {[REQUEST_MODEL] = "model",
                                                       [REQUEST_MESSAGES] = "input",
                                                       [REQUEST_SYSTEM] = "voice",
                                                       [REQUEST_SPEED] = "speed",
                                                       [REQUEST_STREAM_OPTIONS] = "stream_format",
                                                       [REQUEST_GENERATION] = "response_format",
                                                       [REQUEST_PROVIDER] = "provider",
                                                       [REQUEST_MODELS] = "models"};
    return request_members_read(out, names, MEMBER_CASE_FOLDED, fault) &&
           request_read_model(out, fault) && read_input(out, fault) && read_voice(out, fault) &&
           read_form(out, fault);
}

static bool read_request(struct slice text, const struct request_address *address, uint64_t seed,
                         struct model_request *out, struct request_fault *fault)
{
    struct json_index index;
    (void)address;
    bool good = request_begin(text, seed, &index, out, fault) && read_all(out, fault);
    out->media.medium = ANSWERS_SOUND;
    out->media.opaque = OPAQUE_MEDIA;
    out->usage_asked = true;
    request_end(out);
    return good;
}

/* ---- answers ---- */

/* A good answer is no JSON: this one is an error, or nothing. */
static void read_answer(const struct json_value *root, struct answer_facts *out)
{
    struct json_member error = {.name = "error"};
    json_find_all(root, &error, 1);
    *out = (struct answer_facts){.kind = ANSWER_PASSES, .holder = *root};
    if (!media_events_is_error(&error))
        return;
    out->kind = ANSWER_FAILS;
    out->error = *root;
}

/* A good answer is never written as events: it has no counts for the last one. */
static void write_events(const struct json_value *answer, struct buffer *out)
{
    (void)answer;
    (void)out;
}

static void measure(struct sound_length *sound, const struct json_value *audio,
                    struct media_sizes *sizes)
{
    struct slice text = {audio->raw.data + 1, audio->raw.bytes - 2};
    struct buffer bytes;
    int64_t before_ms = sound_length_ms(sound);
    buffer_init(&bytes, text.bytes);
    if (base64_decode(text, &bytes))
        sound_length_feed(sound, buffer_slice(&bytes));
    buffer_fini(&bytes);
    sizes->audio_bytes = (int64_t)text.bytes;
    sizes->audio_ms = sound_length_ms(sound) - before_ms;
}

static void read_event(struct answer_state *state, const struct json_value *root,
                       struct answer_facts *out)
{
    enum { TYPE, AUDIO, USAGE, ERROR, TIER, MEMBERS };
    struct json_member members[MEMBERS] = {[TYPE] = {.name = "type"},
                                           [AUDIO] = {.name = "audio"},
                                           [USAGE] = {.name = "usage"},
                                           [ERROR] = {.name = "error"},
                                           [TIER] = {.name = "service_tier"}};
    *out = (struct answer_facts){.kind = ANSWER_PASSES};
    json_find_all(root, members, MEMBERS);
    if (media_events_is_error(&members[ERROR])) {
        out->kind = ANSWER_FAILS;
        out->error = *root;
        return;
    }
    const struct json_value *audio = &members[AUDIO].value;
    out->said = audio->type == JSON_STRING && audio->raw.bytes > 2;
    if (out->said && state != NULL) {
        state->begun = true;
        measure(&state->sound, audio, &out->sizes);
    }
    if (members[TYPE].value.type != JSON_STRING ||
        !json_string_is(&members[TYPE].value, "speech.audio.done"))
        return;
    out->kind = ANSWER_ENDS;
    if (out->said || (state != NULL && state->begun)) /* an end alone is no answer */
        out->finish_reason = "stop";
    out->holder = *root;
    out->usage = members[USAGE].value;
    out->service_tier = members[TIER].value;
}

static void write_usage(const struct final_usage *usage, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES];
    int64_t total_tokens = usage->prompt_tokens + usage->completion_tokens;
    buffer_printf(
        out, "{\"input_tokens\":%lld,\"output_tokens\":%lld,\"total_tokens\":%lld,\"cost\":%s}",
        (long long)usage->prompt_tokens, (long long)usage->completion_tokens,
        (long long)total_tokens, money_format_short(usage->charge_nusd, cost));
}

const struct dialect_form speech_form = {
    .read_request = read_request,
    .apply = request_apply_model,
    .read_event = read_event,
    .read_answer = read_answer,
    .write_events = write_events,
    .usage_name = "usage",
    .write_usage = write_usage,
    .write_length = media_events_write_length,
    .write_failure = media_events_write_failure,
    .events_named = true,
    .keep_alive = ": keep-alive\n",
    .last_event = "",
};
