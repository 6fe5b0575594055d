/* Private to net/: sends bytes to a client at once. By itself libevent would ask the system whether
 * the socket is writable, wait for the next turn of the loop, write, and withdraw its question: two
 * more system calls for each event of a stream, and a turn's delay. Bytes that the socket does not
 * take stay in the bufferevent's output, and libevent goes on as usual, with its time-out, errors
 * and callbacks.
 *
 * For bufferevents of plain sockets with writing enabled. On the loop's thread. */
#ifndef NET_SERVER_OUTPUT_H
#define NET_SERVER_OUTPUT_H

#include "base/slice.h"

struct bufferevent;

/* Sends the waiting bytes. When all are out, the write callback is called later in this turn. */
void output_send(struct bufferevent *bev);

/* Sends a chunk of a chunked body; no bytes may wait before it. The write callback is called only
 * if some of it had to wait. */
void output_send_chunk(struct bufferevent *bev, struct slice data);

#endif
