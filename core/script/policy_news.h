/* What the operator is told about his policies: which are in force, since when, from which files,
 * and why the last reload was refused. Written by the main thread, read by any; guarded by a mutex
 * inside. */
#ifndef SCRIPT_POLICY_NEWS_H
#define SCRIPT_POLICY_NEWS_H

#include "base/buffer.h"
#include "base/fault.h"
#include "script/policy_files.h"

struct policy_news;

struct policy_news *policy_news_new(const char *folder); /* keeps the text */
void policy_news_free(struct policy_news *news);
/* These are in force from now on. */
void policy_news_accept(struct policy_news *news, struct policy_files *files);
/* A reload was refused; the message may begin with "file.lua:12: ". */
void policy_news_refuse(struct policy_news *news, const struct fault *fault);
/* JSON: {revision, loaded_at, folder, files: [{name, bytes, sha256}], refused: {at, message}} */
void policy_news_render(struct policy_news *news, struct buffer *out);

#endif
