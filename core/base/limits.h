/* Every bound of the system. Where the operator may change a bound, this is its default and the
 * comment has its name in gateway.conf. Names end with the unit. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
    /* a client's request */
    LIMIT_HEAD_BYTES = 32 * 1024,
    LIMIT_HEADERS = 100,
    LIMIT_TARGET_BYTES = 8 * 1024,
    LIMIT_BODY_BYTES = 32 * 1024 * 1024, /* body_bytes_max */
    LIMIT_JSON_DEPTH = 64,
    LIMIT_FOREIGN_MARKS = 64 * 1024,   /* of other providers, in one conversation */
    LIMIT_PIPELINED_BYTES = 64 * 1024, /* bytes read ahead while a reply is under way */
    LIMIT_CHUNK_LINE_BYTES = 4 * 1024, /* one chunk-size line with its extensions */
    LIMIT_TRAILER_BYTES = 8 * 1024,
    LIMIT_FORM_PARTS = 64,            /* of a form with files */
    LIMIT_FORM_HEAD_BYTES = 4 * 1024, /* of one of them */
    LIMIT_FORM_WORD_BYTES = 64,       /* a field that decides a price */
    /* of a form that is passed on as it comes */
    LIMIT_FORM_FLOW_BYTES = 192 * 1024, /* what waits for the provider */
    LIMIT_FORM_TEXT_BYTES = 64 * 1024,  /* all but the bytes of its files */
    LIMIT_FORM_LATE_BYTES = 8 * 1024,   /* of text behind its first file */
    LIMIT_FORM_PICTURES = 17,           /* OpenAI takes 16 and a mask */
    LIMIT_INPUTS = 4096, /* of a request for embeddings and the like; OpenAI takes 2,048 */

    /* what Lua sees of a body (core/script/api_text.c) */
    LIMIT_BODY_MEMBERS = 64,
    LIMIT_MEMBER_NAME_BYTES = 64,   /* name of a member of a body, or of a parameter */
    LIMIT_NUMBER_BYTES = 64,        /* a number's digits, or an amount as text */
    LIMIT_CLIENT_TEXT_BYTES = 8192, /* any text of a client; most fields allow less */
    LIMIT_WISHES_BYTES = 4096,      /* the member `provider` of a call, and `models` */
    LIMIT_ASKED_MODELS = 4,         /* that a call may name, each where the ones before fail */
    LIMIT_QUERY_PARAMETERS = 64,
    LIMIT_QUERY_VALUE_BYTES = 1024,
    LIMIT_HEADER_TEXT_BYTES = 1024,  /* one header; cookies may be longer */
    LIMIT_PATTERN_TEXT_BYTES = 2048, /* the longest text that a Lua pattern runs over */

    /* proxies in front of us */
    LIMIT_TRUSTED_PROXIES = 64,           /* addresses and networks */
    LIMIT_FORWARDED_HOPS = 16,            /* read from the end of a (X-)Forwarded(-For) header */
    LIMIT_PROXY_HEADER_BYTES = 16 * 1024, /* a header of the PROXY protocol */

    /* a reply */
    LIMIT_RETRY_AFTER_MS = 60 * 1000, /* some SDKs sleep as long as they are told */
    LIMIT_OUTPUT_BYTES = 32 * 1024,   /* unsent bytes at which we pause the provider */

    /* retries with an Idempotency-Key */
    LIMIT_IDEMPOTENCY_KEY_BYTES = 255,
    LIMIT_KEPT_ANSWER_BYTES = 8 * 1024 * 1024, /* a larger answer is not kept for a retry */
    LIMIT_KEPT_ANSWER_MS = 24 * 3600 * 1000,
    LIMIT_DETACHED = 1000, /* calls of a worker that go on without their clients */
    LIMIT_DETACHED_BYTES = 64 * 1024 * 1024, /* the request bodies of those calls */

    /* shadows (core/exchange/shadow.h), of a worker */
    LIMIT_SHADOWS = 16,
    LIMIT_SHADOW_BYTES = 16 * 1024 * 1024, /* the request bodies of those calls */
    LIMIT_SHADOW_MS = 10 * 60 * 1000,

    /* test calls (core/exchange/test_call.h), of a worker */
    LIMIT_TEST_CALLS = 4,
    LIMIT_TEST_CALL_NUSD = 100 * 1000 * 1000, /* the most that one may cost */
    LIMIT_TEST_CALL_MS = 60 * 1000,

    LIMIT_HEDGES = 128, /* second requests under way (core/exchange/hedge.h), of a worker */

    /* a provider's answer */
    LIMIT_UPSTREAM_HEAD_BYTES = 64 * 1024,
    LIMIT_UPSTREAM_BODY_BYTES = 32 * 1024 * 1024,
    LIMIT_PICTURES_BYTES = 64 * 1024 * 1024,             /* a plain answer with pictures */
    LIMIT_EVENT_BYTES = 32 * 1024 * 1024,                /* one SSE event: it may hold a picture */
    LIMIT_ORDINARY_EVENT_BYTES = 4 * 1024 * 1024,        /* a larger event needs a place */
    LIMIT_LARGE_EVENTS = 4,                              /* such places of a worker */
    LIMIT_EDITED_EVENT_BYTES = LIMIT_EVENT_BYTES + 8192, /* with our reason and cost */
    LIMIT_ATTEMPTS = 8,
    LIMIT_CONNECTIONS_KEPT = 10000, /* idle connections to providers, of a worker */

    /* questions to providers that cost nothing (core/exchange/ask.h) */
    LIMIT_ASKED_BYTES = 16 * 1024 * 1024, /* a whole answer */
    LIMIT_ASK_PATH_BYTES = 4 * 1024,
    LIMIT_ASK_MS = 120 * 1000,
    LIMIT_ASKS = 32, /* of an account at the same time: Claude Code asks 25 times at once */
    LIMIT_ASKS_A_MINUTE = 240, /* of an account */

    /* the Lua VM of a policy */
    LIMIT_VM_BYTES = 256 * 1024 * 1024,         /* including all its tasks */
    LIMIT_LOAD_BYTES = 64 * 1024 * 1024,        /* policies and our own code */
    LIMIT_TURN_BYTES = 64 * 1024 * 1024,        /* growth of the VM by one turn of a task */
    LIMIT_LOAD_INSTRUCTIONS = 50 * 1000 * 1000, /* for loading and checking policies */
    LIMIT_LOAD_CPU_MS = 3000,                   /* processor time for the same */
    LIMIT_TURN_INSTRUCTIONS = 1000 * 1000,      /* between two yields of a task */
    LIMIT_TURN_CPU_MS = 250,
    LIMIT_TRANSLATION_INSTRUCTIONS = 20 * 1000 * 1000, /* of one body or event */
    LIMIT_DOCUMENT_NODES = 64 * 1024,                  /* values of a JSON text that Lua reads */
    LIMIT_DOCUMENT_TEXT_BYTES = 4 * 1024 * 1024,       /* a value that Lua holds as a text */
    LIMIT_POLICY_FILE_BYTES = 4 * 1024 * 1024,
    LIMIT_MODELS = 10000,
    LIMIT_REPLAY_MS = 60 * 1000, /* a replay that a page asks for */

    /* accounts */
    LIMIT_EMAIL_BYTES = 254,
    LIMIT_NAME_BYTES = 100,
    LIMIT_PASSWORD_BYTES_MIN = 10,
    LIMIT_PASSWORD_BYTES = 1024,
    LIMIT_DEVICES = 20,         /* known browsers of a user */
    LIMIT_CUSTOMER_NOTES = 200, /* of operators on a customer */
    LIMIT_CUSTOMER_NOTE_BYTES = 4096,
    LIMIT_KEYS_PER_USER = 100,
    LIMIT_KEY_MODELS = 16,
    LIMIT_KEY_MODELS_BYTES = 1024,
    LIMIT_CANDIDATES = 8, /* of a model */
    LIMIT_POOL = 8,       /* API keys of a provider */
    LIMIT_ROUTE = 32,     /* candidates with each of their keys; the further ones are not asked */
    LIMIT_MODEL_NAME_BYTES = 128,
    LIMIT_PAGE_ROWS = 1000,

    /* service accounts at providers */
    LIMIT_SERVICE_ACCOUNTS = 64, /* key files that are in use at the same time */
    LIMIT_KEY_FILE_BYTES = 64 * 1024,
    LIMIT_ACCESS_TOKEN_BYTES = 4000,

    /* notes of refused calls and failed attempts */
    LIMIT_NOTES = 8192,                /* notes that wait to be written */
    LIMIT_REFUSALS_A_MINUTE = 60,      /* of an account; beyond that they are only counted */
    LIMIT_REFUSALS = 500 * 1000,       /* rows; the oldest are deleted first */
    LIMIT_ATTEMPT_NOTES = 1000 * 1000, /* rows, likewise */
    LIMIT_ATTEMPT_WORDS_BYTES = 300,   /* of a provider's words about a failure */

    /* what the operator is told */
    LIMIT_ALERTS = 256,             /* open at the same time, or closed lately */
    LIMIT_DESTINATION_BYTES = 512,  /* of a message: a URL, a mail address */
    LIMIT_TRIALS = 256,             /* models whose canary is watched (trial_watch.h) */
    LIMIT_SEALED_BYTES = 256,       /* of a token or secret, sealed and in base64, with its NUL */
    LIMIT_DELIVERIES = 20,          /* messages on their way at the same time */
    LIMIT_DELIVERY_MS = 15 * 1000,  /* until a receiver has answered */
    LIMIT_MAIL_MS = 10 * 60 * 1000, /* until a mail server has taken a mail (RFC 5321, 4.5.3.2) */
    LIMIT_MESSAGE_BYTES = 256 * 1024,
    LIMIT_ALERT_RECEIVERS = 8, /* mail addresses */

    /* spans on their way to a collector (tracer.h) */
    LIMIT_TRACE_RECORDS = 256, /* as many are sent before their time */
    /* Of the spans that are sent at once. Two or three of them are in use under load, and shall
     * leave room in a processor's cache (1 MB at the second level) for the rest of the gateway. */
    LIMIT_TRACE_BODY_BYTES = 512 * 1024,
    /* Of the spans that wait for the collector: above it they come without what was said. */
    LIMIT_TRACE_CONTENT_BYTES = 64 * 1024 * 1024,

    /* what providers keep for customers: responses, conversations, items */
    LIMIT_OBJECT_ID_BYTES = 200,
    LIMIT_NAMED_OBJECTS = 1000, /* that one request names */
    LIMIT_MADE_OBJECTS = 1000,  /* of one answer; more are not noted, and so cannot be named */

    /* turns of conversations that the gateway itself keeps */
    LIMIT_KEPT_TURN_BYTES = 8 * 1024 * 1024, /* of one, and of all that one request brings in */
    LIMIT_KEPT_ITEMS = 20000,                /* likewise */
    LIMIT_TURN_LOOKUPS = 64,                 /* under way at the same time, of a worker */
    LIMIT_BROUGHT_BYTES = 256 * 1024 * 1024, /* of open requests that were made whole, likewise */
    LIMIT_KEPT_TURNS = 1000,                 /* that one request brings in */
    LIMIT_KEPT_CHAIN = 32,                   /* then a turn has all of the conversation again */

    /* queues */
    LIMIT_LEDGER_JOBS = 20000,
    LIMIT_REPORT_JOBS = 1000,
    LIMIT_PASSWORD_JOBS = 500,             /* passwords that wait to be hashed */
    LIMIT_LOG_WAITING_BYTES = 1024 * 1024, /* lines that wait for the log's thread */
    LIMIT_LOOKUPS = 64,                    /* waiting look-ups of providers' names, of a worker */
    LIMIT_WORKERS = 64,

    /* /metrics (core/exchange/call_metrics.h) */
    LIMIT_METRICS_PAIRS = 200, /* of a model and a provider, with series of their own */
    LIMIT_METRICS_CODES = 100  /* of errors, likewise */
};

/* How long notes are kept, and how long an account has what a provider keeps for it. */
#define LIMIT_NOTES_MS (INT64_C(30) * 24 * 3600 * 1000)
#define LIMIT_OBJECT_MS (INT64_C(30) * 24 * 3600 * 1000)

#endif
