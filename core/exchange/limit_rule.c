#include "exchange/limit_rule.h"

void limit_rule_name(struct limit_rule *rule, const char *name)
{
    const struct quota_place place = quota_place_of(name);
    rule->place = (struct limit_slot){place.low, place.high};
}
