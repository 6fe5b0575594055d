/* Time zones under their usual names: a viewer's days begin at local midnight. Zones are read from
 * the system's database (package tzdata: RFC 9636) each time, so that an update needs no
 * restart. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/zone_rule.h"

enum { ZONE_TEXT_BYTES = 64, ZONE_LOCAL_TEXT_BYTES = 32 };

struct zone {
    size_t count;
    int64_t *at_s;      /* when the clocks were set, ascending */
    int32_t *offsets_s; /* how far ahead of UTC they are from then on */
    int32_t first_offset_s;
    struct zone_rule rule; /* applies after the last of them, if has_rule */
    bool has_rule;
};

/* `text`: a name ("Asia/Kolkata"), minutes ahead of UTC in quarters of an hour ("330", "-210"), or
 * "" for UTC. On false *fault says what is wrong, and nothing needs to be freed. Reads a file. */
bool zone_load(const char *text, struct zone *out, struct fault *fault);
void zone_fini(struct zone *zone);

/* A zone as a block of bytes that can be copied: for rules that live in blocks themselves. Returns
 * the bytes that it takes, a multiple of 8; 0: more than `room_bytes`, or ZONE_PACKED_BYTES. */
enum { ZONE_PACKED_BYTES = 16 * 1024 };
size_t zone_pack(const struct zone *zone, void *room, size_t room_bytes);
/* Borrows the block, which is aligned to 8 bytes; *out needs no zone_fini. */
void zone_unpack(const void *packed, struct zone *out);

int32_t zone_offset_s(const struct zone *zone, int64_t utc_ms);
/* The local date, as days since 1970-01-01. */
int64_t zone_day(const struct zone *zone, int64_t utc_ms);
/* The local minute of the week, from Monday 00:00 on. */
int zone_week_minute(const struct zone *zone, int64_t utc_ms);
/* Returns whether this hour of UTC has two local dates, or the clocks are set within it. */
bool zone_splits_hour(const struct zone *zone, int64_t hour);
/* The UTC time at which the local date begins. */
int64_t zone_day_begins_ms(const struct zone *zone, int64_t day);
/* The local time for spreadsheets: "2026-11-29 16:51:37". Returns `out`. */
const char *zone_format(const struct zone *zone, int64_t utc_ms, char out[ZONE_LOCAL_TEXT_BYTES]);

#endif
