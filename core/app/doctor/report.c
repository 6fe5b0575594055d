#include "app/doctor/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json_writer.h"

enum { REPORT_BYTES_MAX = 1024 * 1024, SEEN_BYTES = 600 };

void doctor_report_begin(struct doctor_report *report, bool json)
{
    *report = (struct doctor_report){.json = json};
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

/* What a provider has said must not move the terminal's cursor. */
static void append_plain(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        buffer_append_char(out, c < 0x20 || c == 0x7f ? '?' : *text);
    }
}

static void note_text(struct buffer *out, enum doctor_verdict verdict, const char *topic,
                      const char *advice, const char *seen)
{
    static const char *const words[] = {"ok  ", "WARN", "FAIL"};
    buffer_printf(out, "%s  %s: ", words[verdict], topic);
    append_plain(out, seen);
    if (advice != NULL)
        buffer_printf(out, "\n      %s", advice);
    buffer_append_char(out, '\n');
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
        note_text(&report->out, verdict, topic, advice, seen);
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
