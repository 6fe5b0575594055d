/* What the provider keeps of an answer (dialect/answer_kept.h): the settlement writes whose it is,
 * so the client can name it as soon as it has the last byte. It is part of an exchange. On the
 * worker's thread. */
#ifndef EXCHANGE_MADE_OBJECTS_H
#define EXCHANGE_MADE_OBJECTS_H

struct answer_facts;
struct exchange;

/* Notes what the end of an answer tells, if its provider keeps it. The texts are copied. */
void made_objects_note(struct exchange *exchange, const struct answer_facts *facts);
/* The charge is known: the settlement writes what was noted. */
void made_objects_keep(struct exchange *exchange);
void made_objects_fini(struct exchange *exchange);

#endif
