/* The inside of struct store, for the files of this floor only. */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "store/checkpoint.h"
#include "store/claims.h"
#include "store/db.h"
#include "store/directory_table.h"
#include "store/ledger_thread.h"
#include "store/notes.h"
#include "store/reports.h"
#include "store/store.h"
#include "store/tail.h"
#include "store/tail_thread.h"
#include "store/wallet.h"

/* Two threads that read, so that a long list does not keep sessions waiting. */
enum { REPORTS_QUICK, REPORTS_LONG, REPORTS_THREADS };

struct store {
    char *path;
    bool serve;
    bool providers_shown;
    int lock_fd;  /* -1 without `serve` */
    struct db db; /* the writing handle: the ledger thread's while it runs, else the caller's */
    struct wallets wallets;     /* loaded with `serve` only */
    struct directory directory; /* the same */
    struct claims claims;
    struct notes notes;
    struct tail tail;
    struct tail_thread tail_thread; /* with `durability = power` */
    struct ledger ledger;
    struct checkpoint checkpoint;
    struct reports reports[REPORTS_THREADS];
};

/* For the command line: whether no server runs, and none will before this store is closed. */
bool store_lock_alone(struct store *store);

#endif
