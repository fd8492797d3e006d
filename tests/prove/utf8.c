/* eva: LONGEST=10 -eva-reduction-depth 0
   Room 1: whole texts; the run of ASCII before anything else; pieces in every state that there is; single characters. */
#include "prove.h"

static void valid(size_t n) {
    char *t = any_text(n, false);
    (void)jbz_utf8_valid(t, n);
    //@ slevel merge;
    free(t);
}

static void feed(size_t n) {
    uint32_t state = any32();
    char *t = any_text(n, false);
    (void)jbzi_utf8_feed(&state, t, n);
    //@ slevel merge;
    free(t);
}

static void length(size_t n) {
    char *t = any_text(n, true);
    (void)jbzi_utf8_length((const unsigned char *)t); /* a NUL is bound enough */
    //@ slevel merge;
    free(t);
}

static void skip_ascii(size_t n) {
    char *t = any_text(n, false);
    (void)jbzi_utf8_skip_ascii((const unsigned char *)t, (const unsigned char *)t + n);
    //@ slevel merge;
    free(t);
}

static void put(size_t n) {
    static const uint32_t from[5] = { 0, 0, 0x80, 0x800, 0x10000 }, to[5] = { 0, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF };
    unsigned char *out = (unsigned char *)malloc(n);
    uint32_t code = (uint32_t)Frama_C_unsigned_int_interval(from[n], to[n]);
    (void)jbzi_utf8_put(out, code);
    //@ slevel merge;
    free(out);
}

int main(void) {
    EACH_LENGTH(valid, 0, LONGEST);
    EACH_LENGTH(skip_ascii, 0, 75);
    EACH_LENGTH(feed, 0, 4);
    EACH_LENGTH(length, 1, 5);
    EACH_LENGTH(put, 1, 4);
    return 0;
}
