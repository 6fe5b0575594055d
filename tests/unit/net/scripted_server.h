/* A server of which each byte and each close is written down beforehand: a list of steps for each
 * connection, in the order in which they are accepted, one after the other, on a thread of its
 * own. */
#ifndef TESTS_NET_SCRIPTED_SERVER_H
#define TESTS_NET_SCRIPTED_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum step_kind {
    STEP_END,       /* of the connection's script: it is closed if it is still open */
    STEP_READ,      /* a whole request, which is remembered */
    STEP_READ_HEAD, /* not its body */
    STEP_SEND,      /* `text`, or `data` */
    STEP_SEND_BYTEWISE,
    STEP_CLOSE,
    STEP_RESET,
    STEP_SEE_CLOSE, /* waits until the client closes; what comes before is read */
    STEP_WAIT       /* until the test says scripted_server_go */
};

struct step {
    enum step_kind kind;
    const char *text;
    struct slice data;
};

enum { SERVER_CONNECTIONS_MAX = 8, SERVER_STEPS_MAX = 12 };

struct script {
    struct step steps[SERVER_CONNECTIONS_MAX][SERVER_STEPS_MAX];
};

struct scripted_server {
    int fd;
    int port;
    int go[2]; /* a pipe */
    const struct script *script;
    pthread_t thread;
    atomic_int connections; /* that were accepted */
    atomic_int requests;    /* that were read */
    atomic_int closes;      /* that were seen */
    atomic_int over;        /* scripts that have been played */
    char *request;          /* the last one, with its body; to be read after the stop */
    size_t request_bytes;
};

void scripted_server_start(struct scripted_server *server, const struct script *script);
void scripted_server_go(struct scripted_server *server);
/* Waits for the scripts of all connections to have been played. */
void scripted_server_join(struct scripted_server *server);

#endif
