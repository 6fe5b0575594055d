#include "app/pages.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/doc_pages.h"
#include "app/page_policy.h"
#include "base/check.h"
#include "base/id.h"
#include "base/sha256.h"
#include "net/http1/gzip.h"

#define HOME "/index.html"
/* Where the brand stands in index.html. */
#define BRAND_MARK "<!-- brand -->"

enum {
    PAGES_MAX = 1000,
    PAGE_BYTES_MAX = 16 * 1024 * 1024,
    PATH_BYTES = 512,
    ORIGIN_BYTES = 512,
    PACKED_BYTES_EXTRA = 4096
};

struct page {
    char path[PATH_BYTES]; /* "/assets/main-1a2b.js" */
    char etag[24];
    char *data;
    size_t bytes;
};

/* What the brand changes. */
enum branded {
    BRANDED_HOME,
    BRANDED_HOME_GZIP,
    BRANDED_ICON,
    BRANDED_LOGO,
    BRANDED_COUNT,
    BRANDED_NONE
};

struct pages {
    struct page *page; /* sorted by path */
    size_t count;
    bool prices_public;
    enum docs_for docs_for;
    char origin[ORIGIN_BYTES];          /* of this gateway, for the documentation; "": not known */
    pthread_rwlock_t lock;              /* SIGHUP changes the brand while the workers serve it */
    struct page branded[BRANDED_COUNT]; /* without data: there is none */
    const char *logo_type;
    struct doc_pages *docs;
    char file_policy[PAGE_POLICY_BYTES]; /* of all but the branded index.html */
    char home_policy[PAGE_POLICY_BYTES];
};

/* A logo that somebody opens by itself runs no script and has no origin. */
static const char logo_policy[] = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/* The answer for "/" if the pages have not been built: the API works without them. */
static const char not_built[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n" BRAND_MARK "\n"
    "<h1>LLM Gateway is running</h1>\n"
    "<p>Its API answers below <code>/api/v1</code>. The web pages have not been built: "
    "<code>./dev build</code> makes them (with Node.js and npm), and the gateway takes them at its "
    "next start.\n";

/* ---- reading ---- */

static void set_etag(struct page *page)
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex((struct slice){page->data, page->bytes}, hex);
    snprintf(page->etag, sizeof page->etag, "\"%.20s\"", hex);
}

static bool read_page(const char *file_name, struct page *page, struct fault *fault)
{
    struct stat info;
    FILE *file = fopen(file_name, "re");
    if (file == NULL || fstat(fileno(file), &info) != 0 || info.st_size > PAGE_BYTES_MAX) {
        if (file != NULL)
            fclose(file);
        return fault_set(fault, "invalid_value",
                         "webui: %s cannot be read, or is larger than 16 MB", file_name);
    }
    page->bytes = (size_t)info.st_size;
    page->data = malloc(page->bytes + 1);
    check(page->data != NULL);
    bool whole = fread(page->data, 1, page->bytes, file) == page->bytes;
    fclose(file);
    if (!whole)
        return fault_set(fault, "invalid_value", "webui: %s changed while it was read", file_name);
    set_etag(page);
    return true;
}

static bool read_folder(struct pages *pages, const char *folder, const char *below,
                        struct fault *fault);

static bool read_entry(struct pages *pages, const char *folder, const char *path,
                       struct fault *fault)
{
    char file_name[2 * PATH_BYTES];
    struct stat info;
    snprintf(file_name, sizeof file_name, "%s%s", folder, path);
    if (stat(file_name, &info) != 0)
        return fault_set(fault, "invalid_value", "webui: %s: %s", file_name, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return read_folder(pages, folder, path, fault);
    if (!S_ISREG(info.st_mode))
        return true;
    if (pages->count == PAGES_MAX)
        return fault_set(fault, "invalid_value", "webui: more than %d files in %s", PAGES_MAX,
                         folder);
    struct page *page = &pages->page[pages->count];
    snprintf(page->path, sizeof page->path, "%s", path);
    if (!read_page(file_name, page, fault))
        return false;
    pages->count++;
    return true;
}

static bool read_folder(struct pages *pages, const char *folder, const char *below,
                        struct fault *fault)
{
    char name[2 * PATH_BYTES];
    snprintf(name, sizeof name, "%s%s", folder, below);
    DIR *entries = opendir(name);
    if (entries == NULL)
        return fault_set(fault, "invalid_value", "webui: %s: %s", name, strerror(errno));
    bool good = true;
    struct dirent *entry;
    while (good && (entry = readdir(entries)) != NULL) {
        char path[PATH_BYTES];
        if (entry->d_name[0] == '.')
            continue; /* the folder itself, its parent, and hidden files */
        int bytes = snprintf(path, sizeof path, "%s/%s", below, entry->d_name);
        if (bytes >= (int)sizeof path)
            good = fault_set(fault, "invalid_value", "webui: a path below %s is too long", folder);
        else
            good = read_entry(pages, folder, path, fault);
    }
    closedir(entries);
    return good;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct page *)a)->path, ((const struct page *)b)->path);
}

static const struct page *find(const struct pages *pages, const char *path, const char *suffix)
{
    struct page wanted;
    if (strlen(path) + strlen(suffix) >= sizeof wanted.path)
        return NULL;
    snprintf(wanted.path, sizeof wanted.path, "%s%s", path, suffix);
    return bsearch(&wanted, pages->page, pages->count, sizeof *pages->page, by_path);
}

static void sort(struct pages *pages)
{
    qsort(pages->page, pages->count, sizeof *pages->page, by_path);
}

static void add_not_built(struct pages *pages)
{
    struct page *page = &pages->page[pages->count++];
    snprintf(page->path, sizeof page->path, "%s", HOME);
    page->data = strdup(not_built);
    check(page->data != NULL);
    page->bytes = strlen(page->data);
    set_etag(page);
    sort(pages);
}

void pages_free(struct pages *pages)
{
    if (pages == NULL)
        return;
    for (size_t i = 0; i < pages->count; i++)
        free(pages->page[i].data);
    for (size_t i = 0; i < BRANDED_COUNT; i++)
        free(pages->branded[i].data);
    doc_pages_free(pages->docs);
    pthread_rwlock_destroy(&pages->lock);
    free(pages->page);
    free(pages);
}

/* ---- the brand ---- */

static void copy_page(struct page *page, struct slice before, struct slice text, struct slice after)
{
    if (before.bytes + text.bytes + after.bytes == 0)
        return;
    page->bytes = before.bytes + text.bytes + after.bytes;
    page->data = malloc(page->bytes);
    check(page->data != NULL);
    const struct slice parts[] = {before, text, after};
    char *at = page->data;
    for (size_t i = 0; i < 3; at += parts[i++].bytes) {
        if (parts[i].bytes > 0)
            memcpy(at, parts[i].data, parts[i].bytes);
    }
    set_etag(page);
}

/* index.html with the brand in place of its mark. Pages of an older build have none. */
static void brand_home(const struct page *home, struct slice head, struct page *out)
{
    const struct slice text = {home->data, home->bytes};
    ptrdiff_t at = slice_find(text, slice_of(BRAND_MARK));
    if (at < 0) {
        copy_page(out, text, (struct slice){0}, (struct slice){0});
        return;
    }
    size_t end = (size_t)at + sizeof BRAND_MARK - 1;
    copy_page(out, (struct slice){text.data, (size_t)at}, head,
              (struct slice){text.data + end, text.bytes - end});
}

/* The same page for clients that take gzip: nearly all, and most of it is the style. */
static void pack_home(const struct page *home, struct page *out)
{
    struct buffer packed;
    buffer_init(&packed, 2 * home->bytes + PACKED_BYTES_EXTRA);
    gzip_append((struct slice){home->data, home->bytes}, &packed);
    check(!packed.failed);
    copy_page(out, (struct slice){0}, buffer_slice(&packed), (struct slice){0});
    buffer_fini(&packed);
}

/* False: there are more inline scripts than fit, which our build never makes. */
static bool write_policy(struct slice page, char text[PAGE_POLICY_BYTES])
{
    struct buffer policy;
    buffer_init(&policy, PAGE_POLICY_BYTES);
    page_policy_write(page, &policy);
    bool whole = !policy.failed;
    if (whole)
        memcpy(text, policy.data, policy.bytes);
    buffer_fini(&policy);
    return whole;
}

/* The documentation with this brand. */
static struct doc_pages *brand_docs(const struct pages *pages, const struct doc_marks *marks)
{
    struct doc_pages *docs = doc_pages_new(pages->count);
    for (size_t i = 0; i < pages->count && pages->docs_for != DOCS_OFF; i++) {
        const struct page *page = &pages->page[i];
        if (doc_pages_take(slice_of(page->path)))
            doc_pages_add(docs, page->path, (struct slice){page->data, page->bytes}, marks);
    }
    return docs;
}

void pages_set_brand(struct pages *pages, const struct brand_settings *settings,
                     struct brand *brand)
{
    const struct slice none = {0};
    struct page fresh[BRANDED_COUNT] = {{.path = HOME}};
    brand_home(find(pages, HOME, ""), buffer_slice(&brand->head), &fresh[BRANDED_HOME]);
    pack_home(&fresh[BRANDED_HOME], &fresh[BRANDED_HOME_GZIP]);
    copy_page(&fresh[BRANDED_ICON], none, buffer_slice(&brand->icon), none);
    copy_page(&fresh[BRANDED_LOGO], none, buffer_slice(&brand->logo), none);
    const struct slice home = {fresh[BRANDED_HOME].data, fresh[BRANDED_HOME].bytes};
    const struct doc_marks marks = {.brand = brand,
                                    .brand_name = settings->name,
                                    .contact = settings->contact,
                                    .origin = pages->origin};
    struct doc_pages *docs = brand_docs(pages, &marks);
    check(pthread_rwlock_wrlock(&pages->lock) == 0);
    doc_pages_free(pages->docs);
    pages->docs = docs;
    if (!write_policy(home, pages->home_policy)) /* then none of them runs */
        check(write_policy(none, pages->home_policy));
    for (size_t i = 0; i < BRANDED_COUNT; i++) {
        free(pages->branded[i].data);
        pages->branded[i] = fresh[i];
    }
    pages->logo_type = brand->logo_type;
    check(pthread_rwlock_unlock(&pages->lock) == 0);
    brand_free(brand);
}

/* ---- loading ---- */

static struct slice without_slash(const char *url)
{
    struct slice text = slice_of(url);
    text.bytes -= text.bytes > 0 && text.data[text.bytes - 1] == '/' ? 1 : 0;
    return text;
}

struct pages *pages_load(const struct config *config, struct fault *fault)
{
    struct pages *pages = calloc(1, sizeof *pages);
    struct stat info;
    check(pages != NULL && pthread_rwlock_init(&pages->lock, NULL) == 0);
    pages->prices_public = config->public_prices != 0;
    pages->docs_for = (enum docs_for)config->docs;
    slice_copy(without_slash(config->public_url), pages->origin, sizeof pages->origin);
    check(write_policy((struct slice){0}, pages->file_policy));
    pages->page = calloc(PAGES_MAX + 1, sizeof *pages->page); /* 1: not_built */
    check(pages->page != NULL);
    if (stat(config->webui, &info) == 0 && !read_folder(pages, config->webui, "", fault)) {
        pages_free(pages);
        return NULL;
    }
    sort(pages);
    if (find(pages, HOME, "") == NULL)
        add_not_built(pages);
    struct brand *brand = brand_new(&config->brand, fault);
    if (brand == NULL) {
        pages_free(pages);
        return NULL;
    }
    pages_set_brand(pages, &config->brand, brand);
    return pages;
}

/* ---- serving ---- */

static const char *type_of(const char *path)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".png", "image/png"},
                 {".ico", "image/x-icon"},
                 {".woff2", "font/woff2"},
                 {".json", "application/json"},
                 {".txt", "text/plain; charset=utf-8"}};
    size_t bytes = strlen(path);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t ending = strlen(types[i].ending);
        if (bytes > ending && strcmp(path + bytes - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static bool header_has(const struct http_request *request, const char *name, const char *text)
{
    const struct slice *value = head_header(&request->head, name);
    return value != NULL && slice_find(*value, slice_of(text)) >= 0;
}

/* Chooses the smallest form of the page that the client accepts. */
static const struct page *choose(const struct pages *pages, const struct page *page,
                                 const struct http_request *request, const char **encoding)
{
    static const char *const encodings[][2] = {{"br", ".br"}, {"gzip", ".gz"}};
    *encoding = NULL;
    for (size_t i = 0; i < 2; i++) {
        const struct page *twin = find(pages, page->path, encodings[i][1]);
        if (twin != NULL && header_has(request, "accept-encoding", encodings[i][0])) {
            *encoding = encodings[i][0];
            return twin;
        }
    }
    return page;
}

/* How a page is sent. */
struct sending {
    int status; /* 0: 200 */
    const char *etag;
    struct slice content;
    const char *type;
    const char *encoding; /* NULL: as it is */
    const char *policy;
    bool hashed; /* its content never changes */
};

static void send_headers(struct http_request *request, const struct sending *sending)
{
    struct id id;
    id_make(&id, "req");
    http_reply_header(request, "x-request-id", id.text);
    http_reply_header(request, "Content-Type", sending->type);
    http_reply_header(request, "ETag", sending->etag);
    http_reply_header(request, "Vary", "Accept-Encoding");
    http_reply_header(request, "Cache-Control",
                      sending->hashed ? "public, max-age=31536000, immutable" : "no-cache");
    http_reply_header(request, "X-Content-Type-Options", "nosniff");
    http_reply_header(request, "X-Frame-Options", "DENY");
    http_reply_header(request, "Referrer-Policy", "same-origin");
    http_reply_header(request, "Content-Security-Policy", sending->policy);
    if (sending->encoding != NULL)
        http_reply_header(request, "Content-Encoding", sending->encoding);
}

static void send_page(struct http_request *request, const struct sending *sending)
{
    int status = sending->status != 0 ? sending->status : 200;
    send_headers(request, sending);
    if (status == 200 && header_has(request, "if-none-match", sending->etag))
        http_reply(request, 304, (struct slice){0});
    else
        http_reply(request, status, sending->content);
}

/* Whether the path is one of index.html, which shows the page itself. */
static bool is_home(const struct pages *pages, struct slice path)
{
    return path.bytes == 1 || slice_equals(path, HOME) || slice_equals(path, "/dashboard") ||
           slice_starts_with(path, "/dashboard/") ||
           (pages->prices_public && slice_equals(path, "/prices"));
}

static enum branded branded_of(const struct pages *pages, struct slice path)
{
    if (is_home(pages, path))
        return BRANDED_HOME;
    if (slice_equals(path, BRAND_ICON_PATH))
        return BRANDED_ICON;
    return slice_equals(path, BRAND_LOGO_PATH) ? BRANDED_LOGO : BRANDED_NONE;
}

static struct sending branded_sending(const struct pages *pages, enum branded which)
{
    const struct page *page = &pages->branded[which];
    struct sending sending = {.etag = page->etag,
                              .content = {page->data, page->bytes},
                              .type = type_of(which == BRANDED_ICON ? BRAND_ICON_PATH : HOME),
                              .policy = logo_policy};
    if (which == BRANDED_LOGO)
        sending.type = pages->logo_type;
    else if (which != BRANDED_ICON)
        sending.policy = pages->home_policy;
    if (which == BRANDED_HOME_GZIP)
        sending.encoding = "gzip";
    return sending;
}

/* The reply copies what it sends, so the brand may change right after it. */
static bool answer_branded(struct pages *pages, struct http_request *request, enum branded which)
{
    check(pthread_rwlock_rdlock(&pages->lock) == 0);
    if (which == BRANDED_HOME && gzip_is_taken(&request->head))
        which = BRANDED_HOME_GZIP;
    const struct sending sending = branded_sending(pages, which);
    bool is_there = sending.content.data != NULL;
    if (is_there)
        send_page(request, &sending);
    check(pthread_rwlock_unlock(&pages->lock) == 0);
    return is_there;
}

/* ---- the documentation ---- */

static bool is_doc(struct slice path)
{
    return slice_equals(path, DOCS_PATH) || slice_starts_with(path, DOCS_PATH "/");
}

/* A page for everybody. Who must be known first is found out by lua/docs.lua. */
static bool answer_doc(struct pages *pages, struct http_request *request)
{
    struct sending sending = {0};
    bool packed = gzip_is_taken(&request->head);
    bool answered = false;
    if (pages->docs_for == DOCS_OFF)
        return false;
    check(pthread_rwlock_rdlock(&pages->lock) == 0);
    const struct doc_page *page = doc_pages_choose(pages->docs, request->head.path, pages->docs_for,
                                                   DOC_READER_NOBODY, &sending.status);
    if (page != NULL && sending.status != 401) {
        sending.etag = doc_pages_etag(page, packed);
        sending.type = type_of(doc_pages_path(page));
        sending.policy = doc_pages_policy(page);
        sending.content = doc_pages_text(pages->docs, page, packed);
        sending.encoding = packed ? "gzip" : NULL;
        send_page(request, &sending);
        answered = true;
    }
    check(pthread_rwlock_unlock(&pages->lock) == 0);
    return answered;
}

bool pages_read_doc(void *arg, struct slice path, enum doc_reader reader, struct doc_reply *out)
{
    struct pages *pages = arg;
    check(pthread_rwlock_rdlock(&pages->lock) == 0);
    const struct doc_page *page =
        doc_pages_choose(pages->docs, path, pages->docs_for, reader, &out->status);
    if (page != NULL) {
        out->type = type_of(doc_pages_path(page));
        snprintf(out->policy, sizeof out->policy, "%s", doc_pages_policy(page));
        buffer_append_slice(&out->content, doc_pages_text(pages->docs, page, false));
    }
    check(pthread_rwlock_unlock(&pages->lock) == 0);
    return page != NULL;
}

bool pages_answer(struct pages *pages, struct http_request *request)
{
    char path[PATH_BYTES];
    struct slice asked = request->head.path;
    bool readable = request->head.method == HTTP_GET || request->head.method == HTTP_HEAD;
    if (!readable || asked.bytes >= sizeof path)
        return false;
    enum branded which = branded_of(pages, asked);
    if (which != BRANDED_NONE)
        return answer_branded(pages, request, which);
    if (is_doc(asked))
        return answer_doc(pages, request);
    slice_copy(asked, path, sizeof path);
    const struct page *page = find(pages, path, "");
    if (page == NULL)
        return false;
    struct sending sending = {.type = type_of(page->path),
                              .policy = pages->file_policy,
                              .hashed = strncmp(page->path, "/assets/", 8) == 0};
    page = choose(pages, page, request, &sending.encoding);
    sending.etag = page->etag;
    sending.content = (struct slice){page->data, page->bytes};
    send_page(request, &sending);
    return true;
}
