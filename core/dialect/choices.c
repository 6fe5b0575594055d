#include "dialect/choices.h"

#include "dialect/said.h"

/* The members in which providers show reasoning. Some show the same text under each of these
 * names. */
static const char *const reasoning_names[] = {"reasoning", "reasoning_content", "reasoning_details",
                                              "thinking", "thinking_blocks"};
enum { REASONING_NAMES = sizeof reasoning_names / sizeof reasoning_names[0] };

/* Returns REASONING_NAMES when the key is none of the names. */
static size_t reasoning_name(struct slice raw_key)
{
    size_t name = 0;
    while (name < REASONING_NAMES && !json_key_is(raw_key, reasoning_names[name]))
        name++;
    return name;
}

static void add_sizes(struct media_sizes *sum, const struct media_sizes *sizes)
{
    sum->text_bytes += sizes->text_bytes;
    sum->image_count += sizes->image_count;
    sum->audio_bytes += sizes->audio_bytes;
}

/* Measures a piece of a choice's content. If several choices have data in pieces, one is
 * followed. */
static void measure_piece(struct choices_run *run, int64_t index, const struct json_value *content,
                          struct media_sizes *sizes)
{
    struct media_run other = {0};
    bool followed = index == run->index || run->run.mark_bytes == 0;
    media_measure_piece(followed ? &run->run : &other, content, sizes);
    if (followed)
        run->index = index;
}

static void give_text(const struct json_item *member, const struct choices_events *events)
{
    struct slice raw = member->value.raw;
    if (member->value.type == JSON_STRING && raw.bytes > 2)
        events->on_text((struct slice){raw.data + 1, raw.bytes - 2}, events->arg);
    else if (json_key_is(member->key, "tool_calls"))
        events->on_text(raw, events->arg);
}

/* Measures a message, or a delta of one. Reasoning counts once: under the first name that has
 * text. */
static void measure_message(struct choices_run *run, const struct json_value *message,
                            const struct choices_events *events, struct choice_facts *facts)
{
    /* The last entry: all other members. */
    struct media_sizes reasoned[REASONING_NAMES + 1] = {{0}};
    struct media_sizes *sum = &facts->sizes;
    if (message->type != JSON_OBJECT)
        return;
    struct json_walk walk = json_walk(message);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (said_is_aside(item.key))
            continue;
        if (json_key_is(item.key, "tool_calls")) /* tool calls of every kind, not functions alone */
            sum->text_bytes += media_text_bytes(&item.value);
        else if (json_key_is(item.key, "content") && item.value.type == JSON_STRING)
            measure_piece(run, facts->index, &item.value, sum);
        else
            media_measure(item.key, &item.value, &reasoned[reasoning_name(item.key)]);
        give_text(&item, events);
    }
    add_sizes(sum, &reasoned[REASONING_NAMES]);
    for (size_t i = 0; i < REASONING_NAMES; i++) {
        if (reasoned[i].text_bytes > 0) {
            add_sizes(sum, &reasoned[i]);
            return;
        }
    }
}

/* The same for the text of a completion. */
static void measure_text(struct choices_run *run, const struct json_value *text,
                         const struct choices_events *events, struct choice_facts *facts)
{
    if (text->type != JSON_STRING || text->raw.bytes == 2)
        return;
    measure_piece(run, facts->index, text, &facts->sizes);
    events->on_text((struct slice){text->raw.data + 1, text->raw.bytes - 2}, events->arg);
}

static int64_t index_of(const struct json_value *number)
{
    int64_t index;
    bool known = json_int64(number, &index) && index >= 0 && index < CHOICES_KNOWN;
    return known ? index : 0;
}

static void read_choice(struct choices_run *run, const struct json_value *choice,
                        const struct choices_events *events)
{
    enum { INDEX, FINISH_REASON, DELTA, MESSAGE, TEXT, USAGE, MEMBERS };
    struct json_member members[MEMBERS] = {
        [INDEX] = {.name = "index"}, [FINISH_REASON] = {.name = "finish_reason"},
        [DELTA] = {.name = "delta"}, [MESSAGE] = {.name = "message"},
        [TEXT] = {.name = "text"}, /* of completions */
        [USAGE] = {.name = "usage"}};
    struct choice_facts facts = {.usage = {.type = JSON_NULL}};
    json_find_all(choice, members, MEMBERS);
    facts.index = index_of(&members[INDEX].value);
    facts.finish_reason = members[FINISH_REASON].value;
    if (members[USAGE].count == 1)
        facts.usage = members[USAGE].value;
    bool streamed = members[DELTA].count > 0;
    measure_message(run, &members[streamed ? DELTA : MESSAGE].value, events, &facts);
    if (members[DELTA].count + members[MESSAGE].count == 0)
        measure_text(run, &members[TEXT].value, events, &facts);
    events->on_choice(&facts, events->arg);
}

void choices_read(struct choices_run *run, const struct json_value *choices,
                  const struct choices_events *events)
{
    struct json_item choice;
    if (choices->type != JSON_ARRAY)
        return;
    struct json_walk walk = json_walk(choices);
    while (json_next(&walk, &choice))
        read_choice(run, &choice.value, events);
}
