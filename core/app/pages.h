/* The web pages: every file of the `webui` folder, read into memory at the start. They are served
 * with ETags, long caching of files with a hash in their name (assets/), and the compressed twins
 * (.br, .gz) that the build puts beside them. Shared by all workers: nothing but the brand changes
 * after pages_load. What stands below /docs is in app/doc_pages.h. */
#ifndef APP_PAGES_H
#define APP_PAGES_H

#include <stdbool.h>

#include "app/brand.h"
#include "app/config.h"
#include "base/fault.h"
#include "net/server/server.h"
#include "script/doc_source.h"

struct pages;

/* If index.html is missing, "/" says how to build the pages; the API works without them.
 * NULL with *fault: the folder cannot be read, or is too large, or the brand is not good. */
struct pages *pages_load(const struct config *config, struct fault *fault);
void pages_free(struct pages *pages);

/* From now on index.html and the documentation have this brand in place of their marks, and the
 * brand's own files are there. `brand`, which these settings have made, is moved. Any thread may
 * call it. */
void pages_set_brand(struct pages *pages, const struct brand_settings *settings,
                     struct brand *brand);

/* Answers a GET or HEAD of a page; "/", /prices and paths below /dashboard/ get index.html. False:
 * there is no such page, or it is one of the documentation whose reader must be known. */
bool pages_answer(struct pages *pages, struct http_request *request);

/* A doc_source.read; `arg` is the pages. */
bool pages_read_doc(void *arg, struct slice path, enum doc_reader reader, struct doc_reply *out);

#endif
