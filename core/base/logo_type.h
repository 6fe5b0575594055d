/* What kind of picture a logo's file is, told by its bytes and not by its name. Pure. */
#ifndef BASE_LOGO_TYPE_H
#define BASE_LOGO_TYPE_H

#include "base/slice.h"

/* The content type of a whole SVG, PNG or WebP file. NULL: *why says what is wrong with it. */
const char *logo_type(struct slice file, const char **why);

#endif
