/* Judges the whole body of a good answer that is no stream: whether it is one in the client's
 * dialect. Makes a stream of it where one was asked for. */
#include "base/check.h"
#include "dialect/plain_chunks.h"
#include "dialect/renamed.h"
#include "dialect/said.h"
#include "exchange/attempt.h"
#include "exchange/attempt_internal.h"
#include "exchange/mapped_api.h"
#include "exchange/plain_answer.h"
#include "exchange/trace_record.h"

#define SAYS_NOTHING "the answer says nothing"

static void give_events(struct attempt *attempt, struct buffer *events)
{
    attempt->event_stream = !events->failed;
    if (attempt->event_stream)
        attempt->events->on_stream(buffer_slice(events), attempt->owner);
    attempt_decide(attempt, ATTEMPT_GARBLED,
                   events->failed ? "the plain answer is too large for a stream" : SAYS_NOTHING);
    buffer_fini(events);
}

/* Makes a stream of a good plain answer. `answer` is NULL if it has choices. */
static void stream_plain(struct attempt *attempt, const struct json_value *answer)
{
    struct buffer events;
    buffer_init(&events, 4 * LIMIT_UPSTREAM_BODY_BYTES);
    if (answer == NULL)
        (void)plain_chunks_write(attempt->dialect, &attempt->completion, &events);
    else
        dialect_form(attempt->dialect)->write_events(answer, &events);
    give_events(attempt, &events);
}

/* A stream that was asked for, as a list. False: it is none. */
static bool stream_list(struct attempt *attempt)
{
    struct buffer events;
    bool list = plain_answer_list(attempt->asks, attempt->dialect, &attempt->body, &events);
    if (list)
        give_events(attempt, &events);
    return list;
}

static void judge_choices(struct attempt *attempt)
{
    const struct json_value *choices = &attempt->completion.choices;
    bool said = attempt->events->on_choices(choices, attempt->owner);
    if (said || said_something(choices))
        attempt_decide(attempt, ATTEMPT_ANSWERED, "");
    else
        attempt_decide(attempt, ATTEMPT_GARBLED, SAYS_NOTHING);
}

/* Replaces the model's name before the body is used. */
static void rename_body(struct attempt *attempt, struct json_index *index)
{
    struct buffer renamed;
    if (!renamed_text(attempt->candidate->answers_as, buffer_slice(&attempt->body),
                      &attempt->completion.root, &renamed))
        return;
    buffer_fini(&attempt->body);
    attempt->body = renamed;
    (void)completion_read_indexed(buffer_slice(&attempt->body), index, &attempt->completion);
}

/* Notes what the provider says that it charges us, and takes every price of it out of the body.
 * Returns whether there was one. */
static bool hide_prices(struct attempt *attempt, const struct json_value *root)
{
    const struct stated_cost_paths *paths = attempt->candidate->terms.cost;
    struct buffer hidden;
    if (paths != NULL)
        (void)stated_cost_read(paths, root, &attempt->stated);
    if (!stated_cost_hide(paths, buffer_slice(&attempt->body), root, root, &hidden))
        return false;
    buffer_fini(&attempt->body);
    attempt->body = hidden;
    return true;
}

static void take_body(struct attempt *attempt, struct json_index *index)
{
    attempt_span_note_completion(attempt->span, &attempt->completion);
    attempt_span_hear_whole(attempt->span, &attempt->completion.root);
    if (hide_prices(attempt, &attempt->completion.root))
        (void)completion_read_indexed(buffer_slice(&attempt->body), index, &attempt->completion);
    rename_body(attempt, index);
    if (attempt->asks->streamed)
        stream_plain(attempt, NULL);
    else
        judge_choices(attempt);
}

/* Judges a whole 2xx body of OpenAI's chat or completions: it is an answer only if it is a JSON
 * object without an error. */
static void judge_chat_body(struct attempt *attempt)
{
    struct completion *completion = &attempt->completion;
    struct slice body = buffer_slice(&attempt->body);
    struct json_index index;
    if (!completion_read_indexed(body, &index, completion))
        attempt_decide(attempt, ATTEMPT_GARBLED, "the answer is no JSON object");
    else if (completion_is_error(completion))
        attempt_decide(attempt, attempt_classify(attempt, attempt->asks->model, 0, body),
                       "an error came with a status of success");
    else if (completion->choices.type != JSON_ARRAY)
        attempt_decide(attempt, ATTEMPT_GARBLED, "the answer has no choices");
    else if (completion->usage_count > 1)
        attempt_decide(attempt, ATTEMPT_GARBLED, "the answer has its usage twice");
    else
        take_body(attempt, &index);
    completion_end(completion);
}

static bool open_body(struct attempt *attempt, struct json_index *index, struct json_value *root)
{
    if (plain_answer_open(&attempt->body, index, root))
        return true;
    attempt_decide(attempt, ATTEMPT_GARBLED, "the answer is no JSON object");
    return false;
}

/* Judges a good body in the client's dialect, which is not OpenAI's chat. */
static void judge_answer(struct attempt *attempt, struct json_value *root, struct json_index *index)
{
    plain_answer_read(attempt->asks, attempt->candidate->answers_as, &attempt->body, root, index,
                      &attempt->answer);
    bool said = attempt->events->on_answer(&attempt->answer, attempt->owner);
    attempt_decide(attempt, said ? ATTEMPT_ANSWERED : ATTEMPT_GARBLED, said ? "" : SAYS_NOTHING);
}

/* Judges the translated answer, which is attempt->body now. */
static void judge_translated(struct attempt *attempt)
{
    struct json_index index;
    struct json_value root;
    if (attempt->asks->streamed) {
        attempt->event_stream = true;
        attempt->events->on_translated(buffer_slice(&attempt->body), attempt->owner);
        attempt_decide(attempt, ATTEMPT_GARBLED, SAYS_NOTHING);
    } else if (attempt->asks->dialect == DIALECT_CHAT) {
        judge_chat_body(attempt);
    } else if (open_body(attempt, &index, &root)) {
        judge_answer(attempt, &root, &index);
        answer_facts_end(&attempt->answer);
    }
}

/* Puts the answer into the client's dialect. `facts` point into the provider's. */
static void translate_body(struct attempt *attempt, const struct answer_facts *facts)
{
    struct buffer body = attempt->body;
    buffer_init(&attempt->body, 2 * LIMIT_UPSTREAM_BODY_BYTES);
    bool done =
        attempt->translator.body(attempt->translator.arg, buffer_slice(&body), &attempt->body);
    if (done && !attempt->body.failed)
        judge_translated(attempt);
    else
        attempt_decide(attempt, ATTEMPT_GARBLED, "the answer cannot be translated");
    attempt->events->on_counts(facts, attempt->owner);
    buffer_fini(&body);
}

/* Judges a whole 2xx body in another dialect than OpenAI's chat, or one that is translated. Counts
 * are noted behind the text that they count. */
static void judge_form_body(struct attempt *attempt)
{
    struct answer_facts facts;
    struct json_index index;
    struct json_value root;
    if (stream_list(attempt) || !open_body(attempt, &index, &root))
        return;
    if (hide_prices(attempt, &root))
        check(open_body(attempt, &index, &root));
    if (attempt->dialect == DIALECT_RERANK &&
        plain_answer_name(attempt->candidate->terms.rerank, &attempt->body, &root))
        check(open_body(attempt, &index, &root));
    dialect_form(attempt->dialect)->read_answer(&root, &facts);
    attempt_span_note_answer(attempt->span, &facts.holder, &facts.model);
    attempt_span_hear_whole(attempt->span, &root);
    if (facts.kind == ANSWER_FAILS) {
        attempt_decide(
            attempt,
            attempt_classify(attempt, attempt->asks->model, 0, buffer_slice(&attempt->body)),
            "an error came with a status of success");
    } else if (!facts.said) { /* a translation would give it an end */
        attempt_decide(attempt, ATTEMPT_GARBLED, SAYS_NOTHING);
    } else if (attempt_translates(attempt)) {
        translate_body(attempt, &facts);
    } else if (attempt->asks->streamed) {
        stream_plain(attempt, &root);
    } else {
        judge_answer(attempt, &root, &index);
        attempt->events->on_counts(&attempt->answer, attempt->owner);
        answer_facts_end(&attempt->answer);
    }
}

/* Makes a plain answer of a mapped API one of OpenAI's chat. False: the attempt is decided. */
static bool map_body(struct attempt *attempt)
{
    struct buffer body = attempt->body;
    buffer_init(&attempt->body, 2 * LIMIT_UPSTREAM_BODY_BYTES);
    bool done = mapped_api_body(attempt->mapped, buffer_slice(&body), &attempt->body);
    buffer_fini(&body);
    if (!done || attempt->body.failed) {
        attempt_fail_mapping(attempt);
        return false;
    }
    if (!attempt->asks->streamed)
        return true;
    give_events(attempt, &attempt->body);
    return false;
}

/* Judges a good body that should be a text. A server that does not know the format sends JSON. */
static void judge_text(struct attempt *attempt)
{
    if (!plain_answer_read_text(buffer_slice(&attempt->body), &attempt->answer))
        judge_form_body(attempt);
    else if (attempt->events->on_answer(&attempt->answer, attempt->owner))
        attempt_decide(attempt, ATTEMPT_ANSWERED, "");
    else
        attempt_decide(attempt, ATTEMPT_GARBLED, SAYS_NOTHING);
}

void attempt_judge_body(struct attempt *attempt)
{
    if (attempt->mapped != NULL && !map_body(attempt))
        return;
    if (attempt->asks->text_answer)
        judge_text(attempt);
    else if (attempt_passes_chunks(attempt))
        judge_chat_body(attempt);
    else
        judge_form_body(attempt);
}
