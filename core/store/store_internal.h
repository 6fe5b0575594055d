/* The inside of struct store, for the files of this floor only. */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include <stdatomic.h>

#include "store/books/ledger_thread.h"
#include "store/books/notes_table.h"
#include "store/books/notices.h"
#include "store/books/outbox_table.h"
#include "store/engine/checkpoint.h"
#include "store/engine/db.h"
#include "store/journal/journal.h"
#include "store/journal/journal_thread.h"
#include "store/memory/claims_table.h"
#include "store/memory/directory_table.h"
#include "store/memory/quota_book.h"
#include "store/memory/quota_settings.h"
#include "store/memory/top_up_book.h"
#include "store/memory/wallet.h"
#include "store/questions/reports.h"
#include "store/store.h"

/* Two reports threads, so that a long list does not make sessions wait. */
enum { REPORTS_QUICK, REPORTS_LONG, REPORTS_THREADS };

struct store {
    char *path;
    bool serve;
    struct top_up_book top_ups;
    bool providers_shown;
    struct alerts *alerts;                /* NULL: none */
    int lock_fd;                          /* -1 without `serve` */
    struct db db;                         /* the ledger thread's while it runs, else the caller's */
    struct wallets wallets;               /* loaded with `serve` only */
    struct directory directory;           /* loaded with `serve` only */
    struct quota_settings quota_settings; /* likewise */
    struct quota_book quotas;
    struct claims claims;
    struct notes notes;
    struct outbox outbox;
    struct notice_switches notices;
    struct journal journal;
    struct journal_thread journal_thread; /* with `durability = power` */
    struct ledger_thread ledger;
    struct checkpoint checkpoint;
    struct reports reports[REPORTS_THREADS];
};

#endif
