/* What the operator's pages show about the policies: which are in force, since when, from which
 * files, and why the last reload was refused. The main thread writes it, any thread reads it; a
 * mutex inside guards it. */
#ifndef SCRIPT_RELOAD_STATUS_H
#define SCRIPT_RELOAD_STATUS_H

#include "base/buffer.h"
#include "base/fault.h"
#include "script/policy_files.h"

struct reload_status;

struct reload_status *reload_status_new(const char *folder); /* keeps the pointer `folder` */
void reload_status_free(struct reload_status *status);
/* The files are in force from now on. */
void reload_status_accept(struct reload_status *status, struct policy_files *files);
/* A reload was refused; the message may begin with "file.lua:12: ". */
void reload_status_refuse(struct reload_status *status, const struct fault *fault);

struct reload_facts {
    char revision[65];
    int64_t loaded_ms;
    int64_t refused_ms; /* 0: no reload was refused since then */
    char refusal[sizeof((struct fault *)0)->message];
};
void reload_status_read(struct reload_status *status, struct reload_facts *out);
/* Writes JSON: {revision, loaded_at, folder, files: [{name, bytes, sha256}], pending (the folder's
 * files were written since they were loaded), refused: {at, message}} */
void reload_status_render(struct reload_status *status, struct buffer *out);

#endif
