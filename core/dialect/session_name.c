#include "dialect/session_name.h"

/* Most members have another length than these, and are not compared with any. */
static enum session_source source_of(struct slice name)
{
    switch (name.bytes) {
    case 8:
        return slice_equals(name, "metadata") ? SESSION_METADATA : SESSION_NONE;
    case 10:
        return slice_equals(name, "session_id") ? SESSION_ID : SESSION_NONE;
    case 12:
        return slice_equals(name, "conversation") ? SESSION_CONVERSATION : SESSION_NONE;
    case 16:
        return slice_equals(name, "prompt_cache_key") ? SESSION_PROMPT_CACHE_KEY : SESSION_NONE;
    default:
        return SESSION_NONE;
    }
}

void session_name_note(struct session_name *session, struct slice name,
                       const struct json_value *value)
{
    enum session_source source = source_of(name);
    if (source <= session->source || value->type == JSON_NULL)
        return;
    /* Other metadata says nothing of a session, and must not hide what does. */
    struct session_name found = {source, *value};
    if (session_name_text(&found).bytes > 0)
        *session = found;
}

static struct slice text_of(const struct json_value *value)
{
    if (value->type != JSON_STRING)
        return slice_of("");
    return (struct slice){value->raw.data + 1, value->raw.bytes - 2};
}

static struct slice member_of(const struct json_value *object, const char *name)
{
    struct json_value inner;
    return json_find(object, name, &inner) == 1 ? text_of(&inner) : slice_of("");
}

/* Claude Code writes user_..._account_..._session_..., later versions an object with `session_id`
 * as a text. Other clients name their users there, who have many conversations. */
static struct slice session_of_user(struct slice user_id)
{
    static const char mark[] = "session_";
    return slice_find(user_id, slice_of(mark)) >= 0 ? user_id : slice_of("");
}

struct slice session_name_text(const struct session_name *session)
{
    switch (session->source) {
    case SESSION_NONE:
        break;
    case SESSION_METADATA:
        return session_of_user(member_of(&session->value, "user_id"));
    case SESSION_CONVERSATION:
        if (session->value.type == JSON_OBJECT)
            return member_of(&session->value, "id");
        return text_of(&session->value);
    case SESSION_PROMPT_CACHE_KEY:
    case SESSION_ID:
        return text_of(&session->value);
    }
    return slice_of("");
}
