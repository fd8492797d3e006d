/* eva: LONGEST=3 -eva-reduction-depth 0 -eva-split-return full
   Room 4: strings and raw JSON of every length into texts of every size; numbers; every order of LONGEST calls. */
#include "prove.h"

/* A string of any bytes into texts of every size that may or may not hold it. */
static void strn(size_t n) {
    size_t size;
    //@ loop unroll 60;
    for (size = 1; size <= 6 * n + 3; size++) {
        char *t = any_text(n, false), *mem = any_text(size, false);
        jbz_out o;
        jbz_out_init(&o, mem, size);
        jbz_out_strn(&o, t, n);
        //@ slevel merge;
        (void)jbz_out_finish(&o, NULL);
        //@ slevel merge;
        free(t);
        free(mem);
    }
}

static void plain(size_t n) {
    char *t = any_text(n, false), *to = any_text(n, false);
    (void)jbzi_out_plain(to, (const unsigned char *)t, (const unsigned char *)t + n);
    //@ slevel merge;
    free(t);
    free(to);
}

static void odd(size_t n) {
    char *t = any_text(n, false), to[6];
    const unsigned char *p = (const unsigned char *)t;
    (void)jbzi_out_odd(to, &p, p + n);
    //@ slevel merge;
    free(t);
}

/* Raw JSON; its bounds alone decide what is copied. */
static void one(size_t n) {
    char *t = any_text(n, false);
    const char *p = t, *end = t + n;
    (void)jbzi_out_one(&p, &end);
    //@ slevel merge;
    free(t);
}

static void integer(size_t n) {
    char mem[24];
    jbz_out o;
    int64_t v;
    Frama_C_make_unknown((char *)&v, sizeof v);
    jbz_out_init(&o, mem, n);
    jbz_out_int(&o, v);
    //@ slevel merge;
    return;
}

/* Digits of every number and any value, the point in front of them, among them and behind. */
static void decimal(size_t n) {
    int point, i;
    //@ loop unroll 40;
    for (point = -7; point <= 23; point++) {
        char digits[17], mem[40];
        jbz_out o;
        //@ loop unroll 17;
        for (i = 0; i < 17; i++) digits[i] = (char)Frama_C_interval('0', '9');
        jbz_out_init(&o, mem, sizeof mem);
        (void)jbzi_out_decimal(&o, true, digits, (int)n, point);
        //@ slevel merge;
    }
}

static void value(size_t n) {
    static const char json[] = "{\"a\":[1,\"2\\n\",{\"\":true}],\"b/\":[null,false]}";
    char mem[60], text[sizeof json];
    jbz_tok toks[12];
    jbz_doc doc;
    jbz_out o;
    memcpy(text, json, sizeof json);
    (void)jbz_json_parse(&doc, text, sizeof json - 1, toks, 12, NULL);
    if (n & 1) (void)jbz_json_str(jbz_json_root(&doc), "/a/1", NULL); /* decoded in place */
    jbz_out_init(&o, mem, n);
    jbz_out_value(&o, jbz_json_root(&doc));
    (void)jbz_out_finish(&o, NULL);
    //@ slevel merge;
    return;
}

static void calls(size_t n) {
    char mem[16];
    size_t i;
    jbz_out o;
    jbz_out_init(&o, mem, sizeof mem);
    //@ loop unroll 10;
    for (i = 0; i < n; i++)
        switch (Frama_C_interval(0, 10)) {
        case 0: jbz_out_open_object(&o); break;
        case 1: jbz_out_close_object(&o); break;
        case 2: jbz_out_open_array(&o); break;
        case 3: jbz_out_close_array(&o); break;
        case 4: jbz_out_key(&o, "k"); break;
        case 5: jbz_out_str(&o, "\n"); break;
        case 6: jbz_out_bool(&o, true); break;
        case 7: jbz_out_null(&o); break;
        case 8: jbz_out_list(&o); break;
        case 9: jbz_out_json(&o, "[{}]"); break;
        default: jbz_out_int(&o, -7);
        }
    (void)jbz_out_finish(&o, &i);
    //@ slevel merge;
    return;
}

int main(void) {
    EACH_LENGTH(strn, 0, 2);
    EACH_LENGTH(plain, 0, 20);
    EACH_LENGTH(odd, 1, 5);
    EACH_LENGTH(one, 0, LONGEST);
    EACH_LENGTH(integer, 0, 24);
    EACH_LENGTH(decimal, 1, 2);
    EACH_LENGTH(decimal, 17, 17);
    EACH_LENGTH(value, 0, 60);
    EACH_LENGTH(calls, 0, LONGEST);
    return 0;
}
