/* Room 4: the JSON writer. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static char mem[65536];
static jbz_out out;

static jbz_out *start(void) {
    jbz_out_init(&out, mem, sizeof mem);
    return &out;
}

/* The text that was written, or "code path" of the error. */
static const char *result(jbz_out *o) {
    static char text[256];
    const char *path, *json = jbz_out_finish(o, NULL);
    if (json) return json;
    jbz_last_error(o, &path);
    snprintf(text, sizeof text, "%d %s", (int)o->error.code, path);
    return text;
}

#define IS(expected) assert_string_equal(result(&out), expected)

static void test_nesting(void **state) {
    jbz_out *o = start();
    size_t n = 0;
    (void)state;
    jbz_out_open_object(o);
    jbz_out_key(o, "a");
    jbz_out_open_array(o);
    jbz_out_int(o, 1);
    jbz_out_open_object(o);
    jbz_out_close_object(o);
    jbz_out_open_array(o);
    jbz_out_close_array(o);
    jbz_out_null(o);
    jbz_out_close_array(o);
    jbz_out_key(o, "b");
    jbz_out_bool(o, true);
    jbz_out_key(o, "c");
    jbz_out_bool(o, false);
    jbz_out_close_object(o);
    assert_string_equal(jbz_out_finish(o, &n), "{\"a\":[1,{},[],null],\"b\":true,\"c\":false}");
    assert_int_equal(n, strlen(mem));
    IS("{\"a\":[1,{},[],null],\"b\":true,\"c\":false}"); /* finishing twice changes nothing */
}

/* Each of these must fail at the call that is wrong, and nothing may come of it. */
static void wrong(int which, jbz_out *o) {
    switch (which) {
    case 0: jbz_out_close_array(o); break;
    case 1: jbz_out_key(o, "a"); break;
    case 2: jbz_out_open_object(o); jbz_out_int(o, 1); break;
    case 3: jbz_out_open_object(o); jbz_out_close_array(o); break;
    case 4: jbz_out_open_array(o); jbz_out_key(o, "a"); break;
    case 5: jbz_out_open_array(o); jbz_out_close_object(o); break;
    case 6: jbz_out_open_object(o); jbz_out_key(o, "a"); jbz_out_key(o, "b"); break;
    case 7: jbz_out_open_object(o); jbz_out_key(o, "a"); jbz_out_close_object(o); break;
    case 8: jbz_out_int(o, 1); jbz_out_int(o, 2); break;
    case 9: jbz_out_open_array(o); jbz_out_close_array(o); jbz_out_close_array(o); break;
    case 10: jbz_out_open_array(o); jbz_out_list(o); break;
    case 11: jbz_out_int(o, 1); jbz_out_list(o); break;
    case 12: jbz_out_open_object(o); jbz_out_open_object(o); break;
    default: break;
    }
}

static void test_state(void **state) {
    int i;
    (void)state;
    for (i = 0; i <= 12; i++) {
        jbz_out *o = start();
        wrong(i, o);
        assert_int_equal(o->error.code, JBZ_E_STATE);
        jbz_out_str(o, "more");
        assert_null(jbz_out_finish(o, NULL));
        assert_int_equal(o->error.code, JBZ_E_STATE);
    }
    start();
    IS("4 "); /* nothing written */
    jbz_out_open_array(start());
    IS("4 "); /* still open */
}

static void test_depth(void **state) {
    jbz_out *o = start();
    int i;
    (void)state;
    for (i = 0; i < 64; i++) jbz_out_open_array(o);
    for (i = 0; i < 64; i++) jbz_out_close_array(o);
    assert_int_equal(strlen(result(o)), 128);
    o = start();
    for (i = 0; i < 65; i++) jbz_out_open_object(o), jbz_out_key(o, "k");
    IS("2 k");
}

static void test_list(void **state) {
    jbz_out *o = start();
    (void)state;
    jbz_out_list(o);
    IS("[]");
    o = start();
    jbz_out_list(o);
    jbz_out_int(o, 1);
    jbz_out_str(o, "x");
    assert_int_equal(o->items, 2);
    IS("[1,\"x\"]");
    /* what the rooms that compose messages do: prefix, then a lazy beginning of the data */
    jbzi_out_start(&out, mem, sizeof mem, JBZI_OUT_LIST, ",\"data\":[");
    jbzi_out_put(&out, "{\"type\":\"ack\"", 13);
    jbz_out_int(&out, 1);
    jbz_out_int(&out, 2);
    assert_string_equal((mem[out.len] = 0, mem), "{\"type\":\"ack\",\"data\":[1,2");
}

static void test_strings(void **state) {
    char all[33], text[300], expected[2000];
    int i, n = 0;
    size_t len;
    (void)state;
    jbz_out_str(start(), "plain");
    IS("\"plain\"");
    jbz_out_str(start(), "");
    IS("\"\"");
    jbz_out_strn(start(), NULL, 0);
    IS("\"\"");
    jbz_out_str(start(), "a\"b\\c/d\177\n\t\r\b\f\x01");
    IS("\"a\\\"b\\\\c/d\177\\n\\t\\r\\b\\f\\u0001\"");
    jbz_out_strn(start(), "a\0b", 3);
    IS("\"a\\u0000b\"");
    for (i = 1; i < 32; i++) all[i - 1] = (char)i;
    all[31] = 0;
    jbz_out_str(start(), all);
    n = sprintf(expected, "\"");
    for (i = 1; i < 32; i++) n += sprintf(expected + n, i == 8 ? "\\b" : i == 9 ? "\\t" : i == 10 ? "\\n" : i == 12 ? "\\f" : i == 13 ? "\\r" : "\\u%04x", i);
    sprintf(expected + n, "\"");
    IS(expected);
    /* every special byte at every place of texts of every length: all block sizes and tails */
    for (len = 1; len < 70; len++)
        for (i = 0; i < (int)len; i++) {
            static const char odd[] = "\"\\\n\x1f\x7f";
            const char *c;
            for (c = odd; *c; c++) {
                static const char *const escaped[] = { "\\\"", "\\\\", "\\n", "\\u001f", "\x7f" };
                memset(text, 'x', len);
                text[i] = *c;
                text[len] = 0;
                jbz_out_str(start(), text);
                n = sprintf(expected, "\"%.*s%s", i, text, escaped[c - odd]);
                sprintf(expected + n, "%s\"", text + i + 1);
                IS(expected);
            }
        }
}

static void test_utf8(void **state) {
    static const char *const cases[][2] = {
        { "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80" },
        { "a\xFFz", "a\xEF\xBF\xBDz" },
        { "\x80", "\xEF\xBF\xBD" },
        { "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD" },                                       /* overlong: two subparts */
        { "\xE2\x82", "\xEF\xBF\xBD" },                                                   /* cut off: one */
        { "\xE2\x82z", "\xEF\xBF\xBDz" },
        { "\xF0\x9F\x98\xC3\xA4", "\xEF\xBF\xBD\xC3\xA4" },
        { "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },                       /* surrogate */
        { "\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },       /* above U+10FFFF */
        { "0123456789abcde\xC3\xA4 0123456789abcde\xC3", "0123456789abcde\xC3\xA4 0123456789abcde\xEF\xBF\xBD" },
        { "\xE2\x80\xA8", "\xE2\x80\xA8" },
    };
    size_t i;
    char expected[200];
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        jbz_out_str(start(), cases[i][0]);
        snprintf(expected, sizeof expected, "\"%s\"", cases[i][1]);
        IS(expected);
    }
}

static void test_null(void **state) {
    jbz_out *o = start();
    (void)state;
    jbz_out_open_object(o);
    jbz_out_key(o, "name");
    jbz_out_str(o, NULL);
    IS("16 name");
    jbz_out_str(start(), NULL);
    IS("16 ");
    o = start();
    jbz_out_open_object(o);
    jbz_out_key(o, NULL);
    IS("16 ");
    jbz_out_json(start(), NULL);
    IS("16 ");
    jbz_out_init(&out, NULL, 100);
    jbz_out_int(&out, 1);
    IS("16 ");
    jbz_out_init(&out, mem, 0);
    IS("16 ");
}

static void test_integers(void **state) {
    jbz_out *o = start();
    (void)state;
    jbz_out_open_array(o);
    jbz_out_int(o, 0);
    jbz_out_int(o, -1);
    jbz_out_int(o, INT64_MAX);
    jbz_out_int(o, INT64_MIN);
    jbz_out_int(o, 4294967296);
    jbz_out_close_array(o);
    IS("[0,-1,9223372036854775807,-9223372036854775808,4294967296]");
}

static void test_doubles(void **state) {
    static const struct { double value; const char *text; } cases[] = {
        { 0, "0" }, { -0.0, "0" }, { 1, "1" }, { -20, "-20" }, { 0.1, "0.1" }, { -0.75, "-0.75" }, { 20.5, "20.5" },
        { 123456.789, "123456.789" }, { 1e-5, "0.00001" }, { 1e-7, "1e-7" }, { 1.5e-9, "1.5e-9" },
        { 9007199254740991.0, "9007199254740991" }, { 9007199254740992.0, "9007199254740992" }, { 1e21, "1e+21" },
        { 1e20, "100000000000000000000" }, { 0.30000000000000004, "0.30000000000000004" }, { DBL_MAX, "1.7976931348623157e+308" },
        { 5e-324, "4.9406564584124654e-324" }, { DBL_MIN, "2.2250738585072014e-308" }, { 1.0 / 3, "0.33333333333333331" },
    };
    double nan = strtod("nan", NULL), inf = strtod("inf", NULL);
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        jbz_out_num(start(), cases[i].value);
        IS(cases[i].text);
    }
    jbz_out_num(start(), nan);
    IS("10 ");
    jbz_out_num(start(), inf);
    IS("10 ");
    jbz_out_num(start(), -inf);
    IS("10 ");
}

static uint64_t seed = 88172645463325252u;
static uint64_t roll(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

/* Any double reads back as itself: any bits, and numbers as people write them. */
static void test_doubles_round_trip(void **state) {
    int i;
    (void)state;
    for (i = 0; i < 300000; i++) {
        uint64_t bits = roll();
        double v, back;
        const char *text;
        if (i % 3 == 0) v = (double)(int64_t)(roll() % 2000000001 - 1000000000) / (double)(1 + roll() % 100000);
        else if (i % 3 == 1) v = (double)(int64_t)(roll() >> 20) / 1000;
        else memcpy(&v, &bits, sizeof v);
        if (!(v - v == 0)) continue;
        jbz_out_num(start(), v);
        text = jbz_out_finish(&out, NULL);
        assert_non_null(text);
        back = strtod(text, NULL);
        if (back != v) fail_msg("%.17g was written as %s", v, text);
    }
}

static void test_raw(void **state) {
    static const char *const good[] = { "1", " [ 1 , {\"a\" : null} ] ", "\"x\\u00e4\\ud83d\"", "-0.5e+10", "{}", "[[]]", "true", "0", "\"\"" };
    static const char *const bad[] = { "", " ", "01", "1.", "-", "+1", ".5", "1e", "tru", "truex", "nul", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}",
        "{\"a\":1,}", "[1", "[1}", "{\"a\":1]", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "\"\xFF\"", "\"\xED\xA0\x80\"", "1 2", "]", "}", "'a'",
        "[1 2]", "{\"a\":1 \"b\":2}", "\xEF\xBB\xBF""1", "//", "NaN", "Infinity", "\"\\", "[\"" };
    char deep[131];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        jbz_out_json(start(), good[i]);
        assert_non_null(jbz_out_finish(&out, NULL));
    }
    jbz_out_json(start(), " [ 1 , {\"a\" : null} ] ");
    IS("[ 1 , {\"a\" : null} ]");
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        jbz_out *o = start();
        jbz_out_open_object(o);
        jbz_out_key(o, "r");
        jbz_out_json(o, bad[i]);
        assert_string_equal(result(o), "15 r");
    }
    memset(deep, '[', 64);
    memset(deep + 64, ']', 64);
    deep[128] = 0;
    jbz_out_json(start(), deep);
    IS(deep);
    memset(deep, '[', 65);
    memset(deep + 65, ']', 65);
    deep[130] = 0;
    jbz_out_json(start(), deep);
    IS("15 ");
}

/* With every size of memory: the whole text or an error, and not a byte beyond. */
static void all_kinds(jbz_out *o) {
    jbz_out_open_object(o);
    jbz_out_key(o, "text");
    jbz_out_str(o, "0123456789abcdef0123 \"quoted\" \xC3\xA4 \xFF 0123456789abcdef");
    jbz_out_key(o, "list");
    jbz_out_open_array(o);
    jbz_out_num(o, 0.5);
    jbz_out_num(o, 1e300);
    jbz_out_int(o, -12345);
    jbz_out_bool(o, false);
    jbz_out_null(o);
    jbz_out_json(o, "{\"a\":[1,2,3]}");
    jbz_out_close_array(o);
    jbz_out_close_object(o);
}

static void test_bounds(void **state) {
    size_t full, size;
    char *copy;
    (void)state;
    all_kinds(start());
    assert_non_null(jbz_out_finish(&out, &full));
    copy = (char *)malloc(full + 1);
    memcpy(copy, mem, full + 1);
    for (size = 1; size <= full + 1; size++) {
        char *small = (char *)malloc(size); /* the sanitizer watches its end; without one, a byte behind it is watched below */
        jbz_out_init(&out, small, size);
        all_kinds(&out);
        if (size == full + 1) assert_string_equal(jbz_out_finish(&out, NULL), copy);
        else {
            assert_null(jbz_out_finish(&out, NULL));
            assert_int_equal(out.error.code, JBZ_E_TOO_BIG);
        }
        free(small);
        mem[size] = '#';
        jbz_out_init(&out, mem, size);
        all_kinds(&out);
        jbz_out_finish(&out, NULL);
        assert_true(mem[size] == '#' && out.len < size);
    }
    free(copy);
}

/* Parsed values come out as they went in, also after their strings were decoded in place. */
static void test_values(void **state) {
    static const char source[] = "{\"a\\n\":[1,-2.5e3,\"x\\u00e4\\\"\",\"plain\",{},[],[[{\"k\":null}]]],\"b\":true,\"c\":false,\"\":\"\\ud83d\\ude00\"}";
    char text[sizeof source];
    jbz_tok toks[64];
    jbz_doc doc;
    jbz_out *o;
    (void)state;
    memcpy(text, source, sizeof source);
    assert_int_equal(jbz_json_parse(&doc, text, sizeof source - 1, toks, 64, NULL), JBZ_E_OK);
    jbz_out_value(start(), jbz_json_root(&doc));
    IS(source);
    assert_string_equal(jbz_json_str(jbz_json_root(&doc), "/a\n/2", ""), "x\xC3\xA4\"");
    assert_string_equal(jbz_json_str(jbz_json_root(&doc), "/", ""), "\xF0\x9F\x98\x80");
    jbz_out_value(start(), jbz_json_root(&doc));
    IS("{\"a\\n\":[1,-2.5e3,\"x\xC3\xA4\\\"\",\"plain\",{},[],[[{\"k\":null}]]],\"b\":true,\"c\":false,\"\":\"\xF0\x9F\x98\x80\"}");
    o = start();
    jbz_out_open_array(o);
    jbz_out_value(o, jbz_json_at(jbz_json_root(&doc), "/b"));
    jbz_out_value(o, jbz_json_at(jbz_json_root(&doc), "/a\n/6"));
    jbz_out_value(o, jbz_json_at(jbz_json_root(&doc), "/a\n/4"));
    jbz_out_close_array(o);
    IS("[true,[[{\"k\":null}]],{}]");
    jbz_out_value(start(), jbz_json_at(jbz_json_root(&doc), "/none"));
    IS("16 ");
}

/* Random calls never give bad JSON. */
static void test_random_calls(void **state) {
    int round, i;
    (void)state;
    for (round = 0; round < 20000; round++) {
        jbz_out *o = start();
        const char *text, *end;
        size_t n;
        for (i = (int)(roll() % 12); i >= 0; i--) {
            switch (roll() % 9) {
            case 0: jbz_out_open_object(o); break;
            case 1: jbz_out_close_object(o); break;
            case 2: jbz_out_open_array(o); break;
            case 3: jbz_out_close_array(o); break;
            case 4: case 5: jbz_out_key(o, "k"); break;
            case 6: jbz_out_str(o, "s\""); break;
            case 7: jbz_out_num(o, 0.25); break;
            default: jbz_out_list(o); break;
            }
            if (o->error.code) break;
        }
        text = jbz_out_finish(o, &n);
        if (!text) continue;
        end = text + n;
        if (!jbzi_out_one(&text, &end)) fail_msg("%s", mem);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting), cmocka_unit_test(test_state), cmocka_unit_test(test_depth), cmocka_unit_test(test_list),
        cmocka_unit_test(test_strings), cmocka_unit_test(test_utf8), cmocka_unit_test(test_null), cmocka_unit_test(test_integers),
        cmocka_unit_test(test_doubles), cmocka_unit_test(test_doubles_round_trip), cmocka_unit_test(test_raw),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_values), cmocka_unit_test(test_random_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
