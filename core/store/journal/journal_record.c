#include "store/journal/journal_record.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"

/* Format 1 had no `sold` prices: a settlement had only the buy prices. Format 2 had three units:
 * input, cached input, output. Format 3 had no facts. */
enum {
    FORMAT_FIRST = 1,
    FORMAT_SOLD = 2,
    FORMAT_LINES = 3,
    FORMAT_FACTS = 4,
    FORMAT = 4,
    WORD = 8
};

/* Which facts a settlement has: a bit for each word, and these. */
enum {
    TOLD_COST = 1 << USAGE_WORDS,
    TOLD_SOLD_BY_COST = 2 << USAGE_WORDS,
    TOLD_CANARY_SHIFT = 16, /* the number of its attempts has this place, and these bits */
    TOLD_CANARY_MASK = 0xff,
    TOLD_EXCESS = 1 << 24,
    TOLD_ALL = 2 * TOLD_SOLD_BY_COST - 1 + (TOLD_CANARY_MASK << TOLD_CANARY_SHIFT) + TOLD_EXCESS
};

/* Records on disks have these numbers. A new kind, source or unit takes the next number. */
_Static_assert(JOURNAL_HOLD == 1 && JOURNAL_SETTLEMENT == 2 && JOURNAL_SEAL == 3,
               "numbers on disk");
_Static_assert(USAGE_NONE == 0 && USAGE_REPORTED == 1 && USAGE_ESTIMATED == 2 &&
                   USAGE_PARTIAL == 3 && USAGE_CORRECTED == 4 && USAGE_MEASURED == 5,
               "numbers on disk");
_Static_assert(UNIT_INPUT == 0 && UNIT_CACHED_INPUT == 1 && UNIT_OUTPUT == 2 &&
                   UNIT_CACHE_WRITE == 3 && UNIT_CACHE_WRITE_LONG == 4 && UNIT_AUDIO_INPUT == 5 &&
                   UNIT_IMAGE_INPUT == 6 && UNIT_REASONING == 7 && UNIT_AUDIO_OUTPUT == 8 &&
                   UNIT_IMAGE_OUTPUT == 9 && UNIT_WEB_SEARCH == 10 && UNIT_REQUEST == 11 &&
                   UNIT_CACHED_AUDIO_INPUT == 12 && UNIT_CACHED_IMAGE_INPUT == 13 &&
                   UNIT_IMAGE == 14 && UNIT_SECOND == 15 && UNIT_CHARACTER == 16 &&
                   UNIT_PAGE == 17 && UNIT_SESSION == 18 && UNIT_FILE_SEARCH == 19 &&
                   UNIT_MAPS_SEARCH == 20,
               "numbers on disk");

_Static_assert(USAGE_SERVICE_TIER == 0 && USAGE_SPEED == 1 && USAGE_REGION == 2 &&
                   USAGE_CHOICE == 3 && USAGE_SEARCH_CONTEXT == 4 && USAGE_SIZE == 5 &&
                   USAGE_QUALITY == 6 && USAGE_RESOLUTION == 7 && USAGE_WORDS == 8,
               "numbers on disk");

struct head {
    uint64_t sum;
    uint64_t generation;
    uint32_t payload_bytes;
    uint16_t format;
    uint16_t kind;
};
_Static_assert(sizeof(struct head) == 24, "bytes on disk");

/* ---- check sums ---- */

/* Like the check sums of SQLite's log (https://www.sqlite.org/fileformat2.html#checksum_algorithm):
 * detects what was torn or never written. `bytes` is a multiple of 8. */
static void add_to_sum(uint32_t sum[2], const void *data, size_t bytes)
{
    const unsigned char *end = (const unsigned char *)data + bytes;
    uint32_t first = sum[0]; /* copies stay in registers */
    uint32_t second = sum[1];
    for (const unsigned char *at = data; at < end; at += WORD) {
        uint32_t word[2];
        memcpy(word, at, sizeof word);
        first += word[0] + second;
        second += word[1] + first;
    }
    sum[0] = first;
    sum[1] = second;
}

static uint64_t sum_of(const struct head *head, const struct journal_place *place,
                       const void *payload)
{
    const uint64_t where[] = {place->salt, place->generation, place->offset};
    uint32_t sum[2] = {0, 0};
    add_to_sum(sum, where, sizeof where);
    add_to_sum(sum, (const char *)head + sizeof head->sum, sizeof *head - sizeof head->sum);
    add_to_sum(sum, payload, head->payload_bytes);
    return (uint64_t)sum[0] << 32 | sum[1];
}

/* ---- writing ---- */

static void put_int(struct buffer *out, int64_t number)
{
    buffer_append(out, &number, sizeof number);
}

static void put_text(struct buffer *out, const char *text)
{
    size_t bytes = strlen(text);
    uint16_t length = (uint16_t)bytes;
    check(bytes <= UINT16_MAX);
    buffer_append(out, &length, sizeof length);
    buffer_append(out, text, bytes);
}

static size_t begin(struct buffer *out)
{
    static const struct head none;
    size_t start = out->bytes;
    buffer_append(out, &none, sizeof none); /* set by `finish` */
    return start;
}

static void finish(struct buffer *out, size_t start, const struct journal_place *place,
                   enum journal_kind kind)
{
    static const char zeros[WORD];
    struct head head = {.generation = place->generation, .format = FORMAT, .kind = (uint16_t)kind};
    buffer_append(out, zeros, (WORD - (out->bytes - start) % WORD) % WORD);
    check(!out->failed && out->bytes - start <= JOURNAL_RECORD_BYTES_MAX);
    head.payload_bytes = (uint32_t)(out->bytes - start - sizeof head);
    head.sum = sum_of(&head, place, out->data + start + sizeof head);
    memcpy(out->data + start, &head, sizeof head);
}

void journal_record_put_hold(struct buffer *out, const struct journal_place *place,
                             const struct ledger_hold *hold, int64_t committed_ms)
{
    size_t start = begin(out);
    put_int(out, committed_ms);
    put_int(out, hold->amount_nusd);
    put_int(out, hold->created_ms);
    put_int(out, hold->expires_ms);
    put_text(out, hold->exchange_id.text);
    put_text(out, hold->account_id.text);
    put_text(out, hold->key_id.text);
    finish(out, start, place, JOURNAL_HOLD);
}

/* A line of the record's price: the three usual units have one in each record, for their prices. */
static bool has_line(const struct usage_record *record, enum unit unit)
{
    return unit <= UNIT_OUTPUT || record->counts.of[unit] != 0;
}

static void put_lines(struct buffer *out, const struct usage_record *record)
{
    int64_t numbers[1 + 4 * UNIT_COUNT];
    int64_t *at = numbers + 1;
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (!has_line(record, unit))
            continue;
        *at++ = unit;
        *at++ = record->counts.of[unit];
        *at++ = record->prices.of[unit];
        *at++ = record->sold.of[unit];
    }
    numbers[0] = (at - numbers) / 4;
    buffer_append(out, numbers, (size_t)(at - numbers) * sizeof numbers[0]);
}

static void put_facts(struct buffer *out, const struct usage_record *record)
{
    const struct usage_facts *facts = &record->facts;
    int64_t told = (record->excess_tokens != 0 ? TOLD_EXCESS : 0) |
                   (facts->cost_stated ? TOLD_COST : 0) |
                   (facts->cost_stated && facts->sold_by_cost ? TOLD_SOLD_BY_COST : 0) |
                   (int64_t)(facts->canary_attempts & TOLD_CANARY_MASK) << TOLD_CANARY_SHIFT;
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++)
        told |= (int64_t)(facts->words[word][0] != '\0') << word;
    put_int(out, told);
    if (told == 0)
        return;
    if (facts->cost_stated) {
        put_int(out, facts->stated_cost_nusd);
        put_int(out, facts->computed_cost_nusd);
    }
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++) {
        if (told >> word & 1)
            put_text(out, facts->words[word]);
    }
    if (record->excess_tokens != 0)
        put_int(out, record->excess_tokens);
}

void journal_record_put_settlement(struct buffer *out, const struct journal_place *place,
                                   const struct ledger_settlement *settlement, int64_t committed_ms)
{
    const struct usage_record *r = &settlement->record;
    const int64_t numbers[] = {committed_ms,
                               settlement->held_nusd,
                               settlement->extended_nusd,
                               settlement->voided,
                               r->status,
                               r->attempts,
                               r->streamed,
                               r->source,
                               r->reasoning_tokens,
                               r->margin_ppm,
                               r->cost_nusd,
                               r->charge_nusd,
                               r->overrun_nusd,
                               r->created_ms,
                               r->first_byte_us,
                               r->total_us};
    const char *const texts[] = {r->exchange_id.text, r->account_id.text, r->user_id.text,
                                 r->key_id.text,      r->model,           r->provider,
                                 r->provider_model,   r->policy_revision, r->error_code,
                                 r->finish_reason};
    size_t start = begin(out);
    check(!settlement->kept && !settlement->objects && !settlement->turn);
    buffer_append(out, numbers, sizeof numbers);
    put_lines(out, r);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        put_text(out, texts[i]);
    put_facts(out, r);
    finish(out, start, place, JOURNAL_SETTLEMENT);
}

void journal_record_put_seal(struct buffer *out, const struct journal_place *place)
{
    finish(out, begin(out), place, JOURNAL_SEAL);
}

/* ---- reading ---- */

struct reader {
    const char *at;
    const char *end;
    bool failed;
};

static int64_t get_int(struct reader *reader)
{
    int64_t number = 0;
    if ((size_t)(reader->end - reader->at) < sizeof number) {
        reader->failed = true;
        return 0;
    }
    memcpy(&number, reader->at, sizeof number);
    reader->at += sizeof number;
    return number;
}

static void get_text(struct reader *reader, char *out, size_t out_bytes)
{
    uint16_t length = 0;
    size_t left = (size_t)(reader->end - reader->at);
    if (left >= sizeof length)
        memcpy(&length, reader->at, sizeof length);
    if (left < sizeof length + length || length >= out_bytes) {
        reader->failed = true;
        return;
    }
    memcpy(out, reader->at + sizeof length, length);
    out[length] = '\0';
    reader->at += sizeof length + length;
}

static void get_id(struct reader *reader, struct id *out)
{
    get_text(reader, out->text, sizeof out->text);
}

static void read_hold(struct reader *reader, struct journal_record *out)
{
    struct ledger_hold *hold = &out->as.hold;
    *hold = (struct ledger_hold){0};
    out->committed_ms = get_int(reader);
    hold->amount_nusd = get_int(reader);
    hold->created_ms = get_int(reader);
    hold->expires_ms = get_int(reader);
    get_id(reader, &hold->exchange_id);
    get_id(reader, &hold->account_id);
    get_id(reader, &hold->key_id);
}

static void read_lines(struct reader *reader, struct usage_record *record)
{
    int64_t lines = get_int(reader);
    for (int64_t i = 0; i < lines && !reader->failed; i++) {
        int64_t unit = get_int(reader);
        if (unit < 0 || unit >= UNIT_COUNT) {
            reader->failed = true;
            return;
        }
        record->counts.of[unit] = get_int(reader);
        record->prices.of[unit] = get_int(reader);
        record->sold.of[unit] = get_int(reader);
    }
}

static void read_sums(struct reader *reader, struct usage_record *record)
{
    record->margin_ppm = get_int(reader);
    record->cost_nusd = get_int(reader);
    record->charge_nusd = get_int(reader);
    record->overrun_nusd = get_int(reader);
    record->created_ms = get_int(reader);
    record->first_byte_us = get_int(reader);
    record->total_us = get_int(reader);
}

/* The numbers of formats 1 and 2. */
static void read_old_numbers(struct reader *reader, unsigned format, struct usage_record *record)
{
    for (enum unit unit = UNIT_INPUT; unit <= UNIT_OUTPUT; unit++)
        record->counts.of[unit] = get_int(reader);
    record->reasoning_tokens = get_int(reader);
    for (enum unit unit = UNIT_INPUT; unit <= UNIT_OUTPUT; unit++)
        record->prices.of[unit] = get_int(reader);
    read_sums(reader, record);
    record->sold = record->prices;
    for (enum unit unit = UNIT_INPUT; format >= FORMAT_SOLD && unit <= UNIT_OUTPUT; unit++)
        record->sold.of[unit] = get_int(reader);
}

static void read_numbers(struct reader *reader, struct usage_record *record)
{
    record->reasoning_tokens = get_int(reader);
    read_sums(reader, record);
    read_lines(reader, record);
}

static void read_facts(struct reader *reader, struct usage_record *record)
{
    struct usage_facts *facts = &record->facts;
    int64_t told = get_int(reader);
    if ((told & ~(int64_t)TOLD_ALL) != 0) {
        reader->failed = true; /* of another version */
        return;
    }
    facts->cost_stated = (told & TOLD_COST) != 0;
    facts->sold_by_cost = (told & TOLD_SOLD_BY_COST) != 0;
    facts->canary_attempts = (int32_t)(told >> TOLD_CANARY_SHIFT & TOLD_CANARY_MASK);
    if (facts->cost_stated) {
        facts->stated_cost_nusd = get_int(reader);
        facts->computed_cost_nusd = get_int(reader);
    }
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++) {
        if (told >> word & 1)
            get_text(reader, facts->words[word], sizeof facts->words[word]);
    }
    if ((told & TOLD_EXCESS) != 0)
        record->excess_tokens = get_int(reader);
}

static void read_settlement(struct reader *reader, unsigned format, struct journal_record *out)
{
    struct ledger_settlement *settlement = &out->as.settlement;
    struct usage_record *r = &settlement->record;
    *settlement = (struct ledger_settlement){0};
    out->committed_ms = get_int(reader);
    settlement->held_nusd = get_int(reader);
    settlement->extended_nusd = get_int(reader);
    settlement->voided = get_int(reader) != 0;
    r->status = (int32_t)get_int(reader);
    r->attempts = (int32_t)get_int(reader);
    r->streamed = get_int(reader) != 0;
    r->source = (enum usage_source)get_int(reader);
    if (format >= FORMAT_LINES)
        read_numbers(reader, r);
    else
        read_old_numbers(reader, format, r);
    get_id(reader, &r->exchange_id);
    get_id(reader, &r->account_id);
    get_id(reader, &r->user_id);
    get_id(reader, &r->key_id);
    get_text(reader, r->model, sizeof r->model);
    get_text(reader, r->provider, sizeof r->provider);
    get_text(reader, r->provider_model, sizeof r->provider_model);
    get_text(reader, r->policy_revision, sizeof r->policy_revision);
    get_text(reader, r->error_code, sizeof r->error_code);
    get_text(reader, r->finish_reason, sizeof r->finish_reason);
    if (format >= FORMAT_FACTS)
        read_facts(reader, r);
}

uint64_t journal_record_generation(struct slice bytes)
{
    struct head head;
    check(bytes.bytes >= sizeof head);
    memcpy(&head, bytes.data, sizeof head);
    return head.generation;
}

static enum journal_found decode(const struct head *head, const char *payload,
                                 struct journal_record *out)
{
    struct reader reader = {payload, payload + head->payload_bytes, false};
    if (head->format < FORMAT_FIRST || head->format > FORMAT)
        return JOURNAL_FOREIGN;
    out->kind = (enum journal_kind)head->kind;
    if (out->kind == JOURNAL_HOLD)
        read_hold(&reader, out);
    else if (out->kind == JOURNAL_SETTLEMENT)
        read_settlement(&reader, head->format, out);
    else if (out->kind != JOURNAL_SEAL)
        return JOURNAL_FOREIGN;
    return reader.failed ? JOURNAL_FOREIGN : JOURNAL_FOUND;
}

enum journal_found journal_record_read(struct slice bytes, const struct journal_place *place,
                                       struct journal_record *out, size_t *size)
{
    struct head head;
    if (bytes.bytes < sizeof head)
        return JOURNAL_END;
    memcpy(&head, bytes.data, sizeof head);
    if (head.generation != place->generation || head.payload_bytes % WORD ||
        head.payload_bytes > bytes.bytes - sizeof head ||
        head.sum != sum_of(&head, place, bytes.data + sizeof head))
        return JOURNAL_END;
    *size = sizeof head + head.payload_bytes;
    return decode(&head, bytes.data + sizeof head, out);
}

size_t journal_record_decode(struct slice bytes, struct journal_record *out)
{
    struct head head;
    check(bytes.bytes >= sizeof head);
    memcpy(&head, bytes.data, sizeof head);
    check(head.payload_bytes <= bytes.bytes - sizeof head);
    check(decode(&head, bytes.data + sizeof head, out) == JOURNAL_FOUND);
    return sizeof head + head.payload_bytes;
}
