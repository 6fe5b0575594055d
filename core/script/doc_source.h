/* The pages of the documentation whose readers must be known first: lua/docs.lua finds out who
 * reads, what is handed down here has the pages (app/pages.h). */
#ifndef SCRIPT_DOC_SOURCE_H
#define SCRIPT_DOC_SOURCE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

enum doc_reader { DOC_READER_NOBODY, DOC_READER_CUSTOMER, DOC_READER_OPERATOR };

enum { DOC_BYTES_MAX = 4 * 1024 * 1024, DOC_POLICY_BYTES = 1024 };

struct doc_reply {
    int status; /* 200; 401: sign in first; 404 */
    const char *type;
    char policy[DOC_POLICY_BYTES]; /* Content-Security-Policy */
    struct buffer content;         /* initialised by the caller, who frees it */
};

struct doc_source {
    /* Any worker's thread. False: there is no such page, nor one that says so. */
    bool (*read)(void *arg, struct slice path, enum doc_reader reader, struct doc_reply *out);
    void *arg;
    const char *readers; /* the setting `docs`: "off", "public", "signed_in" */
};

#endif
