/* FLAC (RFC 9639): its frames are found by their heads, which have a check sum of their own. The
 * number of samples that the file states counts only if the frames agree with it. */
#include "dialect/sound_bytes.h"
#include "dialect/sound_forms.h"

enum {
    STREAM_INFO_BYTES = 34,
    HEAD_BYTES_MAX = 16,
    RATE_MIN = 8000 /* a false head, one in some megabytes, adds little so */
};

/* What false heads may add. */
#define SLACK_NS (INT64_C(10) * 1000 * 1000 * 1000)

static const uint32_t rates[] = {0,     88200, 176400, 192000, 8000,  16000,
                                 22050, 24000, 32000,  44100,  48000, 96000};

struct frame {
    uint64_t samples;
    uint64_t rate; /* 0: that of the file */
    size_t bytes;  /* of its head, without the check sum */
};

/* A number coded as UTF-8 codes characters, up to 36 bits. Returns its bytes; 0: it is none. */
static size_t coded_bytes(unsigned first)
{
    if (first < 0x80)
        return 1;
    for (size_t bytes = 2; bytes <= 7; bytes++) {
        if ((first & (0xff << (7 - bytes) & 0xff)) == (0xff << (8 - bytes) & 0xff))
            return bytes;
    }
    return 0;
}

static uint64_t block_of(unsigned code, uint64_t stated)
{
    if (code == 1)
        return 192;
    if (code <= 5)
        return 576U << (code - 2);
    return code <= 7 ? stated + 1 : 256U << (code - 8);
}

static uint64_t rate_of(unsigned code, uint64_t stated)
{
    if (code < 12)
        return rates[code];
    if (code == 12)
        return stated * 1000;
    return code == 13 ? stated : stated * 10;
}

/* Reads the head at `at`, which has HEAD_BYTES_MAX bytes behind it. */
static bool read_head(struct slice file, size_t at, struct frame *out)
{
    unsigned block_code = sound_byte(file, at + 2) >> 4;
    unsigned rate_code = sound_byte(file, at + 2) & 15;
    unsigned channels = sound_byte(file, at + 3) >> 4;
    unsigned size_code = sound_byte(file, at + 3) >> 1 & 7;
    size_t number_bytes = coded_bytes(sound_byte(file, at + 4));
    if (block_code == 0 || rate_code == 15 || channels > 10 || size_code == 3 ||
        (sound_byte(file, at + 3) & 1) != 0 || number_bytes == 0)
        return false;
    size_t end = at + 4 + number_bytes;
    size_t block_bytes = block_code == 6 || block_code == 7 ? block_code - 5 : 0;
    size_t rate_bytes = rate_code < 12 ? 0 : 1 + (size_t)(rate_code > 12);
    out->samples = block_of(block_code, sound_big(file, end, block_bytes));
    out->rate = rate_of(rate_code, sound_big(file, end + block_bytes, rate_bytes));
    out->bytes = end + block_bytes + rate_bytes - at;
    return true;
}

/* CRC-8 with the polynomial x^8 + x^2 + x + 1 (9.1.8). */
static unsigned check_sum(struct slice file, size_t at, size_t bytes)
{
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum ^= sound_byte(file, at + i);
        for (int bit = 0; bit < 8; bit++)
            sum = (sum << 1 ^ (sum & 0x80 ? 0x07U : 0)) & 0xff;
    }
    return sum;
}

static bool is_head(struct slice file, size_t at, struct frame *out)
{
    if ((sound_byte(file, at + 1) & 0xfe) != 0xf8 || !read_head(file, at, out))
        return false;
    return check_sum(file, at, out->bytes) == sound_byte(file, at + out->bytes);
}

/* Adds the frames whose heads lie ahead. Behind a last head there may be too few bytes to look at:
 * no frame is so short. */
static size_t add_frames(struct sound_flac *flac, struct slice data)
{
    size_t at = 0;
    struct frame frame;
    while (sound_has(data, at, HEAD_BYTES_MAX)) {
        const char *next = memchr(data.data + at, 0xff, data.bytes - at - HEAD_BYTES_MAX + 1);
        if (next == NULL)
            return data.bytes - HEAD_BYTES_MAX + 1;
        at = (size_t)(next - data.data);
        if (is_head(data, at, &frame)) {
            uint64_t own = frame.rate == 0 ? flac->rate : frame.rate;
            sound_add_ns(&flac->ns, sound_ns(frame.samples, own < RATE_MIN ? RATE_MIN : own));
            at += frame.bytes;
        } else {
            at++;
        }
    }
    return at;
}

/* The mark, and the first block, which must be the one that tells the rate. */
static uint64_t begin(struct sound_flac *flac, struct slice data)
{
    if (!sound_has(data, 8, STREAM_INFO_BYTES))
        return 0;
    flac->begun = true;
    flac->rate = sound_big(data, 18, 3) >> 4;
    flac->samples = sound_big(data, 21, 5) & 0xfffffffffU;
    return (sound_byte(data, 4) & 0x7f) == 0 && flac->rate >= RATE_MIN ? 4 : SOUND_REST;
}

uint64_t sound_flac_step(struct sound_flac *flac, const struct sound_ahead *ahead)
{
    struct slice data = ahead->data;
    if (flac->framed)
        return add_frames(flac, data);
    if (!flac->begun)
        return begin(flac, data);
    if (!sound_has(data, 0, 4))
        return 0;
    flac->framed = (sound_byte(data, 0) & 0x80) != 0;
    return 4 + sound_big(data, 1, 3);
}

bool sound_flac_ns(const struct sound_flac *flac, int64_t *out_ns)
{
    if (!flac->framed)
        return false;
    int64_t stated_ns = sound_ns(flac->samples, flac->rate);
    *out_ns = flac->ns;
    if (stated_ns > 0 && stated_ns <= *out_ns && *out_ns - stated_ns <= SLACK_NS)
        *out_ns = stated_ns;
    return *out_ns > 0;
}
