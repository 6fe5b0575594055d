#include "dialect/multipart.h"

#include <string.h>

#define CODE "invalid_form"

enum { NAME_BYTES_MAX = 64 };

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

bool multipart_refuse_part(size_t number, struct request_fault *fault, const char *why)
{
    return request_refuse(fault, CODE, NULL, "Part %zu of the form %s.", number, why);
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
static bool read_line(struct slice line, struct part_head *head, size_t number,
                      struct request_fault *fault)
{
    struct slice name;
    if (!take_until(&line, ":", &name) || !is_all(name, is_token))
        return multipart_refuse_part(number, fault, "has a line in its head that is no header");
    struct slice value = slice_trim(line);
    if (slice_char(value, '\0') != NULL || slice_char(value, '\r') != NULL ||
        slice_char(value, '\n') != NULL)
        return multipart_refuse_part(number, fault, "has a control character in its head");
    if (slice_equals_nocase(name, "content-disposition"))
        return keep_once(&head->disposition, value) ||
               multipart_refuse_part(number, fault, "has two headers Content-Disposition");
    if (slice_equals_nocase(name, "content-length"))
        return keep_once(&head->length, value) ||
               multipart_refuse_part(number, fault, "has two headers Content-Length");
    if (slice_equals_nocase(name, "content-transfer-encoding"))
        return slice_equals_nocase(value, "binary") || slice_equals_nocase(value, "8bit") ||
               slice_equals_nocase(value, "7bit") ||
               multipart_refuse_part(number, fault, "is encoded; send it as it is (RFC 7578, 4.7)");
    if (!slice_equals_nocase(name, "content-type"))
        return true;
    bool first = !head->typed;
    head->typed = true;
    return (first && !(value.bytes >= 10 && slice_same_nocase(value.data, "multipart/", 10))) ||
           multipart_refuse_part(number, fault, "has two types, or parts of its own");
}

static bool read_head(struct slice text, struct part_head *head, size_t number,
                      struct request_fault *fault)
{
    struct slice line;
    *head = (struct part_head){.typed = false};
    while (text.bytes > 0) {
        if (!take_until(&text, "\r\n", &line)) {
            line = text;
            text.bytes = 0;
        }
        if (!read_line(line, head, number, fault))
            return false;
    }
    return true;
}

static bool read_disposition(struct slice text, size_t number, struct multipart_part *part,
                             struct request_fault *fault)
{
    struct parameter parameter;
    int more = 0;
    if (!slice_equals_nocase(take_word(&text), "form-data"))
        return multipart_refuse_part(number, fault, "has no header Content-Disposition: form-data");
    while ((more = take_parameter(&text, &parameter)) > 0) {
        if (slice_equals_nocase(parameter.name, "name")) {
            if (part->name.data != NULL)
                return multipart_refuse_part(number, fault, "has two names");
            part->name = parameter.value;
        } else if (slice_equals_nocase(parameter.name, "filename") ||
                   slice_equals_nocase(parameter.name, "filename*")) {
            part->is_file = true;
        } else if (slice_equals_nocase(parameter.name, "name*")) {
            return multipart_refuse_part(number, fault, "has an encoded name; write it as it is");
        }
    }
    if (more < 0)
        return multipart_refuse_part(number, fault,
                                     "has a Content-Disposition that cannot be read");
    if (part->name.bytes == 0)
        return multipart_refuse_part(number, fault, "has no name");
    return (part->name.bytes <= NAME_BYTES_MAX && is_all(part->name, is_of_name)) ||
           multipart_refuse_part(number, fault,
                                 "has a name that is not 1 to 64 letters, digits or signs of "
                                 "_-.[]");
}

bool multipart_take_head(struct slice *rest, const struct multipart_delimiter *delimiter,
                         size_t number, struct multipart_part *part, struct slice *length,
                         struct request_fault *fault)
{
    struct part_head head;
    struct slice text;
    *part = (struct multipart_part){.whole = *rest};
    struct slice bounded = {
        rest->data, rest->bytes < LIMIT_FORM_HEAD_BYTES ? rest->bytes : LIMIT_FORM_HEAD_BYTES};
    if (!take_until(&bounded, "\r\n\r\n", &text))
        return multipart_refuse_part(number, fault, "has no head that ends within 4 KB");
    if (slice_find(text, multipart_delimiter_text(delimiter)) >= 0)
        return multipart_refuse_part(number, fault, "has the boundary in its head");
    skip(rest, text.bytes + 4);
    if (!read_head(text, &head, number, fault) ||
        !read_disposition(head.disposition, number, part, fault))
        return false;
    *length = head.length;
    return true;
}

/* ---- the body ---- */

struct multipart_delimiter multipart_delimiter_of(struct slice boundary)
{
    struct multipart_delimiter delimiter = {.text = "--", .bytes = boundary.bytes + 2};
    memcpy(delimiter.text + 2, boundary.data, boundary.bytes);
    return delimiter;
}

struct slice multipart_delimiter_text(const struct multipart_delimiter *delimiter)
{
    return (struct slice){delimiter->text, delimiter->bytes};
}

bool multipart_is_delimited(struct slice data, size_t at)
{
    return at >= 2 && data.data[at - 2] == '\r' && data.data[at - 1] == '\n';
}

/* Takes a value up to its delimiter, and the delimiter. The boundary must not occur elsewhere: a
 * reader that forgives a missing line break would see another part there. */
static bool take_value(struct slice *rest, const struct multipart_delimiter *delimiter,
                       size_t number, struct slice *out, struct request_fault *fault)
{
    ptrdiff_t at = slice_find(*rest, multipart_delimiter_text(delimiter));
    if (at < 0)
        return multipart_refuse_part(number, fault, MULTIPART_ENDLESS);
    if (!multipart_is_delimited(*rest, (size_t)at))
        return multipart_refuse_part(number, fault, MULTIPART_DOUBTFUL);
    *out = (struct slice){rest->data, (size_t)at - 2};
    skip(rest, (size_t)at + delimiter->bytes);
    return true;
}

bool multipart_has_length(struct slice length, uint64_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < length.bytes && i < 18; i++) {
        if (length.data[i] < '0' || length.data[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(length.data[i] - '0');
    }
    return length.bytes > 0 && length.bytes <= 18 && number == bytes;
}

/* Takes a part: its head, its value and the delimiter behind them. The line break before the head
 * has been taken. */
static bool take_part(struct slice *rest, const struct multipart_delimiter *delimiter, bool emptied,
                      struct multipart *form, struct request_fault *fault)
{
    struct multipart_part *part = &form->parts[form->count];
    size_t number = form->count + 1;
    struct slice length;
    if (!multipart_take_head(rest, delimiter, number, part, &length, fault) ||
        !take_value(rest, delimiter, number, &part->value, fault))
        return false;
    bool elsewhere = emptied && part->is_file;
    if (length.data != NULL && !elsewhere && !multipart_has_length(length, part->value.bytes))
        return multipart_refuse_part(number, fault, MULTIPART_LENGTH);
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

bool multipart_refuse(enum multipart_flaw flaw, size_t parts, struct request_fault *fault)
{
    switch (flaw) {
    case MULTIPART_FOREIGN:
        return request_refuse(fault, CODE, NULL,
                              "The form does not begin with the boundary of its Content-Type.");
    case MULTIPART_UNBROKEN:
        return request_refuse(fault, CODE, NULL,
                              "The boundary behind part %zu of the form is not followed by a "
                              "line break.",
                              parts);
    case MULTIPART_FULL:
        return request_refuse(fault, CODE, NULL, "The form has more than %d parts.",
                              LIMIT_FORM_PARTS);
    case MULTIPART_TRAILED:
        break;
    }
    return request_refuse(fault, CODE, NULL, "Something follows the last boundary of the form.");
}

bool multipart_scan(struct slice body, struct slice boundary, bool emptied, struct multipart *out,
                    struct request_fault *fault)
{
    const struct multipart_delimiter delimiter = multipart_delimiter_of(boundary);
    out->count = 0;
    if (body.bytes < delimiter.bytes || memcmp(body.data, delimiter.text, delimiter.bytes) != 0)
        return multipart_refuse(MULTIPART_FOREIGN, 0, fault);
    skip(&body, delimiter.bytes);
    while (!takes(&body, "--")) {
        if (!takes(&body, "\r\n"))
            return multipart_refuse(MULTIPART_UNBROKEN, out->count, fault);
        if (out->count == LIMIT_FORM_PARTS)
            return multipart_refuse(MULTIPART_FULL, out->count, fault);
        if (!take_part(&body, &delimiter, emptied, out, fault))
            return false;
    }
    (void)takes(&body, "\r\n");
    return body.bytes == 0 || multipart_refuse(MULTIPART_TRAILED, out->count, fault);
}
