/* What the harnesses share. Each is a program whose inputs Eva takes to be anything; tests/prove.sh runs it. LONGEST is the
   longest text of a harness, given by its first line; what EACH_LENGTH calls has the name of the function that it is about.

   What is assumed, and why that is right:
   - gcc's x86-64: sizes of types, low byte first, two's complement. `make portable` runs the tests on others.
   - Frama-C's contracts of libc (memchr, memcmp, memcpy, memmove, memset, strlen, strcmp, strchr) describe libc. C demands it.
   - malloc of the harness is not refused (-eva-no-alloc-returns-null). It stands for memory that the caller has; the header
     asks for memory in jbzi_base_realloc() alone, and `make fault` lets that fail.
   - The portable path (JBZ_NO_SIMD) stands for the vectors: fuzzers compare the two (tests/fuzz).
   - Bits are counted by the header's loop, as without GNU C: of the compiler's builtin Eva knows only the bounds.
   - Two addresses in one text, as numbers, are as far from each other as the pointers are (JBZI_JSON_PLACE in the tokenizer). Flat
     memory has it so; to Eva an address is no number.
   - Assertions are off: nothing may lean on them.
   - Texts longer than what is stated behave like shorter ones: loops go on until a bound that these lengths reach from all sides
     (words of 8 bytes, blocks of 64, every rest). */
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
#define JBZI_JSON_PLACE(p) ((uint32_t)((p) - text))
#define JBZ_ASSERT(c) ((void)0)
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
