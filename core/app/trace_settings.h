/* The settings of traces: a part of gateway.conf (config.h). */
#ifndef APP_TRACE_SETTINGS_H
#define APP_TRACE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "exchange/tracer.h"

enum { TRACE_SETTING_BYTES = TRACER_TEXT_BYTES };

struct trace_settings {
    char url[TRACE_SETTING_BYTES];     /* "": nothing is traced */
    char headers[TRACE_SETTING_BYTES]; /* name=value with commas between them; never logged */
    char sample[TRACE_SETTING_BYTES];  /* "0" to "1" */
    char service_name[TRACE_SETTING_BYTES];
    int64_t trust_parent; /* 0: no */
    int64_t queue_max;
    int64_t content;                          /* 0: what is said in calls is not told */
    int64_t content_max;                      /* bytes of each attribute */
    char content_groups[TRACE_SETTING_BYTES]; /* "": of all customers */
};

/* False: *fault says what to do. It never repeats a secret. `out` has no certificates and no
 * version. */
bool trace_settings_read(const struct trace_settings *settings, struct tracer_settings *out,
                         struct fault *fault);

#endif
