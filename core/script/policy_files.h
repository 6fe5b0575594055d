/* The bytes of one generation of policies, read once: every worker builds its VM from the same
 * bytes, and the revision that is written into each usage record is their SHA-256. Immutable after
 * reading; reference counted (atomic), so it may be shared between threads. */
#ifndef SCRIPT_POLICY_FILES_H
#define SCRIPT_POLICY_FILES_H

#include <stddef.h>

#include "base/fault.h"
#include "base/sha256.h"
#include "base/slice.h"

enum { POLICY_FILE_COUNT = 6 }; /* providers, models, margins, routes, limits, examples */

struct policy_file {
    const char *name;  /* "providers.lua" */
    struct slice text; /* owned by the policy_files */
    char sha256[SHA256_HEX_BYTES];
};

struct policy_files;

/* Reads the six files of `folder`. A missing file, one that is too large or changes while it is
 * read: NULL and *fault (code "policy_invalid", message names the file and what to do). */
struct policy_files *policy_files_read(const char *folder, struct fault *fault);
struct policy_files *policy_files_ref(struct policy_files *files);
void policy_files_unref(struct policy_files *files);

const struct policy_file *policy_files_get(const struct policy_files *files, size_t index);
const char *policy_files_revision(const struct policy_files *files); /* 64 hex digits */

#endif
