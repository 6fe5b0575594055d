#include "app/admin/refresh.h"

#include <stdlib.h>

#include "app/admin/admin_request.h"
#include "base/check.h"
#include "store/ledger.h"

struct refresh {
    struct job job;
    struct pending *pending;
    struct http_request *request; /* NULL: the client has left */
};

static void on_gone(void *user)
{
    struct refresh *refresh = user;
    refresh->request = NULL;
}

static void on_loaded(struct job *job)
{
    struct refresh *refresh = (struct refresh *)(void *)job;
    struct pending *pending = refresh->pending;
    struct buffer body;
    buffer_init(&body, ADMIN_REPLY_BYTES_MAX);
    buffer_append_text(&body, "{\"refreshed\":true}\n");
    if (refresh->request != NULL)
        admin_reply(refresh->request, 200, "application/json", &body);
    else
        buffer_fini(&body);
    free(refresh);
    pending_end(pending);
}

void refresh_answer(struct store *store, struct job_queue *queue, struct pending *pending,
                    struct http_request *request)
{
    struct refresh *refresh = calloc(1, sizeof *refresh);
    check(refresh != NULL);
    *refresh = (struct refresh){
        .job = {.reply_queue = queue, .done = on_loaded}, .pending = pending, .request = request};
    bool begun = pending_begin(pending);
    if (begun && ledger_refresh(store, &refresh->job)) {
        request->user = refresh;
        request->on_gone = on_gone;
        return;
    }
    if (begun)
        pending_end(pending);
    free(refresh);
    admin_refuse(request, 503, "overloaded", "The ledger is busy, or stops.");
}
