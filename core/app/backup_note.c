#include "app/backup_note.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { PATH_BYTES = 1024 };

/* Returns false if the path is too long. */
static bool path_of(const char *database, const char *end, char out[PATH_BYTES])
{
    int bytes = snprintf(out, PATH_BYTES, "%s-backup%s", database, end);
    return bytes > 0 && bytes < PATH_BYTES;
}

void backup_note_write(const char *database, const char *target)
{
    char path[PATH_BYTES], fresh[PATH_BYTES], when[CLOCK_TEXT_BYTES];
    if (!path_of(database, "", path) || !path_of(database, ".new", fresh))
        return;
    FILE *file = fopen(fresh, "we");
    if (file == NULL)
        return;
    bool written = fprintf(file, "%s %s\n", clock_format(clock_wall_ms(), when), target) > 0;
    if (fclose(file) == 0 && written)
        (void)rename(fresh, path);
    else
        (void)remove(fresh);
}

bool backup_note_read(const char *database, struct backup_note *out)
{
    char path[PATH_BYTES], line[sizeof out->path + CLOCK_TEXT_BYTES];
    if (!path_of(database, "", path))
        return false;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    char *space = read ? strchr(line, ' ') : NULL;
    if (space == NULL)
        return false;
    *space = '\0';
    snprintf(out->path, sizeof out->path, "%.*s", (int)strcspn(space + 1, "\n"), space + 1);
    return clock_parse(line, &out->made_ms);
}
