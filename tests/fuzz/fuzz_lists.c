/* Embeddings, moderations, rerank and decisions: one meaning of a request and its copy; answers in
 * the encoding that was asked for. The first line is the request, the second one an answer. */
#include "fuzz_form.h"

static void check_request(enum dialect dialect, const struct model_request *request, size_t bytes)
{
    const struct prompt *prompt = &request->prompt;
    uint64_t inputs = (uint64_t)(prompt->input_count > 0 ? prompt->input_count : 1);
    uint64_t most = (uint64_t)bytes * inputs; /* of a repeated question */
    check(request->model[0] != '\0' && !request->streamed && request->choices == 1);
    if (dialect != DIALECT_DECISIONS) { /* one input, of several messages */
        check(prompt->input_count >= 1 && prompt->input_count <= LIMIT_INPUTS);
        check(prompt->message_count == prompt->input_count);
    }
    check(prompt->bytes_most >= 0 && (uint64_t)prompt->bytes_most <= most + bytes);
    check(prompt->text_bytes >= 0 && (uint64_t)prompt->text_bytes <= most + 4 * bytes);
}

/* What a provider gets differs in the model's name alone. */
static void check_copy(const struct dialect_form *form, const struct request_address *address,
                       const struct model_request *request)
{
    const struct request_changes changes = {.model = FUZZ_MODEL};
    struct model_request read;
    struct request_fault fault;
    struct request_copy copy = {0};
    struct buffer written;
    check(form->apply(request, &changes, &copy));
    buffer_init(&written, request->text.bytes + 4096);
    for (size_t i = 0; i < copy.part_count; i++)
        check(buffer_append_slice(&written, copy.parts[i]));
    const struct request_address renamed = {.model = slice_of(FUZZ_MODEL), .kept = address->kept};
    check(form->read_request(buffer_slice(&written), &renamed, 0, &read, &fault));
    check(strcmp(read.model, FUZZ_MODEL) == 0);
    check(read.prompt.input_count == request->prompt.input_count);
    check(read.prompt.image_count == request->prompt.image_count);
    buffer_fini(&written);
    request_copy_fini(&copy);
}

/* Another encoding of an answer is an answer, and in the encoding that was asked for. */
static void check_adapted(const struct dialect_form *form, const struct model_request *request,
                          const struct json_value *root)
{
    struct answer_facts facts;
    struct json_value other;
    struct buffer out;
    struct buffer again;
    struct fault fault;
    buffer_init(&out, LIMIT_UPSTREAM_BODY_BYTES);
    buffer_init(&again, LIMIT_UPSTREAM_BODY_BYTES);
    if (form->adapt_answer(request, root, &out)) {
        check(json_parse(buffer_slice(&out), LIMIT_JSON_DEPTH, &other, &fault));
        form->read_answer(&other, &facts);
        check(facts.said);
        check(!form->adapt_answer(request, &other, &again));
    }
    buffer_fini(&out);
    buffer_fini(&again);
}

static void check_answer(const struct dialect_form *form, const struct model_request *request,
                         struct slice text)
{
    struct answer_facts facts;
    struct json_value root;
    struct fault fault;
    if (!json_parse(text, LIMIT_JSON_DEPTH, &root, &fault))
        return;
    form->read_answer(&root, &facts);
    fuzz_check_facts(&facts, text);
    if (facts.said && form->adapt_answer != NULL)
        check_adapted(form, request, &root);
}

static void run(enum dialect dialect, struct slice text, struct slice answer)
{
    const struct dialect_form *form = dialect_form(dialect);
    struct kept_names names = {0};
    const struct request_address address = {.model = slice_of("m"), .kept = &names};
    struct model_request request;
    struct request_fault fault = {0};
    if (form->read_request(text, &address, 0, &request, &fault)) {
        check_request(dialect, &request, text.bytes);
        check_copy(form, &address, &request);
        check_answer(form, &request, answer);
    } else {
        check(fault.code && fault.message[0] != '\0');
    }
    kept_names_fini(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const char *start = (const char *)data;
    const char *end = bytes > 0 ? memchr(start, '\n', bytes) : NULL;
    struct slice text = {start, end != NULL ? (size_t)(end - start) : bytes};
    struct slice answer = {start + text.bytes, bytes - text.bytes};
    run(DIALECT_EMBEDDINGS, text, answer);
    run(DIALECT_MODERATIONS, text, answer);
    run(DIALECT_RERANK, text, answer);
    run(DIALECT_DECISIONS, text, answer);
    run(DIALECT_GEMINI_EMBED, text, answer);
    run(DIALECT_GEMINI_EMBED_BATCH, text, answer);
    return 0;
}
