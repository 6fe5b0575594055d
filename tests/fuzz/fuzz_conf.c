/* gateway.conf: it is read, or the fault says why with the file and, from its text, the line. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/config.h"
#include "base/check.h"

static int file = -1; /* in memory, one for all inputs */

static void check_config(const struct config *config)
{
    check(memchr(config->listen, '\0', sizeof config->listen) != NULL);
    check(memchr(config->address, '\0', sizeof config->address) != NULL);
    check(config->port >= 0 && config->port <= 65535);
    check(config->workers >= 0 && config->body_bytes_max > 0 && config->connections_max > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char path[32];
    struct config config;
    struct fault fault = {0};
    if (file < 0)
        file = memfd_create("gateway.conf", 0);
    check(file >= 0 && ftruncate(file, 0) == 0);
    check(pwrite(file, data, bytes, 0) == (ssize_t)bytes);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (config_load(&config, path, NULL, 0, &fault))
        check_config(&config);
    else
        check(fault.code[0] != '\0' && strncmp(fault.message, path, strlen(path)) == 0);
    return 0;
}
