#include "load_options.h"

#include <string.h>
#include <unistd.h>

#include "common.h"

static void add_watched(struct load_options *options, char *text)
{
    char *pid = strchr(text, '=');
    if (pid == NULL || options->watched_count == WATCHED_MAX)
        die("--watch takes NAME=PID, %d times at most", WATCHED_MAX);
    *pid++ = '\0';
    options->watched[options->watched_count++] =
        (struct watched){.name = text, .pid = parse_number("--watch", pid)};
}

static void read_option(struct load_options *options, const char *name, char *value)
{
    if (strcmp(name, "--path") == 0)
        options->path = value;
    else if (strcmp(name, "--keys") == 0)
        options->keys_path = value;
    else if (strcmp(name, "--model") == 0)
        options->model = value;
    else if (strcmp(name, "--korean") == 0)
        options->korean = parse_number(name, value);
    else if (strcmp(name, "--watch") == 0)
        add_watched(options, value);
    else if (strcmp(name, "--port") == 0)
        options->port = (int)parse_number(name, value);
    else if (strcmp(name, "--connections") == 0)
        options->connections = (size_t)parse_number(name, value);
    else if (strcmp(name, "--rate") == 0)
        options->rate = parse_number(name, value);
    else if (strcmp(name, "--seconds") == 0)
        options->seconds = parse_number(name, value);
    else if (strcmp(name, "--warmup-ms") == 0)
        options->warmup_ns = parse_number(name, value) * 1000 * 1000;
    else if (strcmp(name, "--drain-ms") == 0)
        options->drain_ns = parse_number(name, value) * 1000 * 1000;
    else if (strcmp(name, "--requests") == 0)
        options->requests = parse_number(name, value);
    else if (strcmp(name, "--stream") == 0)
        options->words = (int)parse_number(name, value);
    else if (strcmp(name, "--prompt-bytes") == 0)
        options->prompt_bytes = (size_t)parse_number(name, value);
    else
        die("%s is no option of the load generator", name);
}

void load_options_read(struct load_options *options, int argc, char **argv)
{
    *options = (struct load_options){.model = "gpt-4o-mini",
                                     .connections = 1,
                                     .seconds = 1,
                                     .prompt_bytes = 1024,
                                     .drain_ns = 60 * SECOND_NS};
    for (int i = 1; i + 1 < argc; i += 2)
        read_option(options, argv[i], argv[i + 1]);
    if (argc % 2 == 0 || options->port == 0 || options->path == NULL ||
        options->keys_path == NULL || options->connections == 0)
        die("--port, --path and --keys are needed, and each option has a value");
    options->watched[options->watched_count++] =
        (struct watched){.name = "generator", .pid = getpid()};
}
