/* A call that is refused before there was anything to be charged leaves a note (store/notes.h), if
 * it came with a key that exists: its owner and the operator find it by the id that was answered.
 * On the worker's thread. */
#ifndef EXCHANGE_REFUSAL_H
#define EXCHANGE_REFUSAL_H

struct exchange;
struct answer_error;

/* Before the error is answered. Calls that have had a hold have a usage record: nothing is done. */
void refusal_note(struct exchange *exchange, const struct answer_error *error);

#endif
