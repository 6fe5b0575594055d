#include <string.h>

#include "dialect/answer_state.h"
#include "dialect/gemini.h"

static bool is_filled(const struct json_value *string)
{
    return string->type == JSON_STRING && string->raw.bytes > 2;
}

/* ---- reasons ---- */

static bool is_filter(const struct json_value *reason)
{
    static const char *const filters[] = {"SAFETY",
                                          "RECITATION",
                                          "LANGUAGE",
                                          "BLOCKLIST",
                                          "PROHIBITED_CONTENT",
                                          "SPII",
                                          "IMAGE_SAFETY",
                                          "IMAGE_PROHIBITED_CONTENT",
                                          "IMAGE_RECITATION",
                                          "MODEL_ARMOR"};
    return json_string_is_one_of(reason, filters, sizeof filters / sizeof filters[0]);
}

static const char *finish_of(const struct json_value *reason)
{
    if (!is_filled(reason) || json_string_is(reason, "FINISH_REASON_UNSPECIFIED"))
        return NULL;
    if (json_string_is(reason, "MAX_TOKENS") || json_string_is(reason, "CONTINUATION"))
        return "length";
    return is_filter(reason) ? "content_filter" : "stop"; /* also a word of tomorrow */
}

/* A prompt that is not answered. */
static void read_feedback(const struct json_value *feedback, struct answer_facts *out)
{
    enum { CAMEL, SNAKE, MEMBERS };
    struct json_member reasons[MEMBERS] = {
        [CAMEL] = {.name = "blockReason"}, [SNAKE] = {.name = "block_reason"}};
    json_find_all(feedback, reasons, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++) {
        if (is_filled(&reasons[i].value) &&
            !json_string_is(&reasons[i].value, "BLOCKED_REASON_UNSPECIFIED"))
            out->finish_reason = "content_filter";
    }
}

/* ---- parts ---- */

/* Members of a part that the model has not generated. */
static bool is_aside(struct slice key)
{
    static const char *const list[] = {"thought",        "thoughtSignature", "thought_signature",
                                       "partMetadata",   "part_metadata",    "videoMetadata",
                                       "video_metadata", "speechMetadata",   "speech_metadata"};
    return json_key_is_one_of(key, list, sizeof list / sizeof list[0]);
}

/* What a tool of the provider has found. */
static bool is_result(struct slice key)
{
    static const char *const list[] = {"codeExecutionResult", "code_execution_result",
                                       "toolResponse", "tool_response"};
    return json_key_is_one_of(key, list, sizeof list / sizeof list[0]);
}

static void read_media(const struct json_value *media, struct answer_facts *out)
{
    enum { CAMEL, SNAKE, DATA, MEMBERS };
    struct json_member members[MEMBERS] = {
        [CAMEL] = {.name = "mimeType"}, [SNAKE] = {.name = "mime_type"}, [DATA] = {.name = "data"}};
    json_find_all(media, members, MEMBERS);
    const struct slice type = members[members[CAMEL].count > 0 ? CAMEL : SNAKE].value.raw;
    out->said = true;
    if (slice_starts_with(type, "\"audio/") && members[DATA].value.type == JSON_STRING)
        out->sizes.audio_bytes += (int64_t)members[DATA].value.raw.bytes - 2;
    else
        out->sizes.image_count++;
}

static void read_part_member(const struct json_item *member, struct answer_facts *out)
{
    static const char *const media[] = {"inlineData", "inline_data", "fileData", "file_data"};
    if (is_aside(member->key))
        return;
    if (is_result(member->key)) {
        out->said = true;
        return;
    }
    if (json_key_is_one_of(member->key, media, sizeof media / sizeof media[0])) {
        read_media(&member->value, out);
        return;
    }
    bool text = member->value.type == JSON_STRING;
    int64_t bytes = text ? media_text_bytes(&member->value) : (int64_t)member->value.raw.bytes;
    out->sizes.text_bytes += bytes; /* a call is generated as JSON */
    out->said = out->said || bytes > 0;
    if (is_filled(&member->value))
        out->text = (struct slice){member->value.raw.data + 1, member->value.raw.bytes - 2};
}

static bool is_call(struct slice key)
{
    static const char *const list[] = {"functionCall", "function_call"};
    return json_key_is_one_of(key, list, sizeof list / sizeof list[0]);
}

/* Returns whether there is a call among the parts. */
static bool read_parts(const struct json_value *content, struct answer_facts *out)
{
    struct json_member parts = {.name = "parts"};
    struct json_item part;
    struct json_item member;
    bool calls = false;
    json_find_all(content, &parts, 1);
    struct json_walk walk = json_walk(&parts.value);
    while (parts.value.type == JSON_ARRAY && json_next(&walk, &part)) {
        struct json_walk inner = json_walk(&part.value);
        while (part.value.type == JSON_OBJECT && json_next(&inner, &member)) {
            read_part_member(&member, out);
            calls = calls || is_call(member.key);
        }
    }
    return calls;
}

/* ---- an answer, or a chunk of one ---- */

static void read_candidate(const struct json_value *candidate, struct answer_facts *out)
{
    enum { CONTENT, REASON, REASON_SNAKE, INDEX, MEMBERS };
    struct json_member members[MEMBERS] = {[CONTENT] = {.name = "content"},
                                           [REASON] = {.name = "finishReason"},
                                           [REASON_SNAKE] = {.name = "finish_reason"},
                                           [INDEX] = {.name = "index"}};
    json_find_all(candidate, members, MEMBERS);
    bool calls = read_parts(&members[CONTENT].value, out);
    const char *finish =
        finish_of(&members[members[REASON].count > 0 ? REASON : REASON_SNAKE].value);
    answer_choices_note(&out->choices, &members[INDEX].value, finish != NULL);
    if (finish != NULL)
        out->finish_reason = calls && strcmp(finish, "stop") == 0 ? "tool_calls" : finish;
}

void gemini_read_tier(const struct json_value *usage, struct answer_facts *out)
{
    static const struct {
        const char *theirs;
        struct slice ours;
    } tiers[] = {{"ON_DEMAND_PRIORITY", {"\"priority\"", 10}},
                 {"ON_DEMAND_FLEX", {"\"flex\"", 6}},
                 {"ON_DEMAND_OFFPEAK", {"\"offpeak\"", 9}}};
    static const char *const plain[] = {"ON_DEMAND", "PROVISIONED_THROUGHPUT",
                                        "TRAFFIC_TYPE_UNSPECIFIED"};
    enum { TIER, TIER_SNAKE, TRAFFIC, TRAFFIC_SNAKE, MEMBERS };
    struct json_member members[MEMBERS] = {[TIER] = {.name = "serviceTier"},
                                           [TIER_SNAKE] = {.name = "service_tier"},
                                           [TRAFFIC] = {.name = "trafficType"},
                                           [TRAFFIC_SNAKE] = {.name = "traffic_type"}};
    json_find_all(usage, members, MEMBERS);
    out->service_tier = members[members[TIER].count > 0 ? TIER : TIER_SNAKE].value;
    const struct json_value *traffic =
        &members[members[TRAFFIC].count > 0 ? TRAFFIC : TRAFFIC_SNAKE].value;
    if (traffic->type != JSON_STRING ||
        json_string_is_one_of(traffic, plain, sizeof plain / sizeof plain[0]))
        return;
    out->service_tier = *traffic; /* a new one is a tier that nobody knows */
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++) {
        if (json_string_is(traffic, tiers[i].theirs))
            out->service_tier = (struct json_value){.type = JSON_STRING, .raw = tiers[i].ours};
    }
}

enum { ERROR, CANDIDATES, USAGE, USAGE_SNAKE, MODEL, MODEL_SNAKE, FEEDBACK, FEEDBACK_SNAKE, PARTS };

static void find_members(const struct json_value *root, struct json_member members[PARTS])
{
    static const char *const list[PARTS] = {
        [ERROR] = "error",
        [CANDIDATES] = "candidates",
        [USAGE] = "usageMetadata",
        [USAGE_SNAKE] = "usage_metadata",
        [MODEL] = "modelVersion",
        [MODEL_SNAKE] = "model_version",
        [FEEDBACK] = "promptFeedback",
        [FEEDBACK_SNAKE] = "prompt_feedback",
    };
    for (size_t i = 0; i < PARTS; i++)
        members[i].name = list[i];
    json_find_all(root, members, PARTS);
}

/* The value under the first spelling that is there. */
static const struct json_value *either(const struct json_member *members, size_t camel)
{
    return &members[members[camel].count > 0 ? camel : camel + 1].value;
}

static void read_object(const struct json_value *root, struct answer_facts *out)
{
    struct json_member members[PARTS];
    struct json_item candidate;
    find_members(root, members);
    if (members[ERROR].value.type == JSON_OBJECT) {
        out->kind = ANSWER_FAILS;
        out->error = *root;
        return;
    }
    const struct json_value *candidates = &members[CANDIDATES].value;
    struct json_walk walk = json_walk(candidates);
    while (candidates->type == JSON_ARRAY && json_next(&walk, &candidate))
        read_candidate(&candidate.value, out);
    read_feedback(either(members, FEEDBACK), out);
    out->said = out->said || out->finish_reason != NULL;
    out->holder = *root;
    out->usage = *either(members, USAGE);
    out->model = *either(members, MODEL);
    out->beside.candidates = *candidates;
    gemini_read_tier(&out->usage, out);
}

/* A stream that was not asked for as events is a list of its chunks. */
void gemini_read_answer(const struct json_value *root, struct answer_facts *out)
{
    struct json_walk walk = json_walk(root);
    struct json_item chunk;
    *out = (struct answer_facts){.kind = ANSWER_PASSES};
    if (root->type != JSON_ARRAY) {
        read_object(root, out);
        return;
    }
    while (out->kind == ANSWER_PASSES && json_next(&walk, &chunk))
        read_object(&chunk.value, out);
}

/* ---- events ---- */

/* Keeps the members that name the answer, for chunks of ours. */
static void note_head(struct answer_state *state, const struct json_value *root)
{
    enum { RESPONSE_ID, MODEL_VERSION, NAMES };
    static const char *const list[NAMES] = {
        [RESPONSE_ID] = "responseId", [MODEL_VERSION] = "modelVersion"};
    struct json_value value;
    for (size_t i = 0; i < NAMES; i++) {
        if (json_find(root, list[i], &value) == 0 || value.type != JSON_STRING)
            continue;
        bool renamed = i == MODEL_VERSION && state->answers_as.bytes > 0;
        buffer_printf(&state->head, ",\"%s\":", list[i]);
        buffer_append_slice(&state->head, renamed ? state->answers_as : value.raw);
    }
    state->begun = true;
}

/* The counts that grow from chunk to chunk. The last chunk, which has all of them, is always
 * read. */
static void note_counts(const struct json_value *usage, struct answer_facts *out)
{
    struct json_member members[ANSWER_NUMBERS_MAX] = {{.name = "candidatesTokenCount"},
                                                      {.name = "totalTokenCount"},
                                                      {.name = "thoughtsTokenCount"}};
    if (usage->type != JSON_OBJECT)
        return;
    json_find_all(usage, members, ANSWER_NUMBERS_MAX);
    for (size_t i = 0; i < ANSWER_NUMBERS_MAX; i++) {
        if (members[i].value.type == JSON_NUMBER)
            out->numbers[out->number_count++] = members[i].value.raw;
    }
}

void gemini_read_event(struct answer_state *state, const struct json_value *root,
                       struct answer_facts *out)
{
    *out = (struct answer_facts){.kind = ANSWER_PASSES};
    read_object(root, out);
    note_counts(&out->usage, out);
    if (state != NULL && !state->begun)
        note_head(state, root);
    if (state != NULL) {
        answer_choices_add(&state->sent, &state->last);
        state->last = out->choices;
    }
    if (out->kind == ANSWER_PASSES && out->finish_reason != NULL)
        out->kind = ANSWER_CLOSES;
}
