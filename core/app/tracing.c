#include "app/tracing.h"

#include "app/trace_settings.h"
#include "app/version.h"
#include "base/log.h"
#include "base/secret.h"
#include "exchange/tracer.h"

bool tracing_start(struct worker_shared *shared, struct fault *fault)
{
    const struct config *config = shared->config;
    struct tracer_settings settings;
    if (config->traces.url[0] == '\0')
        return true;
    bool good = trace_settings_read(&config->traces, &settings, fault);
    slice_copy(slice_of(config->alerts.ca_file), settings.ca_file, sizeof settings.ca_file);
    slice_copy(slice_of(version_number), settings.service_version, sizeof settings.service_version);
    if (good)
        shared->tracer = tracer_new(&settings, fault);
    if (good && settings.content_bytes_max > 0)
        log_event(LOG_WARN, "the collector gets what customers and models say (trace_content)",
                  log_text("groups", settings.content_groups));
    secret_wipe(&settings, sizeof settings);
    return shared->tracer != NULL;
}

void tracing_stop(struct worker_shared *shared)
{
    tracer_free(shared->tracer);
    shared->tracer = NULL;
}
