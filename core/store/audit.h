/* For auditors: checks of the ledger beside store_verify (store.h). Each works on a read-only
 * handle of its own, also while a server runs. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/fault.h"

/* Appends every number of an exchange's charge as text for people: tokens, prices, cost, margin,
 * sell, rounding, hold, charge, overrun, refunds, transfers. Cost, charge and transfers are
 * computed again from tokens and prices. False: *fault is "not_found", "ledger_differs" (the text
 * is there and says what differs), or why the database cannot be read. */
bool store_explain(const char *path, const char *exchange_id, struct buffer *out,
                   struct fault *fault);

/* Makes a copy of the database at `target`: one complete file with what was committed at one
 * moment, while a server goes on. The copy is written to TARGET.part (mode 0600), opened again,
 * verified (SQLite's integrity check, store_verify) and synced; only then it gets its name. False:
 * there is no copy, and *fault says why ("exists": target or TARGET.part exists already). `report`
 * gets a line for each difference. */
bool store_backup(const char *path, const char *target, struct buffer *report, struct fault *fault);

/* Appends the groups (of user, invitation, vouchers) and the models (of quota, key) that the
 * database names, one per line: "user 12 vip", "quota 3 gpt-4". */
bool store_policy_names(const char *path, struct buffer *out, struct fault *fault);

struct export_options {
    FILE *out;
    bool csv;        /* RFC 4180; texts are quoted and safe in spreadsheets; else JSON lines */
    int64_t from_ms; /* inclusive */
    int64_t to_ms;   /* exclusive */
};
/* Writes all present transfers, one per line, in the order of their numbers; memory is bounded. A
 * settlement's transfers have no id of their own; kind and exchange name them. */
bool store_export(const char *path, const struct export_options *options, struct fault *fault);

#endif
