#include "exchange/completion.h"

#include "base/limits.h"

bool completion_read(struct slice text, struct completion *out)
{
    enum { ERROR, CHOICES, USAGE, MEMBERS };
    struct json_member members[MEMBERS] = {
        [ERROR] = {.name = "error"}, [CHOICES] = {.name = "choices"}, [USAGE] = {.name = "usage"}};
    struct fault fault;
    *out = (struct completion){0};
    if (!json_parse(text, LIMIT_JSON_DEPTH, &out->root, &fault) || out->root.type != JSON_OBJECT)
        return false;
    json_find_all(&out->root, members, MEMBERS);
    out->error = members[ERROR].value;
    out->choices = members[CHOICES].value;
    out->usage = members[USAGE].value;
    out->usage_count = members[USAGE].count;
    return true;
}
