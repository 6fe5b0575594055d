/* What the files of an attempt share: attempt.c runs its call, attempt_body.c makes what it sends,
 * attempt_plain.c judges what has come whole. */
#ifndef EXCHANGE_ATTEMPT_INTERNAL_H
#define EXCHANGE_ATTEMPT_INTERNAL_H

#include <stdbool.h>

struct attempt;
struct attempt_request;

/* Sets `copy`. False: it is decided. */
bool attempt_make_body(struct attempt *attempt, const struct attempt_request *asked);
/* Decides by a whole body with a status below 300. */
void attempt_judge_body(struct attempt *attempt);
/* The operator's functions do not understand what came. */
void attempt_fail_mapping(struct attempt *attempt);

#endif
