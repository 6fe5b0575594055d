#include "dialect/error_body.h"

#include "base/json.h"

enum { METADATA_BYTES_MAX = 8192, METADATA_DEPTH_MAX = 8 };

/* https://platform.openai.com/docs/guides/error-codes */
static const char *openai_type(int status)
{
    switch (status) {
    case 401:
        return "authentication_error";
    case 402:
        return "insufficient_quota";
    case 403:
        return "permission_error";
    case 429:
        return "rate_limit_error";
    default:
        return status >= 500 ? "server_error" : "invalid_request_error";
    }
}

/* https://docs.claude.com/en/api/errors; its SDKs and Claude Code decide by the type whether they
 * ask again. */
static const char *anthropic_type(int status)
{
    switch (status) {
    case 401:
        return "authentication_error";
    case 402:
        return "billing_error";
    case 403:
        return "permission_error";
    case 404:
        return "not_found_error";
    case 409:
        return "conflict_error";
    case 413:
        return "request_too_large";
    case 429:
        return "rate_limit_error";
    case 503:
    case 529:
        return "overloaded_error";
    case 408:
    case 504:
        return "timeout_error";
    default:
        return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

/* https://cloud.google.com/apis/design/errors */
static const char *google_status(int status)
{
    switch (status) {
    case 401:
        return "UNAUTHENTICATED";
    case 402:
    case 429:
        return "RESOURCE_EXHAUSTED";
    case 403:
        return "PERMISSION_DENIED";
    case 404:
        return "NOT_FOUND";
    case 409:
        return "ABORTED";
    case 499:
        return "CANCELLED";
    case 503:
    case 529:
        return "UNAVAILABLE";
    case 408:
    case 504:
        return "DEADLINE_EXCEEDED";
    default:
        return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
    }
}

const char *error_body_type(enum dialect dialect, int status)
{
    return dialect == DIALECT_ANTHROPIC ? anthropic_type(status) : openai_type(status);
}

int error_body_status(enum dialect dialect, int status)
{
    return dialect == DIALECT_RESPONSES && status == 402 ? 429 : status;
}

static void write_param(const char *param, struct buffer *out)
{
    buffer_append_text(out, ",\"param\":");
    if (param != NULL)
        json_write_text(out, param);
    else
        buffer_append_text(out, "null");
}

/* The members that OpenAI's errors and ours have beside the message. */
static void write_details(const struct error_body *error, const char *code, struct buffer *out)
{
    write_param(error->param, out);
    buffer_append_text(out, ",\"code\":");
    json_write_text(out, code);
    if (error->metadata != NULL)
        buffer_printf(out, ",\"metadata\":%s", error->metadata);
    buffer_append_char(out, '}');
}

static void write_openai(const struct error_body *error, const char *code, struct buffer *out)
{
    buffer_append_text(out, "{\"error\":{\"message\":");
    json_write_text(out, error->message);
    buffer_append_text(out, ",\"type\":");
    json_write_text(out, openai_type(error->status));
    write_details(error, code, out);
    buffer_append_char(out, '}');
}

static void write_anthropic(const struct error_body *error, struct buffer *out)
{
    buffer_append_text(out, "{\"type\":\"error\",\"error\":{\"type\":");
    json_write_text(out, anthropic_type(error->status));
    buffer_append_text(out, ",\"message\":");
    json_write_text(out, error->message);
    buffer_append_text(out, ",\"details\":{\"error_code\":"); /* where its SDKs look for it */
    json_write_text(out, error->code);
    buffer_append_char(out, '}');
    write_details(error, error->code, out);
    if (error->request_id != NULL) {
        buffer_append_text(out, ",\"request_id\":");
        json_write_text(out, error->request_id);
    }
    buffer_append_char(out, '}');
}

static void write_as_text(const struct json_value *value, struct buffer *out)
{
    struct buffer text;
    if (value->type == JSON_STRING) {
        buffer_append_slice(out, value->raw);
        return;
    }
    buffer_init(&text, METADATA_BYTES_MAX);
    buffer_append_slice(&text, value->raw);
    buffer_append_char(&text, '\0');
    if (!text.failed)
        json_write_text(out, text.data);
    else
        buffer_append_text(out, "\"\"");
    buffer_fini(&text);
}

/* google.rpc.ErrorInfo has a map of texts: its parsers, and clients made of them, take no number
 * and no list there. What is null is left out. */
static void write_texts(const char *metadata, struct buffer *out)
{
    struct json_value root;
    struct json_item item;
    struct fault fault;
    const char *comma = "";
    buffer_append_char(out, '{');
    if (metadata != NULL && json_parse(slice_of(metadata), METADATA_DEPTH_MAX, &root, &fault)) {
        struct json_walk walk = json_walk(&root);
        while (json_next(&walk, &item)) {
            if (item.value.type == JSON_NULL)
                continue;
            buffer_printf(out, "%s\"%.*s\":", comma, (int)item.key.bytes, item.key.data);
            write_as_text(&item.value, out);
            comma = ",";
        }
    }
    buffer_append_char(out, '}');
}

/* AIP-193: in UPPER_SNAKE_CASE. A policy may have made any code. */
static void write_reason(const char *code, struct buffer *out)
{
    buffer_append_char(out, '"');
    for (; *code != '\0'; code++) {
        bool lower = *code >= 'a' && *code <= 'z';
        bool fits = (*code >= 'A' && *code <= 'Z') || (*code >= '0' && *code <= '9');
        buffer_append_char(out, lower ? (char)(*code - 'a' + 'A') : fits ? *code : '_');
    }
    buffer_append_char(out, '"');
}

static void write_google(const struct error_body *error, struct buffer *out)
{
    buffer_printf(out, "{\"error\":{\"code\":%d,\"message\":", error->status);
    json_write_text(out, error->message);
    buffer_append_text(out, ",\"status\":");
    json_write_text(out, google_status(error->status));
    buffer_append_text(out, ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
                            "\"domain\":\"llm-gateway\",\"reason\":");
    write_reason(error->code, out);
    buffer_append_text(out, ",\"metadata\":");
    write_texts(error->metadata, out);
    buffer_append_char(out, '}');
    /* Google's clients read no Retry-After. */
    if (error->retry_after_ms > 0)
        buffer_printf(out,
                      ",{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\","
                      "\"retryDelay\":\"%llds\"}",
                      (long long)(error->retry_after_ms + 999) / 1000);
    buffer_append_text(out, "]}}");
}

void error_body_write(enum dialect dialect, const struct error_body *error, struct buffer *out)
{
    switch (dialect) {
    case DIALECT_CHAT:
    case DIALECT_EMBEDDINGS:
    case DIALECT_MODERATIONS:
    case DIALECT_RERANK:
    case DIALECT_COMPLETIONS:
    case DIALECT_DECISIONS:
    case DIALECT_SPEECH:
    case DIALECT_IMAGES:
    case DIALECT_TRANSCRIPTIONS:
    case DIALECT_TRANSLATIONS:
    case DIALECT_IMAGE_EDITS:
    case DIALECT_IMAGE_VARIATIONS:
        write_openai(error, error->code, out);
        break;
    case DIALECT_RESPONSES: /* Codex ends at once for this code alone */
        write_openai(error, error->status == 402 ? "insufficient_quota" : error->code, out);
        break;
    case DIALECT_ANTHROPIC:
        write_anthropic(error, out);
        break;
    case DIALECT_GEMINI:
    case DIALECT_GEMINI_EMBED:
    case DIALECT_GEMINI_EMBED_BATCH:
        write_google(error, out);
        break;
    }
}
