#include "dialect/form_request.h"

#include <string.h>

#include "base/check.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "dialect/kept_objects.h"
#include "dialect/member_name.h"
#include "dialect/multipart.h"
#include "dialect/request_edits.h"

/* ---- fields ---- */

/* The name without what makes a list of it: `include[]` and `include[0]` are `include`. */
static struct slice stem_of(struct slice name)
{
    const char *bracket = slice_char(name, '[');
    return (struct slice){name.data, bracket != NULL ? (size_t)(bracket - name.data) : name.bytes};
}

static struct form_field *find_field(struct form_field *fields, size_t count, struct slice stem)
{
    for (size_t i = 0; i < count; i++) {
        if (member_name_reads_as(stem, fields[i].name, MEMBER_CASE_CAMEL))
            return &fields[i];
    }
    return NULL;
}

static bool refuse_kind(const struct form_field *field, struct request_fault *fault)
{
    return request_refuse(fault, "invalid_value", field->name,
                          field->is_file ? "'%s' must be a file: send it with a file name."
                                         : "'%s' must be a plain field, without a file name.",
                          field->name);
}

static bool refuse_unpriced(struct slice name, struct request_fault *fault)
{
    return request_refuse(fault, "invalid_value", NULL,
                          "'%.*s' would change the price of this call and is not sold here. Leave "
                          "it out.",
                          (int)name.bytes, name.data);
}

static bool keep_field(struct form_field *field, const struct multipart_part *part,
                       struct slice stem, struct request_fault *fault)
{
    bool listed = stem.bytes < part->name.bytes;
    if (!slice_equals(stem, field->name) || (listed && !field->repeats))
        return request_refuse(fault, "invalid_value", field->name,
                              "The field '%.*s' must be written '%s'.", (int)part->name.bytes,
                              part->name.data, field->name);
    if (field->unsold)
        return refuse_unpriced(part->name, fault);
    if (part->is_file != field->is_file)
        return refuse_kind(field, fault);
    if (field->count > 0 && !field->repeats)
        return request_fault_twice(fault, field->name, part->name);
    field->count++;
    field->value = part->value;
    field->bytes += (int64_t)part->value.bytes;
    return true;
}

/* ---- what is only passed on ---- */

/* Whether the field would be let through as a member of a JSON body, and costs nothing. */
static bool costs_nothing(struct slice name, const struct json_item *item,
                          struct request_fault *fault)
{
    struct paid_features paid = {.count = 0};
    struct asked_words asked = {.beside = false};
    if (!kept_objects_allow(name, &item->value, NULL, fault) ||
        !asked_words_note(&asked, item, name, fault) ||
        !paid_features_read(&paid, name, &item->value, fault))
        return false;
    return (paid.count == 0 && !asked_words_any(&asked)) || refuse_unpriced(name, fault);
}

static bool ends_as(struct slice name, const char *ending)
{
    size_t bytes = strlen(ending);
    return name.bytes >= bytes && slice_same_nocase(name.data + name.bytes - bytes, ending, bytes);
}

/* A server that fetches a file by its address, or that keeps it under an id, would read what we
 * have not seen. */
static bool is_address(struct slice stem)
{
    static const char *const endings[] = {"url",     "urls",   "uri",      "uris",
                                          "file_id", "fileid", "file_ids", "fileids"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (ends_as(stem, endings[i]))
            return true;
    }
    return false;
}

void form_request_add_text(struct slice value, struct model_request *out)
{
    out->prompt.bytes_most += (int64_t)value.bytes;
    out->prompt.text_bytes += (int64_t)value.bytes;
    text_mix_add(&out->prompt.mix, value);
}

static bool pass_field(const struct multipart_part *part, struct slice stem,
                       struct model_request *out, struct request_fault *fault)
{
    if (part->is_file)
        return request_refuse(fault, "invalid_value", NULL, "No file is taken as '%.*s' here.",
                              (int)part->name.bytes, part->name.data);
    if (is_address(stem))
        return refuse_unpriced(part->name, fault);
    struct buffer json;
    buffer_init(&json, 6 * part->value.bytes + 2);
    bool written = json_write_string(&json, part->value);
    const struct json_item item = {stem, {.type = JSON_STRING, .raw = buffer_slice(&json)}};
    bool good = written ? costs_nothing(stem, &item, fault)
                        : request_refuse(fault, "invalid_form", NULL, "A field is too long.");
    buffer_fini(&json);
    form_request_add_text(part->value, out);
    return good;
}

static bool read_part(const struct multipart_part *part, struct form_field *fields, size_t count,
                      struct model_request *out, struct request_fault *fault)
{
    struct slice stem = stem_of(part->name);
    struct form_field *field = find_field(fields, count, stem);
    return field != NULL ? keep_field(field, part, stem, fault)
                         : pass_field(part, stem, out, fault);
}

static void begin(struct slice text, uint64_t seed, struct model_request *out)
{
    memset(out, 0, sizeof *out);
    out->text = text;
    out->output_tokens = -1;
    out->choices = 1;
    out->prompt.mix.seed = seed;
    out->prompt.mix.whole = seed == 0;
    out->prompt.message_count = 1;
    out->usage_asked = true; /* its answers always tell it */
}

bool form_request_read(struct slice text, const struct request_address *address, uint64_t seed,
                       struct form_field *fields, size_t count, struct model_request *out,
                       struct request_fault *fault)
{
    struct multipart form;
    struct slice boundary;
    begin(text, seed, out);
    if (!multipart_boundary(address->content_type, &boundary, fault) ||
        !multipart_scan(text, boundary, address->coming != NULL, &form, fault))
        return false;
    out->boundary = (struct slice){text.data + 2, boundary.bytes}; /* the head may go sooner */
    if (address->coming != NULL && !address->coming->over) {
        out->prompt.bytes_most = out->prompt.text_bytes = LIMIT_FORM_LATE_BYTES;
    }
    for (size_t i = 0; i < form.count; i++) {
        if (!read_part(&form.parts[i], fields, count, out, fault))
            return false;
    }
    return true;
}

/* ---- values ---- */

bool form_request_model(const struct form_field *field, struct model_request *out,
                        struct request_fault *fault)
{
    struct slice name = field->value;
    if (field->count == 0)
        return request_refuse(
            fault, "missing_field", "model",
            "You must provide a model parameter; GET /v1/models lists what there is.");
    if (name.bytes == 0 || name.bytes >= sizeof out->model || slice_char(name, '\0') != NULL)
        return request_refuse(fault, "invalid_value", "model",
                              "'model' must be a name of 1 to %zu bytes.", sizeof out->model - 1);
    slice_copy(name, out->model, sizeof out->model);
    out->members[REQUEST_MODEL] = (struct json_value){.type = JSON_STRING, .raw = name};
    return true;
}

bool form_request_flag(const struct form_field *field, bool *out, struct request_fault *fault)
{
    bool yes = slice_equals_nocase(field->value, "true") || slice_equals(field->value, "1");
    bool no = slice_equals_nocase(field->value, "false") || slice_equals(field->value, "0");
    if (field->count == 0)
        return true;
    *out = yes;
    return yes || no ||
           request_refuse(fault, "invalid_value", field->name, "'%s' must be true or false.",
                          field->name);
}

static bool read_number(struct slice text, int64_t max, int64_t *out)
{
    int64_t number = 0;
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        number = number * 10 + (text.data[i] - '0');
        if (number > max)
            return false;
    }
    *out = number;
    return text.bytes > 0;
}

bool form_request_count(const struct form_field *field, int64_t min, int64_t max, int64_t *out,
                        struct request_fault *fault)
{
    return field->count == 0 || (read_number(field->value, max, out) && *out >= min) ||
           request_refuse(fault, "invalid_value", field->name,
                          "'%s' must be a whole number from %lld to %lld.", field->name,
                          (long long)min, (long long)max);
}

bool form_request_word(const struct form_field *field, struct slice *out,
                       struct request_fault *fault)
{
    static const char signs[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.";
    size_t good = 0;
    *out = field->value;
    while (good < out->bytes && memchr(signs, out->data[good], sizeof signs - 1) != NULL)
        good++;
    return (good == out->bytes && good <= LIMIT_FORM_WORD_BYTES) ||
           request_refuse(fault, "invalid_value", field->name,
                          "'%s' must be a word of at most %d letters, digits and signs of _-.",
                          field->name, LIMIT_FORM_WORD_BYTES);
}

/* ---- the copy ---- */

bool form_request_apply(const struct model_request *request, const struct request_changes *changes,
                        struct request_copy *out)
{
    struct request_edits edits = {.count = 0};
    buffer_init(&edits.text, LIMIT_MODEL_NAME_BYTES);
    if (strcmp(request->model, changes->model) != 0) {
        buffer_append_text(&edits.text, changes->model);
        request_replace(request, &request->members[REQUEST_MODEL], &edits, 0);
    }
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    return !edits.text.failed;
}

void form_request_digest(const struct model_request *request, char out[SHA256_HEX_BYTES])
{
    struct multipart form;
    struct request_fault fault;
    char all[LIMIT_FORM_PARTS * (SHA256_HEX_BYTES - 1) + 1] = "";
    char *end = all;
    check(multipart_scan(request->text, request->boundary, false, &form, &fault));
    for (size_t i = 0; i < form.count; i++) {
        sha256_hex(form.parts[i].whole, end);
        end += SHA256_HEX_BYTES - 1;
    }
    sha256_hex((struct slice){all, (size_t)(end - all)}, out);
}
