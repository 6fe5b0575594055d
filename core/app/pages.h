/* The web pages: every file of the `webui` folder, read into memory at the start. They are served
 * with ETags, long caching of files with a hash in their name (assets/), and the compressed twins
 * (.br, .gz) that the build puts beside them. Shared by all workers: nothing but the brand changes
 * after pages_load. */
#ifndef APP_PAGES_H
#define APP_PAGES_H

#include <stdbool.h>

#include "app/brand.h"
#include "base/fault.h"
#include "net/server/server.h"

struct pages;

/* If index.html is missing, "/" says how to build the pages; the API works without them.
 * `prices_public`: there is a page /prices. NULL with *fault: the folder cannot be read, or is too
 * large, or the brand is not good. */
struct pages *pages_load(const char *folder, bool prices_public, const struct brand_settings *brand,
                         struct fault *fault);
void pages_free(struct pages *pages);

/* From now on index.html has this brand in place of its mark, and the brand's own files are there;
 * the logo is read again. Any thread may call it. False: *fault, and nothing has changed. */
bool pages_set_brand(struct pages *pages, const struct brand_settings *settings,
                     struct fault *fault);

/* Answers a GET or HEAD of a page; "/", /prices and paths below /dashboard/ get index.html. False:
 * there is no such page. */
bool pages_answer(struct pages *pages, struct http_request *request);

#endif
