/* Where the records of a time stand in `usage`: nearly in the order of time, as each is written
 * when its call ends. */
#ifndef STORE_QUESTIONS_USAGE_PLACE_H
#define STORE_QUESTIONS_USAGE_PLACE_H

#include <stdint.h>

#include "store/engine/db.h"

/* The number of a record that begins before the time, and the next one does not; one below all if
 * none does. `last_seq` is the last record's. It looks at few records. */
int64_t usage_place_before(struct db *db, int64_t time_ms, int64_t last_seq);

#endif
