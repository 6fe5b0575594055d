/* Ends a stream as the gateway does: reads its events, one line of JSON each, and writes what the
 * dialect writes then. For test_stream_ends.py, which has the SDKs read it.
 *
 *     stream_end DIALECT length|failure < events */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/dialect.h"

static const struct dialect_form *form_of(const char *name)
{
    for (int dialect = 0; dialect < DIALECTS; dialect++) {
        if (strcmp(dialect_name((enum dialect)dialect), name) == 0)
            return dialect_form((enum dialect)dialect);
    }
    return NULL;
}

static void take(const struct dialect_form *form, struct answer_state *state, struct slice line)
{
    struct json_value root;
    struct answer_facts facts;
    struct fault fault;
    check(json_parse(line, LIMIT_JSON_DEPTH, &root, &fault));
    form->read_event(state, &root, &facts);
}

int main(int argc, char **argv)
{
    const struct dialect_form *form = argc == 3 ? form_of(argv[1]) : NULL;
    const struct final_usage usage = {
        .prompt_tokens = 10, .cached_tokens = 4, .completion_tokens = 3, .charge_nusd = 1500};
    const struct error_body error = {.status = 500,
                                     .code = "provider_error",
                                     .message = "The provider's answer broke off.",
                                     .request_id = "req_1"};
    struct answer_state *state = NULL;
    struct buffer out;
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;
    check(form);
    while ((bytes = getline(&line, &room, stdin)) > 0) {
        if (state == NULL)
            state = answer_state_new();
        take(form, state, slice_trim((struct slice){line, (size_t)bytes}));
    }
    buffer_init(&out, LIMIT_EVENT_BYTES);
    if (strcmp(argv[2], "length") == 0)
        form->write_length(state, &usage, &out);
    else
        form->write_failure(state, &error, &usage, &out);
    check(!out.failed && fwrite(out.data, 1, out.bytes, stdout) == out.bytes);
    buffer_fini(&out);
    answer_state_free(state);
    free(line);
    return 0;
}
