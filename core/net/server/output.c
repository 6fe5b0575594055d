#include "net/server/output.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

void output_send(struct bufferevent *bev)
{
    struct evbuffer *output = bufferevent_get_output(bev);
    evbuffer_unfreeze(output, 1); /* a socket's output is open at its front only while it writes */
    (void)evbuffer_write(output, bufferevent_getfd(bev));
    evbuffer_freeze(output, 1);
    if (evbuffer_get_length(output) > 0)
        return;
    bufferevent_disable(bev, EV_WRITE); /* in the same turn as the enable: no system call */
    bufferevent_trigger(bev, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

/* Leaves the bytes of the parts after the first `sent` to libevent. */
static void leave_rest(struct bufferevent *bev, const struct iovec *parts, int count, size_t sent)
{
    struct evbuffer *output = bufferevent_get_output(bev);
    for (int i = 0; i < count; i++) {
        size_t out = sent < parts[i].iov_len ? sent : parts[i].iov_len;
        evbuffer_add(output, (const char *)parts[i].iov_base + out, parts[i].iov_len - out);
        sent -= out;
    }
    bufferevent_enable(bev, EV_WRITE);
}

/* Writes the size line of a chunk; returns where it begins. */
static char *size_line(char *line_end, size_t bytes)
{
    char *at = line_end;
    *--at = '\n';
    *--at = '\r';
    do {
        *--at = "0123456789abcdef"[bytes % 16];
        bytes /= 16;
    } while (bytes > 0);
    return at;
}

void output_send_chunk(struct bufferevent *bev, struct slice data)
{
    char line[2 * sizeof data.bytes + 2];
    char *line_end = line + sizeof line;
    char *size = size_line(line_end, data.bytes);
    /* sendmsg only reads them */
    struct iovec parts[] = {{size, (size_t)(line_end - size)},
                            {(void *)(uintptr_t)data.data, data.bytes},
                            {(void *)(uintptr_t) "\r\n", 2}};
    enum { COUNT = sizeof parts / sizeof parts[0] };
    size_t bytes = parts[0].iov_len + data.bytes + 2;
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = COUNT};
    ssize_t sent = sendmsg(bufferevent_getfd(bev), &message, MSG_NOSIGNAL);
    if (sent < 0 || (size_t)sent < bytes)
        leave_rest(bev, parts, COUNT, sent > 0 ? (size_t)sent : 0);
}
