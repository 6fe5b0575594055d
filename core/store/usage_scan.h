/* Reads the usage records of a time one after the other, in the order in which they were written,
 * for `replay` and `usage export`. It has a handle of its own that only reads, works beside a
 * server, and sees all that was charged before it began. It reads in pages: between them no
 * transaction is open, so a long run does not keep the server's log from beginning anew. Its memory
 * is bounded. One thread uses a scan. */
#ifndef STORE_USAGE_SCAN_H
#define STORE_USAGE_SCAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "store/usage.h"

struct usage_scan;

struct usage_scan_options {
    const char *path;             /* the database file */
    int64_t from_ms;              /* of created_ms, inclusive */
    int64_t to_ms;                /* exclusive */
    int64_t deadline_us;          /* monotonic; 0: none. Later the scan fails: "timeout" */
    const atomic_bool *cancelled; /* borrowed; NULL: nobody cancels. True: the scan fails soon */
};

/* Returns NULL with *fault: the database cannot be read. */
struct usage_scan *usage_scan_open(const struct usage_scan_options *options, struct fault *fault);
/* Fills *out. Returns false after the last record, and when the scan has failed:
 * usage_scan_sound tells. */
bool usage_scan_next(struct usage_scan *scan, struct usage_record *out);
/* Returns false with *fault if the scan has failed. */
bool usage_scan_sound(const struct usage_scan *scan, struct fault *fault);
void usage_scan_close(struct usage_scan *scan); /* NULL is allowed */

/* How far it is: the record numbers where it begins, stands and ends. */
struct usage_scan_place {
    int64_t first_seq;
    int64_t seq;
    int64_t last_seq;
};
void usage_scan_place(const struct usage_scan *scan, struct usage_scan_place *out);

/* The customer whose user has this id, as it is now; both texts are "" if there is none. */
struct usage_customer {
    char email[LIMIT_EMAIL_BYTES + 1];
    char group[32];
};
void usage_scan_customer(struct usage_scan *scan, const char *user_id, struct usage_customer *out);
/* The name of the key as it is now, cut to `bytes` with its end; "" if there is none. */
void usage_scan_key_name(struct usage_scan *scan, const char *key_id, char *out, size_t bytes);

#endif
