/* The documentation below /docs: files of the `webui` folder (webui/docs makes them of docs/). In
 * its HTML marks stand where the brand and the address of this gateway go. Made anew with each
 * brand; then nothing changes but that a page is packed when the first client asks for that. Any
 * thread may read. */
#ifndef APP_DOC_PAGES_H
#define APP_DOC_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "app/brand.h"
#include "base/slice.h"
#include "script/doc_source.h"

/* The setting `docs`: who may read what is not for operators. */
enum docs_for { DOCS_OFF, DOCS_PUBLIC, DOCS_SIGNED_IN };

struct doc_pages;
struct doc_page;

/* Room for `count` pages. */
struct doc_pages *doc_pages_new(size_t count);
void doc_pages_free(struct doc_pages *docs); /* NULL is allowed */

#define DOCS_PATH "/docs"
#define DOC_ORIGIN "http://127.0.0.1:3000"

struct doc_marks {
    const struct brand *brand;
    const char *brand_name;
    const char *contact; /* "": none */
    const char *origin;  /* in place of DOC_ORIGIN; "": the browser puts in where it came from */
};

/* Whether this file of the folder is a page of the documentation. */
bool doc_pages_take(struct slice path);
/* Adds such a file; the text is copied. In the order of their paths. */
void doc_pages_add(struct doc_pages *docs, const char *path, struct slice text,
                   const struct doc_marks *marks);

/* The page for this reader at the path of a request: the one that is asked for (200), the one that
 * says who may sign in (401), or the one that says that there is none (404). NULL: not even that
 * one is there. */
const struct doc_page *doc_pages_choose(const struct doc_pages *docs, struct slice path,
                                        enum docs_for docs_for, enum doc_reader reader,
                                        int *status);
/* Borrowed, valid while the pages live. `packed`: with gzip. */
struct slice doc_pages_text(const struct doc_pages *docs, const struct doc_page *page, bool packed);
const char *doc_pages_etag(const struct doc_page *page, bool packed);
const char *doc_pages_policy(const struct doc_page *page); /* Content-Security-Policy */
const char *doc_pages_path(const struct doc_page *page);

#endif
