/* The table `outbox` and the results that wait to be written into it (outbox.h is the face). The
 * courier's thread adds results and reads the table with a handle of its own; the ledger thread
 * writes. */
#ifndef STORE_BOOKS_OUTBOX_TABLE_H
#define STORE_BOOKS_OUTBOX_TABLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/engine/db.h"
#include "store/outbox.h"

enum { OUTBOX_RESULTS = 64 };

struct outbox {
    pthread_mutex_t mutex; /* guards the next two */
    struct outbox_result results[OUTBOX_RESULTS];
    size_t count;
    atomic_uint_fast64_t version;
    struct db reader; /* the courier's; opened when it first asks */
    bool reading;
};

void outbox_table_init(struct outbox *outbox);
void outbox_table_fini(struct outbox *outbox);

/* ---- on the ledger thread, in the open transaction of the cause ---- */

struct outbox_new {
    enum outbox_kind kind;
    enum outbox_lane lane;
    const char *destination;
    /* JSON: of a webhook the body as it is posted, of a mail {subject, text, html} or what
     * customer_messages.h writes */
    const char *payload;
    int64_t now_ms;
    int64_t useless_ms; /* 0: never */
};
/* Adds a message that is due now. Call outbox_table_added once it is committed. */
bool outbox_table_put(struct db *db, const struct outbox_new *message);
/* The same of one to the operator. */
bool outbox_table_add(struct db *db, enum outbox_kind kind, const char *destination,
                      const char *payload, int64_t now_ms);
void outbox_table_added(struct outbox *outbox);

/* Copies the results that wait; returns how many. */
size_t outbox_table_results(struct outbox *outbox, struct outbox_result out[OUTBOX_RESULTS]);
bool outbox_table_write(struct db *db, const struct outbox_result *results, size_t count);
/* The first `count` results are committed. */
void outbox_table_written(struct outbox *outbox, size_t count);
/* Deletes what was delivered or given up long ago. */
bool outbox_table_forget(struct db *db, int64_t now_ms);

/* ---- on the courier's thread: as in outbox.h ---- */

size_t outbox_table_due(struct outbox *outbox, const char *path, enum outbox_lane lane,
                        int64_t now_ms, struct outbox_message *out, size_t most, int64_t *next_ms);
bool outbox_table_has_room(struct outbox *outbox);
void outbox_table_note(struct outbox *outbox, const struct outbox_result *result);

#endif
