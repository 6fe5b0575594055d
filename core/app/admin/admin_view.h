/* What the admin server looks at. */
#ifndef APP_ADMIN_ADMIN_VIEW_H
#define APP_ADMIN_ADMIN_VIEW_H

#include <stdatomic.h>
#include <stdint.h>

#include "app/config.h"
#include "app/restart_note.h"
#include "app/workers.h"

/* All borrowed. The admin server sets `draining`. */
struct admin_view {
    const struct config *config;
    const struct workers *workers;
    atomic_bool *draining;
    struct restart_note *restart_note;
    int64_t started_ms;
};

#endif
