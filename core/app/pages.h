/* The web pages: every file of the `webui` folder, read into memory at the start. They are served
 * with ETags, long caching of files with a hash in their name (assets/), and the compressed twins
 * (.br, .gz) that the build puts beside them. Immutable after pages_load, so shared by all
 * workers. */
#ifndef APP_PAGES_H
#define APP_PAGES_H

#include <stdbool.h>

#include "base/fault.h"
#include "net/server/server.h"

struct pages;

/* If index.html is missing, "/" says how to build the pages; the API works without them.
 * `prices_public`: there is a page /prices. NULL with *fault: the folder cannot be read, or is too
 * large. */
struct pages *pages_load(const char *folder, bool prices_public, struct fault *fault);
void pages_free(struct pages *pages);

/* Answers a GET or HEAD of a page; "/", /prices and paths below /dashboard/ get index.html. False:
 * there is no such page. */
bool pages_answer(const struct pages *pages, struct http_request *request);

#endif
