/* What the readers of requests share, whatever the dialect: the members at the top, each once and
 * as we name it, and values that are checked. Only for this room. Pure functions. */
#ifndef DIALECT_REQUEST_MEMBERS_H
#define DIALECT_REQUEST_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "dialect/member_name.h"
#include "dialect/model_request.h"

/* Empties *out and reads `text` as an object. The index must live until request_end. */
bool request_begin(struct slice text, uint64_t seed, struct json_index *index,
                   struct model_request *out, struct request_fault *fault);
/* The index ends. */
void request_end(struct model_request *request);

/* Reads all members at the top: keeps those that `names` has, finds the paid features of the others
 * and counts them as input. A name is NULL where the dialect has no such member. With
 * MEMBER_CASE_CAMEL names in camel case are read as well. Every member may stand once. Keys are
 * compared as written; the keys that we read, because they decide the price, are also compared with
 * their escapes decoded. */
bool request_members_read(struct model_request *out, const char *const names[REQUEST_MEMBERS],
                          enum member_case read_case, struct request_fault *fault);
/* Returns whether the name is written as ours, or in camel case where that is read as well. If not,
 * it is refused: some servers read it so. */
bool request_written_so(struct slice name, const char *ours, enum member_case read_case,
                        struct request_fault *fault);

/* Returns a name that no guard looks for; empty from the end of the list on. */
struct slice request_plain_name(size_t index);

/* Returns NULL for a member that is absent or null. */
const struct json_value *request_member(const struct model_request *request,
                                        enum request_field which);

/* Finds a member of an inner object. 0: absent or null; 1: found; -1: refused. */
int request_find(const struct json_value *object, const char *name, struct json_value *out,
                 struct request_fault *fault);

/* Reads the member REQUEST_MODEL. */
bool request_read_model(struct model_request *out, struct request_fault *fault);
bool request_read_flag(const struct json_value *value, const char *name, bool *out,
                       struct request_fault *fault);
/* Measures the messages: the array REQUEST_MESSAGES, whose name is `name`. */
bool request_read_messages(struct model_request *out, const char *name,
                           struct request_fault *fault);
/* The same with other entries, which `add` measures. */
bool request_read_list(struct model_request *out, const char *name,
                       const char *(*add)(struct prompt *, const struct json_value *),
                       struct request_fault *fault);
/* A whole number from 1 to `max`; NULL: *out stays. */
bool request_read_count(const struct json_value *value, const char *name, int64_t max, int64_t *out,
                        struct request_fault *fault);

#endif
