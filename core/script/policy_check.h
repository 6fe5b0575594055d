/* `llm-gateway check`: the same path as a reload, up to the point where it would go live. */
#ifndef SCRIPT_POLICY_CHECK_H
#define SCRIPT_POLICY_CHECK_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/fault.h"

/* Reads the policies in `folder`, builds a throw-away VM and appends the effective prices as text.
 * False: the fault's message is "models.lua:12: why". */
bool policy_check(const char *folder, struct buffer *report, struct fault *fault);

#endif
