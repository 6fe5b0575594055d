/* Answers that are kept for retries: written with what they are the answer to or not at all, found
 * by their account and key, forgotten when their time is over; and the claims on their keys. */
#include "store/fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

static struct fixture f;
static struct customer ann;
static struct customer bob;

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", 10 * USD, -1, &bob);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

/* A call of Ann's that is answered with `body` under `key`. Returns whether it was settled. */
static bool answer(const char *key, struct slice body, bool voided, int64_t held_nusd)
{
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    struct keeping keeping;
    fixture_hold(&hold, &f.reply_queue, &ann, 1000);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, voided ? 0 : 400, 0, 5);
    settlement.voided = voided;
    settlement.held_nusd = held_nusd;
    settlement.record.status = voided ? 400 : 200;
    fixture_keep(&keeping, &settlement, key, body);
    if (voided)
        keeping.answer.cost_nusd = -1;
    return fixture_settle(f.store, &settlement);
}

static void look(struct answer_lookup *lookup, const struct customer *customer, const char *key,
                 const char *digest)
{
    static struct claim claim;
    fixture_claim(&claim, &customer->account_id, key, digest);
    *lookup = (struct answer_lookup){.claim = &claim, .job = {.reply_queue = &f.reply_queue}};
    assert_true(answers_look(f.store, lookup));
    fixture_wait(&f.reply_queue, 1);
}

static void assert_outcome(const struct customer *customer, const char *key, const char *digest,
                           enum lookup_outcome outcome)
{
    struct answer_lookup lookup;
    look(&lookup, customer, key, digest);
    assert_int_equal(lookup.outcome, outcome);
    answers_look_fini(&lookup);
}

static int64_t rows(void)
{
    return fixture_number(f.path, "SELECT count(*) FROM kept_answers");
}

static void found_as_it_was(void **state)
{
    static const char bytes[] = "data: \0\xff\r\n\n";
    struct answer_lookup lookup;
    (void)state;
    assert_true(answer("k", (struct slice){bytes, sizeof bytes}, false, 1000));
    for (int i = 0; i < 2; i++) {
        look(&lookup, &ann, "k", "");
        assert_int_equal(lookup.outcome, LOOKUP_FOUND);
        assert_int_equal(lookup.status, 200);
        assert_int_equal(lookup.cost_nusd, 400);
        assert_string_equal(lookup.content_type, "application/json");
        assert_int_equal(lookup.body.bytes, sizeof bytes);
        assert_memory_equal(lookup.body.data, bytes, sizeof bytes);
        assert_true(id_parse(slice_of(lookup.exchange_id.text), "req", NULL));
        answers_look_fini(&lookup);
        fixture_reopen(&f);
    }
    assert_outcome(&ann, "k", "1", LOOKUP_OTHER);
    assert_outcome(&ann, "K", "", LOOKUP_NOTHING);
    assert_outcome(&ann, "k ", "", LOOKUP_NOTHING);
    assert_outcome(&bob, "k", "", LOOKUP_NOTHING);
}

static void of_a_void(void **state)
{
    struct answer_lookup lookup;
    (void)state;
    assert_true(answer("k", slice_of(""), true, 1000));
    look(&lookup, &ann, "k", "");
    assert_int_equal(lookup.outcome, LOOKUP_FOUND);
    assert_int_equal(lookup.status, 400);
    assert_int_equal(lookup.cost_nusd, -1);
    assert_int_equal(lookup.body.bytes, 0);
    answers_look_fini(&lookup);
    fixture_verify(f.path, NULL);
}

static void as_large_as_may_be(void **state)
{
    size_t bytes = LIMIT_KEPT_ANSWER_BYTES;
    char *body = malloc(bytes);
    struct answer_lookup lookup;
    (void)state;
    assert_non_null(body);
    memset(body, 'x', bytes);
    assert_true(answer("large", (struct slice){body, bytes}, false, 1000));
    look(&lookup, &ann, "large", "");
    assert_int_equal(lookup.outcome, LOOKUP_FOUND);
    assert_int_equal(lookup.body.bytes, bytes);
    assert_memory_equal(lookup.body.data, body, bytes);
    answers_look_fini(&lookup);
    free(body);
    assert_true(answer("larger", (struct slice){0}, false, 1000));
    assert_outcome(&ann, "larger", "", LOOKUP_TOO_LARGE);
    assert_outcome(&ann, "larger", "1", LOOKUP_OTHER);
}

/* A settlement that is refused leaves no answer. */
static void not_without_its_settlement(void **state)
{
    (void)state;
    assert_false(answer("k", slice_of("x"), false, 1001)); /* not what was held */
    assert_int_equal(rows(), 0);
    assert_outcome(&ann, "k", "", LOOKUP_NOTHING);
    assert_true(answer("k", slice_of("x"), false, 1000));
    assert_outcome(&ann, "k", "", LOOKUP_FOUND);
}

static void for_a_day(void **state)
{
    (void)state;
    assert_true(answer("k", slice_of("first"), false, 1000));
    fixture_sql(f.path, "UPDATE kept_answers SET expires_ms = expires_ms - 24*3600*1000 + 60000");
    assert_outcome(&ann, "k", "", LOOKUP_FOUND);
    fixture_sql(f.path, "UPDATE kept_answers SET expires_ms = expires_ms - 60000");
    assert_outcome(&ann, "k", "", LOOKUP_NOTHING);
    /* Whether or not it has been taken away by now: */
    assert_true(answer("k", slice_of("second"), false, 1000));
    assert_outcome(&ann, "k", "", LOOKUP_FOUND);
    assert_int_equal(rows(), 1);
}

/* More than go at once, in rows and in bytes; what is not old stays. */
static void the_old_are_forgotten(void **state)
{
    int64_t left = -1;
    (void)state;
    assert_true(answer("new", slice_of("x"), false, 1000));
    fixture_sql(f.path,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
                " INSERT INTO kept_answers SELECT account_id, 'old ' || i, digest, exchange_id,"
                " NULL, status, content_type, cost_nusd, created_ms, i,"
                " zeroblob(CASE WHEN i % 50 = 0 THEN 3000000 ELSE 10 END)"
                " FROM n, kept_answers WHERE key = 'new'");
    for (int i = 0; i < 1000 && left != 1; i++) {
        job_queue_wait(&f.reply_queue, 20); /* nothing comes: a sleep */
        left = rows();
    }
    assert_int_equal(left, 1);
    assert_outcome(&ann, "new", "", LOOKUP_FOUND);
    fixture_verify(f.path, NULL);
}

/* ---- top-ups ---- */

static const char *top_up(const char *key, int64_t amount_nusd)
{
    char digest[SHA256_HEX_BYTES] = {0};
    struct id exchange_id;
    memset(digest, '0', SHA256_HEX_BYTES - 1);
    id_make(&exchange_id, "req");
    return fixture_ask(f.store, &f.reply_queue, "credit.create_once", "tittttti", ann.user_id.text,
                       amount_nusd, "test", "a test", key, digest, exchange_id.text, (int64_t)201);
}

static void a_top_up(void **state)
{
    struct answer_lookup lookup;
    const char *json;
    (void)state;
    json = top_up("k", USD);
    assert_non_null(json);
    look(&lookup, &ann, "k", "");
    assert_int_equal(lookup.outcome, LOOKUP_FOUND);
    assert_int_equal(lookup.status, 201);
    assert_int_equal(lookup.cost_nusd, -1);
    assert_int_equal(lookup.body.bytes, strlen(json));
    assert_memory_equal(lookup.body.data, json, lookup.body.bytes);
    answers_look_fini(&lookup);
    assert_string_equal(fixture_member(json, "balance"), "11.000000000");
    fixture_verify(f.path, NULL);
}

static void a_refused_top_up(void **state)
{
    char key[LIMIT_IDEMPOTENCY_KEY_BYTES + 2];
    (void)state;
    assert_null(top_up("k", -1));
    assert_string_equal(fixture_code, "invalid_amount");
    memset(key, 'x', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    assert_null(top_up(key, USD));
    assert_string_equal(fixture_code, "invalid_value");
    assert_int_equal(rows(), 0);
    assert_non_null(top_up(key + 1, USD));
    assert_outcome(&ann, key + 1, "", LOOKUP_FOUND);
}

/* ---- claims ---- */

static void claimed_once(void **state)
{
    struct claim first, same, other, of_bob;
    (void)state;
    fixture_claim(&first, &ann.account_id, "k", "1");
    fixture_claim(&same, &ann.account_id, "k", "1");
    fixture_claim(&other, &ann.account_id, "k", "2");
    fixture_claim(&of_bob, &bob.account_id, "k", "1");
    assert_int_equal(claims_take(f.store, &first), CLAIM_TAKEN);
    assert_int_equal(claims_take(f.store, &same), CLAIM_RUNNING);
    assert_int_equal(claims_take(f.store, &other), CLAIM_OTHER);
    assert_int_equal(claims_take(f.store, &of_bob), CLAIM_TAKEN);
    claims_give_back(f.store, &first);
    assert_int_equal(claims_take(f.store, &other), CLAIM_TAKEN);
    assert_int_equal(claims_take(f.store, &first), CLAIM_OTHER);
    claims_give_back(f.store, &other);
    claims_give_back(f.store, &of_bob);
}

enum { THREADS = 8, ROUNDS = 2000, KEYS = 5 };

static int holders[KEYS]; /* each written by whoever has its claim, and nobody else */

static void *claim_in_turns(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    struct claim claim;
    char key[2] = "?";
    for (int i = 0; i < ROUNDS; i++) {
        unsigned at = (unsigned)rand_r(&seed) % KEYS;
        key[0] = (char)('a' + at);
        fixture_claim(&claim, &ann.account_id, key, "");
        if (claims_take(f.store, &claim) != CLAIM_TAKEN)
            continue;
        if (++holders[at] != 1)
            abort(); /* not cmocka's: it is another thread */
        holders[at]--;
        claims_give_back(f.store, &claim);
    }
    return NULL;
}

static void claimed_by_one_at_a_time(void **state)
{
    pthread_t threads[THREADS];
    unsigned seeds[THREADS];
    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, claim_in_turns, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(found_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_void, setup, teardown),
        cmocka_unit_test_setup_teardown(as_large_as_may_be, setup, teardown),
        cmocka_unit_test_setup_teardown(not_without_its_settlement, setup, teardown),
        cmocka_unit_test_setup_teardown(for_a_day, setup, teardown),
        cmocka_unit_test_setup_teardown(the_old_are_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(a_top_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_top_up, setup, teardown),
        cmocka_unit_test_setup_teardown(claimed_once, setup, teardown),
        cmocka_unit_test_setup_teardown(claimed_by_one_at_a_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
