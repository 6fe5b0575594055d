#include "base/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/support.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* ---- a folder for each test, gone afterwards ---- */

struct folder {
    char path[64];
    char file[80]; /* the secret's */
};

static struct folder folder_make(void)
{
    struct folder folder;
    strcpy(folder.path, "/tmp/test_secret.XXXXXX");
    assert_non_null(mkdtemp(folder.path));
    snprintf(folder.file, sizeof folder.file, "%s/secret", folder.path);
    return folder;
}

/* Removes the folder and what is in it; returns how many files there were. */
static int folder_remove(const struct folder *folder)
{
    DIR *dir = opendir(folder->path);
    assert_non_null(dir);
    int files = 0;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
        files++;
    }
    closedir(dir);
    assert_int_equal(rmdir(folder->path), 0);
    return files;
}

static void write_file(const char *path, size_t bytes, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(write(fd, "s", 1), 1);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void assert_refused(const char *path, const char *why)
{
    struct secret secret;
    struct fault fault = {"", ""};
    if (secret_load(path, &secret, &fault))
        fail_msg("loaded %s, expected: %s", path, why);
    assert_non_null(strstr(fault.message, why));
    assert_non_null(strstr(fault.message, path));
}

/* ---- the secret's file ---- */

static void created_once_for_its_owner_only(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 022, 077, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        struct folder folder = folder_make();
        struct secret first, second, nothing = {{0}};
        struct fault fault;
        mode_t mask = umask(masks[i]);
        bool made = secret_load(folder.file, &first, &fault);
        umask(mask);
        assert_true(made);
        struct stat status;
        assert_int_equal(stat(folder.file, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
        assert_int_equal(status.st_size, SECRET_BYTES);
        assert_true(secret_load(folder.file, &second, &fault));
        assert_memory_equal(&first, &second, sizeof first);
        assert_memory_not_equal(&first, &nothing, sizeof first);
        assert_int_equal(folder_remove(&folder), 1); /* nothing left beside it */
    }
}

static void two_files_two_secrets(void **state)
{
    (void)state;
    struct folder a = folder_make(), b = folder_make();
    struct secret first, second;
    assert_true(secret_load(a.file, &first, NULL));
    assert_true(secret_load(b.file, &second, NULL));
    assert_memory_not_equal(&first, &second, sizeof first);
    folder_remove(&a);
    folder_remove(&b);
}

static void path_without_folder(void **state)
{
    (void)state;
    struct folder folder = folder_make();
    char before[1024];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder.path), 0);
    struct secret secret;
    bool made = secret_load("secret", &secret, NULL);
    assert_int_equal(chdir(before), 0);
    assert_true(made);
    assert_int_equal(folder_remove(&folder), 1);
}

static void refuses_other_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 31, 33, 64};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct folder folder = folder_make();
        write_file(folder.file, sizes[i], 0600);
        assert_refused(folder.file, "32 bytes");
        struct stat status; /* and is left as it was */
        assert_int_equal(stat(folder.file, &status), 0);
        assert_int_equal(status.st_size, sizes[i]);
        folder_remove(&folder);
    }
}

static void refuses_what_others_may_access(void **state)
{
    (void)state;
    struct folder folder = folder_make();
    for (mode_t bit = 1; bit <= 0040; bit <<= 1) {
        write_file(folder.file, SECRET_BYTES, 0600 | bit);
        assert_refused(folder.file, "chmod 600");
    }
    struct secret secret;
    write_file(folder.file, SECRET_BYTES, 0600);
    assert_true(secret_load(folder.file, &secret, NULL));
    write_file(folder.file, SECRET_BYTES, 0400);
    assert_true(secret_load(folder.file, &secret, NULL));
    folder_remove(&folder);
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    struct folder folder = folder_make();
    assert_refused(folder.path, "is not a secret's file");
    assert_int_equal(mkfifo(folder.file, 0600), 0);
    assert_refused(folder.file, "is not a secret's file"); /* and does not wait for a writer */
    folder_remove(&folder);
    assert_refused(folder.file, strerror(ENOENT)); /* its folder is gone */
    assert_refused("/dev/null/secret", strerror(ENOTDIR));
}

struct loading {
    const char *path;
    struct secret secret;
    bool done;
};

static void *load(void *data)
{
    struct loading *loading = data;
    loading->done = secret_load(loading->path, &loading->secret, NULL);
    return NULL;
}

static void created_by_several_at_once_is_one_secret(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    for (int round = 0; round < 20; round++) {
        struct folder folder = folder_make();
        struct loading loadings[THREADS];
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++) {
            loadings[i] = (struct loading){.path = folder.file};
            assert_int_equal(pthread_create(&threads[i], NULL, load, &loadings[i]), 0);
        }
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < THREADS; i++) {
            assert_true(loadings[i].done);
            assert_memory_equal(&loadings[i].secret, &loadings[0].secret, sizeof(struct secret));
        }
        assert_int_equal(folder_remove(&folder), 1);
    }
}

/* ---- digests ---- */

/* Known answer: hashlib.blake2b(b"llm_sk_test", key=bytes(range(32)), digest_size=32). */
static void digest_is_keyed_blake2b(void **state)
{
    (void)state;
    static const char expected[] =
        "47121f3ec58f6191e721f9f6dcc998119a82103c3e02fb115629d85e15dcfb17";
    struct secret secret;
    for (int i = 0; i < SECRET_BYTES; i++)
        secret.bytes[i] = (uint8_t)i;
    struct digest digest;
    secret_digest(&secret, slice_of("llm_sk_test"), &digest);
    char hex[2 * DIGEST_BYTES + 1];
    for (int i = 0; i < DIGEST_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest.bytes[i]);
    assert_string_equal(hex, expected);
    struct digest other;
    assert_true(digest_parse(hex, &other));
    assert_memory_equal(&digest, &other, sizeof digest);
    for (const char *const *wrong =
             (const char *const[]){
                 "", "47121f3e",
                 "47121F3EC58F6191E721F9F6DCC998119A82103C3E02F"
                 "B115629D85E15DCFB17",
                 "g7121f3ec58f6191e721f9f6dcc998119a82103c3e02fb115629d85e15dcfb17",
                 "47121f3ec58f6191e721f9f6dcc998119a82103c3e02fb115629d85e15dcfb171", NULL};
         *wrong != NULL; wrong++)
        assert_false(digest_parse(*wrong, &other));
    secret_digest(&secret, slice_of("llm_sk_tesu"), &other);
    assert_memory_not_equal(&digest, &other, sizeof digest);
    secret.bytes[31] ^= 1;
    secret_digest(&secret, slice_of("llm_sk_test"), &other);
    assert_memory_not_equal(&digest, &other, sizeof digest);
    secret_digest(&secret, (struct slice){NULL, 0}, &other);
}

/* ---- keys ---- */

/* CRC-32, bit by bit. */
static uint32_t slow_crc32(const char *text, size_t bytes)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= (unsigned char)text[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static void key_has_its_form(void **state)
{
    (void)state;
    assert_int_equal(slow_crc32("123456789", 9), 0xcbf43926); /* the standard's check value */
    for (int i = 0; i < 1000; i++) {
        char key[APIKEY_CHARS + 1];
        memset(key, 'x', sizeof key);
        apikey_make(key);
        assert_int_equal(strlen(key), APIKEY_CHARS);
        assert_memory_equal(key, "llm_sk_", 7);
        assert_int_equal(strspn(key + 7, base62), APIKEY_CHARS - 7);
        uint64_t check = 0;
        for (int c = 0; c < 6; c++)
            check = check * 62 + (uint64_t)(strchr(base62, key[39 + c]) - base62);
        assert_int_equal(check, slow_crc32(key, 39));
        assert_true(apikey_well_formed(slice_of(key)));
    }
}

static void no_single_wrong_character_passes(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        char key[APIKEY_CHARS + 1];
        apikey_make(key);
        for (size_t i = 0; i < APIKEY_CHARS; i++) {
            char right = key[i];
            for (int c = 0; c < 256; c++) {
                key[i] = (char)c;
                assert_int_equal(apikey_well_formed((struct slice){key, APIKEY_CHARS}),
                                 key[i] == right);
            }
            key[i] = right;
        }
    }
}

static void no_two_exchanged_neighbours_pass(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        char key[APIKEY_CHARS + 1];
        apikey_make(key);
        for (size_t i = 0; i + 1 < APIKEY_CHARS; i++) {
            if (key[i] == key[i + 1])
                continue;
            char kept = key[i];
            key[i] = key[i + 1];
            key[i + 1] = kept;
            assert_false(apikey_well_formed(slice_of(key)));
            key[i + 1] = key[i];
            key[i] = kept;
        }
    }
}

/* Also where the check characters fit. */
static void no_character_outside_base62_passes(void **state)
{
    (void)state;
    static const char others[] = "-_ .+/=\n\x01\x7f\x80\xff";
    for (size_t i = 0; i < sizeof others; i++) { /* the last one is the NUL */
        char key[APIKEY_CHARS + 1];
        apikey_make(key);
        for (int right = 1; right >= 0; right--) {
            key[20] = right ? 'x' : others[i];
            uint32_t crc = slow_crc32(key, 39);
            for (int c = 44; c >= 39; c--, crc /= 62)
                key[c] = base62[crc % 62];
            assert_int_equal(apikey_well_formed((struct slice){key, APIKEY_CHARS}), right);
        }
    }
}

static void no_other_length_passes(void **state)
{
    (void)state;
    char key[APIKEY_CHARS + 2];
    apikey_make(key);
    key[APIKEY_CHARS] = '0';
    for (size_t bytes = 0; bytes < APIKEY_CHARS; bytes++)
        assert_false(apikey_well_formed((struct slice){key, bytes}));
    assert_false(apikey_well_formed((struct slice){key, APIKEY_CHARS + 1}));
    assert_false(apikey_well_formed((struct slice){NULL, 0}));
}

/* Each of the 62 characters about as often: 2000 keys have 1032 of each, with a spread of 32. */
static void key_characters_are_equally_likely(void **state)
{
    (void)state;
    unsigned counts[256] = {0};
    for (int i = 0; i < 2000; i++) {
        char key[APIKEY_CHARS + 1];
        apikey_make(key);
        for (int c = 7; c < 39; c++)
            counts[(unsigned char)key[c]]++;
    }
    for (int i = 0; i < 62; i++) {
        unsigned count = counts[(unsigned char)base62[i]];
        assert_in_range(count, 1032 - 220, 1032 + 220);
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void tokens_have_their_form_and_differ(void **state)
{
    (void)state;
    static char tokens[1000][TOKEN_CHARS + 1];
    for (int i = 0; i < 1000; i++) {
        memset(tokens[i], '!', sizeof tokens[i]);
        token_make(tokens[i]);
        assert_int_equal(strlen(tokens[i]), TOKEN_CHARS);
        for (const char *c = tokens[i]; *c; c++)
            assert_true(strchr(base62, *c) || *c == '-' || *c == '_');
    }
    qsort(tokens, 1000, sizeof tokens[0], compare_texts);
    for (int i = 1; i < 1000; i++)
        assert_string_not_equal(tokens[i - 1], tokens[i]);
}

/* ---- passwords ---- */

static void password_is_verified(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];
    struct slice password = slice_of("correct horse");
    assert_true(password_hash(password, hash));
    static const char cost[] = "$argon2id$v=19$m=65536,t=2,p=1$"; /* tests/e2e has a cheaper one */
    assert_memory_equal(hash, cost, strlen(cost));
    assert_non_null(memchr(hash, '\0', sizeof hash));
    assert_true(password_verify(password, hash));
    assert_false(password_verify(slice_of("correct horsf"), hash));
    assert_false(password_verify((struct slice){"correct horse\0", 14}, hash));
    assert_false(password_verify(slice_of("correct hors"), hash));
    assert_true(password_hash(password, again));
    assert_string_not_equal(hash, again); /* salted */
}

static void what_is_no_hash_verifies_nothing(void **state)
{
    (void)state;
    static const char *const hashes[] = {"", "x", "$argon2id$", "$argon2id$v=19$m=65536,t=2,p=1$$"};
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        char hash[PASSWORD_HASH_BYTES] = "";
        strcpy(hash, hashes[i]);
        assert_false(password_verify(slice_of(""), hash));
        assert_false(password_verify(slice_of("x"), hash));
    }
    /* Any length of text, and none of it is read beyond its NUL. */
    char *brief = strdup("$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaA");
    assert_non_null(brief);
    assert_false(password_verify(slice_of("x"), brief));
    free(brief);
}

static void wipes(void **state)
{
    (void)state;
    char secret[] = "correct horse";
    static const char zeros[sizeof secret];
    secret_wipe(secret, sizeof secret);
    assert_memory_equal(secret, zeros, sizeof secret);
}

static void random_numbers_differ(void **state)
{
    (void)state;
    uint64_t ones = 0, zeros = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t n = random_u64();
        ones |= n;
        zeros |= ~n;
    }
    assert_int_equal(ones, UINT64_MAX);
    assert_int_equal(zeros, UINT64_MAX);
}

static int init(void **state)
{
    (void)state;
    return secret_init(NULL) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(created_once_for_its_owner_only),
        cmocka_unit_test(two_files_two_secrets),
        cmocka_unit_test(path_without_folder),
        cmocka_unit_test(refuses_other_sizes),
        cmocka_unit_test(refuses_what_others_may_access),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(created_by_several_at_once_is_one_secret),
        cmocka_unit_test(digest_is_keyed_blake2b),
        cmocka_unit_test(key_has_its_form),
        cmocka_unit_test(no_single_wrong_character_passes),
        cmocka_unit_test(no_two_exchanged_neighbours_pass),
        cmocka_unit_test(no_character_outside_base62_passes),
        cmocka_unit_test(no_other_length_passes),
        cmocka_unit_test(key_characters_are_equally_likely),
        cmocka_unit_test(tokens_have_their_form_and_differ),
        cmocka_unit_test(password_is_verified),
        cmocka_unit_test(what_is_no_hash_verifies_nothing),
        cmocka_unit_test(wipes),
        cmocka_unit_test(random_numbers_differ),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
