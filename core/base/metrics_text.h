/* Writes the text formats of Prometheus: its own (0.0.4) and OpenMetrics 1.0.0. A family is begun,
 * then gets its samples. Names are ours; label values may be anybody's, and are escaped. The buffer
 * keeps a failure; the caller looks once, at the end. Pure. */
#ifndef BASE_METRICS_TEXT_H
#define BASE_METRICS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/metrics.h"
#include "base/slice.h"

enum metrics_format { METRICS_PROMETHEUS, METRICS_OPENMETRICS };

/* The format that an Accept header prefers. Who takes neither, or says nothing, gets Prometheus's,
 * which every reader knows. */
enum metrics_format metrics_format_of(struct slice accept);
const char *metrics_content_type(enum metrics_format format);

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

/* The caller's, begun by setting `out` and `format`; the rest is private. */
struct metrics_text {
    struct buffer *out;
    enum metrics_format format;
    const char *name;
    enum metrics_type type;
};

/* Begins a family. A counter's name is without "_total". `unit` ends the name; "": there is
 * none. */
void metrics_family(struct metrics_text *text, enum metrics_type type, const char *name,
                    const char *unit, const char *help);
/* OpenMetrics has a last line. */
void metrics_text_end(struct metrics_text *text);

enum { METRICS_LABELS = 4 };
/* The labels of a sample: up to the first without a name. */
struct metrics_label {
    const char *name;
    const char *value;
};

/* ---- samples of the present family; labels may be NULL ---- */

void metrics_int(struct metrics_text *text, const struct metrics_label *labels, int64_t value);
/* Exact decimals: seconds of microseconds, dollars of nano-dollars. */
void metrics_seconds(struct metrics_text *text, const struct metrics_label *labels, int64_t us);
void metrics_dollars(struct metrics_text *text, const struct metrics_label *labels, int64_t nusd);
/* At most METRICS_LABELS - 1 labels: it has one more itself. */
void metrics_times(struct metrics_text *text, const struct metrics_label *labels,
                   const int64_t bounds_us[METRICS_BOUNDS], const struct metrics_sums *sums);

#endif
