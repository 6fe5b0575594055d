/* The table `alerts`: what the registry (store/alerts.h) says, written by the ledger thread
 * together with the messages that tell of it. */
#ifndef STORE_BOOKS_ALERTS_TABLE_H
#define STORE_BOOKS_ALERTS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct alert_news;
struct alerts;
struct db;
struct notice_switches;
struct outbox;

/* What alerts_table_write keeps for its next time; zeroed at first. */
struct alerts_pace {
    int64_t due_us;
    bool failed; /* the last time, which is in the log */
};

/* At the start: the registry inherits the alerts that are open. */
bool alerts_table_load(struct alerts *alerts, struct db *db);
/* Writes what is due of both, in a transaction of its own, at most some times a second. If it
 * fails, all waits for the next time, and the log says why. `alerts` may be NULL. */
void alerts_table_write(struct alerts *alerts, struct outbox *outbox,
                        const struct notice_switches *notices, struct db *db,
                        struct alerts_pace *pace);
/* Adds the messages of these news for each receiver, in the open transaction. */
bool alerts_table_tell(struct alerts *alerts, struct db *db, const struct alert_news *news,
                       int64_t now_ms);

#endif
