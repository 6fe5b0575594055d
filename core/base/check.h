/* check(cond) states an invariant of our own code. It is compiled into every build: a gateway that
 * handles money stops as soon as its own state is wrong. The ledger on disk is consistent at every
 * instant, so stopping loses nothing. Use it for bugs only, never for input. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define check(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))

/* Prints the condition, its place and the call stack to stderr, at most 4 KB, and calls abort().
 * The program exports no names and the linker inlines much, so a frame is printed as a module and
 * an offset. The second line is the `addr2line` command that turns the program's frames into
 * functions, files and lines, inlined ones too; it needs the unstripped program file of the same
 * build. After check_prepare it allocates no memory. */
_Noreturn void check_failed(const char *cond, const char *file, int line);

/* Loads the library that walks the stack (libgcc_s). Call it when the process starts, before any
 * other thread. */
void check_prepare(void);

#endif
