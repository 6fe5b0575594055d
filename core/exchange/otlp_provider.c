#include "exchange/otlp_provider.h"

#include <stdlib.h>

#include "base/check.h"
#include "exchange/gen_ai_names.h"
#include "exchange/otlp_attribute.h"

static char *put(char *at, const struct otlp_key *key, struct slice text)
{
    return otlp_put_text(at, OTLP_SPAN_ATTRIBUTE, key, text);
}

/* `known`: as the conventions name it; NULL: they do not. */
static char *put_names(char *at, const char *known, const char *ours, const char *asked_model)
{
    static const struct otlp_key provider_name = OTLP_KEY("gen_ai.provider.name");
    static const struct otlp_key provider = OTLP_KEY("llm_gateway.provider");
    static const struct otlp_key model = OTLP_KEY("gen_ai.request.model");
    at = put(at, &provider_name, slice_of(known != NULL ? known : ours));
    at = put(at, &provider, slice_of(ours));
    return put(at, &model, slice_of(asked_model));
}

static char *put_server(char *at, const struct gen_ai_server *server)
{
    static const struct otlp_key address = OTLP_KEY("server.address");
    static const struct otlp_key port = OTLP_KEY("server.port");
    if (server->host.bytes == 0)
        return at;
    at = put(at, &address, server->host);
    return otlp_put_int(at, OTLP_SPAN_ATTRIBUTE, &port, server->port);
}

struct slice otlp_provider_make(const char *provider, const char *model, const char *base_url)
{
    enum { ATTRIBUTES = 6 }; /* one more, for what is written behind the last */
    const struct gen_ai_server server = gen_ai_server_at(base_url);
    size_t text_bytes = otlp_cut(slice_of(model)).bytes + 2 * otlp_cut(slice_of(provider)).bytes +
                        otlp_cut(server.host).bytes;
    size_t most = (size_t)ATTRIBUTES * OTLP_ATTRIBUTE_BYTES + 3 * text_bytes;
    char *data = malloc(most);
    check(data != NULL);
    char *end = put_names(data, server.provider, provider, model);
    end = put_server(end, &server);
    size_t bytes = (size_t)(end - data);
    check(bytes <= most);
    char *exact = realloc(data, bytes);
    check(exact != NULL);
    return (struct slice){exact, bytes};
}
