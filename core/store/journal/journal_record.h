/* The records of the ledger's journal (journal.h) as bytes: a hold, a settlement, or the seal after
 * the last record of a generation. Numbers have this machine's byte order: only the same machine
 * and format read a journal again.
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

/* These numbers are in journal files and must not change (journal_record.c asserts them). */
enum journal_kind { JOURNAL_HOLD = 1, JOURNAL_SETTLEMENT = 2, JOURNAL_SEAL = 3 };

/* The largest record with its head: no settlement needs more. */
enum { JOURNAL_RECORD_BYTES_MAX = 2048 };

/* The place of a record. It is part of the check sum, so that no old bytes pass as this record. */
struct journal_place {
    uint64_t salt; /* of the database */
    uint64_t generation;
    uint64_t offset; /* inside its generation */
};

struct journal_record {
    enum journal_kind kind;
    int64_t committed_ms; /* wall clock */
    union {
        struct ledger_hold hold;
        struct ledger_settlement settlement; /* never with a kept answer or objects */
    } as;
};

/* Appends a record. The buffer must have room for JOURNAL_RECORD_BYTES_MAX. */
void journal_record_put_hold(struct buffer *out, const struct journal_place *place,
                             const struct ledger_hold *hold, int64_t committed_ms);
void journal_record_put_settlement(struct buffer *out, const struct journal_place *place,
                                   const struct ledger_settlement *settlement,
                                   int64_t committed_ms);
void journal_record_put_seal(struct buffer *out, const struct journal_place *place);

enum journal_found {
    JOURNAL_FOUND,
    JOURNAL_END,    /* no record of this generation, or an incomplete one */
    JOURNAL_FOREIGN /* a whole record in a format that this version does not read */
};
/* The generation in the head at the start of `bytes`; not checked. */
uint64_t journal_record_generation(struct slice bytes);
/* Reads the record at the start of `bytes`; *size is its length. Copies the texts. */
enum journal_found journal_record_read(struct slice bytes, const struct journal_place *place,
                                       struct journal_record *out, size_t *size);
/* The same for a record that this process has put or read before; returns its length. */
size_t journal_record_decode(struct slice bytes, struct journal_record *out);

#endif
