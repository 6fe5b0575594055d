#include "base/metrics_text.h"

#include <string.h>

#include "base/check.h"
#include "base/decimal.h"
#include "base/text.h"

enum { MICRO_DIGITS = 6, NANO_DIGITS = 9, PARTS_BYTES = DECIMAL_BYTES + NANO_DIGITS + 3 };

/* ---- which format ---- */

/* Takes what stands before the next `separator` off the text. No value that matters is quoted. */
static struct slice take_part(struct slice *text, char separator)
{
    const char *at = text->bytes > 0 ? memchr(text->data, separator, text->bytes) : NULL;
    size_t bytes = at != NULL ? (size_t)(at - text->data) : text->bytes;
    struct slice part = {text->data, bytes};
    size_t used = at != NULL ? bytes + 1 : bytes;
    *text = (struct slice){text->data + used, text->bytes - used};
    return slice_trim(part);
}

/* "0.75" -> 750; RFC 9110 allows three decimals. What is no such number is 0: not wanted. */
static int read_weight(struct slice text)
{
    int weight = 0;
    if (text.bytes == 0 || (text.data[0] != '0' && text.data[0] != '1'))
        return 0;
    if (text.data[0] == '1')
        return 1000;
    for (size_t i = 2; i < 5; i++) {
        bool digit = i < text.bytes && text.data[i] >= '0' && text.data[i] <= '9';
        weight = weight * 10 + (digit ? text.data[i] - '0' : 0);
    }
    return weight;
}

/* What a reader would take, in thousandths, for each format. */
struct wishes {
    int prometheus, openmetrics;
};

static void lift(int *weight, int more)
{
    *weight = more > *weight ? more : *weight;
}

static void read_range(struct slice range, struct wishes *wishes)
{
    struct slice type = take_part(&range, ';');
    struct slice version = slice_of("");
    int weight = 1000;
    while (range.bytes > 0) {
        struct slice value = take_part(&range, ';');
        struct slice name = take_part(&value, '=');
        value = slice_trim(value);
        if (slice_equals_nocase(name, "version"))
            version = value;
        else if (slice_equals_nocase(name, "q"))
            weight = read_weight(value);
    }
    bool any = version.bytes == 0;
    if (slice_equals_nocase(type, "application/openmetrics-text")) {
        if (any || slice_equals(version, "1.0.0"))
            lift(&wishes->openmetrics, weight);
    } else if (slice_equals_nocase(type, "text/plain")) {
        if (any || slice_equals(version, "0.0.4") || slice_equals(version, "1.0.0"))
            lift(&wishes->prometheus, weight);
    } else if (slice_equals(type, "*/*") || slice_equals_nocase(type, "text/*")) {
        lift(&wishes->prometheus, weight);
    }
}

enum metrics_format metrics_format_of(struct slice accept)
{
    struct wishes wishes = {0, 0};
    while (accept.bytes > 0)
        read_range(take_part(&accept, ','), &wishes);
    return wishes.openmetrics > 0 && wishes.openmetrics >= wishes.prometheus ? METRICS_OPENMETRICS
                                                                             : METRICS_PROMETHEUS;
}

const char *metrics_content_type(enum metrics_format format)
{
    return format == METRICS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- families ---- */

/* Only OpenMetrics has '"' escaped in a help text, too; a label's value has it in both. */
static void append_escaped(struct buffer *out, const char *text, bool quotes)
{
    bool readable = text_is_utf8(slice_of(text)); /* a reader refuses the whole page otherwise */
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            buffer_append_text(out, "\\n");
        else if (*text == '\\')
            buffer_append_text(out, "\\\\");
        else if (*text == '"' && quotes)
            buffer_append_text(out, "\\\"");
        else
            buffer_append_char(out, readable || (unsigned char)*text < 0x80 ? *text : '?');
    }
}

static bool is_open(const struct metrics_text *text)
{
    return text->format == METRICS_OPENMETRICS;
}

/* Prometheus's own format knows a counter by the name of its sample. */
static void begin_line(struct metrics_text *text, const char *word)
{
    buffer_append_text(text->out, word);
    buffer_append_text(text->out, text->name);
    if (text->type == METRICS_COUNTER && !is_open(text))
        buffer_append_text(text->out, "_total");
    buffer_append_char(text->out, ' ');
}

void metrics_family(struct metrics_text *text, enum metrics_type type, const char *name,
                    const char *unit, const char *help)
{
    static const char *const types[] = {[METRICS_COUNTER] = "counter",
                                        [METRICS_GAUGE] = "gauge",
                                        [METRICS_HISTOGRAM] = "histogram"};
    text->name = name;
    text->type = type;
    begin_line(text, "# HELP ");
    append_escaped(text->out, help, is_open(text));
    buffer_append_char(text->out, '\n');
    begin_line(text, "# TYPE ");
    buffer_append_text(text->out, types[type]);
    buffer_append_char(text->out, '\n');
    if (!is_open(text) || unit[0] == '\0')
        return;
    begin_line(text, "# UNIT ");
    buffer_append_text(text->out, unit);
    buffer_append_char(text->out, '\n');
}

void metrics_text_end(struct metrics_text *text)
{
    if (is_open(text))
        buffer_append_text(text->out, "# EOF\n");
}

/* ---- samples ---- */

static void begin_sample(struct metrics_text *text, const char *suffix,
                         const struct metrics_label *labels)
{
    bool any = labels != NULL && labels->name != NULL;
    buffer_append_text(text->out, text->name);
    buffer_append_text(text->out, suffix);
    for (const struct metrics_label *label = labels; any && label->name != NULL; label++) {
        buffer_append_char(text->out, label == labels ? '{' : ',');
        buffer_append_text(text->out, label->name);
        buffer_append_text(text->out, "=\"");
        append_escaped(text->out, label->value, true);
        buffer_append_char(text->out, '"');
    }
    buffer_append_text(text->out, any ? "} " : " ");
}

static void begin_number(struct metrics_text *text, const struct metrics_label *labels)
{
    begin_sample(text, text->type == METRICS_COUNTER ? "_total" : "", labels);
}

/* Writes a whole number of millionths, or of other parts, as a decimal with a point: no float is
 * between. Returns the end; writes no NUL. */
static char *put_parts(char *at, int64_t parts, int digits)
{
    char decimals[NANO_DIGITS];
    uint64_t left = parts < 0 ? 0 - (uint64_t)parts : (uint64_t)parts;
    size_t shown = (size_t)digits;
    for (int i = digits - 1; i >= 0; i--, left /= 10)
        decimals[i] = (char)('0' + left % 10);
    while (shown > 1 && decimals[shown - 1] == '0')
        shown--;
    if (parts < 0)
        *at++ = '-';
    at = decimal_put(at, (int64_t)left);
    *at++ = '.';
    memcpy(at, decimals, shown);
    return at + shown;
}

static void append_parts(struct buffer *out, int64_t parts, int digits)
{
    char number[PARTS_BYTES];
    buffer_append(out, number, (size_t)(put_parts(number, parts, digits) - number));
}

void metrics_int(struct metrics_text *text, const struct metrics_label *labels, int64_t value)
{
    begin_number(text, labels);
    buffer_append_int(text->out, value);
    buffer_append_char(text->out, '\n');
}

void metrics_seconds(struct metrics_text *text, const struct metrics_label *labels, int64_t us)
{
    begin_number(text, labels);
    append_parts(text->out, us, MICRO_DIGITS);
    buffer_append_char(text->out, '\n');
}

void metrics_dollars(struct metrics_text *text, const struct metrics_label *labels, int64_t nusd)
{
    begin_number(text, labels);
    append_parts(text->out, nusd, NANO_DIGITS);
    buffer_append_char(text->out, '\n');
}

static void append_exemplar(struct metrics_text *text, const struct metrics_exemplar *exemplar)
{
    if (!is_open(text) || exemplar->trace.at_ms == 0)
        return;
    buffer_printf(text->out, " # {trace_id=\"%016llx%016llx\"} ",
                  (unsigned long long)exemplar->trace.high,
                  (unsigned long long)exemplar->trace.low);
    append_parts(text->out, exemplar->us, MICRO_DIGITS);
    buffer_printf(text->out, " %lld.%03d", (long long)(exemplar->trace.at_ms / 1000),
                  (int)(exemplar->trace.at_ms % 1000));
}

void metrics_times(struct metrics_text *text, const struct metrics_label *labels,
                   const int64_t bounds_us[METRICS_BOUNDS], const struct metrics_sums *sums)
{
    struct metrics_label bounded[METRICS_LABELS + 1] = {{NULL, NULL}};
    char bound[PARTS_BYTES];
    size_t last = 0;
    int64_t count = 0;
    for (; labels != NULL && labels[last].name != NULL; last++) {
        check(last + 1 < METRICS_LABELS);
        bounded[last] = labels[last];
    }
    bounded[last] = (struct metrics_label){"le", bound};
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        if (i < METRICS_BOUNDS)
            *put_parts(bound, bounds_us[i], MICRO_DIGITS) = '\0';
        else
            memcpy(bound, "+Inf", sizeof "+Inf");
        count += sums->buckets[i];
        begin_sample(text, "_bucket", bounded);
        buffer_append_int(text->out, count);
        append_exemplar(text, &sums->exemplars[i]);
        buffer_append_char(text->out, '\n');
    }
    begin_sample(text, "_sum", labels);
    append_parts(text->out, sums->sum_us, MICRO_DIGITS);
    buffer_append_char(text->out, '\n');
    begin_sample(text, "_count", labels);
    buffer_append_int(text->out, count);
    buffer_append_char(text->out, '\n');
}
