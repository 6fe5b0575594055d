/* Inside net/: bytes to a client at once. libevent by itself would first ask the system whether the
 * socket may be written, wait for the next turn of the loop, write, and take its question back:
 * two system calls more for each event of a stream, and a turn's delay. What the socket does not
 * take, or refuses, is left in the bufferevent's output, and libevent goes on with it as usual:
 * time-out, errors and callbacks are its own.
 *
 * For bufferevents of plain sockets that are written to. On the loop's thread. */
#ifndef NET_SERVER_OUTPUT_H
#define NET_SERVER_OUTPUT_H

#include "base/slice.h"

struct bufferevent;

/* Sends what waits. When all is out, the write callback is called later in this turn. */
void output_send(struct bufferevent *bev);

/* Sends a chunk of a chunked body; nothing may wait in front of it. The write callback is called
 * only when some of it had to wait. */
void output_send_chunk(struct bufferevent *bev, struct slice data);

#endif
