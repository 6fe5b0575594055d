#include "exchange/price_facts.h"

#include <string.h>

#include "dialect/chat.h"
#include "dialect/completion.h"
#include "dialect/usage_form.h"

void price_facts_ask(const struct chat_request *chat, int64_t prompt_tokens,
                     struct price_facts *out)
{
    *out = (struct price_facts){.prompt_tokens = prompt_tokens};
    price_word_copy(paid_features_value(&chat->paid, "service_tier."), out->service_tier);
    price_word_copy(paid_features_value(&chat->paid, "speed."), out->speed);
    price_word_copy(paid_features_value(&chat->paid, "inference_geo."), out->region);
}

/* A word that is no text, or is null, says nothing. */
static void note(const struct json_value *value, char out[PRICE_WORD_BYTES])
{
    if (value->type == JSON_STRING && value->raw.bytes > 2)
        price_word_copy((struct slice){value->raw.data + 1, value->raw.bytes - 2}, out);
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
}

void price_facts_merge(struct price_facts *asked, const struct price_facts *said)
{
    if (said->service_tier[0] != '\0')
        memcpy(asked->service_tier, said->service_tier, PRICE_WORD_BYTES);
    if (said->speed[0] != '\0')
        memcpy(asked->speed, said->speed, PRICE_WORD_BYTES);
    if (said->region[0] != '\0')
        memcpy(asked->region, said->region, PRICE_WORD_BYTES);
}
