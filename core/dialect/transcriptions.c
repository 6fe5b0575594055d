#include "dialect/transcriptions.h"

#include <string.h>

#include "base/limits.h"
#include "base/money.h"
#include "dialect/answer_state.h"
#include "dialect/form_request.h"
#include "dialect/sound_file.h"

/* ---- requests ---- */

/* How long the sound is: as its frames say, or else the longest that so many bytes can be. */
static void measure(struct slice file, const struct form_coming *coming, struct prompt *prompt)
{
    int64_t us = coming != NULL ? coming->sound_us : 0;
    int64_t bytes = coming != NULL ? coming->bytes : (int64_t)file.bytes;
    prompt->sound_measured = coming != NULL ? coming->measured : sound_file_us(file, &us);
    prompt->sound_coming = coming != NULL && !coming->over;
    if (prompt->sound_measured)
        prompt->sound_seconds = (us + 999999) / 1000000;
    else
        prompt->sound_seconds = bytes / PROMPT_SOUND_BYTES_MIN;
    if (prompt->sound_seconds == 0)
        prompt->sound_seconds = 1; /* a begun one counts */
}

/* Which answers are no JSON. */
static bool is_text_format(struct slice format)
{
    return slice_equals(format, "text") || slice_equals(format, "srt") ||
           slice_equals(format, "vtt");
}

static bool read_format(const struct form_field *field, struct model_request *out,
                        struct request_fault *fault)
{
    struct slice format;
    if (!form_request_word(field, &format, fault))
        return false;
    out->text_answer = is_text_format(format);
    return !out->text_answer || !out->streamed ||
           request_refuse(fault, "invalid_value", "response_format",
                          "A stream has events: leave response_format out, or do not ask for a "
                          "stream.");
}

static bool transcriptions_read_request(struct slice text, const struct request_address *address,
                                        uint64_t seed, struct model_request *out,
                                        struct request_fault *fault)
{
    enum { FILE_, MODEL, STREAM, FORMAT, SAMPLES, FIELDS };
    struct form_field fields[FIELDS] = {
        [FILE_] = {.name = "file", .is_file = true},
        [MODEL] = {.name = "model"},
        [STREAM] = {.name = "stream"},
        [FORMAT] = {.name = "response_format"},
        /* voices that the model compares with: sound as `data:` addresses */
        [SAMPLES] = {.name = "known_speaker_references", .repeats = true},
    };
    if (!form_request_read(text, address, seed, fields, FIELDS, out, fault) ||
        !form_request_model(&fields[MODEL], out, fault) ||
        !form_request_flag(&fields[STREAM], &out->streamed, fault) ||
        !read_format(&fields[FORMAT], out, fault))
        return false;
    if (fields[FILE_].count == 0)
        return request_refuse(fault, "missing_field", "file",
                              "You must send the sound as the file 'file' of the form.");
    measure(fields[FILE_].value, address->coming, &out->prompt);
    out->prompt.audio_bytes = fields[SAMPLES].bytes;
    return true;
}

/* ---- answers ---- */

enum { TEXT, USAGE, ERROR, MODEL_NAME, TIER, MEMBERS };

static void find_members(const struct json_value *root, const char *text,
                         struct json_member members[MEMBERS])
{
    members[TEXT] = (struct json_member){.name = text};
    members[USAGE] = (struct json_member){.name = "usage"};
    members[ERROR] = (struct json_member){.name = "error"};
    members[MODEL_NAME] = (struct json_member){.name = "model"};
    members[TIER] = (struct json_member){.name = "service_tier"};
    json_find_all(root, members, MEMBERS);
}

static bool fails(const struct json_value *root, const struct json_member members[MEMBERS],
                  struct answer_facts *out)
{
    if (members[ERROR].count == 0 || members[ERROR].value.type == JSON_NULL)
        return false;
    out->kind = ANSWER_FAILS;
    out->error = *root;
    return true;
}

static void note_text(const struct json_value *text, struct answer_facts *out)
{
    if (text->type != JSON_STRING)
        return;
    out->text = (struct slice){text->raw.data + 1, text->raw.bytes - 2};
    out->sizes.text_bytes = (int64_t)json_text_bytes(text);
}

/* Silence has an empty text, which is an answer. */
static void transcriptions_read_answer(const struct json_value *root, struct answer_facts *out)
{
    struct json_member members[MEMBERS];
    *out = (struct answer_facts){.kind = ANSWER_PASSES, .holder = *root};
    find_members(root, "text", members);
    if (fails(root, members, out))
        return;
    out->said = members[TEXT].count == 1 && members[TEXT].value.type == JSON_STRING;
    note_text(&members[TEXT].value, out);
    if (out->said)
        out->finish_reason = "stop";
    out->usage = members[USAGE].value;
    out->model = members[MODEL_NAME].value;
    out->service_tier = members[TIER].value;
}

/* The last event repeats the whole text, which has been counted by then. */
static void read_done(struct answer_state *state, const struct json_value *root,
                      struct answer_facts *out)
{
    struct json_member members[MEMBERS];
    find_members(root, "text", members);
    out->kind = ANSWER_ENDS;
    out->said = true;
    out->finish_reason = "stop";
    out->holder = *root;
    out->usage = members[USAGE].value;
    out->service_tier = members[TIER].value;
    if (state == NULL || !state->begun)
        note_text(&members[TEXT].value, out);
}

static void transcriptions_read_event(struct answer_state *state, const struct json_value *root,
                                      struct answer_facts *out)
{
    struct json_value type = {.type = JSON_NULL};
    struct json_member members[MEMBERS];
    *out = (struct answer_facts){.kind = ANSWER_PASSES};
    find_members(root, "delta", members);
    if (fails(root, members, out))
        return;
    (void)json_find(root, "type", &type);
    if (json_string_is(&type, "transcript.text.done")) {
        read_done(state, root, out);
        return;
    }
    out->said = json_string_is(&type, "transcript.text.segment");
    if (!json_string_is(&type, "transcript.text.delta"))
        return;
    note_text(&members[TEXT].value, out);
    out->said = out->text.bytes > 0;
    if (state != NULL)
        state->begun = state->begun || out->said;
}

/* ---- writing ---- */

static void write_text(const struct json_value *text, struct buffer *out)
{
    if (text->type == JSON_STRING)
        buffer_append_slice(out, text->raw);
    else
        buffer_append_text(out, "\"\"");
}

/* Some models know no streams, and answer at once. */
static void transcriptions_write_events(const struct json_value *answer, struct buffer *out)
{
    struct json_member members[MEMBERS];
    find_members(answer, "text", members);
    buffer_append_text(out, "data: {\"type\":\"transcript.text.delta\",\"delta\":");
    write_text(&members[TEXT].value, out);
    buffer_append_text(out, "}\n\ndata: {\"type\":\"transcript.text.done\",\"text\":");
    write_text(&members[TEXT].value, out);
    if (members[USAGE].value.type == JSON_OBJECT) {
        buffer_append_text(out, ",\"usage\":");
        for (size_t i = 0; i < members[USAGE].value.raw.bytes; i++) {
            char c = members[USAGE].value.raw.data[i];
            buffer_append_char(out, c == '\r' || c == '\n' ? ' ' : c);
        }
    }
    buffer_append_text(out, "}\n\n");
}

static void write_usage(const struct final_usage *usage, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES];
    int64_t total_tokens = usage->prompt_tokens + usage->completion_tokens;
    money_format_short(usage->charge_nusd, cost);
    if (usage->seconds > 0)
        buffer_printf(out, "{\"type\":\"duration\",\"seconds\":%lld,\"cost\":%s}",
                      (long long)usage->seconds, cost);
    else
        buffer_printf(out,
                      "{\"type\":\"tokens\",\"input_tokens\":%lld,\"output_tokens\":%lld,"
                      "\"total_tokens\":%lld,\"cost\":%s}",
                      (long long)usage->prompt_tokens, (long long)usage->completion_tokens,
                      (long long)total_tokens, cost);
}

/* The client has the text piece by piece. */
static void write_length(const struct answer_state *state, const struct final_usage *usage,
                         struct buffer *out)
{
    (void)state;
    buffer_append_text(out, "data: {\"type\":\"transcript.text.done\",\"text\":\"\",\"usage\":");
    write_usage(usage, out);
    buffer_append_text(out, "}\n\n");
}

static void write_failure(const struct answer_state *state, const struct error_body *error,
                          const struct final_usage *usage, struct buffer *out)
{
    (void)state;
    (void)usage; /* the message says what was charged */
    buffer_append_text(out, "data: ");
    error_body_write(DIALECT_TRANSCRIPTIONS, error, out);
    buffer_append_text(out, "\n\n");
}

const struct dialect_form transcriptions_form = {
    .read_request = transcriptions_read_request,
    .apply = form_request_apply,
    .digest = form_request_digest,
    .read_event = transcriptions_read_event,
    .read_answer = transcriptions_read_answer,
    .write_events = transcriptions_write_events,
    .usage_name = "usage",
    .write_usage = write_usage,
    .write_length = write_length,
    .write_failure = write_failure,
    .keep_alive = ": keep-alive\n",
    .last_event = "",
};

const struct dialect_form translations_form = {
    .read_request = transcriptions_read_request,
    .apply = form_request_apply,
    .digest = form_request_digest,
    .read_event = transcriptions_read_event,
    .read_answer = transcriptions_read_answer,
    .write_events = transcriptions_write_events,
    .usage_name = "usage",
    .write_usage = write_usage,
    .write_length = write_length,
    .write_failure = write_failure,
    .keep_alive = ": keep-alive\n",
    .last_event = "",
};
