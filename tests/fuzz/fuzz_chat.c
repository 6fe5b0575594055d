/* A chat request: what is accepted has one meaning, also in the copy that a provider gets. */
#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "exchange/chat.h"

static void check_request(const struct chat_request *request, size_t bytes)
{
    check(request->model[0] != '\0' && strlen(request->model) < sizeof(request->model));
    check(request->output_tokens >= -1 && request->choices >= 1);
    check(request->input_bytes >= 0 && request->input_text_bytes >= 0);
    check(request->image_count >= 0 && request->opaque_count >= 0);
    check((uint64_t)request->image_count <= bytes && (uint64_t)request->opaque_count <= bytes);
}

static void check_copy(const struct chat_request *request, struct slice copy)
{
    struct chat_request read;
    struct chat_fault fault;

    check(chat_read(copy, &read, &fault));
    check(strcmp(read.model, "m\"\xc3\xa9") == 0);
    check(read.streamed == request->streamed && read.choices == request->choices);
    check(read.image_count == request->image_count);
    check(read.opaque_count == request->opaque_count);
    check(!read.streamed || read.usage_asked); /* without it nothing could be charged exactly */
    check(request->output_tokens < 0 ? read.output_tokens == 77
                                     : read.output_tokens <= request->output_tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const struct chat_changes changes = {.model = "m\"\xc3\xa9",
                                                .output_tokens_max = 77,
                                                .max_tokens_field = "max_completion_tokens"};
    struct chat_request request = {0};
    struct chat_fault fault = {0};
    struct chat_copy copy = {0};
    struct chat_changes wanted = changes;
    struct buffer text;

    if (!chat_read((struct slice){(const char *)data, bytes}, &request, &fault)) {
        check(fault.code && fault.message[0] != '\0');
        return 0;
    }
    check_request(&request, bytes);
    if (request.output_tokens >= 0)
        wanted.output_tokens_max = 0; /* the client has said */
    check(chat_apply(&request, &wanted, &copy));
    buffer_init(&text, bytes + 4096);
    for (size_t i = 0; i < copy.part_count; i++)
        check(buffer_append_slice(&text, copy.parts[i]));
    check_copy(&request, buffer_slice(&text));
    buffer_fini(&text);
    chat_copy_fini(&copy);
    return 0;
}
