/* The kinds of what a provider keeps for an account under an id. */
#ifndef BASE_KEPT_KIND_H
#define BASE_KEPT_KIND_H

enum kept_kind { KEPT_RESPONSE, KEPT_CONVERSATION, KEPT_ITEM, KEPT_KINDS };

#endif
