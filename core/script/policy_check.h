/* `llm-gateway check`: does all that a reload does, but the policies do not go live. */
#ifndef SCRIPT_POLICY_CHECK_H
#define SCRIPT_POLICY_CHECK_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/fault.h"

/* Reads the policies in `folder`, builds a throw-away VM and appends the effective prices as text.
 * `names` has the groups and models that the database names, as store_policy_names gives them;
 * those that no file has are reported.
 * On false the fault's message is "models.lua:12: why". */
bool policy_check(const char *folder, struct slice names, struct buffer *report,
                  struct fault *fault);

#endif
