/* The operations of the store by which an exchange of our own (ours.h) is noted. */
#ifndef EXCHANGE_OWN_CALL_H
#define EXCHANGE_OWN_CALL_H

#include <stdbool.h>
#include <stddef.h>

struct exchange;
struct job;
struct store_call;
struct store_value;

/* Runs an operation in `call`, in place of the one before; `done` is called when it is back.
 * Returns false if the store's queue is full. */
bool own_call_post(const struct exchange *exchange, struct store_call *call, const char *operation,
                   const struct store_value *args, size_t count, void (*done)(struct job *job));

#endif
