/* The edits that make the provider's copy of a request: slices of the client's text with ours
 * between them. Only for this room. */
#ifndef DIALECT_REQUEST_EDITS_H
#define DIALECT_REQUEST_EDITS_H

#include <stddef.h>

#include "base/buffer.h"
#include "dialect/model_request.h"

/* An edit whose text is given by its offset in `text`: that buffer may move while it grows. */
struct planned_edit {
    size_t offset;
    size_t removed_bytes;
    size_t text_from;
    size_t text_bytes;
};

struct request_edits {
    struct planned_edit plan[REQUEST_EDITS_MAX];
    size_t count;
    struct buffer text; /* the text of all insertions */
};

size_t request_offset(struct slice text, const char *place);
/* Inserts what was appended to edits->text from `text_from` on. */
void request_add_edit(struct request_edits *edits, size_t offset, size_t removed_bytes,
                      size_t text_from);
/* The same in the place of a value of the request. */
void request_replace(const struct model_request *request, const struct json_value *value,
                     struct request_edits *edits, size_t text_from);
/* Lowers the number of this name in an object that has other members to `most`; puts it in where
 * there is none. */
void request_lower(const struct model_request *request, const struct json_value *object,
                   const char *name, int64_t most, struct request_edits *edits);
/* Writes the model's name of the provider in the place of the client's. */
void request_edit_model(const struct model_request *request, const char *model,
                        struct request_edits *edits);
/* Adds members at the top, with commas between them; empty: none. */
void request_add_members(const struct model_request *request, const struct buffer *new_members,
                         struct request_edits *edits);
/* Appends the parts of the copy. out->inserted must own the text of the edits. */
void request_cut(struct slice text, struct request_edits *edits, struct request_copy *out);

#endif
