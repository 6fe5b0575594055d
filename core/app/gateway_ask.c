#include "app/gateway_ask.h"

#include <stddef.h>
#include <string.h>

#include "net/client/local_client.h"

struct reason {
    const char *code;
    const char *advice;
};

static const struct reason reasons[] = {
    {"off", "set admin_socket in gateway.conf, and restart the gateway"},
    {"absent", "start the gateway; if it runs, name the gateway.conf that it was started with "
               "(--config FILE)"},
    {"stale", "the gateway that listened there has died: its log says why; start it again"},
    {"forbidden", "run this as root, or as the gateway's user"},
    {"silent", "the gateway hangs, or was stopped: see its log, and restart it; if only a worker "
               "hangs, `llm-gateway status` answers and names it"},
    {"dropped", "it has no room for one more connection, or stops: try again"},
    {"not_reached", "admin_socket in gateway.conf must be the one of a running gateway"},
};

static const char *find_advice(const char *code)
{
    const struct reason *last = &reasons[sizeof reasons / sizeof reasons[0] - 1];
    const struct reason *reason = reasons;
    while (reason < last && strcmp(reason->code, code) != 0)
        reason++;
    return reason->advice;
}

bool gateway_ask(const struct config *config, const char *method, const char *target, int *status,
                 struct buffer *body, struct fault *fault, const char **advice)
{
    const char *path = config->admin_socket;
    if (path[0] == '\0')
        fault_set(fault, "off", "admin_socket is empty");
    else if (local_client_ask(path, method, target, status, body, fault))
        return true;
    *advice = find_advice(fault->code);
    return false;
}
