#include "store/usage.h"

#include "base/check.h"

const char *usage_source_name(enum usage_source source)
{
    switch (source) {
    case USAGE_NONE:
        return "none";
    case USAGE_REPORTED:
        return "reported";
    case USAGE_ESTIMATED:
        return "estimated";
    case USAGE_PARTIAL:
        return "partial";
    case USAGE_CORRECTED:
        return "corrected";
    case USAGE_MEASURED:
        return "measured";
    }
    check(false);
    return "";
}
