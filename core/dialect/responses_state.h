/* What has come of a stream of the Responses API, as far as its end repeats it. Bounded: of an
 * answer that is too large nothing is repeated. Only for the responses_*.c of this room. */
#ifndef DIALECT_RESPONSES_STATE_H
#define DIALECT_RESPONSES_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"

/* The parts of an item, which come in deltas. */
enum responses_part {
    RESPONSES_NO_PART,
    RESPONSES_TEXT,
    RESPONSES_REFUSAL,
    RESPONSES_REASONING, /* in the content */
    RESPONSES_SUMMARY,   /* in the summary */
    RESPONSES_ARGUMENTS  /* of a call; an item has one */
};

/* What the last event did: an answer may have to end without it. */
enum responses_change {
    RESPONSES_NO_CHANGE,
    RESPONSES_ITEM_ADDED,
    RESPONSES_ITEM_DONE,
    RESPONSES_TEXT_ADDED,
    RESPONSES_ENDED
};

struct responses_state { /* zeroed but for its buffers */
    int64_t text_bytes;  /* that were counted */
    bool too_large;
    int64_t next_sequence; /* the number of the next event */
    struct buffer head;    /* the object of the answer; empty: it has not come */
    struct buffer items;   /* that are done, with commas between */
    struct buffer item;    /* the open one, as it was added; empty: none is open */
    int64_t item_index;
    struct buffer content; /* the parts of the open item that are done, with commas between */
    struct buffer summary; /* the same of its summary */
    uint64_t begun_calls;  /* of the provider's tools; a bit for each index of an item */
    enum responses_part part;
    bool part_added; /* by an event of its own */
    int64_t part_index;
    struct buffer text; /* of the open part, as it stands in JSON */
    bool text_done;
    enum responses_change last;
    size_t last_bytes; /* what it has added */
};

void responses_state_init(struct responses_state *state);
void responses_state_fini(struct responses_state *state);

/* The last event has been sent. */
void responses_state_settle(struct responses_state *state);
void responses_state_name(struct responses_state *state, const struct json_value *response);
void responses_state_add_item(struct responses_state *state, int64_t index,
                              const struct json_value *item);
void responses_state_end_item(struct responses_state *state, int64_t index,
                              const struct json_value *item);
void responses_state_add_part(struct responses_state *state, int64_t index,
                              enum responses_part part);
void responses_state_end_part(struct responses_state *state, const struct json_value *part);
/* Adds a delta, as it stands in JSON, to the part, which is opened if it is not. */
void responses_state_add_text(struct responses_state *state, int64_t index,
                              enum responses_part part, struct slice text);
/* Adds a delta to the open part. */
void responses_state_extend_text(struct responses_state *state, struct slice text);
/* Returns whether the open item has had text. */
bool responses_state_has_text(const struct responses_state *state);

#endif
