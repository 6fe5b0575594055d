/* Quicker ways to what a migration does. A migration that was shipped never changes, but it may
 * take long on a large ledger. So a shortcut takes the place of one of its statements and leaves
 * the same rows; tests/unit/store/engine/test_shortcuts.c compares both. It belongs to one text of
 * the migration, by its hash: any other text runs as it stands. Pure. */
#ifndef STORE_ENGINE_SHORTCUTS_H
#define STORE_ENGINE_SHORTCUTS_H

#include "base/slice.h"

/* The script to run for a migration with this text and SHA-256 (hex): NULL if there is no shortcut,
 * else the caller frees it. */
char *shortcuts_script(const char *text, const char *sha256);

#endif
