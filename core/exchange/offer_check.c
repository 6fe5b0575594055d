#include "exchange/offer_check.h"

#include <stdio.h>

#include "dialect/dialect.h"
#include "exchange/candidate.h"
#include "exchange/exchange_internal.h"
#include "exchange/price_facts.h"

static bool refuse_content(struct exchange *exchange, const char *what)
{
    char message[192];
    snprintf(
        message, sizeof message,
        "This model reads no %s. Leave them out, or ask a model that does: GET /v1/models says "
        "which (architecture.input_modalities).",
        what);
    const struct answer_error error = {.status = 400,
                                       .code = "unsupported_content",
                                       .message = message,
                                       .param = dialect_input_name(exchange->asks.dialect)};
    exchange_refuse(exchange, &error);
    return false;
}

/* Refuses content that the model's entry does not name: the provider would refuse it, or ignore it
 * and answer as if it had read it. */
static bool takes_content(struct exchange *exchange, const struct cost_ceiling *need)
{
    const struct prompt *prompt = &exchange->asks.prompt;
    if (prompt->image_count > 0 && !need->takes_images)
        return refuse_content(exchange, "images");
    if (prompt->audio_count > 0 && !need->takes_audio)
        return refuse_content(exchange, "sound recordings");
    if (prompt->file_count > 0 && !need->takes_files)
        return refuse_content(exchange, "files");
    return true;
}

static bool refuse(struct exchange *exchange, const char *code, const char *param,
                   const char *message)
{
    const struct answer_error error = {
        .status = 400, .code = code, .message = message, .param = param};
    exchange_refuse(exchange, &error);
    return false;
}

static bool decline(struct exchange *exchange, const char *param, const char *message)
{
    return refuse(exchange, "invalid_value", param, message);
}

/* A client can tell it from a mistake: another model may sell it. */
static bool leave_unsold(struct exchange *exchange, const char *param, const char *message)
{
    return refuse(exchange, "not_priced", param, message);
}

/* Refuses more than the model's entry says that a call may have: more would not be paid. */
static bool takes_amount(struct exchange *exchange, const struct cost_ceiling *need)
{
    const struct model_request *asks = &exchange->asks;
    int64_t characters = need->beside.character;
    int64_t pictures = need->beside.image;
    int64_t searches = need->beside.web_search;
    char message[160];
    if (searches > 0 && asks->prompt.search_count > searches) {
        snprintf(message, sizeof message, "This model ranks at most %lld documents in one call.",
                 (long long)(searches * PROMPT_SEARCH_DOCUMENTS));
        return decline(exchange, "documents", message);
    }
    if (characters > 0 && asks->media.characters > characters) {
        snprintf(message, sizeof message,
                 "This model speaks at most %lld characters at once; 'input' has %lld.",
                 (long long)characters, (long long)asks->media.characters);
        return decline(exchange, "input", message);
    }
    if (asks->media.medium == ANSWERS_PICTURES && pictures > 0 && asks->choices > pictures) {
        snprintf(message, sizeof message, "This model makes at most %lld pictures at once.",
                 (long long)pictures);
        return decline(exchange, "n", message);
    }
    return true;
}

/* The head of a file that cannot be measured would decide what it costs. */
bool offer_check_length(const struct prompt *prompt, int64_t seconds_max,
                        struct request_fault *fault)
{
    if (prompt->sound_seconds == 0 || seconds_max == 0 || prompt->sound_coming)
        return true;
    if (!prompt->sound_measured)
        return request_refuse(
            fault, "invalid_value", "file",
            "This model is sold by the second, and the length of this file cannot be "
            "measured. Send WAV (PCM, ADPCM), FLAC, MP3, AAC, Ogg (Opus, Vorbis), M4A (AAC, "
            "ALAC), CAF (PCM, IMA, ALAC) or WebM (Opus).");
    return prompt->sound_seconds <= seconds_max ||
           request_refuse(fault, "invalid_value", "file",
                          "The sound is %lld seconds long; this model reads at most %lld in one "
                          "call.",
                          (long long)prompt->sound_seconds, (long long)seconds_max);
}

static bool takes_length(struct exchange *exchange, const struct cost_ceiling *need)
{
    struct request_fault fault;
    return offer_check_length(&exchange->asks.prompt, need->beside.second, &fault) ||
           decline(exchange, fault.param, fault.message);
}

/* Whether a seller's prices name the word, or need not. */
static bool sells_word(const struct exchange *exchange, const struct cost_ceiling *need,
                       enum usage_word word, const char *said)
{
    bool sold = need->seller_count == 0 || price_facts_is_open(said) ||
                price_facts_is_usual(&exchange->asks, word, said);
    for (size_t i = 0; !sold && i < need->seller_count; i++)
        sold = price_schedule_takes(need->sellers[i]->terms.sold_rules, word, said);
    return sold;
}

/* Refuses a size, a quality or how much a search reads, where the prices do not name it but others:
 * it would be sold at another's price. */
static bool sells_words(struct exchange *exchange, const struct cost_ceiling *need)
{
    static const struct {
        enum usage_word word;
        const char *param;
    } words[] = {{USAGE_SIZE, "size"},
                 {USAGE_QUALITY, "quality"},
                 {USAGE_RESOLUTION, "resolution"},
                 {USAGE_SEARCH_CONTEXT, "web_search_options.search_context_size"}};
    const struct price_question question = {&exchange->asks, exchange->created_ms, need->choice};
    struct price_facts asked;
    char message[192];
    if (!asked_words_any(&exchange->asks.asked))
        return true;
    price_facts_plain(&question, &asked);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *said = asked.words[words[i].word];
        if (sells_word(exchange, need, words[i].word, said))
            continue;
        snprintf(message, sizeof message,
                 "'%s' of '%s' is not sold with this model: GET /v1/models has its prices.",
                 words[i].param, said);
        return leave_unsold(exchange, words[i].param, message);
    }
    return true;
}

/* Refuses what the provider bills in another way than by the prices of the model's entry. No
 * provider bills what the translation for every candidate leaves out. */
static bool sells_features(struct exchange *exchange, const struct cost_ceiling *need)
{
    enum dialect asked = exchange->asks.dialect;
    const char *sold = need->sold_features != NULL ? need->sold_features : "";
    const char *left_out = (need->spoken >> asked & 1) == 0 ? paid_features_left_out(asked) : "";
    const struct paid_feature *unsold = paid_features_unsold(&exchange->asks.paid, sold, left_out);
    char name[PAID_FEATURE_NAME_BYTES];
    char param[PAID_FEATURE_PARAM_BYTES];
    char message[sizeof name + sizeof param + 128];
    if (unsold == NULL)
        return true;
    snprintf(message, sizeof message,
             "'%s' asks for '%s', which is not sold with this model. Leave it out, or ask the "
             "operator of this gateway to sell it.",
             paid_features_param(unsold, param), paid_features_name(unsold, name));
    return leave_unsold(exchange, param, message);
}

bool offer_check(struct exchange *exchange, const struct cost_ceiling *offered)
{
    return takes_content(exchange, offered) && sells_features(exchange, offered) &&
           takes_amount(exchange, offered) && takes_length(exchange, offered) &&
           sells_words(exchange, offered);
}
