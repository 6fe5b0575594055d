/* What the tests of the store share: a database in a folder of its own, calls that wait for their
 * result, a user with a key and money. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/fault.h"
#include "base/job.h"
#include "store/answers.h"
#include "store/call.h"
#include "store/directory.h"
#include "store/journal/journal_record.h"
#include "store/ledger.h"
#include "store/store.h"

#define USD INT64_C(1000000000)

struct fixture {
    char folder[64];
    char path[96];
    struct store *store;
    struct job_queue reply_queue; /* of this thread */
};

/* A customer with one key. */
struct customer {
    struct id user_id;
    struct id account_id;
    struct id key_id;
    struct digest digest;
    char digest_hex[65];
};

/* A folder and a serving store in it. */
void fixture_init(struct fixture *fixture);
void fixture_fini(struct fixture *fixture); /* closes the store and removes the folder */
struct store *fixture_open(const char *path, bool serve);
void fixture_close(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture); /* closes when open, and serves again */

/* Runs an operation to its end. Letters: t const char *, i int64_t, n null (takes no argument).
 * The caller frees with store_call_fini. With a serving store it goes through its threads and
 * comes back to `reply_queue`. */
void fixture_call(struct store *store, struct job_queue *reply_queue, struct store_call *call,
                  const char *operation, const char *letters, ...);
/* The same, and its result as a NUL-terminated text (freed at the next call) or, when it failed,
 * NULL with the code in fixture_code. */
const char *fixture_ask(struct store *store, struct job_queue *reply_queue, const char *operation,
                        const char *letters, ...);
extern char fixture_code[48];
/* The call that gave `json` has failed with this code, or its result has this text. */
void fixture_assert_fails(const char *json, const char *code);
void fixture_assert_has(const char *json, const char *text);

/* The text of member `name` in a JSON text, found by its first occurrence; static storage. */
const char *fixture_member(const char *json, const char *name);

void fixture_customer(struct store *store, struct job_queue *reply_queue, const char *email,
                      int64_t credit_nusd, int64_t budget_nusd, struct customer *out);

/* Prepares a hold of the customer with a new exchange id. */
void fixture_hold(struct ledger_hold *hold, struct job_queue *reply_queue,
                  const struct customer *customer, int64_t amount_nusd);
/* Takes and waits: true when durable. */
bool fixture_take(struct store *store, struct ledger_hold *hold);
void fixture_settlement(struct ledger_settlement *settlement, const struct ledger_hold *hold,
                        int64_t charge_nusd, int64_t overrun_nusd, int64_t cost_nusd);
bool fixture_settle(struct store *store, struct ledger_settlement *settlement);
/* The settlement keeps `body` as the answer to that key. */
struct keeping {
    struct claim claim;
    struct kept_answer answer;
};
void fixture_claim(struct claim *claim, const struct id *account_id, const char *key,
                   const char *digest);
void fixture_keep(struct keeping *keeping, struct ledger_settlement *settlement, const char *key,
                  struct slice body);
/* The columns of `usage` that every migration has had, for tests that fill it by hand. */
#define FIXTURE_USAGE_COLUMNS                                                                      \
    "seq, exchange_id, account_id, user_id, key_id, model, provider, provider_model,"              \
    " policy_revision, error_code, finish_reason, status, attempts, streamed, source,"             \
    " input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, input_price_pusd,"       \
    " cached_input_price_pusd, output_price_pusd, margin_ppm, cost_nusd, charge_nusd,"             \
    " overrun_nusd, created_ms, first_byte_us, total_us, transfer_seq"

/* Waits until `count` jobs have come back, and finishes them. */
void fixture_wait(struct job_queue *reply_queue, size_t count);

/* Moves the log into the database, as far as that can be done. */
void fixture_checkpoint(struct store *store);
/* One number from the database, on a handle of its own. */
int64_t fixture_number(const char *path, const char *sql);
/* The same for several: a handle that only the test uses, to be closed; the tables have what was
 * answered before. */
sqlite3 *fixture_raw(const char *path);
int64_t fixture_raw_number(sqlite3 *handle, const char *sql);
/* How many records of a kind the journal has that are not in the tables; `sql` counts those that
 * are. Both at one moment, together: what is durable. */
int64_t fixture_durable(const char *path, enum journal_kind kind, const char *sql);
/* Runs SQL on a handle of its own: for damage. */
void fixture_sql(const char *path, const char *sql);
/* True when nothing differs; the report is printed when `expected` is NULL and it does. With
 * `expected`: that it differs, and that the report has this text. */
void fixture_verify(const char *path, const char *expected);

#endif
