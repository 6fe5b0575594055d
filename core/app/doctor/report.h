/* What `llm-gateway doctor` has found: one line for each check, with what to do where something is
 * wrong. */
#ifndef APP_DOCTOR_REPORT_H
#define APP_DOCTOR_REPORT_H

#include <stdbool.h>

#include "app/screen.h"
#include "base/buffer.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_report {
    bool json;
    struct screen screen;
    unsigned counts[DOCTOR_FAIL + 1];
    struct buffer out;
};

void doctor_report_begin(struct doctor_report *report, bool json);
/* `advice`: what to do; NULL with DOCTOR_OK. The format says what was seen. */
void doctor_note(struct doctor_report *report, enum doctor_verdict verdict, const char *topic,
                 const char *advice, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Prints it. Returns the exit status: 1 if something has failed. */
int doctor_report_end(struct doctor_report *report);

#endif
