/* Speech and pictures: one meaning of a request and its copy; answers and events; the length of a
 * sound, which no cut of its bytes may change. The first line is the request, the second one an
 * answer; all is a sound, too. */
#include "fuzz_form.h"

#include "dialect/sound_length.h"

static void check_request(enum dialect dialect, const struct model_request *request, size_t bytes)
{
    const struct asked_media *media = &request->media;
    bool speaks = dialect == DIALECT_SPEECH;
    check(request->model[0] != '\0' && request->choices >= 1);
    check(media->medium == (speaks ? ANSWERS_SOUND : ANSWERS_PICTURES));
    check((media->opaque == OPAQUE_MEDIA) == speaks);
    check(media->characters >= speaks && (uint64_t)media->characters <= bytes);
    check(media->tokens_beside >= 0 && !(request->streamed && request->choices > 1));
    fuzz_check_prompt(&request->prompt, bytes);
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
    check(form->read_request(buffer_slice(&written), address, 0, &read, &fault));
    check(strcmp(read.model, FUZZ_MODEL) == 0 && read.choices == request->choices);
    check(read.streamed == request->streamed);
    check(memcmp(&read.media, &request->media, sizeof read.media) == 0);
    buffer_fini(&written);
    request_copy_fini(&copy);
}

static void check_answer(const struct dialect_form *form, struct slice text)
{
    struct answer_state *state = answer_state_new();
    struct answer_facts facts;
    struct json_value root;
    struct fault fault;
    struct buffer events;
    if (json_parse(text, LIMIT_JSON_DEPTH, &root, &fault)) {
        form->read_event(state, &root, &facts);
        fuzz_check_facts(&facts, text);
        check(facts.sizes.audio_ms >= 0);
        form->read_answer(&root, &facts);
        fuzz_check_facts(&facts, text);
        buffer_init(&events, 4 * text.bytes + 4096);
        form->write_events(&root, &events);
        check(!events.failed);
        buffer_fini(&events);
    }
    answer_state_free(state);
}

static void run(enum dialect dialect, struct slice text, struct slice answer)
{
    const struct dialect_form *form = dialect_form(dialect);
    struct kept_names names = {0};
    const struct request_address address = {.kept = &names};
    struct model_request request;
    struct request_fault fault = {0};
    if (form->read_request(text, &address, 0, &request, &fault)) {
        check_request(dialect, &request, text.bytes);
        check_copy(form, &address, &request);
    } else {
        check(fault.code && fault.message[0] != '\0');
    }
    check_answer(form, answer);
    kept_names_fini(&names);
}

static void check_sound(struct slice data, bool raw)
{
    struct sound_length whole = {.raw = raw};
    struct sound_length pieces = {.raw = raw};
    sound_length_feed(&whole, data);
    for (size_t at = 0; at < data.bytes; at += 1 + at % 5) {
        size_t bytes = 1 + at % 5 < data.bytes - at ? 1 + at % 5 : data.bytes - at;
        int64_t before_ms = sound_length_ms(&pieces);
        sound_length_feed(&pieces, (struct slice){data.data + at, bytes});
        check(pieces.kind == SOUND_OGG || sound_length_ms(&pieces) >= before_ms);
    }
    check(sound_length_ms(&whole) == sound_length_ms(&pieces) && sound_length_ms(&whole) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const char *start = (const char *)data;
    const char *end = bytes > 0 ? memchr(start, '\n', bytes) : NULL;
    struct slice text = {start, end != NULL ? (size_t)(end - start) : bytes};
    struct slice answer = {start + text.bytes, bytes - text.bytes};
    run(DIALECT_SPEECH, text, answer);
    run(DIALECT_IMAGES, text, answer);
    check_sound((struct slice){start, bytes}, false);
    check_sound((struct slice){start, bytes}, true);
    return 0;
}
