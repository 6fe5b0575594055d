#include "app/pages.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/id.h"
#include "base/sha256.h"

#define HOME "/index.html"

enum { PAGES_MAX = 1000, PAGE_BYTES_MAX = 16 * 1024 * 1024, PATH_BYTES = 512 };

struct page {
    char path[PATH_BYTES]; /* "/assets/main-1a2b.js" */
    char etag[24];
    char *data;
    size_t bytes;
};

struct pages {
    struct page *page; /* sorted by path */
    size_t count;
    bool prices_public;
};

static const char security_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

/* The answer for "/" if the pages have not been built: the API works without them. */
static const char not_built[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>LLM Gateway</title>\n"
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

struct pages *pages_load(const char *folder, bool prices_public, struct fault *fault)
{
    struct pages *pages = calloc(1, sizeof *pages);
    struct stat info;
    check(pages != NULL);
    pages->prices_public = prices_public;
    pages->page = calloc(PAGES_MAX + 1, sizeof *pages->page); /* 1: not_built */
    check(pages->page != NULL);
    if (stat(folder, &info) == 0 && !read_folder(pages, folder, "", fault)) {
        pages_free(pages);
        return NULL;
    }
    sort(pages);
    if (find(pages, HOME, "") == NULL)
        add_not_built(pages);
    return pages;
}

void pages_free(struct pages *pages)
{
    if (pages == NULL)
        return;
    for (size_t i = 0; i < pages->count; i++)
        free(pages->page[i].data);
    free(pages->page);
    free(pages);
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

static void send_headers(struct http_request *request, const struct page *page,
                         const struct page *sent, const char *encoding)
{
    struct id id;
    bool hashed = strncmp(page->path, "/assets/", 8) == 0;
    id_make(&id, "req");
    http_reply_header(request, "x-request-id", id.text);
    http_reply_header(request, "Content-Type", type_of(page->path));
    http_reply_header(request, "ETag", sent->etag);
    http_reply_header(request, "Vary", "Accept-Encoding");
    http_reply_header(request, "Cache-Control",
                      hashed ? "public, max-age=31536000, immutable" : "no-cache");
    http_reply_header(request, "X-Content-Type-Options", "nosniff");
    http_reply_header(request, "X-Frame-Options", "DENY");
    http_reply_header(request, "Referrer-Policy", "same-origin");
    http_reply_header(request, "Content-Security-Policy", security_policy);
    if (encoding != NULL)
        http_reply_header(request, "Content-Encoding", encoding);
}

/* Whether the path is one of index.html, which shows the page itself. */
static bool is_home(const struct pages *pages, struct slice path)
{
    return path.bytes == 1 || slice_equals(path, "/dashboard") ||
           slice_starts_with(path, "/dashboard/") ||
           (pages->prices_public && slice_equals(path, "/prices"));
}

bool pages_answer(const struct pages *pages, struct http_request *request)
{
    char path[PATH_BYTES];
    struct slice asked = request->head.path;
    bool readable = request->head.method == HTTP_GET || request->head.method == HTTP_HEAD;
    if (!readable || asked.bytes >= sizeof path)
        return false;
    if (is_home(pages, asked))
        snprintf(path, sizeof path, "%s", HOME);
    else
        snprintf(path, sizeof path, "%.*s", (int)asked.bytes, asked.data);
    const struct page *page = find(pages, path, "");
    if (page == NULL)
        return false;
    const char *encoding;
    const struct page *sent = choose(pages, page, request, &encoding);
    send_headers(request, page, sent, encoding);
    if (header_has(request, "if-none-match", sent->etag))
        http_reply(request, 304, (struct slice){0});
    else
        http_reply(request, 200, (struct slice){sent->data, sent->bytes});
    return true;
}
