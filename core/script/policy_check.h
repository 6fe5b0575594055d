/* `llm-gateway check`: does all that a reload does, but the policies do not go live. */
#ifndef SCRIPT_POLICY_CHECK_H
#define SCRIPT_POLICY_CHECK_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/fault.h"

/* Reads the policies in `folder`, builds a throw-away VM and appends the effective prices as text.
 * `groups` has the groups of users, a line each ("12 vip"): those that no file names are reported.
 * On false the fault's message is "models.lua:12: why". */
bool policy_check(const char *folder, struct slice groups, struct buffer *report,
                  struct fault *fault);

#endif
