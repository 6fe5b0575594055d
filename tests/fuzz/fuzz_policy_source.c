/* The text of a policy, read for places: a line that is named is there, a name lies in the text. */
#include "fuzz.h"

#include "base/check.h"
#include "script/policy_source.h"

static int lines_of(struct slice text)
{
    int lines = 1;
    for (size_t i = 0; i < text.bytes; i++)
        lines += text.data[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const char name[] = "default", key[] = "api_key";
    const struct policy_step paths[][3] = {
        {{{name, sizeof name - 1}, 0}, {{key, sizeof key - 1}, 0}, {{NULL, 0}, 2}},
        {{{NULL, 0}, 1}, {{name, sizeof name - 1}, 0}, {{key, sizeof key - 1}, 0}},
    };
    struct slice text = {(const char *)data, bytes};
    struct policy_duplicate duplicate;
    int lines = lines_of(text);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        for (size_t steps = 0; steps <= 3; steps++) {
            int line = policy_source_line(text, paths[i], steps);
            check(line >= 0 && line <= lines);
            check(fuzz_inside(policy_source_env_name(text, paths[i], steps), text));
        }
    }
    if (policy_source_duplicate(text, &duplicate)) {
        check(fuzz_inside(duplicate.name, text));
        check(duplicate.first_line >= 1 && duplicate.first_line <= duplicate.second_line);
        check(duplicate.second_line <= lines);
    }
    return 0;
}
