/* A replay as JSON, as CSV, and as text for people. Pure. */
#ifndef APP_REPLAY_REPORT_H
#define APP_REPLAY_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "app/replay.h"
#include "base/buffer.h"

struct replay_question {
    const char *from; /* as it was asked; "": from the first call on */
    const char *to;   /* "": to the last */
    const char *zone; /* "": UTC */
    const char *policies;
};

/* Appends the members of the object in `out`, with at most `rows_max` rows of each list. */
void replay_report_json(const struct replay *replay, const struct replay_question *question,
                        size_t rows_max, struct buffer *out);
/* A line for each group, each refusal and each note. */
void replay_report_csv(const struct replay *replay, struct buffer *out);
void replay_report_text(const struct replay *replay, const struct replay_question *question,
                        struct buffer *out);

#endif
