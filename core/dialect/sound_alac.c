/* Apple Lossless: a packet has as many samples as the decoder's configuration says, or fewer
 * (ALACSpecificConfig of Apple's reference decoder). */
#include "dialect/sound_bytes.h"

enum { NAME_BYTES = 4, VERSION_BYTES = 4, CONFIG_BYTES = 24 };
enum { PACKET_SAMPLES_MAX = 1 << 20, RATE_MAX = 384000 };

/* Where the only box `alac` begins, behind its name; 0: there is none. False: there are several,
 * and it is not defined which one counts. In a box `frma` the name stands as a value. */
static bool find_box(struct slice text, size_t *out)
{
    ptrdiff_t next;
    *out = 0;
    for (size_t at = 0; (next = slice_find((struct slice){text.data + at, text.bytes - at},
                                           slice_of("alac"))) >= 0;) {
        at += (size_t)next + NAME_BYTES;
        if (at >= 2 * NAME_BYTES && sound_is_at(text, at - 2 * NAME_BYTES, "frma"))
            continue;
        if (*out != 0)
            return false;
        *out = at;
    }
    return true;
}

bool sound_alac_read(struct slice text, struct sound_alac *out)
{
    size_t at;
    if (text.bytes < CONFIG_BYTES || !find_box(text, &at))
        return false;
    at += at > 0 ? VERSION_BYTES : 0; /* else the configuration stands alone */
    if (!sound_has(text, at, CONFIG_BYTES))
        return false;
    out->packet_samples = sound_big(text, at, 4);
    out->rate = sound_big(text, at + 20, 4);
    return out->packet_samples > 0 && out->packet_samples <= PACKET_SAMPLES_MAX && out->rate > 0 &&
           out->rate <= RATE_MAX;
}

uint64_t sound_alac_samples(const struct sound_alac *alac, uint64_t packets, uint64_t stated)
{
    uint64_t most = packets * alac->packet_samples;
    uint64_t least = packets > 0 ? most - alac->packet_samples + 1 : 0;
    return stated >= least && stated <= most ? stated : most;
}
