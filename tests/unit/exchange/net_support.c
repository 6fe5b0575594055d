/* The scripted server of net/scripted_server.h for this floor's tests. */
#include "net/scripted_server.c" /* NOLINT(bugprone-suspicious-include) */
