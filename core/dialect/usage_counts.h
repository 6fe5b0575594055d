/* The counts of a usage object as they stand, before usage_form.c brings them into one form. Only
 * for the usage_*.c of this room. Pure functions. */
#ifndef DIALECT_USAGE_COUNTS_H
#define DIALECT_USAGE_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

enum usage_count {
    COUNT_PROMPT,
    COUNT_CACHED,         /* part of the prompt */
    COUNT_READ,           /* from a cache, beside the prompt */
    COUNT_WRITTEN,        /* to a cache, beside the prompt */
    COUNT_TOOLS,          /* from tools, beside the prompt */
    COUNT_CITATIONS,      /* Perplexity's, beside the prompt */
    COUNT_WRITTEN_INSIDE, /* to a cache, part of the prompt */
    COUNT_WRITTEN_SHORT,  /* the parts of either: for minutes, */
    COUNT_WRITTEN_LONG,   /* for an hour or more */
    COUNT_AUDIO_INPUT,
    COUNT_CACHED_AUDIO, /* part of both */
    COUNT_IMAGE_INPUT,
    COUNT_CACHED_IMAGE, /* part of both */
    COUNT_COMPLETION,
    COUNT_REASONING,
    COUNT_THOUGHTS, /* reasoning, beside the completion */
    COUNT_AUDIO_OUTPUT,
    COUNT_IMAGE_OUTPUT,
    COUNT_SEARCHES,
    COUNT_SOURCES, /* xAI's: searches, where it does not count those */
    COUNT_X_SEARCHES,
    COUNT_FILE_SEARCHES,
    COUNT_DOCUMENT_SEARCHES,
    COUNT_SESSIONS,
    COUNT_IMAGES,
    COUNT_SECONDS,
    COUNT_PAGES,
    COUNT_TOTAL,
    USAGE_COUNTS
};

/* Sums of Anthropic's `iterations`; the prompt is without what a cache read or wrote. */
struct usage_turns {
    unsigned count;
    int64_t prompt;
    int64_t read;
    int64_t written;
    int64_t written_long;
    int64_t completion;
};

struct usage_counts {
    int64_t of[USAGE_COUNTS]; /* -1: absent */
    bool flawed;
    bool anthropic;           /* the prompt does not include its cached part */
    struct usage_turns turns; /* what the usual counts include, too */
    struct usage_turns aside; /* what they do not include */
    struct json_value service_tier;
    struct json_value speed;
    struct json_value region;
    struct json_value search_context;
};

void usage_counts_init(struct usage_counts *counts);

/* Takes a count. One that cannot be true makes the others flawed; null is nothing. */
void usage_counts_take(struct usage_counts *counts, enum usage_count which,
                       const struct json_value *value);
/* The same for a count that most providers do not give: it is no flaw of the others. */
void usage_counts_take_extra(struct usage_counts *counts, enum usage_count which,
                             const struct json_value *value);
/* The same, added to what is there: an entry of a list. */
void usage_counts_add(struct usage_counts *counts, enum usage_count which,
                      const struct json_value *value);
/* The same for a count with decimals: what was begun counts whole. */
void usage_counts_take_begun(struct usage_counts *counts, enum usage_count which,
                             const struct json_value *value);

/* Reads the parts of a prompt or of a completion, in OpenAI's form. */
void usage_counts_read_prompt(struct usage_counts *counts, const struct json_value *details);
void usage_counts_read_completion(struct usage_counts *counts, const struct json_value *details);
/* Reads a member that stands beside the usual counts, in any form; ignores others. */
void usage_counts_read_extra(struct usage_counts *counts, const struct json_item *item);
/* The count, or 0. */
int64_t usage_counts_known(const struct usage_counts *counts, enum usage_count which);

#endif
