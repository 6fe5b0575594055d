#include "store/usage_facts.h"

const char *usage_facts_word_name(enum usage_word word)
{
    static const char *const names[USAGE_WORDS] = {
        [USAGE_SERVICE_TIER] = "service_tier",
        [USAGE_SPEED] = "speed",
        [USAGE_REGION] = "region",
        [USAGE_CHOICE] = "choice",
        [USAGE_SEARCH_CONTEXT] = "search_context",
        [USAGE_SIZE] = "size",
        [USAGE_QUALITY] = "quality",
        [USAGE_RESOLUTION] = "resolution",
    };
    return names[word];
}

bool usage_facts_any(const struct usage_facts *facts)
{
    bool any = facts->cost_stated || facts->canary_attempts > 0;
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++)
        any = any || facts->words[word][0] != '\0';
    return any;
}
