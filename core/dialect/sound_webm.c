/* WebM and Matroska (RFC 8794, RFC 9559) with Opus, whose packets tell how long they are. What a
 * browser records has no length in its head. */
#include "dialect/sound_bytes.h"
#include "dialect/sound_forms.h"

enum {
    ID_SEGMENT = 0x18538067,
    ID_TRACKS = 0x1654ae6b,
    ID_CLUSTER = 0x1f43b675,
    ID_ENTRY = 0xae,
    ID_NUMBER = 0xd7,
    ID_TYPE = 0x83,
    ID_CODEC = 0x86,
    ID_GROUP = 0xa0,
    ID_BLOCK = 0xa1,
    ID_SIMPLE_BLOCK = 0xa3,
    TYPE_SOUND = 2,
    HEAD_BYTES_MAX = 16, /* of an element: two numbers */
    LOOK_BYTES = 32,     /* of an element: what we read lies at its beginning */
    OPUS_RATE = 48000,
    OPUS_SAMPLES_MAX = 5760 /* of a packet */
};

struct element {
    uint64_t id;
    uint64_t bytes;
    bool endless; /* its length is not said */
};

/* Takes a number of variable length. `marked`: with the bit that tells its length, as ids have
 * it. */
static bool take_number(struct slice *rest, bool marked, uint64_t *out)
{
    size_t bytes = 1;
    if (rest->bytes == 0 || sound_byte(*rest, 0) == 0)
        return false;
    unsigned first = sound_byte(*rest, 0);
    while ((first & (0x80U >> (bytes - 1))) == 0)
        bytes++;
    if (rest->bytes < bytes)
        return false;
    *out = sound_big(*rest, 0, bytes);
    if (!marked)
        *out &= (UINT64_C(1) << (7 * bytes)) - 1;
    rest->data += bytes;
    rest->bytes -= bytes;
    return true;
}

static bool take_element(struct slice *rest, struct element *out)
{
    struct slice before;
    if (!take_number(rest, true, &out->id))
        return false;
    before = *rest;
    if (!take_number(rest, false, &out->bytes))
        return false;
    size_t length = before.bytes - rest->bytes;
    out->endless = out->bytes == (UINT64_C(1) << (7 * length)) - 1;
    return true;
}

static struct sound_webm_track *find_track(struct sound_webm *webm, uint64_t number)
{
    for (size_t i = 0; i < webm->count; i++) {
        if (webm->tracks[i].number == number)
            return &webm->tracks[i];
    }
    return NULL;
}

static uint64_t number_in(struct slice body)
{
    return body.bytes <= 8 ? sound_big(body, 0, body.bytes) : 0;
}

static void read_entry(uint64_t id, struct slice body, struct sound_webm *webm)
{
    struct sound_webm_track *track = &webm->tracks[webm->count - 1];
    if (id == ID_NUMBER)
        track->number = number_in(body);
    else if (id == ID_TYPE)
        track->sounds = number_in(body) == TYPE_SOUND;
    else if (id == ID_CODEC)
        track->opus = sound_is_at(body, 0, "A_OPUS");
}

/* Frames that are laced share a block; there each counts as the longest. */
static void take_block(struct slice body, struct sound_webm *webm)
{
    uint64_t number;
    struct sound_webm_track *track =
        take_number(&body, false, &number) ? find_track(webm, number) : NULL;
    if (track == NULL || body.bytes < 3)
        return;
    bool laced = (sound_byte(body, 2) & 6) != 0;
    struct slice frame = {body.data + 3, body.bytes - 3};
    if (laced && frame.bytes > 0)
        track->samples += (sound_byte(frame, 0) + 1U) * OPUS_SAMPLES_MAX;
    else
        track->samples += sound_opus_samples(frame);
}

/* Containers are read as if what they hold stood beside them. */
static bool is_container(uint64_t id)
{
    return id == ID_SEGMENT || id == ID_TRACKS || id == ID_CLUSTER || id == ID_ENTRY ||
           id == ID_GROUP;
}

static uint64_t take_element_of(struct sound_webm *webm, const struct element *element,
                                struct slice body)
{
    if (element->id == ID_BLOCK || element->id == ID_SIMPLE_BLOCK)
        take_block(body, webm);
    else if (webm->count > 0)
        read_entry(element->id, body, webm);
    return element->bytes;
}

uint64_t sound_webm_step(struct sound_webm *webm, const struct sound_ahead *ahead)
{
    struct element element;
    struct slice rest = ahead->data;
    if (!take_element(&rest, &element))
        return ahead->over || ahead->data.bytes >= HEAD_BYTES_MAX ? SOUND_REST : 0;
    uint64_t head_bytes = ahead->data.bytes - rest.bytes;
    size_t bytes = element.bytes < LOOK_BYTES ? (size_t)element.bytes : LOOK_BYTES;
    if (!is_container(element.id) && element.endless)
        return SOUND_REST;
    if (!is_container(element.id) && rest.bytes < bytes && !ahead->over)
        return 0;
    if (element.id == ID_ENTRY) {
        webm->full = webm->full || webm->count == SOUND_TRACKS_MAX;
        webm->count += webm->count < SOUND_TRACKS_MAX ? 1 : 0;
    }
    if (is_container(element.id))
        return head_bytes;
    rest.bytes = rest.bytes < bytes ? rest.bytes : bytes;
    return head_bytes + take_element_of(webm, &element, rest);
}

bool sound_webm_ns(const struct sound_webm *webm, int64_t *out_ns)
{
    *out_ns = 0;
    for (size_t i = 0; i < webm->count; i++) {
        const struct sound_webm_track *track = &webm->tracks[i];
        if (!track->sounds)
            continue;
        if (!track->opus)
            return false;
        int64_t ns = sound_ns(track->samples, OPUS_RATE);
        *out_ns = *out_ns > ns ? *out_ns : ns;
    }
    return !webm->full && *out_ns > 0;
}
