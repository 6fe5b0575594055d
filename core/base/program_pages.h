/* The pages of the program and its libraries that this process has touched. A start reads much that
 * nothing needs later: symbol tables, constructors, the sources of Lua modules, embedded pages. The
 * kernel keeps them in the process for as long as there is memory, so they count as its own. */
#ifndef BASE_PROGRAM_PAGES_H
#define BASE_PROGRAM_PAGES_H

/* Once, at the end of a start. What is still used comes back from the page cache at the next touch,
 * without reading the disk: some hundred page faults. Any thread; errors change nothing. */
void program_pages_release(void);

#endif
