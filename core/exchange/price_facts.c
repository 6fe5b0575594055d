#include "exchange/price_facts.h"

#include <string.h>
#include <strings.h>

#include "dialect/completion.h"
#include "dialect/model_request.h"
#include "dialect/usage_form.h"
#include "store/usage.h"

_Static_assert((int)USAGE_WORD_BYTES == (int)PRICE_WORD_BYTES, "a record keeps whole words");

/* A word of a text in JSON, without its quotes: with its escapes it is the same word. */
static void copy_word(struct slice raw, char out[PRICE_WORD_BYTES])
{
    struct buffer room;
    if (slice_char(raw, '\\') == NULL) {
        price_word_copy(raw, out);
        return;
    }
    const struct json_value quoted = {.type = JSON_STRING, .raw = {raw.data - 1, raw.bytes + 2}};
    buffer_init(&room, raw.bytes);
    price_word_copy(json_decode_string(&quoted, &room) ? buffer_slice(&room) : raw, out);
    buffer_fini(&room);
}

void price_facts_plain(const struct price_question *question, struct price_facts *out)
{
    const struct asked_words *asked = &question->asks->asked;
    *out = (struct price_facts){.at_ms = question->at_ms};
    price_word_copy(slice_of(question->choice), out->choice);
    copy_word(asked->search_context, out->search_context);
    copy_word(asked->size, out->size);
    copy_word(asked->quality, out->quality);
    copy_word(asked->resolution, out->resolution);
}

void price_facts_ask(const struct price_question *question, int64_t prompt_tokens,
                     struct price_facts *out)
{
    const struct paid_features *paid = &question->asks->paid;
    price_facts_plain(question, out);
    out->prompt_tokens = prompt_tokens;
    price_word_copy(paid_features_value(paid, "service_tier."), out->service_tier);
    price_word_copy(paid_features_value(paid, "speed."), out->speed);
    price_word_copy(paid_features_value(paid, "inference_geo."), out->region);
}

/* A word that is no text, or is null, says nothing. */
static void note(const struct json_value *value, char out[PRICE_WORD_BYTES])
{
    if (value->type == JSON_STRING && value->raw.bytes > 2)
        copy_word((struct slice){value->raw.data + 1, value->raw.bytes - 2}, out);
}

void price_facts_note_tier(struct price_facts *said, const struct json_value *service_tier)
{
    note(service_tier, said->service_tier);
}

void price_facts_note_completion(struct price_facts *said, const struct completion *completion)
{
    note(&completion->service_tier, said->service_tier);
}

void price_facts_note_usage(struct price_facts *said, const struct usage_form *form)
{
    note(&form->service_tier, said->service_tier);
    note(&form->speed, said->speed);
    note(&form->region, said->region);
    note(&form->search_context, said->search_context);
}

bool price_facts_is_open(const char *word)
{
    return word[0] == '\0' || strcasecmp(word, "auto") == 0;
}

bool price_facts_is_usual(const struct model_request *asks, enum usage_word word, const char *said)
{
    if (said[0] == '\0')
        return true;
    if (word == USAGE_SEARCH_CONTEXT) /* a rule stands where one differs (docs/CATALOG.md) */
        return strcasecmp(said, "low") == 0 || strcasecmp(said, "medium") == 0 ||
               strcasecmp(said, "high") == 0;
    return asks->media.medium != ANSWERS_PICTURES && word == USAGE_SIZE &&
           strcasecmp(said, "1K") == 0; /* Google's */
}

bool price_facts_is_doubted(const struct model_request *asks, enum usage_word word,
                            const char *asked)
{
    return asks->asked.beside && asks->media.medium != ANSWERS_PICTURES && word >= USAGE_SIZE &&
           asked[0] != '\0';
}

void price_facts_note_pictures(struct price_facts *said, const struct json_value *answer)
{
    enum { SIZE, QUALITY, RESOLUTION, MEMBERS };
    static const enum usage_word words[MEMBERS] = {USAGE_SIZE, USAGE_QUALITY, USAGE_RESOLUTION};
    struct json_member members[MEMBERS] = {[SIZE] = {.name = "size"},
                                           [QUALITY] = {.name = "quality"},
                                           [RESOLUTION] = {.name = "resolution"}};
    json_find_all(answer, members, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++) {
        if (!json_string_is(&members[i].value, "auto"))
            note(&members[i].value, said->words[words[i]]);
    }
}

void price_facts_merge(struct price_facts *asked, const struct price_facts *said)
{
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++) {
        if (said->words[word][0] != '\0')
            memcpy(asked->words[word], said->words[word], PRICE_WORD_BYTES);
    }
}

void price_facts_keep(const struct price_facts *facts, struct usage_facts *out)
{
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_CHOICE; word++) {
        if (!price_schedule_knows(NULL, word, facts->words[word]))
            memcpy(out->words[word], facts->words[word], USAGE_WORD_BYTES);
    }
    for (enum usage_word word = USAGE_CHOICE; word < USAGE_WORDS; word++)
        memcpy(out->words[word], facts->words[word], USAGE_WORD_BYTES);
}

void price_facts_recall(const struct usage_record *record, const char *choice,
                        struct price_facts *out)
{
    *out = (struct price_facts){.prompt_tokens = unit_counts_prompt(&record->counts),
                                .at_ms = record->created_ms};
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++)
        memcpy(out->words[word], record->facts.words[word], PRICE_WORD_BYTES);
    price_word_copy(slice_of(choice), out->choice);
}
