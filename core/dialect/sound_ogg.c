/* Ogg (RFC 3533) with Opus (RFC 7845) or Vorbis I. Opus tells in each packet how long that is.
 * Vorbis does not: there the stated length counts as far as the number of packets allows it. */
#include "dialect/sound_bytes.h"

enum {
    PAGE_HEAD_BYTES = 27,
    STREAMS_MAX = 16,
    OPUS_RATE = 48000,
    VORBIS_HEAD_BYTES = 30,
    VORBIS_HEADS = 3
};

enum codec { CODEC_UNKNOWN, CODEC_OPUS, CODEC_VORBIS, CODEC_SILENT };

struct stream {
    uint64_t serial;
    enum codec codec;
    uint64_t rate;
    uint64_t block_short; /* samples */
    uint64_t block_long;
    uint64_t packets; /* with those of its head */
    uint64_t samples; /* Opus: counted; Vorbis: stated */
    bool inside;      /* its last packet goes on in its next page */
};

struct ogg {
    struct stream streams[STREAMS_MAX];
    size_t count;
    bool full;
};

static struct stream *find_stream(struct ogg *ogg, uint64_t serial)
{
    size_t i = 0;
    while (i < ogg->count && ogg->streams[i].serial != serial)
        i++;
    if (i == STREAMS_MAX) {
        ogg->full = true;
        return NULL;
    }
    if (i == ogg->count)
        ogg->streams[ogg->count++] = (struct stream){.serial = serial};
    return &ogg->streams[i];
}

/* Pictures and indexes have no sound. */
static bool is_silent(struct slice packet)
{
    return sound_is_at(packet, 0, "\x80theora") || sound_is_at(packet, 0, "fishead") ||
           sound_is_at(packet, 0, "\x81kate") || sound_is_at(packet, 0, "BBCD");
}

static void read_first(struct slice packet, struct stream *stream)
{
    if (sound_is_at(packet, 0, "OpusHead")) {
        stream->codec = CODEC_OPUS;
        stream->rate = OPUS_RATE;
    } else if (sound_is_at(packet, 0, "\x01vorbis") && packet.bytes >= VORBIS_HEAD_BYTES) {
        stream->codec = CODEC_VORBIS;
        stream->rate = sound_little(packet, 12, 4);
        stream->block_short = 1U << (sound_byte(packet, 28) & 15);
        stream->block_long = 1U << (sound_byte(packet, 28) >> 4);
    } else if (is_silent(packet)) {
        stream->codec = CODEC_SILENT;
    }
}

/* `packet`: its beginning, as far as the page has it. */
static void take_packet(struct slice packet, struct stream *stream)
{
    if (stream->packets == 0)
        read_first(packet, stream);
    else if (stream->codec == CODEC_OPUS && !sound_is_at(packet, 0, "OpusTags"))
        stream->samples += sound_opus_samples(packet);
    stream->packets++;
}

/* The table of the page says where its packets end. */
static void take_page(struct slice file, size_t at, size_t segments, struct stream *stream)
{
    size_t start = at + PAGE_HEAD_BYTES + segments;
    size_t end = start;
    bool rest = stream->inside && (sound_byte(file, at + 5) & 1) != 0;
    for (size_t i = 0; i < segments; i++) {
        unsigned bytes = sound_byte(file, at + PAGE_HEAD_BYTES + i);
        end += bytes;
        bool ends = bytes < 255;
        if ((!ends && i + 1 < segments) || !sound_has(file, start, end - start))
            continue;
        if (!rest)
            take_packet((struct slice){file.data + start, end - start}, stream);
        stream->inside = !ends;
        rest = false;
        start = end;
    }
    uint64_t place = sound_little(file, at + 6, 8);
    bool told = stream->codec == CODEC_VORBIS && place < UINT64_C(1) << 48;
    if (told && place > stream->samples)
        stream->samples = place;
}

static void take_pages(struct slice file, struct ogg *ogg)
{
    size_t at = 0;
    while (sound_has(file, at, PAGE_HEAD_BYTES)) {
        ptrdiff_t next =
            slice_find((struct slice){file.data + at, file.bytes - at}, slice_of("OggS"));
        if (next < 0)
            return;
        at += (size_t)next;
        size_t segments = sound_has(file, at, PAGE_HEAD_BYTES) ? sound_byte(file, at + 26) : 0;
        if (!sound_has(file, at, PAGE_HEAD_BYTES + segments))
            return;
        struct stream *stream = find_stream(ogg, sound_little(file, at + 14, 4));
        if (stream != NULL)
            take_page(file, at, segments, stream);
        at += PAGE_HEAD_BYTES + segments; /* what is no page is passed by the next search */
    }
}

/* A packet gives between a half of a short block and a half of a long one. */
static uint64_t samples_of(const struct stream *stream)
{
    if (stream->codec != CODEC_VORBIS)
        return stream->samples;
    uint64_t sounding = stream->packets > VORBIS_HEADS ? stream->packets - VORBIS_HEADS : 0;
    uint64_t least = sounding * stream->block_short / 2;
    uint64_t most = sounding * stream->block_long / 2;
    if (stream->samples < least)
        return least;
    return stream->samples < most ? stream->samples : most;
}

/* Streams that follow one another are one sound. */
bool sound_ogg_ns(struct slice file, int64_t *out_ns)
{
    struct ogg ogg = {.count = 0};
    take_pages(file, &ogg);
    for (size_t i = 0; i < ogg.count; i++) {
        const struct stream *stream = &ogg.streams[i];
        if (stream->codec == CODEC_SILENT)
            continue;
        if (stream->codec == CODEC_UNKNOWN || stream->rate == 0)
            return false;
        sound_add_ns(out_ns, sound_ns(samples_of(stream), stream->rate));
    }
    return !ogg.full && *out_ns > 0;
}
