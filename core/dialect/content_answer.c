#include "dialect/content_answer.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/content_pieces.h"
#include "dialect/line_ends.h"
#include "dialect/sse.h"

struct content_answer {
    enum dialect dialect;
    bool over; /* nothing more is taken */
    struct line_ends line_ends;
    struct sse sse;
    struct content_pieces pieces;
};

static bool is(struct slice type, const char *name)
{
    return slice_equals(type, name);
}

static bool begins(struct slice type, const char *prefix)
{
    return slice_starts_with(type, prefix);
}

static int64_t number_of(const struct json_value *object, const char *name)
{
    struct json_value found = content_find(object, name);
    int64_t number;
    return found.type == JSON_NUMBER && json_int64(&found, &number) && number >= 0 ? number : 0;
}

/* ---- OpenAI's chat, and completions ---- */

/* Parts of chat have no numbers, but calls. */
enum { KEY_TEXT = -1 };

static void say(struct content_pieces *pieces, struct choice *choice, enum piece_kind kind,
                const struct json_value *object, const char *name)
{
    content_say(pieces, choice, kind, KEY_TEXT, content_find_inner(object, name));
}

/* An identifier comes once, in one piece; some servers repeat it. */
static void identify(struct content_pieces *pieces, struct piece *piece, struct slice id,
                     struct slice name)
{
    if (piece == NULL)
        return;
    if (piece->id.bytes == 0)
        content_grow(pieces, piece, &piece->id, id);
    if (piece->name.bytes == 0)
        content_grow(pieces, piece, &piece->name, name);
}

/* A call of a tool, or a piece of one: {index, id, function: {name, arguments}}. */
static void take_call(struct content_pieces *pieces, struct choice *choice,
                      const struct json_value *call, int64_t place)
{
    struct json_value function = content_find(call, "function");
    const char *member = "arguments";
    if (function.type != JSON_OBJECT) {
        function = content_find(call, "custom");
        member = "input";
    }
    bool numbered = content_find(call, "index").type == JSON_NUMBER;
    int64_t key = numbered ? number_of(call, "index") : place;
    struct piece *piece = content_piece(pieces, choice, PIECE_CALL, key);
    identify(pieces, piece, content_find_inner(call, "id"), content_find_inner(&function, "name"));
    if (piece != NULL)
        content_grow(pieces, piece, &piece->text, content_find_inner(&function, member));
}

static void take_calls(struct content_pieces *pieces, struct choice *choice,
                       const struct json_value *said)
{
    struct json_value calls = content_find(said, "tool_calls");
    struct json_item item;
    int64_t place = 0;
    if (calls.type != JSON_ARRAY)
        return;
    struct json_walk walk = json_walk(&calls);
    while (json_next(&walk, &item))
        take_call(pieces, choice, &item.value, place++);
}

/* Each element is a whole part. */
static void take_list(struct content_pieces *pieces, struct choice *choice,
                      const struct json_value *list, content_put *put)
{
    struct json_item item;
    if (list->type != JSON_ARRAY)
        return;
    struct json_walk walk = json_walk(list);
    while (json_next(&walk, &item))
        content_add(pieces, choice, KEY_TEXT, &item.value, put);
}

/* A message, or a delta of one. */
static void take_said(struct content_pieces *pieces, struct choice *choice,
                      const struct json_value *said)
{
    struct json_value content = content_find(said, "content");
    struct json_value images = content_find(said, "images");
    struct json_value audio = content_find(said, "audio");
    say(pieces, choice, PIECE_REASONING, said, "reasoning_content");
    if (content_find_inner(said, "reasoning_content").bytes == 0)
        say(pieces, choice, PIECE_REASONING, said, "reasoning");
    say(pieces, choice, PIECE_TEXT, said, "content");
    take_list(pieces, choice, &content, content_put_openai_part);
    say(pieces, choice, PIECE_REFUSAL, said, "refusal");
    say(pieces, choice, PIECE_SOUND, &audio, "transcript");
    take_list(pieces, choice, &images, content_put_openai_part);
    take_calls(pieces, choice, said);
}

static void take_chunk(struct content_answer *answer, const struct json_value *root)
{
    struct content_pieces *pieces = &answer->pieces;
    struct json_value choices = content_find(root, "choices");
    struct json_item item;
    if (choices.type != JSON_ARRAY)
        return;
    struct json_walk walk = json_walk(&choices);
    while (json_next(&walk, &item)) {
        struct choice *choice = content_choice(pieces, number_of(&item.value, "index"));
        struct json_value delta = content_find(&item.value, "delta");
        struct json_value message = content_find(&item.value, "message");
        say(pieces, choice, PIECE_TEXT, &item.value, "text"); /* of completions */
        take_said(pieces, choice, delta.type == JSON_OBJECT ? &delta : &message);
    }
}

/* ---- Responses ---- */

static void take_output(struct content_answer *answer, const struct json_value *response)
{
    struct json_value output = content_find(response, "output");
    take_list(&answer->pieces, content_choice(&answer->pieces, 0), &output, content_put_item_parts);
}

/* The pieces of an item come before the whole of it, which takes their place. */
static void take_item(struct content_pieces *pieces, struct choice *choice,
                      const struct json_value *root, bool done)
{
    struct json_value item = content_find(root, "item");
    int64_t key = number_of(root, "output_index");
    bool called = content_find_inner(&item, "call_id").bytes > 0;
    if (done) {
        content_forget(pieces, choice, key);
        content_add(pieces, choice, key, &item, content_put_item_parts);
    } else if (called) {
        identify(pieces, content_piece(pieces, choice, PIECE_CALL, key),
                 content_find_inner(&item, "call_id"), content_find_inner(&item, "name"));
    }
}

static void take_response_event(struct content_answer *answer, const struct json_value *root)
{
    struct content_pieces *pieces = &answer->pieces;
    struct slice type = content_find_inner(root, "type");
    struct slice delta = content_find_inner(root, "delta");
    struct json_value response = content_find(root, "response");
    struct choice *choice = content_choice(pieces, 0);
    int64_t key = number_of(root, "output_index");
    if (is(type, "response.output_text.delta"))
        content_say(pieces, choice, PIECE_TEXT, key, delta);
    else if (is(type, "response.refusal.delta"))
        content_say(pieces, choice, PIECE_REFUSAL, key, delta);
    else if (is(type, "response.reasoning_text.delta") ||
             is(type, "response.reasoning_summary_text.delta"))
        content_say(pieces, choice, PIECE_REASONING, key, delta);
    else if (is(type, "response.function_call_arguments.delta") ||
             is(type, "response.custom_tool_call_input.delta"))
        content_say(pieces, choice, PIECE_CALL, key, delta);
    else if (begins(type, "response.output_item."))
        take_item(pieces, choice, root, is(type, "response.output_item.done"));
    else if (response.type == JSON_OBJECT && choice->first == NULL)
        take_output(answer, &response);
}

/* ---- Anthropic ---- */

/* A block that grows, with what it begins with; else a whole one. */
static void take_block(struct content_pieces *pieces, struct choice *choice, int64_t key,
                       const struct json_value *block)
{
    struct slice type = content_find_inner(block, "type");
    struct json_value input = content_find(block, "input");
    if (is(type, "text"))
        content_say(pieces, choice, PIECE_TEXT, key, content_find_inner(block, "text"));
    else if (is(type, "thinking"))
        content_say(pieces, choice, PIECE_REASONING, key, content_find_inner(block, "thinking"));
    else if (is(type, "tool_use") && json_is_empty(&input))
        identify(pieces, content_piece(pieces, choice, PIECE_CALL, key),
                 content_find_inner(block, "id"), content_find_inner(block, "name"));
    else
        content_add(pieces, choice, key, block, content_put_block);
}

static void take_block_delta(struct content_pieces *pieces, struct choice *choice, int64_t key,
                             const struct json_value *delta)
{
    content_say(pieces, choice, PIECE_TEXT, key, content_find_inner(delta, "text"));
    content_say(pieces, choice, PIECE_REASONING, key, content_find_inner(delta, "thinking"));
    content_say(pieces, choice, PIECE_CALL, key, content_find_inner(delta, "partial_json"));
}

static void take_message_event(struct content_answer *answer, const struct json_value *root)
{
    struct content_pieces *pieces = &answer->pieces;
    struct slice type = content_find_inner(root, "type");
    struct json_value block = content_find(root, "content_block");
    struct json_value delta = content_find(root, "delta");
    struct choice *choice = content_choice(pieces, 0);
    int64_t key = number_of(root, "index");
    if (is(type, "content_block_start"))
        take_block(pieces, choice, key, &block);
    else if (is(type, "content_block_delta"))
        take_block_delta(pieces, choice, key, &delta);
}

static void take_message(struct content_answer *answer, const struct json_value *root)
{
    struct json_value content = content_find(root, "content");
    take_list(&answer->pieces, content_choice(&answer->pieces, 0), &content, content_put_block);
}

/* ---- Gemini ---- */

/* Texts of one kind that follow each other are one part. */
static void take_part(struct content_pieces *pieces, struct choice *choice,
                      const struct json_value *part)
{
    struct json_value text = content_find(part, "text");
    bool thought = content_find(part, "thought").type == JSON_TRUE;
    enum piece_kind kind = thought ? PIECE_REASONING : PIECE_TEXT;
    const struct piece *last = choice != NULL ? choice->last : NULL;
    int64_t key = last == NULL ? 0 : last->kind == kind ? last->key : last->key + 1;
    if (text.type == JSON_STRING)
        content_say(pieces, choice, kind, key, content_inner(&text));
    else
        content_add(pieces, choice, last != NULL ? last->key + 1 : 0, part,
                    content_put_gemini_part);
}

static void take_candidates(struct content_answer *answer, const struct json_value *root)
{
    struct json_value candidates = content_find(root, "candidates");
    struct json_item item, part;
    if (candidates.type != JSON_ARRAY)
        return;
    struct json_walk walk = json_walk(&candidates);
    while (json_next(&walk, &item)) {
        struct choice *choice = content_choice(&answer->pieces, number_of(&item.value, "index"));
        struct json_value content = content_find(&item.value, "content");
        struct json_value parts = content_find(&content, "parts");
        if (parts.type != JSON_ARRAY)
            continue;
        struct json_walk inner = json_walk(&parts);
        while (json_next(&inner, &part))
            take_part(&answer->pieces, choice, &part.value);
    }
}

/* ---- what comes ---- */

struct reader {
    void (*event)(struct content_answer *, const struct json_value *);
    void (*whole)(struct content_answer *, const struct json_value *);
};

static const struct reader *reader_of(const struct content_answer *answer)
{
    static const struct reader readers[DIALECTS] = {
        [DIALECT_CHAT] = {take_chunk, take_chunk},
        [DIALECT_COMPLETIONS] = {take_chunk, take_chunk},
        [DIALECT_RESPONSES] = {take_response_event, take_output},
        [DIALECT_ANTHROPIC] = {take_message_event, take_message},
        [DIALECT_GEMINI] = {take_candidates, take_candidates}};
    const struct reader *reader = &readers[answer->dialect];
    check(reader->event != NULL && reader->whole != NULL);
    return reader;
}

struct content_answer *content_answer_new(enum dialect dialect, size_t bytes_max)
{
    struct content_answer *answer = calloc(1, sizeof *answer);
    check(answer != NULL);
    answer->dialect = dialect;
    line_ends_init(&answer->line_ends);
    sse_init(&answer->sse);
    content_pieces_init(&answer->pieces, bytes_max);
    return answer;
}

void content_answer_free(struct content_answer *answer)
{
    if (answer == NULL)
        return;
    line_ends_fini(&answer->line_ends);
    sse_fini(&answer->sse);
    content_pieces_fini(&answer->pieces);
    free(answer);
}

static void on_event(struct slice event, void *arg)
{
    struct content_answer *answer = arg;
    struct buffer joined;
    struct json_value root;
    struct fault fault;
    buffer_init(&joined, LIMIT_EVENT_BYTES);
    struct slice data = slice_trim(sse_data(event, &joined));
    if (data.bytes > 0 && json_parse(data, LIMIT_JSON_DEPTH, &root, &fault))
        reader_of(answer)->event(answer, &root);
    buffer_fini(&joined);
}

void content_answer_feed(struct content_answer *answer, struct slice bytes)
{
    if (answer == NULL || answer->over)
        return;
    answer->over = !line_ends_take(&answer->line_ends, bytes, &bytes) ||
                   !sse_feed(&answer->sse, bytes, on_event, answer);
}

void content_answer_take(struct content_answer *answer, const struct json_value *root)
{
    if (answer == NULL || answer->over)
        return;
    reader_of(answer)->whole(answer, root);
    answer->over = true;
}

/* ---- what is told ---- */

static void put_piece_text(struct content_text *out, const char *name, const struct piece *piece)
{
    struct slice inner = buffer_slice(&piece->text);
    if (piece->cut)
        content_string_cut(out, name, inner);
    else
        content_string(out, name, inner);
}

/* What the model says aloud; the sound itself is not told. */
static void put_sound(struct content_text *out, const struct piece *piece)
{
    if (!content_object(out, NULL))
        return;
    content_word(out, "type", "blob");
    content_word(out, "modality", "audio");
    content_word(out, "content", "");
    put_piece_text(out, "transcript", piece);
    content_object_end(out);
}

static void put_said(struct content_text *out, const struct piece *piece, const char *type)
{
    if (!content_object(out, NULL))
        return;
    content_word(out, "type", type);
    put_piece_text(out, "content", piece);
    content_object_end(out);
}

static void put_call(struct content_text *out, const struct piece *piece)
{
    struct buffer quoted;
    struct json_value arguments = {.type = JSON_NULL, .raw = {"", 0}};
    buffer_init(&quoted, piece->text.bytes + 2);
    if (piece->text.bytes > 0) {
        buffer_append_char(&quoted, '"');
        buffer_append_slice(&quoted, buffer_slice(&piece->text));
        buffer_append_char(&quoted, '"');
        arguments = (struct json_value){.type = JSON_STRING, .raw = buffer_slice(&quoted)};
    }
    content_put_call(out, buffer_slice(&piece->id), buffer_slice(&piece->name), &arguments);
    buffer_fini(&quoted);
}

static void put_piece(struct content_text *out, const struct piece *piece)
{
    switch (piece->kind) {
    case PIECE_TEXT:
        put_said(out, piece, "text");
        break;
    case PIECE_REASONING:
        put_said(out, piece, "reasoning");
        break;
    case PIECE_REFUSAL:
        put_said(out, piece, "refusal");
        break;
    case PIECE_SOUND:
        put_sound(out, piece);
        break;
    case PIECE_CALL:
        put_call(out, piece);
        break;
    case PIECE_WHOLE:
        (void)content_element(out, buffer_slice(&piece->text));
        break;
    }
}

static void put_choice(struct content_text *out, const struct choice *choice)
{
    if (!content_object(out, NULL))
        return;
    content_word(out, "role", "assistant");
    content_list(out, "parts");
    for (const struct piece *piece = choice->first; piece != NULL; piece = piece->next)
        put_piece(out, piece);
    content_list_end(out);
    content_object_end(out);
}

/* Some streams end without an empty line. */
static void take_rest(struct content_answer *answer)
{
    if (answer->over)
        return;
    answer->over = true;
    struct slice rest = sse_rest(&answer->sse);
    if (rest.bytes > 0)
        on_event(rest, answer);
}

void content_answer_write(struct content_answer *answer, struct content_text *out)
{
    take_rest(answer);
    const struct choice *first = answer->pieces.choices;
    if (first == NULL || (first->first == NULL && first->next == NULL))
        return;
    content_list(out, NULL);
    for (const struct choice *choice = first; choice != NULL; choice = choice->next)
        put_choice(out, choice);
    content_list_end(out);
    out->cut = out->cut || answer->pieces.cut;
    content_hide(out);
}
