/* check(cond): an invariant of our own code. Always compiled in, in every build: a gateway that
 * handles money stops at once when it no longer knows what it is doing; the ledger on disk is
 * consistent at every instant, so stopping loses nothing. Never for input, only for bugs. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define check(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))

/* Prints the condition, its place and the calls that led there to stderr, at most 4 KB, and calls
 * abort(). The program exports no names, and much is inlined when it is linked: so each frame is a
 * module and an offset, and the second line is the `addr2line` command that turns those of the
 * program into functions, files and lines, inlined ones too. It needs the program's file, or that
 * of the same build, unstripped. Takes no memory once check_prepare has been called. */
_Noreturn void check_failed(const char *cond, const char *file, int line);

/* Loads the library that walks the stack (libgcc_s): when the process starts, before threads. */
void check_prepare(void);

#endif
