/* The server from start to stop, on the main thread. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include <stdbool.h>

#include "app/config.h"

struct serve_options {
    struct config config;
    const char *config_path; /* read again on SIGHUP; NULL: defaults */
    const char *const *sets;
    unsigned set_count;
    /* In an empty database: make an administrator and a funded key, and print them. */
    bool first_run;
};

/* Returns the program's exit status. */
int serve(struct serve_options *options);

#endif
