/* The parts of a form (multipart.h) as its bytes come: whatever the pieces, it finds and refuses
 * what multipart_scan finds and refuses in the whole. Each step says what the next bytes are. It
 * keeps none of them: its owner has what lies ahead, at most MULTIPART_AHEAD_BYTES before a step
 * goes on. Only for this room. Pure functions. */
#ifndef DIALECT_MULTIPART_FLOW_H
#define DIALECT_MULTIPART_FLOW_H

#include "dialect/multipart.h"

enum { MULTIPART_AHEAD_BYTES = LIMIT_FORM_HEAD_BYTES };

enum multipart_step {
    MULTIPART_LACKS, /* more must come */
    MULTIPART_TEXT,  /* of a delimiter, a head or a plain field */
    MULTIPART_FILE,  /* of a file */
    MULTIPART_OVER,  /* the form is over, and good */
    MULTIPART_REFUSED
};

enum multipart_place {
    MULTIPART_AT_START,
    MULTIPART_BEHIND_DELIMITER,
    MULTIPART_IN_HEAD,
    MULTIPART_IN_VALUE,
    MULTIPART_AT_END,
    MULTIPART_BEHIND_END
};

struct multipart_flow {
    struct multipart_delimiter delimiter;
    enum multipart_place place;
    size_t parts; /* begun */
    bool in_file; /* the part is one */
    uint64_t value_bytes;
    bool length_stated; /* the part says how long it is: */
    char length[24];
};

void multipart_flow_init(struct multipart_flow *flow, struct slice boundary);
/* `ahead`: what has come behind the last step. `over`: nothing comes behind it. *out_bytes: how
 * many of them the step has taken. */
enum multipart_step multipart_flow_step(struct multipart_flow *flow, struct slice ahead, bool over,
                                        size_t *out_bytes, struct request_fault *fault);

#endif
