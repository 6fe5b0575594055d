/* `llm-gateway check`: the same path as a reload, up to the point where it would go live. */
#ifndef SCRIPT_POLICY_CHECK_H
#define SCRIPT_POLICY_CHECK_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/fault.h"

/* Reads the policies in `folder`, builds a throw-away VM and appends the effective prices as text.
 * `groups` are those that users are in, a line each ("12 vip"): what no file names is reported.
 * False: the fault's message is "models.lua:12: why". */
bool policy_check(const char *folder, struct slice groups, struct buffer *report,
                  struct fault *fault);

#endif
