#include "dialect/context_form.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/limits.h"

enum { TOKENS_MAX = 1000000000 };

bool context_form_url(enum context_question question, const char *base_url, char *out,
                      size_t out_bytes)
{
    static const char *const paths[CONTEXT_QUESTIONS] = {[CONTEXT_OF_MODELS] = "/models",
                                                         [CONTEXT_OF_SERVER] = "/props",
                                                         [CONTEXT_OF_LM_STUDIO] = "/api/v0/models",
                                                         [CONTEXT_OF_OLLAMA] = "/api/ps"};
    size_t base_bytes = strlen(base_url);
    bool versioned = base_bytes > 3 && strcmp(base_url + base_bytes - 3, "/v1") == 0;
    if (question != CONTEXT_OF_MODELS && versioned)
        base_bytes -= 3;
    int bytes = snprintf(out, out_bytes, "%.*s%s", (int)base_bytes, base_url, paths[question]);
    return bytes > 0 && (size_t)bytes < out_bytes;
}

static int64_t tokens_of(const struct json_value *value)
{
    int64_t tokens;
    if (value->type != JSON_NUMBER || !json_int64(value, &tokens))
        return 0;
    return tokens > 0 && tokens <= TOKENS_MAX ? tokens : 0;
}

static int64_t tokens_in(const struct json_value *object, const char *name)
{
    struct json_value value;
    return json_find(object, name, &value) > 0 ? tokens_of(&value) : 0;
}

static int64_t smaller(int64_t a, int64_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

/* ---- a model of a list ---- */

/* The members that tell a length: first those for the limit in force now, then those for the limit
 * of the model. */
enum entry_member {
    LOADED_CONTEXT_LENGTH, /* LM Studio */
    MAX_MODEL_LEN,         /* vLLM, SGLang */
    META,                  /* llama.cpp: n_ctx, n_ctx_train */
    CONTEXT_LENGTH,        /* OpenRouter, Together; Ollama: as loaded */
    CONTEXT_WINDOW,        /* Groq */
    MAX_CONTEXT_LENGTH,    /* LM Studio, Mistral */
    TOP_PROVIDER,          /* OpenRouter: context_length */
    ID,
    NAME, /* Ollama */
    MODEL,
    ALIASES, /* llama.cpp: a list */
    ENTRY_MEMBERS
};

static const char *const member_names[ENTRY_MEMBERS] = {
    [LOADED_CONTEXT_LENGTH] = "loaded_context_length",
    [MAX_MODEL_LEN] = "max_model_len",
    [META] = "meta",
    [CONTEXT_LENGTH] = "context_length",
    [CONTEXT_WINDOW] = "context_window",
    [MAX_CONTEXT_LENGTH] = "max_context_length",
    [TOP_PROVIDER] = "top_provider",
    [ID] = "id",
    [NAME] = "name",
    [MODEL] = "model",
    [ALIASES] = "aliases",
};

static struct context_lengths lengths_of(const struct json_member *members)
{
    const struct json_value *meta = &members[META].value;
    int64_t served = tokens_of(&members[LOADED_CONTEXT_LENGTH].value);
    if (served == 0)
        served = tokens_of(&members[MAX_MODEL_LEN].value);
    if (served == 0)
        served = tokens_in(meta, "n_ctx");
    for (size_t i = CONTEXT_LENGTH; served == 0 && i <= MAX_CONTEXT_LENGTH; i++)
        served = tokens_of(&members[i].value);
    served = smaller(served, tokens_in(&members[TOP_PROVIDER].value, "context_length"));
    return (struct context_lengths){.served = served, .trained = tokens_in(meta, "n_ctx_train")};
}

struct telling {
    context_form_teller *tell;
    void *arg;
    int count;
};

/* A name longer than all of ours cannot be one that was asked for. */
static void tell(struct telling *telling, const struct json_value *name,
                 const struct context_lengths *lengths)
{
    static const char usual_tag[] = ":latest";
    char text[LIMIT_MODEL_NAME_BYTES + sizeof usual_tag];
    struct buffer out = {
        .data = text, .capacity_bytes = sizeof text - 1, .bytes_max = sizeof text - 1};
    if (name->type != JSON_STRING || name->raw.bytes > sizeof text ||
        !json_decode_string(name, &out) || out.bytes == 0)
        return;
    text[out.bytes] = '\0';
    telling->tell(text, lengths, telling->arg);
    telling->count++;
    /* Ollama takes a model's name with or without its usual tag, and tells it with the tag. */
    size_t tag_bytes = sizeof usual_tag - 1;
    if (out.bytes <= tag_bytes || strcmp(text + out.bytes - tag_bytes, usual_tag) != 0)
        return;
    text[out.bytes - tag_bytes] = '\0';
    telling->tell(text, lengths, telling->arg);
}

static void read_entry(struct telling *telling, const struct json_value *entry)
{
    struct json_member members[ENTRY_MEMBERS];
    for (size_t i = 0; i < ENTRY_MEMBERS; i++)
        members[i] = (struct json_member){.name = member_names[i]};
    json_find_all(entry, members, ENTRY_MEMBERS);
    struct context_lengths lengths = lengths_of(members);
    if (lengths.served == 0 && lengths.trained == 0)
        return;
    for (size_t i = ID; i <= MODEL; i++)
        tell(telling, &members[i].value, &lengths);
    if (members[ALIASES].value.type != JSON_ARRAY)
        return;
    struct json_walk walk = json_walk(&members[ALIASES].value);
    struct json_item alias;
    while (json_next(&walk, &alias))
        tell(telling, &alias.value, &lengths);
}

static void read_list(struct telling *telling, const struct json_value *list)
{
    struct json_walk walk = json_walk(list);
    struct json_item entry;
    while (json_next(&walk, &entry)) {
        if (entry.value.type == JSON_OBJECT)
            read_entry(telling, &entry.value);
    }
}

/* ---- an answer ---- */

/* llama.cpp's own settings; as a router for several servers it gives 0, or nothing. */
static void read_props(struct telling *telling, const struct json_value *settings)
{
    const struct context_lengths lengths = {.served = tokens_in(settings, "n_ctx")};
    if (lengths.served == 0)
        return;
    telling->tell("", &lengths, telling->arg);
    telling->count++;
}

int context_form_read(struct slice answer, context_form_teller *tell_one, void *arg)
{
    enum { DATA, MODELS, SETTINGS, MEMBERS };
    struct telling telling = {.tell = tell_one, .arg = arg};
    struct json_member members[MEMBERS] = {[DATA] = {.name = "data"},
                                           [MODELS] = {.name = "models"},
                                           [SETTINGS] = {.name = "default_generation_settings"}};
    struct json_value root;
    struct fault fault;
    if (!json_parse(answer, LIMIT_JSON_DEPTH, &root, &fault))
        return -1;
    if (root.type == JSON_ARRAY) {
        read_list(&telling, &root);
        return telling.count;
    }
    if (root.type != JSON_OBJECT)
        return -1;
    json_find_all(&root, members, MEMBERS);
    for (size_t i = DATA; i <= MODELS; i++) {
        if (members[i].value.type == JSON_ARRAY)
            read_list(&telling, &members[i].value);
    }
    read_props(&telling, &members[SETTINGS].value);
    bool known = members[DATA].count + members[MODELS].count + members[SETTINGS].count > 0;
    return known ? telling.count : -1;
}
