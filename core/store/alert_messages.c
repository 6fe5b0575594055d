#include "store/alert_messages.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/html.h"
#include "base/json.h"
#include "base/json_writer.h"

enum { TEXT_BYTES = 16 * 1024 };

static const char *const severities[] = {
    [ALERT_WARNING] = "warning", [ALERT_CRITICAL] = "critical"};

static const char *title_of(const struct alert_news *news)
{
    const struct alert_facts *facts = alert_facts(news->alert.kind);
    return news->telling == ALERT_CLOSED ? facts->closed : facts->title;
}

static const char *word_of(const struct alert_news *news)
{
    return news->alert.kind == ALERT_TEST ? "test" : alert_telling_word(news->telling);
}

void alert_messages_webhook(const struct alert_news *news, const char *gateway_url, int64_t now_ms,
                            struct buffer *out)
{
    const struct alert *alert = &news->alert;
    const struct alert_facts *facts = alert_facts(alert->kind);
    char type[32];
    snprintf(type, sizeof type, "alert.%s", word_of(news));
    json_writer_object(out, NULL);
    json_writer_text(out, "type", type);
    json_writer_time(out, "timestamp", now_ms);
    json_writer_object(out, "data");
    json_writer_text(out, "id", alert->id.text);
    json_writer_text(out, "kind", facts->word);
    json_writer_text(out, "severity", severities[facts->severity]);
    json_writer_text(out, "subject", alert->subject);
    json_writer_text(out, "title", title_of(news));
    json_writer_text(out, "detail", alert->detail);
    json_writer_text(out, "advice", facts->advice);
    json_writer_time(out, "opened_at", alert->opened_ms);
    json_writer_time_or_null(out, "closed_at", alert->closed_ms);
    json_writer_int(out, "count", alert->count);
    json_writer_text(out, "gateway", gateway_url);
    json_writer_object_end(out);
    json_writer_object_end(out);
    buffer_append_char(out, '\0');
}

/* ---- mail ---- */

struct line {
    const char *label;
    const char *text;
};

/* What both forms of a mail say. */
struct content {
    char subject[ALERT_SUBJECT_BYTES + 128];
    const char *title;
    char times[160];
    char count[64];
    struct line lines[8];
    size_t line_count;
};

static void add(struct content *content, const char *label, const char *text)
{
    if (text[0] != '\0')
        content->lines[content->line_count++] = (struct line){label, text};
}

static void fill(const struct alert_news *news, const char *gateway_url, struct content *out)
{
    const struct alert *alert = &news->alert;
    const struct alert_facts *facts = alert_facts(alert->kind);
    char opened[CLOCK_TEXT_BYTES], closed[CLOCK_TEXT_BYTES];
    bool over = alert->closed_ms != 0;
    out->title = title_of(news);
    snprintf(out->subject, sizeof out->subject, "[%s] %s: %s",
             news->telling == ALERT_CLOSED       ? "closed"
             : news->telling == ALERT_STILL_OPEN ? "still open"
                                                 : severities[facts->severity],
             out->title, alert->subject);
    snprintf(out->times, sizeof out->times, "%s%s%s", clock_format(alert->opened_ms, opened),
             over ? ", closed " : "", over ? clock_format(alert->closed_ms, closed) : "");
    snprintf(out->count, sizeof out->count, "%" PRId64, alert->count);
    out->line_count = 0;
    add(out, "What", alert->subject);
    add(out, "Detail", alert->detail);
    add(out, "Opened", out->times);
    add(out, "Times", alert->count > 1 ? out->count : "");
    add(out, "What to do", news->telling == ALERT_CLOSED ? "" : facts->advice);
    add(out, "Gateway", gateway_url);
}

static void write_text(const struct content *content, struct buffer *out)
{
    buffer_printf(out, "%s\n\n", content->title);
    for (size_t i = 0; i < content->line_count; i++)
        buffer_printf(out, "%s: %s\n", content->lines[i].label, content->lines[i].text);
}

static void write_html(const struct content *content, struct buffer *out)
{
    buffer_append_text(out, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><body><h1 "
                            "style=\"font-size:1.2em\">");
    html_append(slice_of(content->title), out);
    buffer_append_text(out, "</h1><table>");
    for (size_t i = 0; i < content->line_count; i++) {
        buffer_append_text(out, "<tr><th align=\"left\" valign=\"top\">");
        html_append(slice_of(content->lines[i].label), out);
        buffer_append_text(out, "</th><td>");
        html_append(slice_of(content->lines[i].text), out);
        buffer_append_text(out, "</td></tr>");
    }
    buffer_append_text(out, "</table></body></html>");
}

void alert_messages_mail(const struct alert_news *news, const char *gateway_url, struct buffer *out)
{
    struct content content;
    struct buffer part;
    fill(news, gateway_url, &content);
    buffer_init(&part, TEXT_BYTES);
    json_writer_object(out, NULL);
    json_writer_text(out, "subject", content.subject);
    write_text(&content, &part);
    buffer_append_char(&part, '\0');
    json_writer_text(out, "text", part.failed ? content.title : part.data);
    buffer_reset(&part);
    write_html(&content, &part);
    buffer_append_char(&part, '\0');
    json_writer_text(out, "html", part.failed ? content.title : part.data);
    json_writer_object_end(out);
    buffer_append_char(out, '\0');
    buffer_fini(&part);
}
