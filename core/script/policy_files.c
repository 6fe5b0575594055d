/* Reads the operator's files once. Every worker gets these bytes, and the revision names them:
 * no file is opened a second time, so an edit during a reload cannot give two workers two
 * policies. */
#include "script/policy_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/sha256.h"

struct policy_files {
    atomic_int references;
    struct policy_file files[POLICY_FILE_COUNT];
    char revision[SHA256_HEX_BYTES];
    uint64_t stamp;
};

/* In the order of the revision. The last ones are optional. */
static const char *const file_names[POLICY_FILE_COUNT] = {
    "providers.lua", "models.lua",   "margins.lua", "routes.lua",
    "limits.lua",    "examples.lua", "catalog.lua", "payments.lua",
};
enum { OPTIONAL_FILES = 6 }; /* from this one on */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Reads exactly `bytes` bytes and checks that the file ends there. */
static bool read_exactly(int fd, char *data, size_t bytes)
{
    size_t got = 0;
    for (;;) {
        char extra;
        bool full = got == bytes;
        ssize_t n = full ? read(fd, &extra, 1) : read(fd, data + got, bytes - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 && full;
        if (full)
            return false;
        got += (size_t)n;
    }
}

/* Sets *text to the content of the open file; the caller frees text->data. */
static bool read_open_file(int fd, const char *path, struct slice *text, struct fault *fault)
{
    struct stat before;
    struct stat after;
    if (fstat(fd, &before) != 0 || !S_ISREG(before.st_mode))
        return fault_set(fault, "policy_invalid", "%s: is not a regular file", path);
    if (before.st_size > LIMIT_POLICY_FILE_BYTES)
        return fault_set(fault, "policy_invalid", "%s: is larger than %d bytes", path,
                         LIMIT_POLICY_FILE_BYTES);
    size_t bytes = (size_t)before.st_size;
    char *data = malloc(bytes + 1);
    if (data == NULL)
        return fault_set(fault, "policy_invalid", "%s: out of memory", path);
    if (!read_exactly(fd, data, bytes) || fstat(fd, &after) != 0 || !same_file(&before, &after)) {
        free(data);
        return fault_set(fault, "policy_invalid",
                         "%s: changed while it was read; reload again when it is complete", path);
    }
    data[bytes] = '\0';
    *text = (struct slice){data, bytes};
    return true;
}

static bool read_file(const char *folder, size_t index, struct slice *text, struct fault *fault)
{
    const char *name = file_names[index];
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return fault_set(fault, "policy_invalid", "%s: the path of the policies is too long", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT && index >= OPTIONAL_FILES)
        return true;
    if (fd < 0 && errno == ENOENT)
        return fault_set(fault, "policy_invalid",
                         "%s: is missing; a policy folder has providers.lua, models.lua, "
                         "margins.lua, routes.lua, limits.lua and examples.lua",
                         path);
    if (fd < 0)
        return fault_set(fault, "policy_invalid", "%s: cannot be opened: %s", path,
                         strerror(errno));
    bool done = read_open_file(fd, path, text, fault);
    close(fd);
    return done;
}

/* ---- the state of the files ---- */

static uint64_t stamp_on(uint64_t stamp, const struct stat *found)
{
    char numbers[128]; /* as text: clang-tidy cannot follow bytes of a number */
    snprintf(numbers, sizeof numbers, "%lld %lld %lld %lld %lld\n", (long long)found->st_dev,
             (long long)found->st_ino, (long long)found->st_size, (long long)found->st_mtim.tv_sec,
             (long long)found->st_mtim.tv_nsec);
    return hash_on(stamp, slice_of(numbers));
}

uint64_t policy_files_stamp(const char *folder)
{
    uint64_t stamp = HASH_START;
    char path[4096];
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
        struct stat found;
        if (snprintf(path, sizeof path, "%s/%s", folder, file_names[i]) >= (int)sizeof path ||
            stat(path, &found) != 0)
            found = (struct stat){.st_size = -1};
        stamp = stamp_on(stamp, &found);
    }
    return stamp;
}

uint64_t policy_files_read_stamp(const struct policy_files *files)
{
    return files->stamp;
}

/* ---- reading ---- */

/* Hashes one line for each file, "<its hash> <its name>", as sha256sum prints them. So the operator
 * can compute the revision too, and moving a line to the next file changes it. */
static void set_revision(struct policy_files *files)
{
    char lines[POLICY_FILE_COUNT * 128];
    size_t bytes = 0;
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
        struct policy_file *file = &files->files[i];
        if (file->text.data == NULL)
            continue;
        sha256_hex(file->text, file->sha256);
        bytes += (size_t)snprintf(lines + bytes, sizeof lines - bytes, "%s  %s\n", file->sha256,
                                  file->name);
    }
    sha256_hex((struct slice){lines, bytes}, files->revision);
}

struct policy_files *policy_files_read(const char *folder, struct fault *fault)
{
    struct policy_files *files = calloc(1, sizeof *files);
    if (files == NULL) {
        (void)fault_set(fault, "policy_invalid", "%s: out of memory", folder);
        return NULL;
    }
    atomic_init(&files->references, 1);
    files->stamp = policy_files_stamp(folder);
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
        files->files[i].name = file_names[i];
        if (!read_file(folder, i, &files->files[i].text, fault)) {
            policy_files_unref(files);
            return NULL;
        }
    }
    set_revision(files);
    return files;
}

struct policy_files *policy_files_ref(struct policy_files *files)
{
    atomic_fetch_add_explicit(&files->references, 1, memory_order_relaxed);
    return files;
}

void policy_files_unref(struct policy_files *files)
{
    if (files == NULL ||
        atomic_fetch_sub_explicit(&files->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++)
        free((void *)(uintptr_t)files->files[i].text.data);
    free(files);
}

const struct policy_file *policy_files_get(const struct policy_files *files, size_t index)
{
    check(index < POLICY_FILE_COUNT);
    return &files->files[index];
}

const char *policy_files_revision(const struct policy_files *files)
{
    return files->revision;
}
