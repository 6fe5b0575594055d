#include "base/voucher_code.h"

#include <string.h>

#include "base/base64.h"
#include "base/seal.h"

enum { GROUP = 4, CHARS = 16, SEALED_BYTES_MAX = 256 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Weights are odd, so every wrong character is seen. */
static unsigned check_value(const unsigned values[CHARS - 1])
{
    unsigned sum = 0;
    for (unsigned i = 0; i < CHARS - 1; i++)
        sum += (2 * i + 1) * values[i];
    return sum % 32;
}

static void write_code(const unsigned values[CHARS - 1], char out[VOUCHER_CODE_BYTES])
{
    size_t at = 0;
    for (unsigned i = 0; i < CHARS; i++) {
        if (i > 0 && i % GROUP == 0)
            out[at++] = '-';
        out[at++] = alphabet[i < CHARS - 1 ? values[i] : check_value(values)];
    }
    out[at] = '\0';
}

static void make_code(char out[VOUCHER_CODE_BYTES])
{
    unsigned values[CHARS - 1];
    for (unsigned i = 0; i < CHARS - 1; i++)
        values[i] = (unsigned)(random_u64() % 32);
    write_code(values, out);
}

/* -1: no character of a code. */
static int value_of(char letter)
{
    const char *found;
    if (letter >= 'a' && letter <= 'z')
        letter = (char)(letter - 'a' + 'A');
    if (letter == 'O')
        return 0;
    if (letter == 'I' || letter == 'L')
        return 1;
    found = letter ? strchr(alphabet, letter) : NULL;
    return found != NULL ? (int)(found - alphabet) : -1;
}

bool voucher_code_read(struct slice text, char out[VOUCHER_CODE_BYTES])
{
    unsigned values[CHARS];
    unsigned count = 0;
    for (size_t i = 0; i < text.bytes; i++) {
        int value;
        if (text.data[i] == '-' || text.data[i] == ' ')
            continue;
        value = value_of(text.data[i]);
        if (value < 0 || count == CHARS)
            return false;
        values[count++] = (unsigned)value;
    }
    if (count < CHARS || values[CHARS - 1] != check_value(values))
        return false;
    write_code(values, out);
    return true;
}

void voucher_codes_make(const struct secret *secret, size_t count, struct id *batch_id,
                        struct buffer *lines)
{
    char code[VOUCHER_CODE_BYTES], hex[DIGEST_HEX_BYTES];
    struct digest digest;
    struct buffer sealed;
    buffer_init(&sealed, SEALED_BYTES_MAX);
    id_make(batch_id, "vch");
    for (size_t i = 0; i < count; i++) {
        make_code(code);
        secret_digest(secret, slice_of(code), &digest);
        digest_hex(&digest, hex);
        buffer_reset(&sealed);
        seal_close(secret, slice_of(batch_id->text), slice_of(code), &sealed);
        buffer_append_text(lines, hex);
        buffer_append_text(lines, " ");
        base64_append(buffer_slice(&sealed), lines);
        buffer_append_text(lines, "\n");
        lines->failed |= sealed.failed;
    }
    secret_wipe(code, sizeof code);
    buffer_fini(&sealed);
}

bool voucher_code_open(const struct secret *secret, const struct id *batch_id, struct slice sealed,
                       char out[VOUCHER_CODE_BYTES])
{
    struct buffer code;
    bool good;
    buffer_init(&code, SEALED_BYTES_MAX);
    good = seal_open_base64(secret, slice_of(batch_id->text), sealed, &code) &&
           voucher_code_read(buffer_slice(&code), out);
    buffer_fini(&code);
    return good;
}
