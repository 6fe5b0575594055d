#include "dialect/request_apply.h"

#include "dialect/dropped_members.h"
#include "dialect/request_edits.h"

bool request_apply_model(const struct model_request *request, const struct request_changes *changes,
                         struct request_copy *out)
{
    struct request_edits edits = {.count = 0};
    buffer_init(&edits.text, 4096);
    request_edit_model(request, changes->model, &edits);
    dropped_members_cut(request, &edits);
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    return !edits.text.failed;
}
