#include "net/server/unpack.h"

#include <stdlib.h>

#include "net/http1/inflater.h"

enum {
    RATIO_MAX = 200, /* text is packed 3 to 10 times, very monotonous text 100 */
    FREE_BYTES = 256 * 1024
};

struct unpack {
    struct inflater *inflater;
    size_t taken_bytes;
};

struct unpack *unpack_new(void)
{
    struct unpack *unpack = calloc(1, sizeof *unpack);
    if (unpack != NULL)
        unpack->inflater = inflater_new();
    return unpack;
}

void unpack_free(struct unpack *unpack)
{
    if (unpack == NULL)
        return;
    inflater_free(unpack->inflater);
    free(unpack);
}

static bool refuse_garbled(struct refusal *refusal)
{
    *refusal =
        (struct refusal){400, "invalid_request", "the body is not what its Content-Encoding says"};
    return false;
}

static bool refuse_large(struct refusal *refusal)
{
    *refusal = (struct refusal){413, "request_too_large",
                                "the body, unpacked, is larger than this gateway takes "
                                "(body_bytes_max), or suspiciously larger than it was packed"};
    return false;
}

static bool append(const struct unpack *unpack, struct slice part, struct buffer *out)
{
    size_t after = out->bytes + part.bytes;
    bool fair = after <= FREE_BYTES || after / RATIO_MAX <= unpack->taken_bytes;
    return fair && buffer_append_slice(out, part);
}

bool unpack_feed(struct unpack *unpack, struct slice data, struct buffer *out,
                 struct refusal *refusal)
{
    struct slice part;
    unpack->taken_bytes += data.bytes;
    do {
        if (!inflater_next(unpack->inflater, &data, &part))
            return refuse_garbled(refusal);
        if (!append(unpack, part, out))
            return refuse_large(refusal);
    } while (part.bytes > 0 || data.bytes > 0);
    return true;
}

bool unpack_finish(const struct unpack *unpack, struct refusal *refusal)
{
    return inflater_is_over(unpack->inflater) || refuse_garbled(refusal);
}

size_t unpack_taken_bytes(const struct unpack *unpack)
{
    return unpack->taken_bytes;
}
