/* Looks up whose the objects are that a request names (objects.h). */
#ifndef STORE_QUESTIONS_OBJECT_LOOKUP_H
#define STORE_QUESTIONS_OBJECT_LOOKUP_H

struct job;

/* The `run` of a struct object_lookup; `server` is the struct reports. */
void object_lookup_run(struct job *job, void *server);

#endif
