/* Finds the *paid features* of a chat request. For these a provider bills something else than the
 * plain prices of tokens, or adds input that the body does not show. Each has a dotted name, such
 * as `tools.web_search` or `service_tier.flex`; a model sells it by this name (models.lua). New
 * features have names by the same rule: each type of a tool that is no function, each service
 * tier that is not the plain one. docs/POLICIES.md lists the names. Pure functions. */
#ifndef DIALECT_PAID_FEATURES_H
#define DIALECT_PAID_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/slice.h"
#include "dialect/dialect_kind.h"
#include "dialect/paid_feature.h"
#include "dialect/request_fault.h"

/* Adds the features of a top-level member. `name` is its key, decoded (member_name.h). The value
 * must outlive `found`. Returns false with *fault: the member is there twice, or has a form in
 * which a feature might hide. */
bool paid_features_read(struct paid_features *found, struct slice name,
                        const struct json_value *value, struct request_fault *fault);

/* Adds the features of marks of caches in the messages and in the parts of their content, also
 * where these hold parts. `name` is the member that has the messages: "messages" or "input".
 * Returns false with *fault. */
bool paid_features_read_marks(struct paid_features *found, const char *name,
                              const struct json_value *messages, struct request_fault *fault);
/* Adds the features of tools that messages bring with them. */
bool paid_features_read_added(struct paid_features *found, const char *name,
                              const struct json_value *messages, struct request_fault *fault);

/* Returns the first feature that is in neither list, or NULL: what is sold, and what costs nothing
 * (`left_out`). Lists have names between spaces; one that ends with `*` stands for all that begin
 * so. */
const struct paid_feature *paid_features_unsold(const struct paid_features *found, const char *sold,
                                                const char *left_out);
/* Returns the features of a client's dialect that no translation carries over, as such a list: the
 * tools of the server that a model can do without. */
const char *paid_features_left_out(enum dialect asked);

/* Returns whether the list `sold` (as above) has the name. */
bool paid_features_sells(const char *sold, const char *name);

/* Returns whether the request uses the feature of this name. */
bool paid_features_use(const struct paid_features *found, const char *wanted);

/* Returns whether it uses one whose name begins so. */
bool paid_features_begin(const struct paid_features *found, const char *beginning);

/* Returns the last part of the feature's name that begins so, such as "service_tier."; empty: the
 * request uses none. */
struct slice paid_features_value(const struct paid_features *found, const char *beginning);

/* Returns the feature's name, printable. */
const char *paid_features_name(const struct paid_feature *feature,
                               char out[PAID_FEATURE_NAME_BYTES]);
/* Returns the way to the member that asks for it, such as `tools[2].type`. */
const char *paid_features_param(const struct paid_feature *feature,
                                char out[PAID_FEATURE_PARAM_BYTES]);

/* Returns a name that a request can use, or a beginning of names, which ends with a dot; NULL from
 * the end of the list on. Some are there twice. */
const char *paid_features_known(size_t index);

#endif
