/* The set-up that libevent and libcurl want once for the process. */
#ifndef NET_LOOP_LIBRARY_H
#define NET_LOOP_LIBRARY_H

/* On the main thread, before other threads start. */
void net_library_init(void);
/* Gives free memory back to the system: takes milliseconds, so only when there is nothing to do. */
void net_library_trim_memory(void);

#endif
