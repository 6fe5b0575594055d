/* The operator's terminal on standard output, where there is one. For the command line: one
 * thread. */
#ifndef APP_SCREEN_H
#define APP_SCREEN_H

#include <stdbool.h>

#include "base/slice.h"

struct screen {
    bool draws;       /* it takes the codes that move a cursor */
    bool utf8;        /* its locale shows more than ASCII; files and pipes take all */
    unsigned columns; /* 0: no terminal, lines have no end */
    unsigned rows;
};

/* As it is now: a window may be made wider at any time. */
struct screen screen_look(void);

/* Writes the text in place of what was drawn before: each line as far as it fits, and as many as
 * fit. `screen` draws. */
void screen_draw(const struct screen *screen, struct slice text);
/* Writes the text behind what is there, without what would move the cursor. */
void screen_print(const struct screen *screen, struct slice text);

/* The exit status of a command that has written all it had to: `status`, or 1 where standard output
 * did not take it, which is said on standard error. */
int screen_end(int status);

#endif
