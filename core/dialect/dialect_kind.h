/* Which API a client or a provider uses. */
#ifndef DIALECT_DIALECT_KIND_H
#define DIALECT_DIALECT_KIND_H

enum dialect { DIALECT_CHAT, DIALECT_RESPONSES, DIALECT_ANTHROPIC, DIALECT_GEMINI };
enum { DIALECTS = 4 };

#endif
