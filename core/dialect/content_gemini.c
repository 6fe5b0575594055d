/* Part of content_parts.h: Gemini's parts. Google reads each name in camel case and in snake
 * case. */
#include "dialect/content_parts.h"

static struct json_value find(const struct json_value *object, const char *camel, const char *snake)
{
    struct json_value found = content_find(object, camel);
    return found.type != JSON_NULL ? found : content_find(object, snake);
}

static struct slice find_inner(const struct json_value *object, const char *camel,
                               const char *snake)
{
    struct json_value found = find(object, camel, snake);
    return content_inner(&found);
}

static const char *modality_of(struct slice mime)
{
    static const char *const known[] = {"image", "video", "audio"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (slice_starts_with(mime, known[i]))
            return known[i];
    }
    return "document";
}

static bool put_media(struct content_text *text, const struct json_value *part)
{
    struct json_value inlined = find(part, "inlineData", "inline_data");
    struct json_value file = find(part, "fileData", "file_data");
    const struct json_value *media = inlined.type == JSON_OBJECT ? &inlined : &file;
    struct slice mime = find_inner(media, "mimeType", "mime_type");
    if (media->type != JSON_OBJECT)
        return false;
    if (media == &inlined)
        content_put_blob(text, modality_of(mime), mime, content_find_inner(media, "data").bytes);
    else
        content_put_uri(text, modality_of(mime), mime, find_inner(media, "fileUri", "file_uri"));
    return true;
}

static bool put_function(struct content_text *text, const struct json_value *part)
{
    struct json_value call = find(part, "functionCall", "function_call");
    struct json_value result = find(part, "functionResponse", "function_response");
    struct json_value detail;
    struct slice id;
    if (call.type == JSON_OBJECT) {
        detail = content_find(&call, "args");
        content_put_call(text, content_find_inner(&call, "id"), content_find_inner(&call, "name"),
                         &detail);
    } else if (result.type == JSON_OBJECT) {
        detail = content_find(&result, "response");
        id = content_find_inner(&result, "id");
        content_put_result(text, id.bytes > 0 ? id : content_find_inner(&result, "name"), &detail,
                           content_put_gemini_part);
    } else {
        return false;
    }
    return true;
}

static bool put_code(struct content_text *text, const struct json_value *part)
{
    struct json_value code = find(part, "executableCode", "executable_code");
    struct json_value result = find(part, "codeExecutionResult", "code_execution_result");
    static const char tool[] = "code_execution";
    if (code.type == JSON_OBJECT)
        content_put_server_call(text, slice_of(""), slice_of(tool), &code);
    else if (result.type == JSON_OBJECT)
        content_put_server_result(text, slice_of(""), slice_of(tool));
    else
        return false;
    return true;
}

void content_put_gemini_part(struct content_text *text, const struct json_value *part)
{
    struct json_value said = content_find(part, "text");
    bool thought = content_find(part, "thought").type == JSON_TRUE;
    if (said.type == JSON_STRING)
        content_put_text(text, thought ? "reasoning" : "text", content_inner(&said));
    else if (!put_media(text, part) && !put_function(text, part) && !put_code(text, part))
        content_put_other(text, slice_of("unknown"));
}
