#include "app/service_manager.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    LISTEN_FDS_START = 3, /* sd_listen_fds(3) */
    MESSAGE_BYTES = 512,
    SIGNS_PER_PERIOD = 2, /* as sd_watchdog_enabled(3) recommends */
    LATE_MS = 100         /* a sign that is due waits for all threads */
};

/* ---- what is in the environment ---- */

/* The variable as a number; 0 if it is not there, or none. */
static int64_t number_of(const char *name)
{
    const char *text = getenv(name);
    char *end;
    if (text == NULL)
        return 0;
    long long number = strtoll(text, &end, 10);
    return end != text && *end == '\0' && number > 0 ? number : 0;
}

/* Whether the variable names this process, or is not there. */
static bool is_for_us(const char *pid_variable)
{
    return getenv(pid_variable) == NULL || number_of(pid_variable) == getpid();
}

static void read_notify_socket(struct service_manager *manager)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t bytes = path == NULL ? 0 : strlen(path);
    if (bytes < 2 || bytes >= sizeof manager->notify_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(manager->notify_path, path, bytes + 1);
    manager->notify_bytes = offsetof(struct sockaddr_un, sun_path) + bytes;
    if (path[0] == '@') /* abstract */
        manager->notify_path[0] = '\0';
}

/* ---- the socket that is handed over ---- */

bool service_manager_set_listen(const struct service_manager *manager, struct config *config,
                                struct fault *fault)
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;
    char host[INET6_ADDRSTRLEN];
    char listen[sizeof host + 16];
    if (manager->listen_fd == 0)
        return true;
    if (getsockname(manager->listen_fd, (struct sockaddr *)&address, &bytes) != 0)
        return fault_set(fault, "listen_failed", "the service manager's socket: %s",
                         strerror(errno));
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(listen, sizeof listen, "%s:%d", host, ntohs(v4->sin_port));
    } else if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(listen, sizeof listen, "[%s]:%d", host, ntohs(v6->sin6_port));
    } else {
        return fault_set(fault, "listen_failed",
                         "the service manager's socket must be one of TCP: write "
                         "ListenStream=ADDRESS:PORT in the socket unit");
    }
    return config_set_listen(config, listen, fault);
}

static bool take_socket(struct service_manager *manager, struct fault *fault)
{
    int64_t count = is_for_us("LISTEN_PID") ? number_of("LISTEN_FDS") : 0;
    int listening = 0;
    socklen_t bytes = sizeof listening;
    if (count == 0)
        return true;
    if (count > 1)
        return fault_set(fault, "listen_failed",
                         "the service manager hands %lld sockets over; the gateway takes one: "
                         "write one ListenStream= in the socket unit",
                         (long long)count);
    if (getsockopt(LISTEN_FDS_START, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) != 0 ||
        !listening)
        return fault_set(fault, "listen_failed",
                         "descriptor 3, which the service manager hands over, is no listening "
                         "socket");
    manager->listen_fd = LISTEN_FDS_START;
    fcntl(manager->listen_fd, F_SETFD, FD_CLOEXEC);
    return true;
}

bool service_manager_init(struct service_manager *manager, struct config *config,
                          struct fault *fault)
{
    static const char *const ours[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                       "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};
    *manager = (struct service_manager){.listen_fd = 0};
    read_notify_socket(manager);
    if (is_for_us("WATCHDOG_PID"))
        manager->watchdog_us = number_of("WATCHDOG_USEC");
    bool good = take_socket(manager, fault) && service_manager_set_listen(manager, config, fault);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        unsetenv(ours[i]);
    return good;
}

/* ---- what it is told ---- */

static void tell(const struct service_manager *manager, const char *message)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (manager->notify_bytes == 0)
        return;
    memcpy(address.sun_path, manager->notify_path, sizeof manager->notify_path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT,
               (const struct sockaddr *)&address, (socklen_t)manager->notify_bytes) < 0)
        log_event(LOG_WARN, "the service manager cannot be told",
                  log_text("reason", strerror(errno)));
    close(fd);
}

void service_manager_ready(const struct service_manager *manager, const char *status)
{
    char message[MESSAGE_BYTES];
    snprintf(message, sizeof message, "READY=1\nSTATUS=%s", status);
    tell(manager, message);
}

/* The time lets the manager tell this reload from an earlier one (Type=notify-reload). */
void service_manager_reloading(const struct service_manager *manager)
{
    char message[MESSAGE_BYTES];
    snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)clock_mono_us());
    tell(manager, message);
}

void service_manager_stopping(const struct service_manager *manager)
{
    tell(manager, "STOPPING=1\nSTATUS=Running requests may finish.");
}

/* ---- the watchdog ---- */

static int64_t left_us(const struct service_manager *manager)
{
    return manager->told_us + manager->watchdog_us / SIGNS_PER_PERIOD - clock_mono_us();
}

int service_manager_wait_ms(const struct service_manager *manager)
{
    if (manager->watchdog_us == 0 || manager->notify_bytes == 0)
        return -1;
    int64_t wait_ms = left_us(manager) / 1000 + 1;
    return wait_ms > LATE_MS ? (int)wait_ms : LATE_MS;
}

void service_manager_alive(struct service_manager *manager)
{
    if (manager->watchdog_us == 0 || manager->notify_bytes == 0 || left_us(manager) > 0)
        return;
    manager->told_us = clock_mono_us();
    tell(manager, "WATCHDOG=1");
}
