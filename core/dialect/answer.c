#include "dialect/answer.h"

#include "dialect/choices.h"

enum { WORDS = 2 };

void answer_choices_note(struct answer_choices *choices, const struct json_value *number,
                         bool ended)
{
    int64_t index = 0;
    bool known = number->type == JSON_NUMBER && json_int64(number, &index) && index >= 0 &&
                 index < CHOICES_KNOWN;
    uint64_t bit = UINT64_C(1) << (known ? index % 64 : 0);
    size_t word = known ? (size_t)index / 64 : 0;
    choices->seen[word] |= bit;
    choices->ended[word] |= ended ? bit : 0;
}

void answer_choices_add(struct answer_choices *choices, const struct answer_choices *more)
{
    for (size_t i = 0; i < WORDS; i++) {
        choices->seen[i] |= more->seen[i];
        choices->ended[i] |= more->ended[i];
    }
}

bool answer_choices_told(const struct answer_choices *choices)
{
    return (choices->seen[0] | choices->seen[1]) != 0;
}

int answer_choices_ended(const struct answer_choices *choices)
{
    const uint64_t *ended = choices->ended;
    if (ended[0] != choices->seen[0] || ended[1] != choices->seen[1])
        return 0;
    return __builtin_popcountll(ended[0]) + __builtin_popcountll(ended[1]);
}

void answer_facts_end(struct answer_facts *facts)
{
    struct json_value *const values[] = {
        &facts->error,
        &facts->holder,
        &facts->usage,
        &facts->model,
        &facts->service_tier,
        &facts->beside.tool_usage,
        &facts->beside.output,
        &facts->beside.candidates,
        &facts->beside.svg_usage,
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i]->index = NULL;
}
