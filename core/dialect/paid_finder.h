/* The search for paid features in one member of a request. Only for the paid_*.c of this room. Pure
 * functions. */
#ifndef DIALECT_PAID_FINDER_H
#define DIALECT_PAID_FINDER_H

#include <stdbool.h>

#include "dialect/member_name.h"
#include "dialect/paid_feature.h"
#include "dialect/request_fault.h"

struct paid_finder;

/* One member of a request, and how its features are found. */
struct paid_member {
    const char *name;
    const char *feature; /* its feature; one that ends with a dot is followed by the value */
    bool (*find)(const struct paid_finder *finder, const struct json_value *value);
    const char *inner;    /* the way to the member of an inner object that has the value */
    const char *plain[8]; /* values at the plain price; then NULL */
    const char *off[2];   /* a member of an inner object, and its value that turns it off */
    /* It may make the call cheaper, so it must be written as the API has it: who does not know the
     * other spelling leaves it out, and bills the plain price. */
    bool exact;
};

/* The search in one member. */
struct paid_finder {
    struct paid_features *found;
    const struct paid_member *member;
    struct request_fault *fault;
    bool camel; /* the member is written in camel case */
};

/* Returns whether a list of names between spaces has the name; one that ends with `*` stands for
 * all that begin so. */
bool paid_finder_is_listed(const char *list, struct slice name);

/* Returns a feature of the member, in the place of its list if that is not -1. */
struct paid_feature paid_finder_at(const struct paid_finder *finder, int32_t place);
/* The adders return false with *finder->fault. */
bool paid_finder_add_whole(const struct paid_finder *finder);
/* Adds the feature whose name ends with feature->value. */
bool paid_finder_add_valued(const struct paid_finder *finder, const struct paid_feature *feature);
/* Adds the feature that a string names, unless it has the plain price. */
bool paid_finder_add_word(const struct paid_finder *finder, const struct json_value *word,
                          int32_t place);

/* The member's name is neither as ours is written nor in camel case. */
bool paid_finder_refuse_spelling(const struct paid_finder *finder, struct slice name);
/* Refuses the member, or what it has in the place, because that is no `wanted`. */
bool paid_finder_refuse_entry(const struct paid_finder *finder, int32_t place, const char *wanted);

/* Sets *out to the inner member, which may be there once; of type JSON_NULL: it is not there. */
bool paid_finder_read_inner(const struct paid_finder *finder, const struct json_value *object,
                            const char *inner, struct json_value *out);

/* As paid_features_name and paid_features_param. */
const char *paid_finder_name(const struct paid_feature *feature, char out[PAID_FEATURE_NAME_BYTES]);
const char *paid_finder_param(const struct paid_feature *feature,
                              char out[PAID_FEATURE_PARAM_BYTES]);

#endif
