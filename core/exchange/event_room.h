/* Room for large events: a picture in an answer is one event of up to 32 MB, and takes several
 * times that until the client has it. Ordinary events need none of it. Of the streams of a worker
 * only LIMIT_LARGE_EVENTS may have a large one under way; for the others the provider is paused
 * until there is room (or four times as many, where clients that do not read have kept them waiting
 * for ten seconds). So a worker's memory is bounded, whatever providers send.
 *
 * On the worker's thread. */
#ifndef EXCHANGE_EVENT_ROOM_H
#define EXCHANGE_EVENT_ROOM_H

struct exchange;

/* Bytes of a stream were taken: takes room where its event has become large, gives it back where
 * the event has gone. */
void event_room_look(struct exchange *exchange);
/* Looks whether there is room by now for a stream that waits. */
void event_room_tick(struct exchange *exchange);
void event_room_leave(struct exchange *exchange);

#endif
