#include "dialect/responses_state.h"

enum {
    HEAD_BYTES_MAX = 1024 * 1024, /* it repeats the request's tools */
    OUTPUT_BYTES_MAX = 4 * 1024 * 1024
};

void responses_state_init(struct responses_state *state)
{
    buffer_init(&state->head, HEAD_BYTES_MAX);
    buffer_init(&state->items, OUTPUT_BYTES_MAX);
    buffer_init(&state->item, OUTPUT_BYTES_MAX);
    buffer_init(&state->content, OUTPUT_BYTES_MAX);
    buffer_init(&state->summary, OUTPUT_BYTES_MAX);
    buffer_init(&state->text, OUTPUT_BYTES_MAX);
}

void responses_state_fini(struct responses_state *state)
{
    buffer_fini(&state->head);
    buffer_fini(&state->items);
    buffer_fini(&state->item);
    buffer_fini(&state->content);
    buffer_fini(&state->summary);
    buffer_fini(&state->text);
}

static void lose(struct responses_state *state)
{
    state->too_large = true;
    buffer_fini(&state->items);
    buffer_fini(&state->item);
    buffer_fini(&state->content);
    buffer_fini(&state->summary);
    buffer_fini(&state->text);
}

/* Once something is lost, nothing of the output is repeated, and no more is kept. Returns how many
 * bytes were added. */
static inline size_t keep(struct responses_state *state, struct buffer *buffer, struct slice text)
{
    if (state->too_large)
        return 0;
    if (buffer_append_slice(buffer, text))
        return text.bytes;
    lose(state);
    return 0;
}

/* Adds an entry of a list. Returns how many bytes that are. */
static size_t keep_entry(struct responses_state *state, struct buffer *list, struct slice entry)
{
    size_t before = list->bytes;
    if (before > 0)
        (void)keep(state, list, (struct slice){",", 1});
    (void)keep(state, list, entry);
    return state->too_large ? 0 : list->bytes - before;
}

static void end_text(struct responses_state *state)
{
    state->part = RESPONSES_NO_PART;
    state->part_added = false;
    state->text_done = false;
    buffer_reset(&state->text);
}

static void close_item(struct responses_state *state)
{
    end_text(state);
    buffer_reset(&state->item);
    buffer_reset(&state->content);
    buffer_reset(&state->summary);
}

void responses_state_settle(struct responses_state *state)
{
    if (state->last == RESPONSES_ITEM_DONE)
        close_item(state);
    state->last = RESPONSES_NO_CHANGE;
    state->last_bytes = 0;
}

void responses_state_name(struct responses_state *state, const struct json_value *response)
{
    buffer_reset(&state->head);
    if (response->type == JSON_OBJECT && !buffer_append_slice(&state->head, response->raw))
        buffer_reset(&state->head);
}

void responses_state_add_item(struct responses_state *state, int64_t index,
                              const struct json_value *item)
{
    close_item(state);
    state->item_index = index;
    if (item->type == JSON_OBJECT)
        (void)keep(state, &state->item, item->raw);
    state->last = RESPONSES_ITEM_ADDED;
}

void responses_state_end_item(struct responses_state *state, int64_t index,
                              const struct json_value *item)
{
    if (item->type != JSON_OBJECT)
        return;
    state->last_bytes = keep_entry(state, &state->items, item->raw);
    state->last = index == state->item_index ? RESPONSES_ITEM_DONE : RESPONSES_NO_CHANGE;
}

void responses_state_add_part(struct responses_state *state, int64_t index,
                              enum responses_part part)
{
    end_text(state);
    state->part = part;
    state->part_added = true;
    state->part_index = index;
}

void responses_state_end_part(struct responses_state *state, const struct json_value *part)
{
    struct buffer *list = state->part == RESPONSES_SUMMARY ? &state->summary : &state->content;
    if (part->type == JSON_OBJECT)
        (void)keep_entry(state, list, part->raw);
    end_text(state);
}

void responses_state_extend_text(struct responses_state *state, struct slice text)
{
    state->last_bytes = keep(state, &state->text, text);
    state->last = RESPONSES_TEXT_ADDED;
}

void responses_state_add_text(struct responses_state *state, int64_t index,
                              enum responses_part part, struct slice text)
{
    if (state->part != part || (state->part_index != index && part != RESPONSES_ARGUMENTS)) {
        responses_state_add_part(state, index, part);
        state->part_added = false;
    }
    responses_state_extend_text(state, text);
}

bool responses_state_has_text(const struct responses_state *state)
{
    return state->too_large || state->text.bytes > 0 || state->content.bytes > 0 ||
           state->summary.bytes > 0;
}
