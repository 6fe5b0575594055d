/* Reads what a collector answers: in Protobuf, as the spans came; or the plain text of a proxy in
 * front of the collector. Pure. */
#ifndef EXCHANGE_OTLP_ANSWER_H
#define EXCHANGE_OTLP_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { OTLP_WORDS_BYTES = 301 };

/* How many spans of a body that was taken were not (ExportTraceServiceResponse), and what it says
 * of them; "": nothing. Also in JSON: some answer in it, whatever they are sent. */
int64_t otlp_answer_rejected(struct slice answer, char words[OTLP_WORDS_BYTES]);
/* Why a body was refused: a Status's message, or the answer itself if it is none. */
void otlp_answer_refusal(struct slice answer, char words[OTLP_WORDS_BYTES]);

#endif
