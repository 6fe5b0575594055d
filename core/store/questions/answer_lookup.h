/* Looks for a kept answer (answers.h). */
#ifndef STORE_QUESTIONS_ANSWER_LOOKUP_H
#define STORE_QUESTIONS_ANSWER_LOOKUP_H

struct job;

/* The `run` of a struct answer_lookup; `server` is the struct reports. */
void answer_lookup_run(struct job *job, void *server);

#endif
