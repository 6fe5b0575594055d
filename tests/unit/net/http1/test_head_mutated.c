/* Heads with random changes: whatever is accepted obeys the rules, which are written down here a
 * second time, slowly and plainly. */
#include "base/support.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "net/head_feed.h"
#include "net/http1/head.h"

/* Where mutations begin. */
static const char *const seeds[] = {
    "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "GET /v1/models?a=%20 HTTP/1.1\r\nhost:a.example:80\r\nAuthorization: Bearer a\r\n\r\n",
    "GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a.example\r\nX: \xc3\xa9\r\n\r\n",
    "GET / HTTP/1.0\r\nX: y\r\n\r\n",
    "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n",
    "POST /v1/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    "POST /v1/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n",
};

/* ---- another reading of the rules, to hold what is accepted against ---- */

static bool token(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", text[i]) != NULL)
            return false;
    }
    return bytes > 0;
}

struct tally {
    unsigned hosts, lengths, codings, authorizations;
    long long length;
};

/* What a line without its CRLF breaks, or NULL. */
static const char *broken_by_field(char *line, struct tally *tally)
{
    char *colon = strchr(line, ':');
    if (colon == NULL || !token(line, (size_t)(colon - line)))
        return "name";
    for (char *at = colon + 1; *at; at++) {
        if ((unsigned char)*at < ' ' ? *at != '\t' : *at == 0x7f)
            return "value";
    }
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    if (strcasecmp(line, "host") == 0)
        tally->hosts++;
    if (strcasecmp(line, "authorization") == 0)
        tally->authorizations++;
    if (strcasecmp(line, "content-length") == 0) {
        tally->lengths++;
        char plain[32];
        tally->length = atoll(value);
        snprintf(plain, sizeof plain, "%lld", tally->length);
        if (*value == '-' || strcmp(plain, value) != 0)
            return "content-length";
    }
    if (strcasecmp(line, "transfer-encoding") == 0) {
        tally->codings++;
        if (strcasecmp(value, "chunked") != 0)
            return "transfer-encoding";
    }
    return NULL;
}

static const char *broken_by_request_line(const char *line, bool *http10, bool *bodiless)
{
    const char *target = strchr(line, ' ');
    if (target == NULL || !token(line, (size_t)(target - line)))
        return "method";
    *bodiless = strncmp(line, "GET ", 4) == 0 || strncmp(line, "HEAD ", 5) == 0;
    const char *version = strchr(++target, ' ');
    if (version == NULL || (strcmp(version, " HTTP/1.1") != 0 && strcmp(version, " HTTP/1.0") != 0))
        return "version";
    *http10 = version[8] == '0';
    for (const char *at = target; at < version; at++) {
        if (*at <= ' ' || *at >= 0x7f || *at == '#')
            return "target";
        if (*at == '%' && !(isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])))
            return "percent";
    }
    if (*target == '/' || (strncmp(line, "OPTIONS *", 9) == 0 && version == target + 1))
        return NULL;
    return strncasecmp(target, "http", 4) == 0 ? NULL : "form";
}

/* What the head breaks, or NULL. */
static const char *broken(struct slice data, const struct http_head *head)
{
    struct tally tally = {0};
    bool http10 = false;
    bool bodiless = false;
    char *text = strndup(data.data, data.bytes);
    const char *wrong = strlen(text) != data.bytes ? "NUL" : NULL;
    size_t count = 0;
    for (char *line = text; wrong == NULL; count++) {
        char *eol = strstr(line, "\r\n");
        if (eol == NULL || memchr(line, '\n', (size_t)(eol - line)) != NULL ||
            memchr(line, '\r', (size_t)(eol - line)) != NULL) {
            wrong = "line end";
            break;
        }
        *eol = '\0';
        if (eol == line) {
            wrong = eol + 2 == text + data.bytes ? NULL : "end";
            break;
        }
        wrong = count == 0 ? broken_by_request_line(line, &http10, &bodiless)
                           : broken_by_field(line, &tally);
        line = eol + 2;
    }
    free(text);
    if (wrong != NULL)
        return wrong;
    if (count - 1 != head->header_count || count - 1 > LIMIT_HEADERS)
        return "count";
    if (tally.hosts > 1 || (tally.hosts == 0 && !http10) || tally.authorizations > 1)
        return "twice, or no host";
    if (tally.lengths + tally.codings > 1 || (http10 && tally.codings > 0))
        return "framing";
    if (head->chunked != (tally.codings > 0) ||
        head->content_length != (tally.lengths > 0 ? tally.length : -1))
        return "framing as read";
    return bodiless && (head->chunked || head->content_length > 0) ? "bodiless" : NULL;
}

static void mutate(struct dice *dice, struct buffer *text)
{
    static const char *const pieces[] = {
        "\r\n",
        "\n",
        "\r",
        " ",
        "\t",
        ":",
        ",",
        "\r\n\r\n",
        "\x7f",
        "\xff",
        "%",
        "%41",
        "?",
        "#",
        "/",
        "Host: a.example\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "HTTP/1.0",
        "Authorization: x\r\n",
        "http://a.example",
        "chunked",
        "5",
        "0",
        "close",
        "X: y\r\n",
    };
    struct buffer changed;
    size_t at = dice_below(dice, text->bytes + 1);
    size_t left = text->bytes - at;
    size_t removed = dice_below(dice, 3) == 0 ? dice_below(dice, left < 20 ? left + 1 : 20) : 0;
    buffer_init(&changed, 1 << 20);
    buffer_append(&changed, text->data, at);
    switch (dice_below(dice, 4)) {
    case 0:
        buffer_append_char(&changed, (char)dice_below(dice, 256));
        break;
    case 1: { /* a part of it again */
        size_t from = dice_below(dice, text->bytes);
        size_t most = text->bytes - from;
        buffer_append(&changed, text->data + from, dice_below(dice, most < 40 ? most : 40));
        break;
    }
    default:
        buffer_append_text(&changed, pieces[dice_below(dice, sizeof pieces / sizeof *pieces)]);
    }
    buffer_append(&changed, text->data + at + removed, left - removed);
    buffer_fini(text);
    *text = changed;
}

static void assert_same(const struct verdict *a, const struct verdict *b, struct slice data)
{
    if (a->status == b->status && a->used == b->used)
        return;
    fail_msg("the verdict depends on the split: %d and %d for: %.*s", a->status, b->status,
             (int)data.bytes, data.data);
}

static void mutations_obey_the_rules(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    unsigned accepted = 0;
    for (int round = 0; round < 200000; round++) {
        struct buffer text;
        buffer_init(&text, 1 << 20);
        buffer_append_text(&text, seeds[dice_below(&dice, sizeof seeds / sizeof *seeds)]);
        for (size_t n = 1 + dice_below(&dice, 3); n > 0 && text.bytes > 0; n--)
            mutate(&dice, &text);
        struct slice data = buffer_slice(&text);
        struct verdict whole = head_feed(data, data.bytes);
        struct verdict parts = head_feed(data, dice_below(&dice, data.bytes + 1));
        assert_same(&whole, &parts, data);
        if (whole.status == 0) {
            struct slice head = {data.data, whole.used};
            const char *why = broken(head, &whole.head);
            if (why != NULL)
                fail_msg("accepted against the rules (%s): %.*s", why, (int)head.bytes, head.data);
            accepted++;
        }
        head_feed_free(&whole);
        head_feed_free(&parts);
        buffer_fini(&text);
    }
    assert_in_range(accepted, 10000, 190000); /* else it tests nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutations_obey_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
