/* What alerts may be of under the policies of a VM (struct alert_scope of store/alerts.h). On the
 * thread that builds the VM, before it is handed over. */
#ifndef SCRIPT_ALERT_SUBJECTS_H
#define SCRIPT_ALERT_SUBJECTS_H

struct alert_scope;
struct vm;

/* If the VM has no memory for the list, everything is in scope. */
void alert_subjects_read(struct vm *vm, struct alert_scope *out);

#endif
