#include "script/alert_subjects.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "script/modules.h"
#include "script/vm.h"
#include "store/alerts.h"

static int read(lua_State *state)
{
    struct alert_scope *scope = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "alert_subjects");
    lua_call(state, 0, 1);
    size_t count = lua_objlen(state, -1) / 2;
    scope->subjects = calloc(count + 1, sizeof *scope->subjects);
    check(scope->subjects != NULL);
    for (size_t i = 0; i < count; i++) {
        char subject[ALERT_SUBJECT_BYTES]; /* as long as those that are raised */
        enum alert_kind kind;
        lua_rawgeti(state, -1, (int)(2 * i) + 1);
        lua_rawgeti(state, -2, (int)(2 * i) + 2);
        check(alert_kind_of(lua_tostring(state, -2), &kind));
        snprintf(subject, sizeof subject, "%s", lua_tostring(state, -1));
        scope->subjects[scope->count++] = alerts_subject_hash(kind, subject);
        lua_pop(state, 2);
    }
    return 0;
}

static int compare(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

void alert_subjects_read(struct vm *vm, struct alert_scope *out)
{
    struct fault fault;
    *out = (struct alert_scope){.count = 0};
    snprintf(out->revision, sizeof out->revision, "%s", vm_revision(vm));
    if (!vm_call(vm, read, out, &fault)) {
        free(out->subjects);
        out->subjects = NULL;
        return;
    }
    qsort(out->subjects, out->count, sizeof *out->subjects, compare);
}
