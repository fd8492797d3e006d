/* eva: LONGEST=6 -eva-reduction-depth 0 -eva-split-return full
   Room 3: the tokenizer's leaves and those of look-up and decoding on every text of up to LONGEST bytes. */
#include "prove.h"


static void blanks(size_t n) {
    char *t = any_text(n, true);
    (void)jbzi_json_blanks((const unsigned char *)t);
    //@ slevel merge;
    free(t);
}

static void behind_special(size_t n) {
    char *t = any_text(n, true);
    (void)jbzi_json_behind_special((const unsigned char *)t);
    //@ slevel merge;
    free(t);
}

static void scalar(size_t n) {
    char *t = any_text(n, true);
    const unsigned char *p = (const unsigned char *)t;
    jbz_tok tok;
    (void)jbzi_json_scalar(p, p, &tok);
    //@ slevel merge;
    free(t);
}

static void find(size_t n) {
    char *t = any_text(n, true);
    jbzi_json_in in;
    in.at = (const unsigned char *)t;
    in.end = in.at + n;
    in.mask = 0;
    (void)jbzi_json_find(&in);
    //@ slevel merge;
    free(t);
}

static void rest(size_t n) { /* the rest of a string from its first special byte on */
    char *t = any_text(n, true);
    jbzi_json_in in;
    jbz_tok tok;
    tok.a = 0;
    in.at = (const unsigned char *)t;
    in.end = in.at + n;
    in.mask = 0;
    (void)jbzi_json_rest(&in, jbzi_json_find(&in), &tok);
    //@ slevel merge;
    free(t);
}

static void index_of(size_t n) {
    char *pointer = any_text(n, true);
    uint32_t index;
    (void)jbzi_json_index(pointer, &index);
    //@ slevel merge;
    free(pointer);
}

static void segment(size_t n) {
    char *pointer = any_text(n, true);
    bool plain;
    (void)jbzi_json_segment(pointer, &plain);
    //@ slevel merge;
    free(pointer);
}

static void spells(size_t n) {
    size_t m;
    //@ loop unroll 40;
    for (m = 0; m <= 3; m++) {
        char *pointer = any_text(n, true), *key = any_text(m, false);
        (void)jbzi_json_spells(pointer, n, key, m);
        //@ slevel merge;
        free(pointer);
        free(key);
    }
}

/* One escape, or half a surrogate pair and the escape behind it: what the tokenizer let pass. */
static void unescape(size_t n) {
    char *t = any_text(n, true);
    unsigned char out[4], *to = out;
    const unsigned char *p = (const unsigned char *)t;
    if (*p == '\\' && jbzi_json_behind_special(p) && (p[6] != '\\' || jbzi_json_behind_special(p + 6))) {
        (void)jbzi_json_unescape(p, &to);
        //@ assert shorter: to - out <= 4;
    }
    //@ slevel merge;
    free(t);
}

/* Digits that fill 64 bits; with a power of ten, what Eva knows of them gets lost in the steps. */
static void scale(size_t n) {
    uint64_t m = ((uint64_t)any32() << 32 | any32()) >> 1;
    (void)jbzi_json_scale(m + ((uint64_t)1 << 63), (int32_t)n);
    //@ slevel merge;
    return;
}

int main(void) {
    EACH_LENGTH(blanks, 0, 4);
    EACH_LENGTH(behind_special, 0, 13);
    EACH_LENGTH(scalar, 0, 9);
    EACH_LENGTH(find, 0, 40);
    EACH_LENGTH(rest, 0, LONGEST);
    EACH_LENGTH(index_of, 0, 30);
    EACH_LENGTH(segment, 0, 30);
    EACH_LENGTH(spells, 0, 8);
    EACH_LENGTH(unescape, 6, 12);
    EACH_LENGTH(scale, 0, 0);
    return 0;
}
