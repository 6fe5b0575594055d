#include "base/authorization.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buffer.h"

/* What stands behind the scheme's word, whose letters may be of either case; or nothing. */
static struct slice behind(struct slice header, const char *scheme)
{
    size_t bytes = strlen(scheme);
    if (header.bytes <= bytes || strncasecmp(header.data, scheme, bytes) != 0)
        return (struct slice){0};
    return slice_trim((struct slice){header.data + bytes, header.bytes - bytes});
}

static struct slice copy(const char *data, size_t bytes, char out[AUTHORIZATION_BYTES_MAX])
{
    memcpy(out, data, bytes);
    return (struct slice){out, bytes};
}

struct slice authorization_password(struct slice header, char out[AUTHORIZATION_BYTES_MAX])
{
    struct slice token = behind(header, "Bearer "), encoded = behind(header, "Basic ");
    struct slice password = {0};
    struct buffer pair;
    if (header.bytes > AUTHORIZATION_BYTES_MAX)
        return password;
    if (token.bytes > 0)
        return copy(token.data, token.bytes, out);
    buffer_init(&pair, AUTHORIZATION_BYTES_MAX);
    const char *colon = NULL;
    if (encoded.bytes > 0 && base64_decode(encoded, &pair) && pair.bytes > 0)
        colon = memchr(pair.data, ':', pair.bytes);
    if (colon != NULL)
        password = copy(colon + 1, (size_t)(pair.data + pair.bytes - colon) - 1, out);
    buffer_fini(&pair);
    return password;
}
