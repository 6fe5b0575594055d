/* Reads one HTTP reply as it comes, in any pieces: its status, where it ends, and of an event
 * stream whether every event has come, in order. The caller owns the struct. */
#ifndef BENCH_REPLY_H
#define BENCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>

enum { REPLY_HELD_BYTES = 1536 };

/* What is not whole yet. */
struct reply_held {
    size_t bytes;
    char data[REPLY_HELD_BYTES];
};

enum reply_state {
    REPLY_HEAD,
    REPLY_BODY,       /* of a known length */
    REPLY_CHUNK_SIZE, /* the line before a chunk */
    REPLY_CHUNK,
    REPLY_CHUNK_END, /* the line break behind it */
    REPLY_TRAILER,
    REPLY_COMPLETE,
    REPLY_BROKEN /* is no HTTP that we know */
};

struct reply {
    enum reply_state state;
    int status;
    bool streamed;
    bool begun;      /* some byte of the body has come */
    bool done;       /* [DONE] has come */
    bool failed;     /* an error has come inside the stream */
    bool stays_open; /* the connection, for the next request */
    int words;       /* numbered events that have come */
    int lost;        /* gaps between their numbers, and those that came out of order */
    int next_word;
    size_t left;            /* of the body or chunk */
    struct reply_held line; /* of the head, or between chunks */
    struct reply_held event;
};

void reply_begin(struct reply *reply);

/* Takes what has come. Look at `state` afterwards; bytes behind the end of a reply break it. */
void reply_feed(struct reply *reply, const char *data, size_t bytes);

/* Whether it was an answer, complete and without an error; of a stream, with `words` events. */
bool reply_good(const struct reply *reply, int words);

#endif
