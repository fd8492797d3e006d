/* libFuzzer, room 3: any text, in a block of exactly its size and the NUL. What is accepted is read in every way; tokens lie
   inside the text and one behind the other. Without vectors the same tokens, verdict and place of the error come out. Every
   verdict and value is compared with jansson's, which differs on purpose in: numbers (it refuses integers beyond 64 bits and
   reals beyond double), lone surrogate escapes (it refuses them), \u0000 (allowed by a flag here, and never in keys), NUL in
   the text (it takes some), depth (2048 there), and which of equal keys counts (the last). */
#define JBZ_NO_CONN
#define JBZ_NO_VERBS
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "fuzz.h"
#include "plain.h"
#include <jansson.h>
#include <math.h>

#define CAP 2048

/* Tokens in order, each inside the text and inside its container. Depth is bounded by the tokenizer, so this may recurse. */
static uint32_t check_tokens(const jbz_doc *doc, uint32_t at, uint32_t end, size_t *from) {
    const jbz_tok *t = &doc->toks[at];
    size_t offset = t->a & JBZI_JSON_MAX;
    CHECK(at < end && end <= doc->count);
    CHECK(offset >= *from && offset < doc->len + 1);
    *from = offset;
    if (!jbzi_json_nests(t)) {
        CHECK(t->b <= doc->len - offset);
        *from += t->b;
        return at + 1;
    }
    CHECK(t->b > at && t->b <= end);
    for (end = t->b, at++; at < end;) {
        if (jbzi_json_kind(t) == JBZ_JSON_OBJECT) {
            CHECK((jbzi_json_kind(&doc->toks[at]) & (JBZI_JSON_STRING | JBZI_JSON_KEY)) == (JBZI_JSON_STRING | JBZI_JSON_KEY));
            at = check_tokens(doc, at, end, from);
            CHECK(at < end);
        }
        CHECK(jbzi_json_kind(&doc->toks[at]) < JBZI_JSON_STRING || !(jbzi_json_kind(&doc->toks[at]) & JBZI_JSON_KEY));
        at = check_tokens(doc, at, end, from);
    }
    return end;
}

static bool odd_for_jansson; /* numbers it does not take, or half surrogates */

static void compare(jbz_json v, json_t *j) {
    size_t n, i = 0;
    const char *s;
    jbz_json c;
    json_t *member;
    switch (jbz_json_type_of(v)) {
    case JBZ_JSON_OBJECT:
        CHECK(json_is_object(j));
        for (c = jbz_json_first(v); jbz_json_type_of(c); c = jbz_json_next(v, c)) {
            jbz_json later = c;
            bool again = false;
            s = jbz_json_keyn(c, &n);
            for (;;) { /* jansson keeps the last of equal keys; compare only that one */
                size_t m;
                const char *other;
                later = jbz_json_next(v, later);
                if (!jbz_json_type_of(later)) break;
                other = jbz_json_keyn(later, &m);
                if (m == n && memcmp(s, other, n) == 0) again = true;
            }
            if (strlen(s) != n) continue; /* keys with NUL: not in jansson's API of this version */
            member = json_object_get(j, s);
            CHECK(member);
            if (!again) compare(c, member);
        }
        break;
    case JBZ_JSON_ARRAY:
        CHECK(json_is_array(j) && json_array_size(j) == jbz_json_count(v));
        for (c = jbz_json_first(v); jbz_json_type_of(c); c = jbz_json_next(v, c)) compare(c, json_array_get(j, i++));
        break;
    case JBZ_JSON_STRING:
        s = jbz_json_strn(v, "", &n);
        CHECK(json_is_string(j) && json_string_length(j) == n && memcmp(json_string_value(j), s, n) == 0);
        break;
    case JBZ_JSON_NUMBER: {
        double x = jbz_json_num(v, "", NAN), y = json_number_value(j);
        CHECK(json_is_number(j));
        if (json_is_integer(j)) CHECK(jbz_json_int(v, "", json_integer_value(j) ^ 1) == json_integer_value(j));
        CHECK(x == y || (x <= nextafter(y, INFINITY) && x >= nextafter(y, -INFINITY)));
        break;
    }
    case JBZ_JSON_TRUE: CHECK(json_is_true(j)); break;
    case JBZ_JSON_FALSE: CHECK(json_is_false(j)); break;
    case JBZ_JSON_NULL: CHECK(json_is_null(j)); break;
    default: CHECK(0);
    }
}

/* The value of \uXXXX, which is known to be well-formed. */
static unsigned unit(const char *s) {
    char hex[5];
    memcpy(hex, s + 2, 4);
    hex[4] = 0;
    return (unsigned)strtoul(hex, NULL, 16);
}

static bool has_lone_surrogate(const char *s, size_t n) {
    size_t i;
    for (i = 0; i + 1 < n; i++) {
        if (s[i] != '\\') continue;
        if (s[i + 1] == 'u' && i + 6 <= n) {
            unsigned u = unit(s + i);
            if (u >= 0xDC00 && u < 0xE000) return true;
            if (u >= 0xD800 && u < 0xDC00) {
                if (i + 12 > n || s[i + 6] != '\\' || s[i + 7] != 'u') return true;
                u = unit(s + i + 6);
                if (u < 0xDC00 || u >= 0xE000) return true;
                i += 6;
            }
            i += 4;
        }
        i++;
    }
    return false;
}

static void against_jansson(const uint8_t *data, size_t size, jbz_doc *doc, jbz_err err) {
    json_error_t e;
    json_t *j = json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    uint32_t i;
    odd_for_jansson = false;
    for (i = 0; i < doc->count; i++) {
        const jbz_tok *t = &doc->toks[i];
        jbz_json v;
        v.doc = doc;
        v.at = i;
        if (jbzi_json_kind(t) & JBZI_JSON_STRING && has_lone_surrogate(jbzi_json_text(doc, i), t->b)) odd_for_jansson = true;
        if (jbzi_json_kind(t) == JBZ_JSON_NUMBER) {
            const char *s = jbzi_json_text(doc, i);
            bool real = memchr(s, '.', t->b) || memchr(s, 'e', t->b) || memchr(s, 'E', t->b);
            if (real ? isnan(jbz_json_num(v, "", NAN)) : jbz_json_int(v, "", 1) != jbz_json_int(v, "", 2)) odd_for_jansson = true;
        }
        if (jbzi_json_kind(t) & JBZI_JSON_KEY && memchr(jbzi_json_text(doc, i), '\\', t->b)) { /* a key with \u0000: refused there */
            size_t n;
            for (n = 0; n + 6 <= t->b; n++) if (memcmp(jbzi_json_text(doc, i) + n, "\\u0000", 6) == 0) odd_for_jansson = true;
        }
    }
    if (err == JBZ_E_OK && !odd_for_jansson) {
        CHECK(j);
        compare(jbz_json_root(doc), j);
    }
    if (err == JBZ_E_JSON && !memchr(data, 0, size)) CHECK(!j);
    json_decref(j);
}

/* The same without vectors, down to what strings decode to. */
static void against_plain(const uint8_t *data, size_t size, const jbz_doc *doc, jbz_err err, size_t at) {
    static jbz_tok toks[CAP];
    jbz_doc other, mine = *doc;
    char *text = exact(data, size, 1), *copy = exact(data, size, 1);
    size_t other_at = size + 1, n, m;
    jbz_json v, w;
    CHECK(plain_json_parse(&other, text, size, toks, CAP, &other_at) == err && other_at == at && other.count == doc->count);
    CHECK(doc->count == 0 || memcmp(toks, doc->toks, doc->count * sizeof *toks) == 0);
    mine.text = copy;
    mine.toks = (jbz_tok *)(void *)exact(doc->toks, doc->count * sizeof *toks, 0);
    v.doc = &mine;
    w.doc = &other;
    for (v.at = w.at = 0; v.at < mine.count; w.at = ++v.at) {
        const char *a = jbz_json_strn(v, "", &n), *b = plain_json_strn(w, &m);
        CHECK(!a == !b && n == m && (!a || memcmp(a, b, n + 1) == 0));
    }
    free(mine.toks);
    free(copy);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static jbz_tok toks[CAP];
    jbz_doc doc;
    size_t at = size + 1, from = 0;
    uint32_t i;
    jbz_err err;
    char *text = (char *)malloc(size + 1);
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = 0;
    err = jbz_json_parse(&doc, text, size, toks, CAP, &at);
    CHECK(memcmp(text, data, size) == 0 && text[size] == 0);
    against_plain(data, size, &doc, err, at);
    against_jansson(data, size, &doc, err);
    if (err != JBZ_E_OK) {
        CHECK(doc.count == 0 && at <= size);
        free(text);
        return 0;
    }
    CHECK(check_tokens(&doc, 0, doc.count, &from) == doc.count);
    for (i = 0; i < doc.count; i++) {
        jbz_json v, c;
        const char *s, *again;
        size_t n, m;
        uint32_t steps = 0;
        v.doc = &doc;
        v.at = i;
        for (c = jbz_json_first(v); jbz_json_type_of(c); c = jbz_json_next(v, c)) CHECK(++steps <= doc.count);
        jbz_json_at(v, "/a~1b/0/c");
        jbz_json_num(v, "", 0);
        jbz_json_int(v, "", 0);
        if ((s = jbz_json_strn(v, "", &n)) != NULL) {
            CHECK(s[n] == 0 && jbz_utf8_valid(s, n) && s + n < text + size);
            again = jbz_json_strn(v, "", &m);
            CHECK(again == s && m == n);
        }
        if ((s = jbz_json_keyn(v, &n)) != NULL) CHECK(s[n] == 0 && jbz_utf8_valid(s, n) && s + n < text + size);
    }
    free(text);
    return 0;
}
