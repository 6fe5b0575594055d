/* What payments.lua says of automatic top-ups. On the VM's thread, outside of tasks. */
#ifndef SCRIPT_TOP_UP_TERMS_H
#define SCRIPT_TOP_UP_TERMS_H

struct store;
struct vm;

/* Gives it to the store. */
void top_up_terms_give(struct vm *vm, struct store *store);

#endif
