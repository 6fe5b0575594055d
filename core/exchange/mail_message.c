#include "exchange/mail_message.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/limits.h"

enum {
    LINE_BYTES = 57, /* of 76 characters in base64 */
    WORD_BYTES = 42, /* of a subject's encoded word, with room for a whole character behind */
    SUBJECT_BYTES = 1024
};

bool mail_message_is_address(const char *text)
{
    size_t bytes = strlen(text);
    const char *at = strchr(text, '@');
    if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
        bytes > LIMIT_EMAIL_BYTES)
        return false;
    return slice_is_visible(slice_of(text)) && strpbrk(text, "<>()[],;:\\\"") == NULL;
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

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7f)
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

/* As it is, or in encoded words (RFC 2047). So no subject can begin a header of its own. */
static void write_subject(struct slice subject, struct buffer *out)
{
    enum { PLAIN_BYTES = 900 }; /* a line may have 998 */
    buffer_append_text(out, "Subject:");
    if (is_plain(subject) && subject.bytes <= PLAIN_BYTES) {
        buffer_append_char(out, ' ');
        buffer_append_slice(out, subject);
        buffer_append_text(out, "\r\n");
        return;
    }
    while (subject.bytes > 0) {
        size_t bytes = piece_bytes(subject, WORD_BYTES);
        buffer_append_text(out, " =?UTF-8?B?");
        base64_append((struct slice){subject.data, bytes}, out);
        buffer_append_text(out, "?=\r\n");
        subject.data += bytes;
        subject.bytes -= bytes;
    }
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
    buffer_printf(out, "From: <%s>\r\nTo: <%s>\r\n", message->from, message->to);
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

bool mail_message_write(const struct mail_message *message, struct buffer *out)
{
    struct json_value root;
    struct fault fault;
    struct buffer subject, text, html;
    char boundary[64];
    buffer_init(&subject, SUBJECT_BYTES);
    buffer_init(&text, LIMIT_MESSAGE_BYTES);
    buffer_init(&html, LIMIT_MESSAGE_BYTES);
    bool ok = json_parse(slice_of(message->payload), 4, &root, &fault) &&
              read_member(&root, "subject", &subject) && read_member(&root, "text", &text) &&
              read_member(&root, "html", &html);
    if (ok) { /* base64 has no "=_": no part can end early */
        snprintf(boundary, sizeof boundary, "=_%s", message->id);
        write_head(message, buffer_slice(&subject), boundary, out);
        write_part(boundary, "text/plain", buffer_slice(&text), out);
        write_part(boundary, "text/html", buffer_slice(&html), out);
        buffer_printf(out, "--%s--\r\n", boundary);
    }
    buffer_fini(&subject);
    buffer_fini(&text);
    buffer_fini(&html);
    return ok && !out->failed;
}
