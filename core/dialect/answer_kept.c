#include "dialect/answer_kept.h"

#include "dialect/kept_names.h"
#include "dialect/model_request.h"

bool answer_kept_wanted(const struct model_request *asked)
{
    struct json_value store = {.type = JSON_NULL};
    (void)json_find(&asked->root, "store", &store);
    return store.type != JSON_FALSE;
}

static bool is_stored(const struct json_value *said, const struct model_request *asked)
{
    if (said->type == JSON_TRUE || said->type == JSON_FALSE)
        return said->type == JSON_TRUE;
    return answer_kept_wanted(asked);
}

static bool read(const struct json_value *response, struct json_value *store,
                 struct answer_kept *out)
{
    enum { ID, CONVERSATION, OUTPUT, STORE, MEMBERS };
    struct json_member members[MEMBERS] = {[ID] = {.name = "id"},
                                           [CONVERSATION] = {.name = "conversation"},
                                           [OUTPUT] = {.name = "output"},
                                           [STORE] = {.name = "store"}};
    *out = (struct answer_kept){.output = {.type = JSON_NULL}};
    json_find_all(response, members, MEMBERS);
    struct json_value conversation = members[CONVERSATION].value;
    if (conversation.type == JSON_OBJECT && json_find(&conversation, "id", &conversation) == 0)
        conversation.type = JSON_NULL;
    (void)kept_names_read_id(&conversation, &out->conversation_id);
    out->output = members[OUTPUT].value;
    *store = members[STORE].value;
    return kept_names_read_id(&members[ID].value, &out->response_id);
}

bool answer_kept_read(const struct json_value *response, const struct model_request *asked,
                      struct answer_kept *out)
{
    struct json_value store;
    return read(response, &store, out) && is_stored(&store, asked);
}

bool answer_kept_read_any(const struct json_value *response, struct answer_kept *out)
{
    struct json_value store;
    return read(response, &store, out);
}

bool answer_kept_next(struct json_walk *items, struct slice *id)
{
    struct json_item item;
    struct json_value value;
    while (json_next(items, &item)) {
        if (json_find(&item.value, "id", &value) > 0 && kept_names_read_id(&value, id))
            return true;
    }
    return false;
}
