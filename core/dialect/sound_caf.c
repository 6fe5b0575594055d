/* CAF (Apple's Core Audio Format, specification 1.0): chunks, one of them with sound. Its packets
 * have all one size (PCM, A-law, mu-law, IMA), or stand in a table (ALAC), before the sound or
 * behind it. Where the head, the decoder's configuration and the table do not agree, or one of them
 * is there twice, it is not measured. */
#include "dialect/sound_bytes.h"
#include "dialect/sound_forms.h"

enum {
    HEAD_BYTES = 8,
    CHUNK_BYTES = 12,
    DESCRIPTION_BYTES = 32,
    COOKIE_BYTES_MAX = 4096, /* the usual ones have 24 to 72 */
    TABLE_BYTES = 24,        /* before the packets */
    EDITS_BYTES = 4,         /* before the sound */
    CHANNELS_MAX = 64,
    RATE_MAX = 384000,
    IMA_BYTES = 34, /* of a packet of a channel */
    IMA_SAMPLES = 64,
    PADDING_BYTES_MAX = 64
};

#define PACKET_BYTES_MAX (UINT64_C(1) << 32)

/* ---- the description ---- */

/* A rate is a floating-point number; 0: none that a device has. */
static uint64_t rate_of(struct slice description)
{
    uint64_t bits = sound_big(description, 0, 8);
    double rate;
    memcpy(&rate, &bits, sizeof rate);
    bool usual = rate >= 1 && rate <= RATE_MAX; /* also: it is a number */
    return usual && (double)(uint64_t)rate == rate ? (uint64_t)rate : 0;
}

/* The bytes and samples that a packet of this format has. False: the description says others. */
static bool packet_of(struct slice description, uint64_t *bytes, uint64_t *samples)
{
    uint64_t channels = sound_big(description, 24, 4);
    uint64_t bits = sound_big(description, 28, 4);
    if (channels == 0 || channels > CHANNELS_MAX)
        return false;
    *samples = 1;
    *bytes = channels;
    if (sound_is_at(description, 8, "lpcm"))
        *bytes = channels * bits / 8;
    else if (sound_is_at(description, 8, "ima4"))
        *bytes = channels * IMA_BYTES;
    else if (!sound_is_at(description, 8, "ulaw") && !sound_is_at(description, 8, "alaw"))
        return false;
    if (sound_is_at(description, 8, "ima4"))
        *samples = IMA_SAMPLES;
    bool whole = !sound_is_at(description, 8, "lpcm") || (bits % 8 == 0 && bits <= 64);
    return *bytes > 0 && whole && sound_big(description, 16, 4) == *bytes &&
           sound_big(description, 20, 4) == *samples;
}

static void read_description(struct slice text, struct sound_caf *caf)
{
    caf->descriptions++;
    if (text.bytes < DESCRIPTION_BYTES)
        return;
    caf->rate = rate_of(text);
    caf->lossless = sound_is_at(text, 8, "alac") && sound_big(text, 16, 4) == 0;
    if (caf->lossless)
        caf->packet_samples = sound_big(text, 20, 4);
    else if (!packet_of(text, &caf->packet_bytes, &caf->packet_samples))
        caf->packet_bytes = 0;
}

/* ---- chunks ---- */

/* Their sizes stand in the table with 7 bits to a byte. */
static size_t take_packets(struct sound_caf *caf, struct slice data)
{
    size_t bytes = data.bytes < caf->table_left ? data.bytes : (size_t)caf->table_left;
    for (size_t at = 0; at < bytes; at++) {
        caf->size = caf->size << 7 | (sound_byte(data, at) & 0x7f);
        if (caf->size > PACKET_BYTES_MAX)
            caf->size = PACKET_BYTES_MAX; /* of no file: the sizes will not fill the sound */
        if ((sound_byte(data, at) & 0x80) != 0)
            continue;
        caf->filled += caf->size;
        caf->packets += caf->size > 0;
        caf->size = 0;
    }
    caf->table_left -= bytes;
    return bytes;
}

/* Goes on to the packets behind the table's head. */
static uint64_t begin_table(struct slice body, uint64_t bytes, struct sound_caf *caf)
{
    caf->tables++;
    if (body.bytes < TABLE_BYTES)
        return CHUNK_BYTES + bytes;
    caf->stated_packets = sound_big(body, 0, 8);
    caf->stated_samples = sound_big(body, 8, 8);
    caf->table_left = bytes - TABLE_BYTES;
    return CHUNK_BYTES + TABLE_BYTES;
}

/* How much of a chunk must be there. */
static size_t wanted_bytes(struct slice name)
{
    if (slice_equals(name, "desc"))
        return DESCRIPTION_BYTES;
    if (slice_equals(name, "kuki"))
        return COOKIE_BYTES_MAX;
    return slice_equals(name, "pakt") ? TABLE_BYTES : 0;
}

/* Takes a chunk of so many bytes, of which `body` is the beginning. Returns how far to go on. */
static uint64_t take_chunk(struct slice name, struct slice body, uint64_t bytes,
                           struct sound_caf *caf)
{
    if (slice_equals(name, "desc")) {
        read_description(body, caf);
    } else if (slice_equals(name, "kuki")) {
        caf->cookies++;
        caf->configured = bytes <= COOKIE_BYTES_MAX && sound_alac_read(body, &caf->alac);
    } else if (slice_equals(name, "pakt")) {
        return begin_table(body, bytes, caf);
    } else if (slice_equals(name, "data") && bytes >= EDITS_BYTES) {
        caf->sounds++;
        caf->sound_at = caf->at + CHUNK_BYTES + EDITS_BYTES;
        caf->sound_bytes = bytes - EDITS_BYTES;
    }
    return CHUNK_BYTES + bytes;
}

static uint64_t step(struct sound_caf *caf, const struct sound_ahead *ahead)
{
    struct slice data = ahead->data;
    if (caf->at == 0)
        return HEAD_BYTES;
    if (caf->table_left > 0)
        return take_packets(caf, data);
    if (!sound_has(data, 0, CHUNK_BYTES))
        return 0;
    uint64_t bytes = sound_big(data, 4, 8);
    if (bytes > SOUND_REST) /* -1: to the end */
        bytes = SOUND_REST;
    struct slice name = {data.data, 4};
    struct slice body = {data.data + CHUNK_BYTES, data.bytes - CHUNK_BYTES};
    size_t wanted = wanted_bytes(name);
    if (bytes < wanted)
        wanted = (size_t)bytes;
    if (body.bytes < wanted && !ahead->over)
        return 0;
    if (body.bytes > wanted)
        body.bytes = wanted;
    return take_chunk(name, body, bytes, caf);
}

uint64_t sound_caf_step(struct sound_caf *caf, const struct sound_ahead *ahead)
{
    uint64_t bytes = step(caf, ahead);
    caf->at += bytes;
    return bytes;
}

/* ---- the length ---- */

/* The sizes in the table must fill the sound, for what they leave out another reader may find. */
static bool measure_lossless(const struct sound_caf *caf, uint64_t sound, int64_t *out_ns)
{
    if (caf->tables != 1 || caf->cookies != 1 || !caf->configured || caf->alac.rate != caf->rate ||
        caf->packet_samples != caf->alac.packet_samples || caf->stated_packets != caf->packets ||
        caf->filled > sound || sound - caf->filled > PADDING_BYTES_MAX)
        return false;
    *out_ns =
        sound_ns(sound_alac_samples(&caf->alac, caf->packets, caf->stated_samples), caf->rate);
    return *out_ns > 0;
}

bool sound_caf_ns(const struct sound_caf *caf, uint64_t bytes, int64_t *out_ns)
{
    if (caf->descriptions != 1 || caf->sounds != 1 || caf->rate == 0 || bytes <= caf->sound_at)
        return false;
    uint64_t sound = bytes - caf->sound_at;
    if (sound > caf->sound_bytes)
        sound = caf->sound_bytes;
    if (sound == 0)
        return false;
    if (caf->lossless)
        return measure_lossless(caf, sound, out_ns);
    if (caf->packet_bytes == 0)
        return false;
    uint64_t packets = (sound + caf->packet_bytes - 1) / caf->packet_bytes;
    *out_ns = sound_ns(packets * caf->packet_samples, caf->rate);
    return true;
}
