#include "store/operations/audit_log.h"

#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "store/operations/operations.h"

/* The action without "_once": "credit.create_once" is "credit.create". */
static struct store_value action_of(const struct operation *operation)
{
    struct store_value action = bind_text(operation->name);
    action.text.bytes = strcspn(operation->name, "_");
    return action;
}

bool audit_log_note(const struct store_call *call, struct db *db, const char *user_id,
                    const char *target_id, struct buffer *detail)
{
    const struct store_actor *actor = &call->actor;
    if (!actor->name[0])
        return true;
    buffer_append_text(detail, "}");
    buffer_append_char(detail, '\0');
    return !detail->failed &&
           db_run(db,
                  "INSERT INTO audit (created_ms, actor, address, action, user_id, target_id,"
                  " detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                  DB_VALUES(bind_int(clock_wall_ms()), bind_text(actor->name),
                            bind_text(actor->address), action_of(call->operation),
                            bind_text(user_id), bind_text(target_id), bind_text(detail->data)));
}

/* revision? refusal?. One of them: the policies now in force, or why the old ones stay. */
bool audit_log_reload(struct store_call *call, struct db *db)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    json_writer_text_or_null(&detail, "revision", operations_text(call, 0));
    json_writer_text_or_null(&detail, "refused", operations_text(call, 1));
    noted = audit_log_note(call, db, "", "", &detail);
    buffer_fini(&detail);
    return noted && buffer_append_text(&call->result, "{}");
}
