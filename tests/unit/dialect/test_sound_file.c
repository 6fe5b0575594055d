/* The length of sound, by what is in a file and not by what its head says. Files of real encoders
 * are in tests/e2e/sound. */
#include "base/support.h"

#include "base/buffer.h"
#include "sound_support.h"

/* ---- WAV ---- */

static void wave_head(unsigned format, unsigned channels, unsigned rate, unsigned bits)
{
    SOUND_PUT("RIFF");
    sound_put_little(0, 4); /* not believed */
    SOUND_PUT("WAVEfmt ");
    sound_put_little(16, 4);
    sound_put_little(format, 2);
    sound_put_little(channels, 2);
    sound_put_little(rate, 4);
    sound_put_little(1, 4); /* bytes a second: not believed */
    sound_put_little(1, 2);
    sound_put_little(bits, 2);
}

static void wave_data(uint32_t stated, size_t bytes)
{
    SOUND_PUT("data");
    sound_put_little(stated, 4);
    sound_put_zeros(bytes);
}

static void wave_files(void **state)
{
    (void)state;
    wave_head(1, 2, 8000, 16);
    wave_data(32000, 32000);
    assert_int_equal(sound_length(), 1000000);
    SOUND_PUT("LIST");
    sound_put_little(3, 4);
    SOUND_PUT("abc\0");
    assert_int_equal(sound_length(), 1000000); /* not sound */
    sound_assert_safe();
}

static void a_wave_file_that_states_less_than_it_has(void **state)
{
    (void)state;
    static const uint32_t stated[] = {0, 31999, 0xffffffff, 64000};
    for (size_t i = 0; i < sizeof stated / sizeof *stated; i++) {
        buffer_reset(&sound_made);
        wave_head(1, 2, 8000, 16);
        wave_data(stated[i], 32000);
        assert_int_equal(sound_length(), 1000000);
    }
    buffer_reset(&sound_made);
    wave_head(1, 2, 8000, 16);
    wave_data(16, 16);
    wave_data(16000, 16000);
    assert_true(sound_length() >= 500000);
}

static void wave_files_that_are_not_measured(void **state)
{
    (void)state;
    static const struct {
        unsigned format, channels, rate, bits;
    } cases[] = {{2, 1, 8000, 4},  {0x55, 1, 8000, 0},  {1, 0, 8000, 16},  {1, 1, 0, 16},
                 {1, 1, 8000, 12}, {1, 1, 4000000, 16}, {1, 200, 8000, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_reset(&sound_made);
        wave_head(cases[i].format, cases[i].channels, cases[i].rate, cases[i].bits);
        wave_data(1000, 1000);
        assert_int_equal(sound_length(), -1);
    }
    buffer_reset(&sound_made);
    wave_head(1, 1, 8000, 16);
    assert_int_equal(sound_length(), -1); /* no data */
    wave_data(0, 0);
    assert_int_equal(sound_length(), -1); /* none in it */
    sound_put_zeros(1);
    assert_true(sound_length() > 0);
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
    SOUND_PUT("fLaC\x80");
    sound_put_big(34, 3);
    sound_put_zeros(10);
    sound_put_big((uint64_t)8000 << 4 | 0xf >> 4,
                  3); /* rate, and the first bits of channels and size */
    sound_put_big(UINT64_C(15) << 36 | stated, 5);
    sound_put_zeros(16);
    for (unsigned i = 0; i < frames; i++) {
        size_t start = sound_made.bytes;
        SOUND_PUT("\xff\xf8\xc4\x08"); /* 4,096 samples at 8 kHz, 16 bits */
        buffer_append_char(&sound_made, (char)(i & 0x7f));
        buffer_append_char(&sound_made,
                           (char)crc8(sound_made.data + start, sound_made.bytes - start));
        sound_put_zeros(100);
    }
}

static void flac_files(void **state)
{
    (void)state;
    flac_file(UINT64_C(4096) * 100 - 96, 100);
    assert_int_equal(sound_length(), INT64_C(51188000)); /* as stated: the frames agree */
    buffer_reset(&sound_made);
    flac_file(0, 100);
    assert_int_equal(sound_length(), INT64_C(51200000));
    sound_assert_safe();
    buffer_reset(&sound_made);
    flac_file(8000, 100); /* a second, it says */
    assert_int_equal(sound_length(), INT64_C(51200000));
    buffer_reset(&sound_made);
    flac_file(UINT64_C(1) << 35, 100);
    assert_int_equal(sound_length(), INT64_C(51200000));
    buffer_reset(&sound_made);
    flac_file(100, 0);
    assert_int_equal(sound_length(), -1);
}

/* ---- MPEG audio ---- */

static void mpeg_frames(unsigned count)
{
    for (unsigned i = 0; i < count;
         i++) { /* layer III, 64 kbit/s, 16 kHz: 288 bytes, 576 samples */
        SOUND_PUT("\xff\xf3\x88\xc4");
        sound_put_zeros(284);
    }
}

static void mpeg_files(void **state)
{
    (void)state;
    mpeg_frames(250);
    assert_int_equal(sound_length(), 9000000);
    sound_assert_safe();
    buffer_reset(&sound_made);
    SOUND_PUT("ID3\4\0\0\0\0\1\0");
    sound_put_zeros(128);
    SOUND_PUT("\xff\xf3\x88\xc4");
    sound_put_zeros(9);
    SOUND_PUT("Xing"); /* a frame that is no sound */
    sound_put_zeros(288 - 17);
    mpeg_frames(250);
    SOUND_PUT("TAG");
    sound_put_zeros(125);
    assert_int_equal(sound_length(), 9000000);
    buffer_reset(&sound_made);
    mpeg_frames(10);
    sound_put_zeros(10000); /* most is something else */
    assert_int_equal(sound_length(), -1);
}

/* ---- Ogg ---- */

static void ogg_page(unsigned flags, uint64_t place, unsigned serial, unsigned packets,
                     size_t bytes)
{
    SOUND_PUT("OggS\0");
    buffer_append_char(&sound_made, (char)flags);
    sound_put_little(place, 8);
    sound_put_little(serial, 4);
    sound_put_zeros(8);
    buffer_append_char(&sound_made, (char)packets);
    for (unsigned i = 0; i < packets; i++)
        buffer_append_char(&sound_made, (char)bytes);
}

static void ogg_opus(uint64_t place)
{
    ogg_page(2, 0, 7, 1, 19);
    SOUND_PUT("OpusHead\1\1\0\0\x80\xbb\0\0\0\0\0");
    ogg_page(0, 0, 7, 1, 8);
    SOUND_PUT("OpusTags");
    for (int page = 0; page < 4; page++) {
        ogg_page(0, place, 7, 50, 10);
        for (int i = 0; i < 50; i++)
            SOUND_PUT("\x08---------"); /* SILK, 20 ms */
    }
}

static void ogg_files(void **state)
{
    (void)state;
    ogg_opus(1);
    assert_int_equal(sound_length(), 4000000); /* whatever its place says */
    sound_assert_safe();
    buffer_reset(&sound_made);
    ogg_opus(UINT64_C(1) << 40);
    assert_int_equal(sound_length(), 4000000);
    ogg_page(2, 0, 8, 1, 8);
    SOUND_PUT("Speex   ");
    assert_int_equal(sound_length(), -1);
}

static void vorbis(uint64_t place)
{
    ogg_page(2, 0, 7, 1, 30);
    SOUND_PUT("\1vorbis\0\0\0\0\1");
    sound_put_little(8000, 4);
    sound_put_zeros(12);
    SOUND_PUT("\xb8\1"); /* blocks of 256 and 2,048 */
    ogg_page(0, 0, 7, 2, 7);
    SOUND_PUT("\3vorbis\5vorbis");
    ogg_page(0, place, 7, 100, 3);
    sound_put_zeros(300);
}

static void a_stated_place_of_vorbis_is_bounded(void **state)
{
    (void)state;
    vorbis(80000);
    assert_int_equal(sound_length(), 10000000);
    buffer_reset(&sound_made);
    vorbis(1);
    assert_int_equal(sound_length(), 1600000); /* short blocks alone */
    buffer_reset(&sound_made);
    vorbis(UINT64_C(1) << 40);
    assert_int_equal(sound_length(), 12800000); /* long blocks alone */
    sound_assert_safe();
}

/* ---- MP4 ---- */

static void aac_description(void)
{
    size_t stsd = sound_begin_box("stsd");
    sound_put_zeros(4);
    sound_put_big(1, 4);
    size_t entry = sound_begin_box("mp4a");
    sound_put_zeros(24);
    sound_put_big((uint64_t)16000 << 16, 4);
    size_t esds = sound_begin_box("esds");
    sound_put_zeros(4);
    SOUND_PUT("\3\x16\0\1\0\4\x11\x40\x15");
    sound_put_zeros(11);
    SOUND_PUT("\5\2\x14\x08"); /* AAC-LC at 16 kHz */
    sound_end_box(esds);
    sound_end_box(entry);
    sound_end_box(stsd);
}

/* `samples` in the table; each is `delta` sixteen-thousandths of a second long, it says. */
static void mp4_file(uint32_t samples, uint32_t delta)
{
    size_t ftyp = sound_begin_box("ftyp");
    SOUND_PUT("M4A ");
    sound_end_box(ftyp);
    size_t moov = sound_begin_box("moov");
    size_t trak = sound_begin_box("trak");
    size_t tkhd = sound_begin_box("tkhd");
    sound_put_zeros(12);
    sound_put_big(1, 4);
    sound_end_box(tkhd);
    size_t mdia = sound_begin_box("mdia");
    size_t mdhd = sound_begin_box("mdhd");
    sound_put_zeros(12);
    sound_put_big(16000, 4);
    sound_end_box(mdhd);
    size_t hdlr = sound_begin_box("hdlr");
    sound_put_zeros(8);
    SOUND_PUT("soun");
    sound_end_box(hdlr);
    size_t minf = sound_begin_box("minf");
    size_t stbl = sound_begin_box("stbl");
    aac_description();
    size_t stts = sound_begin_box("stts");
    sound_put_zeros(4);
    sound_put_big(1, 4);
    sound_put_big(samples, 4);
    sound_put_big(delta, 4);
    sound_end_box(stts);
    size_t stsz = sound_begin_box("stsz");
    sound_put_zeros(8);
    sound_put_big(samples, 4);
    sound_end_box(stsz);
    sound_end_box(stbl);
    sound_end_box(minf);
    sound_end_box(mdia);
    sound_end_box(trak);
    sound_end_box(moov);
}

static void mp4_files(void **state)
{
    (void)state;
    mp4_file(125, 1024);
    assert_int_equal(sound_length(), 8000000);
    sound_assert_safe();
    buffer_reset(&sound_made);
    mp4_file(125, 1); /* short, it says */
    assert_int_equal(sound_length(), 8000000);
    buffer_reset(&sound_made);
    mp4_file(125, 2048); /* and what says more is believed: the customer does */
    assert_int_equal(sound_length(), 16000000);
    buffer_reset(&sound_made);
    mp4_file(0, 0);
    assert_int_equal(sound_length(), -1);
    size_t moof = sound_begin_box("moof");
    size_t traf = sound_begin_box("traf");
    size_t tfhd = sound_begin_box("tfhd");
    sound_put_zeros(4);
    sound_put_big(1, 4);
    sound_end_box(tfhd);
    size_t trun = sound_begin_box("trun");
    sound_put_zeros(4);
    sound_put_big(250, 4);
    sound_end_box(trun);
    sound_end_box(traf);
    sound_end_box(moof);
    assert_int_equal(sound_length(), 16000000);
    sound_assert_safe();
}

/* ---- WebM ---- */

static void webm_files(void **state)
{
    (void)state;
    SOUND_PUT("\x1a\x45\xdf\xa3\x80");
    SOUND_PUT("\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"); /* a segment without an end */
    SOUND_PUT("\x16\x54\xae\x6b\x91\xae\x8f\xd7\x81\x01\x83\x81\x02\x86\x86"
              "A_OPUS\xec\x80");
    SOUND_PUT("\x1f\x43\xb6\x75\xff\xe7\x81\x00");
    for (int i = 0; i < 100; i++)
        SOUND_PUT("\xa3\x86\x81\x00\x00\x80\x08-"); /* 20 ms */
    assert_int_equal(sound_length(), 2000000);
    SOUND_PUT("\xa0\x88\xa1\x86\x81\x00\x00\x00\x08-");
    assert_int_equal(sound_length(), 2020000);
    SOUND_PUT("\xa3\x86\x82\x00\x00\x80\x08-"); /* of no track */
    assert_int_equal(sound_length(), 2020000);
    sound_assert_safe();
}

static void other_files_are_not_measured(void **state)
{
    (void)state;
    assert_int_equal(sound_length(), -1);
    SOUND_PUT("#!AMR\n\x3c---------");
    assert_int_equal(sound_length(), -1);
    buffer_reset(&sound_made);
    SOUND_PUT("{\"a\":1}");
    assert_int_equal(sound_length(), -1);
    for (int i = 0; i < 200000; i++)
        buffer_append_char(&sound_made, (char)(i * 7919 >> 3));
    assert_int_equal(sound_length(), -1);
    buffer_reset(&sound_made);
    sound_put_zeros(100000);
    assert_int_equal(sound_length(), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SOUND(wave_files),
        WITH_SOUND(a_wave_file_that_states_less_than_it_has),
        WITH_SOUND(wave_files_that_are_not_measured),
        WITH_SOUND(flac_files),
        WITH_SOUND(mpeg_files),
        WITH_SOUND(ogg_files),
        WITH_SOUND(a_stated_place_of_vorbis_is_bounded),
        WITH_SOUND(mp4_files),
        WITH_SOUND(webm_files),
        WITH_SOUND(other_files_are_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
