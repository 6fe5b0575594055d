#include "exchange/body_pass.h"

#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/seal.h"

enum {
    CONTENT_BYTES = DIGEST_BYTES + sizeof(int64_t),
    SEALED_BYTES = CONTENT_BYTES + SEAL_EXTRA_BYTES,
    ROOM_BYTES = 256 /* more than a pass, in any form */
};

_Static_assert(BODY_PASS_CHARS == (SEALED_BYTES + 2) / 3 * 4, "base64 with padding");

static struct slice purpose(void)
{
    return slice_of("body pass");
}

void body_pass_make(const struct secret *secret, const struct digest *key, int64_t until_ms,
                    char out[BODY_PASS_CHARS + 1])
{
    char content[CONTENT_BYTES];
    struct buffer sealed, text;
    memcpy(content, key->bytes, DIGEST_BYTES);
    memcpy(content + DIGEST_BYTES, &until_ms, sizeof until_ms);
    buffer_init(&sealed, ROOM_BYTES);
    buffer_init(&text, ROOM_BYTES);
    seal_close(secret, purpose(), (struct slice){content, sizeof content}, &sealed);
    base64_append(buffer_slice(&sealed), &text);
    check(!sealed.failed && !text.failed && text.bytes == BODY_PASS_CHARS);
    memcpy(out, text.data, BODY_PASS_CHARS);
    out[BODY_PASS_CHARS] = '\0';
    buffer_fini(&sealed);
    buffer_fini(&text);
}

/* Whether the opened pass is not over. */
static bool read_content(const struct buffer *content, int64_t now_ms, struct digest *key)
{
    int64_t until_ms;
    if (content->bytes != CONTENT_BYTES)
        return false;
    memcpy(key->bytes, content->data, DIGEST_BYTES);
    memcpy(&until_ms, content->data + DIGEST_BYTES, sizeof until_ms);
    return now_ms < until_ms;
}

bool body_pass_read(const struct secret *secret, struct slice pass, int64_t now_ms,
                    struct digest *key)
{
    struct buffer content;
    buffer_init(&content, ROOM_BYTES);
    bool good = pass.bytes == BODY_PASS_CHARS &&
                seal_open_base64(secret, purpose(), pass, &content) &&
                read_content(&content, now_ms, key);
    buffer_fini(&content);
    return good;
}
