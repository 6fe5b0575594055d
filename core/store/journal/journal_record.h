/* The records of the ledger's journal (journal.h) as bytes: a hold, a settlement, or the seal
 * behind the last record of a generation. Numbers as this machine has them: a journal is read by
 * the machine, and by the format, that wrote it.
 *
 *   8 bytes  check sum over salt, generation, place, the rest of the head and the payload
 *   8 bytes  generation
 *   4 bytes  length of the payload, a multiple of 8
 *   2 bytes  format
 *   2 bytes  kind
 *   payload  numbers of 8 bytes; texts with a length of 2 bytes before them; zeros
 *
 * Plain functions; any thread. */
#ifndef STORE_JOURNAL_JOURNAL_RECORD_H
#define STORE_JOURNAL_JOURNAL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "store/ledger.h"

/* The numbers stand in the journal: none may change (journal_record.c holds them). */
enum journal_kind { JOURNAL_HOLD = 1, JOURNAL_SETTLEMENT = 2, JOURNAL_SEAL = 3 };

/* `bytes_max` of a record, its head included: no settlement needs more. */
enum { JOURNAL_RECORD_BYTES_MAX = 2048 };

/* Where a record stands; part of its check sum, so that nothing old is ever taken for it. */
struct journal_place {
    uint64_t salt; /* of the database */
    uint64_t generation;
    uint64_t offset; /* in its generation */
};

struct journal_record {
    enum journal_kind kind;
    int64_t committed_ms; /* wall */
    union {
        struct ledger_hold hold;
        struct ledger_settlement settlement; /* without a kept answer */
    } as;
};

/* Appends one; the buffer has room for JOURNAL_RECORD_BYTES_MAX. */
void journal_record_put_hold(struct buffer *out, const struct journal_place *place,
                             const struct ledger_hold *hold, int64_t committed_ms);
void journal_record_put_settlement(struct buffer *out, const struct journal_place *place,
                                   const struct ledger_settlement *settlement,
                                   int64_t committed_ms);
void journal_record_put_seal(struct buffer *out, const struct journal_place *place);

enum journal_found {
    JOURNAL_FOUND,
    JOURNAL_END,    /* what stands here is no record of this generation, or was not written whole */
    JOURNAL_FOREIGN /* a whole record, of a format that this version does not read */
};
/* What the head at the start of `bytes` says; not checked. */
uint64_t journal_record_generation(struct slice bytes);
/* Reads the record at the start of `bytes`; *size is its length. The texts are copied. */
enum journal_found journal_record_read(struct slice bytes, const struct journal_place *place,
                                       struct journal_record *out, size_t *size);

#endif
