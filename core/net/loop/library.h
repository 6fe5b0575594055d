/* The set-up of libevent and libcurl, once for the process. */
#ifndef NET_LOOP_LIBRARY_H
#define NET_LOOP_LIBRARY_H

/* Call it on the main thread, before other threads start. */
void net_library_init(void);
/* Gives free memory back to the system. It takes milliseconds, so call it only when idle. */
void net_library_trim_memory(void);

#endif
