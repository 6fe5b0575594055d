/* Records of the journal as bytes: what is put is read, at its own place only; what is torn,
 * changed, old or cut ends the reading; what another version wrote is told. */
/* long: one record, put and read in each of its formats */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "store/journal/journal_record.h"

enum { HEAD_BYTES = 24, BUFFER_MAX = 64 * 1024 };

static const struct journal_place place = {
    .salt = 0x0123456789abcdef, .generation = 7, .offset = 4096};

static void set_text(char *out, size_t bytes, char fill, size_t length)
{
    assert_true(length < bytes);
    memset(out, fill, length);
    out[length] = '\0';
}

static struct ledger_hold some_hold(void)
{
    return (struct ledger_hold){.exchange_id = {"req_1"},
                                .account_id = {"acct_2"},
                                .key_id = {"key_3"},
                                .amount_nusd = 1234567890123,
                                .created_ms = 11,
                                .expires_ms = 22};
}

/* Each number another one, and each text. */
static struct ledger_settlement some_settlement(void)
{
    return (struct ledger_settlement){
        .held_nusd = 101,
        .extended_nusd = 102,
        .voided = true,
        .record = {.exchange_id = {"req_1"},
                   .account_id = {"acct_2"},
                   .user_id = {"user_3"},
                   .key_id = {"key_4"},
                   .model = "model",
                   .provider = "provider",
                   .provider_model = "provider-model",
                   .policy_revision = "revision",
                   .error_code = "error",
                   .finish_reason = "stop",
                   .status = 499,
                   .attempts = 3,
                   .streamed = true,
                   .source = USAGE_PARTIAL,
                   .counts = {.input = 104, .cached_input = 105, .output = 106},
                   .reasoning_tokens = 107,
                   .excess_tokens = 121,
                   .prices = {.input_pusd = 108, .cached_input_pusd = 109, .output_pusd = 110},
                   .sold = {.input_pusd = 111, .cached_input_pusd = 112, .output_pusd = 113},
                   .margin_ppm = 114,
                   .facts = {.words = {"tier", "speed", "region", "choice", "search", "size",
                                       "quality", "resolution"},
                             .cost_stated = true,
                             .sold_by_cost = true,
                             .stated_cost_nusd = 119,
                             .computed_cost_nusd = 120,
                             .canary_attempts = 3},
                   .cost_nusd = 115,
                   .charge_nusd = 116,
                   .overrun_nusd = -117,
                   .created_ms = 118,
                   .first_byte_us = -1,
                   .total_us = INT64_MAX}};
}

/* Every unit has a line, with numbers of its own. */
static struct ledger_settlement settlement_of_all_units(void)
{
    struct ledger_settlement settlement = some_settlement();
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        settlement.record.counts.of[unit] = 1000 + (int64_t)unit;
        settlement.record.prices.of[unit] = 2000 + (int64_t)unit;
        settlement.record.sold.of[unit] = 3000 + (int64_t)unit;
    }
    return settlement;
}

/* From a copy with nothing behind it. */
static enum journal_found read_at(struct slice bytes, const struct journal_place *where,
                                  struct journal_record *out, size_t *size)
{
    char *copy = malloc(bytes.bytes > 0 ? bytes.bytes : 1);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.bytes);
    enum journal_found found =
        journal_record_read((struct slice){copy, bytes.bytes}, where, out, size);
    free(copy);
    return found;
}

static void put_some(struct buffer *out)
{
    struct ledger_settlement settlement = some_settlement();
    buffer_init(out, BUFFER_MAX);
    journal_record_put_settlement(out, &place, &settlement, 99);
}

/* ---- what is put is read ---- */

static void a_hold_comes_back(void **state)
{
    (void)state;
    struct buffer bytes;
    struct ledger_hold hold = some_hold();
    struct journal_record record;
    size_t size = 0;
    buffer_init(&bytes, BUFFER_MAX);
    journal_record_put_hold(&bytes, &place, &hold, 99);
    memset(&record, 0xa5, sizeof record);
    assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOUND);
    assert_int_equal(size, bytes.bytes);
    assert_int_equal(size % 8, 0);
    assert_int_equal(record.kind, JOURNAL_HOLD);
    assert_int_equal(record.committed_ms, 99);
    const struct ledger_hold *read = &record.as.hold;
    assert_string_equal(read->exchange_id.text, "req_1");
    assert_string_equal(read->account_id.text, "acct_2");
    assert_string_equal(read->key_id.text, "key_3");
    assert_int_equal(read->amount_nusd, 1234567890123);
    assert_int_equal(read->created_ms, 11);
    assert_int_equal(read->expires_ms, 22);
    assert_null(read->job.done);
    assert_false(read->durable);
    buffer_fini(&bytes);
}

static void assert_same_texts(const struct usage_record *read, const struct usage_record *put)
{
    assert_string_equal(read->exchange_id.text, put->exchange_id.text);
    assert_string_equal(read->account_id.text, put->account_id.text);
    assert_string_equal(read->user_id.text, put->user_id.text);
    assert_string_equal(read->key_id.text, put->key_id.text);
    assert_string_equal(read->model, put->model);
    assert_string_equal(read->provider, put->provider);
    assert_string_equal(read->provider_model, put->provider_model);
    assert_string_equal(read->policy_revision, put->policy_revision);
    assert_string_equal(read->error_code, put->error_code);
    assert_string_equal(read->finish_reason, put->finish_reason);
}

static void assert_same_lines(const struct usage_record *read, const struct usage_record *put)
{
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        assert_int_equal(read->counts.of[unit], put->counts.of[unit]);
        assert_int_equal(read->prices.of[unit], put->prices.of[unit]);
        assert_int_equal(read->sold.of[unit], put->sold.of[unit]);
    }
}

static void assert_same_facts(const struct usage_facts *read, const struct usage_facts *put)
{
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++)
        assert_string_equal(read->words[word], put->words[word]);
    assert_int_equal(read->cost_stated, put->cost_stated);
    assert_int_equal(read->sold_by_cost, put->sold_by_cost);
    assert_int_equal(read->stated_cost_nusd, put->stated_cost_nusd);
    assert_int_equal(read->computed_cost_nusd, put->computed_cost_nusd);
    assert_int_equal(read->canary_attempts, put->canary_attempts);
}

static void assert_same(const struct ledger_settlement *read, const struct ledger_settlement *put)
{
    const struct usage_record *a = &read->record;
    const struct usage_record *b = &put->record;
    assert_int_equal(read->held_nusd, put->held_nusd);
    assert_int_equal(read->extended_nusd, put->extended_nusd);
    assert_int_equal(read->voided, put->voided);
    assert_null(read->kept);
    assert_false(read->durable);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->streamed, b->streamed);
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->reasoning_tokens, b->reasoning_tokens);
    assert_int_equal(a->excess_tokens, b->excess_tokens);
    assert_same_lines(a, b);
    assert_int_equal(a->margin_ppm, b->margin_ppm);
    assert_same_facts(&a->facts, &b->facts);
    assert_int_equal(a->cost_nusd, b->cost_nusd);
    assert_int_equal(a->charge_nusd, b->charge_nusd);
    assert_int_equal(a->overrun_nusd, b->overrun_nusd);
    assert_int_equal(a->created_ms, b->created_ms);
    assert_int_equal(a->first_byte_us, b->first_byte_us);
    assert_int_equal(a->total_us, b->total_us);
    assert_same_texts(a, b);
}

static void a_settlement_comes_back(void **state)
{
    (void)state;
    struct buffer bytes;
    struct journal_record record;
    size_t size = 0;
    struct ledger_settlement put = some_settlement();
    put_some(&bytes);
    memset(&record, 0xa5, sizeof record);
    assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOUND);
    assert_int_equal(size, bytes.bytes);
    assert_int_equal(record.kind, JOURNAL_SETTLEMENT);
    assert_int_equal(record.committed_ms, 99);
    assert_same(&record.as.settlement, &put);
    buffer_fini(&bytes);
}

/* Without its place: this process has put or read it, so its check sum is not looked at. */
static void a_known_record_is_decoded(void **state)
{
    (void)state;
    struct buffer bytes;
    struct journal_record record;
    struct ledger_settlement put = some_settlement();
    put_some(&bytes);
    size_t size = bytes.bytes;
    buffer_append(&bytes, "what follows", 12);
    memset(&record, 0xa5, sizeof record);
    assert_int_equal(journal_record_decode(buffer_slice(&bytes), &record), size);
    assert_int_equal(record.kind, JOURNAL_SETTLEMENT);
    assert_int_equal(record.committed_ms, 99);
    assert_same(&record.as.settlement, &put);
    buffer_fini(&bytes);
}

/* No settlement needs more than JOURNAL_RECORD_BYTES_MAX: all texts as long as they can be. */
static void the_largest_settlement_fits(void **state)
{
    (void)state;
    struct buffer bytes;
    struct journal_record record;
    size_t size;
    struct ledger_settlement put = settlement_of_all_units();
    struct usage_record *r = &put.record;
    struct id *ids[] = {&r->exchange_id, &r->account_id, &r->user_id, &r->key_id};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        set_text(ids[i]->text, sizeof ids[i]->text, (char)('a' + i), sizeof ids[i]->text - 1);
    set_text(r->model, sizeof r->model, 'm', sizeof r->model - 1);
    set_text(r->provider, sizeof r->provider, 'p', sizeof r->provider - 1);
    set_text(r->provider_model, sizeof r->provider_model, 'q', sizeof r->provider_model - 1);
    set_text(r->policy_revision, sizeof r->policy_revision, 'r', sizeof r->policy_revision - 1);
    set_text(r->error_code, sizeof r->error_code, 'e', sizeof r->error_code - 1);
    set_text(r->finish_reason, sizeof r->finish_reason, 'f', sizeof r->finish_reason - 1);
    for (size_t i = 0; i < USAGE_WORDS; i++)
        set_text(r->facts.words[i], USAGE_WORD_BYTES, (char)('A' + i), USAGE_WORD_BYTES - 1);
    buffer_init(&bytes, JOURNAL_RECORD_BYTES_MAX);
    journal_record_put_settlement(&bytes, &place, &put, INT64_MAX);
    assert_true(bytes.bytes <= JOURNAL_RECORD_BYTES_MAX);
    assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOUND);
    assert_same(&record.as.settlement, &put);
    buffer_fini(&bytes);
}

/* Whatever is left of the last 8 bytes. */
static void texts_of_any_length_come_back(void **state)
{
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        struct buffer bytes;
        struct journal_record record;
        size_t size;
        struct ledger_settlement put = some_settlement();
        set_text(put.record.model, sizeof put.record.model, 'm', length);
        buffer_init(&bytes, BUFFER_MAX);
        journal_record_put_settlement(&bytes, &place, &put, 1);
        assert_int_equal(bytes.bytes % 8, 0);
        assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOUND);
        assert_same(&record.as.settlement, &put);
        buffer_fini(&bytes);
    }
}

/* One behind the other, each at its place. */
static void records_follow_each_other(void **state)
{
    (void)state;
    struct buffer bytes;
    struct ledger_hold hold = some_hold();
    struct ledger_settlement settlement = some_settlement();
    struct journal_place at = {.salt = 3, .generation = 5, .offset = 0};
    const enum journal_kind kinds[] = {JOURNAL_HOLD, JOURNAL_SETTLEMENT, JOURNAL_SEAL};
    buffer_init(&bytes, BUFFER_MAX);
    journal_record_put_hold(&bytes, &at, &hold, 1);
    at.offset = bytes.bytes;
    journal_record_put_settlement(&bytes, &at, &settlement, 2);
    at.offset = bytes.bytes;
    journal_record_put_seal(&bytes, &at);
    at.offset = 0;
    for (size_t i = 0; i < 3; i++) {
        struct journal_record record;
        struct slice rest = {bytes.data + at.offset, bytes.bytes - at.offset};
        size_t size = 0;
        assert_int_equal(journal_record_generation(rest), 5);
        assert_int_equal(read_at(rest, &at, &record, &size), JOURNAL_FOUND);
        assert_int_equal(record.kind, kinds[i]);
        at.offset += size;
    }
    assert_int_equal(at.offset, bytes.bytes);
    buffer_fini(&bytes);
}

/* ---- what is none ---- */

static void assert_end(struct slice bytes, const struct journal_place *where)
{
    struct journal_record record;
    size_t size;
    assert_int_equal(read_at(bytes, where, &record, &size), JOURNAL_END);
}

static void a_record_of_another_place_is_none(void **state)
{
    (void)state;
    struct buffer bytes;
    put_some(&bytes);
    struct journal_place other = place;
    other.salt ^= 1;
    assert_end(buffer_slice(&bytes), &other);
    other = place;
    other.salt ^= UINT64_C(1) << 63;
    assert_end(buffer_slice(&bytes), &other);
    other = place;
    other.generation++;
    assert_end(buffer_slice(&bytes), &other);
    other = place;
    other.offset += 8;
    assert_end(buffer_slice(&bytes), &other);
    other.offset = place.offset + (UINT64_C(1) << 32);
    assert_end(buffer_slice(&bytes), &other);
    buffer_fini(&bytes);
}

static void a_record_that_is_cut_is_none(void **state)
{
    (void)state;
    struct buffer bytes;
    put_some(&bytes);
    for (size_t cut = 0; cut < bytes.bytes; cut++)
        assert_end((struct slice){bytes.data, cut}, &place);
    buffer_fini(&bytes);
}

static void a_record_of_which_a_bit_differs_is_none(void **state)
{
    (void)state;
    struct buffer bytes;
    put_some(&bytes);
    for (size_t bit = 0; bit < 8 * bytes.bytes; bit++) {
        bytes.data[bit / 8] ^= (char)(1 << bit % 8);
        assert_end(buffer_slice(&bytes), &place);
        bytes.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    buffer_fini(&bytes);
}

/* Sectors of zeros where the write did not arrive, at the front, in the middle, at the end. */
static void a_record_that_is_torn_is_none(void **state)
{
    (void)state;
    struct buffer bytes;
    put_some(&bytes);
    for (size_t at = 0; at < bytes.bytes; at += 16) {
        char kept[16];
        size_t count = bytes.bytes - at < sizeof kept ? bytes.bytes - at : sizeof kept;
        static const char zeros[sizeof kept];
        if (memcmp(bytes.data + at, zeros, count) == 0)
            continue;
        memcpy(kept, bytes.data + at, count);
        memset(bytes.data + at, 0, count);
        assert_end(buffer_slice(&bytes), &place);
        memcpy(bytes.data + at, kept, count);
    }
    memset(bytes.data, 0, bytes.bytes);
    assert_end(buffer_slice(&bytes), &place);
    memset(bytes.data, 0xff, bytes.bytes);
    assert_end(buffer_slice(&bytes), &place);
    buffer_fini(&bytes);
}

/* ---- what another version wrote ---- */

/* The check sum of the head's comment, once more: over salt, generation and place, the head behind
 * the sum, and the payload. */
static void seal_again(struct buffer *bytes)
{
    const uint64_t where[] = {place.salt, place.generation, place.offset};
    struct buffer all;
    uint32_t sum[2] = {0, 0};
    buffer_init(&all, BUFFER_MAX);
    buffer_append(&all, where, sizeof where);
    buffer_append(&all, bytes->data + 8, bytes->bytes - 8);
    for (size_t at = 0; at < all.bytes; at += 8) {
        uint32_t words[2];
        memcpy(words, all.data + at, sizeof words);
        sum[0] += words[0] + sum[1];
        sum[1] += words[1] + sum[0];
    }
    uint64_t whole = (uint64_t)sum[0] << 32 | sum[1];
    memcpy(bytes->data, &whole, sizeof whole);
    buffer_fini(&all);
}

enum { FORMAT_PLACE = 20, KIND_PLACE = 22, LENGTH_PLACE = 16 };

static enum journal_found read_with(size_t where, uint16_t number)
{
    struct buffer bytes;
    struct journal_record record;
    size_t size;
    put_some(&bytes);
    memcpy(bytes.data + where, &number, sizeof number);
    seal_again(&bytes);
    enum journal_found found = read_at(buffer_slice(&bytes), &place, &record, &size);
    buffer_fini(&bytes);
    return found;
}

static void other_formats_and_kinds_are_foreign(void **state)
{
    (void)state;
    assert_int_equal(read_with(FORMAT_PLACE, 4), JOURNAL_FOUND); /* as it was */
    assert_int_equal(read_with(FORMAT_PLACE, 0), JOURNAL_FOREIGN);
    assert_int_equal(read_with(FORMAT_PLACE, 5), JOURNAL_FOREIGN);
    assert_int_equal(read_with(FORMAT_PLACE, UINT16_MAX), JOURNAL_FOREIGN);
    assert_int_equal(read_with(KIND_PLACE, 0), JOURNAL_FOREIGN);
    assert_int_equal(read_with(KIND_PLACE, 4), JOURNAL_FOREIGN);
    assert_int_equal(read_with(KIND_PLACE, UINT16_MAX), JOURNAL_FOREIGN);
}

/* The numbers of a record, as some_settlement has them: 16, the count of lines, three lines. */
enum { NUMBERS = 16, USUAL_LINES = 3, ALL_NUMBERS = NUMBERS + 1 + 4 * USUAL_LINES };

/* The same record in format 2, or in format 1, which had no `sold`: they were the buy prices. The
 * facts behind it are no part of it. */
static void put_old(struct buffer *out, uint16_t format)
{
    int64_t now[ALL_NUMBERS];
    struct buffer bytes;
    put_some(&bytes);
    memcpy(now, bytes.data + HEAD_BYTES, sizeof now);
    const int64_t *line = now + NUMBERS + 1;
    assert_int_equal(now[NUMBERS], USUAL_LINES);
    buffer_init(out, BUFFER_MAX);
    buffer_append(out, bytes.data, HEAD_BYTES);
    buffer_append(out, now, 8 * sizeof now[0]);
    for (size_t i = 0; i < USUAL_LINES; i++)
        buffer_append(out, &line[4 * i + 1], sizeof line[0]);
    buffer_append(out, &now[8], sizeof now[0]); /* reasoning */
    for (size_t i = 0; i < USUAL_LINES; i++)
        buffer_append(out, &line[4 * i + 2], sizeof line[0]);
    buffer_append(out, &now[9], 7 * sizeof now[0]);
    for (size_t i = 0; format > 1 && i < USUAL_LINES; i++)
        buffer_append(out, &line[4 * i + 3], sizeof line[0]);
    buffer_append(out, bytes.data + HEAD_BYTES + sizeof now, bytes.bytes - HEAD_BYTES - sizeof now);
    uint32_t payload_bytes = (uint32_t)out->bytes - HEAD_BYTES;
    memcpy(out->data + LENGTH_PLACE, &payload_bytes, sizeof payload_bytes);
    memcpy(out->data + FORMAT_PLACE, &format, sizeof format);
    seal_again(out);
    buffer_fini(&bytes);
}

static void older_formats_are_read(void **state)
{
    (void)state;
    for (uint16_t format = 1; format <= 2; format++) {
        struct buffer bytes;
        struct journal_record record;
        struct ledger_settlement put = some_settlement();
        size_t size;
        put_old(&bytes, format);
        assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOUND);
        if (format == 1)
            put.record.sold = put.record.prices;
        put.record.facts = (struct usage_facts){.cost_stated = false};
        put.record.excess_tokens = 0;
        assert_same(&record.as.settlement, &put);
        buffer_fini(&bytes);
    }
}

/* Format 3 is this one without facts. */
static void a_record_without_facts_is_read(void **state)
{
    (void)state;
    struct buffer bytes;
    struct journal_record record;
    struct ledger_settlement put = some_settlement();
    size_t size;
    const uint16_t format = 3;
    put_some(&bytes);
    memcpy(bytes.data + FORMAT_PLACE, &format, sizeof format);
    seal_again(&bytes);
    put.record.facts = (struct usage_facts){.cost_stated = false};
    put.record.excess_tokens = 0;
    assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOUND);
    assert_same(&record.as.settlement, &put);
    buffer_fini(&bytes);
}

/* Each alone, and nothing: then a number says so. */
static void each_fact_comes_back(void **state)
{
    (void)state;
    struct ledger_settlement plain = some_settlement();
    plain.record.facts = (struct usage_facts){.cost_stated = false};
    plain.record.excess_tokens = 0;
    for (size_t i = 0; i <= USAGE_WORDS + 2; i++) {
        struct buffer bytes;
        struct journal_record record;
        struct ledger_settlement put = plain;
        size_t size;
        if (i < USAGE_WORDS)
            strcpy(put.record.facts.words[i], "word");
        else if (i == USAGE_WORDS)
            put.record.facts =
                (struct usage_facts){.cost_stated = true, .stated_cost_nusd = INT64_MAX};
        else if (i == USAGE_WORDS + 1)
            put.record.excess_tokens = INT64_MAX;
        buffer_init(&bytes, BUFFER_MAX);
        journal_record_put_settlement(&bytes, &place, &put, 99);
        memset(&record, 0xa5, sizeof record);
        assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOUND);
        assert_same(&record.as.settlement, &put);
        buffer_fini(&bytes);
    }
}

/* A fact that this version does not know, or whose word is longer than its room. */
static void a_fact_of_another_version_is_foreign(void **state)
{
    (void)state;
    struct buffer bytes;
    put_some(&bytes);
    const char *reason = memmem(bytes.data, bytes.bytes, "stop", 4);
    assert_non_null(reason);
    size_t told_place = (size_t)(reason + 4 - bytes.data);
    size_t word_place = told_place + 3 * sizeof(int64_t);
    buffer_fini(&bytes);
    assert_int_equal(read_with(told_place, 0x3ff), JOURNAL_FOUND);
    assert_int_equal(read_with(told_place, 0x400), JOURNAL_FOREIGN);
    assert_int_equal(read_with(word_place, 4), JOURNAL_FOUND);
    assert_int_equal(read_with(word_place, USAGE_WORD_BYTES), JOURNAL_FOREIGN);
}

static void every_unit_comes_back(void **state)
{
    (void)state;
    struct buffer bytes;
    struct journal_record record;
    size_t size;
    struct ledger_settlement put = settlement_of_all_units();
    buffer_init(&bytes, BUFFER_MAX);
    journal_record_put_settlement(&bytes, &place, &put, 99);
    assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOUND);
    assert_same(&record.as.settlement, &put);
    buffer_fini(&bytes);
}

/* A unit that this version does not know. */
static void a_unit_of_another_version_is_foreign(void **state)
{
    (void)state;
    enum { FIRST_UNIT = HEAD_BYTES + (NUMBERS + 1) * 8 };
    assert_int_equal(read_with(FIRST_UNIT, UNIT_INPUT), JOURNAL_FOUND);
    assert_int_equal(read_with(FIRST_UNIT, UNIT_COUNT), JOURNAL_FOREIGN);
}

/* A text that is longer than this version has room for, or than the record. */
static void a_text_that_does_not_fit_is_foreign(void **state)
{
    (void)state;
    enum { FIRST_TEXT = HEAD_BYTES + ALL_NUMBERS * 8 };
    assert_int_equal(read_with(FIRST_TEXT, 5), JOURNAL_FOUND);
    assert_int_equal(read_with(FIRST_TEXT, ID_BYTES), JOURNAL_FOREIGN);
    assert_int_equal(read_with(FIRST_TEXT, UINT16_MAX), JOURNAL_FOREIGN);
}

/* The last text, one byte longer than there is room for: it would reach into the padding, and what
 * is read of it into what stands behind it in memory. */
static void a_text_may_not_be_as_long_as_its_room(void **state)
{
    (void)state;
    enum { ROOM = sizeof((struct usage_record *)0)->finish_reason };
    for (size_t length = 0; length < 8; length++) {
        struct buffer bytes;
        struct journal_record record;
        struct ledger_settlement put = some_settlement();
        size_t size;
        const uint16_t too_long = ROOM;
        set_text(put.record.model, sizeof put.record.model, 'm', length);
        set_text(put.record.finish_reason, ROOM, 'f', ROOM - 1);
        buffer_init(&bytes, BUFFER_MAX);
        journal_record_put_settlement(&bytes, &place, &put, 1);
        char *text = memmem(bytes.data, bytes.bytes, put.record.finish_reason, ROOM - 1);
        assert_non_null(text);
        memcpy(text - sizeof too_long, &too_long, sizeof too_long);
        seal_again(&bytes);
        assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOREIGN);
        buffer_fini(&bytes);
    }
}

static void a_payload_that_is_too_short_is_foreign(void **state)
{
    (void)state;
    struct buffer bytes;
    struct journal_record record;
    size_t size;
    put_some(&bytes);
    for (uint32_t payload_bytes = 0; payload_bytes < ALL_NUMBERS * 8; payload_bytes += 8) {
        bytes.bytes = HEAD_BYTES + payload_bytes;
        memcpy(bytes.data + LENGTH_PLACE, &payload_bytes, sizeof payload_bytes);
        seal_again(&bytes);
        assert_int_equal(read_at(buffer_slice(&bytes), &place, &record, &size), JOURNAL_FOREIGN);
    }
    buffer_fini(&bytes);
}

/* ---- what is a bug ---- */

static void put_with_kept_answer(void)
{
    static const struct kept_answer kept;
    struct buffer bytes;
    struct ledger_settlement settlement = some_settlement();
    settlement.kept = &kept;
    buffer_init(&bytes, BUFFER_MAX);
    journal_record_put_settlement(&bytes, &place, &settlement, 1);
}

static void put_without_room(void)
{
    struct buffer bytes;
    struct ledger_hold hold = some_hold();
    buffer_init(&bytes, 64);
    journal_record_put_hold(&bytes, &place, &hold, 1);
}

static void what_cannot_be_kept_whole_stops_the_program(void **state)
{
    (void)state;
    assert_true(aborts(put_with_kept_answer));
    assert_true(aborts(put_without_room));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_comes_back),
        cmocka_unit_test(a_settlement_comes_back),
        cmocka_unit_test(a_known_record_is_decoded),
        cmocka_unit_test(the_largest_settlement_fits),
        cmocka_unit_test(texts_of_any_length_come_back),
        cmocka_unit_test(records_follow_each_other),
        cmocka_unit_test(a_record_of_another_place_is_none),
        cmocka_unit_test(a_record_that_is_cut_is_none),
        cmocka_unit_test(a_record_of_which_a_bit_differs_is_none),
        cmocka_unit_test(a_record_that_is_torn_is_none),
        cmocka_unit_test(other_formats_and_kinds_are_foreign),
        cmocka_unit_test(older_formats_are_read),
        cmocka_unit_test(a_record_without_facts_is_read),
        cmocka_unit_test(each_fact_comes_back),
        cmocka_unit_test(a_fact_of_another_version_is_foreign),
        cmocka_unit_test(every_unit_comes_back),
        cmocka_unit_test(a_unit_of_another_version_is_foreign),
        cmocka_unit_test(a_text_that_does_not_fit_is_foreign),
        cmocka_unit_test(a_text_may_not_be_as_long_as_its_room),
        cmocka_unit_test(a_payload_that_is_too_short_is_foreign),
        cmocka_unit_test(what_cannot_be_kept_whole_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
