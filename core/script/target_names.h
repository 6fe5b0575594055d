/* The candidates of a VM's policies by their names, "provider/model". On the thread that builds the
 * VM, before it is handed over. */
#ifndef SCRIPT_TARGET_NAMES_H
#define SCRIPT_TARGET_NAMES_H

#include <stddef.h>

#include "store/alerts.h"

struct vm;

/* Leaves of these subjects of alerts only those that no candidate has. Returns how many. */
size_t target_names_missing(struct vm *vm, char (*subjects)[ALERT_SUBJECT_BYTES], size_t count);

#endif
