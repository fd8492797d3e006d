/* Room 3 JSON: what RFC 8259 allows and refuses, tokens against a slow second reading, look-ups (RFC 6901), decoding, numbers,
   limits, cut and mutated messages, and the end of the text against memory that must not be touched.
   Takes the folder of example messages from the environment, JBZ_MESSAGES, default "tests/fixtures/messages". */

#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

#ifndef SLOWLY
#define SLOWLY 1 /* how much longer things may take: more under MemorySanitizer */
#endif

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define CAP 4096

static char *page_end; /* the byte behind a writable page, followed by one without any right */
static jbz_tok toks[CAP];

/* Puts a text where reading one byte more than text[len] is a crash. */
static char *place(const void *text, size_t n) {
    char *p = page_end - n - 1;
    if (n) memcpy(p, text, n);
    p[n] = 0;
    return p;
}

static int setup(void **unused) {
    size_t size = 1u << 20;
    char *map = (char *)mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)unused;
    if (map == MAP_FAILED || mprotect(map + size, size, PROT_NONE) != 0) return -1;
    page_end = map + size;
    return 0;
}

static jbz_err parse_n(jbz_doc *doc, const void *text, size_t n, size_t *at) {
    memset(toks, 0xEE, sizeof toks);
    return jbz_json_parse(doc, place(text, n), n, toks, CAP, at);
}

/* The root of a text that must be valid. */
static jbz_json root_of(jbz_doc *doc, const char *text) {
    size_t at = 0;
    jbz_err err = parse_n(doc, text, strlen(text), &at);
    if (err != JBZ_E_OK) fail_msg("error %d at %u: %s", (int)err, (unsigned)at, text);
    return jbz_json_root(doc);
}

/*---- a slow second reading: recursive, byte by byte, from the grammar ----*/

typedef struct slow {
    const unsigned char *text, *end, *p;
    unsigned depth, count;
    jbz_tok toks[CAP];
} slow;

static bool slow_value(slow *s);

static void slow_ws(slow *s) { while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p) s->p++; }
static int slow_peek(slow *s) { return s->p < s->end ? *s->p : -1; }
static bool slow_eat(slow *s, int c) { if (slow_peek(s) != c) return false; s->p++; return true; }

static bool slow_string(slow *s, uint32_t kind) {
    const unsigned char *start;
    uint32_t me = s->count++;
    if (!slow_eat(s, '"')) return false;
    start = s->p;
    for (;;) {
        int c = slow_peek(s), i;
        if (c < 0x20) return false;
        if (c == '"') break;
        s->p++;
        if (c != '\\') continue;
        kind |= JBZI_JSON_ESCAPED;
        c = slow_peek(s);
        if (c <= 0 || !strchr("\"\\/bfnrtu", c)) return false;
        s->p++;
        if (c != 'u') continue;
        for (i = 0; i < 4; i++) {
            c = slow_peek(s);
            if (c <= 0 || !strchr("0123456789abcdefABCDEF", c)) return false;
            s->p++;
        }
    }
    if (!jbz_utf8_valid(start, (size_t)(s->p - start))) return false;
    s->toks[me].a = kind << 28 | (uint32_t)(start - s->text);
    s->toks[me].b = (uint32_t)(s->p - start);
    s->p++;
    return true;
}

static bool slow_digits(slow *s) {
    const unsigned char *start = s->p;
    while (slow_peek(s) >= '0' && slow_peek(s) <= '9') s->p++;
    return s->p > start;
}

static bool slow_number(slow *s) {
    slow_eat(s, '-');
    if (!slow_eat(s, '0') && !slow_digits(s)) return false;
    if (slow_eat(s, '.') && !slow_digits(s)) return false;
    if (slow_eat(s, 'e') || slow_eat(s, 'E')) {
        if (!slow_eat(s, '+')) slow_eat(s, '-');
        if (!slow_digits(s)) return false;
    }
    return true;
}

static bool slow_word(slow *s, const char *word) {
    while (*word) if (!slow_eat(s, *word++)) return false;
    return true;
}

static bool slow_members(slow *s, int closer) {
    slow_ws(s);
    if (slow_eat(s, closer)) return true;
    for (;;) {
        slow_ws(s);
        if (closer == '}') {
            if (!slow_string(s, JBZI_JSON_STRING | JBZI_JSON_KEY)) return false;
            slow_ws(s);
            if (!slow_eat(s, ':')) return false;
        }
        if (!slow_value(s)) return false;
        slow_ws(s);
        if (slow_eat(s, closer)) return true;
        if (!slow_eat(s, ',')) return false;
    }
}

static bool slow_value(slow *s) {
    const unsigned char *start;
    uint32_t me, kind;
    bool ok;
    slow_ws(s);
    start = s->p;
    if (slow_peek(s) == '"') return slow_string(s, JBZI_JSON_STRING);
    me = s->count++;
    switch (slow_peek(s)) {
    case '{': case '[':
        kind = *s->p == '{' ? JBZ_JSON_OBJECT : JBZ_JSON_ARRAY;
        s->p++;
        if (++s->depth > 64) return false;
        if (!slow_members(s, kind == JBZ_JSON_OBJECT ? '}' : ']')) return false;
        s->depth--;
        s->toks[me].a = kind << 28 | (uint32_t)(start - s->text);
        s->toks[me].b = s->count;
        return true;
    case 't': kind = JBZ_JSON_TRUE; ok = slow_word(s, "true"); break;
    case 'f': kind = JBZ_JSON_FALSE; ok = slow_word(s, "false"); break;
    case 'n': kind = JBZ_JSON_NULL; ok = slow_word(s, "null"); break;
    default: kind = JBZ_JSON_NUMBER; ok = slow_number(s); break;
    }
    s->toks[me].a = kind << 28 | (uint32_t)(start - s->text);
    s->toks[me].b = (uint32_t)(s->p - start);
    return ok;
}

/* Both readings of a text must agree on whether it is one and on every token. */
static bool agree(const void *text, size_t n) {
    static slow s;
    jbz_doc doc;
    size_t at = n + 1;
    jbz_err err = parse_n(&doc, text, n, &at);
    bool ok;
    s.text = s.p = (const unsigned char *)text;
    s.end = s.text + n;
    s.depth = s.count = 0;
    ok = slow_value(&s);
    slow_ws(&s);
    if (s.p != s.end) ok = false;
    if (ok != (err == JBZ_E_OK)) fail_msg("error %d at %u, expected %s: %.*s", (int)err, (unsigned)at, ok ? "none" : "one", (int)n, (const char *)text);
    assert_memory_equal(page_end - n - 1, text, n); /* nothing was written */
    if (!ok) {
        assert_true(at <= n);
        assert_int_equal(doc.count, 0);
        return false;
    }
    assert_int_equal(doc.count, s.count);
    assert_memory_equal(toks, s.toks, s.count * sizeof *toks);
    return true;
}

/*---- the grammar ----*/

static void json_valid(void **unused) {
    static const char *const texts[] = {
        "null", "true", "false", "0", "-0", "1", "-1", "10", "1.5", "-0.0", "0.00001", "1e5", "1E5", "1e+5", "1e-5", "0e0", "0E+0",
        "1.25e-3", "123456789012345678901234567890", "1e400", "-1e-400", "\"\"", "\"a\"", "[]", "{}", " [ ] ", "\t{\n}\r",
        " 1 ", "\n\"a\"\n", "[1]", "[1,2]", "[ 1 , 2 ]", "[[]]", "[[],[]]", "[{}]", "[{},{}]", "{\"a\":1}", "{\"a\" : 1 }",
        "{\"a\":1,\"b\":2}", "{ \"a\" : { \"b\" : [ 1 , { \"c\" : null } ] } }", "{\"a\":\"b\",\"c\":\"d\"}", "[\"a\",\"b\"]",
        "{\"a\":\"b\",\"c\":[\"d\",\"e\"],\"f\":\"g\"}", "{\"\":\"\"}", "{\"\":0,\"\":1}", "{\"a\":1,\"a\":2}", "[true,false,null]",
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "\"\\u0000\"", "\"\\u001F\\uABCD\\uabcd\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"",
        "\"\\ude00\"", "\"\\ude00\\ud83d\"", "\"\\ud83d\\n\"", "\"\\ud83dx\"", "\"\x7F\"", "\"\xC3\xA9\"", "\"\xE2\x82\xAC\"",
        "\"\xF0\x9F\x98\x80\"", "\"\xEF\xBB\xBF\"", "\"\xE2\x80\xA8\"", "\"\xEF\xBF\xBF\"", "\"\xF4\x8F\xBF\xBF\"",
        "\"\\\\\"", "\"\\\\\\\\\"", "\"\\\"\"", "[\"\\\\\",\"\"]", "\"/\"", "\"#\"", "\"!\"", "\"a#\"", "{\"a\":\"\"}",
        "\"\\r\\n\"", "\"\\r\\n\\r\\n\"", "\"\\r\\r\\n\"", "\"a\\r\\nb\\r\"",
        "\"0123456789012345678901234567890123456789012345678901234567890123456789\"",
        "[0,-1,2.5,\"x\",[],{}, null , true]", "{\"a\":{\"b\":{\"c\":{}}}}", "{\"a\":[],\"b\":{},\"c\":0,\"d\":\"\",\"e\":true}",
        "{\"a\"\t:\n\"b\"\r,\"c\":\"d\"}", "[1e1,1E1,1.0e1]", "[\"a\", \"b\",\"c\" ,\"d\"]",
    };
    size_t i;
    (void)unused;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) if (!agree(texts[i], strlen(texts[i]))) fail_msg("refused: %s", texts[i]);
}

static void json_invalid(void **unused) {
    static const char *const texts[] = {
        "", " ", "\n", "nul", "nulll", "Null", "NULL", "tru", "truE", "true1", "falsy", "fals", "undefined", "NaN", "-NaN",
        "Infinity", "-Infinity", "inf", "+1", "-", "--1", "01", "-01", "00", "0x10", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1E-",
        "1e5.5", "1.2.3", "1 2", "1,", "1a", "0a", "1_000", "1e1e1", "- 1", "\xEF\xBC\x91",
        "\"", "\"a", "a\"", "'a'", "\"a\"b", "\"a\"\"b\"", "\"a\",\"b\"", "\"a\":\"b\"", "\"a\",", "\"a\":1",
        "\"\\\"", "\"\\", "\"\\a\"", "\"\\x41\"", "\"\\'\"", "\"\\0\"", "\"\\ \"", "\"\\U0041\"", "\"\\u\"", "\"\\u1\"",
        "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\u 123\"", "\"\\u12", "\"\\ud83d\\u\"", "\"\\ud83d\\ude0\"", "\"\\u+123\"",
        "\"\t\"", "\"\n\"", "\"\r\"", "\"\x01\"", "\"\x1F\"", "\"a\nb\"", "\"\\\n\"", "\"\\r\n\"",
        "\"\x80\"", "\"\xBF\"", "\"\xC0\x80\"", "\"\xC1\xBF\"", "\"\xC3\"", "\"\xE2\x82\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"",
        "\"\xED\xBF\xBF\"", "\"\xF0\x80\x80\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xF5\x80\x80\x80\"", "\"\xFF\"", "\"\\\xC3\xA9\"",
        "\"a\xC3\xA9\xC3\"", "\xC3\xA9", "[\xA0]", "\xEF\xBB\xBF{}", "\xEF\xBB\xBF", "[\xE2\x80\xA8]", "{\"a\":\xC2\xA0\"b\"}",
        "[", "]", "[1", "[1,", "[,", "[,1]", "[1,]", "[1,,2]", "[1 2]", "[1:2]", "[1}", "[\"a\"", "[\"a\",", "[\"a\",]", "[\"a\":1]",
        "[\"a\"\"b\"]", "[\"a\" \"b\"]", "[]]", "[][]", "[],", "[] 1", "[1]x", "[a]", "[-]", "[\v]", "[\f]", "\f[]",
        "{", "}", "{]", "{\"a\"", "{\"a\"}", "{\"a\":", "{\"a\":}", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{,\"a\":1}",
        "{\"a\" 1}", "{\"a\",1}", "{\"a\",\"b\"}", "{\"a\":\"b\":\"c\"}", "{\"a\"::\"b\"}", "{\"a\":\"b\",,\"c\":\"d\"}",
        "{\"a\":\"b\" \"c\":\"d\"}", "{\"a\":\"b\",\"c\"}", "{\"a\":\"b\",\"c\",\"d\"}", "{a:1}", "{'a':1}", "{1:1}", "{null:1}",
        "{[]:1}", "{\"a\":1}}", "{\"a\":1]", "{}{}", "{} {}", "{},{}", "{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}", "{\"a\"=1}",
        "// c\n1", "1 // c", "/* c */ 1", "[1,/**/2]", "# c\n1", "[1]#", "\"a\"#", "<null>", "(1)", "*", "\\u0031", "\"a\"+\"b\"",
        "[tru]", "[nul]", "[fals]", "[truefalse]", "{\"a\":tru}", "[\"\\u00A\"]", "[0.]", "[1.5e]", "[-2.]", "[2.e3]", "[+1]",
    };
    size_t i;
    (void)unused;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) if (agree(texts[i], strlen(texts[i]))) fail_msg("accepted: %s", texts[i]);
}

/* NUL is not blank and not text, wherever it is. */
static void json_nul(void **unused) {
    static const struct { const char *text; size_t n; } texts[] = {
        { "\0", 1 }, { "1\0", 2 }, { "\0" "1", 2 }, { "[\0]", 3 }, { "[1\0]", 4 }, { "\"a\0b\"", 5 }, { "{}\0", 3 }, { "{}\0{}", 5 },
        { "\"a\"\0", 4 }, { "\"a\"\0\"b\"", 7 }, { "{\"a\"\0:1}", 8 }, { "{\"a\0\":1}", 8 }, { "\"\\\0\"", 4 }, { "tru\0", 4 },
    };
    size_t i;
    (void)unused;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) assert_false(agree(texts[i].text, texts[i].n));
}

static void json_error_offsets(void **unused) {
    static const struct { const char *text; size_t at; } table[] = {
        { "", 0 }, { "   ", 3 }, { "x", 0 }, { "tru", 0 }, { "trux", 0 }, { " nulL", 1 }, { "01", 1 }, { "-", 0 }, { "-x", 0 },
        { "1.", 0 }, { " 1.x", 1 }, { "1e+", 0 }, { "1 2", 2 }, { "\"abc", 4 }, { "\"a\nb\"", 2 }, { "\"ab\\x\"", 3 },
        { "\"\\u12G4\"", 1 }, { "\"a\xC3\"", 2 }, { "[1,]", 3 }, { "[1 2]", 3 }, { "[1}", 2 }, { "{1:2}", 1 }, { "{\"a\"}", 4 },
        { "{\"a\":1,}", 7 }, { "{\"a\":\"b\",\"c\"}", 12 }, { "{\"a\" 1}", 5 }, { "[] []", 3 }, { "[", 1 }, { "{\"a\":", 5 },
    };
    size_t i;
    (void)unused;
    for (i = 0; i < sizeof table / sizeof *table; i++) {
        jbz_doc doc;
        size_t at = 999;
        assert_int_equal(parse_n(&doc, table[i].text, strlen(table[i].text), &at), JBZ_E_JSON);
        if (at != table[i].at) fail_msg("%s: at %u", table[i].text, (unsigned)at);
        assert_int_equal(parse_n(&doc, table[i].text, strlen(table[i].text), NULL), JBZ_E_JSON);
    }
}

/* The mask of 64 bytes, the word and the last bytes: specials at every offset of strings of every length. */
static void json_every_offset(void **unused) {
    static const char *const odd[] = { "\\n", "\\r\\n", "\\u00e9", "\xC3\xA9", "\xF0\x9F\x98\x80", "\\\"", "\\\\", "\"", "\x1F",
        "\x80", "\xED\xA0\x80", "\\q", "\",\"", "\":\"", "\\r\\x", "\\", "#", "\\r\\n\\r\\n\xC3\xA9\\r" };
    static const char *const around[][2] = { { "\"", "\"" }, { "[\"", "\"]" }, { "{\"", "\":\"x\"}" }, { "{\"k\":\"", "\"}" }, { "{\"k\":\"", "\",\"l\":1}" } };
    size_t i, j, before, after;
    (void)unused;
    for (i = 0; i < sizeof odd / sizeof *odd; i++)
        for (j = 0; j < sizeof around / sizeof *around; j++)
            for (before = 0; before < 140; before++)
                for (after = 0; after < 140; after += after < 9 ? 1 : 13) {
                    char t[400];
                    int n = snprintf(t, sizeof t, "%s%.*s%s%.*s%s", around[j][0], (int)before,
                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                        odd[i], (int)after,
                        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                        around[j][1]);
                    agree(t, (size_t)n);
                }
}

/*---- limits ----*/

static void json_depth(void **unused) {
    static char t[400002];
    size_t depth, i, at;
    jbz_doc doc;
    (void)unused;
    for (depth = 1; depth <= 70; depth++) {
        for (i = 0; i < depth; i++) { t[i] = '['; t[2 * depth - 1 - i] = ']'; }
        assert_int_equal(parse_n(&doc, t, 2 * depth, &at), depth <= JBZ_JSON_DEPTH ? JBZ_E_OK : JBZ_E_TOO_BIG);
        if (depth > JBZ_JSON_DEPTH) assert_int_equal(at, JBZ_JSON_DEPTH);
        assert_int_equal(parse_n(&doc, t, depth, &at), depth <= JBZ_JSON_DEPTH ? JBZ_E_JSON : JBZ_E_TOO_BIG);
        assert_int_equal(at, depth <= JBZ_JSON_DEPTH ? depth : JBZ_JSON_DEPTH);
    }
    memset(t, '[', 200000);
    memset(t + 200000, ']', 200000);
    assert_int_equal(parse_n(&doc, t, 400000, &at), JBZ_E_TOO_BIG);
    for (i = 0; i < 200000; i += 5) memcpy(t + i, "{\"a\":", 5);
    assert_int_equal(parse_n(&doc, t, 200000, &at), JBZ_E_TOO_BIG);
    assert_int_equal(at, 5 * JBZ_JSON_DEPTH);
    for (i = 0; i < 400000; i += 2) memcpy(t + i, "[]", 2); /* wide is not deep */
    t[0] = ' ';
    t[1] = '[';
    for (i = 4; i < 4000; i += 3) memcpy(t + i - 2, i == 4 ? " []" : ",[]", 3);
    memcpy(t + i - 2, "]", 2);
    assert_int_equal(parse_n(&doc, t, strlen(t), &at), JBZ_E_OK);
}

static void json_tokens_run_out(void **unused) {
    static const char text[] = "{\"a\":\"b\",\"c\":[1,{\"d\":\"e\"},[]],\"f\":true,\"g\":\"h\"}";
    static const size_t at_of[] = { 0, 1, 1, 9, 9, 14, 16, 17, 17, 26, 30, 30, 39, 39 }; /* a key wants a place for its value, too */
    jbz_doc doc;
    uint32_t cap;
    size_t at;
    (void)unused;
    for (cap = 0; cap < 16; cap++) {
        memset(toks, 0xEE, sizeof toks);
        if (cap < 14) {
            assert_int_equal(jbz_json_parse(&doc, place(text, sizeof text - 1), sizeof text - 1, toks, cap, &at), JBZ_E_FULL);
            if (at != at_of[cap] && at != at_of[cap] + 1) /* a string: from its quote or from behind it */
                fail_msg("%u tokens: at %u", (unsigned)cap, (unsigned)at);
            assert_int_equal(doc.count, 0);
            assert_int_equal(jbz_json_type_of(jbz_json_root(&doc)), JBZ_JSON_MISSING);
        } else {
            assert_int_equal(jbz_json_parse(&doc, place(text, sizeof text - 1), sizeof text - 1, toks, cap, &at), JBZ_E_OK);
            assert_int_equal(doc.count, 14);
        }
        assert_int_equal(toks[cap].a, 0xEEEEEEEE);
        assert_int_equal(toks[cap].b, 0xEEEEEEEE);
    }
    assert_int_equal(jbz_json_parse(&doc, place("1", 1), 1, toks, 0, &at), JBZ_E_FULL);
    at = 7;
    assert_int_equal(jbz_json_parse(&doc, place("1", 1), (size_t)1 << 28, toks, CAP, &at), JBZ_E_TOO_BIG);
    assert_int_equal(at, 0);
}

/* What costs ten times the bytes costs ten times the work: the whole of it in a second, or something is quadratic. */
static void json_linear(void **unused) {
    static const char *const unit[] = { "\\n", "\\\\", "\\u0041", " ", "a", "\xC3\xA9", "\\r\\n" };
    static char big[8 << 20];
    static jbz_tok many[1 << 20];
    jbz_doc doc;
    size_t i, n, len;
    (void)unused;
    for (i = 0; i < sizeof unit / sizeof *unit; i++) {
        bool blank = *unit[i] == ' ';
        n = strlen(unit[i]);
        big[0] = blank ? '[' : '"';
        for (len = 1; len + n + 1 < sizeof big; len += n) memcpy(big + len, unit[i], n);
        big[len++] = blank ? ']' : '"';
        big[len] = 0;
        alarm(5 * SLOWLY);
        assert_int_equal(jbz_json_parse(&doc, big, len, many, 1 << 20, NULL), JBZ_E_OK);
        assert_int_equal(doc.count, 1);
        if (!blank) assert_non_null(jbz_json_str(jbz_json_root(&doc), "", NULL));
        alarm(0);
    }
    for (len = 1, big[0] = '{'; len + 16 < sizeof big && len < 5000000; len += 10) memcpy(big + len, "\"same\":\"\",", 10);
    big[len - 1] = '}';
    big[len] = 0;
    alarm(5 * SLOWLY);
    assert_int_equal(jbz_json_parse(&doc, big, len, many, 1 << 20, NULL), JBZ_E_OK);
    for (i = 0; i < 8; i++) assert_int_equal(jbz_json_type_of(jbz_json_at(jbz_json_root(&doc), "/other")), JBZ_JSON_MISSING);
    assert_int_equal(jbz_json_count(jbz_json_root(&doc)), (len - 1) / 10);
    alarm(0);
}

/*---- look-up ----*/

static void json_pointer(void **unused) {
    /* the document of RFC 6901 section 5, and more */
    static const char text[] = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,"
        "\"m~n\":8,\"~1\":9,\"t\\u0079pe\":10,\"a\\u0000b\":11,\"o\":{\"p\":{\"foo\":12}},\"0\":13,\"foo2\":14,\"dup\":15,\"dup\":16,\"n\":null}";
    static const struct { const char *pointer; int64_t value; } table[] = {
        { "/", 0 }, { "/a~1b", 1 }, { "/c%d", 2 }, { "/e^f", 3 }, { "/g|h", 4 }, { "/i\\j", 5 }, { "/k\"l", 6 }, { "/ ", 7 },
        { "/m~0n", 8 }, { "/~01", 9 }, { "/type", 10 }, { "/o/p/foo", 12 }, { "/0", 13 }, { "/foo2", 14 }, { "/dup", 15 },
        { "foo2", -1 }, { "/fo", -1 }, { "/foo22", -1 }, { "/foo/", -1 }, { "/foo/-", -1 }, { "/foo/2", -1 }, { "/foo/00", -1 },
        { "/foo/0/", -1 }, { "/a/b", -1 }, { "/m~n", -1 }, { "/m~2n", -1 }, { "/m~", -1 }, { "/a", -1 }, { "/a\\u0000b", -1 },
        { "//", -1 }, { "/o/p/", -1 }, { "/o//p", -1 }, { "/o/p/foo/x", -1 }, { "/p", -1 }, { "/n/x", -1 }, { "/foo/4294967296", -1 },
        { "/foo/4294967297", -1 }, { "/foo/18446744073709551616", -1 }, { "/foo/+1", -1 }, { "/foo/1 ", -1 }, { "/foo/ 1", -1 },
        { "/m~0", -1 }, { "/m~0no", -1 }, { "/m~0n~0", -1 }, { "/~0", -1 }, { "/~011", -1 }, /* shorter, longer than the key */
    };
    jbz_doc doc;
    size_t i, n, round;
    jbz_json root = root_of(&doc, text), v;
    jbz_json none = { NULL, 0 }, wild;
    (void)unused;
    for (round = 0; round < 2; round++) { /* the second time keys are decoded already */
        for (i = 0; i < sizeof table / sizeof *table; i++) {
            jbz_json_type type = table[i].value < 0 ? JBZ_JSON_MISSING : JBZ_JSON_NUMBER;
            if (jbz_json_type_of(jbz_json_at(root, table[i].pointer)) != type) fail_msg("%s", table[i].pointer);
            if (jbz_json_int(root, table[i].pointer, -1) != table[i].value) fail_msg("%s", table[i].pointer);
        }
        assert_string_equal(jbz_json_str(root, "/foo/0", "?"), "bar");
        assert_string_equal(jbz_json_str(root, "/foo/1", "?"), "baz");
        assert_int_equal(jbz_json_type_of(jbz_json_at(root, "")), JBZ_JSON_OBJECT);
        assert_int_equal(jbz_json_type_of(jbz_json_at(root, NULL)), JBZ_JSON_OBJECT);
        assert_int_equal(jbz_json_type_of(jbz_json_at(root, "/n")), JBZ_JSON_NULL);
        v = jbz_json_at(root, "/o/p");
        assert_int_equal(jbz_json_int(v, "/foo", 0), 12);
        assert_int_equal(jbz_json_int(jbz_json_at(v, "/foo"), "", 0), 12);
        assert_string_equal(jbz_json_key(jbz_json_at(v, "/foo")), "foo");
    }
    /* what is missing, of another type or made up is taken by everything */
    wild.doc = &doc;
    for (i = 0; i < 4; i++) {
        v = i == 0 ? none : i == 1 ? jbz_json_at(root, "/nope") : i == 2 ? jbz_json_at(none, "/a") : wild;
        if (i == 3) v.at = 4000000000u;
        assert_int_equal(jbz_json_type_of(v), JBZ_JSON_MISSING);
        assert_int_equal(jbz_json_type_of(jbz_json_at(v, "")), JBZ_JSON_MISSING);
        assert_string_equal(jbz_json_str(v, "", "fb"), "fb");
        assert_null(jbz_json_str(v, "/x", NULL));
        n = 5;
        assert_null(jbz_json_strn(v, "", &n));
        assert_int_equal(n, 0);
        assert_int_equal(jbz_json_int(v, "", 42), 42);
        assert_true(jbz_json_num(v, "", 1.5) == 1.5);
        assert_true(jbz_json_bool(v, "", true));
        assert_false(jbz_json_bool(v, "", false));
        assert_int_equal(jbz_json_type_of(jbz_json_first(v)), JBZ_JSON_MISSING);
        assert_int_equal(jbz_json_type_of(jbz_json_next(v, v)), JBZ_JSON_MISSING);
        assert_int_equal(jbz_json_type_of(jbz_json_next(root, v)), JBZ_JSON_MISSING);
        assert_null(jbz_json_key(v));
        assert_int_equal(jbz_json_count(v), 0);
    }
    assert_int_equal(jbz_json_type_of(jbz_json_root(NULL)), JBZ_JSON_MISSING);
}

static void json_types(void **unused) {
    static const char text[] = "{\"s\":\"x\",\"n\":1,\"t\":true,\"f\":false,\"z\":null,\"o\":{},\"a\":[]}";
    static const jbz_json_type types[] = { JBZ_JSON_STRING, JBZ_JSON_NUMBER, JBZ_JSON_TRUE, JBZ_JSON_FALSE, JBZ_JSON_NULL,
        JBZ_JSON_OBJECT, JBZ_JSON_ARRAY };
    jbz_doc doc;
    jbz_json root = root_of(&doc, text), v;
    unsigned i = 0;
    (void)unused;
    for (v = jbz_json_first(root); jbz_json_type_of(v); v = jbz_json_next(root, v), i++) {
        assert_int_equal(jbz_json_type_of(v), types[i]);
        assert_int_equal(jbz_json_str(v, "", NULL) != NULL, types[i] == JBZ_JSON_STRING);
        assert_int_equal(jbz_json_int(v, "", -7), types[i] == JBZ_JSON_NUMBER ? 1 : -7);
        assert_true(jbz_json_num(v, "", -7) == (types[i] == JBZ_JSON_NUMBER ? 1 : -7));
        assert_int_equal(jbz_json_bool(v, "", true), types[i] != JBZ_JSON_FALSE);
        assert_int_equal(jbz_json_bool(v, "", false), types[i] == JBZ_JSON_TRUE);
    }
    assert_int_equal(i, 7);
    assert_int_equal(jbz_json_count(root), 7);
}

static void json_walk(void **unused) {
    static const char text[] = "[[],{\"a\":{\"b\":1,\"c\":[2,3]},\"d\":\"e\"},\"f\",[\"g\",\"h\"],4]";
    jbz_doc doc;
    jbz_json root = root_of(&doc, text), v = jbz_json_first(root), w;
    uint32_t i, j;
    (void)unused;
    assert_int_equal(jbz_json_count(root), 5);
    assert_int_equal(jbz_json_count(v), 0);
    assert_int_equal(jbz_json_type_of(jbz_json_first(v)), JBZ_JSON_MISSING);
    assert_null(jbz_json_key(root));
    assert_null(jbz_json_key(v));
    v = jbz_json_next(root, v);
    assert_int_equal(jbz_json_count(v), 2);
    w = jbz_json_first(v);
    assert_string_equal(jbz_json_key(w), "a");
    assert_int_equal(jbz_json_count(w), 2);
    w = jbz_json_next(v, w);
    assert_string_equal(jbz_json_key(w), "d");
    assert_string_equal(jbz_json_str(w, "", ""), "e");
    assert_int_equal(jbz_json_type_of(jbz_json_next(v, w)), JBZ_JSON_MISSING);
    v = jbz_json_at(root, "/3/1");
    assert_string_equal(jbz_json_str(v, "", ""), "h");
    assert_null(jbz_json_key(v)); /* there is a string before it, but that is no key */
    v = jbz_json_at(root, "/3");
    assert_null(jbz_json_key(v));
    /* walking with any two tokens ends and stays inside */
    for (i = 0; i < doc.count + 2; i++)
        for (j = 0; j < doc.count + 2; j++) {
            unsigned steps = 0;
            v.doc = w.doc = &doc;
            v.at = i;
            w.at = j;
            for (; jbz_json_type_of(w); w = jbz_json_next(v, w)) assert_true(++steps <= doc.count);
        }
}

/*---- strings ----*/

static void json_decode(void **unused) {
    static const struct { const char *json, *text; size_t n; } table[] = {
        { "\"\"", "", 0 }, { "\"plain\"", "plain", 5 }, { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8 },
        { "\"\\u0041\\u00e9\\u20AC\\ud83D\\uDe00\"", "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10 },
        { "\"a\\u0000b\"", "a\0b", 3 }, { "\"\\u0000\"", "\0", 1 }, { "\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF", 11 },
        { "\"\\ud800\\udc00\\udbff\\udfff\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8 },
        { "\"\\ud83d\"", "\xEF\xBF\xBD", 3 }, { "\"\\ude00\"", "\xEF\xBF\xBD", 3 }, { "\"a\\ud83db\"", "a\xEF\xBF\xBD" "b", 5 },
        { "\"\\ude00\\ud83d\"", "\xEF\xBF\xBD\xEF\xBF\xBD", 6 }, { "\"\\ud83d\\ud83d\\ude00\"", "\xEF\xBF\xBD\xF0\x9F\x98\x80", 7 },
        { "\"\\ud83d\\u0041\"", "\xEF\xBF\xBD" "A", 4 }, { "\"\\ud83d\\n\"", "\xEF\xBF\xBD\n", 4 }, { "\"\\ud83d\\\\u\"", "\xEF\xBF\xBD\\u", 5 },
        { "\"\\ud83d\\ue000\"", "\xEF\xBF\xBD\xEE\x80\x80", 6 }, { "\"\\ufffd\\ufffd\"", "\xEF\xBF\xBD\xEF\xBF\xBD", 6 }, { "\"\\uD7FF\\uE000\"", "\xED\x9F\xBF\xEE\x80\x80", 6 },
        { "\"\\\\u0041\"", "\\u0041", 6 }, { "\"\\\\\\\\\"", "\\\\", 2 }, { "\"caf\xC3\xA9 \\n\"", "caf\xC3\xA9 \n", 7 },
        { "\"0123456789\\t0123456789abcdef0123456789\\\"x\"", "0123456789\t0123456789abcdef0123456789\"x", 39 },
        { "\"\\r\\n12345678\\r\\n1234567\\r\\n123456\\r\\n\"", "\r\n12345678\r\n1234567\r\n123456\r\n", 29 },
    };
    char text[200];
    jbz_doc doc;
    size_t i, n;
    int round;
    (void)unused;
    for (i = 0; i < sizeof table / sizeof *table; i++) {
        jbz_json root;
        const char *s;
        snprintf(text, sizeof text, "{%s:[%s,\"behind\"],\"last\":%s}", table[i].json, table[i].json, table[i].json);
        root = root_of(&doc, text);
        for (round = 0; round < 3; round++) { /* again and again, in any order */
            jbz_json a = jbz_json_first(root);
            s = jbz_json_keyn(a, &n);
            if (n != table[i].n || memcmp(s, table[i].text, n) != 0) fail_msg("key %s", table[i].json);
            s = jbz_json_strn(a, "/0", &n);
            if (n != table[i].n || memcmp(s, table[i].text, n) != 0) fail_msg("%s", table[i].json);
            assert_int_equal(s[n], 0);
            assert_true(jbz_utf8_valid(s, n));
            assert_ptr_equal(jbz_json_str(a, "/0", NULL), s);
            assert_string_equal(jbz_json_str(a, "/1", ""), "behind");
            s = jbz_json_strn(root, "/last", &n);
            assert_int_equal(n, table[i].n);
            assert_memory_equal(s, table[i].text, n);
        }
    }
}

/* A writer must be able to tell what may be copied as it stands. */
static void json_kinds(void **unused) {
    jbz_doc doc;
    jbz_json root = root_of(&doc, "{\"p\":\"plain\",\"e\\n\":\"es\\tcaped\"}");
    (void)unused;
    assert_int_equal(jbzi_json_kind(&toks[1]), JBZI_JSON_STRING | JBZI_JSON_KEY);
    assert_int_equal(jbzi_json_kind(&toks[2]), JBZI_JSON_STRING);
    assert_int_equal(jbzi_json_kind(&toks[3]), JBZI_JSON_STRING | JBZI_JSON_KEY | JBZI_JSON_ESCAPED);
    assert_int_equal(jbzi_json_kind(&toks[4]), JBZI_JSON_STRING | JBZI_JSON_ESCAPED);
    assert_int_equal(toks[4].b, 9);
    assert_memory_equal(jbzi_json_text(&doc, 4), "es\\tcaped", 9);
    assert_string_equal(jbz_json_str(root, "/p", ""), "plain");
    assert_int_equal(jbzi_json_kind(&toks[2]), JBZI_JSON_STRING);
    assert_int_equal(jbzi_json_kind(&toks[3]), JBZI_JSON_STRING | JBZI_JSON_KEY | JBZI_JSON_ESCAPED); /* not met yet */
    assert_string_equal(jbz_json_str(root, "/e\n", ""), "es\tcaped");
    assert_int_equal(jbzi_json_kind(&toks[3]), JBZI_JSON_STRING | JBZI_JSON_KEY | JBZI_JSON_DECODED);
    assert_int_equal(jbzi_json_kind(&toks[4]), JBZI_JSON_STRING | JBZI_JSON_DECODED);
    assert_int_equal(toks[4].b, 8);
    assert_int_equal(jbzi_json_behind(&doc, 0), doc.count);
    assert_int_equal(jbzi_json_behind(&doc, 1), 2);
}

/*---- numbers ----*/

static void json_int(void **unused) {
    static const struct { const char *json; int64_t value; } table[] = { /* -77 = not taken */
        { "0", 0 }, { "-0", 0 }, { "1", 1 }, { "-1", -1 }, { "2147483648", 2147483648 }, { "9007199254740993", 9007199254740993 },
        { "9223372036854775807", INT64_MAX }, { "9223372036854775808", -77 }, { "-9223372036854775808", INT64_MIN },
        { "-9223372036854775809", -77 }, { "18446744073709551615", -77 }, { "18446744073709551616", -77 }, { "18446744073709551617", -77 },
        { "99999999999999999999999", -77 }, { "1e3", 1000 }, { "1E+3", 1000 }, { "3.0", 3 }, { "3.5", -77 }, { "3.50e1", 35 },
        { "-12.5e1", -125 }, { "1e18", 1000000000000000000 }, { "1e19", -77 }, { "9.223372036854775807e18", INT64_MAX },
        { "9.223372036854775808e18", -77 }, { "1e400", -77 }, { "1e999999999999", -77 }, { "1e-1", -77 }, { "10e-1", 1 }, { "0e999999999", 0 },
        { "0.0", 0 }, { "-0.0e-5", 0 }, { "1000000000000000000000000000000e-30", 1 }, { "1000000000000000000000000000001e-30", -77 },
        { "0.00000000000000000000000000000000000001e38", 1 }, { "100e-2", 1 }, { "1.00000000000000000000000000000000000", 1 },
        { "1.00000000000000000000000000000000001", -77 }, { "1e-999999999999", -77 }, { "123456789012345678e-0", 123456789012345678 },
    };
    jbz_doc doc;
    size_t i;
    (void)unused;
    for (i = 0; i < sizeof table / sizeof *table; i++) {
        char text[100];
        if (jbz_json_int(root_of(&doc, table[i].json), "", -77) != table[i].value) fail_msg("%s", table[i].json);
        snprintf(text, sizeof text, "[%s]", table[i].json);
        if (jbz_json_int(root_of(&doc, text), "/0", -77) != table[i].value) fail_msg("%s", text);
    }
}

static int64_t bits_of(double x) {
    int64_t b;
    memcpy(&b, &x, sizeof b);
    return b < 0 ? INT64_MIN - b : b; /* so that neighbours differ by 1 */
}

static int64_t ulps(const char *json, double *value) {
    jbz_doc doc;
    double expected = strtod(json, NULL); /* correctly rounded in glibc; the tests run in the C locale */
    int64_t d;
    *value = jbz_json_num(root_of(&doc, json), "", NAN);
    if (isinf(expected)) return isnan(*value) ? 0 : 99;
    d = bits_of(*value) - bits_of(expected);
    return d < 0 ? -d : d;
}

static void json_num(void **unused) {
    static const char *const exact[] = { "0", "1", "-1", "0.5", "0.1", "0.2", "0.3", "123.456", "-123.456", "1e22", "1e-22", "0.9736028",
        "123456789012345", "1.23456789012345e10", "9007199254740991", "9007199254740993", "1e23", "4.35", "0.000001", "5e-324", "1e308",
        "2.2250738585072014e-308", "1.7976931348623157e308", "1e309", "-1e309", "1e400", "1e-400", "0e400", "1e999999999999", "1e-999999999999",
        "1.7976931348623159e308", "0.30000000000000004", "1e-7", "3.14159265358979" };
    char json[64];
    double value;
    size_t i;
    uint64_t r = 88172645463325252u;
    jbz_doc doc;
    int round;
    (void)unused;
    for (i = 0; i < sizeof exact / sizeof *exact; i++) if (ulps(exact[i], &value) != 0) fail_msg("%s: %.17g", exact[i], value);
    assert_true(signbit(jbz_json_num(root_of(&doc, "-0"), "", 1)) != 0);
    assert_true(signbit(jbz_json_num(root_of(&doc, "-0.0"), "", 1)) != 0);
    assert_true(jbz_json_num(root_of(&doc, "1e400"), "", 1.25) == 1.25);
    for (round = 0; round < 200000; round++) {
        int64_t d;
        double x;
        r ^= r << 13, r ^= r >> 7, r ^= r << 17;
        switch (round % 5) {
        case 0: memcpy(&x, &r, sizeof x); if (!isfinite(x)) continue; snprintf(json, sizeof json, "%.17g", x); break;
        case 1: snprintf(json, sizeof json, "%llue%d", (unsigned long long)r, (int)(r % 700) - 360); break;
        case 2: snprintf(json, sizeof json, "0.%llu%llu", (unsigned long long)r, (unsigned long long)(r / 3)); break;
        case 3: snprintf(json, sizeof json, "%llu%llue-%d", (unsigned long long)r, (unsigned long long)(r * 5), (int)(r % 330)); break;
        default: snprintf(json, sizeof json, "%llu.%llu", (unsigned long long)(r % 1000000), (unsigned long long)(r >> 40)); break;
        }
        d = ulps(json, &value);
        if (d > 1 || (round % 5 == 4 && d != 0)) fail_msg("%s: %lld ulp, %.17g", json, (long long)d, value);
    }
    for (i = 0; i < 3; i++) { /* many digits */
        char text[500];
        memset(text, i == 0 ? '9' : '0', 400);
        text[0] = '1';
        snprintf(text + 400, 8, "%s", i == 2 ? "e-400" : "");
        assert_int_equal(ulps(text, &value), 0);
    }
}

/*---- real messages ----*/

static int each_message(void (*fn)(const char *text, size_t n)) {
    const char *folder = getenv("JBZ_MESSAGES") ? getenv("JBZ_MESSAGES") : "tests/fixtures/messages";
    static char text[1 << 16];
    DIR *dir = opendir(folder);
    struct dirent *e;
    int files = 0;
    if (!dir) fail_msg("no example messages in %s (set JBZ_MESSAGES)", folder);
    while ((e = readdir(dir)) != NULL) {
        char path[600];
        size_t n = strlen(e->d_name);
        FILE *f;
        if (n < 5 || strcmp(e->d_name + n - 5, ".json") != 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        f = fopen(path, "rb");
        assert_non_null(f);
        n = fread(text, 1, sizeof text, f);
        fclose(f);
        while (n && (text[n - 1] == '\n' || text[n - 1] == ' ')) n--;
        fn(text, n);
        files++;
    }
    closedir(dir);
    return files;
}

static void all_truncations(const char *text, size_t n) {
    size_t i;
    jbz_doc doc;
    assert_true(agree(text, n));
    for (i = 0; i < n; i++) {
        size_t at = 99999999;
        if (parse_n(&doc, text, i, &at) != JBZ_E_JSON) fail_msg("accepted %u of %u bytes", (unsigned)i, (unsigned)n);
        assert_true(at <= i);
    }
}

static void json_truncations(void **unused) {
    (void)unused;
    assert_true(each_message(all_truncations) > 50);
}

static uint32_t r32 = 2463534242u;
static uint32_t rnd(uint32_t n) { r32 ^= r32 << 13, r32 ^= r32 >> 17, r32 ^= r32 << 5; return r32 % n; }

/* Reads everything in every way; nothing may go wrong. */
static void read_all(jbz_doc *doc) {
    jbz_json v;
    size_t n;
    const char *s;
    v.doc = doc;
    for (v.at = 0; v.at < doc->count; v.at++) {
        jbz_json c;
        unsigned steps = 0;
        for (c = jbz_json_first(v); jbz_json_type_of(c); c = jbz_json_next(v, c)) assert_true(++steps <= doc->count);
        assert_int_equal(steps, jbz_json_count(v));
        if ((s = jbz_json_keyn(v, &n)) != NULL) assert_true(s[n] == 0 && jbz_utf8_valid(s, n));
        if ((s = jbz_json_strn(v, "", &n)) != NULL) assert_true(s[n] == 0 && jbz_utf8_valid(s, n));
        jbz_json_int(v, "", 0);
        jbz_json_num(v, "", 0);
        jbz_json_at(v, "/data/0");
    }
}

static void mutate(const char *text, size_t n) {
    static const char odd[] = "\"\"\"\\\\{}[]::,,0189.eE+-tfnu \t\r\n\x80\xBF\xC2\xED\xA0\xF4\x90\x01\x7F";
    static char t[1 << 16];
    int round;
    for (round = 0; round < 400; round++) {
        size_t m = n, i, k = 1 + rnd(3);
        jbz_doc doc;
        if (n > sizeof t - 8) return;
        memcpy(t, text, n);
        while (k-- && m) {
            i = rnd((uint32_t)m);
            switch (rnd(3)) {
            case 0: t[i] = odd[rnd(sizeof odd - 1)]; break;
            case 1: memmove(t + i, t + i + 1, m - i - 1); m--; break;
            default: memmove(t + i + 1, t + i, m - i); t[i] = odd[rnd(sizeof odd - 1)]; m++; break;
            }
        }
        if (agree(t, m) && parse_n(&doc, t, m, NULL) == JBZ_E_OK) read_all(&doc);
    }
}

static void json_mutations(void **unused) {
    (void)unused;
    assert_true(each_message(mutate) > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_valid), cmocka_unit_test(json_invalid), cmocka_unit_test(json_nul), cmocka_unit_test(json_error_offsets),
        cmocka_unit_test(json_every_offset), cmocka_unit_test(json_depth), cmocka_unit_test(json_tokens_run_out), cmocka_unit_test(json_linear),
        cmocka_unit_test(json_pointer), cmocka_unit_test(json_types), cmocka_unit_test(json_walk),
        cmocka_unit_test(json_decode), cmocka_unit_test(json_kinds), cmocka_unit_test(json_int), cmocka_unit_test(json_num),
        cmocka_unit_test(json_truncations), cmocka_unit_test(json_mutations),
    };
    return cmocka_run_group_tests_name("json", tests, setup, NULL);
}
