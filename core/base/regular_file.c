#include "base/regular_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns how many bytes it has read; -1 at an error. */
static ssize_t fill(int fd, char *room, size_t room_bytes)
{
    size_t bytes = 0;
    while (bytes < room_bytes) {
        ssize_t more = read(fd, room + bytes, room_bytes - bytes);
        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return -1;
        if (more == 0)
            break;
        bytes += (size_t)more;
    }
    return (ssize_t)bytes;
}

static enum file_outcome read_open(int fd, size_t bytes_max, struct buffer *out)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return FILE_UNREADABLE;
    char *room = buffer_reserve(out, bytes_max + 1);
    ssize_t bytes = room != NULL ? fill(fd, room, bytes_max + 1) : -1;
    if (bytes < 0)
        return FILE_UNREADABLE;
    if ((size_t)bytes > bytes_max)
        return FILE_TOO_LARGE;
    out->bytes += (size_t)bytes;
    return FILE_READ;
}

enum file_outcome regular_file_read(const char *path, size_t bytes_max, struct buffer *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* never waits for a pipe */
    if (fd < 0)
        return FILE_NOT_OPENED;
    enum file_outcome outcome = read_open(fd, bytes_max, out);
    close(fd);
    return outcome;
}
