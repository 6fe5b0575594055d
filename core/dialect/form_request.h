/* A request whose body is a form with files (multipart.h): the fields that must be known, each once
 * and as we name it. All others are text for the model. Only for this room. Pure functions. */
#ifndef DIALECT_FORM_REQUEST_H
#define DIALECT_FORM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sha256.h"
#include "dialect/dialect_form.h"

/* A field that is looked for. */
struct form_field {
    const char *name;
    bool is_file;
    bool unsold;  /* there is no price for it */
    bool repeats; /* it may be there several times, also as `name[]` */
    size_t count;
    struct slice value; /* of the last one */
    int64_t bytes;      /* of all */
};

/* Empties *out and reads the form of this Content-Type: `fields`, the model among them, and all
 * others as text. Returns false with *fault. A form of LIMIT_FORM_PARTS at most. */
bool form_request_read(struct slice text, const struct request_address *address, uint64_t seed,
                       struct form_field *fields, size_t count, struct model_request *out,
                       struct request_fault *fault);

/* Reads the field as the name of the model. */
bool form_request_model(const struct form_field *field, struct model_request *out,
                        struct request_fault *fault);
/* true or false, in any case, or 1 or 0; *out stays if the field is absent. */
bool form_request_flag(const struct form_field *field, bool *out, struct request_fault *fault);
/* A whole number from `min` to `max`; likewise. */
bool form_request_count(const struct form_field *field, int64_t min, int64_t max, int64_t *out,
                        struct request_fault *fault);
/* A short word. An empty value is none. */
bool form_request_word(const struct form_field *field, struct slice *out,
                       struct request_fault *fault);

/* Counts a field's value as text for the model. */
void form_request_add_text(struct slice value, struct model_request *out);

/* Makes the provider's copy: only the model's name differs. */
bool form_request_apply(const struct model_request *request, const struct request_changes *changes,
                        struct request_copy *out);
/* SHA-256 of a request that has a boundary: the same for the same parts, whatever the boundary. */
void form_request_digest(const struct model_request *request, char out[SHA256_HEX_BYTES]);

#endif
