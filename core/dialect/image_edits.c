#include "dialect/image_edits.h"

#include "dialect/form_request.h"
#include "dialect/image_request.h"
#include "dialect/images.h"
#include "dialect/media_events.h"
#include "dialect/request_apply.h"

/* ---- requests ---- */

enum field {
    MODEL,
    PROMPT,
    PICTURE,
    MASK,
    MARKUP,
    N,
    SIZE,
    QUALITY,
    FORMAT,
    STREAM,
    PREVIEWS,
    MODERATION, /* these two mean something else, with a price, in a conversation */
    BACKGROUND,
    IMAGES,
    INPUT_IMAGE,
    FIELDS,
    ALL = FIELDS + IMAGE_REQUEST_UNSOLD
};

static const struct form_field known[FIELDS] = {
    [MODEL] = {.name = "model"},
    [PROMPT] = {.name = "prompt"},
    [PICTURE] = {.name = "image", .is_file = true, .repeats = true},
    [MASK] = {.name = "mask", .is_file = true},
    [MARKUP] = {.name = "markup", .is_file = true},
    [N] = {.name = "n"},
    [SIZE] = {.name = "size"},
    [QUALITY] = {.name = "quality"},
    [FORMAT] = {.name = "output_format"},
    [STREAM] = {.name = "stream"},
    [PREVIEWS] = {.name = "partial_images"},
    [MODERATION] = {.name = "moderation"},
    [BACKGROUND] = {.name = "background"},
    [IMAGES] = {.name = "images", .unsold = true},
    [INPUT_IMAGE] = {.name = "input_image", .unsold = true},
};

/* Its words decide what a picture costs. */
static bool read_words(struct form_field fields[FIELDS], struct model_request *out,
                       struct request_fault *fault)
{
    struct slice format;
    if (!form_request_word(&fields[SIZE], &out->asked.size, fault) ||
        !form_request_word(&fields[QUALITY], &out->asked.quality, fault) ||
        !form_request_word(&fields[FORMAT], &format, fault))
        return false;
    return format.bytes == 0 || slice_equals(format, "png") || slice_equals(format, "webp") ||
           slice_equals(format, "jpeg") ||
           request_refuse(fault, "invalid_value", "output_format",
                          "'output_format' must be png, webp or jpeg: others are not sold.");
}

static bool read_amounts(struct form_field fields[FIELDS], struct model_request *out,
                         struct request_fault *fault)
{
    int64_t previews = 0;
    if (!form_request_count(&fields[N], 1, IMAGES_MAX, &out->choices, fault) ||
        !form_request_flag(&fields[STREAM], &out->streamed, fault) ||
        !form_request_count(&fields[PREVIEWS], 0, IMAGES_PREVIEWS_MAX, &previews, fault))
        return false;
    out->media.tokens_beside = previews * MEDIA_PREVIEW_TOKENS;
    return !out->streamed || out->choices == 1 || /* only one event has counts */
           request_refuse(fault, "invalid_value", "n",
                          "A stream has one picture: ask for n = 1, or without stream.");
}

static bool read_form(struct slice text, const struct request_address *address, uint64_t seed,
                      bool prompted, struct model_request *out, struct request_fault *fault)
{
    struct form_field fields[ALL] = {{.name = NULL}};
    memcpy(fields, known, sizeof known);
    for (size_t i = FIELDS; i < ALL; i++)
        fields[i] = (struct form_field){.name = image_request_unsold[i - FIELDS], .unsold = true};
    if (!form_request_read(text, address, seed, fields, ALL, out, fault) ||
        !form_request_model(&fields[MODEL], out, fault) || !read_words(fields, out, fault) ||
        !read_amounts(fields, out, fault))
        return false;
    if (fields[PICTURE].count == 0)
        return request_refuse(fault, "missing_field", "image",
                              "You must send the picture as the file 'image' of the form.");
    if (prompted && fields[PROMPT].value.bytes == 0)
        return request_refuse(fault, "missing_field", "prompt",
                              "You must provide a prompt parameter.");
    form_request_add_text(fields[PROMPT].value, out);
    out->prompt.image_count =
        (int64_t)(fields[PICTURE].count + fields[MASK].count + fields[MARKUP].count);
    if (address->coming != NULL && !address->coming->over)
        out->prompt.image_count = LIMIT_FORM_PICTURES; /* more may come */
    out->media.medium = ANSWERS_PICTURES;
    return true;
}

/* Whether the body is said to be JSON. */
static bool is_json(struct slice type)
{
    static const char json[] = "application/json";
    const char *end = slice_char(type, ';');
    if (end != NULL)
        type.bytes = (size_t)(end - type.data);
    return slice_equals_nocase(slice_trim(type), json);
}

static bool edits_read_request(struct slice text, const struct request_address *address,
                               uint64_t seed, struct model_request *out,
                               struct request_fault *fault)
{
    if (is_json(address->content_type))
        return image_request_read(text, IMAGE_REQUEST_EDITS, seed, out, fault);
    return read_form(text, address, seed, true, out, fault);
}

static bool variations_read_request(struct slice text, const struct request_address *address,
                                    uint64_t seed, struct model_request *out,
                                    struct request_fault *fault)
{
    return read_form(text, address, seed, false, out, fault);
}

/* ---- the provider's copy ---- */

static bool edits_apply(const struct model_request *request, const struct request_changes *changes,
                        struct request_copy *out)
{
    return request->boundary.bytes > 0 ? form_request_apply(request, changes, out)
                                       : request_apply_model(request, changes, out);
}

static void edits_digest(const struct model_request *request, char out[SHA256_HEX_BYTES])
{
    if (request->boundary.bytes > 0)
        form_request_digest(request, out);
    else
        sha256_hex(request->text, out);
}

/* ---- answers ---- */

static void write_events(const struct json_value *answer, struct buffer *out)
{
    images_write_completed("image_edit.completed", answer, out);
}

const struct dialect_form image_edits_form = {
    .read_request = edits_read_request,
    .apply = edits_apply,
    .digest = edits_digest,
    .read_event = images_read_event,
    .read_answer = images_read_answer,
    .write_events = write_events,
    .usage_name = "usage",
    .write_usage = images_write_usage,
    .write_length = media_events_write_length,
    .write_failure = media_events_write_failure,
    .events_named = true,
    .keep_alive = ": keep-alive\n",
    .last_event = "",
};

const struct dialect_form image_variations_form = {
    .read_request = variations_read_request,
    .apply = form_request_apply,
    .digest = form_request_digest,
    .read_event = images_read_event,
    .read_answer = images_read_answer,
    .write_events = write_events,
    .usage_name = "usage",
    .write_usage = images_write_usage,
    .write_length = media_events_write_length,
    .write_failure = media_events_write_failure,
    .events_named = true,
    .keep_alive = ": keep-alive\n",
    .last_event = "",
};
