#include "app/admin_commands.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/gateway_ask.h"
#include "app/screen.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/terminal_text.h"

enum { REPLY_BYTES_MAX = 16 * 1024 * 1024, WATCH_MS = 1000, DRAIN_LOOK_MS = 200 };
enum { STILL_RUNS_STATUS = 2, DEPTH_MAX = 8, MESSAGE_BYTES = 300 };

/* The message of an error's reply. Those of the admin server need no decoding. */
static const char *message_of(struct slice reply, char out[MESSAGE_BYTES])
{
    struct json_value root, error, message;
    struct fault fault;
    snprintf(out, MESSAGE_BYTES, "the gateway is of another version");
    if (json_parse(reply, DEPTH_MAX, &root, &fault) && json_find(&root, "error", &error) == 1 &&
        json_find(&error, "message", &message) == 1 && message.raw.bytes >= 2)
        slice_copy((struct slice){message.raw.data + 1, message.raw.bytes - 2}, out, MESSAGE_BYTES);
    return out;
}

/* Fills `body` (initialised). The reply of an error becomes the fault. */
static bool ask(const struct config *config, const char *method, const char *target,
                struct buffer *body, struct fault *fault)
{
    int status = 0;
    char words[MESSAGE_BYTES];
    const char *advice;
    struct fault why;
    if (!gateway_ask(config, method, target, &status, body, &why, &advice))
        return fault_set(fault, why.code, "%.400s: %s", why.message, advice);
    if (status == 200)
        return true;
    return fault_set(fault, "refused", "%s", message_of(buffer_slice(body), words));
}

static void print_text(struct slice text)
{
    const struct screen screen = screen_look();
    screen_print(&screen, text);
}

static int print_reply(const struct config *config, const char *method, const char *target)
{
    struct buffer body;
    struct fault fault;
    buffer_init(&body, REPLY_BYTES_MAX);
    bool good = ask(config, method, target, &body, &fault);
    if (good && slice_starts_with(buffer_slice(&body), "{"))
        fwrite(body.data, 1, body.bytes, stdout); /* escaped already */
    else if (good)
        print_text(buffer_slice(&body));
    buffer_fini(&body);
    return good ? 0 : commands_fail(&fault);
}

/* Draws the reply, or why there is none: a screen goes on through a restart. False: *fault, before
 * the first reply. */
static bool draw_reply(const struct config *config, const char *target, bool *begun,
                       struct fault *fault)
{
    const struct screen screen = screen_look();
    struct buffer body;
    buffer_init(&body, REPLY_BYTES_MAX);
    bool good = ask(config, "GET", target, &body, fault);
    *begun = *begun || good;
    if (!good) {
        buffer_reset(&body);
        terminal_text_wrap(&body, slice_of(fault->message), 0, screen.columns);
        buffer_append_text(&body, "\n\nAsking again each second.\n");
    }
    if (*begun)
        screen_draw(&screen, buffer_slice(&body));
    buffer_fini(&body);
    return *begun;
}

static int draw_each_second(const struct config *config, const char *target)
{
    struct fault fault;
    bool begun = false;
    while (draw_reply(config, target, &begun, &fault) && ferror(stdout) == 0)
        (void)poll(NULL, 0, WATCH_MS);
    return begun ? 0 : commands_fail(&fault); /* begun: screen_end says why it ends */
}

/* For files, pipes and terminals that know no codes: one report below the other. */
static int print_each_second(const struct config *config, const char *target)
{
    int status = 0;
    while (status == 0 && ferror(stdout) == 0) {
        status = print_reply(config, "GET", target);
        if (status == 0 && strchr(target, '?') != NULL)
            printf("\n");
        fflush(stdout);
        (void)poll(NULL, 0, status == 0 ? WATCH_MS : 0);
    }
    return status;
}

int admin_commands_status(const struct config *config, const struct admin_command_options *options)
{
    const char *target = options->json ? "/status" : "/status?format=text";
    if (!options->watch)
        return print_reply(config, "GET", target);
    return !options->json && screen_look().draws ? draw_each_second(config, target)
                                                 : print_each_second(config, target);
}

int admin_commands_top(const struct config *config, const struct admin_command_options *options)
{
    const char *target = options->json ? "/calls" : "/calls?format=text";
    if (!options->json && screen_look().draws)
        return draw_each_second(config, target);
    return options->watch ? print_each_second(config, target) : print_reply(config, "GET", target);
}

int admin_commands_log_level(const struct config *config, const char *level)
{
    char target[64];
    if (level == NULL)
        return print_reply(config, "GET", "/log-level");
    snprintf(target, sizeof target, "/log-level?level=%.16s", level);
    return print_reply(config, "PUT", target);
}

/* How many exchanges the gateway has; -1: *fault; -2: it has not counted since it drains. */
static int64_t count_exchanges(const struct config *config, const char *method, struct fault *fault)
{
    struct buffer body;
    struct json_value root, current, exchanges;
    int64_t count = -1;
    buffer_init(&body, REPLY_BYTES_MAX);
    if (ask(config, method, "/drain", &body, fault) &&
        json_parse(buffer_slice(&body), DEPTH_MAX, &root, fault)) {
        bool known = json_find(&root, "current", &current) == 1 && current.type == JSON_TRUE &&
                     json_find(&root, "exchanges", &exchanges) == 1;
        if (!known || !json_int64(&exchanges, &count))
            count = -2;
    }
    buffer_fini(&body);
    return count;
}

static int end_drain(const struct config *config)
{
    struct fault fault;
    if (count_exchanges(config, "DELETE", &fault) == -1)
        return commands_fail(&fault);
    printf("serving\n");
    return 0;
}

int admin_commands_drain(const struct config *config, const struct admin_command_options *options)
{
    struct fault fault;
    int64_t wait_ms =
        options->timeout_s >= 0 ? options->timeout_s * INT64_C(1000) : config->drain_timeout_ms;
    int64_t until_us = clock_mono_us() + wait_ms * 1000;
    int64_t before = -1;
    if (options->off)
        return end_drain(config);
    int64_t count = count_exchanges(config, "PUT", &fault);
    if (count != -1)
        printf("draining\n");
    while (count != 0) {
        if (count == -1)
            return commands_fail(&fault);
        if (count > 0 && count != before)
            printf("%lld %s\n", (long long)count, count == 1 ? "exchange runs" : "exchanges run");
        if (count > 0 && clock_mono_us() >= until_us)
            return STILL_RUNS_STATUS;
        fflush(stdout);
        before = count;
        (void)poll(NULL, 0, DRAIN_LOOK_MS);
        count = count_exchanges(config, "GET", &fault);
    }
    printf("nothing runs any more\n");
    return 0;
}
