/* A request for completions: what is accepted has one meaning, also in the copy that a provider
 * gets. */
#include "fuzz_form.h"

#include "dialect/choices.h"

enum { TOKENS_MAX = 77 };

static const struct dialect_form *form(void)
{
    return dialect_form(DIALECT_COMPLETIONS);
}

static void check_request(const struct model_request *request, size_t bytes)
{
    const struct prompt *prompt = &request->prompt;
    check(request->model[0] != '\0' && prompt->input_count >= 1);
    check(prompt->input_count <= LIMIT_INPUTS && request->choices >= prompt->input_count);
    check(request->choices <= prompt->input_count * CHOICES_KNOWN);
    check(!request->streamed || request->choices <= CHOICES_KNOWN);
    check((request->output_tokens > 0) == (request->usual_tokens == 0));
    check(request->echoed_bytes >= 0);
    check((uint64_t)request->echoed_bytes <= (uint64_t)16 * CHOICES_KNOWN * bytes);
    check(prompt->text_bytes >= 0 && (uint64_t)prompt->text_bytes <= 4 * bytes);
}

/* What a provider gets is a request like the client's, but for what was to be changed. */
static void check_copy(const struct model_request *request, struct slice copy)
{
    struct model_request read;
    struct request_fault fault;
    const struct request_address address = {.kept = NULL};
    check(form()->read_request(copy, &address, 0, &read, &fault));
    check(strcmp(read.model, FUZZ_MODEL) == 0);
    check(read.streamed == request->streamed && read.choices == request->choices);
    check(read.echoed_bytes == request->echoed_bytes);
    check(read.prompt.input_count == request->prompt.input_count);
    check(!read.streamed || read.usage_asked); /* without it nothing could be charged exactly */
    check(read.output_tokens >= 0 && read.output_tokens <= TOKENS_MAX);
}

static void check_changes(const struct model_request *request)
{
    const struct request_changes changes = {.model = FUZZ_MODEL, .output_tokens_max = TOKENS_MAX};
    struct request_copy copy = {0};
    struct buffer text;
    check(form()->apply(request, &changes, &copy));
    buffer_init(&text, request->text.bytes + 4096);
    for (size_t i = 0; i < copy.part_count; i++)
        check(buffer_append_slice(&text, copy.parts[i]));
    check_copy(request, buffer_slice(&text));
    buffer_fini(&text);
    request_copy_fini(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const struct slice text = {(const char *)data, bytes};
    const struct request_address address = {.kept = NULL};
    struct model_request request;
    struct request_fault fault = {0};
    if (form()->read_request(text, &address, 0, &request, &fault)) {
        check_request(&request, bytes);
        check_changes(&request);
    } else {
        check(fault.code && fault.message[0] != '\0');
    }
    return 0;
}
