/* The length of sound in packets and blocks: ADTS, ALAC, CAF and ADPCM. Files of ffmpeg 5.1 were
 * measured by hand when this was written (2026-12-01). */
#include "base/support.h"

#include <string.h>

#include "base/buffer.h"
#include "sound_support.h"

/* ---- AAC ---- */

/* A frame of 16 kHz (rate code 8) and so many bytes, with so many blocks of 1,024 samples. */
static void adts_frame(unsigned bytes, unsigned blocks)
{
    SOUND_PUT("\xff\xf1\x60");
    sound_put_big(UINT64_C(0x40) << 16 | (uint64_t)bytes << 5 | 0x1f, 3);
    buffer_append_char(&sound_made, (char)(0xfc | (blocks - 1)));
    sound_put_zeros(bytes - 7);
}

static void aac_frames_are_counted(void **state)
{
    (void)state;
    for (int i = 0; i < 125; i++)
        adts_frame(200, 1);
    assert_int_equal(sound_length(), 8000000);
    sound_assert_safe();
    buffer_reset(&sound_made);
    for (int i = 0; i < 125; i++)
        adts_frame(200, 4);
    assert_int_equal(sound_length(), 32000000);
}

static void aac_behind_a_tag(void **state)
{
    (void)state;
    SOUND_PUT("ID3\4\0\0\0\0\0\x0a");
    sound_put_zeros(10);
    for (int i = 0; i < 125; i++)
        adts_frame(200, 1);
    assert_int_equal(sound_length(), 8000000);
}

static void aac_frames_apart_are_found(void **state)
{
    (void)state;
    for (int i = 0; i < 125; i++) {
        adts_frame(200, 1);
        sound_put_zeros(100);
    }
    assert_int_equal(sound_length(), 8000000);
}

/* Frames of MP3, at 320 kbit/s, are most of the bytes, and those of AAC most of the time. */
static void of_two_forms_in_a_file_the_longer_one_counts(void **state)
{
    (void)state;
    for (int i = 0; i < 250; i++)
        adts_frame(20, 1);
    for (int i = 0; i < 20; i++) {
        SOUND_PUT("\xff\xfb\xe0\xc4"); /* 1,044 bytes, 1,152 samples at 44.1 kHz */
        sound_put_zeros(1040);
    }
    assert_int_equal(sound_length(), 16000000);
}

static void aac_that_is_not_measured(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        adts_frame(7, 1);
    sound_put_zeros(1000); /* most is something else */
    assert_int_equal(sound_length(), -1);
    buffer_reset(&sound_made);
    for (int i = 0; i < 100; i++)
        SOUND_PUT("\xff\xf1\x74\x40\x0c\x9f\xfc---"); /* no rate has this code */
    assert_int_equal(sound_length(), -1);
    buffer_reset(&sound_made);
    for (int i = 0; i < 100; i++)
        SOUND_PUT("\xff\xf1\x60\x40\x00\xdf\xfc"); /* shorter than its head */
    assert_int_equal(sound_length(), -1);
}

/* ---- ALAC ---- */

static void alac_config(uint32_t packet_samples, uint32_t rate)
{
    sound_put_big(packet_samples, 4);
    SOUND_PUT("\0\x10\x28\x0a\x0e\1\0\xff");
    sound_put_zeros(8);
    sound_put_big(rate, 4);
}

static void alac_box(uint32_t packet_samples, uint32_t rate)
{
    size_t at = sound_begin_box("alac");
    sound_put_zeros(4);
    alac_config(packet_samples, rate);
    sound_end_box(at);
}

enum { ALAC_RATE = 40960 };

struct alac_file {
    uint32_t packets;
    uint32_t packet_samples;
    uint32_t stated; /* samples */
    unsigned configs;
};

static void put_times(const struct alac_file *made)
{
    size_t stts = sound_begin_box("stts");
    sound_put_zeros(4);
    sound_put_big(1, 4);
    sound_put_big(made->stated, 4);
    sound_put_big(1, 4);
    sound_end_box(stts);
    size_t stsz = sound_begin_box("stsz");
    sound_put_zeros(8);
    sound_put_big(made->packets, 4);
    sound_end_box(stsz);
}

static void put_description(const struct alac_file *made)
{
    size_t stsd = sound_begin_box("stsd");
    sound_put_zeros(4);
    sound_put_big(1, 4);
    size_t entry = sound_begin_box("alac");
    sound_put_zeros(24);
    sound_put_big((uint64_t)8000 << 16, 4); /* not the decoder's rate */
    for (unsigned i = 0; i < made->configs; i++)
        alac_box(made->packet_samples, ALAC_RATE);
    sound_end_box(entry);
    sound_end_box(stsd);
}

static int64_t alac_length(const struct alac_file *made)
{
    static const char *const names[] = {"moov", "trak", "mdia"};
    size_t boxes[3];
    buffer_reset(&sound_made);
    size_t ftyp = sound_begin_box("ftyp");
    SOUND_PUT("M4A ");
    sound_end_box(ftyp);
    for (size_t i = 0; i < 3; i++)
        boxes[i] = sound_begin_box(names[i]);
    size_t mdhd = sound_begin_box("mdhd");
    sound_put_zeros(12);
    sound_put_big(ALAC_RATE, 4);
    sound_end_box(mdhd);
    size_t hdlr = sound_begin_box("hdlr");
    sound_put_zeros(8);
    SOUND_PUT("soun");
    sound_end_box(hdlr);
    put_description(made);
    put_times(made);
    for (size_t i = 3; i > 0; i--)
        sound_end_box(boxes[i - 1]);
    return sound_length();
}

static void alac_packets_are_counted(void **state)
{
    (void)state;
    /* 100 packets of 0.1 s; the last one may be shorter. */
    const struct alac_file whole = {100, 4096, 409600, 1};
    assert_int_equal(alac_length(&whole), 10000000);
    sound_assert_safe();
    const struct alac_file cut = {100, 4096, 409600 - 2048, 1};
    assert_int_equal(alac_length(&cut), 9950000);
    const struct alac_file shorter = {100, 4096, 409600 - 4096, 1};
    assert_int_equal(alac_length(&shorter), 10000000); /* it says */
    const struct alac_file second = {100, 4096, ALAC_RATE, 1};
    assert_int_equal(alac_length(&second), 10000000);
    const struct alac_file longer = {100, 4096, 2 * 409600, 1};
    assert_int_equal(alac_length(&longer), 20000000); /* the customer says so */
}

static void alac_that_is_not_measured(void **state)
{
    (void)state;
    const struct alac_file none = {100, 4096, 409600, 0};
    assert_int_equal(alac_length(&none), -1);
    const struct alac_file two = {100, 4096, 409600, 2}; /* which one does a decoder obey? */
    assert_int_equal(alac_length(&two), -1);
    const struct alac_file empty = {100, 0, 409600, 1};
    assert_int_equal(alac_length(&empty), -1);
    const struct alac_file vast = {100, UINT32_MAX, 409600, 1};
    assert_int_equal(alac_length(&vast), -1);
}

/* ---- CAF ---- */

static void caf_chunk(const char *name, uint64_t bytes)
{
    sound_put(name, 4);
    sound_put_big(bytes, 8);
}

static void caf_head(const char *format, uint32_t packet_bytes, uint32_t packet_samples,
                     uint32_t bits)
{
    buffer_reset(&sound_made);
    SOUND_PUT("caff\0\1\0\0");
    caf_chunk("desc", 32);
    SOUND_PUT("\x40\xbf\x40\0\0\0\0\0"); /* 8,000 */
    sound_put(format, 4);
    sound_put_big(0, 4);
    sound_put_big(packet_bytes, 4);
    sound_put_big(packet_samples, 4);
    sound_put_big(1, 4);
    sound_put_big(bits, 4);
}

static void caf_data(uint64_t stated, size_t bytes)
{
    caf_chunk("data", stated);
    sound_put_zeros(4 + bytes);
}

static void caf_of_equal_packets(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        uint32_t packet_bytes, packet_samples, bits;
        size_t bytes;
    } cases[] = {{"lpcm", 2, 1, 16, 16000}, {"ulaw", 1, 1, 8, 8000}, {"ima4", 34, 64, 0, 4250}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        caf_head(cases[i].format, cases[i].packet_bytes, cases[i].packet_samples, cases[i].bits);
        caf_data(4 + cases[i].bytes, cases[i].bytes);
        assert_int_equal(sound_length(), 1000000);
        sound_assert_safe();
        caf_head(cases[i].format, cases[i].packet_bytes, cases[i].packet_samples, cases[i].bits);
        caf_data(UINT64_MAX, cases[i].bytes); /* to the end */
        assert_int_equal(sound_length(), 1000000);
        caf_head(cases[i].format, cases[i].packet_bytes * 2, cases[i].packet_samples,
                 cases[i].bits);
        caf_data(4 + cases[i].bytes, cases[i].bytes);
        assert_int_equal(sound_length(), -1); /* no such packets */
    }
}

struct caf_alac {
    uint64_t packets; /* stated */
    uint64_t samples; /* stated */
    uint32_t rate;
    unsigned last_bytes;
    size_t bytes; /* of sound */
};

static void caf_cookie(uint32_t rate)
{
    caf_chunk("kuki", 48);
    SOUND_PUT("\0\0\0\x0c"
              "frmaalac");
    alac_box(800, rate);
}

/* Nine packets of 200 bytes and a last one, of 800 samples. */
static void caf_table(const struct caf_alac *made)
{
    caf_chunk("pakt", 24 + 19);
    sound_put_big(made->packets, 8);
    sound_put_big(made->samples, 8);
    sound_put_zeros(8);
    for (int i = 0; i < 9; i++)
        SOUND_PUT("\x81\x48");
    buffer_append_char(&sound_made, (char)made->last_bytes);
}

static int64_t caf_alac_length(const struct caf_alac *made)
{
    caf_head("alac", 0, 800, 0);
    caf_cookie(made->rate);
    caf_data(4 + made->bytes, made->bytes);
    caf_table(made);
    return sound_length();
}

static void caf_with_alac(void **state)
{
    (void)state;
    const struct caf_alac whole = {10, 8000, 8000, 50, 1850};
    assert_int_equal(caf_alac_length(&whole), 1000000);
    sound_assert_safe();
    const struct caf_alac cut = {10, 7600, 8000, 50, 1850};
    assert_int_equal(caf_alac_length(&cut), 950000);
    const struct caf_alac shorter = {10, 1, 8000, 50, 1850};
    assert_int_equal(caf_alac_length(&shorter), 1000000);
    const struct caf_alac fewer = {1, 8000, 8000, 50, 1850}; /* than the table has */
    assert_int_equal(caf_alac_length(&fewer), -1);
    const struct caf_alac another = {10, 8000, 16000, 50, 1850}; /* rate than the head's */
    assert_int_equal(caf_alac_length(&another), -1);
    const struct caf_alac hidden = {10, 8000, 8000, 50, 18500}; /* sound of no packet */
    assert_int_equal(caf_alac_length(&hidden), -1);
    const struct caf_alac beyond = {10, 8000, 8000, 127, 1850};
    assert_int_equal(caf_alac_length(&beyond), -1);
}

/* Apple's writers put the table behind the sound; in a file for streams it stands before. */
static void caf_with_its_table_first(void **state)
{
    (void)state;
    const struct caf_alac whole = {10, 8000, 8000, 50, 1850};
    caf_head("alac", 0, 800, 0);
    caf_cookie(8000);
    caf_table(&whole);
    caf_data(UINT64_MAX, 1850);
    assert_int_equal(sound_length(), 1000000);
    sound_assert_safe();
}

static void caf_that_has_something_twice(void **state)
{
    (void)state;
    const struct caf_alac whole = {10, 8000, 8000, 50, 1850};
    assert_int_equal(caf_alac_length(&whole), 1000000);
    caf_table(&whole); /* which one does a decoder obey? */
    assert_int_equal(sound_length(), -1);
    assert_int_equal(caf_alac_length(&whole), 1000000);
    caf_cookie(8000);
    assert_int_equal(sound_length(), -1);
}

static void caf_that_is_not_measured(void **state)
{
    (void)state;
    caf_head("aac ", 0, 1024, 0);
    caf_data(4 + 1000, 1000);
    assert_int_equal(sound_length(), -1);
    caf_head("alac", 0, 800, 0); /* no configuration, no table */
    caf_data(4 + 1000, 1000);
    assert_int_equal(sound_length(), -1);
    caf_head("lpcm", 2, 1, 16);
    assert_int_equal(sound_length(), -1); /* no sound */
    caf_data(4 + 1000, 1000);
    caf_data(4 + 1000, 1000);
    assert_int_equal(sound_length(), -1); /* twice */
    caf_head("lpcm", 2, 1, 16);
    memset(sound_made.data + 20, 0xff, 8); /* the rate is no number */
    caf_data(4 + 1000, 1000);
    assert_int_equal(sound_length(), -1);
}

/* ---- ADPCM ---- */

/* `bits`, and what the extension says of a block, are not all believed. */
static void adpcm(unsigned format, unsigned channels, unsigned block, size_t bytes)
{
    buffer_reset(&sound_made);
    SOUND_PUT("RIFF\0\0\0\0WAVEfmt ");
    sound_put_little(20, 4);
    sound_put_little(format, 2);
    sound_put_little(channels, 2);
    sound_put_little(8000, 4);
    sound_put_little(1, 4);
    sound_put_little(block, 2);
    sound_put_little(4, 2);
    sound_put_little(2, 2);
    sound_put_little(1, 2); /* samples of a block: not believed */
    SOUND_PUT("fact");
    sound_put_little(4, 4);
    sound_put_little(1, 4); /* of all */
    SOUND_PUT("data");
    sound_put_little(bytes, 4);
    sound_put_zeros(bytes);
}

static void adpcm_blocks_are_counted(void **state)
{
    (void)state;
    adpcm(0x11, 1, 256, 100 * 256); /* 1 sample in 4 bytes, then 504 in 252 */
    assert_int_equal(sound_length(), INT64_C(505) * 100 * 125);
    sound_assert_safe();
    adpcm(0x11, 2, 512, 100 * 512);
    assert_int_equal(sound_length(), INT64_C(505) * 100 * 125);
    adpcm(2, 1, 256, 100 * 256); /* 2 samples in 7 bytes, then 498 in 249 */
    assert_int_equal(sound_length(), INT64_C(500) * 100 * 125);
    adpcm(2, 2, 512, 100 * 512);
    assert_int_equal(sound_length(), INT64_C(500) * 100 * 125);
}

static void an_adpcm_block_that_is_cut_counts_in_part(void **state)
{
    (void)state;
    adpcm(0x11, 1, 256, 256 + 104);
    assert_int_equal(sound_length(), INT64_C(706) * 125);
    adpcm(0x11, 1, 256, 256 + 3);
    assert_int_equal(sound_length(), INT64_C(506) * 125);
}

static void adpcm_that_is_not_measured(void **state)
{
    (void)state;
    adpcm(0x11, 1, 0, 1000);
    assert_int_equal(sound_length(), -1);
    adpcm(0x11, 1, 5, 1000); /* heads alone: another reader may take them for sound */
    assert_int_equal(sound_length(), -1);
    adpcm(0x45, 1, 256, 1000); /* G.726 */
    assert_int_equal(sound_length(), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SOUND(aac_frames_are_counted),
        WITH_SOUND(aac_behind_a_tag),
        WITH_SOUND(aac_frames_apart_are_found),
        WITH_SOUND(of_two_forms_in_a_file_the_longer_one_counts),
        WITH_SOUND(aac_that_is_not_measured),
        WITH_SOUND(alac_packets_are_counted),
        WITH_SOUND(alac_that_is_not_measured),
        WITH_SOUND(caf_of_equal_packets),
        WITH_SOUND(caf_with_alac),
        WITH_SOUND(caf_with_its_table_first),
        WITH_SOUND(caf_that_has_something_twice),
        WITH_SOUND(caf_that_is_not_measured),
        WITH_SOUND(adpcm_blocks_are_counted),
        WITH_SOUND(an_adpcm_block_that_is_cut_counts_in_part),
        WITH_SOUND(adpcm_that_is_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
