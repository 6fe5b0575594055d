/* Ogg (RFC 3533) with Opus (RFC 7845) or Vorbis I. Opus tells in each packet how long that is.
 * Vorbis does not: there the stated length counts as far as the number of packets allows it. */
#include "dialect/sound_bytes.h"
#include "dialect/sound_forms.h"

enum { PAGE_HEAD_BYTES = 27, OPUS_RATE = 48000, VORBIS_HEAD_BYTES = 30, VORBIS_HEADS = 3 };

enum codec { CODEC_UNKNOWN, CODEC_OPUS, CODEC_VORBIS, CODEC_SILENT };

static struct sound_ogg_stream *find_stream(struct sound_ogg *ogg, uint64_t serial)
{
    size_t i = 0;
    while (i < ogg->count && ogg->streams[i].serial != serial)
        i++;
    if (i == SOUND_TRACKS_MAX) {
        ogg->full = true;
        return NULL;
    }
    if (i == ogg->count)
        ogg->streams[ogg->count++] = (struct sound_ogg_stream){.serial = serial};
    return &ogg->streams[i];
}

/* Pictures and indexes have no sound. */
static bool is_silent(struct slice packet)
{
    return sound_is_at(packet, 0, "\x80theora") || sound_is_at(packet, 0, "fishead") ||
           sound_is_at(packet, 0, "\x81kate") || sound_is_at(packet, 0, "BBCD");
}

static void read_first(struct slice packet, struct sound_ogg_stream *stream)
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
static void take_packet(struct slice packet, struct sound_ogg_stream *stream)
{
    if (stream->packets == 0)
        read_first(packet, stream);
    else if (stream->codec == CODEC_OPUS && !sound_is_at(packet, 0, "OpusTags"))
        stream->samples += sound_opus_samples(packet);
    stream->packets++;
}

/* The table of the page says where its packets end. */
static void take_page(struct slice file, size_t at, size_t segments,
                      struct sound_ogg_stream *stream)
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

/* The bytes of the page ahead, whose table is there. */
static size_t page_bytes(struct slice data, size_t segments)
{
    size_t bytes = PAGE_HEAD_BYTES + segments;
    for (size_t i = 0; i < segments; i++)
        bytes += sound_byte(data, PAGE_HEAD_BYTES + i);
    return bytes;
}

/* A page's body is searched for pages, too: what is none is passed by the next search. */
uint64_t sound_ogg_step(struct sound_ogg *ogg, const struct sound_ahead *ahead)
{
    struct slice data = ahead->data;
    ptrdiff_t next = slice_find(data, slice_of("OggS"));
    if (next < 0)
        return data.bytes > 3 ? data.bytes - 3 : 0;
    if (next > 0)
        return (uint64_t)next;
    size_t segments = sound_has(data, 0, PAGE_HEAD_BYTES) ? sound_byte(data, 26) : 0;
    if (!sound_has(data, 0, PAGE_HEAD_BYTES + segments))
        return 0;
    if (!sound_has(data, 0, page_bytes(data, segments)) && !ahead->over)
        return 0;
    struct sound_ogg_stream *stream = find_stream(ogg, sound_little(data, 14, 4));
    if (stream != NULL)
        take_page(data, 0, segments, stream);
    return PAGE_HEAD_BYTES + segments;
}

/* A packet gives between a half of a short block and a half of a long one. */
static uint64_t samples_of(const struct sound_ogg_stream *stream)
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
bool sound_ogg_ns(const struct sound_ogg *ogg, int64_t *out_ns)
{
    *out_ns = 0;
    for (size_t i = 0; i < ogg->count; i++) {
        const struct sound_ogg_stream *stream = &ogg->streams[i];
        if (stream->codec == CODEC_SILENT)
            continue;
        if (stream->codec == CODEC_UNKNOWN || stream->rate == 0)
            return false;
        sound_add_ns(out_ns, sound_ns(samples_of(stream), stream->rate));
    }
    return !ogg->full && *out_ns > 0;
}
