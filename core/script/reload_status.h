/* What the operator is told about his policies: which are in force, since when, from which files,
 * and why the last reload was refused. Written by the main thread, read by any; guarded by a mutex
 * inside. */
#ifndef SCRIPT_RELOAD_STATUS_H
#define SCRIPT_RELOAD_STATUS_H

#include "base/buffer.h"
#include "base/fault.h"
#include "script/policy_files.h"

struct reload_status;

struct reload_status *reload_status_new(const char *folder); /* keeps the text */
void reload_status_free(struct reload_status *status);
/* These are in force from now on. */
void reload_status_accept(struct reload_status *status, struct policy_files *files);
/* A reload was refused; the message may begin with "file.lua:12: ". */
void reload_status_refuse(struct reload_status *status, const struct fault *fault);
/* JSON: {revision, loaded_at, folder, files: [{name, bytes, sha256}], refused: {at, message}} */
void reload_status_render(struct reload_status *status, struct buffer *out);

#endif
