#include "dialect/image_request.h"

#include "dialect/kept_objects.h"
#include "dialect/media.h"
#include "dialect/member_name.h"
#include "dialect/prompt.h"
#include "dialect/request_members.h"

/* ---- members ---- */

static bool read_prompt(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *prompt = request_member(out, REQUEST_MESSAGES);
    if (prompt == NULL)
        return request_refuse(fault, "missing_field", "prompt",
                              "You must provide a prompt parameter.");
    if (prompt->type != JSON_STRING || prompt->raw.bytes == 2)
        return request_refuse(fault, "invalid_value", "prompt",
                              "'prompt' must be a text that is not empty.");
    prompt_add_member(&out->prompt, out->keys[REQUEST_MESSAGES], prompt);
    out->prompt.message_count = 1;
    return true;
}

static bool read_previews(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *value = request_member(out, REQUEST_STREAM_OPTIONS);
    int64_t count = 0;
    if (value != NULL && (value->type != JSON_NUMBER || !json_int64(value, &count) || count < 0 ||
                          count > IMAGES_PREVIEWS_MAX))
        return request_refuse(fault, "invalid_value", "partial_images",
                              "'partial_images' must be a whole number from 0 to %d.",
                              IMAGES_PREVIEWS_MAX);
    out->media.tokens_beside = count * MEDIA_PREVIEW_TOKENS;
    return true;
}

static bool read_stream(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *streamed = request_member(out, REQUEST_STREAM);
    if (streamed != NULL && !request_read_flag(streamed, "stream", &out->streamed, fault))
        return false;
    if (out->streamed && out->choices > 1) /* only one event has counts */
        return request_refuse(fault, "invalid_value", "n",
                              "A stream has one picture: ask for n = 1, or without stream.");
    return true;
}

/* SVG is drawn by a second model, and a GIF has many pictures: neither has a price. */
static bool read_format(const struct model_request *out, struct request_fault *fault)
{
    const struct json_value *format = request_member(out, REQUEST_GENERATION);
    if (format == NULL || json_string_is(format, "png") || json_string_is(format, "webp") ||
        json_string_is(format, "jpeg"))
        return true;
    return request_refuse(fault, "invalid_value", "output_format",
                          "'output_format' must be \"png\", \"webp\" or \"jpeg\": others are not "
                          "sold.");
}

const char *const image_request_unsold[IMAGE_REQUEST_UNSOLD] = {
    "svg",
    "frame_count",
    "num_frames",
    "width",
    "height",
    "image_size", /* SiliconFlow's `size` */
    "steps",
    "num_inference_steps",
    "megapixels",
    /* other servers' `n`; the last two are of ByteDance's Seedream */
    "num_images",
    "num_images_per_prompt",
    "num_outputs_per_prompt",
    "num_samples",
    "number_of_images",
    "image_count",
    "sample_count",
    "batch_size",
    "samples",
    "max_images",
    "sequential_image_generation",
    "sequential_image_generation_options",
};

/* Members by which servers take pictures: all of them, and those that an edit has not. */
static const char *const pictures[] = {"images", "mask", "image", "image_url", "input_image"};
enum { PICTURES = sizeof pictures / sizeof pictures[0], PICTURES_OF_EDITS = 2 };

/* The words that prices are about must be words. */
static bool is_word(struct slice name)
{
    return slice_equals(name, "size") || slice_equals(name, "quality") ||
           slice_equals(name, "resolution");
}

static const char *found_in(const char *const *list, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (member_name_reads_as(name, list[i], MEMBER_CASE_CAMEL))
            return list[i];
    }
    return NULL;
}

static bool refuse_unsold(const char *name, struct request_fault *fault)
{
    return request_refuse(fault, "invalid_value", name,
                          "'%s' changes what a picture costs, and is not sold. Leave it out.",
                          name);
}

static bool check_member(const struct json_item *item, struct slice name, enum image_request kind,
                         struct request_fault *fault)
{
    size_t passed = kind == IMAGE_REQUEST_EDITS ? PICTURES_OF_EDITS : 0;
    if (item->value.type == JSON_NULL)
        return true;
    const char *found = found_in(image_request_unsold, IMAGE_REQUEST_UNSOLD, name);
    if (found != NULL)
        return refuse_unsold(found, fault);
    found = found_in(pictures + passed, PICTURES - passed, name);
    if (found != NULL && kind == IMAGE_REQUEST_EDITS)
        return request_refuse(
            fault, "invalid_value", found,
            "A JSON body has its pictures in 'images': [{\"image_url\": \"...\"}], "
            "not in '%s'.",
            found);
    if (found != NULL)
        return refuse_unsold(found, fault);
    if (is_word(name) && item->value.type != JSON_STRING)
        return request_refuse(fault, "invalid_value", NULL, "'%.*s' must be a text.",
                              (int)name.bytes, name.data);
    return true;
}

static bool check_members(const struct model_request *out, enum image_request kind,
                          struct request_fault *fault)
{
    struct json_walk walk = json_walk(&out->root);
    struct json_item item;
    bool good = true;
    while (good && json_next(&walk, &item)) {
        struct buffer room = {0};
        good = check_member(&item, member_name_decode(item.key, &room), kind, fault);
        buffer_fini(&room);
    }
    return good;
}

/* ---- the pictures of an edit ---- */

/* A picture by its address or as a data: URL. Its data is no text. */
static bool add_picture(struct model_request *out, const struct json_value *picture,
                        const char *param, struct request_fault *fault)
{
    struct json_value url;
    if (picture->type != JSON_OBJECT)
        return request_refuse(fault, "invalid_value", param,
                              "Each picture in '%s' must be an object: {\"image_url\": \"...\"}.",
                              param);
    if (!kept_objects_allow_in(param, picture, NULL, fault))
        return false;
    int found = request_find(picture, "image_url", &url, fault);
    if (found == 0 || (found == 1 && (url.type != JSON_STRING || url.raw.bytes == 2)))
        return request_refuse(fault, "invalid_value", param,
                              "Each picture in '%s' must have an 'image_url': an address, or a "
                              "data: URL.",
                              param);
    if (found < 0)
        return false;
    out->prompt.bytes_most -= (int64_t)url.raw.bytes;
    out->prompt.text_bytes += (int64_t)(picture->raw.bytes - url.raw.bytes);
    out->prompt.image_count++;
    return true;
}

static bool add_optional(struct model_request *out, enum request_field which, const char *param,
                         struct request_fault *fault)
{
    const struct json_value *picture = request_member(out, which);
    return picture == NULL || add_picture(out, picture, param, fault);
}

static bool read_pictures(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *list = request_member(out, REQUEST_PICTURES);
    struct json_item item;
    if (list == NULL || list->type != JSON_ARRAY)
        return request_refuse(
            fault, "missing_field", "images",
            "You must provide a list of images: [{\"image_url\": \"...\"}]. Files are "
            "sent in a form (Content-Type: multipart/form-data).");
    struct json_walk walk = json_walk(list);
    while (json_next(&walk, &item)) {
        if (!add_picture(out, &item.value, "images", fault))
            return false;
    }
    if (out->prompt.image_count == 0)
        return request_refuse(fault, "invalid_value", "images", "'images' must not be empty.");
    return add_optional(out, REQUEST_MASK, "mask", fault) &&
           add_optional(out, REQUEST_MARKUP, "markup", fault);
}

/* ---- all of it ---- */

static bool read_all(struct model_request *out, enum image_request kind,
                     struct request_fault *fault)
{
    bool edits = kind == IMAGE_REQUEST_EDITS;
    const char *const names[REQUEST_MEMBERS] = {[REQUEST_MODEL] = "model",
                                                [REQUEST_MESSAGES] = "prompt",
                                                [REQUEST_STREAM] = "stream",
                                                [REQUEST_STREAM_OPTIONS] = "partial_images",
                                                [REQUEST_N] = "n",
                                                [REQUEST_GENERATION] = "output_format",
                                                [REQUEST_MODERATION] = "moderation",
                                                [REQUEST_BACKGROUND] = "background",
                                                [REQUEST_PROVIDER] = "provider",
                                                [REQUEST_MODELS] = "models",
                                                [REQUEST_PICTURES] = edits ? "images" : NULL,
                                                [REQUEST_MASK] = edits ? "mask" : NULL,
                                                [REQUEST_MARKUP] = edits ? "markup" : NULL};
    return request_members_read(out, names, MEMBER_CASE_FOLDED, fault) &&
           check_members(out, kind, fault) && request_read_model(out, fault) &&
           read_prompt(out, fault) &&
           request_read_count(request_member(out, REQUEST_N), "n", IMAGES_MAX, &out->choices,
                              fault) &&
           read_previews(out, fault) && read_stream(out, fault) && read_format(out, fault) &&
           (!edits || read_pictures(out, fault));
}

bool image_request_read(struct slice text, enum image_request kind, uint64_t seed,
                        struct model_request *out, struct request_fault *fault)
{
    struct json_index index;
    bool good = request_begin(text, seed, &index, out, fault) && read_all(out, kind, fault);
    out->media.medium = ANSWERS_PICTURES;
    out->usage_asked = true; /* its answers always tell it */
    request_end(out);
    return good;
}
