#include "cpu.h"

#include <dirent.h>
#include <stdio.h>

#include "common.h"

static int64_t thread_ns(int64_t pid, const char *thread)
{
    char path[320];
    long long ns = 0;
    FILE *file;
    (void)snprintf(path, sizeof path, "/proc/%lld/task/%s/schedstat", (long long)pid, thread);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;                       /* it has just ended */
    if (fscanf(file, "%lld", &ns) != 1) /* NOLINT(cert-err34-c) */
        die("%s is not what it was expected to be", path);
    (void)fclose(file);
    return ns;
}

int64_t cpu_ns(int64_t pid)
{
    char path[64];
    const struct dirent *entry;
    int64_t sum = 0;
    DIR *folder;
    (void)snprintf(path, sizeof path, "/proc/%lld/task", (long long)pid);
    folder = opendir(path);
    if (folder == NULL)
        die("there is no process %lld", (long long)pid);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            sum += thread_ns(pid, entry->d_name);
    }
    (void)closedir(folder);
    return sum;
}
