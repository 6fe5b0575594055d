/* Sums of the records of a short time, by account. `hourly` has these sums, too, but an account's
 * hours lie with its other hours: to read them for each account takes some pages of the disk for
 * each. The records of the time lie together. On the reports threads; owned by the operation. */
#ifndef STORE_QUESTIONS_TIME_RECORDS_H
#define STORE_QUESTIONS_TIME_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/questions/groups.h"
#include "store/questions/spans.h"

/* How many records there are of these quarters, from `sales`. */
int64_t time_records_count(struct db *db, const struct quarters *time);
/* Adds all sums of the records of these quarters of an hour to the groups of their accounts, or
 * nothing. Returns false: there are more than `records_max`, or they do not lie together (there was
 * a very long call, or the clock was set). */
bool time_records_add(struct db *db, const struct quarters *time, int64_t records_max,
                      struct groups *groups);

#endif
