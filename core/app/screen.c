#include "app/screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/terminal_text.h"

enum { TEXT_BYTES_MAX = 16 * 1024 * 1024, USUAL_COLUMNS = 80, USUAL_ROWS = 24 };

/* By POSIX the first of these that is not empty says what characters there are. */
static bool locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && locale == NULL; i++) {
        const char *value = getenv(names[i]);
        locale = value != NULL && value[0] != '\0' ? value : NULL;
    }
    return locale != NULL &&
           (strcasestr(locale, "utf-8") != NULL || strcasestr(locale, "utf8") != NULL);
}

struct screen screen_look(void)
{
    const char *kind = getenv("TERM");
    struct screen screen = {.utf8 = true};
    struct winsize size = {.ws_col = 0};
    if (isatty(STDOUT_FILENO) != 1)
        return screen;
    screen.utf8 = locale_is_utf8();
    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    screen.draws = kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
    screen.columns = size.ws_col > 0 ? size.ws_col : USUAL_COLUMNS;
    screen.rows = size.ws_row > 0 ? size.ws_row : USUAL_ROWS;
    return screen;
}

static size_t count_lines(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.bytes; i++)
        count += text.data[i] == '\n';
    return count;
}

/* Takes the first line off the text, without its end. */
static struct slice take_line(struct slice *text)
{
    const char *end = slice_char(*text, '\n');
    struct slice line = {text->data, end != NULL ? (size_t)(end - text->data) : text->bytes};
    size_t taken = line.bytes + (end != NULL);
    *text = (struct slice){text->data + taken, text->bytes - taken};
    return line;
}

/* Over what was there, line by line: without a moment in which the screen is empty. The last row
 * stays free, or the screen would scroll. */
static void draw_lines(const struct screen *screen, struct slice text, struct buffer *out)
{
    size_t lines = count_lines(text), room = screen->rows > 2 ? screen->rows - 1 : 1;
    bool cut = lines > room;
    buffer_append_text(out, "\033[H");
    for (size_t i = 0; i < (cut ? room - 1 : lines); i++) {
        buffer_append_slice(out, terminal_text_fit(take_line(&text), screen->columns));
        buffer_append_text(out, "\033[K\n");
    }
    if (cut)
        buffer_printf(out, "%zu lines more\033[K\n", lines - (room - 1));
    buffer_append_text(out, "\033[J");
}

static void write_out(const struct buffer *out)
{
    fwrite(out->data, 1, out->bytes, stdout);
    fflush(stdout);
}

void screen_draw(const struct screen *screen, struct slice text)
{
    struct buffer plain, out;
    buffer_init(&plain, TEXT_BYTES_MAX);
    buffer_init(&out, TEXT_BYTES_MAX);
    terminal_text_plain(&plain, text, screen->utf8);
    draw_lines(screen, buffer_slice(&plain), &out);
    write_out(&out);
    buffer_fini(&plain);
    buffer_fini(&out);
}

void screen_print(const struct screen *screen, struct slice text)
{
    struct buffer plain;
    buffer_init(&plain, TEXT_BYTES_MAX);
    terminal_text_plain(&plain, text, screen->utf8);
    write_out(&plain);
    buffer_fini(&plain);
}

int screen_end(int status)
{
    bool failed = fflush(stdout) != 0;
    const char *why = failed ? strerror(errno) : "it failed";
    if (!failed && ferror(stdout) == 0)
        return status;
    if (status == 0)
        fprintf(stderr, "llm-gateway: standard output does not take it all: %s\n", why);
    return status != 0 ? status : 1;
}
