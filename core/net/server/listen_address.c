#include "net/server/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

bool listen_address_parse(const char *address, int port, struct sockaddr_storage *out,
                          socklen_t *bytes, struct fault *fault)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        *bytes = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        *bytes = sizeof *v6;
        return true;
    }
    fault_set(fault, "invalid_value",
              "listen: %s is no IPv4 or IPv6 address; write 127.0.0.1:3000 or [::1]:3000", address);
    return false;
}

/* -1: *fault. `shared`: others may bind there, too, if they say so as well (SO_REUSEPORT). */
static int bind_socket(const char *address, int port, bool shared, struct fault *fault)
{
    struct sockaddr_storage place;
    socklen_t bytes;
    int one = 1, share = shared ? 1 : 0;
    if (!listen_address_parse(address, port, &place, &bytes, fault))
        return -1;
    int fd = socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof share) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one) == 0 &&
        bind(fd, (struct sockaddr *)&place, bytes) == 0)
        return fd;
    fault_set(fault, "listen_failed", "cannot listen on %s port %d: %s", address, port,
              strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool listen_address_check_free(const char *address, int port, struct fault *fault)
{
    int fd = bind_socket(address, port, false, fault);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int listen_address_open(const char *address, int port, struct fault *fault)
{
    return bind_socket(address, port, true, fault);
}

int listen_address_share(int listen_fd, struct fault *fault)
{
    int fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
        return fd;
    fault_set(fault, "listen_failed", "the socket that was handed over: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

int listen_address_port(int fd)
{
    struct sockaddr_in6 address = {0}; /* an IPv4 address has its port at the same offset */
    socklen_t bytes = sizeof address;
    check(getsockname(fd, (struct sockaddr *)&address, &bytes) == 0);
    bool has_port = address.sin6_family == AF_INET || address.sin6_family == AF_INET6;
    return has_port ? ntohs(address.sin6_port) : 0;
}
