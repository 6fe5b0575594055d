/* What the operator reads of attempts: the provider's words, flat, short and without secrets. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exchange/attempt.h"
#include "exchange/attempt_log.h"
#include "exchange/attempt_refusal.h"
#include "exchange/provider.h"
#include "store/notes.h"

static struct attempt_log log_of;
static struct attempt attempt;

static int set_up(void **state)
{
    struct candidate_terms terms = provider_terms();
    (void)state;
    terms.provider = "openai";
    terms.model = "there";
    terms.api_key = "0123456789abcdef";
    log_of = (struct attempt_log){.count = 0};
    attempt = (struct attempt){.candidate = candidate_new(&terms), .outcome = ATTEMPT_FAILED};
    attempt.started_us = clock_mono_us() - 5000;
    buffer_init(&attempt.body, 1 << 16);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    attempt_log_fini(&log_of);
    buffer_fini(&attempt.body);
    candidate_unref(attempt.candidate);
    free(attempt.refusal);
    return 0;
}

/* The words of an error with this body. */
static const char *words_of(const char *body)
{
    attempt.status = 500;
    buffer_reset(&attempt.body);
    buffer_append_text(&attempt.body, body);
    attempt_log_fini(&log_of);
    attempt_log_failure(&log_of, 1, &attempt);
    assert_int_equal(log_of.count, 1);
    return log_of.notes[0].words;
}

static void an_only_answer_leaves_nothing(void **state)
{
    (void)state;
    attempt_log_answered(&log_of, 1, &attempt, NULL, NULL);
    assert_int_equal(log_of.count, 0);
    assert_null(log_of.notes);
}

static void a_failure_is_noted_and_the_answer_behind_it(void **state)
{
    (void)state;
    snprintf(attempt.detail, sizeof attempt.detail, "no connection");
    attempt.outcome = ATTEMPT_UNREACHABLE;
    attempt_log_failure(&log_of, 1, &attempt);
    attempt.status = 200;
    attempt.outcome = ATTEMPT_ANSWERED;
    attempt_log_answered(&log_of, 2, &attempt, NULL, NULL);
    assert_int_equal(log_of.count, 2);
    const struct attempt_note *note = log_of.notes;
    assert_int_equal(note->number, 1);
    assert_int_equal(note->status, 0);
    assert_string_equal(note->provider, "openai");
    assert_string_equal(note->model, "there");
    assert_string_equal(note->outcome, "connect");
    assert_string_equal(note->class, "refused");
    assert_string_equal(note->words, "no connection");
    assert_in_range(note->duration_us, 5000, 60000000);
    assert_in_range(clock_wall_ms() - note->created_ms, 4, 60000);
    assert_int_equal(note[1].number, 2);
    assert_string_equal(note[1].outcome, "answered");
    assert_string_equal(note[1].class, "answered");
    assert_string_equal(note[1].words, "");
}

/* What may have been billed: the request is there, and no word of an error has come of it. */
static void the_class_says_what_may_have_been_billed(void **state)
{
    (void)state;
    static const struct {
        enum attempt_outcome outcome;
        bool sent;
        int status;
        enum attempt_class class;
    } cases[] = {
        {ATTEMPT_ANSWERED, true, 200, ATTEMPT_DONE},
        {ATTEMPT_UNREACHABLE, true, 0, ATTEMPT_NOT_BEGUN},
        {ATTEMPT_BROKEN, true, 0, ATTEMPT_PERHAPS},
        {ATTEMPT_TIMED_OUT, true, 0, ATTEMPT_PERHAPS},
        {ATTEMPT_TIMED_OUT, false, 0, ATTEMPT_NOT_BEGUN},
        {ATTEMPT_GARBLED, true, 200, ATTEMPT_PERHAPS},
        {ATTEMPT_OVERLOADED, true, 429, ATTEMPT_NOT_BEGUN},
        {ATTEMPT_OVERLOADED, true, 503, ATTEMPT_NOT_BEGUN},
        {ATTEMPT_DENIED, true, 401, ATTEMPT_NOT_BEGUN},
        {ATTEMPT_REFUSED, true, 400, ATTEMPT_NOT_BEGUN},
        {ATTEMPT_UNKNOWN, true, 404, ATTEMPT_NOT_BEGUN},
        {ATTEMPT_FAILED, true, 500, ATTEMPT_NOT_BEGUN},
        {ATTEMPT_FAILED, true, 502, ATTEMPT_PERHAPS},
        {ATTEMPT_FAILED, true, 504, ATTEMPT_PERHAPS},
        {ATTEMPT_FAILED, true, 524, ATTEMPT_PERHAPS},
        {ATTEMPT_FAILED, true, 529, ATTEMPT_NOT_BEGUN},
        {ATTEMPT_FAILED, true, 200, ATTEMPT_PERHAPS},
        {ATTEMPT_FAILED, false, 0, ATTEMPT_NOT_BEGUN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(attempt_outcome_class(cases[i].outcome, cases[i].sent, cases[i].status),
                         cases[i].class);
}

static void a_cut_answer_is_noted_with_its_reason(void **state)
{
    (void)state;
    attempt_log_answered(&log_of, 1, &attempt, "stream_interrupted", NULL);
    assert_int_equal(log_of.count, 1);
    assert_string_equal(log_of.notes[0].outcome, "cut");
    assert_string_equal(log_of.notes[0].words, "stream_interrupted");
}

/* When the call is settled and when the exchange ends: whichever comes first. */
static void an_answer_is_noted_once(void **state)
{
    (void)state;
    attempt_log_answered(&log_of, 1, &attempt, "stream_interrupted", NULL);
    attempt_log_answered(&log_of, 1, &attempt, "stream_interrupted", NULL);
    assert_int_equal(log_of.count, 1);
}

static void what_the_provider_said_goes_first(void **state)
{
    (void)state;
    snprintf(attempt.detail, sizeof attempt.detail, "detail");
    snprintf(attempt_refuse(&attempt)->message, 8, "refusal");
    assert_string_equal(words_of("said"), "said");
    assert_string_equal(words_of(""), "refusal");
    attempt.refusal->message[0] = '\0';
    assert_string_equal(words_of(""), "detail");
    words_of("an answer");
    attempt.status = 200; /* no error's */
    attempt_log_failure(&log_of, 2, &attempt);
    assert_string_equal(log_of.notes[1].words, "detail");
}

static void words_stand_in_one_line(void **state)
{
    (void)state;
    assert_string_equal(words_of("\r\n a \t\n b\x01\x7f c "), "a b c ");
}

static void no_secret_is_told(void **state)
{
    (void)state;
    assert_string_equal(words_of("key 0123456789abcdef is bad"), "key **************** is bad");
    /* One that lies across the end of what is kept. */
    for (size_t before = LIMIT_ATTEMPT_WORDS_BYTES - 17; before <= LIMIT_ATTEMPT_WORDS_BYTES;
         before++) {
        char body[2 * LIMIT_ATTEMPT_WORDS_BYTES];
        memset(body, 'w', before);
        body[before - 1] = ' ';
        strcpy(body + before, "0123456789abcdef");
        assert_null(strpbrk(words_of(body), "0123456789"));
    }
}

static void long_words_end_with_a_whole_character(void **state)
{
    (void)state;
    char body[2 * LIMIT_ATTEMPT_WORDS_BYTES + 8] = "";
    for (size_t i = 0; i < LIMIT_ATTEMPT_WORDS_BYTES; i++)
        strcat(body, "\xc3\xa9");
    assert_in_range(strlen(words_of(body)), LIMIT_ATTEMPT_WORDS_BYTES - 2,
                    LIMIT_ATTEMPT_WORDS_BYTES);
    assert_int_equal(strlen(words_of(body)) % 2, 0);
    memmove(body + 1, body, strlen(body) + 1);
    body[0] = 'a';
    assert_int_equal(strlen(words_of(body)), LIMIT_ATTEMPT_WORDS_BYTES - 1);
    assert_string_equal(words_of("\xc3\xa9"), "\xc3\xa9"); /* not cut */
}

static void so_many_attempts_and_no_more_are_noted(void **state)
{
    (void)state;
    for (int number = 1; number <= ATTEMPTS_NOTED + 1; number++)
        attempt_log_failure(&log_of, number, &attempt);
    attempt_log_answered(&log_of, ATTEMPTS_NOTED + 2, &attempt, NULL, NULL);
    assert_int_equal(log_of.count, ATTEMPTS_NOTED);
    assert_int_equal(log_of.notes[ATTEMPTS_NOTED - 1].number, ATTEMPTS_NOTED);
}

#define WITH_LOG(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOG(an_only_answer_leaves_nothing),
        WITH_LOG(a_failure_is_noted_and_the_answer_behind_it),
        WITH_LOG(the_class_says_what_may_have_been_billed),
        WITH_LOG(a_cut_answer_is_noted_with_its_reason),
        WITH_LOG(an_answer_is_noted_once),
        WITH_LOG(what_the_provider_said_goes_first),
        WITH_LOG(words_stand_in_one_line),
        WITH_LOG(no_secret_is_told),
        WITH_LOG(long_words_end_with_a_whole_character),
        WITH_LOG(so_many_attempts_and_no_more_are_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
