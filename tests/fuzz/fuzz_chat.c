/* A chat request: what is accepted has one meaning, also in the copy that a provider gets. */
#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "dialect/chat.h"

#define MODEL "m\"\xc3\xa9"

enum { TOKENS_MAX = 77 };

static void check_prompt(const struct prompt *prompt, size_t bytes)
{
    const int64_t counts[] = {prompt->bytes_most,  prompt->text_bytes,  prompt->message_count,
                              prompt->image_count, prompt->audio_bytes, prompt->opaque_count};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        check(counts[i] >= 0 && (uint64_t)counts[i] <= bytes);
}

/* What a provider gets is a request like the client's, but for what was to be changed. */
static void check_copy(const struct model_request *request, struct slice copy)
{
    struct model_request read;
    struct request_fault fault;
    check(chat_read(copy, 0, &read, &fault));
    check(strcmp(read.model, MODEL) == 0);
    check(read.streamed == request->streamed && read.choices == request->choices);
    check(read.prompt.message_count == request->prompt.message_count);
    check(read.prompt.image_count == request->prompt.image_count);
    check(read.prompt.audio_bytes == request->prompt.audio_bytes);
    check(read.prompt.opaque_count == request->prompt.opaque_count);
    check(read.members[REQUEST_PROVIDER].raw.data == NULL); /* the client's wishes are ours */
    check(!read.streamed || read.usage_asked); /* without it nothing could be charged exactly */
    check(read.output_tokens >= 0 && read.output_tokens <= TOKENS_MAX);
}

static void check_changes(const struct model_request *request,
                          const struct request_changes *changes)
{
    struct request_copy copy = {0};
    struct buffer text;
    check(chat_apply(request, changes, &copy));
    buffer_init(&text, request->text.bytes + 4096);
    for (size_t i = 0; i < copy.part_count; i++)
        check(buffer_append_slice(&text, copy.parts[i]));
    check_copy(request, buffer_slice(&text));
    buffer_fini(&text);
    request_copy_fini(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const char *const fields[] = {"max_completion_tokens", "max_tokens", "both", "any"};
    struct model_request request = {0};
    struct request_fault fault = {0};
    if (!chat_read((struct slice){(const char *)data, bytes}, 0, &request, &fault)) {
        check(fault.code && fault.message[0] != '\0');
        return 0;
    }
    check(request.model[0] != '\0' && strlen(request.model) < sizeof request.model);
    check(request.output_tokens >= -1 && request.choices >= 1);
    check_prompt(&request.prompt, bytes);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        bool is_less = request.output_tokens >= 0 && request.output_tokens < TOKENS_MAX;
        struct request_changes changes = {.model = MODEL,
                                          .output_tokens_max =
                                              is_less ? request.output_tokens : TOKENS_MAX,
                                          .max_tokens_field = fields[i]};
        check_changes(&request, &changes);
    }
    return 0;
}
