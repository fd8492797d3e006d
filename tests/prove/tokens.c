/* eva: LONGEST=3 -eva-reduction-depth 0 -eva-split-return full
   Room 3: the tokenizer on every text of up to LONGEST bytes, and on what leads into each of its states with up to LONGEST bytes
   (2 in objects and arrays) behind it; with room for every number of tokens. */
#define JBZ_JSON_DEPTH 4 /* so that a few bytes get there */
#include "prove.h"

static void parse_behind(const char *begin, size_t n, uint32_t cap) {
    size_t k = strlen(begin), at;
    char *t = any_text(k + n, true);
    jbz_tok *toks = (jbz_tok *)malloc(cap ? cap * sizeof *toks : 1);
    jbz_doc doc;
    memcpy(t, begin, k);
    (void)jbz_json_parse(&doc, t, k + n, toks, cap, &at);
    //@ slevel merge;
    free(t);
    free(toks);
}

static void parse(size_t n) {
    uint32_t cap;
    //@ loop unroll 40;
    for (cap = 0; cap <= n + 1; cap++) parse_behind("", n, cap);
}

static void in_object(size_t n) {
    parse_behind("{", n, 5);
    parse_behind("{\"", n, 5);
    parse_behind("{\"a\":", n, 5);
    parse_behind("{\"a\":\"", n, 5);
    parse_behind("{\"a\":{}", n, 5);
    parse_behind("{\"a\":1,\"", n, 5);
}

static void in_array(size_t n) {
    parse_behind("[", n, 5);
    parse_behind("[\"", n, 5);
    parse_behind("[\"a\"", n, 5);
    parse_behind("[[1]", n, 5);
    parse_behind("[[[[", n, 5);
    parse_behind("[{},", n, 5);
}

static void in_string(size_t n) {
    parse_behind("\"1234567", n, 1);
    parse_behind("\"1234567\\", n, 1);
    parse_behind("\"1234567\\u0", n, 1);
    parse_behind("\"1234567\\r\\n", n, 1);
}

int main(void) {
    EACH_LENGTH(parse, 0, LONGEST);
    EACH_LENGTH(in_object, 0, 2);
    EACH_LENGTH(in_array, 0, 2);
    EACH_LENGTH(in_string, 0, LONGEST);
    return 0;
}
