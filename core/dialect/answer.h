/* What an answer says, whatever its dialect: facts about one event of a stream, or about a whole
 * plain answer. Values point into the text that was read. */
#ifndef DIALECT_ANSWER_H
#define DIALECT_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "dialect/media.h"
#include "dialect/tool_calls.h"
#include "dialect/usage_beside.h"

enum answer_kind {
    ANSWER_PASSES,  /* a part of the answer, or something beside it that clients know */
    ANSWER_IGNORED, /* only keeps the connection awake, or says nothing to clients */
    ANSWER_CLOSES,  /* begins the end: it and what follows wait until the charge is durable */
    ANSWER_ENDS,    /* the same, and nothing follows */
    ANSWER_FAILS    /* reports an error */
};

enum { ANSWER_NUMBERS_MAX = 3 };

/* Of which choices a text tells; a bit for each index. A higher index counts as 0. */
struct answer_choices {
    uint64_t seen[2];
    uint64_t ended[2];
};

struct answer_facts { /* a value of type JSON_NULL: it is not there */
    enum answer_kind kind;
    bool answerless;          /* no text is generated: all counts are of the prompt */
    bool one_each;            /* each input gets a result of its own: else nothing was said */
    int64_t result_count;     /* of those that hold something */
    bool said;                /* text, reasoning, a tool call, other output, or a finish reason */
    struct media_sizes sizes; /* of what was generated */
    struct tool_calls calls;  /* that an event shows; below 0: what one before has shown is none */
    struct slice text;        /* a piece of the text, as it stands in JSON; empty: none */
    /* What else differs in the next event like it, and decides nothing: a string, as it stands in
     * JSON, and numbers. */
    struct slice padding;
    struct slice numbers[ANSWER_NUMBERS_MAX];
    unsigned number_count;
    const char *finish_reason; /* in the words of OpenAI's chat; NULL: none */
    /* Where an answer may have several; else empty: a reason ends all that was asked for. */
    struct answer_choices choices;
    struct json_value error;  /* of ANSWER_FAILS: what explains it */
    struct json_value holder; /* the object that has usage, model and tier */
    struct json_value usage;
    struct json_value model;
    struct json_value service_tier;
    struct usage_beside beside;
};

/* The index of the text ends; the facts stay. */
void answer_facts_end(struct answer_facts *facts);

/* Notes a choice by its index, which may be left out. */
void answer_choices_note(struct answer_choices *choices, const struct json_value *number,
                         bool ended);
/* Adds what another text tells. */
void answer_choices_add(struct answer_choices *choices, const struct answer_choices *more);
/* Whether there is any. */
bool answer_choices_told(const struct answer_choices *choices);
/* How many have ended; 0 while one that was seen has not ended. */
int answer_choices_ended(const struct answer_choices *choices);

#endif
