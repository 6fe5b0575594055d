#include "base/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

static const char apikey_prefix[] = "llm_sk_";
static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum {
    APIKEY_PREFIX_CHARS = sizeof apikey_prefix - 1,
    APIKEY_CHECK_CHARS = 6, /* 62^6 > 2^32 */
    APIKEY_CHECKED_CHARS = APIKEY_PREFIX_CHARS + APIKEY_RANDOM_CHARS
};

_Static_assert(APIKEY_CHARS == APIKEY_CHECKED_CHARS + APIKEY_CHECK_CHARS, "as in the header");
_Static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash fits");
_Static_assert(SECRET_BYTES >= crypto_generichash_KEYBYTES_MIN &&
                   SECRET_BYTES <= crypto_generichash_KEYBYTES_MAX &&
                   DIGEST_BYTES <= crypto_generichash_BYTES_MAX,
               "sizes that BLAKE2b takes");

bool secret_init(struct fault *fault)
{
    /* libsodium's generator; the kernel's would cost two system calls a request. */
    randombytes_set_implementation(&randombytes_internal_implementation);
    if (sodium_init() < 0)
        return fault_set(fault, "internal_error", "libsodium could not be initialised.");
    return true;
}

/* ---- the secret's file ---- */

static bool fault_errno(struct fault *fault, const char *what, const char *path)
{
    char reason[128];
    int error = errno;
    return fault_set(fault, "secret_file", "The secret's file %s could not be %s: %s.", path, what,
                     strerror_r(error, reason, sizeof reason));
}

static bool write_all(int fd, const uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(fd, data, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        bytes -= (size_t)n;
    }
    return true;
}

static ssize_t read_all(int fd, uint8_t *data, size_t bytes)
{
    size_t have = 0;
    while (have < bytes) {
        ssize_t n = read(fd, data + have, bytes - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

static bool read_secret(int fd, const char *path, struct secret *out, struct fault *fault)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return fault_errno(fault, "examined", path);
    if (!S_ISREG(status.st_mode) || status.st_size != SECRET_BYTES)
        return fault_set(fault, "secret_file", "%s is not a secret's file of %d bytes.", path,
                         SECRET_BYTES);
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return fault_set(fault, "secret_file",
                         "Others than its owner may access the secret's file %s: chmod 600 it, "
                         "and think about who may have read it.",
                         path);
    if (read_all(fd, out->bytes, SECRET_BYTES) != SECRET_BYTES)
        return fault_errno(fault, "read", path);
    return true;
}

/* The file's name must be on disk before anything is hashed with the secret. */
static bool sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t bytes = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    snprintf(folder, sizeof folder, "%.*s.", (int)bytes, path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced;
}

static bool fill_file(int fd, const struct secret *secret)
{
    return fchmod(fd, S_IRUSR | S_IWUSR) == 0 && write_all(fd, secret->bytes, SECRET_BYTES) &&
           fsync(fd) == 0;
}

/* Writes a temporary file and links it into place: no process sees half a file, and when two
 * processes start at once the first one's secret stays. Returns true when `path` exists afterwards,
 * no matter which process made it. */
static bool create_secret(const char *path, struct fault *fault)
{
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return fault_errno(fault, "created", path);
    }
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return fault_errno(fault, "created", path);
    struct secret secret;
    randombytes_buf(secret.bytes, SECRET_BYTES);
    bool made = fill_file(fd, &secret) && (link(beside, path) == 0 || errno == EEXIST);
    if (!made)
        fault_errno(fault, "created", path);
    sodium_memzero(&secret, sizeof secret);
    close(fd);
    unlink(beside);
    if (made && !sync_folder_of(path))
        return fault_errno(fault, "synced", path);
    return made;
}

bool secret_load(const char *path, struct secret *out, struct fault *fault)
{
    /* Non-blocking, so that a FIFO at this path is refused and never waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        if (!create_secret(path, fault))
            return false;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd < 0)
        return fault_errno(fault, "opened", path);
    bool done = read_secret(fd, path, out, fault);
    close(fd);
    return done;
}

void secret_digest(const struct secret *secret, struct slice text, struct digest *out)
{
    int failed = crypto_generichash(out->bytes, DIGEST_BYTES, (const unsigned char *)text.data,
                                    text.bytes, secret->bytes, SECRET_BYTES);
    check(failed == 0);
}

/* ---- keys and tokens ---- */

/* CRC-32 (IEEE 802.3), four bits at a time. */
static uint32_t crc32(const char *data, size_t bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= (unsigned char)data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static void put_check(const char *key, char out[APIKEY_CHECK_CHARS])
{
    uint32_t crc = crc32(key, APIKEY_CHECKED_CHARS);
    for (int i = APIKEY_CHECK_CHARS - 1; i >= 0; i--) {
        out[i] = base62[crc % 62];
        crc /= 62;
    }
}

/* Writes `count` characters of base62. Each is equally likely: bytes of 248 and above are drawn
 * again. */
static void put_random(char *at, size_t count)
{
    uint8_t drawn[48];
    size_t made = 0;
    while (made < count) {
        randombytes_buf(drawn, sizeof drawn);
        for (size_t i = 0; i < sizeof drawn && made < count; i++) {
            if (drawn[i] < 4 * 62)
                at[made++] = base62[drawn[i] % 62];
        }
    }
    sodium_memzero(drawn, sizeof drawn);
}

void apikey_make(char out[APIKEY_CHARS + 1])
{
    memcpy(out, apikey_prefix, APIKEY_PREFIX_CHARS);
    put_random(out + APIKEY_PREFIX_CHARS, APIKEY_RANDOM_CHARS);
    put_check(out, out + APIKEY_CHECKED_CHARS);
    out[APIKEY_CHARS] = '\0';
}

static bool is_base62(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool apikey_well_formed(struct slice text)
{
    if (text.bytes != APIKEY_CHARS || !slice_starts_with(text, apikey_prefix))
        return false;
    for (size_t i = APIKEY_PREFIX_CHARS; i < APIKEY_CHARS; i++) {
        if (!is_base62(text.data[i]))
            return false;
    }
    char fitting[APIKEY_CHECK_CHARS];
    put_check(text.data, fitting);
    return memcmp(fitting, text.data + APIKEY_CHECKED_CHARS, APIKEY_CHECK_CHARS) == 0;
}

void apikey_mask(char *text)
{
    for (char *at = text; (at = strstr(at, apikey_prefix)) != NULL;) {
        at += APIKEY_PREFIX_CHARS;
        for (; isalnum((unsigned char)*at); at++)
            *at = '*';
    }
}

void token_make(char out[TOKEN_CHARS + 1])
{
    uint8_t random[32];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(out, TOKEN_CHARS + 1, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(random, sizeof random);
}

/* ---- passwords ---- */

bool password_hash(struct slice password, char out[PASSWORD_HASH_BYTES])
{
    return crypto_pwhash_str(out, password.data, password.bytes, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

bool password_verify(struct slice password, const char *hash)
{
    return crypto_pwhash_str_verify(hash, password.data, password.bytes) == 0;
}

void secret_wipe(void *data, size_t bytes)
{
    sodium_memzero(data, bytes);
}

uint64_t random_u64(void)
{
    uint64_t n;
    randombytes_buf(&n, sizeof n);
    return n;
}

void random_bytes(void *out, size_t bytes)
{
    randombytes_buf(out, bytes);
}

void digest_hex(const struct digest *digest, char out[DIGEST_HEX_BYTES])
{
    sodium_bin2hex(out, DIGEST_HEX_BYTES, digest->bytes, sizeof digest->bytes);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_parse(const char *hex, struct digest *out)
{
    if (strlen(hex) != 2 * DIGEST_BYTES)
        return false;
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        int high = digit_of(hex[2 * i]);
        int low = digit_of(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
