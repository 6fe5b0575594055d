#include "dialect/prompt_parts.h"

#include <string.h>

#include "dialect/media.h"

enum part_kind {
    PART_TEXT,
    PART_TOOLS,  /* text that brings tools with it */
    PART_HOLDER, /* its member `content` has a text or parts */
    PART_IMAGE,
    PART_AUDIO,
    PART_DOCUMENT,
    PART_FILE,
    PART_OPAQUE
};

/* Returns whether the raw text of a short string contains `word`. */
static bool mentions(const struct json_value *string, const char *word)
{
    return string->type == JSON_STRING &&
           memmem(string->raw.data, string->raw.bytes, word, strlen(word)) != NULL;
}

static bool ends_with(const struct json_value *string, const char *end)
{
    size_t bytes = strlen(end);
    return string->raw.bytes >= bytes + 2 &&
           memcmp(string->raw.data + string->raw.bytes - 1 - bytes, end, bytes) == 0;
}

/* The names are sorted by how often they come. */
static bool is_text_type(const struct json_value *type)
{
    static const char *const names[] = {"text",
                                        "input_text",
                                        "output_text",
                                        "tool_use",
                                        "thinking",
                                        "redacted_thinking",
                                        "reasoning",
                                        "summary_text",
                                        "reasoning_text",
                                        "refusal",
                                        "server_tool_use",
                                        "mcp_tool_use",
                                        "tool_reference",
                                        "web_search_result",
                                        "tool_search_tool_search_result",
                                        "advisor_result",
                                        "advisor_redacted_result",
                                        "fallback",
                                        "tool_removal",
                                        "mcp_tool_listing",
                                        "browser_state",
                                        "logs"};
    return json_string_is_one_of(type, names, sizeof names / sizeof names[0]) ||
           ends_with(type, "_result_error");
}

/* A tool that is added to the request's, or a summary that repeats such changes. */
static bool is_tool_type(const struct json_value *type)
{
    return json_string_is(type, "tool_addition") || json_string_is(type, "compaction");
}

static bool is_holder_type(const struct json_value *type)
{
    static const char *const names[] = {"tool_result",
                                        "search_result",
                                        "web_fetch_result",
                                        "code_execution_result",
                                        "bash_code_execution_result",
                                        "encrypted_code_execution_result"};
    return json_string_is_one_of(type, names, sizeof names / sizeof names[0]) ||
           ends_with(type, "_tool_result");
}

/* What a content part is to the meter. A part that is neither text, picture nor sound may stand for
 * any number of tokens: a file by its id, a page of a PDF. */
static enum part_kind kind_of(const struct json_value *type)
{
    if (is_text_type(type))
        return PART_TEXT;
    if (is_tool_type(type))
        return PART_TOOLS;
    if (is_holder_type(type))
        return PART_HOLDER;
    if (mentions(type, "image") || json_string_is(type, "computer_screenshot"))
        return PART_IMAGE;
    if (mentions(type, "audio"))
        return PART_AUDIO;
    if (json_string_is(type, "document"))
        return PART_DOCUMENT;
    return mentions(type, "file") || mentions(type, "document") ? PART_FILE : PART_OPAQUE;
}

void prompt_parts_leave_out(struct prompt *prompt, const struct json_value *value)
{
    prompt->bytes_most -= (int64_t)value->raw.bytes;
    prompt->text_bytes -= (int64_t)json_text_bytes(value);
}

/* Removes only the data of a part. Returns the data's bytes. */
static int64_t leave_data_out(struct prompt *prompt, const struct json_value *part)
{
    struct json_strings walk = json_strings(part);
    struct json_item item;
    int64_t bytes = 0;
    while (json_next_string(&walk, &item)) {
        if (!media_is_data(&item.value))
            continue;
        prompt_parts_leave_out(prompt, &item.value);
        bytes += (int64_t)item.value.raw.bytes;
    }
    return bytes;
}

/* Counts the part's data, however short, or the member that is named so. */
static void add_audio(struct prompt *prompt, const struct json_value *part)
{
    struct json_value audio;
    struct json_value data;
    prompt->audio_count++;
    prompt->may_name_kept = true;
    if (json_find(part, "input_audio", &audio) == 1 && json_find(&audio, "data", &data) == 1 &&
        data.type == JSON_STRING) {
        prompt_parts_leave_out(prompt, &data);
        prompt->audio_bytes += (int64_t)data.raw.bytes;
        return;
    }
    int64_t bytes = leave_data_out(prompt, part);
    prompt->audio_bytes += bytes;
    if (bytes == 0)
        prompt->opaque_count++; /* sound by its address */
}

/* Returns whether the picture is one: some providers take a PDF or a film in its place. */
static bool is_picture(const struct json_value *image)
{
    struct json_value url = *image;
    if (image->type == JSON_OBJECT && json_find(image, "url", &url) != 1)
        return false;
    if (url.type != JSON_STRING)
        return false;
    struct slice text = {url.raw.data + 1, url.raw.bytes - 2};
    bool data = text.bytes >= 5 && slice_same_nocase(text.data, "data:", 5);
    bool picture = text.bytes >= 11 && slice_same_nocase(text.data, "data:image/", 11);
    return !data || picture || slice_starts_with(text, "data:image\\/");
}

static const char *add_image(struct prompt *prompt, const struct json_value *part)
{
    struct json_value image;
    unsigned count = json_find(part, "image_url", &image);
    if (count > 1)
        return "image_url";
    prompt->image_count++;
    prompt->may_name_kept = true;
    if (count == 1 && !is_picture(&image))
        prompt->opaque_count++;
    if (count == 1)
        prompt_parts_leave_out(prompt, &image);
    else
        leave_data_out(prompt, part);
    return NULL;
}

static void add_opaque(struct prompt *prompt, const struct json_value *part)
{
    prompt->opaque_count++;
    prompt->may_mark_caches = true; /* it may hold parts */
    prompt->may_add_tools = true;
    prompt->may_name_kept = true;
    leave_data_out(prompt, part);
}

static void add_file(struct prompt *prompt, const struct json_value *part)
{
    prompt->file_count++;
    add_opaque(prompt, part);
}

/* Adds what a part holds in a member; the rest of it is text. */
static const char *add_held(struct prompt *prompt, const struct json_value *part, const char *name)
{
    struct json_value held;
    unsigned count = json_find(part, name, &held);
    prompt->may_mark_caches = true;
    if (count > 1)
        return name;
    if (count == 0 || (held.type != JSON_ARRAY && held.type != JSON_OBJECT)) {
        text_mix_add(&prompt->mix, part->raw);
        return NULL;
    }
    return prompt_parts_add(prompt, &held);
}

/* Anthropic's documents may be texts, or hold parts. */
static const char *add_document(struct prompt *prompt, const struct json_value *part)
{
    struct json_value source;
    struct json_value type;
    if (json_find(part, "source", &source) == 1 && json_find(&source, "type", &type) == 1 &&
        type.type == JSON_STRING) {
        if (json_string_is(&type, "content"))
            return add_held(prompt, &source, "content");
        if (json_string_is(&type, "text")) {
            text_mix_add(&prompt->mix, part->raw);
            return NULL;
        }
    }
    add_file(prompt, part);
    return NULL;
}

/* ---- parts without a type: Gemini's ---- */

static bool is_text_name(struct slice key)
{
    static const char *const names[] = {"text",
                                        "functionCall",
                                        "function_call",
                                        "executableCode",
                                        "executable_code",
                                        "codeExecutionResult",
                                        "code_execution_result",
                                        "toolCall",
                                        "tool_call",
                                        "toolResponse",
                                        "tool_response"};
    return json_key_is_one_of(key, names, sizeof names / sizeof names[0]);
}

/* Members that say something about the others. */
static bool is_aside(struct slice key)
{
    static const char *const names[] = {"thought",         "thoughtSignature", "thought_signature",
                                        "partMetadata",    "part_metadata",    "videoMetadata",
                                        "video_metadata",  "mediaResolution",  "media_resolution",
                                        "mediaProcessing", "media_processing", "cache_control"};
    return json_key_is_one_of(key, names, sizeof names / sizeof names[0]);
}

/* Adds data, or a file by its address, by its media type. */
static void add_media(struct prompt *prompt, const struct json_value *media)
{
    enum { CAMEL, SNAKE, MEMBERS };
    struct json_member members[MEMBERS] = {
        [CAMEL] = {.name = "mimeType"}, [SNAKE] = {.name = "mime_type"}};
    json_find_all(media, members, MEMBERS);
    bool one = members[CAMEL].count + members[SNAKE].count == 1;
    const struct json_value *type = &members[members[CAMEL].count > 0 ? CAMEL : SNAKE].value;
    if (one && mentions(type, "image/"))
        (void)add_image(prompt, media);
    else if (one && mentions(type, "audio/"))
        add_audio(prompt, media);
    else if (one && (mentions(type, "application/") || mentions(type, "text/")))
        add_file(prompt, media);
    else
        add_opaque(prompt, media);
}

static const char *add_untyped_member(struct prompt *prompt, const struct json_item *member)
{
    static const char *const media[] = {"inlineData", "inline_data", "fileData", "file_data"};
    static const char *const answers[] = {"functionResponse", "function_response"};
    if (is_text_name(member->key))
        text_mix_add(&prompt->mix, member->value.raw);
    else if (json_key_is_one_of(member->key, media, sizeof media / sizeof media[0]))
        add_media(prompt, &member->value);
    else if (json_key_is_one_of(member->key, answers, sizeof answers / sizeof answers[0]))
        return add_held(prompt, &member->value, "parts");
    else if (!is_aside(member->key))
        add_opaque(prompt, &member->value);
    return NULL;
}

/* Each member counts: a provider may obey any of them. */
static const char *add_untyped(struct prompt *prompt, const struct json_value *part)
{
    struct json_walk walk = json_walk(part);
    struct json_item member;
    const char *twice = NULL;
    if (part->type != JSON_OBJECT) {
        add_opaque(prompt, part);
        return NULL;
    }
    while (twice == NULL && json_next(&walk, &member))
        twice = add_untyped_member(prompt, &member);
    return twice;
}

/* ---- a part ---- */

/* Returns whether the key may be `cache_control` or `prompt_cache_breakpoint`, in any case or with
 * escapes. */
static bool may_be_mark(struct slice key)
{
    char first = key.bytes > 0 ? (char)(key.data[0] | 0x20) : '\0';
    if (key.bytes < 2 || (first != 'c' && first != 'p'))
        return key.bytes > 0 && key.data[0] == '\\';
    return (key.data[1] | 0x20) == (first == 'c' ? 'a' : 'r') || key.data[1] == '\\';
}

/* Members whose objects and lists are read, or belong to the client alone. */
static bool is_known_holder(struct slice key)
{
    static const char *const names[] = {"content",
                                        "tool_calls",
                                        "cache_control",
                                        "function",
                                        "input",
                                        "source",
                                        "summary",
                                        "functionCall",
                                        "functionResponse",
                                        "annotations",
                                        "output",
                                        "action",
                                        "logprobs",
                                        "image_url",
                                        "parts",
                                        "inlineData",
                                        "citations",
                                        "function_call",
                                        "function_response",
                                        "inline_data",
                                        "input_audio",
                                        "file",
                                        "images",
                                        "outputs",
                                        "tools",
                                        "queries",
                                        "results",
                                        "reasoning_details",
                                        "arguments"};
    return json_key_is_one_of(key, names, sizeof names / sizeof names[0]);
}

unsigned prompt_parts_find_type(struct prompt *prompt, const struct json_value *object,
                                struct json_value *out)
{
    struct json_walk walk = json_walk(object);
    struct json_item item;
    unsigned count = 0;
    while (object->type == JSON_OBJECT && json_next(&walk, &item)) {
        if (may_be_mark(item.key))
            prompt->may_mark_caches = true;
        bool holds = item.value.type == JSON_ARRAY || item.value.type == JSON_OBJECT;
        if (holds && !prompt->may_name_kept && !is_known_holder(item.key))
            prompt->may_name_kept = true;
        if (!json_key_is(item.key, "type"))
            continue;
        *out = item.value;
        count++;
    }
    return count;
}

static const char *add_part(struct prompt *prompt, const struct json_value *part)
{
    struct json_value type = {0};
    if (prompt_parts_find_type(prompt, part, &type) > 1)
        return "type";
    if (type.type != JSON_STRING)
        return add_untyped(prompt, part);
    switch (kind_of(&type)) {
    case PART_TOOLS:
        prompt->may_mark_caches = true;
        prompt->may_add_tools = true;
        prompt->may_name_kept = true;
        text_mix_add(&prompt->mix, part->raw);
        break;
    case PART_TEXT:
        text_mix_add(&prompt->mix, part->raw);
        break;
    case PART_HOLDER:
        return add_held(prompt, part, "content");
    case PART_IMAGE:
        return add_image(prompt, part);
    case PART_AUDIO:
        add_audio(prompt, part);
        break;
    case PART_DOCUMENT:
        return add_document(prompt, part);
    case PART_FILE:
        add_file(prompt, part);
        break;
    case PART_OPAQUE:
        add_opaque(prompt, part);
        break;
    }
    return NULL;
}

const char *prompt_parts_add(struct prompt *prompt, const struct json_value *content)
{
    if (content->type == JSON_STRING)
        text_mix_add(&prompt->mix, (struct slice){content->raw.data + 1, content->raw.bytes - 2});
    if (content->type == JSON_OBJECT)
        return add_part(prompt, content);
    if (content->type != JSON_ARRAY)
        return NULL;
    struct json_walk walk = json_walk(content);
    struct json_item part;
    while (json_next(&walk, &part)) {
        const char *twice = add_part(prompt, &part.value);
        if (twice != NULL)
            return twice;
    }
    return NULL;
}
