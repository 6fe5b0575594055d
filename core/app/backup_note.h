/* When the last verified backup was made, in a file beside the database (DATABASE-backup). */
#ifndef APP_BACKUP_NOTE_H
#define APP_BACKUP_NOTE_H

#include <stdbool.h>
#include <stdint.h>

struct backup_note {
    int64_t made_ms;
    char path[512]; /* may be cut */
};

/* Best effort: a backup without its note is as good. */
void backup_note_write(const char *database, const char *target);
/* Returns false if there is none. */
bool backup_note_read(const char *database, struct backup_note *out);

#endif
