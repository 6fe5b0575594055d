/* Large forms as they come: what they ask for is known when their first file begins, and checked
 * when all is there. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "dialect/form_flow.h"

#define TYPE "multipart/form-data; boundary=b"
#define FIELD(name, value)                                                                         \
    "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_HEAD(name)                                                                            \
    "--b\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"f\"\r\n\r\n"
#define END "--b--\r\n"
/* Half a second of 8 kHz, 8 bit, one channel: a head of 44 bytes, and this. */
#define WAVE_HEAD                                                                                  \
    "RIFF\0\0\0\0WAVEfmt \20\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\10\0data\xa0\x0f\0\0"

enum { WAVE_BYTES = 4000, PIECE_BYTES = 17 };

struct reading {
    struct form_flow *flow;
    struct buffer ahead;
    struct model_request begun;
    struct buffer begun_text;
    struct model_request now;
    struct buffer now_text;
    struct request_fault fault;
    enum form_step last;
    bool read; /* at the first file */
};

static struct reading reading;
static struct buffer form;

static int setup(void **state)
{
    (void)state;
    memset(&reading, 0, sizeof reading);
    buffer_init(&form, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    form_flow_free(reading.flow);
    buffer_fini(&reading.ahead);
    buffer_fini(&reading.begun_text);
    buffer_fini(&reading.now_text);
    buffer_fini(&form);
    return 0;
}

static void put(const char *text)
{
    buffer_append_text(&form, text);
}

static void put_sound(void)
{
    put(FILE_HEAD("file"));
    buffer_append(&form, WAVE_HEAD, sizeof WAVE_HEAD - 1);
    for (size_t i = 0; i < WAVE_BYTES; i++)
        buffer_append_char(&form, (char)i);
    put("\r\n");
}

static void take(enum dialect dialect, bool over)
{
    size_t bytes;
    do {
        reading.last = form_flow_take(reading.flow, buffer_slice(&reading.ahead), over, &bytes,
                                      &reading.fault);
        buffer_consume(&reading.ahead, bytes);
        if (reading.last != FORM_AT_FILE)
            return;
        reading.read = form_flow_read(reading.flow, dialect, slice_of(TYPE), 7500000, 1,
                                      &reading.begun_text, &reading.begun, &reading.fault);
        form_flow_pass(reading.flow);
    } while (reading.read);
}

/* Reads the form in pieces. Returns whether it is good, and asks for what it began with. */
static bool read_form(enum dialect dialect)
{
    reading.flow = form_flow_new(slice_of(TYPE), &reading.fault);
    assert_non_null(reading.flow);
    buffer_init(&reading.ahead, form.bytes);
    for (size_t at = 0; at < form.bytes; at += PIECE_BYTES) {
        size_t left = form.bytes - at;
        buffer_append(&reading.ahead, form.data + at, left < PIECE_BYTES ? left : PIECE_BYTES);
        take(dialect, left <= PIECE_BYTES);
        if (reading.last == FORM_REFUSED || reading.last == FORM_TOO_LONG)
            return false;
    }
    assert_true(form_flow_is_over(reading.flow));
    assert_int_equal(reading.ahead.bytes, 0);
    return form_flow_read(reading.flow, dialect, slice_of(TYPE), 0, 1, &reading.now_text,
                          &reading.now, &reading.fault) &&
           form_flow_agrees(&reading.begun, &reading.now, &reading.fault);
}

static void a_transcription(void **state)
{
    (void)state;
    put(FIELD("model", "whisper") FIELD("stream", "true"));
    put_sound();
    put(FIELD("language", "en") FIELD("response_format", "json") END);
    assert_true(read_form(DIALECT_TRANSCRIPTIONS));
    assert_true(reading.read);
    const struct model_request *begun = &reading.begun;
    assert_string_equal(begun->model, "whisper");
    assert_true(begun->streamed);
    assert_true(begun->prompt.sound_coming);
    assert_false(begun->prompt.sound_measured);
    assert_int_equal(begun->prompt.sound_seconds, 10000); /* the most that there can be */
    assert_int_equal(begun->prompt.text_bytes, LIMIT_FORM_LATE_BYTES);
    const struct prompt *now = &reading.now.prompt;
    assert_true(now->sound_measured);
    assert_false(now->sound_coming);
    assert_int_equal(now->sound_seconds, 1);
    assert_int_equal(now->text_bytes, 2);
}

/* What the provider gets first: the form up to its file, behind which an end of ours is cut. */
static void the_front_is_as_it_came(void **state)
{
    (void)state;
    put(FIELD("model", "whisper") FILE_HEAD("file"));
    size_t front = form.bytes;
    put("sound\r\n" END);
    assert_true(read_form(DIALECT_TRANSCRIPTIONS));
    size_t closing = form_flow_closing_bytes(reading.flow);
    assert_int_equal(reading.begun_text.bytes - closing, front);
    assert_memory_equal(reading.begun_text.data, form.data, front);
    assert_int_equal(reading.begun.members[REQUEST_MODEL].raw.bytes, 7);
}

static void what_may_not_stand_behind_the_file(void **state)
{
    (void)state;
    static const char *const fields[] = {FIELD("stream", "true"), FIELD("response_format", "srt"),
                                         FIELD("model", "whisper"), FIELD("url", "x"),
                                         FIELD("known_speaker_references[]", "data:,x")};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        put(FIELD("model", "whisper"));
        put_sound();
        put(fields[i]);
        put(END);
        assert_false(read_form(DIALECT_TRANSCRIPTIONS));
        assert_true(reading.fault.message[0] != '\0');
        teardown(NULL);
        setup(NULL);
    }
}

static void put_text_field(size_t bytes)
{
    put("--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\n");
    for (size_t i = 0; i < bytes; i++)
        buffer_append_char(&form, 'x');
    put("\r\n");
}

static void text_behind_the_file(void **state)
{
    (void)state;
    static const size_t bytes[] = {LIMIT_FORM_LATE_BYTES, LIMIT_FORM_LATE_BYTES + 1};
    for (size_t i = 0; i < 2; i++) {
        put(FIELD("model", "whisper") FIELD("prompt", "names"));
        put_sound();
        put("--b\r\nContent-Disposition: form-data; name=\"more\"\r\n\r\n");
        for (size_t n = 0; n < bytes[i]; n++)
            buffer_append_char(&form, 'x');
        put("\r\n" END);
        assert_int_equal(read_form(DIALECT_TRANSCRIPTIONS), i == 0);
        teardown(NULL);
        setup(NULL);
    }
}

static void too_much_text(void **state)
{
    (void)state;
    put(FIELD("model", "whisper"));
    put_text_field(LIMIT_FORM_TEXT_BYTES);
    put_sound();
    put(END);
    assert_false(read_form(DIALECT_TRANSCRIPTIONS));
    assert_int_equal(reading.last, FORM_TOO_LONG);
}

/* Then the form must be held whole. */
static void a_file_before_the_model(void **state)
{
    (void)state;
    put_sound();
    put(FIELD("model", "whisper") END);
    reading.flow = form_flow_new(slice_of(TYPE), &reading.fault);
    buffer_init(&reading.ahead, form.bytes);
    buffer_append_slice(&reading.ahead, buffer_slice(&form));
    take(DIALECT_TRANSCRIPTIONS, false);
    assert_int_equal(reading.last, FORM_AT_FILE);
    assert_false(reading.read);
    assert_string_equal(reading.fault.code, "missing_field");
}

static void pictures(void **state)
{
    (void)state;
    for (int count = LIMIT_FORM_PICTURES; count <= LIMIT_FORM_PICTURES + 1; count++) {
        put(FIELD("model", "m") FIELD("prompt", "p") FIELD("size", "1024x1024"));
        for (int i = 0; i < count; i++)
            put(FILE_HEAD("image[]") "png\r\n");
        put(END);
        assert_int_equal(read_form(DIALECT_IMAGE_EDITS), count == LIMIT_FORM_PICTURES);
        assert_int_equal(reading.begun.prompt.image_count, LIMIT_FORM_PICTURES);
        assert_int_equal(reading.now.prompt.image_count, count);
        teardown(NULL);
        setup(NULL);
    }
}

/* Takes a form whose file goes on behind these bytes. */
static void begin_sound(const char *head, size_t head_bytes, size_t bytes)
{
    put(FIELD("model", "whisper") FILE_HEAD("file"));
    buffer_append(&form, head, head_bytes);
    for (size_t i = 0; i < bytes; i++)
        buffer_append_char(&form, (char)i);
    reading.flow = form_flow_new(slice_of(TYPE), &reading.fault);
    buffer_init(&reading.ahead, form.bytes);
    buffer_append_slice(&reading.ahead, buffer_slice(&form));
    take(DIALECT_TRANSCRIPTIONS, false);
    assert_true(reading.ahead.bytes < 5); /* they may begin the boundary */
}

/* What a provider has got that answers before all has come. */
static void sound_that_has_come_so_far(void **state)
{
    (void)state;
    begin_sound(WAVE_HEAD, sizeof WAVE_HEAD - 1, 80000); /* 8,000 bytes to a second */
    assert_int_equal(form_flow_sound_seconds(reading.flow, 0), 10);
    assert_int_equal(form_flow_sound_seconds(reading.flow, 1), 10);
    assert_int_equal(form_flow_sound_seconds(reading.flow, 40000), 6); /* a begun one counts */
    assert_int_equal(form_flow_sound_seconds(reading.flow, 80044), 1);
    assert_int_equal(form_flow_sound_seconds(reading.flow, 90000), 1);
    buffer_append_text(&reading.ahead, "\r\n--b--\r\n"); /* to look has changed nothing */
    take(DIALECT_TRANSCRIPTIONS, true);
    assert_true(form_flow_is_over(reading.flow));
    assert_true(form_flow_read(reading.flow, DIALECT_TRANSCRIPTIONS, slice_of(TYPE), 0, 1,
                               &reading.now_text, &reading.now, &reading.fault));
    assert_int_equal(reading.now.prompt.sound_seconds, 10);
}

static void sound_so_far_that_is_at_most_what_its_bytes_may_be(void **state)
{
    (void)state;
    char slow[sizeof WAVE_HEAD];
    memcpy(slow, WAVE_HEAD, sizeof slow);
    memcpy(slow + 24, "\x0a\0\0", 4); /* ten samples to a second */
    begin_sound(slow, sizeof slow - 1, 7500);
    assert_int_equal(form_flow_sound_seconds(reading.flow, 0), 7544 / 750 + 1);
    teardown(NULL);
    setup(NULL);
    begin_sound("?", 1, 8000); /* not measured */
    assert_int_equal(form_flow_sound_seconds(reading.flow, 0), 8001 / 750 + 1);
    assert_int_equal(form_flow_sound_seconds(reading.flow, 4000), 4001 / 750 + 1);
}

static void what_decides_about_pictures(void **state)
{
    (void)state;
    static const char *const fields[] = {FIELD("n", "2"), FIELD("size", "1x1"),
                                         FIELD("quality", "high"), FIELD("partial_images", "1")};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        put(FIELD("model", "m") FIELD("prompt", "p") FILE_HEAD("image") "png\r\n");
        put(fields[i]);
        put(END);
        assert_false(read_form(DIALECT_IMAGE_EDITS));
        teardown(NULL);
        setup(NULL);
    }
}

static void paths(void **state)
{
    (void)state;
    assert_true(form_flow_is_sound(slice_of("/v1/audio/transcriptions")));
    assert_false(form_flow_is_sound(slice_of("/v1/audio/speech")));
    assert_true(form_flow_is_pictures(slice_of("/api/v1/images/edits")));
    assert_false(form_flow_is_pictures(slice_of("/api/v1/images/generations")));
    assert_false(form_flow_is_pictures(slice_of("")));
}

static void no_form(void **state)
{
    (void)state;
    assert_null(form_flow_new(slice_of("application/json"), &reading.fault));
    assert_string_equal(reading.fault.code, "invalid_form");
}

#define WITH_FORM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FORM(a_transcription),
        WITH_FORM(the_front_is_as_it_came),
        WITH_FORM(what_may_not_stand_behind_the_file),
        WITH_FORM(text_behind_the_file),
        WITH_FORM(too_much_text),
        WITH_FORM(a_file_before_the_model),
        WITH_FORM(pictures),
        WITH_FORM(sound_that_has_come_so_far),
        WITH_FORM(sound_so_far_that_is_at_most_what_its_bytes_may_be),
        WITH_FORM(what_decides_about_pictures),
        WITH_FORM(paths),
        WITH_FORM(no_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
