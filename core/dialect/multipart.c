#include "dialect/multipart.h"

#include <string.h>

#define CODE "invalid_form"

enum { NAME_BYTES_MAX = 64, DELIMITER_BYTES_MAX = MULTIPART_BOUNDARY_BYTES_MAX + 2 };

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_among(char c, const char *list)
{
    return is_letter_or_digit(c) || (c != '\0' && strchr(list, c) != NULL);
}

/* Of RFC 9110, 5.6.2 */
static bool is_token(char c)
{
    return is_among(c, "!#$%&'*+-.^_`|~");
}

/* Of RFC 2046, 5.1.1, without the blank */
static bool is_of_boundary(char c)
{
    return is_among(c, "'()+_,-./:=?");
}

static bool is_of_name(char c)
{
    return is_among(c, "_-.[]");
}

static bool is_all(struct slice text, bool (*is)(char c))
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (!is(text.data[i]))
            return false;
    }
    return text.bytes > 0;
}

static void skip(struct slice *text, size_t bytes)
{
    if (bytes == 0) /* of a text that is not there, too */
        return;
    text->data += bytes;
    text->bytes -= bytes;
}

static void skip_blanks(struct slice *text)
{
    while (text->bytes > 0 && (text->data[0] == ' ' || text->data[0] == '\t'))
        skip(text, 1);
}

/* Takes what is in front of `end` and `end` itself. False: it is not there. */
static bool take_until(struct slice *text, const char *end, struct slice *out)
{
    ptrdiff_t at = slice_find(*text, slice_of(end));
    if (at < 0)
        return false;
    *out = (struct slice){text->data, (size_t)at};
    skip(text, (size_t)at + strlen(end));
    return true;
}

/* ---- parameters: `; name=value; name="value"` ---- */

struct parameter {
    struct slice name;
    struct slice value; /* without its quotes; escapes are refused */
};

/* A quoted value. Readers differ in whether a backslash hides a quote, so none may stand before
 * one. */
static bool take_quoted(struct slice *rest, struct slice *out)
{
    skip(rest, 1);
    return take_until(rest, "\"", out) && (out->bytes == 0 || out->data[out->bytes - 1] != '\\');
}

static bool take_plain(struct slice *rest, struct slice *out)
{
    size_t bytes = 0;
    while (bytes < rest->bytes && rest->data[bytes] != ';' && rest->data[bytes] != ' ' &&
           rest->data[bytes] != '\t' && rest->data[bytes] != '"')
        bytes++;
    *out = (struct slice){rest->data, bytes};
    skip(rest, bytes);
    return bytes > 0;
}

/* Takes the next parameter. Returns 1, 0 at the end, or -1 if it cannot be read. */
static int take_parameter(struct slice *rest, struct parameter *out)
{
    skip_blanks(rest);
    if (rest->bytes == 0)
        return 0;
    if (rest->data[0] != ';')
        return -1;
    skip(rest, 1);
    skip_blanks(rest);
    if (rest->bytes == 0)
        return 0;
    if (!take_until(rest, "=", &out->name) || !is_all(out->name, is_token) || rest->bytes == 0)
        return -1;
    bool taken =
        rest->data[0] == '"' ? take_quoted(rest, &out->value) : take_plain(rest, &out->value);
    return taken ? 1 : -1;
}

/* Takes the word before the parameters. */
static struct slice take_word(struct slice *rest)
{
    skip_blanks(rest);
    size_t bytes = 0;
    while (bytes < rest->bytes && is_among(rest->data[bytes], "!#$%&'*+-.^_`|~/"))
        bytes++;
    struct slice word = {rest->data, bytes};
    skip(rest, bytes);
    return word;
}

/* ---- Content-Type ---- */

static bool refuse_boundary(struct request_fault *fault)
{
    return request_refuse(fault, CODE, NULL,
                          "The boundary of the Content-Type must stand there once and be 1 to %d "
                          "letters, digits or signs of '()+_,-./:=? without blanks.",
                          MULTIPART_BOUNDARY_BYTES_MAX);
}

bool multipart_boundary(struct slice content_type, struct slice *out, struct request_fault *fault)
{
    struct parameter parameter;
    int more = 0;
    *out = (struct slice){0};
    if (!slice_equals_nocase(take_word(&content_type), "multipart/form-data"))
        return request_refuse(fault, CODE, NULL,
                              "Send a form: Content-Type: multipart/form-data; boundary=...");
    while ((more = take_parameter(&content_type, &parameter)) > 0) {
        if (!slice_equals_nocase(parameter.name, "boundary"))
            continue;
        if (out->bytes > 0 || parameter.value.bytes > MULTIPART_BOUNDARY_BYTES_MAX ||
            !is_all(parameter.value, is_of_boundary))
            return refuse_boundary(fault);
        *out = parameter.value;
    }
    return (more == 0 && out->bytes > 0) || refuse_boundary(fault);
}

/* ---- the head of a part ---- */

static bool refuse_head(const struct multipart *form, struct request_fault *fault, const char *why)
{
    return request_refuse(fault, CODE, NULL, "Part %zu of the form %s.", form->count + 1, why);
}

struct part_head {
    struct slice disposition;
    struct slice length; /* Content-Length; empty: none */
    bool typed;
};

static bool keep_once(struct slice *place, struct slice value)
{
    bool first = place->data == NULL;
    *place = value;
    return first;
}

/* A line of the head, without its end. */
static bool read_line(struct slice line, struct part_head *head, const struct multipart *form,
                      struct request_fault *fault)
{
    struct slice name;
    if (!take_until(&line, ":", &name) || !is_all(name, is_token))
        return refuse_head(form, fault, "has a line in its head that is no header");
    struct slice value = slice_trim(line);
    if (slice_char(value, '\0') != NULL || slice_char(value, '\r') != NULL ||
        slice_char(value, '\n') != NULL)
        return refuse_head(form, fault, "has a control character in its head");
    if (slice_equals_nocase(name, "content-disposition"))
        return keep_once(&head->disposition, value) ||
               refuse_head(form, fault, "has two headers Content-Disposition");
    if (slice_equals_nocase(name, "content-length"))
        return keep_once(&head->length, value) ||
               refuse_head(form, fault, "has two headers Content-Length");
    if (slice_equals_nocase(name, "content-transfer-encoding"))
        return slice_equals_nocase(value, "binary") || slice_equals_nocase(value, "8bit") ||
               slice_equals_nocase(value, "7bit") ||
               refuse_head(form, fault, "is encoded; send it as it is (RFC 7578, 4.7)");
    if (!slice_equals_nocase(name, "content-type"))
        return true;
    bool first = !head->typed;
    head->typed = true;
    return (first && !(value.bytes >= 10 && slice_same_nocase(value.data, "multipart/", 10))) ||
           refuse_head(form, fault, "has two types, or parts of its own");
}

static bool read_head(struct slice text, struct part_head *head, const struct multipart *form,
                      struct request_fault *fault)
{
    struct slice line;
    *head = (struct part_head){.typed = false};
    while (text.bytes > 0) {
        if (!take_until(&text, "\r\n", &line)) {
            line = text;
            text.bytes = 0;
        }
        if (!read_line(line, head, form, fault))
            return false;
    }
    return true;
}

static bool read_disposition(struct slice text, const struct multipart *form,
                             struct multipart_part *part, struct request_fault *fault)
{
    struct parameter parameter;
    int more = 0;
    if (!slice_equals_nocase(take_word(&text), "form-data"))
        return refuse_head(form, fault, "has no header Content-Disposition: form-data");
    while ((more = take_parameter(&text, &parameter)) > 0) {
        if (slice_equals_nocase(parameter.name, "name")) {
            if (part->name.data != NULL)
                return refuse_head(form, fault, "has two names");
            part->name = parameter.value;
        } else if (slice_equals_nocase(parameter.name, "filename") ||
                   slice_equals_nocase(parameter.name, "filename*")) {
            part->is_file = true;
        } else if (slice_equals_nocase(parameter.name, "name*")) {
            return refuse_head(form, fault, "has an encoded name; write it as it is");
        }
    }
    if (more < 0)
        return refuse_head(form, fault, "has a Content-Disposition that cannot be read");
    if (part->name.bytes == 0)
        return refuse_head(form, fault, "has no name");
    return (part->name.bytes <= NAME_BYTES_MAX && is_all(part->name, is_of_name)) ||
           refuse_head(form, fault,
                       "has a name that is not 1 to 64 letters, digits or signs of "
                       "_-.[]");
}

/* ---- the body ---- */

/* What stands between two parts, without the line break before it. */
struct delimiter {
    char text[DELIMITER_BYTES_MAX];
    size_t bytes;
};

static struct delimiter make_delimiter(struct slice boundary)
{
    struct delimiter delimiter = {.text = "--", .bytes = boundary.bytes + 2};
    memcpy(delimiter.text + 2, boundary.data, boundary.bytes);
    return delimiter;
}

/* Takes a value up to its delimiter, and the delimiter. The boundary must not occur elsewhere: a
 * reader that forgives a missing line break would see another part there. */
static bool take_value(struct slice *rest, const struct delimiter *delimiter,
                       const struct multipart *form, struct slice *out, struct request_fault *fault)
{
    ptrdiff_t at = slice_find(*rest, (struct slice){delimiter->text, delimiter->bytes});
    if (at < 0)
        return refuse_head(form, fault, "does not end: the last boundary is missing");
    if (at < 2 || rest->data[at - 2] != '\r' || rest->data[at - 1] != '\n')
        return refuse_head(form, fault, "has the boundary in it; take another one");
    *out = (struct slice){rest->data, (size_t)at - 2};
    skip(rest, (size_t)at + delimiter->bytes);
    return true;
}

static bool has_length(struct slice length, size_t bytes)
{
    size_t number = 0;
    for (size_t i = 0; i < length.bytes && i < 18; i++) {
        if (length.data[i] < '0' || length.data[i] > '9')
            return false;
        number = number * 10 + (size_t)(length.data[i] - '0');
    }
    return length.bytes > 0 && length.bytes <= 18 && number == bytes;
}

/* Takes a part: its head, its value and the delimiter behind them. The line break before the head
 * has been taken. */
static bool take_part(struct slice *rest, const struct delimiter *delimiter, struct multipart *form,
                      struct request_fault *fault)
{
    struct multipart_part *part = &form->parts[form->count];
    struct part_head head;
    struct slice text;
    *part = (struct multipart_part){.whole = *rest};
    struct slice bounded = {
        rest->data, rest->bytes < LIMIT_FORM_HEAD_BYTES ? rest->bytes : LIMIT_FORM_HEAD_BYTES};
    if (!take_until(&bounded, "\r\n\r\n", &text))
        return refuse_head(form, fault, "has no head that ends within 4 KB");
    if (slice_find(text, (struct slice){delimiter->text, delimiter->bytes}) >= 0)
        return refuse_head(form, fault, "has the boundary in its head");
    skip(rest, text.bytes + 4);
    if (!read_head(text, &head, form, fault) ||
        !read_disposition(head.disposition, form, part, fault) ||
        !take_value(rest, delimiter, form, &part->value, fault))
        return false;
    if (head.length.data != NULL && !has_length(head.length, part->value.bytes))
        return refuse_head(form, fault, "is not as long as its Content-Length says");
    part->whole.bytes = (size_t)(part->value.data + part->value.bytes - part->whole.data);
    form->count++;
    return true;
}

static bool takes(struct slice *rest, const char *text)
{
    bool there = slice_starts_with(*rest, text);
    if (there)
        skip(rest, strlen(text));
    return there;
}

bool multipart_scan(struct slice body, struct slice boundary, struct multipart *out,
                    struct request_fault *fault)
{
    const struct delimiter delimiter = make_delimiter(boundary);
    out->count = 0;
    if (body.bytes < delimiter.bytes || memcmp(body.data, delimiter.text, delimiter.bytes) != 0)
        return request_refuse(fault, CODE, NULL,
                              "The form does not begin with the boundary of its Content-Type.");
    skip(&body, delimiter.bytes);
    while (!takes(&body, "--")) {
        if (!takes(&body, "\r\n"))
            return request_refuse(fault, CODE, NULL,
                                  "The boundary behind part %zu of the form is not followed by a "
                                  "line break.",
                                  out->count);
        if (out->count == LIMIT_FORM_PARTS)
            return request_refuse(fault, CODE, NULL, "The form has more than %d parts.",
                                  LIMIT_FORM_PARTS);
        if (!take_part(&body, &delimiter, out, fault))
            return false;
    }
    (void)takes(&body, "\r\n");
    return body.bytes == 0 ||
           request_refuse(fault, CODE, NULL, "Something follows the last boundary of the form.");
}
