#include "net/loop/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16, FOLDER_BYTES = 1024, WAIT_S = 10 };

/* The address of a path. sun_path takes 107 bytes; a longer path goes by a descriptor of its
 * folder, which *folder_fd then has until the address was used; else -1. */
static bool address_of(const char *path, struct sockaddr_un *out, int *folder_fd)
{
    char folder[FOLDER_BYTES];
    const char *name = strrchr(path, '/');
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    *folder_fd = -1;
    if (strlen(path) < sizeof out->sun_path) {
        memcpy(out->sun_path, path, strlen(path));
        return true;
    }
    errno = ENAMETOOLONG;
    if (name == NULL || (size_t)(name - path) >= sizeof folder)
        return false;
    memcpy(folder, path, (size_t)(name - path));
    folder[name - path] = '\0';
    *folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd < 0)
        return false;
    int bytes =
        snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d%s", *folder_fd, name);
    if (bytes > 0 && (size_t)bytes < sizeof out->sun_path)
        return true;
    close(*folder_fd);
    errno = ENAMETOOLONG;
    return false;
}

/* Waits for a process that accepts nothing, and has its queue full, but not for ever. */
static int connect_to(const struct sockaddr_un *address)
{
    const struct timeval wait = {.tv_sec = WAIT_S};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* Nobody can connect before `listen`, when the file is its owner's only. */
static bool bind_and_listen(int fd, const struct sockaddr_un *address)
{
    return bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
           chmod(address->sun_path, 0600) == 0 && listen(fd, BACKLOG) == 0;
}

/* Removes the file of a dead process. False: another answers there. */
static bool make_way(const struct sockaddr_un *address)
{
    struct stat there;
    if (lstat(address->sun_path, &there) != 0 || !S_ISSOCK(there.st_mode))
        return true; /* bind says what is wrong */
    int fd = connect_to(address);
    if (fd < 0 && errno == ECONNREFUSED)
        return unlink(address->sun_path) == 0;
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

int unix_socket_listen(const char *path, struct fault *fault)
{
    struct sockaddr_un address;
    int folder_fd;
    if (!address_of(path, &address, &folder_fd)) {
        fault_set(fault, "listen_failed", "cannot listen on %s: %s", path, strerror(errno));
        return -1;
    }
    int fd = -1;
    if (!make_way(&address)) {
        fault_set(fault, "listen_failed", "cannot listen on %s: another process does so already",
                  path);
    } else {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || !bind_and_listen(fd, &address)) {
            fault_set(fault, "listen_failed", "cannot listen on %s: %s", path, strerror(errno));
            if (fd >= 0)
                close(fd);
            fd = -1;
        }
    }
    if (folder_fd >= 0)
        close(folder_fd);
    return fd;
}

static const char *code_of(int error)
{
    switch (error) {
    case ENOENT:
        return "absent";
    case ECONNREFUSED:
        return "stale";
    case EACCES:
    case EPERM:
        return "forbidden";
    case EAGAIN:
        return "silent";
    default:
        return "not_reached";
    }
}

int unix_socket_connect(const char *path, struct fault *fault)
{
    struct sockaddr_un address;
    int folder_fd, fd = -1;
    if (address_of(path, &address, &folder_fd)) {
        fd = connect_to(&address);
        if (folder_fd >= 0)
            close(folder_fd);
    }
    if (fd < 0)
        fault_set(fault, code_of(errno), "%s: %s", path,
                  errno == EAGAIN ? "nobody accepts there" : strerror(errno));
    return fd;
}
