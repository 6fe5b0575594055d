/* What an operator's editor knows (lua/annotations/policy.lua) is what policies have, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_fixture.h"

enum { WORDS_MAX = 200, WORD_BYTES = 64 };

struct words {
    char names[WORDS_MAX][WORD_BYTES];
    size_t count;
};

static void add_word(struct words *words, const char *name, size_t bytes)
{
    assert_true(words->count < WORDS_MAX && bytes > 0 && bytes < WORD_BYTES);
    memcpy(words->names[words->count], name, bytes);
    words->names[words->count++][bytes] = '\0';
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Lines "function string.upper(text) end" and "math.pi = 3.14". */
static void read_annotations(struct words *words)
{
    char line[512];
    FILE *file = fopen("lua/annotations/policy.lua", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *name = strncmp(line, "function ", 9) == 0 ? line + 9 : line;
        size_t bytes = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.");
        const char *after = name + bytes;
        if (bytes > 0 && (name != line ? *after == '(' : strncmp(after, " = ", 3) == 0))
            add_word(words, name, bytes);
    }
    fclose(file);
}

static void read_registered(struct words *words)
{
    char out[4096];
    struct vm *vm = fixture_vm_with(NULL, NULL);
    fixture_run(vm, "return table.concat(require('policy.native').word_names(), ' ')", out,
                sizeof out);
    vm_unref(vm);
    for (char *name = strtok(out, " "); name != NULL; name = strtok(NULL, " "))
        add_word(words, name, strlen(name));
}

static void assert_all_in(const struct words *some, const struct words *others, const char *where)
{
    for (size_t i = 0; i < some->count; i++) {
        if (i > 0 && strcmp(some->names[i], some->names[i - 1]) == 0)
            fail_msg("%s is listed twice", some->names[i]);
        if (bsearch(some->names[i], others->names, others->count, WORD_BYTES, compare) == NULL)
            fail_msg("%s is not %s", some->names[i], where);
    }
}

static void test_annotated_words_are_the_registered_ones(void **unused)
{
    static struct words annotated;
    static struct words registered;
    (void)unused;
    read_annotations(&annotated);
    read_registered(&registered);
    assert_true(registered.count > 40);
    qsort(annotated.names, annotated.count, WORD_BYTES, compare);
    qsort(registered.names, registered.count, WORD_BYTES, compare);
    assert_all_in(&annotated, &registered, "a word of policies");
    assert_all_in(&registered, &annotated, "in lua/annotations/policy.lua");
}

/* The name of the class that this one extends, in its line, or NULL. */
static char *base_of(char *line, size_t name_end)
{
    if (strncmp(line + name_end, ": ", 2) != 0)
        return NULL;
    char *base = line + name_end + 2;
    base[strcspn(base, "\n")] = '\0';
    return base;
}

static void add_fields(struct words *fields, const char *class)
{
    char line[512];
    bool inside = false;
    FILE *file = fopen("lua/annotations/policy.lua", "r");
    size_t name_end = 10 + strlen(class);
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "---@class ", 10) == 0) {
            inside = strncmp(line + 10, class, name_end - 10) == 0 &&
                     (line[name_end] == '\n' || line[name_end] == ':');
            char *base = inside ? base_of(line, name_end) : NULL;
            if (base != NULL)
                add_fields(fields, base);
        } else if (inside && strncmp(line, "---@field ", 10) == 0) {
            add_word(fields, line + 10, strcspn(line + 10, "? "));
        } else {
            inside = false;
        }
    }
    fclose(file);
}

/* The fields of a class, sorted and joined. */
static void read_fields(const char *class, char *out, size_t out_bytes)
{
    static struct words fields;
    fields.count = 0;
    add_fields(&fields, class);
    qsort(fields.names, fields.count, WORD_BYTES, compare);
    *out = '\0';
    for (size_t i = 0; i < fields.count; i++)
        snprintf(out + strlen(out), out_bytes - strlen(out), "%s%s", i ? " " : "", fields.names[i]);
}

static void test_annotated_members_are_the_accepted_ones(void **unused)
{
    static const struct {
        const char *class;
        const char *members;
    } classes[] = {
        {"policy.Provider", "require('policy.providers').MEMBERS"},
        {"policy.Balance", "require('policy.balances').MEMBERS"},
        {"policy.Map", "require('policy.providers').MAP_MEMBERS"},
        {"policy.Model", "require('policy.models').MEMBERS"},
        {"policy.Candidate", "require('policy.models').CANDIDATE_MEMBERS"},
        {"policy.Canary", "require('policy.models').CANARY_MEMBERS"},
        {"policy.Shadow", "require('policy.models').SHADOW_MEMBERS"},
        {"policy.PriceRule", "require('policy.models').RULE_MEMBERS"},
        {"policy.Catalog", "require('policy.catalog').MEMBERS"},
        {"policy.CatalogEntryOwn", "require('policy.catalog').ENTRY_MEMBERS"},
        {"policy.Margins", "require('policy.margins').MEMBERS"},
        {"policy.GroupMargins", "require('policy.margins').GROUP_MEMBERS"},
        {"policy.Routes", "require('policy.routes').MEMBERS"},
        {"policy.Mounts", "require('policy.routes').MOUNT_MEMBERS"},
        {"policy.Access", "require('policy.routes').ACCESS_MEMBERS"},
        {"policy.Breaker", "require('policy.breaker').MEMBERS"},
        {"policy.Retry", "require('policy.routes').RETRY_MEMBERS"},
        {"policy.Hedge", "require('policy.routes').HEDGE_MEMBERS"},
        {"policy.Limit", "require('policy.limits').MEMBERS"},
        {"policy.Example", "require('policy.examples').MEMBERS"},
        {"policy.Request", "require('policy.rule').MEMBERS"},
    };
    struct vm *vm = fixture_vm_with(NULL, NULL);
    (void)unused;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        char code[512];
        char fields[1024];
        snprintf(code, sizeof code,
                 "local names = {} for name in pairs(%s) do names[#names + 1] = name end "
                 "table.sort(names) return table.concat(names, ' ')",
                 classes[i].members);
        read_fields(classes[i].class, fields, sizeof fields);
        fixture_returns(vm, code, fields);
    }
    vm_unref(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_annotated_words_are_the_registered_ones),
        cmocka_unit_test(test_annotated_members_are_the_accepted_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
