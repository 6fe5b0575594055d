#include "app/doctor/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json_writer.h"
#include "base/terminal_text.h"

enum { REPORT_BYTES_MAX = 1024 * 1024, SEEN_BYTES = 600, NOTE_BYTES_MAX = 8192, INDENT = 6 };

void doctor_report_begin(struct doctor_report *report, bool json)
{
    *report = (struct doctor_report){.json = json, .screen = screen_look()};
    buffer_init(&report->out, REPORT_BYTES_MAX);
    if (!json)
        return;
    json_writer_object(&report->out, NULL);
    json_writer_array(&report->out, "checks");
}

static void note_json(struct buffer *out, enum doctor_verdict verdict, const char *topic,
                      const char *advice, const char *seen)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    json_writer_object(out, NULL);
    json_writer_text(out, "check", topic);
    json_writer_text(out, "verdict", words[verdict]);
    json_writer_text(out, "seen", seen);
    json_writer_text_or_null(out, "advice", advice != NULL ? advice : "");
    json_writer_object_end(out);
}

/* What a provider has said must not move the terminal's cursor, nor end its line. */
static void append_lines(struct doctor_report *report, const char *first, const char *text)
{
    struct buffer plain;
    buffer_init(&plain, NOTE_BYTES_MAX);
    buffer_append_text(&plain, first);
    terminal_text_plain(&plain, slice_of(text), report->screen.utf8);
    for (size_t i = 0; i < plain.bytes; i++)
        plain.data[i] = plain.data[i] == '\n' ? ' ' : plain.data[i];
    terminal_text_wrap(&report->out, buffer_slice(&plain), INDENT, report->screen.columns);
    buffer_append_char(&report->out, '\n');
    buffer_fini(&plain);
}

static void note_text(struct doctor_report *report, enum doctor_verdict verdict, const char *topic,
                      const char *advice, const char *seen)
{
    static const char *const words[] = {"ok", "WARN", "FAIL"};
    char first[64];
    snprintf(first, sizeof first, "%s: ", topic);
    buffer_printf(&report->out, "%-*s", (int)INDENT, words[verdict]);
    append_lines(report, first, seen);
    if (advice == NULL)
        return;
    buffer_printf(&report->out, "%*s", (int)INDENT, "");
    append_lines(report, "", advice);
}

void doctor_note(struct doctor_report *report, enum doctor_verdict verdict, const char *topic,
                 const char *advice, const char *format, ...)
{
    char seen[SEEN_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(seen, sizeof seen, format, args);
    va_end(args);
    report->counts[verdict]++;
    if (report->json)
        note_json(&report->out, verdict, topic, advice, seen);
    else
        note_text(report, verdict, topic, advice, seen);
}

int doctor_report_end(struct doctor_report *report)
{
    struct buffer *out = &report->out;
    unsigned fails = report->counts[DOCTOR_FAIL], warns = report->counts[DOCTOR_WARN];
    if (report->json) {
        json_writer_array_end(out);
        json_writer_int(out, "failed", fails);
        json_writer_int(out, "warned", warns);
        json_writer_object_end(out);
        buffer_append_char(out, '\n');
    } else {
        buffer_printf(out, "\n%u checks: %u failed, %u warned\n",
                      fails + warns + report->counts[DOCTOR_OK], fails, warns);
    }
    fwrite(out->data, 1, out->bytes, stdout);
    buffer_fini(out);
    return fails > 0 ? 1 : 0;
}
