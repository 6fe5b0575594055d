#include "exchange/service_account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/secret.h"
#include "net/client/signing_key.h"

enum { PEM_BYTES_MAX = 32 * 1024, REQUEST_BYTES_MAX = 16 * 1024, LIFETIME_S = 3600 };

static const char usual_token_uri[] = "https://oauth2.googleapis.com/token";
static const char scope[] = "https://www.googleapis.com/auth/cloud-platform";

/* ---- the file ---- */

/* Appends what the descriptor has. Returns 0 or an errno. */
static int read_all(int fd, struct buffer *out)
{
    for (;;) {
        char piece[4096];
        ssize_t bytes = read(fd, piece, sizeof piece);
        if (bytes < 0 && errno == EINTR)
            continue;
        if (bytes > 0)
            buffer_append(out, piece, (size_t)bytes);
        int error = bytes < 0 ? errno : out->failed ? EFBIG : 0;
        secret_wipe(piece, sizeof piece);
        if (bytes <= 0 || error != 0)
            return error;
    }
}

static bool read_file(const char *path, struct buffer *out, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold up the load */
    int error = fd < 0 ? errno : read_all(fd, out);
    if (fd >= 0)
        close(fd);
    if (error == 0)
        return true;
    char room[128];
    return fault_set(fault, "unreadable", "the key file %s cannot be read: %s", path,
                     strerror_r(error, room, sizeof room));
}

/* ---- its members ---- */

/* Decodes the text of a member into `out`; "" if it is absent. Returns false if it is no text of
 * visible ASCII that fits. */
static bool copy_text(const struct json_value *root, const char *name,
                      char out[SERVICE_ACCOUNT_TEXT_BYTES])
{
    struct json_value value;
    struct buffer text = {.data = out,
                          .capacity_bytes = SERVICE_ACCOUNT_TEXT_BYTES - 1,
                          .bytes_max = SERVICE_ACCOUNT_TEXT_BYTES - 1};
    out[0] = '\0';
    if (json_find(root, name, &value) == 0)
        return true;
    if (value.type != JSON_STRING || !json_decode_string(&value, &text))
        return false;
    out[text.bytes] = '\0';
    return slice_is_visible(buffer_slice(&text));
}

static bool member_fault(struct fault *fault, const char *name)
{
    return fault_set(fault, "invalid_value",
                     "the key file's member \"%s\" is missing or no short text: take the JSON file "
                     "as Google gives it",
                     name);
}

static bool read_texts(const struct json_value *root, struct service_account *out,
                       struct fault *fault)
{
    if (!copy_text(root, "client_email", out->email) || out->email[0] == '\0')
        return member_fault(fault, "client_email");
    if (!copy_text(root, "private_key_id", out->key_id))
        return member_fault(fault, "private_key_id");
    if (!copy_text(root, "project_id", out->project))
        return member_fault(fault, "project_id");
    if (!copy_text(root, "token_uri", out->token_uri))
        return member_fault(fault, "token_uri");
    if (out->token_uri[0] == '\0')
        memcpy(out->token_uri, usual_token_uri, sizeof usual_token_uri);
    return true;
}

/* A server that gets an assertion can act as the account. */
static bool check_token_uri(const char *uri, struct fault *fault)
{
    static const char *const allowed[] = {
        "https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:"};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (strncmp(uri, allowed[i], strlen(allowed[i])) == 0)
            return true;
    }
    return fault_set(fault, "invalid_value",
                     "the key file's member \"token_uri\" must begin with https://");
}

static bool read_key(const struct json_value *root, struct service_account *out,
                     struct fault *fault)
{
    struct json_value value;
    struct buffer pem;
    struct fault why;
    if (json_find(root, "private_key", &value) != 1 || value.type != JSON_STRING)
        return member_fault(fault, "private_key");
    buffer_init(&pem, PEM_BYTES_MAX);
    (void)buffer_reserve(&pem, value.raw.bytes); /* so that it never moves, unwiped */
    if (json_decode_string(&value, &pem))
        out->key = signing_key_read(buffer_slice(&pem), &why);
    else
        fault_set(&why, "invalid_key", "is too long");
    buffer_wipe_fini(&pem);
    return out->key != NULL ||
           fault_set(fault, "invalid_key", "the key file's member \"private_key\" %s", why.message);
}

static bool read_members(struct slice text, struct service_account *out, struct fault *fault)
{
    struct json_value root;
    struct json_value type;
    struct fault why;
    if (!json_parse(text, LIMIT_JSON_DEPTH, &root, &why))
        return fault_set(fault, "invalid_json", "the key file is no JSON: %s", why.message);
    if (json_find(&root, "type", &type) != 1 || !json_string_is(&type, "service_account"))
        return fault_set(fault, "invalid_value",
                         "the key file is none of a service account: its member \"type\" must be "
                         "\"service_account\"");
    sha256_hex(text, out->id);
    return read_texts(&root, out, fault) && check_token_uri(out->token_uri, fault) &&
           read_key(&root, out, fault);
}

/* An account that is asked for elsewhere, or whose server is believed by others, is another one. */
static bool take_authorities(const char *ca_file, struct service_account *out, struct fault *fault)
{
    char both[SHA256_HEX_BYTES + SERVICE_ACCOUNT_TEXT_BYTES];
    if (ca_file == NULL || strcmp(out->token_uri, usual_token_uri) == 0)
        return true;
    size_t bytes = strlen(ca_file);
    if (bytes >= sizeof out->ca_file)
        return fault_set(fault, "invalid_value", "ca_file is too long");
    memcpy(out->ca_file, ca_file, bytes + 1);
    char *end = stpcpy(stpcpy(both, out->id), out->ca_file);
    sha256_hex((struct slice){both, (size_t)(end - both)}, out->id);
    return true;
}

struct service_account *service_account_read(const char *source, const char *ca_file,
                                             struct fault *fault)
{
    struct service_account *account = calloc(1, sizeof *account);
    struct buffer text;
    check(account != NULL);
    account->references = 1;
    buffer_init(&text, LIMIT_KEY_FILE_BYTES);
    (void)buffer_reserve(&text, LIMIT_KEY_FILE_BYTES);
    bool good =
        source[0] == '{' ? buffer_append_text(&text, source) : read_file(source, &text, fault);
    good = good && read_members(buffer_slice(&text), account, fault) &&
           take_authorities(ca_file, account, fault);
    buffer_wipe_fini(&text);
    if (good)
        return account;
    service_account_unref(account);
    return NULL;
}

/* ---- references ---- */

struct service_account *service_account_ref(struct service_account *account)
{
    check(atomic_fetch_add_explicit(&account->references, 1, memory_order_relaxed) > 0);
    return account;
}

void service_account_unref(struct service_account *account)
{
    if (account == NULL)
        return;
    unsigned before = atomic_fetch_sub_explicit(&account->references, 1, memory_order_acq_rel);
    check(before > 0);
    if (before > 1)
        return;
    signing_key_free(account->key);
    free(account);
}

bool service_account_is_sole(const struct service_account *account)
{
    return atomic_load_explicit(&account->references, memory_order_acquire) == 1;
}

/* ---- the request for a token ---- */

static void append_head(const struct service_account *account, struct buffer *out)
{
    struct buffer json;
    buffer_init(&json, REQUEST_BYTES_MAX);
    buffer_append_text(&json, "{\"alg\":\"RS256\",\"typ\":\"JWT\"");
    if (account->key_id[0] != '\0') {
        buffer_append_text(&json, ",\"kid\":");
        json_write_text(&json, account->key_id);
    }
    buffer_append_char(&json, '}');
    base64_append_url(buffer_slice(&json), out);
    out->failed = out->failed || json.failed;
    buffer_fini(&json);
}

static void append_claims(const struct service_account *account, int64_t now_ms, struct buffer *out)
{
    struct buffer json;
    long long now_s = now_ms / 1000;
    buffer_init(&json, REQUEST_BYTES_MAX);
    buffer_append_text(&json, "{\"iss\":");
    json_write_text(&json, account->email);
    buffer_append_text(&json, ",\"aud\":");
    json_write_text(&json, account->token_uri);
    buffer_printf(&json, ",\"iat\":%lld,\"exp\":%lld,\"scope\":\"%s\"}", now_s, now_s + LIFETIME_S,
                  scope);
    base64_append_url(buffer_slice(&json), out);
    out->failed = out->failed || json.failed;
    buffer_fini(&json);
}

bool service_account_write_request(const struct service_account *account, int64_t now_ms,
                                   struct buffer *out)
{
    struct buffer signature;
    buffer_append_text(
        out, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=");
    size_t from = out->bytes;
    append_head(account, out);
    buffer_append_char(out, '.');
    append_claims(account, now_ms, out);
    buffer_init(&signature, REQUEST_BYTES_MAX);
    const struct slice signed_text = {out->data + from, out->bytes - from};
    bool done = !out->failed && signing_key_sign(account->key, signed_text, &signature);
    buffer_append_char(out, '.');
    base64_append_url(buffer_slice(&signature), out);
    buffer_fini(&signature);
    return done && !out->failed;
}
