#include "exchange/limit_queues.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"
#include "exchange/limit_room.h"

enum { WINDOW_MAX = 1024 };

/* The waiting calls of one account, the oldest first. */
struct lane {
    struct lane *next, *previous; /* in the ring of the queue */
    struct id account_id;
    struct limit_ticket *first, *last;
    size_t count;
};

struct limit_queue {
    struct limit_queue *next;
    uint64_t limit;
    size_t tickets;    /* in any state */
    struct lane *turn; /* of the account whose turn it is; NULL: no call waits */
    size_t waiting;
    size_t running; /* let through, and not back */
    size_t window;  /* so many of these at once */
};

struct limit_ticket {
    struct limit_queue *queue;
    struct lane *lane; /* NULL: it does not wait any more */
    struct limit_ticket *next, *previous;
    enum limit_turn turn;
    int64_t tokens;
};

struct limit_queues {
    atomic_size_t waiting; /* in all of them */
    pthread_mutex_t mutex; /* guards what follows */
    struct limit_queue *first;
};

struct limit_queues *limit_queues_new(void)
{
    struct limit_queues *queues = calloc(1, sizeof *queues);
    check(queues != NULL && pthread_mutex_init(&queues->mutex, NULL) == 0);
    return queues;
}

void limit_queues_free(struct limit_queues *queues)
{
    if (queues == NULL)
        return;
    check(queues->first == NULL && pthread_mutex_destroy(&queues->mutex) == 0);
    free(queues);
}

static void lock(struct limit_queues *queues)
{
    check(pthread_mutex_lock(&queues->mutex) == 0);
}

static void unlock(struct limit_queues *queues)
{
    check(pthread_mutex_unlock(&queues->mutex) == 0);
}

/* ---- lanes ---- */

static struct lane *lane_of(const struct limit_queue *queue, const struct id *account_id)
{
    struct lane *lane = queue->turn;
    while (lane != NULL && strcmp(lane->account_id.text, account_id->text) != 0)
        lane = lane->next != queue->turn ? lane->next : NULL;
    return lane;
}

/* Its turn comes after all the others'. */
static struct lane *lane_new(struct limit_queue *queue, const struct id *account_id)
{
    struct lane *lane = calloc(1, sizeof *lane);
    check(lane != NULL);
    lane->account_id = *account_id;
    lane->next = lane->previous = lane;
    if (queue->turn == NULL) {
        queue->turn = lane;
        return lane;
    }
    lane->next = queue->turn;
    lane->previous = queue->turn->previous;
    lane->previous->next = lane->next->previous = lane;
    return lane;
}

static void lane_free(struct limit_queue *queue, struct lane *lane)
{
    if (queue->turn == lane)
        queue->turn = lane->next != lane ? lane->next : NULL;
    lane->next->previous = lane->previous;
    lane->previous->next = lane->next;
    free(lane);
}

static struct lane *longest_lane(const struct limit_queue *queue)
{
    struct lane *longest = queue->turn;
    for (struct lane *lane = longest->next; lane != queue->turn; lane = lane->next) {
        if (lane->count > longest->count)
            longest = lane;
    }
    return longest;
}

static void append(struct lane *lane, struct limit_ticket *ticket)
{
    ticket->lane = lane;
    ticket->previous = lane->last;
    if (lane->last != NULL)
        lane->last->next = ticket;
    else
        lane->first = ticket;
    lane->last = ticket;
    lane->count++;
}

/* It waits no more. The turn stays where it is, unless that was its account's last. */
static void take_out(struct limit_queues *queues, struct limit_ticket *ticket, enum limit_turn turn)
{
    struct limit_queue *queue = ticket->queue;
    struct lane *lane = ticket->lane;
    if (ticket->previous != NULL)
        ticket->previous->next = ticket->next;
    else
        lane->first = ticket->next;
    if (ticket->next != NULL)
        ticket->next->previous = ticket->previous;
    else
        lane->last = ticket->previous;
    ticket->lane = NULL;
    ticket->turn = turn;
    lane->count--;
    queue->waiting--;
    atomic_fetch_sub(&queues->waiting, 1);
    if (lane->count == 0)
        lane_free(queue, lane);
}

/* ---- queues ---- */

static struct limit_queue *queue_of(const struct limit_queues *queues, uint64_t limit)
{
    struct limit_queue *queue = queues->first;
    while (queue != NULL && queue->limit != limit)
        queue = queue->next;
    return queue;
}

static struct limit_queue *queue_new(struct limit_queues *queues, uint64_t limit)
{
    struct limit_queue *queue = calloc(1, sizeof *queue);
    check(queue != NULL);
    *queue = (struct limit_queue){.next = queues->first, .limit = limit, .window = 1};
    queues->first = queue;
    return queue;
}

static void free_if_empty(struct limit_queues *queues, struct limit_queue *queue)
{
    struct limit_queue **at = &queues->first;
    if (queue->tickets > 0)
        return;
    while (*at != queue)
        at = &(*at)->next;
    *at = queue->next;
    free(queue);
}

static void let_through(struct limit_queues *queues, struct limit_queue *queue,
                        struct limit_room room)
{
    while (queue->turn != NULL && queue->running < queue->window) {
        struct lane *lane = queue->turn;
        int64_t tokens = lane->first->tokens;
        if (!limit_room_takes(&room, tokens))
            return;
        limit_room_take(&room, tokens);
        queue->turn = lane->next;
        queue->running++;
        take_out(queues, lane->first, LIMIT_GOES);
    }
}

bool limit_queues_has(struct limit_queues *queues, uint64_t limit)
{
    if (atomic_load_explicit(&queues->waiting, memory_order_relaxed) == 0)
        return false;
    lock(queues);
    const struct limit_queue *queue = queue_of(queues, limit);
    bool waits = queue != NULL && queue->waiting > 0;
    unlock(queues);
    return waits;
}

size_t limit_queues_waiting(struct limit_queues *queues)
{
    return atomic_load(&queues->waiting);
}

/* Makes room for another one of the account, if that has less than its share. */
static bool make_room(struct limit_queues *queues, struct limit_queue *queue,
                      const struct id *account_id, size_t most)
{
    if (queue->waiting < most)
        return true;
    if (queue->turn == NULL)
        return false; /* `most` is 0 */
    const struct lane *own = lane_of(queue, account_id);
    struct lane *longest = longest_lane(queue);
    if (longest->count <= (own != NULL ? own->count : 0) + 1)
        return false;
    take_out(queues, longest->last, LIMIT_LOST);
    return true;
}

struct limit_ticket *limit_queues_join(struct limit_queues *queues, uint64_t limit,
                                       const struct id *account_id, int64_t tokens, size_t most)
{
    struct limit_ticket *ticket = calloc(1, sizeof *ticket);
    check(ticket != NULL);
    lock(queues);
    struct limit_queue *queue = queue_of(queues, limit);
    if (queue == NULL)
        queue = queue_new(queues, limit);
    if (make_room(queues, queue, account_id, most)) {
        struct lane *lane = lane_of(queue, account_id);
        ticket->queue = queue;
        ticket->tokens = tokens;
        queue->tickets++;
        append(lane != NULL ? lane : lane_new(queue, account_id), ticket);
        queue->waiting++;
        atomic_fetch_add(&queues->waiting, 1);
    } else {
        free_if_empty(queues, queue);
        free(ticket);
        ticket = NULL;
    }
    unlock(queues);
    return ticket;
}

enum limit_turn limit_queues_look(struct limit_queues *queues, struct limit_ticket *ticket,
                                  const struct limit_room *room)
{
    lock(queues);
    if (room != NULL)
        let_through(queues, ticket->queue, *room);
    enum limit_turn turn = ticket->turn;
    unlock(queues);
    return turn;
}

static void note_end(struct limit_queue *queue, enum limit_end end)
{
    queue->running--;
    if (end == LIMIT_TAKEN && queue->window < WINDOW_MAX)
        queue->window++;
    else if (end == LIMIT_MET && queue->window > 1)
        queue->window /= 2;
}

void limit_queues_leave(struct limit_queues *queues, struct limit_ticket *ticket,
                        enum limit_end end)
{
    struct limit_queue *queue = ticket->queue;
    lock(queues);
    if (ticket->lane != NULL)
        take_out(queues, ticket, LIMIT_LOST);
    else if (ticket->turn == LIMIT_GOES)
        note_end(queue, end);
    queue->tickets--;
    free_if_empty(queues, queue);
    unlock(queues);
    free(ticket);
}
