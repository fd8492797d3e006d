/* Prints one number made of every token, error and error offset of the tokenizer, and of every decoded string, for many made-up
   texts. Built with SSE2, with JBZ_NO_SIMD, for NEON, for 32 bits and for big-endian machines it must print the same: the
   Makefile compares. Needs no test library, so that it also runs where only a cross compiler and an emulator are at hand. */

#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

#include <stdio.h>

static uint32_t state = 2463534242u;
static uint32_t rnd(uint32_t n) { state ^= state << 13; state ^= state >> 17; state ^= state << 5; return state % n; }

static uint64_t digest = 1469598103934665603u;
static void add(const void *p, size_t n) {
    const unsigned char *b = (const unsigned char *)p;
    while (n--) digest = (digest ^ *b++) * 1099511628211u;
}
static void add_number(uint64_t v) {
    unsigned char b[8];
    int i;
    for (i = 0; i < 8; i++) b[i] = (unsigned char)(v >> 8 * i);
    add(b, sizeof b);
}

static size_t put(char *t, size_t n, const char *s) { size_t k = strlen(s); memcpy(t + n, s, k); return n + k; }

static size_t make_string(char *t, size_t n) {
    static const char *const parts[] = { "\\r\\n", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
        "\\\"", "\\\\", "/", "#", " ", "a=rtpmap:101 telephone-event/8000", "INVITE sip:+15083728299@10.0.13.72:5070 SIP/2.0", "x", "yy", "{", "," };
    uint32_t k = rnd(9);
    t[n++] = '"';
    while (k--) n = put(t, n, parts[rnd(sizeof parts / sizeof *parts)]);
    t[n++] = '"';
    return n;
}

static size_t make_value(char *t, size_t n, uint32_t depth) {
    static const char *const scalars[] = { "0", "-1", "200", "0.9736028", "1e5", "-2.5E-3", "true", "false", "null", "12345678901234567890" };
    static const char *const gaps[] = { "", "", "", "", "", " ", "\n  ", "\t", "\r\n" };
    uint32_t k, what = depth > 5 || n > 6000 ? rnd(5) : rnd(8);
    bool object = what < 7;
    if (what < 4) return make_string(t, n);
    if (what == 4) return put(t, n, scalars[rnd(sizeof scalars / sizeof *scalars)]);
    t[n++] = object ? '{' : '[';
    for (k = rnd(9); k > 0; k--) {
        n = put(t, n, gaps[rnd(9)]);
        if (object) {
            n = make_string(t, n);
            n = put(t, n, gaps[rnd(9)]);
            t[n++] = ':';
            n = put(t, n, gaps[rnd(9)]);
        }
        n = make_value(t, n, depth + 1);
        n = put(t, n, gaps[rnd(9)]);
        if (k > 1) t[n++] = ',';
    }
    t[n++] = object ? '}' : ']';
    return n;
}

int main(void) {
    static const char odd[] = "\"\"\\\\{}[]::,,019.eE+-tfnu \t\n\x80\xBF\xC2\xED\xA0\xF4\x90\x01\x7F#";
    static char t[1 << 18];
    static jbz_tok toks[1 << 14];
    long texts = 0, valid = 0;
    for (; texts < 60000; texts++) {
        size_t n = make_value(t, 0, 0), at = 0, i;
        uint32_t k = rnd(4), cap = rnd(20) ? 1 << 14 : rnd(40);
        jbz_doc doc;
        jbz_err err;
        while (k--) t[rnd((uint32_t)n)] = odd[rnd(sizeof odd - 1)];
        if (rnd(10) == 0) n = rnd((uint32_t)n + 1);
        t[n] = 0;
        err = jbz_json_parse(&doc, t, n, toks, cap, &at);
        add_number((uint64_t)err);
        add_number(err ? at : doc.count);
        for (i = 0; i < doc.count; i++) { add_number(toks[i].a); add_number(toks[i].b); }
        valid += err == JBZ_E_OK;
        for (i = 0; i < doc.count; i++) {
            jbz_json v;
            const char *s;
            size_t len;
            v.doc = &doc;
            v.at = (uint32_t)i;
            if ((s = jbz_json_strn(v, "", &len)) != NULL) add(s, len);
            if ((s = jbz_json_keyn(v, &len)) != NULL) add(s, len);
            add_number((uint64_t)jbz_json_int(v, "", -1));
        }
        add_number(jbz_utf8_valid(t, n));
    }
    printf("%016llx %ld texts, %ld valid\n", (unsigned long long)digest, texts, valid);
    return valid > 1000 && valid < texts ? 0 : 1;
}
