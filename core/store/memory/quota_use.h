/* What is used and held of a quota in a period. The present period has its former ones behind it:
 * the one before, because a call that came in it may be late, and those in which calls still hold.
 *
 * Not for several threads at once: the shard's mutex guards it (quota_book.h). */
#ifndef STORE_MEMORY_QUOTA_USE_H
#define STORE_MEMORY_QUOTA_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/quotas.h"

/* What was settled in a generation of the journal. */
struct settled {
    uint64_t generation;
    int64_t amount;
};

struct quota_use {
    struct quota_use *former; /* an earlier period, or NULL */
    size_t takers;            /* claims that hold in it */
    int64_t start_ms;         /* -1: none */
    int64_t end_ms;
    int64_t base;              /* by the tables */
    struct settled settled[2]; /* beyond them: the present generation, and the one before */
    int64_t held;
};

/* No period yet: the first moment begins one. */
struct quota_use *quota_use_new(void);
/* With all former ones. */
void quota_use_free(struct quota_use *now);
/* Begins a new period in the place of *now, if one has begun, and says so. A clock that was set
 * back begins none. */
bool quota_use_advance(struct quota_use **now, enum quota_period period, int64_t at_ms);
/* The period of the moment; of one that is not kept, the present one. */
struct quota_use *quota_use_at(struct quota_use *now, int64_t at_ms);
/* That began then; NULL: it is not kept. */
struct quota_use *quota_use_from(struct quota_use *now, int64_t start_ms);
bool quota_use_covers(const struct quota_use *use, int64_t at_ms);

int64_t quota_use_used(const struct quota_use *use);
/* Of what is neither used nor held. */
int64_t quota_use_left(const struct quota_use *use, int64_t limit);
/* `generation`: of the journal that has it; 0: the tables have it. */
void quota_use_add(struct quota_use *use, int64_t amount, uint64_t generation);

#endif
