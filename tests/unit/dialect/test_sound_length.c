/* How long a sound is, by the heads of its frames, pages and chunks, in pieces of any size. The
 * sounds are made here, by the layouts of the formats. */
#include "base/support.h"

#include <string.h>

#include "base/buffer.h"
#include "dialect/sound_length.h"

static void append_zeros(struct buffer *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buffer_append_char(out, '\0');
}

static void append_little(struct buffer *out, uint64_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buffer_append_char(out, (char)(number >> 8 * i & 255));
}

/* `bytes_per_s` of sound for 2.5 s; a chunk that nobody knows stands before it. */
static void make_wav(struct buffer *out, uint32_t length)
{
    buffer_append_text(out, "RIFF");
    append_little(out, length, 4);
    buffer_append_text(out, "WAVELIST");
    append_little(out, 3, 4);
    buffer_append_text(out, "abc");
    buffer_append_char(out, '\0'); /* chunks have an even length */
    buffer_append_text(out, "fmt ");
    append_little(out, 18, 4);
    append_little(out, 1 | 1 << 16, 4);
    append_little(out, 16000, 4);
    append_little(out, 32000, 4);
    append_little(out, 2 | 16 << 16, 4);
    append_little(out, 0, 2);
    buffer_append_text(out, "data");
    append_little(out, length, 4);
    append_zeros(out, 80000);
}

/* A tag, 100 frames of 24 ms (MPEG 2, 64 kbit/s, 24 kHz), and bytes that are no frame between. */
static void make_mp3(struct buffer *out)
{
    buffer_append(out, "ID3\x04\0\0\0\0\x01\x02", 10);
    append_zeros(out, 130);
    for (unsigned i = 0; i < 100; i++) {
        buffer_append(out, "\xff\xf3\x84\xc4", 4);
        append_zeros(out, 188);
        if (i == 50)
            buffer_append_text(out, "lost");
    }
    append_zeros(out, 8); /* the last frame's head is whole */
}

/* 10 frames of 1,024 samples at 16 kHz: 640 ms. */
static void make_aac(struct buffer *out)
{
    for (unsigned i = 0; i < 10; i++) {
        buffer_append(out, "\xff\xf1\x60\x40\x0c\x9f\xfc", 7); /* 100 bytes */
        append_zeros(out, 93);
    }
}

static void append_page(struct buffer *out, uint64_t position, const char *body, size_t bytes)
{
    buffer_append(out, "OggS\0\0", 6);
    append_little(out, position, 8);
    append_zeros(out, 12);
    buffer_append_char(out, (char)(bytes / 255 + 1));
    for (size_t left = bytes; left >= 255; left -= 255)
        buffer_append_char(out, '\xff');
    buffer_append_char(out, (char)(bytes % 255));
    buffer_append(out, body, bytes);
}

static void make_ogg(struct buffer *out, const char *head)
{
    static const char body[3000];
    append_page(out, 0, head, 30);
    append_page(out, UINT64_MAX, body, 255); /* no packet ends in it */
    append_page(out, 24000, body, sizeof body);
    append_page(out, 72000, body, 10);
}

/* 36,000 samples at 24 kHz. */
static void make_flac(struct buffer *out)
{
    buffer_append(out, "fLaC\0\0\0\x22", 8);
    append_zeros(out, 10);
    buffer_append(out, "\x05\xdc\x00\xf0\x00\x00\x8c\xa0", 8);
    append_zeros(out, 5000);
}

static int64_t measure(const struct buffer *sound, size_t piece, bool raw)
{
    struct sound_length length = {.raw = raw};
    struct slice rest = buffer_slice(sound);
    while (rest.bytes > 0) {
        size_t bytes = rest.bytes < piece ? rest.bytes : piece;
        sound_length_feed(&length, (struct slice){rest.data, bytes});
        rest = (struct slice){rest.data + bytes, rest.bytes - bytes};
    }
    return sound_length_ms(&length);
}

static void check_all(struct buffer *sound, bool raw, int64_t expected_ms)
{
    static const size_t pieces[] = {1, 2, 3, 7, 100, 4096, 1000000};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        assert_int_equal(measure(sound, pieces[i], raw), expected_ms);
    buffer_fini(sound);
    buffer_init(sound, 1024 * 1024);
}

static void each_form_is_measured(void **state)
{
    (void)state;
    static const char opus[30] = "OpusHead\1\1";
    static const char vorbis[30] = "\1vorbis\0\0\0\0\1\x80\xbb\0\0"; /* 48 kHz */
    struct buffer sound;
    buffer_init(&sound, 1024 * 1024);
    make_wav(&sound, UINT32_MAX);
    check_all(&sound, false, 2500);
    make_wav(&sound, 80000);
    check_all(&sound, true, 2500); /* it says what it is, whatever was asked for */
    make_mp3(&sound);
    check_all(&sound, false, 2400);
    make_aac(&sound);
    check_all(&sound, false, 640);
    make_ogg(&sound, opus);
    check_all(&sound, false, 1500);
    make_ogg(&sound, vorbis);
    check_all(&sound, false, 1500);
    make_flac(&sound);
    check_all(&sound, false, 1500);
    append_zeros(&sound, 120000);
    check_all(&sound, true, 2500);
    append_zeros(&sound, 120000);
    check_all(&sound, false, 0); /* nobody knows what it is */
    buffer_fini(&sound);
}

/* What begins like a form and goes on otherwise tells less, and breaks nothing. */
static void broken_sound_ends_nothing(void **state)
{
    (void)state;
    static const char *const beginnings[] = {"RIFF", "ID3",          "OggS",
                                             "fLaC", "\xff\xf3\x84", "\xff\xf1"};
    struct buffer sound;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        for (int fill = 0; fill < 256; fill += 51) {
            buffer_init(&sound, 4096);
            buffer_append_text(&sound, beginnings[i]);
            for (unsigned j = 0; j < 2000; j++)
                buffer_append_char(&sound, (char)fill);
            for (size_t piece = 1; piece < 3000; piece = 3 * piece + 1)
                assert_true(measure(&sound, piece, false) >= 0);
            buffer_fini(&sound);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_form_is_measured),
                                       cmocka_unit_test(broken_sound_ends_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
