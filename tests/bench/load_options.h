/* What the load generator is asked for:
 *
 *   bench_load --port N --path PATH --keys FILE [OPTION VALUE]...
 *
 *   --connections N     connections, each with one request at a time
 *   --rate N            open loop: N requests a second by schedule; 0 (default): closed loop, each
 *                       connection asks again when it has its answer
 *   --seconds N         the window that is measured
 *   --warmup-ms N       before it; closed loop: the connections start spread over this time
 *   --requests N        closed loop: stop after so many, and measure them all
 *   --stream N          ask for streams, of N events each
 *   --prompt-bytes N    size of the prompt
 *   --model NAME        gpt-4o-mini if it is not given
 *   --korean 1          a prompt that is not ASCII
 *   --drain-ms N        how long answers are waited for after the window (60 s)
 *   --watch NAME=PID    report the processor time of that process in the window (several) */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum { WATCHED_MAX = 4 };

struct watched {
    const char *name;
    int64_t pid;
    int64_t cpu_ns;
};

struct load_options {
    const char *path;
    const char *keys_path;
    const char *model;
    int port;
    size_t connections;
    int64_t rate;
    int64_t seconds;
    int64_t warmup_ns;
    int64_t requests;
    int64_t drain_ns;
    int words; /* of a stream; 0: plain answers */
    size_t prompt_bytes;
    int64_t korean;                          /* the prompt is */
    struct watched watched[WATCHED_MAX + 1]; /* the last one: this process */
    size_t watched_count;
};

/* Dies when they make no sense. */
void load_options_read(struct load_options *options, int argc, char **argv);

#endif
