/* A question of an exchange to the payment processor (processor.h), or to a server of the
 * operator's. Its answer is kept whole. An exchange has one at a time; the end of the exchange
 * cancels it. On the worker's thread. */
#ifndef EXCHANGE_PROCESSOR_CALL_H
#define EXCHANGE_PROCESSOR_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct exchange;

enum { PROCESSOR_HEADERS = 4, PROCESSOR_PATH_BYTES = 256 };

struct processor_question {
    const char *method;  /* "POST" or "GET" */
    const char *path;    /* below the processor's address, with a slash */
    const char *url;     /* of another server, which sees nothing of the processor's; or NULL */
    const char *ca_file; /* of that server: these authorities; "": the system's */
    const char *headers[PROCESSOR_HEADERS]; /* "Name: value"; NULL ends them */
    struct slice body;
};

/* Asks; all is copied. The task yields until exchange_wake, then reads what came of it. */
void exchange_ask_processor(struct exchange *exchange, const struct processor_question *question);
/* The status of the whole answer; 0: there is none, and the body says why. */
int exchange_processor_status(const struct exchange *exchange);
struct slice exchange_processor_body(const struct exchange *exchange);

/* For ask.c, which has the questions of an exchange in its hands. */
bool processor_call_is_busy(const struct exchange *exchange);
void processor_call_tick(struct exchange *exchange);
void processor_call_cancel(struct exchange *exchange);
void processor_call_fini(struct exchange *exchange);

#endif
