#include "exchange/mail_message.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"

enum {
    LINE_BYTES = 57, /* of 76 characters in base64 */
    WORD_BYTES = 42  /* of an encoded word, with room for a whole character behind */
};

bool mail_message_is_address(const char *text)
{
    size_t bytes = strlen(text);
    const char *at = strchr(text, '@');
    if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
        bytes > LIMIT_EMAIL_BYTES)
        return false;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == 0x7f || (*c >= '\0' && *c <= ' '))
            return false;
    }
    return text_is_utf8(slice_of(text)) && strpbrk(text, "<>()[],;:\\\"") == NULL;
}

/* RFC 5322, 3.3, in UTC; not by the locale. */
static void write_date(int64_t now_ms, struct buffer *out)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now_s = (time_t)(now_ms / 1000);
    struct tm tm;
    gmtime_r(&now_s, &tm);
    buffer_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
                  months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* What looks like an encoded word is not: readers would decode it. */
static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        bool begins_word = text.data[i] == '=' && i + 1 < text.bytes && text.data[i + 1] == '?';
        if (text.data[i] < ' ' || text.data[i] == 0x7f || begins_word)
            return false;
    }
    return true;
}

/* Where a piece of at most `bytes_max` bytes ends, between two characters. */
static size_t piece_bytes(struct slice text, size_t bytes_max)
{
    size_t bytes = text.bytes < bytes_max ? text.bytes : bytes_max;
    while (bytes < text.bytes && bytes > 0 && ((unsigned char)text.data[bytes] & 0xc0) == 0x80)
        bytes--;
    return bytes > 0 ? bytes : text.bytes;
}

/* Encoded words (RFC 2047), each on a line of its own, without the last line's end. */
static void write_words(struct slice text, struct buffer *out)
{
    bool first = true;
    while (text.bytes > 0) {
        size_t bytes = piece_bytes(text, WORD_BYTES);
        buffer_append_text(out, first ? " =?UTF-8?B?" : "\r\n =?UTF-8?B?");
        base64_append((struct slice){text.data, bytes}, out);
        buffer_append_text(out, "?=");
        text.data += bytes;
        text.bytes -= bytes;
        first = false;
    }
}

/* As it is, or in encoded words. So no subject can begin a header of its own. */
static void write_subject(struct slice subject, struct buffer *out)
{
    enum { PLAIN_BYTES = 900 }; /* a line may have 998 */
    buffer_append_text(out, "Subject:");
    if (is_plain(subject) && subject.bytes <= PLAIN_BYTES) {
        buffer_append_char(out, ' ');
        buffer_append_slice(out, subject);
    } else {
        write_words(subject, out);
    }
    buffer_append_text(out, "\r\n");
}

/* A name of letters, digits and blanks stands as it is; any other needs quotes (RFC 5322), and gets
 * encoded words instead. */
static void write_from(const struct mail_message *message, struct buffer *out)
{
    const char *name = message->from_name;
    buffer_append_text(out, "From:");
    if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ")] ==
        '\0')
        buffer_printf(out, name[0] != '\0' ? " %s" : "%s", name);
    else
        write_words(slice_of(name), out);
    buffer_printf(out, " <%s>\r\n", message->from);
}

static void write_base64(struct slice text, struct buffer *out)
{
    for (size_t at = 0; at < text.bytes; at += LINE_BYTES) {
        size_t left = text.bytes - at;
        base64_append((struct slice){text.data + at, left < LINE_BYTES ? left : LINE_BYTES}, out);
        buffer_append_text(out, "\r\n");
    }
}

static void write_part(const char *boundary, const char *type, struct slice text,
                       struct buffer *out)
{
    buffer_printf(out,
                  "--%s\r\nContent-Type: %s; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n",
                  boundary, type);
    write_base64(text, out);
    buffer_append_text(out, "\r\n");
}

static void write_head(const struct mail_message *message, struct slice subject,
                       const char *boundary, struct buffer *out)
{
    const char *at = strchr(message->from, '@');
    write_date(message->now_ms, out);
    write_from(message, out);
    buffer_printf(out, "To: <%s>\r\n", message->to);
    write_subject(subject, out);
    buffer_printf(out,
                  "Message-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n",
                  message->id, at != NULL ? at + 1 : "localhost", boundary);
}

/* The member, decoded, behind what the buffer has. Returns false when it is no text. */
static bool read_member(const struct json_value *root, const char *name, struct buffer *out)
{
    struct json_value value;
    return json_find(root, name, &value) == 1 && value.type == JSON_STRING &&
           json_decode_string(&value, out);
}

bool mail_message_read(struct slice payload, struct mail_content *out)
{
    struct json_value root;
    struct fault fault;
    return json_parse(payload, 4, &root, &fault) && read_member(&root, "subject", &out->subject) &&
           read_member(&root, "text", &out->text) && read_member(&root, "html", &out->html);
}

bool mail_message_write(const struct mail_message *message, struct buffer *out)
{
    const struct mail_content *content = message->content;
    char boundary[64]; /* base64 has no "=_": no part can end early */
    snprintf(boundary, sizeof boundary, "=_%s", message->id);
    write_head(message, buffer_slice(&content->subject), boundary, out);
    write_part(boundary, "text/plain", buffer_slice(&content->text), out);
    write_part(boundary, "text/html", buffer_slice(&content->html), out);
    buffer_printf(out, "--%s--\r\n", boundary);
    return !out->failed;
}
