/* What a request says to the gateway alone is taken out of the provider's copy: `provider`, the
 * client's wishes of who answers (another reseller would obey them, at prices of its own), and
 * OpenRouter's `usage`, for usage is asked for in OpenAI's way. Only for this room. Pure. */
#ifndef DIALECT_DROPPED_MEMBERS_H
#define DIALECT_DROPPED_MEMBERS_H

#include "dialect/model_request.h"
#include "dialect/request_edits.h"

/* Its edits may stand at the place of new members, so it comes after them. */
void dropped_members_cut(const struct model_request *request, struct request_edits *edits);

#endif
