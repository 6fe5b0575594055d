/* A record of the ledger's journal: bytes that another version or a bad disk left there are read
 * within their bounds; what was read can be written, and is read again as it was. */
#include "fuzz.h"

#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "store/journal/journal_record.h"

enum { HEAD_BYTES = 24, UNIT = 8, GENERATION = 7 };

static const struct journal_place place = {
    .salt = 0x1122334455667788, .generation = GENERATION, .offset = 4096};

static void add_to_sum(uint32_t sum[2], const void *data, size_t bytes)
{
    uint32_t words[2];
    for (size_t i = 0; i + UNIT <= bytes; i += UNIT) {
        memcpy(words, (const char *)data + i, sizeof words);
        sum[0] += words[0] + sum[1];
        sum[1] += words[1] + sum[0];
    }
}

/* Gives the record its length and its check sum, or nothing would ever get past them. */
static void seal(char *record, size_t bytes)
{
    uint32_t sum[2] = {0, 0};
    uint64_t generation = place.generation;
    uint32_t payload_bytes = (uint32_t)(bytes - HEAD_BYTES);
    memcpy(record + 8, &generation, sizeof generation);
    memcpy(record + 16, &payload_bytes, sizeof payload_bytes);
    add_to_sum(sum, (const uint64_t[]){place.salt, place.generation, place.offset}, 24);
    add_to_sum(sum, record + 8, bytes - 8);
    uint64_t both = (uint64_t)sum[0] << 32 | sum[1];
    memcpy(record, &both, sizeof both);
}

static void put(struct buffer *out, const struct journal_record *record)
{
    if (record->kind == JOURNAL_HOLD)
        journal_record_put_hold(out, &place, &record->as.hold, record->committed_ms);
    else if (record->kind == JOURNAL_SETTLEMENT)
        journal_record_put_settlement(out, &place, &record->as.settlement, record->committed_ms);
    else
        journal_record_put_seal(out, &place);
}

static void check_again(const struct journal_record *record)
{
    struct journal_record read = {0};
    struct buffer first, second;
    size_t size;
    buffer_init(&first, JOURNAL_RECORD_BYTES_MAX);
    buffer_init(&second, JOURNAL_RECORD_BYTES_MAX);
    put(&first, record);
    check(journal_record_read(buffer_slice(&first), &place, &read, &size) == JOURNAL_FOUND);
    check(size == first.bytes && read.kind == record->kind);
    put(&second, &read);
    check(first.bytes == second.bytes && memcmp(first.data, second.data, first.bytes) == 0);
    buffer_fini(&first);
    buffer_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char copy[JOURNAL_RECORD_BYTES_MAX];
    struct journal_record record = {0};
    struct slice text = {(const char *)data, bytes};
    size_t size = 0;
    check(journal_record_read(text, &place, &record, &size) != JOURNAL_FOUND || size <= bytes);
    bytes -= bytes % UNIT;
    if (bytes < HEAD_BYTES || bytes > sizeof copy)
        return 0;
    memcpy(copy, data, bytes);
    seal(copy, bytes);
    text = (struct slice){copy, bytes};
    if (journal_record_read(text, &place, &record, &size) == JOURNAL_FOUND) {
        check(size == bytes);
        check_again(&record);
    }
    return 0;
}
