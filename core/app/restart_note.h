/* Which settings of gateway.conf wait for a restart since the last reload, for `status` and
 * `doctor`. The main thread writes it, any thread reads it; a mutex inside guards it. */
#ifndef APP_RESTART_NOTE_H
#define APP_RESTART_NOTE_H

#include "app/config.h"

struct restart_note;

struct restart_note *restart_note_new(void); /* empty */
void restart_note_free(struct restart_note *note);
/* Copies names as of config_apply_reloadable. */
void restart_note_set(struct restart_note *note, const char names[CONFIG_NAMES_BYTES]);
void restart_note_read(struct restart_note *note, char out[CONFIG_NAMES_BYTES]);

#endif
