#include "app/doc_pages.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/page_policy.h"
#include "base/buffer.h"
#include "base/check.h"
#include "base/html.h"
#include "base/sha256.h"
#include "net/http1/gzip.h"

#define OPERATORS_PATH DOCS_PATH "/operators"
#define NOT_FOUND_PATH DOCS_PATH "/not-found.html"
#define SIGN_IN_PATH DOCS_PATH "/sign-in.html"

enum { PATH_BYTES = 512 };

struct doc_page {
    char path[PATH_BYTES]; /* "/docs/developers/errors.html" */
    char etag[24], packed_etag[24];
    char policy[DOC_POLICY_BYTES];
    struct buffer text;
    struct buffer packed; /* empty until somebody asks */
};

struct doc_pages {
    pthread_mutex_t packing;
    size_t count, count_max;
    struct doc_page page[]; /* sorted by path */
};

struct doc_pages *doc_pages_new(size_t count)
{
    struct doc_pages *docs = calloc(1, sizeof *docs + count * sizeof docs->page[0]);
    check(docs != NULL && pthread_mutex_init(&docs->packing, NULL) == 0);
    docs->count_max = count;
    return docs;
}

void doc_pages_free(struct doc_pages *docs)
{
    if (docs == NULL)
        return;
    for (size_t i = 0; i < docs->count; i++) {
        buffer_fini(&docs->page[i].text);
        buffer_fini(&docs->page[i].packed);
    }
    pthread_mutex_destroy(&docs->packing);
    free(docs);
}

static bool ends_with(struct slice text, const char *ending)
{
    size_t bytes = strlen(ending);
    return text.bytes >= bytes && memcmp(text.data + text.bytes - bytes, ending, bytes) == 0;
}

bool doc_pages_take(struct slice path)
{
    return slice_starts_with(path, DOCS_PATH "/") && !ends_with(path, ".br") &&
           !ends_with(path, ".gz");
}

/* ---- the marks ---- */

static void write_contact(const struct doc_marks *marks, struct buffer *out)
{
    const char *contact = marks->contact;
    if (contact[0] == '\0')
        return;
    buffer_append_text(out, "<a href=\"");
    if (!slice_starts_with(slice_of(contact), "https://"))
        buffer_append_text(out, "mailto:");
    html_append(slice_of(contact), out);
    buffer_append_text(out, "\">");
    html_append(slice_of(contact), out);
    buffer_append_text(out, "</a>");
}

static void write_links(const struct doc_marks *marks, struct buffer *out)
{
    buffer_append_slice(out, buffer_slice(&marks->brand->links));
}

static void write_name(const struct doc_marks *marks, struct buffer *out)
{
    html_append(slice_of(marks->brand_name), out);
}

static void write_logo(const struct doc_marks *marks, struct buffer *out)
{
    buffer_append_text(out, brand_mark_path(marks->brand));
}

static void write_origin(const struct doc_marks *marks, struct buffer *out)
{
    html_append(slice_of(marks->origin[0] != '\0' ? marks->origin : DOC_ORIGIN), out);
}

struct mark {
    const char *text;
    void (*write)(const struct doc_marks *marks, struct buffer *out);
};

static const struct mark marks_known[] = {{"<!-- brand -->", write_links},
                                          {"<!-- contact -->", write_contact},
                                          {"@brand-name@", write_name},
                                          {"@brand-logo@", write_logo},
                                          {DOC_ORIGIN, write_origin}};

static const struct mark *mark_at(struct slice text)
{
    for (size_t i = 0; i < sizeof marks_known / sizeof marks_known[0]; i++) {
        if (slice_starts_with(text, marks_known[i].text))
            return &marks_known[i];
    }
    return NULL;
}

/* What stands between two marks is copied at once. */
static void write_marked(struct slice text, const struct doc_marks *marks, struct buffer *out)
{
    size_t copied = 0;
    for (size_t at = 0; at < text.bytes;) {
        const struct mark *mark = strchr("<@h", text.data[at]) == NULL || text.data[at] == '\0'
                                      ? NULL
                                      : mark_at((struct slice){text.data + at, text.bytes - at});
        if (mark == NULL) {
            at++;
            continue;
        }
        buffer_append(out, text.data + copied, at - copied);
        mark->write(marks, out);
        copied = at += strlen(mark->text);
    }
    buffer_append(out, text.data + copied, text.bytes - copied);
}

/* More inline scripts than fit, which our build never makes, do not run. */
static void write_policy(struct doc_page *page)
{
    struct buffer policy;
    buffer_init(&policy, sizeof page->policy);
    page_policy_write(buffer_slice(&page->text), &policy);
    if (policy.failed) {
        buffer_reset(&policy);
        page_policy_write((struct slice){0}, &policy);
    }
    check(!policy.failed);
    memcpy(page->policy, policy.data, policy.bytes);
    buffer_fini(&policy);
}

void doc_pages_add(struct doc_pages *docs, const char *path, struct slice text,
                   const struct doc_marks *marks)
{
    check(docs->count < docs->count_max);
    struct doc_page *page = &docs->page[docs->count++];
    char hex[SHA256_HEX_BYTES];
    snprintf(page->path, sizeof page->path, "%s", path);
    buffer_init(&page->text, DOC_BYTES_MAX);
    buffer_init(&page->packed, 2 * DOC_BYTES_MAX);
    if (ends_with(slice_of(path), ".html"))
        write_marked(text, marks, &page->text);
    else
        buffer_append_slice(&page->text, text);
    write_policy(page);
    sha256_hex(buffer_slice(&page->text), hex);
    snprintf(page->etag, sizeof page->etag, "\"%.20s\"", hex);
    snprintf(page->packed_etag, sizeof page->packed_etag, "\"%.17s-gz\"", hex);
}

/* ---- finding ---- */

static int by_path(const void *path, const void *page)
{
    return strcmp(path, ((const struct doc_page *)page)->path);
}

static const struct doc_page *find(const struct doc_pages *docs, struct slice path,
                                   const char *ending)
{
    char wanted[PATH_BYTES];
    if (path.bytes + strlen(ending) >= sizeof wanted)
        return NULL;
    snprintf(wanted, sizeof wanted, "%.*s%s", (int)path.bytes, path.data, ending);
    if (strlen(wanted) != path.bytes + strlen(ending))
        return NULL; /* a NUL in it */
    const struct doc_page *page =
        bsearch(wanted, docs->page, docs->count, sizeof docs->page[0], by_path);
    return page != NULL && !page->text.failed ? page : NULL;
}

/* "/docs", "/docs/developers/", "/docs/developers/errors": as people write addresses. */
static const struct doc_page *find_page(const struct doc_pages *docs, struct slice path)
{
    static const char *const endings[] = {".html", "/index.html", ""};
    if (path.bytes > sizeof DOCS_PATH - 1 && path.data[path.bytes - 1] == '/')
        path.bytes--;
    for (size_t i = 0; i < 3; i++) {
        const struct doc_page *page = find(docs, path, endings[i]);
        if (page != NULL)
            return page;
    }
    return NULL;
}

const struct doc_page *doc_pages_choose(const struct doc_pages *docs, struct slice path,
                                        enum docs_for docs_for, enum doc_reader reader, int *status)
{
    const struct doc_page *page = find_page(docs, path);
    bool operators = page != NULL && slice_starts_with(slice_of(page->path), OPERATORS_PATH);
    bool known = reader != DOC_READER_NOBODY;
    *status = 200;
    if (!known && (operators || docs_for == DOCS_SIGNED_IN))
        *status = 401;
    else if (page == NULL || (operators && reader != DOC_READER_OPERATOR) ||
             strcmp(page->path, NOT_FOUND_PATH) == 0)
        *status = 404;
    if (*status == 200)
        return page;
    return find(docs, slice_of(*status == 401 ? SIGN_IN_PATH : NOT_FOUND_PATH), "");
}

struct slice doc_pages_text(const struct doc_pages *docs, const struct doc_page *page, bool packed)
{
    struct doc_page *own = (struct doc_page *)(uintptr_t)page;
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&docs->packing;
    if (!packed)
        return buffer_slice(&page->text);
    check(pthread_mutex_lock(lock) == 0);
    if (own->packed.bytes == 0)
        gzip_append(buffer_slice(&page->text), &own->packed);
    check(!own->packed.failed);
    check(pthread_mutex_unlock(lock) == 0);
    return buffer_slice(&page->packed);
}

const char *doc_pages_etag(const struct doc_page *page, bool packed)
{
    return packed ? page->packed_etag : page->etag;
}

const char *doc_pages_policy(const struct doc_page *page)
{
    return page->policy;
}

const char *doc_pages_path(const struct doc_page *page)
{
    return page->path;
}
