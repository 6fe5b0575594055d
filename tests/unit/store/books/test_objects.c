/* What providers keep for accounts: written with the settlement or not at all, found by its account
 * only, counted as input, and forgotten when its time is over. */
#include "store/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "store/objects.h"

enum { NAMES_MAX = 8 };

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

static struct made_object made(const char *id, enum kept_kind kind, int64_t tokens)
{
    return (struct made_object){slice_of(id), kind, tokens};
}

/* A call of Ann's whose answer the provider keeps. Returns whether it was settled. */
static bool answer(const char *provider, const struct made_object *list, size_t count,
                   int64_t held_nusd)
{
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    const struct made_objects objects = {provider, list[0].id, list, count};
    fixture_hold(&hold, &f.reply_queue, &ann, 1000);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 400, 0, 5);
    settlement.held_nusd = held_nusd;
    settlement.objects = &objects;
    return fixture_settle(f.store, &settlement);
}

static const struct named_object none = {.kind = KEPT_ITEM};

/* The names end with one without an id. */
static struct object_lookup look(const struct customer *customer, const struct named_object *names,
                                 bool found[NAMES_MAX])
{
    struct object_lookup lookup = {.job = {.reply_queue = &f.reply_queue},
                                   .account_id = customer->account_id,
                                   .names = names,
                                   .found = found};
    while (names[lookup.count].id.bytes > 0)
        lookup.count++;
    assert_true(objects_look(f.store, &lookup));
    fixture_wait(&f.reply_queue, 1);
    assert_false(lookup.failed);
    return lookup;
}

static bool has(const struct customer *customer, const char *id, enum kept_kind kind)
{
    bool found[NAMES_MAX];
    (void)look(customer, (struct named_object[]){{slice_of(id), kind, true}, none}, found);
    return found[0];
}

static const struct made_object first[] = {{{"resp_1", 6}, KEPT_RESPONSE, 5000},
                                           {{"conv_1", 6}, KEPT_CONVERSATION, 5000},
                                           {{"msg_1", 5}, KEPT_ITEM, 900},
                                           {{"fc_1", 4}, KEPT_ITEM, 900}};

static void only_its_account_has_it(void **state)
{
    (void)state;
    assert_true(answer("openai", first, 4, 1000));
    for (size_t i = 0; i < 4; i++) {
        assert_true(has(&ann, first[i].id.data, first[i].kind));
        assert_false(has(&bob, first[i].id.data, first[i].kind));
    }
    assert_false(has(&ann, "resp_1", KEPT_ITEM));
    assert_false(has(&ann, "resp_", KEPT_RESPONSE));
    fixture_reopen(&f);
    assert_true(has(&ann, "fc_1", KEPT_ITEM));
    fixture_verify(f.path, NULL);
}

static void without_the_settlement_there_is_nothing(void **state)
{
    (void)state;
    assert_false(answer("openai", first, 4, 999)); /* no such hold */
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM provider_objects"), 0);
}

static void names_bring_input(void **state)
{
    bool found[NAMES_MAX];
    (void)state;
    const struct made_object second[] = {made("resp_2", KEPT_RESPONSE, 7000),
                                         made("msg_2", KEPT_ITEM, 100)};
    assert_true(answer("openai", first, 4, 1000));
    assert_true(answer("openai", second, 2, 1000));
    const struct named_object names[] = {{{"msg_1", 5}, KEPT_ITEM, true},
                                         {{"fc_1", 4}, KEPT_ITEM, true},
                                         {{"fc_1", 4}, KEPT_ITEM, false},
                                         {{"msg_2", 5}, KEPT_ITEM, true},
                                         {{"resp_2", 6}, KEPT_RESPONSE, true},
                                         {{"resp_1", 6}, KEPT_RESPONSE, false},
                                         none};
    struct object_lookup lookup = look(&ann, names, found);
    assert_int_equal(lookup.tokens, 900 + 100 + 7000); /* two items of one answer count once */
    assert_string_equal(lookup.provider, "openai");
    assert_false(lookup.divided || lookup.unknown || lookup.grows);
    lookup =
        look(&ann, (struct named_object[]){{{"conv_1", 6}, KEPT_CONVERSATION, true}, none}, found);
    assert_true(lookup.grows);
    assert_int_equal(lookup.tokens, 5000);
}

static void unknown_sizes_are_told(void **state)
{
    bool found[NAMES_MAX];
    (void)state;
    const struct made_object list[] = {made("msg_1", KEPT_ITEM, OBJECT_TOKENS_UNKNOWN)};
    assert_true(answer("openai", list, 1, 1000));
    assert_true(
        look(&ann, (struct named_object[]){{{"msg_1", 5}, KEPT_ITEM, true}, none}, found).unknown);
}

static void two_providers_are_told(void **state)
{
    bool found[NAMES_MAX];
    (void)state;
    const struct made_object list[] = {made("resp_2", KEPT_RESPONSE, 1)};
    assert_true(answer("openai", first, 4, 1000));
    assert_true(answer("other", list, 1, 1000));
    const struct named_object names[] = {
        {{"resp_1", 6}, KEPT_RESPONSE, true}, {{"resp_2", 6}, KEPT_RESPONSE, true}, none};
    assert_true(look(&ann, names, found).divided);
}

static void a_conversation_begins_its_time_anew(void **state)
{
    (void)state;
    assert_true(answer("openai", first, 4, 1000));
    fixture_sql(f.path, "UPDATE provider_objects SET expires_ms = created_ms + 60000");
    const struct made_object second[] = {made("resp_2", KEPT_RESPONSE, 9000),
                                         made("conv_1", KEPT_CONVERSATION, 9000)};
    assert_true(answer("openai", second, 2, 1000));
    assert_int_equal(fixture_number(f.path, "SELECT tokens FROM provider_objects WHERE id ="
                                            " 'conv_1' AND expires_ms > created_ms + 60000"),
                     9000);
}

static void expired_rows_are_forgotten(void **state)
{
    (void)state;
    assert_true(answer("openai", first, 4, 1000));
    fixture_sql(f.path, "UPDATE provider_objects SET expires_ms = 1 WHERE kind <> 'response'");
    assert_false(has(&ann, "msg_1", KEPT_ITEM));
    fixture_sql(f.path,
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)"
                " INSERT INTO provider_objects SELECT 'acct_x', 'old_' || i, 'item', 'openai', '',"
                " 1, 1, 2 FROM n");
    int64_t left = -1;
    for (int i = 0; i < 1000 && left != 1; i++) {
        job_queue_wait(&f.reply_queue, 20); /* nothing comes: a sleep */
        left = fixture_number(f.path, "SELECT count(*) FROM provider_objects");
    }
    assert_int_equal(left, 1);
    assert_true(has(&ann, "resp_1", KEPT_RESPONSE));
}

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

static void what_answers_tell_is_added(void **state)
{
    bool found[NAMES_MAX];
    const char *ann_id = ann.account_id.text;
    (void)state;
    assert_true(answer("openai", first, 4, 1000));
    fixture_sql(f.path, "UPDATE provider_objects SET expires_ms = created_ms + 60000");
    assert_non_null(ASK("object.add", "ttt", ann_id, "openai",
                        "item 70 msg_1\nitem -1 msg_9\nconversation 30 conv_9\n"));
    const struct named_object names[] = {
        {{"msg_1", 5}, KEPT_ITEM, true}, {{"conv_9", 6}, KEPT_CONVERSATION, true}, none};
    assert_int_equal(look(&ann, names, found).tokens, 900 + 30); /* the first is known better */
    assert_true(
        look(&ann, (struct named_object[]){{{"msg_9", 5}, KEPT_ITEM, true}, none}, found).unknown);
    assert_false(has(&bob, "msg_9", KEPT_ITEM));
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM provider_objects"
                                            " WHERE expires_ms > created_ms + 60000"),
                     3);
    fixture_assert_fails(ASK("object.add", "ttt", ann_id, "openai", "item"), "invalid_value");
    assert_non_null(ASK("object.grow", "tti", ann_id, "conv_9", INT64_C(500)));
    assert_non_null(ASK("object.grow", "tti", bob.account_id.text, "conv_9", INT64_C(500)));
    assert_int_equal(look(&ann, names, found).tokens, 900 + 530);
    assert_non_null(ASK("object.delete", "tt", bob.account_id.text, "msg_9"));
    assert_true(has(&ann, "msg_9", KEPT_ITEM));
    assert_non_null(ASK("object.delete", "tt", ann_id, "msg_9"));
    assert_false(has(&ann, "msg_9", KEPT_ITEM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_its_account_has_it, setup, teardown),
        cmocka_unit_test_setup_teardown(without_the_settlement_there_is_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(names_bring_input, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_sizes_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(two_providers_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_conversation_begins_its_time_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(what_answers_tell_is_added, setup, teardown),
        cmocka_unit_test_setup_teardown(expired_rows_are_forgotten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
