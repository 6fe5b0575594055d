#include "app/signals.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"

int signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGUSR1);
    signal(SIGPIPE, SIG_IGN);
    check(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    check(fd >= 0);
    return fd;
}

/* The next pending signal, or 0. */
static int next_signal(int signal_fd)
{
    struct signalfd_siginfo info;
    if (read(signal_fd, &info, sizeof info) != sizeof info)
        return 0;
    return (int)info.ssi_signo;
}

int signals_wait(int signal_fd, struct job_queue *queue, int timeout_ms)
{
    struct pollfd polled[] = {{.fd = signal_fd, .events = POLLIN},
                              {.fd = queue->wake_fd, .events = POLLIN}};
    if (poll(polled, 2, timeout_ms) <= 0)
        return 0;
    if (polled[1].revents != 0)
        job_queue_finish(queue);
    return polled[0].revents != 0 ? next_signal(signal_fd) : 0;
}
