/* What payments.lua says of automatic top-ups. On the VM's thread, outside of tasks. */
#ifndef SCRIPT_TOP_UP_TERMS_H
#define SCRIPT_TOP_UP_TERMS_H

#include "store/top_ups.h"

struct vm;

enum top_ups top_up_terms(struct vm *vm);

#endif
