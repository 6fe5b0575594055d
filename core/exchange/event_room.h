/* Room for large events, and for large plain answers. A picture in an answer is one event of up to
 * 32 MB, pictures without a stream up to LIMIT_PICTURES_BYTES together, and each takes several
 * times that until the client has it. Ordinary events need no room. In a worker only
 * LIMIT_LARGE_EVENTS streams may have a large event at once; the providers of the others are paused
 * until there is room. The bound is four times as high while clients that do not read have kept
 * streams waiting for ten seconds. So a worker's memory is bounded, whatever providers send.
 *
 * On the worker's thread. */
#ifndef EXCHANGE_EVENT_ROOM_H
#define EXCHANGE_EVENT_ROOM_H

struct exchange;

/* Call it after bytes of an answer were taken. It takes room if the event has become large, and
 * gives the room back when the event has gone out. */
void event_room_look(struct exchange *exchange);
/* Resumes a waiting stream if there is room now. */
void event_room_tick(struct exchange *exchange);
void event_room_leave(struct exchange *exchange);

#endif
