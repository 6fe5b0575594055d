#include "exchange/attempt_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/limits.h"
#include "exchange/attempt.h"
#include "exchange/attempt_refusal.h"
#include "exchange/redact.h"
#include "store/notes.h"

/* The length of a cut text without the incomplete character at its end. */
static size_t whole_characters(const char *text, size_t bytes)
{
    size_t at = bytes;
    while (at > 0 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
        at--;
    return at > 0 && (unsigned char)text[at - 1] >= 0xc0 ? at - 1 : bytes;
}

/* Replaces line ends and other control characters: they would break the lines of a page. */
static void copy_flat(struct slice from, char *out, size_t out_bytes)
{
    size_t at = 0;
    size_t i = 0;
    for (; i < from.bytes && at + 1 < out_bytes; i++) {
        unsigned char c = (unsigned char)from.data[i];
        bool blank = c <= ' ' || c == 0x7f;
        if (!blank)
            out[at++] = (char)c;
        else if (at > 0 && out[at - 1] != ' ')
            out[at++] = ' ';
    }
    out[i < from.bytes ? whole_characters(out, at) : at] = '\0';
}

void attempt_log_words(const struct attempt *attempt, char out[LIMIT_ATTEMPT_WORDS_BYTES + 1])
{
    /* Redact before the final cut: a key that only begins in the kept part must still be whole. */
    char whole[LIMIT_ATTEMPT_WORDS_BYTES + CANDIDATE_API_KEY_BYTES];
    struct slice said = slice_of(attempt->detail);
    if (attempt->status >= 300 && attempt->body.bytes > 0)
        said = buffer_slice(&attempt->body);
    else if (attempt_refusal(attempt)->message[0] != '\0')
        said = slice_of(attempt_refusal(attempt)->message);
    copy_flat(said, whole, sizeof whole);
    redact_secrets(whole, attempt->candidate->terms.api_key);
    copy_flat(slice_of(whole), out, LIMIT_ATTEMPT_WORDS_BYTES + 1);
}

static struct attempt_note *add(struct attempt_log *log, int number, const struct attempt *attempt,
                                const char *outcome)
{
    const struct candidate_terms *terms = &attempt->candidate->terms;
    int64_t duration_us = clock_mono_us() - attempt->started_us;
    if (log->count == ATTEMPTS_NOTED)
        return NULL;
    if (log->notes == NULL)
        log->notes = calloc(ATTEMPTS_NOTED, sizeof *log->notes);
    check(log->notes != NULL);
    struct attempt_note *note = &log->notes[log->count++];
    note->number = number;
    note->status = attempt->status;
    note->duration_us = duration_us;
    note->created_ms = clock_wall_ms() - duration_us / 1000;
    snprintf(note->provider, sizeof note->provider, "%s", terms->provider);
    snprintf(note->model, sizeof note->model, "%s", terms->model);
    snprintf(note->outcome, sizeof note->outcome, "%s", outcome);
    snprintf(note->class, sizeof note->class, "%s",
             attempt_outcome_class_name(attempt_class(attempt)));
    return note;
}

void attempt_log_failure(struct attempt_log *log, int number, const struct attempt *attempt)
{
    struct attempt_note *note = add(log, number, attempt, attempt_outcome_name(attempt->outcome));
    if (note != NULL)
        attempt_log_words(attempt, note->words);
}

/* If an answer broke off, `cut_code` is the reason that the client was told. */
void attempt_log_answered(struct attempt_log *log, int number, const struct attempt *attempt,
                          const char *cut_code, const struct id *leader)
{
    bool wanted =
        !log->answered && (cut_code != NULL || leader != NULL || log->notes != NULL || log->hedged);
    log->answered = true;
    if (!wanted)
        return;
    const char *outcome = cut_code != NULL ? "cut" : attempt_outcome_name(ATTEMPT_ANSWERED);
    struct attempt_note *note = add(log, number, attempt, outcome);
    if (note != NULL && cut_code != NULL)
        copy_flat(slice_of(cut_code), note->words, sizeof note->words);
    else if (note != NULL && leader != NULL)
        snprintf(note->words, sizeof note->words, "not asked: the answer of %s is shared",
                 leader->text);
}

void attempt_log_late(struct attempt_log *log, int number, const struct attempt *attempt)
{
    (void)add(log, number, attempt, "too_late");
}

void attempt_log_write(struct attempt_log *log, struct store *store, const struct id *exchange_id)
{
    while (log->written < log->count)
        notes_attempt(store, exchange_id, &log->notes[log->written++]);
}

void attempt_log_fini(struct attempt_log *log)
{
    free(log->notes);
    *log = (struct attempt_log){0};
}
