#include "dialect/usage_beside.h"

#include "base/money.h"
#include "dialect/tool_calls.h"
#include "dialect/usage_counts.h"
#include "dialect/usage_form.h"

/* Adds to a whole; false: it is unknown, or would be above every bound. */
static bool add(int64_t *whole, int64_t more)
{
    if (*whole < 0 || more < 0 || more > MONEY_TOKENS_MAX - *whole)
        return more == 0;
    *whole += more;
    return true;
}

static void set_part(struct usage_form *form, enum unit unit, int64_t count)
{
    if (count <= 0 || count > MONEY_TOKENS_MAX)
        return;
    form->parts.of[unit] = count;
    form->has_parts = true;
}

static void add_part(struct usage_form *form, enum unit unit, int64_t more)
{
    int64_t before = form->parts.of[unit] > 0 ? form->parts.of[unit] : 0;
    set_part(form, unit, before + (more > 0 ? more : 0));
}

/* ---- OpenAI ---- */

/* A model of its own that draws. Its tokens are not in the usage. `draws`: it makes pictures, so
 * what it does not tell apart of its answer is pictures; else it writes SVG. */
static bool add_drawing(const struct json_value *drawing, bool draws, struct usage_form *form)
{
    struct usage_form own;
    if (drawing->type != JSON_OBJECT || !usage_form_read(drawing, &own))
        return false;
    if (draws && own.parts.image_output < 0)
        own.parts.image_output = own.completion;
    bool prompt = add(&form->prompt, own.prompt);
    bool completion = add(&form->completion, own.completion);
    if (prompt && own.cached > 0)
        form->cached = (form->cached > 0 ? form->cached : 0) + own.cached;
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (unit_is_token(unit))
            add_part(form, unit, own.parts.of[unit]);
    }
    form->flawed = form->flawed || own.flawed || !prompt || !completion;
    return true;
}

static bool read_tool_usage(const struct json_value *tools, struct usage_form *form)
{
    enum { DRAWING, SEARCH, MEMBERS };
    struct json_member members[MEMBERS] = {
        [DRAWING] = {.name = "image_gen"}, [SEARCH] = {.name = "web_search"}};
    struct json_member requests = {.name = "num_requests"};
    struct usage_counts counts;
    json_find_all(tools, members, MEMBERS);
    json_find_all(&members[SEARCH].value, &requests, 1);
    usage_counts_init(&counts);
    usage_counts_take_extra(&counts, COUNT_SEARCHES, &requests.value);
    set_part(form, UNIT_WEB_SEARCH, counts.of[COUNT_SEARCHES]);
    return add_drawing(&members[DRAWING].value, true, form) || counts.of[COUNT_SEARCHES] > 0;
}

/* A drawing tool has SVG written by another model, and counts that beside its own tokens. */
static bool add_svg(const struct json_value *item, struct usage_form *form)
{
    struct json_value svg;
    return json_find(item, "svg_usage", &svg) == 1 && add_drawing(&svg, false, form);
}

/* Calls in one container are billed as one session; we cannot know how long it lives, so each
 * answer that has any has one. */
static bool read_output(const struct json_value *output, struct usage_form *form)
{
    struct json_walk walk = json_walk(output);
    struct json_item item;
    struct tool_calls calls = {0};
    bool svg = false;
    if (output->type != JSON_ARRAY)
        return false;
    while (json_next(&walk, &item)) {
        tool_calls_count_item(&item.value, &calls);
        svg = add_svg(&item.value, form) || svg;
    }
    if (form->parts.web_search < 0) /* what the tools report has priority */
        set_part(form, UNIT_WEB_SEARCH, calls.web_searches);
    if (form->parts.file_search < 0)
        set_part(form, UNIT_FILE_SEARCH, calls.file_searches);
    if (form->parts.session < 0)
        set_part(form, UNIT_SESSION, calls.runs > 0);
    return svg || calls.web_searches + calls.file_searches + calls.runs > 0;
}

/* ---- Gemini ---- */

/* An empty query is not billed. */
static int64_t queries_of(const struct json_value *list)
{
    struct json_walk walk = json_walk(list);
    struct json_item item;
    int64_t count = 0;
    while (list->type == JSON_ARRAY && json_next(&walk, &item))
        count += item.value.type == JSON_STRING && item.value.raw.bytes > 2;
    return count;
}

static bool has_map(const struct json_value *chunks)
{
    struct json_walk walk = json_walk(chunks);
    struct json_item item;
    struct json_value map;
    while (chunks->type == JSON_ARRAY && json_next(&walk, &item)) {
        if (json_find(&item.value, "maps", &map) == 1 && map.type == JSON_OBJECT)
            return true;
    }
    return false;
}

static void read_grounding(const struct json_value *grounding, int64_t *searches, bool *maps)
{
    struct json_walk walk = json_walk(grounding);
    struct json_item item;
    while (grounding->type == JSON_OBJECT && json_next(&walk, &item)) {
        if (json_key_is(item.key, "webSearchQueries") ||
            json_key_is(item.key, "web_search_queries") ||
            json_key_is(item.key, "imageSearchQueries") ||
            json_key_is(item.key, "image_search_queries"))
            *searches += queries_of(&item.value);
        else if (json_key_is(item.key, "groundingChunks") ||
                 json_key_is(item.key, "grounding_chunks"))
            *maps = *maps || has_map(&item.value);
    }
}

/* Searches are billed by the query, maps by the prompt that they were used for. */
static bool read_candidates(const struct json_value *candidates, struct usage_form *form)
{
    struct json_walk walk = json_walk(candidates);
    struct json_item item;
    struct json_value grounding;
    int64_t searches = 0;
    bool maps = false;
    while (candidates->type == JSON_ARRAY && json_next(&walk, &item)) {
        if (json_find(&item.value, "groundingMetadata", &grounding) == 1 ||
            json_find(&item.value, "grounding_metadata", &grounding) == 1)
            read_grounding(&grounding, &searches, &maps);
    }
    set_part(form, UNIT_WEB_SEARCH, searches);
    set_part(form, UNIT_MAPS_SEARCH, maps);
    return searches > 0 || maps;
}

bool usage_beside_add_members(const struct usage_beside *beside, struct usage_form *form)
{
    bool tools = read_tool_usage(&beside->tool_usage, form);
    bool output = read_output(&beside->output, form);
    bool svg = add_drawing(&beside->svg_usage, false, form);
    return read_candidates(&beside->candidates, form) || output || tools || svg;
}

bool usage_beside_add(const struct json_value *answer, struct usage_form *form)
{
    enum { TOOLS, OUTPUT, CANDIDATES, MEMBERS };
    struct json_member members[MEMBERS] = {[TOOLS] = {.name = "tool_usage"},
                                           [OUTPUT] = {.name = "output"},
                                           [CANDIDATES] = {.name = "candidates"}};
    json_find_all(answer, members, MEMBERS);
    const struct usage_beside beside = {.tool_usage = members[TOOLS].value,
                                        .output = members[OUTPUT].value,
                                        .candidates = members[CANDIDATES].value};
    return usage_beside_add_members(&beside, form);
}
