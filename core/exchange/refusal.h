/* A call that is refused before anything could be charged leaves a note (store/notes.h), if its key
 * exists. The key's owner and the operator find the note by the id in the answer. On the worker's
 * thread. */
#ifndef EXCHANGE_REFUSAL_H
#define EXCHANGE_REFUSAL_H

struct exchange;
struct answer_error;

/* Call it before the error is answered. Does nothing for a call that had a hold: it has a usage
 * record. */
void refusal_note(struct exchange *exchange, const struct answer_error *error);

#endif
