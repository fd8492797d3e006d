/* What the harnesses share. Each is a program whose inputs Eva takes to be anything; tests/prove.sh says how it is run and what
   is assumed. LONGEST is the longest text of a harness, given by its first line. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "__fc_builtin.h"

/* Copying no bytes from or to the end of a block is right in C (7.21.1); the contracts of Frama-C's libc do not know that. */
static void *prove_copy(void *to, const void *from, size_t n) {
    if (n) return memcpy(to, from, n);
    //@ assert pointers: \object_pointer((char *)to) && \object_pointer((char *)from);
    return to;
}
#define memcpy prove_copy

#define JBZ_STATIC
#define JBZ_NO_SIMD
#define JBZ_NO_SERVER
#define JAMBONZ_WS_IMPLEMENTATION
#define JBZ_ASSERT(c) ((void)0) /* nothing may lean on an assertion: it can be compiled out */
/* Without GNU C the header counts zero bits in a loop, which Eva follows exactly; of the builtin it knows only the bounds. */
#undef __GNUC__
#include "jambonz_ws.h"

/* A block of exactly `n` bytes that may be anything, and behind them a NUL if `nul`. */
static char *any_text(size_t n, bool nul) {
    char *text = (char *)malloc(n + nul ? n + nul : 1);
    Frama_C_make_unknown(text, n);
    if (nul) text[n] = 0;
    return text;
}

static uint32_t any32(void) {
    uint32_t v;
    Frama_C_make_unknown((char *)&v, sizeof v);
    return v;
}

/* Runs `what` for every length, one after the other: Eva joins what it knows in between. */
#define EACH_LENGTH(what, from, to) do { \
    size_t n_; \
    /*@ loop unroll 300; */ \
    for (n_ = (from); n_ <= (to); n_++) what(n_); \
} while (0)
