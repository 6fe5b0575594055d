#include "app/descriptors.h"

#include <dirent.h>
#include <sys/resource.h>

#include "base/least.h"
#include "base/log.h"

enum {
    /* Files that are open only for a time: the database's temporary files, a policy being read, a
     * log being reopened, look-ups of names. */
    FILES_KEPT = 12,
    ADMIN_FILES = 4, /* connections of the operator's tools */
    USED_GUESS = 64, /* used if /proc cannot be counted */
    CONNECTIONS_MIN = 2,
    REFUSALS_PART = 64, /* one in so many connections only tells clients that there is no room */
    REFUSALS_MIN = 16,
    REFUSALS_OF_FEW = 4,
    ADDRESS_PART = 4
};

void descriptors_raise(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int64_t descriptors_count(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = -3; /* ".", "..", and the descriptor of the folder itself */
    if (folder == NULL)
        return -1;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static size_t count_open(void)
{
    int64_t count = descriptors_count();
    return count >= 0 ? (size_t)count : USED_GUESS;
}

static bool has_limit(struct rlimit *files)
{
    return getrlimit(RLIMIT_NOFILE, files) == 0 && files->rlim_cur != RLIM_INFINITY;
}

bool descriptors_share(const struct config *config, unsigned worker_count,
                       struct descriptor_share *out, struct fault *fault)
{
    size_t wanted = (size_t)config->connections_max;
    size_t refusals = wanted / REFUSALS_PART + REFUSALS_MIN;
    struct rlimit files;
    *out = (struct descriptor_share){.connections_max = wanted, .refusals_max = refusals};
    if (has_limit(&files)) {
        size_t needed = count_open() + FILES_KEPT + ADMIN_FILES;
        size_t left = files.rlim_cur > needed ? (size_t)files.rlim_cur - needed : 0;
        size_t share = left / 2 / worker_count;
        out->refusals_max = least_size(refusals, share / REFUSALS_OF_FEW);
        out->connections_max = least_size(wanted, share > 0 ? share - out->refusals_max : 0);
        if (out->connections_max < least_size(wanted, CONNECTIONS_MIN))
            return fault_set(fault, "out_of_descriptors",
                             "the limit of open files, %llu, is too low for %u workers; raise it "
                             "(ulimit -n, LimitNOFILE), or set fewer workers",
                             (unsigned long long)files.rlim_cur, worker_count);
        if (out->connections_max < wanted)
            log_event(LOG_INFO, "connections_max is lowered to what the limit of open files allows",
                      log_int("connections_max", (int64_t)out->connections_max),
                      log_int("open_files", (int64_t)files.rlim_cur));
    }
    size_t all = out->connections_max * worker_count;
    size_t of_address = (size_t)config->connections_per_address_max;
    out->address_connections_max =
        of_address > 0 ? of_address : (all + ADDRESS_PART - 1) / ADDRESS_PART;
    return true;
}
