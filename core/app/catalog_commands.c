#include "app/catalog_commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/catalog_money.h"
#include "app/commands.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/sha256.h"
#include "script/catalog_tool.h"

enum { CHANGED_STATUS = 1, FAILED_STATUS = 2 };
enum { FILE_BYTES_MAX = 64 * 1024 * 1024, TEXT_BYTES_MAX = 64 * 1024 * 1024, PATH_BYTES = 4096 };

/* ---- files ---- */

/* Appends the file at `path`, and sets *day to that of its last change (UTC). */
static bool read_file(const char *path, struct buffer *out, int32_t *day, struct fault *fault)
{
    char block[65536];
    struct stat status;
    size_t bytes;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return fault_set(fault, "cannot_read", "%s: cannot be opened: %s", path, strerror(errno));
    bool read = fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode);
    while (read && (bytes = fread(block, 1, sizeof block, file)) > 0)
        (void)buffer_append(out, block, bytes);
    read = read && !ferror(file);
    fclose(file);
    if (!read)
        return fault_set(fault, "cannot_read", "%s: cannot be read", path);
    if (out->failed)
        return fault_set(fault, "too_large", "%s: is larger than %d bytes", path, FILE_BYTES_MAX);
    *day = (int32_t)(status.st_mtim.tv_sec / 86400);
    return true;
}

static bool write_all(const char *path, struct slice text, struct fault *fault)
{
    FILE *file = fopen(path, "wb");
    bool written = file != NULL && fwrite(text.data, 1, text.bytes, file) == text.bytes &&
                   fflush(file) == 0 && fsync(fileno(file)) == 0;
    int why = errno;
    if (file != NULL && fclose(file) != 0)
        written = false;
    return written ||
           fault_set(fault, "cannot_write", "%s: cannot be written: %s", path, strerror(why));
}

/* A reload in this moment reads the old file or the new one. */
static bool replace_file(const char *path, struct slice text, struct fault *fault)
{
    char temporary[PATH_BYTES];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return fault_set(fault, "cannot_write", "%s: the path is too long", path);
    if (!write_all(temporary, text, fault))
        return false;
    if (rename(temporary, path) == 0)
        return true;
    (void)fault_set(fault, "cannot_write", "%s: cannot be written: %s", path, strerror(errno));
    unlink(temporary);
    return false;
}

static bool catalog_path(const struct config *config, char path[PATH_BYTES], struct fault *fault)
{
    return snprintf(path, PATH_BYTES, "%s/catalog.lua", config->policies) < PATH_BYTES ||
           fault_set(fault, "cannot_read", "the path of the policies is too long");
}

/* ---- import ---- */

static void add_names(struct buffer *out, const char *name, const char *const *names, size_t count)
{
    json_writer_array(out, name);
    for (size_t i = 0; i < count; i++)
        json_writer_text(out, NULL, names[i]);
    json_writer_array_end(out);
}

/* The day of the file's last change is the catalogue's date: the same file gives the same text. */
static void add_options(struct buffer *out, const struct catalog_options *options,
                        struct slice file, int32_t day)
{
    char text[CLOCK_TEXT_BYTES];
    char sha256[SHA256_HEX_BYTES];
    sha256_hex(file, sha256);
    if (options->label != NULL)
        json_writer_text(out, "label", options->label);
    json_writer_text(out, "date", clock_format_day(day, text));
    json_writer_text(out, "sha256", sha256);
    add_names(out, "providers", options->providers, options->provider_count);
    add_names(out, "modes", options->modes, options->mode_count);
}

static bool import(const char *path, const struct catalog_options *options, struct buffer *catalog,
                   struct buffer *summary, struct fault *fault)
{
    struct buffer file;
    struct buffer asked;
    int32_t day;
    buffer_init(&file, FILE_BYTES_MAX);
    buffer_init(&asked, TEXT_BYTES_MAX);
    bool done = read_file(path, &file, &day, fault);
    if (done) {
        json_writer_object(&asked, NULL);
        add_options(&asked, options, buffer_slice(&file), day);
        json_writer_object_end(&asked);
        const struct catalog_question question = {.function = "import",
                                                  .file_name = path,
                                                  .file = buffer_slice(&file),
                                                  .options = buffer_slice(&asked)};
        done = catalog_tool_ask(&question, catalog, summary, fault);
    }
    buffer_fini(&asked);
    buffer_fini(&file);
    return done;
}

static bool put_catalog(const struct config *config, const struct catalog_options *options,
                        struct slice text, struct fault *fault)
{
    char path[PATH_BYTES];
    if (options->output != NULL && strcmp(options->output, "-") == 0) {
        bool written =
            fwrite(text.data, 1, text.bytes, stdout) == text.bytes && fflush(stdout) == 0;
        return written || fault_set(fault, "cannot_write", "stdout: %s", strerror(errno));
    }
    if (options->output != NULL)
        return replace_file(options->output, text, fault);
    return catalog_path(config, path, fault) && replace_file(path, text, fault);
}

int catalog_commands_import(const struct config *config, const char *file,
                            const struct catalog_options *options)
{
    struct buffer catalog;
    struct buffer summary;
    struct fault fault;
    buffer_init(&catalog, TEXT_BYTES_MAX);
    buffer_init(&summary, TEXT_BYTES_MAX);
    bool done = import(file, options, &catalog, &summary, &fault) &&
                put_catalog(config, options, buffer_slice(&catalog), &fault);
    if (done)
        fprintf(stderr, "%.*s", (int)summary.bytes, summary.data);
    buffer_fini(&summary);
    buffer_fini(&catalog);
    return done ? 0 : commands_fail(&fault);
}

/* ---- diff ---- */

/* The present catalogue and a price file, and what is asked of both. */
struct comparison {
    const char *path;
    const struct catalog_options *options;
    struct buffer file;
    struct buffer catalog;
    int32_t day;
    bool json;
};

static bool open_comparison(const struct config *config, struct comparison *out,
                            struct fault *fault)
{
    char path[PATH_BYTES];
    int32_t ignored;
    buffer_init(&out->file, FILE_BYTES_MAX);
    buffer_init(&out->catalog, FILE_BYTES_MAX);
    return catalog_path(config, path, fault) && read_file(path, &out->catalog, &ignored, fault) &&
           read_file(out->path, &out->file, &out->day, fault);
}

static void close_comparison(struct comparison *comparison)
{
    buffer_fini(&comparison->file);
    buffer_fini(&comparison->catalog);
}

/* `more`: members of the options in JSON, without braces; may be empty. */
static bool ask_both(const struct comparison *comparison, const char *function, struct slice more,
                     struct buffer *first, struct buffer *second, struct fault *fault)
{
    struct buffer asked;
    buffer_init(&asked, TEXT_BYTES_MAX);
    json_writer_object(&asked, NULL);
    add_options(&asked, comparison->options, buffer_slice(&comparison->file), comparison->day);
    json_writer_bool(&asked, "json", comparison->json);
    if (more.bytes > 0) {
        buffer_append_char(&asked, ',');
        buffer_append_slice(&asked, more);
    }
    json_writer_object_end(&asked);
    const struct catalog_question question = {.function = function,
                                              .file_name = comparison->path,
                                              .file = buffer_slice(&comparison->file),
                                              .options = buffer_slice(&asked),
                                              .catalog = buffer_slice(&comparison->catalog)};
    bool done = catalog_tool_ask(&question, first, second, fault);
    buffer_fini(&asked);
    return done;
}

static bool compare(const struct config *config, const struct comparison *comparison,
                    struct buffer *report, struct buffer *changed, struct fault *fault)
{
    struct buffer renewed;
    struct buffer money;
    struct buffer nothing;
    buffer_init(&renewed, TEXT_BYTES_MAX);
    buffer_init(&money, TEXT_BYTES_MAX);
    buffer_init(&nothing, TEXT_BYTES_MAX);
    bool done = ask_both(comparison, "renew", (struct slice){"", 0}, &renewed, &nothing, fault);
    int said_s = comparison->options->timeout_s;
    int timeout_s = said_s >= 0 ? said_s : CATALOG_TIMEOUT_S;
    if (done) {
        catalog_money_add(config, buffer_slice(&renewed), timeout_s, &money);
        done = ask_both(comparison, "diff", buffer_slice(&money), report, changed, fault);
    }
    buffer_fini(&nothing);
    buffer_fini(&money);
    buffer_fini(&renewed);
    return done;
}

int catalog_commands_diff(const struct config *config, const char *file,
                          const struct catalog_options *options, bool json)
{
    struct comparison comparison = {.path = file, .options = options, .json = json};
    struct buffer report;
    struct buffer changed;
    struct fault fault;
    buffer_init(&report, TEXT_BYTES_MAX);
    buffer_init(&changed, TEXT_BYTES_MAX);
    bool done = open_comparison(config, &comparison, &fault) &&
                compare(config, &comparison, &report, &changed, &fault);
    close_comparison(&comparison);
    if (done)
        printf("%.*s", (int)report.bytes, report.data);
    int status = changed.bytes > 0 ? CHANGED_STATUS : 0;
    buffer_fini(&report);
    buffer_fini(&changed);
    if (done)
        return status;
    commands_fail(&fault);
    return FAILED_STATUS;
}
