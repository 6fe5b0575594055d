#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "store/journal/journal.h"
#include "store/store_internal.h"

char fixture_code[48];

struct store *fixture_open(const char *path, bool serve)
{
    struct store_options options = {.path = path,
                                    .power_durable = false,
                                    .providers_shown = true,
                                    .serve = serve,
                                    .migrations = migration_assets,
                                    .migration_count = migration_asset_count};
    struct fault fault = {0};
    struct store *store = store_open(&options, &fault);
    if (store == NULL)
        print_error("store_open: %s: %s\n", fault.code, fault.message);
    assert_non_null(store);
    return store;
}

void fixture_init(struct fixture *fixture)
{
    struct fault fault;
    const char *base = getenv("TMPDIR");
    assert_true(secret_init(&fault));
    log_configure(LOG_ERROR, false);
    memset(fixture, 0, sizeof *fixture);
    /* In memory where that is to be had: no test here needs a real disk, and a busy one is slow. */
    if (base == NULL)
        base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(fixture->folder, sizeof fixture->folder, "%.40s/gw-XXXXXX", base);
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/gateway.db", fixture->folder);
    assert_true(job_queue_init(&fixture->reply_queue, 100000));
    fixture->store = fixture_open(fixture->path, true);
}

void fixture_close(struct fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
}

void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture->store = fixture_open(fixture->path, true);
}

void fixture_fini(struct fixture *fixture)
{
    char command[128];
    fixture_close(fixture);
    job_queue_fini(&fixture->reply_queue);
    snprintf(command, sizeof command, "rm -rf '%s'", fixture->folder);
    assert_int_equal(system(command), 0);
}

void fixture_wait(struct job_queue *reply_queue, size_t count)
{
    while (count) {
        job_queue_wait(reply_queue, -1);
        count -= job_queue_finish(reply_queue);
    }
}

static _Thread_local const struct job *finished; /* the call that has come back last */

static void call_finished(struct job *job)
{
    finished = job;
}

/* For this one: what is on its way back besides may come before it or with it. */
static void wait_for_call(struct job_queue *reply_queue, const struct store_call *call)
{
    while (finished != &call->job) {
        job_queue_wait(reply_queue, -1);
        job_queue_finish(reply_queue);
    }
    finished = NULL;
}

static void call_list(struct store *store, struct job_queue *reply_queue, struct store_call *call,
                      const char *operation, const char *letters, va_list list)
{
    struct store_value args[STORE_ARGS_MAX];
    size_t count = 0;
    struct fault fault;
    for (; letters[count]; count++) {
        if (letters[count] == 'i')
            args[count] = (struct store_value){.type = STORE_INT, .number = va_arg(list, int64_t)};
        else if (letters[count] == 't')
            args[count] = (struct store_value){.type = STORE_TEXT,
                                               .text = slice_of(va_arg(list, const char *))};
        else
            args[count] = (struct store_value){.type = STORE_NULL};
    }
    if (!store_call_init(call, operation, args, count, &fault)) {
        print_error("%s: %s\n", operation, fault.message);
        fail();
    }
    if (reply_queue == NULL) {
        store_call_now(store, call);
        return;
    }
    call->job.reply_queue = reply_queue;
    call->job.done = call_finished;
    assert_true(store_call_post(store, call));
    wait_for_call(reply_queue, call);
}

void fixture_call(struct store *store, struct job_queue *reply_queue, struct store_call *call,
                  const char *operation, const char *letters, ...)
{
    va_list list;
    va_start(list, letters);
    call_list(store, reply_queue, call, operation, letters, list);
    va_end(list);
}

const char *fixture_ask(struct store *store, struct job_queue *reply_queue, const char *operation,
                        const char *letters, ...)
{
    static char *text;
    struct store_call call;
    va_list list;
    va_start(list, letters);
    call_list(store, reply_queue, &call, operation, letters, list);
    va_end(list);
    free(text);
    text = NULL;
    if (call.ok) {
        text = strndup(call.result.data, call.result.bytes);
        fixture_code[0] = '\0';
    } else {
        snprintf(fixture_code, sizeof fixture_code, "%s", call.fault.code);
    }
    store_call_fini(&call);
    return text;
}

void fixture_assert_fails(const char *json, const char *code)
{
    if (json != NULL)
        fail_msg("expected %s, got %s", code, json);
    assert_string_equal(fixture_code, code);
}

void fixture_assert_has(const char *json, const char *text)
{
    if (json == NULL || strstr(json, text) == NULL)
        fail_msg("no %s in %s (%s)", text, json ? json : "a failure", fixture_code);
}

const char *fixture_member(const char *json, const char *name)
{
    static char value[4][256];
    static unsigned turn;
    char wanted[64];
    char *out = value[turn++ % 4];
    const char *at;
    size_t bytes;
    assert_non_null(json);
    snprintf(wanted, sizeof wanted, "\"%s\":", name);
    at = strstr(json, wanted);
    if (at == NULL)
        return "(missing)";
    at += strlen(wanted);
    if (*at == '"') {
        at++;
        bytes = strcspn(at, "\"");
    } else {
        bytes = strcspn(at, ",}]");
    }
    assert_true(bytes < sizeof value[0]);
    memcpy(out, at, bytes);
    out[bytes] = '\0';
    return out;
}

void fixture_customer(struct store *store, struct job_queue *reply_queue, const char *email,
                      int64_t credit_nusd, int64_t budget_nusd, struct customer *out)
{
    struct slice text;
    const char *json =
        fixture_ask(store, reply_queue, "user.create", "tntt", email, "(no password)", "user");
    uint64_t numbers[4] = {random_u64(), random_u64(), random_u64(), random_u64()};
    assert_non_null(json);
    text = slice_of(fixture_member(json, "id"));
    assert_true(id_parse(text, "user", &out->user_id));
    text = slice_of(fixture_member(json, "account_id"));
    assert_true(id_parse(text, "acct", &out->account_id));
    memcpy(out->digest.bytes, numbers, DIGEST_BYTES);
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        snprintf(out->digest_hex + 2 * i, 3, "%02x", out->digest.bytes[i]);
    if (budget_nusd >= 0)
        json = fixture_ask(store, reply_queue, "key.create", "tttttninn", out->user_id.text,
                           out->digest_hex, "llm_sk_ab", "wxyz", "first", budget_nusd);
    else
        json = fixture_ask(store, reply_queue, "key.create", "tttttnnnn", out->user_id.text,
                           out->digest_hex, "llm_sk_ab", "wxyz", "first");
    assert_non_null(json);
    text = slice_of(fixture_member(json, "id"));
    assert_true(id_parse(text, "key", &out->key_id));
    if (credit_nusd > 0)
        assert_non_null(fixture_ask(store, reply_queue, "credit.create", "titt", out->user_id.text,
                                    credit_nusd, "manual", "a test"));
}

void fixture_hold(struct ledger_hold *hold, struct job_queue *reply_queue,
                  const struct customer *customer, int64_t amount_nusd)
{
    *hold = (struct ledger_hold){.account_id = customer->account_id,
                                 .key_id = customer->key_id,
                                 .amount_nusd = amount_nusd,
                                 .created_ms = clock_wall_ms(),
                                 .expires_ms = clock_wall_ms() + 3600 * 1000};
    hold->job.reply_queue = reply_queue;
    id_make(&hold->exchange_id, "req");
}

bool fixture_take(struct store *store, struct ledger_hold *hold)
{
    struct hold_refusal refusal;
    assert_int_equal(ledger_hold(store, hold, &refusal), HOLD_ACCEPTED);
    fixture_wait(hold->job.reply_queue, 1);
    return hold->durable;
}

void fixture_settlement(struct ledger_settlement *settlement, const struct ledger_hold *hold,
                        int64_t charge_nusd, int64_t overrun_nusd, int64_t cost_nusd)
{
    struct usage_record *record = &settlement->record;
    *settlement = (struct ledger_settlement){.held_nusd = hold->amount_nusd};
    settlement->job.reply_queue = hold->job.reply_queue;
    record->exchange_id = hold->exchange_id;
    record->account_id = hold->account_id;
    record->key_id = hold->key_id;
    strcpy(record->model, "gpt-4o-mini");
    strcpy(record->provider, "openai");
    strcpy(record->provider_model, "gpt-4o-mini-2024-07-18");
    memset(record->policy_revision, 'a', 64);
    strcpy(record->finish_reason, "stop");
    record->status = 200;
    record->attempts = 1;
    record->source = USAGE_REPORTED;
    record->counts = (struct unit_counts){.input = 10, .cached_input = 2, .output = 5};
    record->reasoning_tokens = 1;
    record->charge_nusd = charge_nusd;
    record->overrun_nusd = overrun_nusd;
    record->cost_nusd = cost_nusd;
    record->created_ms = hold->created_ms;
    record->first_byte_us = 1500;
    record->total_us = 25000;
}

bool fixture_settle(struct store *store, struct ledger_settlement *settlement)
{
    ledger_settle(store, settlement);
    fixture_wait(settlement->job.reply_queue, 1);
    return settlement->durable;
}

void fixture_claim(struct claim *claim, const struct id *account_id, const char *key,
                   const char *digest)
{
    *claim = (struct claim){.account_id = *account_id};
    strcpy(claim->key, key);
    memset(claim->digest, '0', SHA256_HEX_BYTES - 1);
    memcpy(claim->digest, digest, strlen(digest));
}

void fixture_keep(struct keeping *keeping, struct ledger_settlement *settlement, const char *key,
                  struct slice body)
{
    const struct usage_record *record = &settlement->record;
    fixture_claim(&keeping->claim, &record->account_id, key, "");
    keeping->answer = (struct kept_answer){.claim = &keeping->claim,
                                           .exchange_id = record->exchange_id.text,
                                           .status = record->status,
                                           .content_type = "application/json",
                                           .cost_nusd = record->charge_nusd,
                                           .body = body};
    settlement->kept = &keeping->answer;
}

void fixture_checkpoint(struct store *store)
{
    while (!checkpoint_request(&store->checkpoint)) /* the ledger thread's own is under way */
        usleep(200);
    while (checkpoint_busy(&store->checkpoint))
        usleep(200);
}

sqlite3 *fixture_raw(const char *path)
{
    struct fault fault;
    sqlite3 *handle;
    if (!store_await_tables(path, &fault))
        fail_msg("%s", fault.message);
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    sqlite3_busy_timeout(handle, 5000);
    return handle;
}

int64_t fixture_raw_number(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *statement;
    int64_t number;
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

int64_t fixture_number(const char *path, const char *sql)
{
    sqlite3 *handle = fixture_raw(path);
    int64_t number = fixture_raw_number(handle, sql);
    sqlite3_close(handle);
    return number;
}

static int64_t count_kind(const struct buffer *records, uint64_t salt, uint64_t generation,
                          enum journal_kind kind)
{
    struct journal_place place = {salt, generation, 0};
    struct journal_record record;
    size_t size;
    int64_t count = 0;
    while (place.offset < records->bytes) {
        struct slice rest = {records->data + place.offset, records->bytes - place.offset};
        assert_int_equal(journal_record_read(rest, &place, &record, &size), JOURNAL_FOUND);
        count += record.kind == kind;
        place.offset += size;
    }
    return count;
}

int64_t fixture_durable(const char *path, enum journal_kind kind, const char *sql)
{
    struct db db;
    struct journal journal;
    struct fault fault;
    int64_t count;
    journal_init(&journal);
    if (!db_open(&db, path, DB_READ, &fault) || !db_run(&db, "BEGIN", NULL, 0))
        fail_msg("%s", fault.message);
    count = db_number(&db, sql, NULL, 0, -1);
    if (!journal_open(&journal, &db, false, &fault))
        fail_msg("%s", fault.message);
    if (journal.is_sealed)
        count += count_kind(&journal.sealed, journal.salt, journal.generation - 1, kind);
    count += count_kind(&journal.active, journal.salt, journal.generation, kind);
    journal_fini(&journal);
    db_rollback(&db);
    db_close(&db);
    return count;
}

void fixture_sql(const char *path, const char *sql)
{
    sqlite3 *handle = fixture_raw(path);
    char *message = NULL;
    if (sqlite3_exec(handle, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(handle);
}

void fixture_verify(const char *path, const char *expected)
{
    struct buffer report;
    struct fault fault = {0};
    bool ok;
    char *text;
    buffer_init(&report, 1 << 20);
    ok = store_verify(path, &report, &fault);
    text = strndup(report.data != NULL ? report.data : "", report.bytes);
    if (expected != NULL ? (ok || strstr(text, expected) == NULL) : !ok)
        fail_msg("expected \"%s\", the report is: %s%s", expected ? expected : "", text,
                 ok ? "(sound)" : fault.message);
    free(text);
    buffer_fini(&report);
}
