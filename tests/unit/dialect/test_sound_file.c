/* The length of sound, by what is in a file and not by what its head says. Files of real encoders
 * are in tests/e2e/sound. */
#include "base/support.h"

#include "base/buffer.h"
#include "sound_support.h"

static struct buffer file;

static int setup(void **state)
{
    (void)state;
    buffer_init(&file, 1 << 22);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_fini(&file);
    return 0;
}

/* -1: it is not measured. */
static int64_t length(void)
{
    return sound_length_of(&file);
}

static void put(const char *text, size_t bytes)
{
    buffer_append(&file, text, bytes);
}

#define PUT(literal) put(literal, sizeof(literal) - 1)

static void put_big(uint64_t number, size_t bytes)
{
    sound_put_big(&file, number, bytes);
}

static void put_little(uint64_t number, size_t bytes)
{
    sound_put_little(&file, number, bytes);
}

static void put_zeros(size_t bytes)
{
    sound_put_zeros(&file, bytes);
}

static void assert_safe(void)
{
    sound_assert_safe(&file);
}

/* ---- WAV ---- */

static void wave_head(unsigned format, unsigned channels, unsigned rate, unsigned bits)
{
    PUT("RIFF");
    put_little(0, 4); /* not believed */
    PUT("WAVEfmt ");
    put_little(16, 4);
    put_little(format, 2);
    put_little(channels, 2);
    put_little(rate, 4);
    put_little(1, 4); /* bytes a second: not believed */
    put_little(1, 2);
    put_little(bits, 2);
}

static void wave_data(uint32_t stated, size_t bytes)
{
    PUT("data");
    put_little(stated, 4);
    put_zeros(bytes);
}

static void wave_files(void **state)
{
    (void)state;
    wave_head(1, 2, 8000, 16);
    wave_data(32000, 32000);
    assert_int_equal(length(), 1000000);
    PUT("LIST");
    put_little(3, 4);
    PUT("abc\0");
    assert_int_equal(length(), 1000000); /* not sound */
    assert_safe();
}

static void a_wave_file_that_states_less_than_it_has(void **state)
{
    (void)state;
    static const uint32_t stated[] = {0, 31999, 0xffffffff, 64000};
    for (size_t i = 0; i < sizeof stated / sizeof *stated; i++) {
        buffer_reset(&file);
        wave_head(1, 2, 8000, 16);
        wave_data(stated[i], 32000);
        assert_int_equal(length(), 1000000);
    }
    buffer_reset(&file);
    wave_head(1, 2, 8000, 16);
    wave_data(16, 16);
    wave_data(16000, 16000);
    assert_true(length() >= 500000);
}

static void wave_files_that_are_not_measured(void **state)
{
    (void)state;
    static const struct {
        unsigned format, channels, rate, bits;
    } cases[] = {{2, 1, 8000, 4},  {0x55, 1, 8000, 0},  {1, 0, 8000, 16},  {1, 1, 0, 16},
                 {1, 1, 8000, 12}, {1, 1, 4000000, 16}, {1, 200, 8000, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_reset(&file);
        wave_head(cases[i].format, cases[i].channels, cases[i].rate, cases[i].bits);
        wave_data(1000, 1000);
        assert_int_equal(length(), -1);
    }
    buffer_reset(&file);
    wave_head(1, 1, 8000, 16);
    assert_int_equal(length(), -1); /* no data */
}

/* ---- FLAC ---- */

static unsigned crc8(const char *data, size_t bytes)
{
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum ^= (unsigned char)data[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum & 0x80 ? (sum << 1 ^ 7) & 0xff : sum << 1;
    }
    return sum;
}

static void flac_file(uint64_t stated, unsigned frames)
{
    PUT("fLaC\x80");
    put_big(34, 3);
    put_zeros(10);
    put_big((uint64_t)8000 << 4 | 0xf >> 4, 3); /* rate, and the first bits of channels and size */
    put_big(UINT64_C(15) << 36 | stated, 5);
    put_zeros(16);
    for (unsigned i = 0; i < frames; i++) {
        size_t start = file.bytes;
        PUT("\xff\xf8\xc4\x08"); /* 4,096 samples at 8 kHz, 16 bits */
        buffer_append_char(&file, (char)(i & 0x7f));
        buffer_append_char(&file, (char)crc8(file.data + start, file.bytes - start));
        put_zeros(100);
    }
}

static void flac_files(void **state)
{
    (void)state;
    flac_file(UINT64_C(4096) * 100 - 96, 100);
    assert_int_equal(length(), INT64_C(51188000)); /* as stated: the frames agree */
    buffer_reset(&file);
    flac_file(0, 100);
    assert_int_equal(length(), INT64_C(51200000));
    assert_safe();
    buffer_reset(&file);
    flac_file(8000, 100); /* a second, it says */
    assert_int_equal(length(), INT64_C(51200000));
    buffer_reset(&file);
    flac_file(UINT64_C(1) << 35, 100);
    assert_int_equal(length(), INT64_C(51200000));
    buffer_reset(&file);
    flac_file(100, 0);
    assert_int_equal(length(), -1);
}

/* ---- MPEG audio ---- */

static void mpeg_frames(unsigned count)
{
    for (unsigned i = 0; i < count;
         i++) { /* layer III, 64 kbit/s, 16 kHz: 288 bytes, 576 samples */
        PUT("\xff\xf3\x88\xc4");
        put_zeros(284);
    }
}

static void mpeg_files(void **state)
{
    (void)state;
    mpeg_frames(250);
    assert_int_equal(length(), 9000000);
    assert_safe();
    buffer_reset(&file);
    PUT("ID3\4\0\0\0\0\1\0");
    put_zeros(128);
    PUT("\xff\xf3\x88\xc4");
    put_zeros(9);
    PUT("Xing"); /* a frame that is no sound */
    put_zeros(288 - 17);
    mpeg_frames(250);
    PUT("TAG");
    put_zeros(125);
    assert_int_equal(length(), 9000000);
    buffer_reset(&file);
    mpeg_frames(10);
    put_zeros(10000); /* most is something else */
    assert_int_equal(length(), -1);
}

/* ---- Ogg ---- */

static void ogg_page(unsigned flags, uint64_t place, unsigned serial, unsigned packets,
                     size_t bytes)
{
    PUT("OggS\0");
    buffer_append_char(&file, (char)flags);
    put_little(place, 8);
    put_little(serial, 4);
    put_zeros(8);
    buffer_append_char(&file, (char)packets);
    for (unsigned i = 0; i < packets; i++)
        buffer_append_char(&file, (char)bytes);
}

static void ogg_opus(uint64_t place)
{
    ogg_page(2, 0, 7, 1, 19);
    PUT("OpusHead\1\1\0\0\x80\xbb\0\0\0\0\0");
    ogg_page(0, 0, 7, 1, 8);
    PUT("OpusTags");
    for (int page = 0; page < 4; page++) {
        ogg_page(0, place, 7, 50, 10);
        for (int i = 0; i < 50; i++)
            PUT("\x08---------"); /* SILK, 20 ms */
    }
}

static void ogg_files(void **state)
{
    (void)state;
    ogg_opus(1);
    assert_int_equal(length(), 4000000); /* whatever its place says */
    assert_safe();
    buffer_reset(&file);
    ogg_opus(UINT64_C(1) << 40);
    assert_int_equal(length(), 4000000);
    ogg_page(2, 0, 8, 1, 8);
    PUT("Speex   ");
    assert_int_equal(length(), -1);
}

static void vorbis(uint64_t place)
{
    ogg_page(2, 0, 7, 1, 30);
    PUT("\1vorbis\0\0\0\0\1");
    put_little(8000, 4);
    put_zeros(12);
    PUT("\xb8\1"); /* blocks of 256 and 2,048 */
    ogg_page(0, 0, 7, 2, 7);
    PUT("\3vorbis\5vorbis");
    ogg_page(0, place, 7, 100, 3);
    put_zeros(300);
}

static void a_stated_place_of_vorbis_is_bounded(void **state)
{
    (void)state;
    vorbis(80000);
    assert_int_equal(length(), 10000000);
    buffer_reset(&file);
    vorbis(1);
    assert_int_equal(length(), 1600000); /* short blocks alone */
    buffer_reset(&file);
    vorbis(UINT64_C(1) << 40);
    assert_int_equal(length(), 12800000); /* long blocks alone */
    assert_safe();
}

/* ---- MP4 ---- */

static size_t box(const char *name)
{
    return sound_begin_box(&file, name);
}

static void end_box(size_t at)
{
    sound_end_box(&file, at);
}

static void aac_description(void)
{
    size_t stsd = box("stsd");
    put_zeros(4);
    put_big(1, 4);
    size_t entry = box("mp4a");
    put_zeros(24);
    put_big((uint64_t)16000 << 16, 4);
    size_t esds = box("esds");
    put_zeros(4);
    PUT("\3\x16\0\1\0\4\x11\x40\x15");
    put_zeros(11);
    PUT("\5\2\x14\x08"); /* AAC-LC at 16 kHz */
    end_box(esds);
    end_box(entry);
    end_box(stsd);
}

/* `samples` in the table; each is `delta` sixteen-thousandths of a second long, it says. */
static void mp4_file(uint32_t samples, uint32_t delta)
{
    size_t ftyp = box("ftyp");
    PUT("M4A ");
    end_box(ftyp);
    size_t moov = box("moov");
    size_t trak = box("trak");
    size_t tkhd = box("tkhd");
    put_zeros(12);
    put_big(1, 4);
    end_box(tkhd);
    size_t mdia = box("mdia");
    size_t mdhd = box("mdhd");
    put_zeros(12);
    put_big(16000, 4);
    end_box(mdhd);
    size_t hdlr = box("hdlr");
    put_zeros(8);
    PUT("soun");
    end_box(hdlr);
    size_t minf = box("minf");
    size_t stbl = box("stbl");
    aac_description();
    size_t stts = box("stts");
    put_zeros(4);
    put_big(1, 4);
    put_big(samples, 4);
    put_big(delta, 4);
    end_box(stts);
    size_t stsz = box("stsz");
    put_zeros(8);
    put_big(samples, 4);
    end_box(stsz);
    end_box(stbl);
    end_box(minf);
    end_box(mdia);
    end_box(trak);
    end_box(moov);
}

static void mp4_files(void **state)
{
    (void)state;
    mp4_file(125, 1024);
    assert_int_equal(length(), 8000000);
    assert_safe();
    buffer_reset(&file);
    mp4_file(125, 1); /* short, it says */
    assert_int_equal(length(), 8000000);
    buffer_reset(&file);
    mp4_file(125, 2048); /* and what says more is believed: the customer does */
    assert_int_equal(length(), 16000000);
    buffer_reset(&file);
    mp4_file(0, 0);
    assert_int_equal(length(), -1);
    size_t moof = box("moof");
    size_t traf = box("traf");
    size_t tfhd = box("tfhd");
    put_zeros(4);
    put_big(1, 4);
    end_box(tfhd);
    size_t trun = box("trun");
    put_zeros(4);
    put_big(250, 4);
    end_box(trun);
    end_box(traf);
    end_box(moof);
    assert_int_equal(length(), 16000000);
    assert_safe();
}

/* ---- WebM ---- */

static void webm_files(void **state)
{
    (void)state;
    PUT("\x1a\x45\xdf\xa3\x80");
    PUT("\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"); /* a segment without an end */
    PUT("\x16\x54\xae\x6b\x91\xae\x8f\xd7\x81\x01\x83\x81\x02\x86\x86"
        "A_OPUS\xec\x80");
    PUT("\x1f\x43\xb6\x75\xff\xe7\x81\x00");
    for (int i = 0; i < 100; i++)
        PUT("\xa3\x86\x81\x00\x00\x80\x08-"); /* 20 ms */
    assert_int_equal(length(), 2000000);
    PUT("\xa0\x88\xa1\x86\x81\x00\x00\x00\x08-");
    assert_int_equal(length(), 2020000);
    PUT("\xa3\x86\x82\x00\x00\x80\x08-"); /* of no track */
    assert_int_equal(length(), 2020000);
    assert_safe();
}

static void other_files_are_not_measured(void **state)
{
    (void)state;
    assert_int_equal(length(), -1);
    PUT("#!AMR\n\x3c---------");
    assert_int_equal(length(), -1);
    buffer_reset(&file);
    PUT("{\"a\":1}");
    assert_int_equal(length(), -1);
    for (int i = 0; i < 200000; i++)
        buffer_append_char(&file, (char)(i * 7919 >> 3));
    assert_int_equal(length(), -1);
    buffer_reset(&file);
    put_zeros(100000);
    assert_int_equal(length(), -1);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(wave_files),
        EACH(a_wave_file_that_states_less_than_it_has),
        EACH(wave_files_that_are_not_measured),
        EACH(flac_files),
        EACH(mpeg_files),
        EACH(ogg_files),
        EACH(a_stated_place_of_vorbis_is_bounded),
        EACH(mp4_files),
        EACH(webm_files),
        EACH(other_files_are_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
