/* Requests for pictures whose body is JSON: generations, and edits that have their pictures by
 * address or as data: URLs in `images`, `mask` and `markup`. OpenAI's API takes such edits beside
 * forms (EditImageBodyJsonParam and ImageRefParam of its OpenAPI document, read 2026-12-01); its
 * SDKs send forms. Only for this room. Pure functions. */
#ifndef DIALECT_IMAGE_REQUEST_H
#define DIALECT_IMAGE_REQUEST_H

#include "dialect/model_request.h"

enum {
    IMAGES_MAX = 128, /* of a call */
    IMAGES_PREVIEWS_MAX = 16,
    IMAGE_REQUEST_UNSOLD = 21
};

/* Members that change what a call costs in a way for which there are no prices. */
extern const char *const image_request_unsold[IMAGE_REQUEST_UNSOLD];

enum image_request { IMAGE_REQUEST_DRAWS, IMAGE_REQUEST_EDITS };

/* Empties *out and reads the body. What a picture is named by (`file_id`) is refused: a provider
 * keeps it for all customers together. */
bool image_request_read(struct slice text, enum image_request kind, uint64_t seed,
                        struct model_request *out, struct request_fault *fault);

#endif
