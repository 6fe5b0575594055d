/* The body that an attempt sends: the client's with a few edits, or translated, or made by the
 * functions of an API that the operator maps. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "dialect/foreign_marks.h"
#include "dialect/raw_predict.h"
#include "dialect/rerank_names.h"
#include "exchange/attempt.h"
#include "exchange/attempt_internal.h"
#include "exchange/attempt_refusal.h"
#include "exchange/mapped_api.h"
#include "exchange/provider_headers.h"
#include "net/server/server.h"

static bool refuse_member(struct attempt *attempt, const struct request_fault *fault)
{
    struct provider_refusal *refusal = attempt_refuse(attempt);
    refusal->status = 400;
    snprintf(refusal->code, sizeof refusal->code, "%s", fault->code);
    snprintf(refusal->message, sizeof refusal->message, "%s", fault->message);
    snprintf(refusal->param, sizeof refusal->param, "%s", fault->param != NULL ? fault->param : "");
    attempt_decide(attempt, ATTEMPT_REFUSED, fault->message);
    return false;
}

static struct translator_wish wish_of(const struct attempt *attempt,
                                      const struct attempt_request *asked)
{
    const struct candidate_terms *terms = &attempt->candidate->terms;
    return (struct translator_wish){
        .model = terms->model,
        .model_public = terms->answers_as[0] != '\0' ? terms->answers_as : asked->asks->model,
        .output_tokens_max = asked->output_tokens_max,
        .output_tokens_most = asked->output_tokens_most,
        .max_tokens_field = terms->max_tokens_field,
        .streamed = asked->asks->streamed,
        .usage_unasked = terms->usage_unasked,
        .never_reasons = asked->never_reasons,
        .stored = asked->stored,
        .continues_response = asked->continues_response,
        .continues_conversation = asked->continues_conversation,
        .compacts = asked->asks->compaction == COMPACTION_BY_PATH,
        .exchange_id = asked->exchange_id,
        .created_ms = asked->created_ms};
}

/* Makes the body in the provider's dialect. */
static bool translate_request(struct attempt *attempt, const struct attempt_request *asked)
{
    const struct translator_wish wish = wish_of(attempt, asked);
    struct request_fault fault = {.code = "invalid_value"};
    if (!attempt->translator.request(attempt->translator.arg, asked->asks->text, &wish,
                                     &attempt->translated, &fault))
        return refuse_member(attempt, &fault);
    attempt->copy.parts[0] = buffer_slice(&attempt->translated);
    attempt->copy.part_count = 1;
    return true;
}

/* Makes the body with the few edits for the provider. */
static bool copy_request(struct attempt *attempt, const struct attempt_request *asked)
{
    const struct candidate_terms *terms = &attempt->candidate->terms;
    const struct request_changes changes = {.model = terms->model,
                                            .output_tokens_max = asked->output_tokens_max,
                                            .searches_max = asked->searches_max,
                                            .max_tokens_field = terms->max_tokens_field,
                                            .usage_unasked = terms->usage_unasked};
    bool renamed = attempt->dialect == DIALECT_RERANK && terms->rerank != NULL;
    bool done = renamed
                    ? rerank_names_apply(asked->asks, &changes, terms->rerank, &attempt->copy)
                    : dialect_form(attempt->dialect)->apply(asked->asks, &changes, &attempt->copy);
    if (done && foreign_marks_stand_in(attempt->dialect, asked->asks->text))
        done = foreign_marks_remove(attempt->dialect, &attempt->copy);
    if (!done)
        attempt_decide(attempt, ATTEMPT_FAILED, "there is no memory for the request");
    return done;
}

/* Makes the body of an API that the operator has mapped, of the one in OpenAI's chat. */
static bool map_request(struct attempt *attempt, const struct attempt_request *asked)
{
    const struct translator_wish wish = wish_of(attempt, asked);
    struct request_fault fault = {.code = "internal_error"};
    struct buffer chat;
    buffer_init(&chat, 2 * LIMIT_UPSTREAM_BODY_BYTES);
    for (size_t i = 0; i < attempt->copy.part_count; i++)
        buffer_append_slice(&chat, attempt->copy.parts[i]);
    request_copy_fini(&attempt->copy);
    buffer_reset(&attempt->translated);
    bool done = !chat.failed && mapped_api_request(attempt->mapped, buffer_slice(&chat), &wish,
                                                   &attempt->translated, &fault);
    buffer_fini(&chat);
    attempt->copy = (struct request_copy){.part_count = 1};
    attempt->copy.parts[0] = buffer_slice(&attempt->translated);
    if (done)
        return true;
    if (strcmp(fault.code, "internal_error") != 0)
        return refuse_member(attempt, &fault);
    attempt_decide(attempt, ATTEMPT_FAILED, mapped_api_why(attempt->mapped));
    return false;
}

/* Anthropic's dialect as on Vertex. What is translated has the form of the newest version. */
static bool version_request(struct attempt *attempt, const struct attempt_request *asked)
{
    const struct slice *named =
        asked->head != NULL ? head_header(asked->head, "anthropic-version") : NULL;
    struct slice version = named != NULL ? *named : slice_of("");
    if (attempt_translates(attempt))
        version = slice_of(PROVIDER_HEADERS_NEWEST_VERSION);
    bool done = raw_predict_change(version, &attempt->copy);
    if (!done)
        attempt_decide(attempt, ATTEMPT_FAILED, "there is no memory for the request");
    return done;
}

bool attempt_make_body(struct attempt *attempt, const struct attempt_request *asked)
{
    bool done = attempt_translates(attempt) ? translate_request(attempt, asked)
                                            : copy_request(attempt, asked);
    if (done && attempt->candidate->terms.raw_predict)
        done = version_request(attempt, asked);
    if (done && asked->tail != NULL) /* it ends with an end of ours, which the tail has */
        attempt->copy.parts[attempt->copy.part_count - 1].bytes -= asked->closing_bytes;
    return done && (attempt->mapped == NULL || map_request(attempt, asked));
}
