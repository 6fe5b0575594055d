/* The records of a time, one after the other: all of them, each once, with all that a charge needs;
 * also those that were written late, and beside a server that goes on writing. */
#include "store/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/usage_scan.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define LATE_MS (8 * DAY_MS) /* as late as a record may be written */

static struct fixture f;
static struct customer ann;

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 1000 * USD, -1, &ann);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static void settle(struct ledger_settlement *settlement, int64_t created_ms, int64_t charge_nusd)
{
    struct ledger_hold hold;
    fixture_hold(&hold, &f.reply_queue, &ann, 1000000);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(settlement, &hold, charge_nusd, 7, charge_nusd / 2);
    settlement->record.created_ms = created_ms;
}

/* A record whose charge names it. */
static void use(int64_t created_ms, int64_t charge_nusd)
{
    struct ledger_settlement settlement;
    settle(&settlement, created_ms, charge_nusd);
    assert_true(fixture_settle(f.store, &settlement));
}

static struct usage_scan *open_scan(int64_t from_ms, int64_t to_ms)
{
    struct fault fault;
    const struct usage_scan_options options = {.path = f.path, .from_ms = from_ms, .to_ms = to_ms};
    struct usage_scan *scan = usage_scan_open(&options, &fault);
    if (scan == NULL)
        fail_msg("%s", fault.message);
    return scan;
}

/* The charges of the records in their order: "1 2 ". */
static const char *charges(int64_t from_ms, int64_t to_ms)
{
    static char text[512];
    struct usage_scan *scan = open_scan(from_ms, to_ms);
    struct usage_record record;
    struct fault fault;
    size_t bytes = 0;
    text[0] = '\0';
    while (usage_scan_next(scan, &record))
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "%lld ",
                                  (long long)record.charge_nusd);
    assert_true(usage_scan_sound(scan, &fault));
    assert_false(usage_scan_next(scan, &record));
    usage_scan_close(scan);
    return text;
}

static void a_record_has_what_a_charge_needs(void **state)
{
    struct ledger_settlement settlement;
    struct usage_record read;
    (void)state;
    settle(&settlement, DAY_MS + 5, 800);
    struct usage_record *record = &settlement.record;
    record->counts.cache_write = 11;
    record->counts.reasoning = 5;
    record->counts.web_search = 3;
    record->reasoning_tokens = 5;
    record->streamed = true;
    record->source = USAGE_PARTIAL;
    strcpy(record->facts.words[USAGE_SERVICE_TIER], "flex");
    strcpy(record->facts.words[USAGE_RESOLUTION], "720p");
    strcpy(record->policy_revision, "abc");
    strcpy(record->error_code, "timeout");
    strcpy(record->finish_reason, "stop");
    record->attempts = 3;
    record->first_byte_us = 1234;
    record->total_us = 5678;
    assert_true(fixture_settle(f.store, &settlement));
    struct usage_scan *scan = open_scan(INT64_MIN, INT64_MAX);
    assert_true(usage_scan_next(scan, &read));
    assert_string_equal(read.exchange_id.text, record->exchange_id.text);
    assert_string_equal(read.account_id.text, ann.account_id.text);
    assert_string_equal(read.key_id.text, ann.key_id.text);
    assert_string_equal(read.model, record->model);
    assert_string_equal(read.provider, record->provider);
    assert_string_equal(read.provider_model, record->provider_model);
    assert_int_equal(read.source, USAGE_PARTIAL);
    assert_true(read.streamed);
    assert_memory_equal(&read.counts, &record->counts, sizeof read.counts);
    assert_memory_equal(&read.facts, &record->facts, sizeof read.facts);
    assert_int_equal(read.reasoning_tokens, 5);
    assert_int_equal(read.charge_nusd, 800);
    assert_int_equal(read.overrun_nusd, 7);
    assert_int_equal(read.cost_nusd, 400);
    assert_int_equal(read.created_ms, DAY_MS + 5);
    assert_string_equal(read.policy_revision, "abc");
    assert_string_equal(read.error_code, "timeout");
    assert_string_equal(read.finish_reason, "stop");
    assert_int_equal(read.attempts, 3);
    assert_int_equal(read.first_byte_us, 1234);
    assert_int_equal(read.total_us, 5678);
    assert_false(usage_scan_next(scan, &read));
    usage_scan_close(scan);
}

static void a_time_has_its_records(void **state)
{
    (void)state;
    assert_string_equal(charges(INT64_MIN, INT64_MAX), "");
    for (int i = 1; i <= 9; i++)
        use(i * 10 * DAY_MS, i);
    assert_string_equal(charges(INT64_MIN, INT64_MAX), "1 2 3 4 5 6 7 8 9 ");
    assert_string_equal(charges(30 * DAY_MS, 50 * DAY_MS), "3 4 ");
    assert_string_equal(charges(30 * DAY_MS + 1, 50 * DAY_MS + 1), "4 5 ");
    assert_string_equal(charges(90 * DAY_MS, INT64_MAX), "9 ");
    assert_string_equal(charges(91 * DAY_MS, INT64_MAX), "");
    assert_string_equal(charges(INT64_MIN, 10 * DAY_MS), "");
    assert_string_equal(charges(50 * DAY_MS, 30 * DAY_MS), "");
}

/* A call that took eight days stands behind those that came after it. */
static void late_records_are_found(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        use(100 * DAY_MS + i * DAY_MS, i + 1);
    use(119 * DAY_MS - LATE_MS, 70);
    use(120 * DAY_MS, 71);
    assert_string_equal(charges(111 * DAY_MS, 112 * DAY_MS), "12 70 ");
    assert_string_equal(charges(120 * DAY_MS, INT64_MAX), "71 ");
}

/* The first record is found by halves, not by reading all. */
static void an_old_time_is_not_read(void **state)
{
    struct usage_scan_place place;
    (void)state;
    for (int i = 1; i <= 40; i++)
        use(i * 10 * DAY_MS, i);
    struct usage_scan *scan = open_scan(390 * DAY_MS, INT64_MAX);
    usage_scan_place(scan, &place);
    assert_true(place.first_seq >= 37);
    assert_int_equal(place.last_seq, 40);
    usage_scan_close(scan);
}

/* A scan ends where the records ended when it began. */
static void what_is_written_meanwhile_is_not_read(void **state)
{
    struct usage_record record;
    struct usage_scan_place place;
    (void)state;
    use(DAY_MS, 1);
    use(DAY_MS, 2);
    struct usage_scan *scan = open_scan(INT64_MIN, INT64_MAX);
    assert_true(usage_scan_next(scan, &record));
    use(DAY_MS, 3);
    assert_true(usage_scan_next(scan, &record));
    assert_int_equal(record.charge_nusd, 2);
    assert_false(usage_scan_next(scan, &record));
    usage_scan_place(scan, &place);
    assert_int_equal(place.seq, place.last_seq);
    usage_scan_close(scan);
}

/* Several pages, by a statement of the test. */
static void pages_lose_nothing(void **state)
{
    struct usage_record record;
    int64_t count = 0;
    (void)state;
    use(DAY_MS, 1);
    fixture_close(&f);
    fixture_sql(f.path, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n"
                        " WHERE i < 5000) INSERT INTO usage (" FIXTURE_USAGE_COLUMNS ")"
                        " SELECT i, exchange_id, account_id, user_id, key_id, model, provider,"
                        " provider_model, policy_revision, error_code, finish_reason, status,"
                        " attempts, streamed, source, input_tokens, cached_input_tokens,"
                        " output_tokens, reasoning_tokens, input_price_pusd,"
                        " cached_input_price_pusd, output_price_pusd, margin_ppm, cost_nusd,"
                        " i, overrun_nusd, created_ms, first_byte_us, total_us, NULL"
                        " FROM usage, n WHERE seq = 1");
    struct usage_scan *scan = open_scan(INT64_MIN, INT64_MAX);
    while (usage_scan_next(scan, &record))
        assert_int_equal(record.charge_nusd, ++count);
    assert_int_equal(count, 5000);
    usage_scan_close(scan);
}

static void a_customer_is_found(void **state)
{
    struct usage_customer customer;
    (void)state;
    assert_non_null(
        fixture_ask(f.store, &f.reply_queue, "customer.update", "ttnnn", ann.user_id.text, "vip"));
    struct usage_scan *scan = open_scan(INT64_MIN, INT64_MAX);
    usage_scan_customer(scan, ann.user_id.text, &customer);
    assert_string_equal(customer.email, "ann@example.com");
    assert_string_equal(customer.group, "vip");
    usage_scan_customer(scan, "user_nobody", &customer);
    assert_string_equal(customer.email, "");
    assert_string_equal(customer.group, "");
    usage_scan_close(scan);
}

static void assert_stops(const struct usage_scan_options *options, const char *code)
{
    struct usage_record record;
    struct fault fault;
    struct usage_scan *scan = usage_scan_open(options, &fault);
    bool stopped = scan == NULL;
    while (scan != NULL && usage_scan_next(scan, &record))
        ;
    if (scan != NULL)
        stopped = !usage_scan_sound(scan, &fault);
    usage_scan_close(scan);
    assert_true(stopped);
    assert_string_equal(fault.code, code);
}

static void it_ends_when_its_time_is_over(void **state)
{
    atomic_bool cancelled = true;
    (void)state;
    use(DAY_MS, 1);
    assert_stops(&(struct usage_scan_options){.path = f.path,
                                              .from_ms = INT64_MIN,
                                              .to_ms = INT64_MAX,
                                              .deadline_us = clock_mono_us() - 1},
                 "timeout");
    assert_stops(
        &(struct usage_scan_options){
            .path = f.path, .from_ms = INT64_MIN, .to_ms = INT64_MAX, .cancelled = &cancelled},
        "timeout");
    assert_stops(&(struct usage_scan_options){.path = "/nonexistent/x.db"}, "database_unusable");
}

#define WITH_STORE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_record_has_what_a_charge_needs),
        WITH_STORE(a_time_has_its_records),
        WITH_STORE(late_records_are_found),
        WITH_STORE(an_old_time_is_not_read),
        WITH_STORE(what_is_written_meanwhile_is_not_read),
        WITH_STORE(pages_lose_nothing),
        WITH_STORE(a_customer_is_found),
        WITH_STORE(it_ends_when_its_time_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
