/* The bytes of one generation of policies, read once: every worker builds its VM from the same
 * bytes. Their SHA-256 is the revision in each usage record. They do not change after reading, and
 * the reference count is atomic, so threads may share them. */
#ifndef SCRIPT_POLICY_FILES_H
#define SCRIPT_POLICY_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/sha256.h"
#include "base/slice.h"

/* providers, models, margins, routes, limits, examples; optional: catalog, payments */
enum { POLICY_FILE_COUNT = 8 };

struct policy_file {
    const char *name;  /* "providers.lua" */
    struct slice text; /* owned by the policy_files; data is NULL: there is no such file */
    char sha256[SHA256_HEX_BYTES];
};

struct policy_files;

/* Reads the files of `folder`; the optional ones may be missing. Returns NULL with *fault (code
 * "policy_invalid"; the message names the file and what to do) when a file is missing, too large,
 * or changes during the reading. */
struct policy_files *policy_files_read(const char *folder, struct fault *fault);
struct policy_files *policy_files_ref(struct policy_files *files);
void policy_files_unref(struct policy_files *files);

const struct policy_file *policy_files_get(const struct policy_files *files, size_t index);
const char *policy_files_revision(const struct policy_files *files); /* 64 hex digits */

/* Names the state of the folder's files without reading them: another number when one was written,
 * replaced or removed. */
uint64_t policy_files_stamp(const char *folder);
/* The same from just before these were read. */
uint64_t policy_files_read_stamp(const struct policy_files *files);

#endif
