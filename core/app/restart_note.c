#include "app/restart_note.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct restart_note {
    pthread_mutex_t lock;
    char names[CONFIG_NAMES_BYTES];
};

struct restart_note *restart_note_new(void)
{
    struct restart_note *note = calloc(1, sizeof *note);
    check(note != NULL && pthread_mutex_init(&note->lock, NULL) == 0);
    return note;
}

void restart_note_free(struct restart_note *note)
{
    if (note == NULL)
        return;
    pthread_mutex_destroy(&note->lock);
    free(note);
}

static void copy(struct restart_note *note, char to[CONFIG_NAMES_BYTES],
                 const char from[CONFIG_NAMES_BYTES])
{
    pthread_mutex_lock(&note->lock);
    memcpy(to, from, strlen(from) + 1);
    pthread_mutex_unlock(&note->lock);
}

void restart_note_set(struct restart_note *note, const char names[CONFIG_NAMES_BYTES])
{
    copy(note, note->names, names);
}

void restart_note_read(struct restart_note *note, char out[CONFIG_NAMES_BYTES])
{
    copy(note, out, note->names);
}
