/* Every bound of the system. A bound that an operator may change has its default here and its name
 * in gateway.conf. Units last. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
    /* a client's request */
    LIMIT_HEAD_BYTES = 32 * 1024,
    LIMIT_HEADERS = 100,
    LIMIT_TARGET_BYTES = 8 * 1024,
    LIMIT_BODY_BYTES = 32 * 1024 * 1024, /* body_bytes_max */
    LIMIT_JSON_DEPTH = 64,
    LIMIT_PIPELINED_BYTES = 64 * 1024, /* read ahead while a reply is under way */
    LIMIT_CHUNK_LINE_BYTES = 4 * 1024, /* one chunk-size line with its extensions */
    LIMIT_TRAILER_BYTES = 8 * 1024,

    /* what Lua sees of it (core/script/api_text.c) */
    LIMIT_BODY_MEMBERS = 64,
    LIMIT_MEMBER_NAME_BYTES = 64,   /* of a member of a body, or of a parameter */
    LIMIT_NUMBER_BYTES = 64,        /* the digits of a number, or an amount as text */
    LIMIT_CLIENT_TEXT_BYTES = 8192, /* any one text; most fields have less */
    LIMIT_QUERY_PARAMETERS = 64,
    LIMIT_QUERY_VALUE_BYTES = 1024,
    LIMIT_HEADER_TEXT_BYTES = 1024,  /* one header, but for the cookies */
    LIMIT_PATTERN_TEXT_BYTES = 2048, /* what one pattern of Lua may run over */

    /* proxies in front of us */
    LIMIT_TRUSTED_PROXIES = 64,           /* addresses and networks */
    LIMIT_FORWARDED_HOPS = 16,            /* the last ones of a Forwarded or X-Forwarded-For */
    LIMIT_PROXY_HEADER_BYTES = 16 * 1024, /* of the PROXY protocol */

    /* a reply */
    LIMIT_RETRY_AFTER_MS = 60 * 1000, /* some SDKs sleep as long as they are told to: no longer */
    LIMIT_OUTPUT_BYTES = 32 * 1024,   /* unsent bytes at which the upstream is paused */

    /* a retry with an Idempotency-Key */
    LIMIT_IDEMPOTENCY_KEY_BYTES = 255,
    LIMIT_KEPT_ANSWER_BYTES = 8 * 1024 * 1024, /* what is larger is answered once only */
    LIMIT_KEPT_ANSWER_MS = 24 * 3600 * 1000,
    LIMIT_DETACHED = 1000, /* calls of a worker that run on without their clients */
    LIMIT_DETACHED_BYTES = 64 * 1024 * 1024, /* and the bodies of their requests */

    /* an upstream's answer */
    LIMIT_UPSTREAM_HEAD_BYTES = 64 * 1024,
    LIMIT_UPSTREAM_BODY_BYTES = 32 * 1024 * 1024,
    LIMIT_EVENT_BYTES = 32 * 1024 * 1024,                /* one SSE event: a picture */
    LIMIT_ORDINARY_EVENT_BYTES = 4 * 1024 * 1024,        /* what is larger needs room for it: */
    LIMIT_LARGE_EVENTS = 4,                              /* so many streams of a worker have it */
    LIMIT_EDITED_EVENT_BYTES = LIMIT_EVENT_BYTES + 8192, /* with our reason and cost in it */
    LIMIT_ATTEMPTS = 8,
    LIMIT_CONNECTIONS_KEPT = 10000, /* idle ones to providers, of a worker */

    /* a policy VM */
    LIMIT_VM_BYTES = 256 * 1024 * 1024,         /* with all its tasks */
    LIMIT_LOAD_BYTES = 64 * 1024 * 1024,        /* policies and our own code */
    LIMIT_TURN_BYTES = 64 * 1024 * 1024,        /* by which one turn of a task may make it grow */
    LIMIT_LOAD_INSTRUCTIONS = 50 * 1000 * 1000, /* for loading and checking policies */
    LIMIT_LOAD_CPU_MS = 3000,                   /* and the processor time it may take */
    LIMIT_TURN_INSTRUCTIONS = 1000 * 1000,      /* between two yields of a task */
    LIMIT_TURN_CPU_MS = 250,
    LIMIT_POLICY_FILE_BYTES = 4 * 1024 * 1024,
    LIMIT_MODELS = 10000,

    /* accounts */
    LIMIT_EMAIL_BYTES = 254,
    LIMIT_NAME_BYTES = 100,
    LIMIT_PASSWORD_BYTES_MIN = 10,
    LIMIT_PASSWORD_BYTES = 1024,
    LIMIT_DEVICES = 20, /* browsers of a user that are known */
    LIMIT_KEYS_PER_USER = 100,
    LIMIT_KEY_MODELS = 16,
    LIMIT_KEY_MODELS_BYTES = 1024,
    LIMIT_MODEL_NAME_BYTES = 128,
    LIMIT_PAGE_ROWS = 1000,

    /* what is told of refused calls and failed attempts */
    LIMIT_NOTES = 8192,                /* that wait to be written */
    LIMIT_REFUSALS_A_MINUTE = 60,      /* of an account; more are counted only */
    LIMIT_REFUSALS = 500 * 1000,       /* rows; the oldest go first */
    LIMIT_ATTEMPT_NOTES = 1000 * 1000, /* the same */
    LIMIT_ATTEMPT_WORDS_BYTES = 300,   /* of what a provider says about a failure */

    /* queues */
    LIMIT_LEDGER_JOBS = 20000,
    LIMIT_REPORT_JOBS = 1000,
    LIMIT_PASSWORD_JOBS = 500,             /* that wait to be hashed */
    LIMIT_LOG_WAITING_BYTES = 1024 * 1024, /* lines that wait for the log's thread */
    LIMIT_LOOKUPS = 64,                    /* of providers' names that wait, of a worker */
    LIMIT_WORKERS = 64
};

/* How long they are kept. */
#define LIMIT_NOTES_MS (INT64_C(30) * 24 * 3600 * 1000)

#endif
