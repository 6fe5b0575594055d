/* A disk that fails when it is told to, under the whole program. Preloaded (LD_PRELOAD) it stands
 * before libc in the calls by which SQLite writes; those to one database (FAILING_DISK_PATH, and
 * all that begins with it: -wal, -shm) fail as the control file (FAILING_DISK_CONTROL) says.
 * test_failing_disk.py maps the same file, so a fault begins and ends between two calls. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum fault {
    NONE,
    WRITES_EIO,    /* writes, truncations and syncs */
    WRITES_ENOSPC, /* writes */
    WRITES_SHORT,  /* half of a write arrives, the rest finds no space */
    SYNCS_EIO,     /* only syncs: what was written can be read again */
    SYNCS_SLOW     /* syncs end when the fault does */
};

struct control {
    _Atomic uint32_t fault;
    _Atomic uint32_t refused; /* calls that have failed */
};

static struct control idle;
static struct control *control = &idle;
static const char *path = "";

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("FAILING_DISK_CONTROL");
    int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    void *map;
    if (fd < 0)
        return;
    map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        abort();
    control = map;
    path = getenv("FAILING_DISK_PATH");
}

static int is_ours(int fd)
{
    char link[64];
    char target[512];
    ssize_t bytes;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    bytes = readlink(link, target, sizeof target - 1);
    if (bytes < 0)
        return 0;
    target[bytes] = '\0';
    return strncmp(target, path, strlen(path)) == 0;
}

static enum fault fault_of(int fd)
{
    enum fault fault = atomic_load(&control->fault);
    return fault != NONE && is_ours(fd) ? fault : NONE;
}

static int refuse(int code)
{
    atomic_fetch_add(&control->refused, 1);
    errno = code;
    return -1;
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    static __thread int half_written; /* SQLite asks again for the rest */
    enum fault fault = fault_of(fd);
    if (real == NULL)
        real = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    if (fault == WRITES_SHORT && !half_written && bytes > 1) {
        half_written = 1;
        return real(fd, data, bytes / 2, offset);
    }
    half_written = 0;
    if (fault == WRITES_EIO)
        return refuse(EIO);
    if (fault == WRITES_ENOSPC || fault == WRITES_SHORT)
        return refuse(ENOSPC);
    return real(fd, data, bytes, offset);
}

int ftruncate64(int fd, off64_t bytes)
{
    static int (*real)(int, off64_t);
    if (real == NULL)
        real = (int (*)(int, off64_t))dlsym(RTLD_NEXT, "ftruncate64");
    return fault_of(fd) == WRITES_EIO ? refuse(EIO) : real(fd, bytes);
}

int fdatasync(int fd)
{
    static int (*real)(int);
    enum fault fault = fault_of(fd);
    if (real == NULL)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    while (fault == SYNCS_SLOW) {
        usleep(1000);
        fault = fault_of(fd);
    }
    return fault == WRITES_EIO || fault == SYNCS_EIO ? refuse(EIO) : real(fd);
}
