/* Forms with files, and edits of pictures in JSON: one meaning of a request and its copy, whatever
 * the boundary. The first line is the Content-Type, the rest is the body. */
#include "fuzz_form.h"

static void check_request(enum dialect dialect, const struct model_request *request)
{
    const struct prompt *prompt = &request->prompt;
    int64_t bytes = (int64_t)request->text.bytes;
    check(request->model[0] != '\0' && request->choices >= 1);
    check(request->boundary.bytes > 0 || dialect == DIALECT_IMAGE_EDITS);
    check(request->boundary.bytes == 0 || fuzz_inside(request->boundary, request->text));
    check(fuzz_inside(request->members[REQUEST_MODEL].raw, request->text));
    check(prompt->bytes_most >= 0 && prompt->bytes_most <= bytes);
    check(prompt->text_bytes >= 0 && prompt->text_bytes <= bytes);
    check(prompt->sound_seconds + prompt->image_count >= 1);
    check(prompt->audio_bytes >= 0 && prompt->audio_bytes <= bytes);
}

/* The copy is the same request but for its model; the client's own name leaves all as it is. */
static void check_copy(const struct dialect_form *form, const struct request_address *address,
                       const struct model_request *request, const char *model)
{
    const struct request_changes changes = {.model = model};
    struct model_request read;
    struct request_fault fault;
    struct request_copy copy = {0};
    struct buffer written;
    check(form->apply(request, &changes, &copy));
    buffer_init(&written, request->text.bytes + 4096);
    for (size_t i = 0; i < copy.part_count; i++)
        check(buffer_append_slice(&written, copy.parts[i]));
    check(form->read_request(buffer_slice(&written), address, 0, &read, &fault));
    check(strcmp(read.model, model) == 0);
    check(read.choices == request->choices);
    check(read.prompt.image_count == request->prompt.image_count);
    check(read.streamed == request->streamed && read.text_answer == request->text_answer);
    check(read.prompt.sound_seconds == request->prompt.sound_seconds);
    check(read.prompt.text_bytes == request->prompt.text_bytes);
    buffer_fini(&written);
    request_copy_fini(&copy);
}

static void run(enum dialect dialect, struct slice text, struct slice type)
{
    const struct dialect_form *form = dialect_form(dialect);
    struct kept_names names = {0};
    const struct request_address address = {.kept = &names, .content_type = type};
    struct model_request request;
    struct request_fault fault = {0};
    char digest[SHA256_HEX_BYTES];
    if (!form->read_request(text, &address, 0, &request, &fault)) {
        check(fault.code && fault.message[0] != '\0');
        return;
    }
    check_request(dialect, &request);
    check_copy(form, &address, &request, request.model);
    check_copy(form, &address, &request, "other");
    form->digest(&request, digest);
    check(strlen(digest) == SHA256_HEX_BYTES - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const char *start = (const char *)data;
    const char *end = bytes > 0 ? memchr(start, '\n', bytes) : NULL;
    struct slice type = {start, end != NULL ? (size_t)(end - start) : bytes};
    size_t skipped = type.bytes + (end != NULL ? 1 : 0);
    const struct slice text = {start + skipped, bytes - skipped};
    run(DIALECT_TRANSCRIPTIONS, text, type);
    run(DIALECT_IMAGE_EDITS, text, type);
    run(DIALECT_IMAGE_VARIATIONS, text, type);
    return 0;
}
