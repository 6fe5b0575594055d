#include "app/environment_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

enum { LINE_BYTES = 64 * 1024 }; /* a key of a service account is a file of JSON */

static bool is_name(const char *name)
{
    size_t bytes = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    return bytes > 0 && name[bytes] == '\0' && isdigit((unsigned char)name[0]) == 0;
}

static char *trim(char *text)
{
    size_t bytes = strlen(text);
    while (bytes > 0 && isspace((unsigned char)text[bytes - 1]) != 0)
        text[--bytes] = '\0';
    while (isspace((unsigned char)*text) != 0)
        text++;
    return text;
}

/* Takes the quotes away in place, in double quotes also backslashes. False: the text does not end
 * with its quote, or goes on in the next line. */
static bool unquote(char *value)
{
    const char *in = value + 1;
    char *out = value;
    char quote = value[0];
    if (quote != '"' && quote != '\'')
        return value[0] == '\0' || value[strlen(value) - 1] != '\\';
    while (*in != '\0' && *in != quote) {
        if (quote == '"' && in[0] == '\\' && in[1] != '\0' && strchr("\"\\$`", in[1]) != NULL)
            in++;
        *out++ = *in++;
    }
    bool ended = in[0] == quote && in[1] == '\0';
    *out = '\0';
    return ended;
}

/* Takes one line; false: it is no NAME=value. */
static bool take_line(char *text)
{
    char *name = trim(text);
    char *equals = strchr(name, '=');
    if (name[0] == '\0' || name[0] == '#' || name[0] == ';')
        return true;
    if (equals == NULL)
        return false;
    *equals = '\0';
    char *value = trim(equals + 1);
    return is_name(name) && unquote(value) && setenv(name, value, 0) == 0;
}

static void read_lines(FILE *file, struct environment_file *out)
{
    static char line[LINE_BYTES];
    for (unsigned number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        if (!take_line(line) && out->bad_line == 0)
            out->bad_line = number;
    }
    secret_wipe(line, sizeof line);
}

void environment_file_read(const char *config_path, struct environment_file *out)
{
    *out = (struct environment_file){.bad_line = 0};
    if (config_path == NULL)
        return;
    const char *slash = strrchr(config_path, '/');
    int folder_bytes = slash != NULL ? (int)(slash + 1 - config_path) : 0;
    int bytes = snprintf(out->path, sizeof out->path, "%.*senvironment", folder_bytes, config_path);
    errno = 0;
    FILE *file = bytes < (int)sizeof out->path ? fopen(out->path, "re") : NULL;
    if (file != NULL) {
        read_lines(file, out);
        fclose(file);
        return;
    }
    out->unreadable = errno == EACCES;
    if (!out->unreadable)
        out->path[0] = '\0';
}
