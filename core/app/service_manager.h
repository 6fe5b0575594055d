/* The service manager that has started the gateway: systemd, or whatever speaks the protocols of
 * sd_notify(3) and sd_listen_fds(3). Without one every function does nothing. On the main
 * thread. */
#ifndef APP_SERVICE_MANAGER_H
#define APP_SERVICE_MANAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "app/config.h"
#include "base/fault.h"

struct service_manager {
    char notify_path[108]; /* of its socket, as sun_path; "": nobody is told */
    size_t notify_bytes;   /* of the address; an abstract one begins with a zero */
    int64_t watchdog_us;   /* it wants a sign of life within this time; 0: none */
    int64_t told_us;       /* of the last sign, by the monotonic clock */
    int listen_fd;         /* a listening socket that it holds for us; 0: none */
};

/* Reads the environment, and takes the variables out of it: they are for this process alone. A
 * socket that is handed over takes the place of `listen` in *config. Returns false with *fault if
 * it is none that the gateway can serve. */
bool service_manager_init(struct service_manager *manager, struct config *config,
                          struct fault *fault);

/* If a socket was handed over, its address takes the place of `listen` in *config: now, and at each
 * reload. False: *fault. */
bool service_manager_set_listen(const struct service_manager *manager, struct config *config,
                                struct fault *fault);

/* `status`: a sentence for people, without a newline. */
void service_manager_ready(const struct service_manager *manager, const char *status);
/* A reload begins; service_manager_ready ends it, whatever came of it. */
void service_manager_reloading(const struct service_manager *manager);
void service_manager_stopping(const struct service_manager *manager);
/* How long the main thread may wait before the next sign of life is due; -1: for ever. */
int service_manager_wait_ms(const struct service_manager *manager);
/* Gives a sign of life if one is due. Call it only when all threads work. */
void service_manager_alive(struct service_manager *manager);

#endif
