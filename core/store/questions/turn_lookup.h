/* Looks up the turns that a request names (turns.h). */
#ifndef STORE_QUESTIONS_TURN_LOOKUP_H
#define STORE_QUESTIONS_TURN_LOOKUP_H

struct job;

/* The `run` of a struct turn_lookup; `server` is the struct reports. */
void turn_lookup_run(struct job *job, void *server);

#endif
