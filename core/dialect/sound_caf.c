/* CAF (Apple's Core Audio Format, specification 1.0): chunks, one of them with sound. Its packets
 * have all one size (PCM, A-law, mu-law, IMA), or stand in a table (ALAC). Where the head, the
 * decoder's configuration and the table do not agree, it is not measured. */
#include "dialect/sound_bytes.h"

enum {
    HEAD_BYTES = 8,
    CHUNK_BYTES = 12,
    DESCRIPTION_BYTES = 32,
    TABLE_BYTES = 24, /* before the packets */
    EDITS_BYTES = 4,  /* before the sound */
    CHANNELS_MAX = 64,
    RATE_MAX = 384000,
    IMA_BYTES = 34, /* of a packet of a channel */
    IMA_SAMPLES = 64,
    PADDING_BYTES_MAX = 64
};

struct caf {
    size_t descriptions;
    struct slice description;
    struct slice cookie;
    struct slice table;
    struct slice sound;
    size_t sounds;
};

/* ---- chunks ---- */

/* Notes a chunk; of sound and description there is one. The last chunk may have no length. */
static void take_chunk(struct slice name, struct slice body, struct caf *caf)
{
    if (slice_equals(name, "desc")) {
        caf->descriptions++;
        caf->description = body;
    } else if (slice_equals(name, "kuki")) {
        caf->cookie = body;
    } else if (slice_equals(name, "pakt")) {
        caf->table = body;
    } else if (slice_equals(name, "data") && body.bytes >= EDITS_BYTES) {
        caf->sounds++;
        caf->sound = (struct slice){body.data + EDITS_BYTES, body.bytes - EDITS_BYTES};
    }
}

static void walk(struct slice file, struct caf *caf)
{
    size_t at = HEAD_BYTES;
    while (sound_has(file, at, CHUNK_BYTES)) {
        uint64_t stated = sound_big(file, at + 4, 8);
        size_t rest = file.bytes - at - CHUNK_BYTES;
        size_t bytes = stated < rest ? (size_t)stated : rest; /* -1: to the end */
        struct slice name = {file.data + at, 4};
        take_chunk(name, (struct slice){file.data + at + CHUNK_BYTES, bytes}, caf);
        at += CHUNK_BYTES + bytes;
    }
}

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

static bool measure_packets(const struct caf *caf, uint64_t rate, int64_t *out_ns)
{
    uint64_t bytes;
    uint64_t samples;
    if (!packet_of(caf->description, &bytes, &samples))
        return false;
    *out_ns = sound_ns((caf->sound.bytes + bytes - 1) / bytes * samples, rate);
    return true;
}

/* ---- ALAC ---- */

/* Counts the sizes in the table, each of 7 bits to a byte. They must fill the sound, for what they
 * leave out another reader may find. */
static bool count_packets(const struct caf *caf, uint64_t *out)
{
    struct slice table = caf->table;
    uint64_t filled = 0;
    uint64_t size = 0;
    uint64_t count = 0;
    for (size_t at = TABLE_BYTES; at < table.bytes; at++) {
        size = size << 7 | (sound_byte(table, at) & 0x7f);
        if (size > caf->sound.bytes - filled)
            break;
        if ((sound_byte(table, at) & 0x80) != 0)
            continue;
        filled += size;
        count += size > 0;
        size = 0;
    }
    *out = count;
    return caf->sound.bytes - filled <= PADDING_BYTES_MAX && sound_big(table, 0, 8) == count;
}

static bool measure_alac(const struct caf *caf, uint64_t rate, int64_t *out_ns)
{
    struct sound_alac alac;
    uint64_t packets;
    if (caf->table.bytes < TABLE_BYTES || !sound_alac_read(caf->cookie, &alac) ||
        alac.rate != rate || sound_big(caf->description, 16, 4) != 0 ||
        sound_big(caf->description, 20, 4) != alac.packet_samples || !count_packets(caf, &packets))
        return false;
    uint64_t stated = sound_big(caf->table, 8, 8);
    *out_ns = sound_ns(sound_alac_samples(&alac, packets, stated), rate);
    return true;
}

bool sound_caf_ns(struct slice file, int64_t *out_ns)
{
    struct caf caf = {.descriptions = 0};
    walk(file, &caf);
    if (caf.descriptions != 1 || caf.sounds != 1 || caf.description.bytes < DESCRIPTION_BYTES ||
        caf.sound.bytes == 0)
        return false;
    uint64_t rate = rate_of(caf.description);
    if (rate == 0)
        return false;
    bool measured = sound_is_at(caf.description, 8, "alac") ? measure_alac(&caf, rate, out_ns)
                                                            : measure_packets(&caf, rate, out_ns);
    return measured && *out_ns > 0;
}
