/* eva: LONGEST=3 -eva-reduction-depth 0 -eva-split-return full
   Room 3: look-up with every pointer of up to LONGEST bytes, from each value of a document, and what is found converted; numbers
   of up to LONGEST bytes. */
#include "prove.h"

static const char json[] = "{\"a\":[1,\"2\\n\",{\"\":true}],\"b/\":-2.5e3}";
static char copy[sizeof json];
static jbz_tok toks[10];
static jbz_doc doc;

static void parse_it(void) {
    memcpy(copy, json, sizeof json);
    (void)jbz_json_parse(&doc, copy, sizeof json - 1, toks, 10, NULL);
}

/* The n-th token, be it a value or not, as a value of every type. */
static void converted(size_t n) {
    jbz_json v, child;
    size_t length;
    parse_it();
    v = jbz_json_root(&doc);
    child = jbz_json_first(v);
    v.at = (uint32_t)n;
    (void)jbz_json_next(v, child);
    (void)jbz_json_count(v);
    (void)jbz_json_keyn(v, &length);
    (void)jbz_json_key(v);
    (void)jbz_json_strn(v, "", &length);
    (void)jbz_json_str(v, "", NULL);
    (void)jbz_json_bool(v, "", true);
    (void)jbz_json_int(v, "", 0);
    (void)jbz_json_num(v, "", 0);
    //@ slevel merge;
    return;
}

static void at(size_t n) {
    char *pointer = any_text(n, true);
    parse_it();
    (void)jbz_json_type_of(jbz_json_at(jbz_json_root(&doc), pointer));
    //@ slevel merge;
    free(pointer);
}

static void number(size_t n) {
    char *t = any_text(n, true);
    jbz_tok tok;
    jbz_doc doc;
    if (*t != '"' && jbz_json_parse(&doc, t, n, &tok, 1, NULL) == JBZ_E_OK) {
        (void)jbz_json_int(jbz_json_root(&doc), "", 0);
    }
    //@ slevel merge;
    free(t);
}

static void text(size_t n) {
    char *t = any_text(n + 2, true);
    jbz_tok tok;
    jbz_doc doc;
    t[0] = t[n + 1] = '"';
    if (jbz_json_parse(&doc, t, n + 2, &tok, 1, NULL) == JBZ_E_OK) (void)jbz_json_str(jbz_json_root(&doc), "", NULL);
    //@ slevel merge;
    free(t);
}

int main(void) {
    EACH_LENGTH(converted, 0, 11);
    EACH_LENGTH(at, 0, LONGEST);
    EACH_LENGTH(number, 1, LONGEST);
    EACH_LENGTH(text, 0, LONGEST);
    return 0;
}
