/* Shows in an answer what the customer pays: the cost in its usage, and the charged counts where
 * the provider's own are missing or others. Pure functions. */
#ifndef DIALECT_ANSWER_CLOSE_H
#define DIALECT_ANSWER_CLOSE_H

#include <stdbool.h>

#include "dialect/dialect_form.h"

/* What is shown. */
struct answer_bill {
    struct final_usage usage;
    bool reported; /* the provider's counts were charged */
};

/* Appends a plain answer, or the data of an event, of which `facts` were read. */
void answer_close_write(const struct dialect_form *form, const struct answer_bill *bill,
                        struct slice text, const struct answer_facts *facts, struct buffer *out);
/* Appends whole events that close a stream; the first one that tells of the answer is billed. */
void answer_close_write_events(const struct dialect_form *form, const struct answer_bill *bill,
                               struct slice events, struct buffer *out);

#endif
