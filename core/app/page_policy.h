/* The Content-Security-Policy of a page. */
#ifndef APP_PAGE_POLICY_H
#define APP_PAGE_POLICY_H

#include "base/buffer.h"
#include "base/slice.h"

enum { PAGE_POLICY_BYTES = 1024 }; /* enough for what our build makes */

/* Appends the policy, with a NUL: scripts and styles of our own files, and what stands in the page
 * itself between <script> or <style> and its end, by its hash. Texts of others in the page must
 * have been escaped before. The buffer keeps a failure. */
void page_policy_write(struct slice page, struct buffer *out);

#endif
