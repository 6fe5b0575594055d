/* The ledger thread's job that loads the counters of quotas. */
#include "store/books/ledger_jobs.h"
#include "store/books/ledger_thread.h"
#include "store/books/quota_table.h"

/* The tables have all that was answered before the job came, so a counter that made room for others
 * (quota_book.c) comes back whole. The sums of this batch are not written yet; its end adds its
 * settlements. */
void ledger_thread_quotas(struct job *job, void *server)
{
    const struct ledger_thread *ledger = server;
    quota_table_load_job((struct quota_load *)job, ledger->parts.db, ledger->now_ms);
}
