/* check(cond): an invariant of our own code. Always compiled in, in every build: a gateway that
 * handles money stops at once when it no longer knows what it is doing; the ledger on disk is
 * consistent at every instant, so stopping loses nothing. Never for input, only for bugs. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define check(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))

/* Prints the condition and its place to stderr and calls abort(). */
_Noreturn void check_failed(const char *cond, const char *file, int line);

#endif
