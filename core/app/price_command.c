#include "app/price_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "script/policy_price.h"

enum { ANSWER_BYTES_MAX = 65536, QUESTION_BYTES_MAX = 65536 };

static void add_text(struct buffer *out, const char *name, const char *text)
{
    if (text != NULL)
        json_writer_text(out, name, text);
}

/* The question of the command line as a line of JSON. */
static bool write_question(const char *model, const struct price_options *options,
                           struct buffer *out, struct fault *fault)
{
    struct json_value usage;
    const char *text = options->usage != NULL ? options->usage : "{}";
    if (!json_parse(slice_of(text), 4, &usage, fault) || usage.type != JSON_OBJECT)
        return fault_set(fault, "invalid_value",
                         "--usage must be a JSON object such as '{\"input\":1000,\"output\":200}'");
    json_writer_object(out, NULL);
    json_writer_text(out, "model", model);
    json_writer_json(out, "usage", text);
    add_text(out, "group", options->group);
    add_text(out, "service_tier", options->service_tier);
    add_text(out, "speed", options->speed);
    add_text(out, "region", options->region);
    add_text(out, "choice", options->choice);
    add_text(out, "search_context", options->search_context);
    add_text(out, "size", options->size);
    add_text(out, "quality", options->quality);
    add_text(out, "resolution", options->resolution);
    add_text(out, "at", options->at);
    add_text(out, "provider", options->provider);
    json_writer_object_end(out);
    return !out->failed || fault_set(fault, "invalid_value", "the question is too long");
}

static bool answer(struct policy_price *price, struct slice question, bool for_people,
                   struct fault *fault)
{
    struct buffer out;
    buffer_init(&out, ANSWER_BYTES_MAX);
    bool done = policy_price_ask(price, question, for_people, &out, fault);
    if (done)
        printf("%.*s", (int)out.bytes, out.data);
    buffer_fini(&out);
    return done;
}

static bool answer_one(struct policy_price *price, const char *model,
                       const struct price_options *options, struct fault *fault)
{
    struct buffer question;
    buffer_init(&question, QUESTION_BYTES_MAX);
    bool done = write_question(model, options, &question, fault) &&
                answer(price, buffer_slice(&question), true, fault);
    buffer_fini(&question);
    return done;
}

static bool answer_lines(struct policy_price *price, struct fault *fault)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t bytes;
    bool done = true;
    while (done && (bytes = getline(&line, &capacity, stdin)) > 0) {
        struct slice question = {line, (size_t)bytes};
        if (line[bytes - 1] == '\n')
            question.bytes--;
        done = question.bytes <= QUESTION_BYTES_MAX
                   ? answer(price, question, false, fault)
                   : fault_set(fault, "invalid_value", "a line is longer than %d bytes",
                               QUESTION_BYTES_MAX);
    }
    free(line);
    return done;
}

int price_command(const struct config *config, const char *model,
                  const struct price_options *options)
{
    struct fault fault;
    struct policy_price *price = policy_price_new(config->policies, &fault);
    if (price == NULL)
        return commands_fail(&fault);
    bool done = strcmp(model, "-") == 0 ? answer_lines(price, &fault)
                                        : answer_one(price, model, options, &fault);
    policy_price_free(price);
    return done ? 0 : commands_fail(&fault);
}
