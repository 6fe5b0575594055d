/* The provider's copy of a request in which only the model's name differs. Only for this room. */
#ifndef DIALECT_REQUEST_APPLY_H
#define DIALECT_REQUEST_APPLY_H

#include <stdbool.h>

#include "dialect/model_request.h"

/* As dialect_form.apply. */
bool request_apply_model(const struct model_request *request, const struct request_changes *changes,
                         struct request_copy *out);

#endif
