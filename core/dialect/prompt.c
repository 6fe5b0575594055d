#include "dialect/prompt.h"

#include <string.h>

#include "dialect/media.h"

enum part_kind { PART_TEXT, PART_IMAGE, PART_AUDIO, PART_FILE, PART_OPAQUE };

/* Returns whether the raw text of a short string contains `word`. */
static bool mentions(const struct json_value *string, const char *word)
{
    return string->type == JSON_STRING &&
           memmem(string->raw.data, string->raw.bytes, word, strlen(word)) != NULL;
}

/* The kind of a part without a type, as Gemini's are: by the media type of its data. */
static enum part_kind kind_by_media_type(const struct json_value *part)
{
    struct json_strings walk = json_strings(part);
    struct json_item item;
    while (json_next_string(&walk, &item)) {
        bool named = json_key_is(item.key, "mime_type") || json_key_is(item.key, "mimeType") ||
                     json_key_is(item.key, "media_type");
        if (named && mentions(&item.value, "image/"))
            return PART_IMAGE;
        if (named && mentions(&item.value, "audio/"))
            return PART_AUDIO;
        if (named && (mentions(&item.value, "application/") || mentions(&item.value, "text/")))
            return PART_FILE;
    }
    return PART_OPAQUE;
}

/* What a content part is to the meter. A part that is neither text, picture nor sound may stand for
 * any number of tokens: a file by its id, a page of a PDF. */
static enum part_kind kind_of(const struct json_value *part, const struct json_value *type)
{
    static const char *const texts[] = {"text",        "refusal",  "input_text",
                                        "output_text", "thinking", "redacted_thinking",
                                        "reasoning"};
    if (type->type != JSON_STRING)
        return kind_by_media_type(part);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (json_string_is(type, texts[i]))
            return PART_TEXT;
    }
    if (mentions(type, "image"))
        return PART_IMAGE;
    if (mentions(type, "audio"))
        return PART_AUDIO;
    return mentions(type, "file") || mentions(type, "document") ? PART_FILE : PART_OPAQUE;
}

/* Removes a value that is counted in another way. */
static void leave_out(struct prompt *prompt, const struct json_value *value)
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
        leave_out(prompt, &item.value);
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
    if (json_find(part, "input_audio", &audio) == 1 && json_find(&audio, "data", &data) == 1 &&
        data.type == JSON_STRING) {
        leave_out(prompt, &data);
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
    if (count == 1 && !is_picture(&image))
        prompt->opaque_count++;
    if (count == 1)
        leave_out(prompt, &image);
    else
        leave_data_out(prompt, part);
    return NULL;
}

static void add_opaque(struct prompt *prompt, const struct json_value *part)
{
    prompt->opaque_count++;
    prompt->may_mark_caches = true; /* it may hold parts */
    leave_data_out(prompt, part);
}

/* Returns whether the key may be `cache_control`, in any case or with escapes. */
static bool may_be_mark(struct slice key)
{
    bool first = key.bytes > 1 && (key.data[0] | 0x20) == 'c';
    bool second = first && ((key.data[1] | 0x20) == 'a' || key.data[1] == '\\');
    return second || (key.bytes > 0 && key.data[0] == '\\');
}

/* Finds the type of a part, a call or a message, as json_find does, and notes marks of caches. */
static unsigned find_type(struct prompt *prompt, const struct json_value *object,
                          struct json_value *out)
{
    struct json_walk walk = json_walk(object);
    struct json_item item;
    unsigned count = 0;
    while (object->type == JSON_OBJECT && json_next(&walk, &item)) {
        if (may_be_mark(item.key))
            prompt->may_mark_caches = true;
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
    if (find_type(prompt, part, &type) > 1)
        return "type";
    switch (kind_of(part, &type)) {
    case PART_TEXT:
        text_mix_add(&prompt->mix, part->raw);
        break;
    case PART_IMAGE:
        return add_image(prompt, part);
    case PART_AUDIO:
        add_audio(prompt, part);
        break;
    case PART_FILE:
        prompt->file_count++;
        add_opaque(prompt, part);
        break;
    case PART_OPAQUE:
        add_opaque(prompt, part);
        break;
    }
    return NULL;
}

/* Pictures beside the text: Ollama's form, and the form of answers with pictures that are sent
 * back. */
static void add_images(struct prompt *prompt, const struct json_value *images)
{
    struct json_walk walk = json_walk(images);
    struct json_item image;
    while (json_next(&walk, &image))
        prompt->image_count++;
    leave_out(prompt, images);
}

static void add_tool_calls(struct prompt *prompt, const struct json_value *calls)
{
    struct json_walk walk = json_walk(calls);
    struct json_item call;
    struct json_value type;
    text_mix_add(&prompt->mix, calls->raw);
    while (json_next(&walk, &call))
        (void)find_type(prompt, &call.value, &type);
}

const char *prompt_add_message(struct prompt *prompt, const struct json_value *message)
{
    enum { CONTENT, IMAGES, AUDIO, TOOL_CALLS, ROLE, MEMBERS };
    struct json_member members[MEMBERS] = {[CONTENT] = {.name = "content"},
                                           [IMAGES] = {.name = "images"},
                                           [AUDIO] = {.name = "audio"},
                                           [TOOL_CALLS] = {.name = "tool_calls"},
                                           [ROLE] = {.name = "role"}};
    const struct json_value *content = &members[CONTENT].value;
    prompt->message_count++;
    prompt->text_bytes += (int64_t)json_text_bytes(message);
    struct json_value type;
    size_t others = json_find_all(message, members, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        others -= members[i].count;
    if (others > 0)
        (void)find_type(prompt, message, &type);
    for (size_t i = 0; i < TOOL_CALLS; i++) {
        if (members[i].count > 1)
            return members[i].name;
    }
    if (members[IMAGES].value.type == JSON_ARRAY)
        add_images(prompt, &members[IMAGES].value);
    if (members[AUDIO].value.type == JSON_OBJECT) /* sound of an earlier answer, by its id */
        prompt->opaque_count++;
    if (members[TOOL_CALLS].value.type == JSON_ARRAY)
        add_tool_calls(prompt, &members[TOOL_CALLS].value);
    if (content->type == JSON_STRING)
        text_mix_add(&prompt->mix, (struct slice){content->raw.data + 1, content->raw.bytes - 2});
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

/* Members that the provider does not add to the prompt. */
static bool is_aside(struct slice key)
{
    static const char *const names[] = {"metadata",          "logit_bias",       "user",
                                        "safety_identifier", "prompt_cache_key", "service_tier"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_key_is(key, names[i]))
            return true;
    }
    return false;
}

void prompt_add_member(struct prompt *prompt, struct slice key, const struct json_value *value)
{
    bool holds_text =
        value->type == JSON_STRING || value->type == JSON_ARRAY || value->type == JSON_OBJECT;
    bool empty = value->raw.bytes <= 2;
    if (!holds_text || empty || is_aside(key))
        return;
    prompt->text_bytes += (int64_t)value->raw.bytes;
    text_mix_add(&prompt->mix, value->raw);
}

int64_t prompt_template_tokens(const struct prompt *prompt)
{
    enum { OF_A_MESSAGE = 4, OF_ALL = 3 };
    return OF_ALL + OF_A_MESSAGE * prompt->message_count;
}
