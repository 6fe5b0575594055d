/* `llm-gateway price`: what a call costs with the policies as they are on disk. */
#ifndef APP_PRICE_COMMAND_H
#define APP_PRICE_COMMAND_H

#include "app/config.h"

struct price_options {
    const char *usage; /* JSON: {"input":1000,"output":200} */
    const char *group;
    const char *service_tier;
    const char *speed;
    const char *region;
    const char *choice;
    const char *search_context;
    const char *size;
    const char *quality;
    const char *resolution;
    const char *at; /* a date or a time; NULL: now */
    const char *provider;
};

/* `model`: the public name, or "-": each line of stdin is a question in JSON, and each line of
 * stdout its answer. Returns the exit status. */
int price_command(const struct config *config, const char *model,
                  const struct price_options *options);

#endif
