#include "dialect/form_flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "dialect/dialect.h"
#include "dialect/multipart_flow.h"
#include "dialect/sound_file.h"

struct form_flow {
    struct multipart_flow parts;
    struct buffer skeleton; /* all but the files' bytes */
    struct sound_file *sound;
    struct form_coming coming; /* its bytes: what has come of files */
    bool passes;               /* the first file may go on */
};

static bool ends_with(struct slice path, const char *end)
{
    size_t bytes = strlen(end);
    return path.bytes >= bytes && memcmp(path.data + path.bytes - bytes, end, bytes) == 0;
}

bool form_flow_is_sound(struct slice path)
{
    return ends_with(path, "/audio/transcriptions") || ends_with(path, "/audio/translations");
}

bool form_flow_is_pictures(struct slice path)
{
    return ends_with(path, "/images/edits") || ends_with(path, "/images/variations");
}

struct form_flow *form_flow_new(struct slice content_type, struct request_fault *fault)
{
    struct slice boundary;
    if (!multipart_boundary(content_type, &boundary, fault))
        return NULL;
    struct form_flow *flow = calloc(1, sizeof *flow);
    check(flow != NULL);
    multipart_flow_init(&flow->parts, boundary);
    buffer_init(&flow->skeleton, LIMIT_FORM_TEXT_BYTES);
    flow->sound = sound_file_new();
    return flow;
}

void form_flow_free(struct form_flow *flow)
{
    if (flow == NULL)
        return;
    sound_file_free(flow->sound);
    buffer_fini(&flow->skeleton);
    free(flow);
}

void form_flow_pass(struct form_flow *flow)
{
    flow->passes = true;
}

/* The part of the sound that so many of its bytes are. */
static int64_t part_us(int64_t us, int64_t bytes, int64_t of_bytes)
{
    return (int64_t)((__int128)us * bytes / of_bytes);
}

int64_t form_flow_sound_seconds(const struct form_flow *flow, int64_t without_bytes)
{
    int64_t us;
    int64_t all = flow->coming.bytes;
    int64_t bytes = all > without_bytes ? all - without_bytes : 0;
    int64_t most = bytes / PROMPT_SOUND_BYTES_MIN + 1;
    if (bytes == 0 || !sound_file_so_far(flow->sound, &us))
        return most;
    int64_t seconds = (part_us(us, bytes, all) + 999999) / 1000000;
    if (seconds < 1)
        return 1; /* a begun one counts */
    return seconds < most ? seconds : most;
}

bool form_flow_is_over(const struct form_flow *flow)
{
    return flow->coming.over;
}

static bool is_at_file(const struct form_flow *flow)
{
    return !flow->passes && flow->parts.place == MULTIPART_IN_VALUE && flow->parts.in_file;
}

static void end(struct form_flow *flow)
{
    if (flow->coming.over)
        return;
    flow->coming.over = true;
    flow->coming.measured = sound_file_end(flow->sound, &flow->coming.sound_us);
}

/* Notes what a step has taken. Returns false if there is no room for it. */
static bool note(struct form_flow *flow, enum multipart_step step, struct slice data)
{
    if (step == MULTIPART_TEXT)
        return buffer_append_slice(&flow->skeleton, data);
    sound_file_feed(flow->sound, data);
    flow->coming.bytes += (int64_t)data.bytes;
    return true;
}

enum form_step form_flow_take(struct form_flow *flow, struct slice ahead, bool over,
                              size_t *out_bytes, struct request_fault *fault)
{
    *out_bytes = 0;
    while (!is_at_file(flow)) {
        size_t bytes;
        struct slice rest = {ahead.data + *out_bytes, ahead.bytes - *out_bytes};
        enum multipart_step step = multipart_flow_step(&flow->parts, rest, over, &bytes, fault);
        if (step == MULTIPART_OVER)
            end(flow);
        if (step == MULTIPART_LACKS || step == MULTIPART_OVER)
            return FORM_TAKEN;
        if (step == MULTIPART_REFUSED)
            return FORM_REFUSED;
        if (!note(flow, step, (struct slice){rest.data, bytes}))
            return FORM_TOO_LONG;
        *out_bytes += bytes;
    }
    return FORM_AT_FILE;
}

size_t form_flow_closing_bytes(const struct form_flow *flow)
{
    return flow->parts.delimiter.bytes + 6;
}

/* An end, so that what has come is a whole form. */
static void close_form(const struct form_flow *flow, struct buffer *text)
{
    buffer_append_text(text, "\r\n");
    buffer_append_slice(text, multipart_delimiter_text(&flow->parts.delimiter));
    buffer_append_text(text, "--\r\n");
}

bool form_flow_read(struct form_flow *flow, enum dialect dialect, struct slice content_type,
                    int64_t bytes_most, uint64_t seed, struct buffer *text,
                    struct model_request *out, struct request_fault *fault)
{
    struct form_coming coming = flow->coming;
    const struct request_address address = {.content_type = content_type, .coming = &coming};
    buffer_init(text, flow->skeleton.bytes + form_flow_closing_bytes(flow));
    buffer_append_slice(text, buffer_slice(&flow->skeleton));
    if (!coming.over) {
        close_form(flow, text);
        coming.bytes = bytes_most;
    }
    check(!text->failed);
    bool read = dialect_form(dialect)->read_request(buffer_slice(text), &address, seed, out, fault);
    out->dialect = dialect;
    return read;
}

/* ---- what comes behind the first file ---- */

bool form_flow_agrees(const struct model_request *begun, const struct model_request *now,
                      struct request_fault *fault)
{
    const struct prompt *most = &begun->prompt;
    const struct prompt *prompt = &now->prompt;
    if (begun->streamed != now->streamed || begun->text_answer != now->text_answer ||
        begun->choices != now->choices || !slice_same(begun->asked.size, now->asked.size) ||
        !slice_same(begun->asked.quality, now->asked.quality) ||
        begun->media.tokens_beside != now->media.tokens_beside ||
        prompt->audio_bytes > most->audio_bytes)
        return request_refuse(
            fault, "invalid_form", NULL,
            "In so large a form the fields must stand before the file: stream, response_format, n, "
            "size, quality and the like decide what the call costs.");
    if (prompt->bytes_most > most->bytes_most)
        return request_refuse(fault, "invalid_form", NULL,
                              "In so large a form at most %d KB of text may stand behind the file: "
                              "send the fields before it.",
                              LIMIT_FORM_LATE_BYTES / 1024);
    if (prompt->sound_measured && prompt->sound_seconds > most->sound_seconds)
        return request_refuse(fault, "invalid_value", "file",
                              "The sound is %lld seconds long, with fewer than %d bytes to a "
                              "second: more than was held for so large a form. Send it in parts.",
                              (long long)prompt->sound_seconds, PROMPT_SOUND_BYTES_MIN);
    return prompt->image_count <= most->image_count ||
           request_refuse(fault, "invalid_form", NULL, "The form has more than %d pictures.",
                          LIMIT_FORM_PICTURES);
}
