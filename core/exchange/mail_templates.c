#include "exchange/mail_templates.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/check.h"
#include "base/html.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/regular_file.h"
#include "base/seal.h"
#include "base/text.h"

enum { FILE_BYTES_MAX = 64 * 1024, NAMES_MAX = 14, SCENE_NAMES = 5, PATH_BYTES = 512 };

#define SUBJECT "Subject: "

/* ---- which there are ---- */

enum mail_part { PART_TEXT, PART_HTML, PARTS };
enum mail_language { ENGLISH, KOREAN, LANGUAGES };

static const char *const part_names[] = {"txt", "html"};
static const char *const language_names[] = {"en", "ko"};

/* A template, the page that its {{link}} leads to, whether that has a token (without it such a mail
 * is of no use), and the placeholders that are its own. */
struct template_form {
    const char *name;
    const char *page;
    bool needs_link;
    const char *own[8];
};

static const struct template_form forms[] = {
    {"verify", "verify", true, {NULL}},
    {"reset", "password", true, {NULL}},
    {"invitation", "invitation", true, {NULL}},
    {"receipt", "credits", false, {"kind", "paid", "amount", "balance", "reference", "date", NULL}},
    {"balance_low", "credits", false, {"balance", "threshold", NULL}},
    {"quota_near", "keys", false, {"quota", "whose", "limit", "used", "renews", NULL}},
    {"key_expiring", "keys", false, {"key", "last4", "days", "expires", NULL}},
    {"webhook_disabled", "account", false, {"url", "error", NULL}},
};
enum { FORMS = sizeof forms / sizeof forms[0], PAID_WORDS_BYTES = 64 };

static const char *const common_names[] = {"email",   "sender", "dashboard",  "link",
                                           "contact", "accent", "accent_ink", NULL};
static const char *const layout_names[] = {"content",   "subject",    "sender",
                                           "dashboard", "language",   "contact",
                                           "accent",    "accent_ink", NULL};

/* What the kinds of a receipt are called. */
static const struct {
    const char *kind;
    const char *words[LANGUAGES];
} kinds[] = {
    {"payment", {"Payment", "결제"}},
    {"top_up", {"Credits added by the operator", "운영자가 추가한 크레딧"}},
    {"voucher", {"Voucher", "바우처"}},
    {"promotion", {"Free credits", "무료 크레딧"}},
    {"reinstatement", {"Credits given back", "돌려받은 크레딧"}},
    {"test", {"Test credits", "테스트 크레딧"}},
};

struct mail_templates {
    atomic_int count;
    char *texts[FORMS][LANGUAGES][PARTS]; /* NUL-terminated, checked */
    char *layout;
};

struct mail_templates *mail_templates_ref(struct mail_templates *templates)
{
    atomic_fetch_add(&templates->count, 1);
    return templates;
}

void mail_templates_unref(struct mail_templates *templates)
{
    if (templates == NULL || atomic_fetch_sub(&templates->count, 1) > 1)
        return;
    for (size_t i = 0; i < sizeof templates->texts / sizeof(char *); i++)
        free((&templates->texts[0][0][0])[i]);
    free(templates->layout);
    free(templates);
}

/* ---- placeholders ---- */

/* The next placeholder from `at` on: its name without the braces. Returns where it begins, or NULL
 * if there is none; *end is behind it, NULL if it does not end on its line. */
static const char *next_placeholder(const char *at, struct slice *name, const char **end)
{
    const char *begin = strstr(at, "{{");
    if (begin == NULL)
        return NULL;
    const char *close = strstr(begin + 2, "}}");
    const char *line_end = begin + strcspn(begin, "\n");
    *end = close == NULL || close > line_end ? NULL : close + 2;
    *name = (struct slice){begin + 2, *end == NULL ? 0 : (size_t)(close - begin - 2)};
    *name = slice_trim(*name);
    return begin;
}

static bool is_among(struct slice name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (slice_equals(name, *names))
            return true;
    }
    return false;
}

static int line_of(const char *text, const char *at)
{
    int line = 1;
    for (; text < at; text++)
        line += *text == '\n' ? 1 : 0;
    return line;
}

static void list_names(const char *const *names, char *out, size_t out_bytes)
{
    for (; *names != NULL; names++) {
        size_t used = strlen(out);
        snprintf(out + used, out_bytes - used, "%s%s", used > 0 ? ", " : "", *names);
    }
}

static bool check_placeholders(const char *file, const char *text, const char *const *common,
                               const char *const *own, struct fault *fault)
{
    struct slice name;
    const char *end;
    for (const char *at = text; (at = next_placeholder(at, &name, &end)) != NULL; at = end) {
        char known[200] = "";
        if (end == NULL)
            return fault_set(fault, "invalid_value", "mail_templates: %s:%d: {{ has no }}", file,
                             line_of(text, at));
        if (is_among(name, common) || is_among(name, own))
            continue;
        list_names(common, known, sizeof known);
        list_names(own, known, sizeof known);
        return fault_set(
            fault, "invalid_value",
            "mail_templates: %s:%d: {{%.*s}} is no placeholder of this mail; it has %s", file,
            line_of(text, at), (int)(name.bytes < 40 ? name.bytes : 40), name.data, known);
    }
    return true;
}

static bool has_link(const char *text)
{
    struct slice name;
    const char *end = text;
    while (end != NULL && next_placeholder(end, &name, &end) != NULL) {
        if (slice_equals(name, "link"))
            return true;
    }
    return false;
}

/* ---- reading ---- */

static bool check_bytes(const char *file, struct slice text, struct fault *fault)
{
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < ' ' && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
            return fault_set(fault, "invalid_value",
                             "mail_templates: %s has a control character at byte %zu", file, i);
    }
    return text_is_utf8(text) ||
           fault_set(fault, "invalid_value", "mail_templates: %s is not UTF-8", file);
}

/* "Subject: ..." and an empty line, behind which the text begins. */
static const char *body_of(const char *text)
{
    const char *line_end = strchr(text, '\n');
    if (line_end == NULL || strncmp(text, SUBJECT, sizeof SUBJECT - 1) != 0 ||
        line_end == text + sizeof SUBJECT - 1)
        return NULL;
    line_end++;
    line_end += *line_end == '\r' ? 1 : 0;
    return *line_end == '\n' ? line_end + 1 : NULL;
}

static char *copy_of(struct slice text)
{
    char *copy = calloc(text.bytes + 1, 1);
    check(copy != NULL);
    memcpy(copy, text.data, text.bytes);
    return copy;
}

static bool take_layout(struct mail_templates *templates, const char *file, char *text,
                        struct fault *fault)
{
    static const char *const nothing[] = {NULL};
    free(templates->layout);
    templates->layout = text;
    if (strstr(text, "{{content}}") == NULL)
        return fault_set(fault, "invalid_value",
                         "mail_templates: %s has no {{content}}, where a mail's own part stands",
                         file);
    return check_placeholders(file, text, layout_names, nothing, fault);
}

static bool take_part(char **place, const char *file, const struct template_form *form,
                      enum mail_part part, char *text, struct fault *fault)
{
    free(*place);
    *place = text;
    if (part == PART_TEXT && body_of(text) == NULL)
        return fault_set(
            fault, "invalid_value",
            "mail_templates: %s must begin with a line \"" SUBJECT "...\" and an empty line", file);
    if (!check_placeholders(file, text, common_names, form->own, fault))
        return false;
    return !form->needs_link || has_link(part == PART_TEXT ? body_of(text) : text) ||
           fault_set(fault, "invalid_value",
                     "mail_templates: %s has no {{link}}, for which this mail is sent", file);
}

static int index_of(struct slice name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (slice_equals(name, names[i]))
            return i;
    }
    return -1;
}

/* "receipt.ko.html" */
static bool find_place(const char *name, int *form, int *language, int *part)
{
    const char *first = strchr(name, '.');
    const char *last = strrchr(name, '.');
    if (first == NULL || last == first)
        return false;
    const struct slice stem = {name, (size_t)(first - name)};
    const struct slice middle = {first + 1, (size_t)(last - first - 1)};
    *form = FORMS - 1;
    while (*form >= 0 && !slice_equals(stem, forms[*form].name))
        --*form;
    *language = index_of(middle, language_names, LANGUAGES);
    *part = index_of(slice_of(last + 1), part_names, PARTS);
    return *form >= 0 && *language >= 0 && *part >= 0;
}

static bool take(struct mail_templates *templates, const char *name, const char *file,
                 struct slice text, struct fault *fault)
{
    int form, language, part;
    if (!check_bytes(file, text, fault))
        return false;
    if (strcmp(name, "layout.html") == 0)
        return take_layout(templates, file, copy_of(text), fault);
    if (find_place(name, &form, &language, &part))
        return take_part(&templates->texts[form][language][part], file, &forms[form],
                         (enum mail_part)part, copy_of(text), fault);
    char names[160] = "";
    for (int i = 0; i < FORMS; i++)
        list_names((const char *const[]){forms[i].name, NULL}, names, sizeof names);
    return fault_set(fault, "invalid_value",
                     "mail_templates: %s is no template: they are called layout.html and "
                     "NAME.en.txt, .en.html, .ko.txt, .ko.html, where NAME is %s",
                     file, names);
}

static bool take_text(struct mail_templates *templates, const char *name, const char *path,
                      struct buffer *text, struct fault *fault)
{
    switch (regular_file_read(path, FILE_BYTES_MAX, text)) {
    case FILE_READ:
        return take(templates, name, path, buffer_slice(text), fault);
    case FILE_NOT_OPENED:
        return fault_set(fault, "invalid_value", "mail_templates: cannot read %s: %s", path,
                         strerror(errno));
    case FILE_UNREADABLE:
        return fault_set(fault, "invalid_value", "mail_templates: cannot read %s", path);
    case FILE_TOO_LARGE:
        break;
    }
    return fault_set(fault, "invalid_value", "mail_templates: %s has more than %d bytes", path,
                     FILE_BYTES_MAX);
}

static bool take_file(struct mail_templates *templates, const char *folder, const char *name,
                      struct fault *fault)
{
    char path[PATH_BYTES];
    struct buffer text;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return fault_set(fault, "invalid_value", "mail_templates: %.100s... is too long", path);
    buffer_init(&text, FILE_BYTES_MAX + 1);
    bool ok = take_text(templates, name, path, &text, fault);
    buffer_fini(&text);
    return ok;
}

static bool take_folder(struct mail_templates *templates, const char *folder, struct fault *fault)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return fault_set(fault, "invalid_value",
                         "mail_templates = %s: it must be a folder that can be read: %s", folder,
                         strerror(errno));
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] != '.')
            ok = take_file(templates, folder, entry->d_name, fault);
    }
    closedir(dir);
    return ok;
}

struct mail_templates *mail_templates_load(const char *folder, struct fault *fault)
{
    struct mail_templates *templates = calloc(1, sizeof *templates);
    check(templates != NULL);
    atomic_init(&templates->count, 1);
    bool ok = true;
    for (size_t i = 0; i < mail_asset_count && ok; i++) {
        const struct asset *asset = &mail_assets[i];
        ok = take(templates, asset->name, asset->name, (struct slice){asset->data, asset->bytes},
                  fault);
    }
    if (ok && (folder[0] == '\0' || take_folder(templates, folder, fault)))
        return templates;
    mail_templates_unref(templates);
    return NULL;
}

/* ---- writing ---- */

struct filling {
    const char *name;
    struct slice text;
    bool is_html; /* it is markup, not to be escaped */
};

struct fillings {
    struct filling list[NAMES_MAX];
    size_t count;
};

static void fill(struct fillings *fillings, const char *name, struct slice text)
{
    check(fillings->count < NAMES_MAX);
    fillings->list[fillings->count++] = (struct filling){.name = name, .text = text};
}

/* What layouts have, too: it comes first. */
static void fill_scene(const struct mail_scene *scene, struct fillings *fillings)
{
    fill(fillings, "sender", slice_of(scene->sender));
    fill(fillings, "dashboard", slice_of(scene->dashboard_url));
    fill(fillings, "contact", slice_of(scene->contact));
    fill(fillings, "accent", slice_of(scene->accent));
    fill(fillings, "accent_ink", slice_of(scene->accent_ink));
    check(fillings->count == SCENE_NAMES);
}

static void append_value(const struct fillings *fillings, struct slice name, bool html,
                         struct buffer *out)
{
    for (size_t i = 0; i < fillings->count; i++) {
        const struct filling *filling = &fillings->list[i];
        if (!slice_equals(name, filling->name))
            continue;
        if (html && !filling->is_html)
            html_append(filling->text, out);
        else
            buffer_append_slice(out, filling->text);
        return;
    }
}

static void write_filled(struct slice text, const struct fillings *fillings, bool html,
                         struct buffer *out)
{
    const char *at = text.data, *end = text.data + text.bytes;
    const char *begin, *behind;
    struct slice name;
    while ((begin = next_placeholder(at, &name, &behind)) != NULL && begin < end &&
           behind != NULL) {
        buffer_append(out, at, (size_t)(begin - at));
        append_value(fillings, name, html, out);
        at = behind;
    }
    buffer_append(out, at, (size_t)(end - at));
}

static void write_content(const struct mail_templates *templates, int form, int language,
                          struct fillings *fillings, struct mail_content *out)
{
    const char *text = templates->texts[form][language][PART_TEXT];
    const char *html = templates->texts[form][language][PART_HTML];
    const struct slice subject = {text + sizeof SUBJECT - 1,
                                  strcspn(text, "\r\n") - sizeof SUBJECT + 1};
    struct fillings of_layout = {.count = 0};
    struct buffer part;
    write_filled(subject, fillings, false, &out->subject);
    write_filled(slice_of(body_of(text)), fillings, false, &out->text);
    buffer_init(&part, LIMIT_MESSAGE_BYTES);
    write_filled(slice_of(html), fillings, true, &part);
    of_layout = *fillings;
    of_layout.count = SCENE_NAMES;
    fill(&of_layout, "subject", buffer_slice(&out->subject));
    fill(&of_layout, "language", slice_of(language_names[language]));
    fill(&of_layout, "content", buffer_slice(&part));
    of_layout.list[of_layout.count - 1].is_html = true;
    write_filled(slice_of(templates->layout), &of_layout, true, &out->html);
    out->html.failed |= part.failed;
    buffer_wipe_fini(&part);
}

/* The page that the mail is about; the token stands behind a #, which browsers send nowhere. */
static bool write_link(const struct mail_scene *scene, const struct template_form *form,
                       const struct json_value *root, struct buffer *out)
{
    struct json_value sealed;
    struct buffer text, token;
    buffer_printf(out, "%s/%s", scene->dashboard_url, form->page);
    if (json_find(root, "sealed", &sealed) == 0)
        return true;
    buffer_init(&text, LIMIT_SEALED_BYTES);
    buffer_init(&token, LIMIT_SEALED_BYTES);
    bool ok =
        sealed.type == JSON_STRING && json_decode_string(&sealed, &text) &&
        seal_open_base64(scene->secret, slice_of(MAIL_LINK_SEAL), buffer_slice(&text), &token);
    buffer_append_char(out, '#');
    buffer_append_slice(out, buffer_slice(&token));
    buffer_fini(&text);
    buffer_wipe_fini(&token);
    return ok;
}

/* What the card was charged, and how much of it are taxes. */
static const char *const taxed_words[LANGUAGES] = {", %.*s of which %.*s are taxes",
                                                   ", %.*s (세금 %.*s 포함)"};

/* "22.00 USD" or "22.00 USD|2.00 USD", in words behind it in the room. */
static struct slice paid_text(struct slice value, int language, struct buffer *room)
{
    size_t begin = room->bytes;
    const char *bar = slice_char(value, '|');
    size_t total_bytes = bar != NULL ? (size_t)(bar - value.data) : value.bytes;
    if (bar == NULL)
        buffer_printf(room, ", %.*s", (int)total_bytes, value.data);
    else
        buffer_printf(room, taxed_words[language], (int)total_bytes, value.data,
                      (int)(value.bytes - total_bytes - 1), bar + 1);
    return (struct slice){room->data + begin, room->bytes - begin};
}

/* What quotas are called: "user/requests_per_day/gpt-4" has the words in its middle. */
static const struct {
    const char *name;
    const char *words[LANGUAGES];
} quotas[] = {
    {"requests_per_day", {"requests in a day", "하루 요청 수"}},
    {"requests_per_month", {"requests in a month", "한 달 요청 수"}},
    {"tokens_per_day", {"tokens in a day", "하루 토큰 수"}},
    {"tokens_per_month", {"tokens in a month", "한 달 토큰 수"}},
    {"usd_per_day", {"money in a day", "하루 사용 금액"}},
    {"usd_per_month", {"money in a month", "한 달 사용 금액"}},
};

static const char *const account_words[LANGUAGES] = {"all of your keys", "모든 키"};

/* In words behind it in the room, with its models, if it is not of all. */
static struct slice quota_text(struct slice value, int language, struct buffer *room)
{
    size_t begin = room->bytes;
    for (size_t i = 0; i < sizeof quotas / sizeof quotas[0]; i++) {
        ptrdiff_t at = slice_find(value, slice_of(quotas[i].name));
        if (at < 0)
            continue;
        size_t end = (size_t)at + strlen(quotas[i].name);
        buffer_append_text(room, quotas[i].words[language]);
        if (end < value.bytes)
            buffer_printf(room, " (%.*s)", (int)(value.bytes - end - 1), value.data + end + 1);
        return (struct slice){room->data + begin, room->bytes - begin};
    }
    return value;
}

/* The word for a receipt's kind; other values are themselves. */
static struct slice localised(const char *name, struct slice value, int language,
                              struct buffer *room)
{
    if (strcmp(name, "paid") == 0 && value.bytes > 0)
        return paid_text(value, language, room);
    if (strcmp(name, "quota") == 0)
        return quota_text(value, language, room);
    if (strcmp(name, "whose") == 0 && value.bytes == 0)
        return slice_of(account_words[language]);
    for (size_t i = 0; strcmp(name, "kind") == 0 && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (slice_equals(value, kinds[i].kind))
            return slice_of(kinds[i].words[language]);
    }
    return value;
}

/* Decodes the values one behind the other into `room`, which must have enough from the start: they
 * are pointed at. */
static void fill_values(const struct json_value *values, const struct template_form *form,
                        int language, struct buffer *room, struct fillings *out)
{
    const char *names[NAMES_MAX] = {"email"};
    size_t count = 1;
    for (const char *const *own = form->own; *own != NULL; own++)
        names[count++] = *own;
    for (size_t i = 0; i < count; i++) {
        struct json_value value;
        size_t begin = room->bytes;
        if (json_find(values, names[i], &value) != 1 || value.type != JSON_STRING ||
            !json_decode_string(&value, room))
            continue;
        const struct slice text = {room->data + begin, room->bytes - begin};
        fill(out, names[i], localised(names[i], text, language, room));
    }
}

static bool find_text(const struct json_value *root, const char *name, char *out, size_t out_bytes)
{
    struct json_value value;
    struct buffer text;
    buffer_init(&text, out_bytes - 1);
    bool ok = json_find(root, name, &value) == 1 && value.type == JSON_STRING &&
              json_decode_string(&value, &text);
    slice_copy(buffer_slice(&text), out, out_bytes);
    buffer_fini(&text);
    return ok;
}

bool mail_templates_write(const struct mail_templates *templates, const struct mail_scene *scene,
                          struct slice payload, struct mail_content *out)
{
    struct json_value root, values;
    struct fault ignored;
    char name[32], language_name[8];
    int form = FORMS - 1;
    if (!json_parse(payload, 4, &root, &ignored) ||
        !find_text(&root, "template", name, sizeof name) ||
        !find_text(&root, "language", language_name, sizeof language_name) ||
        json_find(&root, "values", &values) != 1)
        return false;
    while (form >= 0 && strcmp(forms[form].name, name) != 0)
        form--;
    int language = index_of(slice_of(language_name), language_names, LANGUAGES);
    if (form < 0)
        return false;
    struct fillings fillings = {.count = 0};
    struct buffer room, link;
    buffer_init(&room, LIMIT_MESSAGE_BYTES);
    buffer_init(&link, LIMIT_DESTINATION_BYTES * 2);
    bool ok = buffer_reserve(&room, 2 * payload.bytes + PAID_WORDS_BYTES) != NULL &&
              write_link(scene, &forms[form], &root, &link);
    fill_scene(scene, &fillings);
    fill(&fillings, "link", buffer_slice(&link));
    fill_values(&values, &forms[form], language < 0 ? ENGLISH : language, &room, &fillings);
    if (ok)
        write_content(templates, form, language < 0 ? ENGLISH : language, &fillings, out);
    buffer_fini(&room);
    buffer_wipe_fini(&link);
    return ok && !out->subject.failed && !out->text.failed && !out->html.failed;
}
