/* JSON that a test has written, as the readers of this floor take it. */
#ifndef TESTS_DIALECT_PARSED_H
#define TESTS_DIALECT_PARSED_H

#include "base/buffer.h"
#include "base/json.h"

/* Its root; the test fails where it is none. It points into `text`. */
struct json_value parsed(const char *text);

/* Compares what was written with `text`, and empties the buffer. */
void assert_written(struct buffer *buffer, const char *text);

#endif
