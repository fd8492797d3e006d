/* Rooms 0 to 6, what their own tests have no reason to come by: errors, logs, the pool's limits; the writer at every size of its
   buffer; each property of each verb with each kind of value. */
#include "support.h"

/*---- 0 BASE ----*/

static void errors_have_texts(void **state) {
    jbz_error e;
    const char *path = NULL;
    int i;
    (void)state;
    assert_int_equal(jbz_version(), 100);
    for (i = 0; i < JBZ_E_COUNT_; i++) assert_true(*jbz_strerror((jbz_err)i) != 0);
    assert_string_equal(jbz_strerror(JBZ_E_COUNT_), "unknown error");
    assert_string_equal(jbz_strerror((jbz_err)77), "unknown error");
    jbzi_base_fail(&e, JBZ_E_NOMEM, "here");
    assert_string_equal(jbz_last_error(&e, &path), jbz_strerror(JBZ_E_NOMEM));
    assert_string_equal(path, "here");
    assert_string_equal(jbz_last_error(&e, NULL), jbz_strerror(JBZ_E_NOMEM));
}

static void log_details_are_escaped(void **state) {
    char dst[64];
    size_t cap;
    jbzi_note d;
    jbz_logger log;
    (void)state;
    jbzi_base_escape(dst, sizeof dst, "a\\b\x7f\xff\n", 6);
    assert_string_equal(dst, "a\\b\\x7f\\xff\\x0a");
    for (cap = 1; cap < 20; cap++) { /* never over the end, always a NUL */
        memset(dst, 'z', sizeof dst);
        assert_true(jbzi_base_escape(dst, cap, "abc\n\ndef", 8) < cap);
        assert_true(memchr(dst, 0, cap) != NULL && dst[cap] == 'z');
    }
    d.n = 0;
    memset(dst, 'p', sizeof dst);
    jbzi_base_note(&d, "", dst, 10);
    assert_int_equal(d.n, 10);
    {
        char much[200];
        memset(much, 'p', sizeof much);
        d.n = 0;
        jbzi_base_note(&d, "", much, sizeof much); /* no peer fills a line */
        assert_int_equal(d.n, 80);
    }
    memset(&log, 0, sizeof log);
    jbzi_base_log(&log, JBZ_LINE_ODD, "nobody hears");
    log.fn = log_fn;
    log.level = JBZ_LOG_ERROR;
    memset(logged, 0, sizeof logged);
    jbzi_base_log(&log, JBZ_LINE_LOST, "not said at this level");
    assert_int_equal(logged[JBZ_LINE_LOST], 0);
    log.level = JBZ_LOG_DEFAULT;
    jbzi_base_log(&log, JBZ_LINE_LOST, "said");
    assert_int_equal(logged[JBZ_LINE_LOST], 1);
}

static void malloc_is_the_default(void **state) {
    jbz_alloc a;
    void *p;
    (void)state;
    memset(&a, 0, sizeof a);
    p = jbzi_base_realloc(&a, NULL, 0, 100);
    assert_non_null(p);
    assert_null(jbzi_base_realloc(&a, p, 100, 0));
}

/*---- 2 BUF ----*/

static void a_fixed_pool(void **state) {
    jbzi_pool p;
    static union { char bytes[4096]; void *align[2]; } memory;
    jbzi_blk *b[64], *large;
    size_t n = jbzi_buf_pool_size(4000, 1000), i;
    (void)state;
    assert_true(n <= sizeof memory);
    jbzi_buf_pool_open(&p, NULL, memory.bytes, 4000, 1000);
    assert_int_equal(jbzi_buf_available(&p, true), 1024 - sizeof(jbzi_blk));
    for (i = 0; i < 64 && (b[i] = jbzi_buf_take(&p, 40, true)) != NULL; i++) { }
    assert_int_equal(i, 64);
    for (i = 0; i < 64; i += 2) jbzi_buf_drop(&p, &b[i]); /* half of it is free, in pieces: there is nothing to grow by */
    large = jbzi_buf_take(&p, 900, true);
    assert_null(large);
    assert_int_equal(jbzi_buf_available(&p, true), 64 - sizeof(jbzi_blk));
    for (i = 1; i < 64; i += 2) jbzi_buf_drop(&p, &b[i]);
    assert_int_equal(p.used, 0);
    jbzi_buf_pool_close(&p);
}

static void sizes_beyond_all_bounds(void **state) {
    (void)state;
    if (sizeof(size_t) < 8) return;
    assert_int_equal(jbzi_buf_chunk_order((size_t)1 << 20 << 20, 10), 30);
    assert_int_equal(jbzi_buf_pool_size((size_t)1 << 20 << 20, 10), (size_t)JBZI_BUF_CHUNKS << 30); /* what the pool can count */
}

/*---- 4 OUT, 5 MSG, 6 VERB: in a buffer of any size the text is whole or there is an error ----*/

static char source_text[] = "{\"s\":\"a\\u0041\\n\",\"l\":[1,-2.5,true,false,null,{\"k\":\"v\",\"e\":[]}],\"plain\":\"x\"}";
static jbz_doc source;
static jbz_tok source_toks[64];

static void compose(jbz_out *o, int what) {
    jbz_json v;
    switch (what) {
    case 0:
        jbz_out_open_object(o);
        jbz_out_key(o, "a");
        jbz_out_open_array(o);
        jbz_out_int(o, -5);
        jbz_out_num(o, 1e23);
        jbz_out_num(o, 0.1);
        jbz_out_bool(o, true);
        jbz_out_null(o);
        jbz_out_str(o, "q\"\\\x01\xe2\x82\xac");
        jbz_out_close_array(o);
        jbz_out_key(o, "b");
        jbz_out_open_object(o);
        jbz_out_close_object(o);
        jbz_out_close_object(o);
        break;
    case 1: jbz_out_value(o, jbz_json_root(&source)); break;
    case 2:
        jbz_out_open_array(o);
        jbz_out_value(o, jbz_json_at(jbz_json_root(&source), "/l"));
        v = jbz_json_at(jbz_json_root(&source), "/s");
        jbz_out_value(o, v);
        jbz_out_json(o, " {\"raw\" :\r\n\t[1]} ");
        jbz_out_close_array(o);
        break;
    case 3:
        jbz_say(o, .text = "hi", .loop = 2);
        jbz_raw(o, "\r\n\t[{\"verb\":\"pause\",\"length\":1},\t{\"verb\":\"hangup\"}]");
        jbz_gather(o, .actionHook = "/a");
        break;
    case 4: jbz_config(o, .synthesizer = JBZ_LIT(c_synthesizer_opts, .vendor = "google")); break;
    case 5: jbzi_verb_options(o, &jbzi_verb_shape_say, JBZ_LIT(say_opts, .text = "x")); break;
    case 6: jbz_msg_ack(o, "id", 2); jbz_say(o, .text = "hi"); break;
    case 7: jbz_msg_command(o, "redirect", NULL, true); jbz_hangup(o); break;
    }
}

static void every_size(void **state) {
    static char all[2000], buf[2000];
    int what;
    (void)state;
    assert_int_equal(jbz_json_parse(&source, source_text, sizeof source_text - 1, source_toks, 64, NULL), JBZ_E_OK);
    for (what = 0; what < 8; what++) {
        jbz_out o;
        size_t n, cap, m;
        const char *text;
        jbz_out_init(&o, all, sizeof all);
        compose(&o, what);
        text = what < 6 ? jbz_out_finish(&o, &n) : jbz_msg_end(&o, &n);
        if (!text) fail_msg("%d: %s %s", what, jbz_strerror(o.error.code), o.error.path);
        for (cap = 1; cap < sizeof buf; cap++) {
            memset(buf, '#', sizeof buf);
            jbz_out_init(&o, buf, cap);
            compose(&o, what);
            text = what < 6 ? jbz_out_finish(&o, &m) : jbz_msg_end(&o, &m);
            assert_true(buf[cap] == '#');
            if (!text) { assert_int_equal(o.error.code, JBZ_E_TOO_BIG); assert_int_equal(m, 0); continue; }
            assert_true(cap > n);
            assert_int_equal(m, n);
            assert_memory_equal(buf, all, n + 1);
        }
    }
}

static void raw_text_is_json(void **state) {
    static const char *const bad[] = { "[{\"a\":\"\\u00/0\"}]", "[{\"a\":\"\\u00:0\"}]", "[{\"a\":\"\\u00g0\"}]", "[{\"a\":\"\\u00\"}]", "[{\"a\":trux}]", "[{\"a\":tru",
        "[{\"\x01\":1}]", "[{\"a\"", "[{\"a\" ", "[{\"a\";1}]", "[{\"a\":\"\\x\"}]", "[{\"a\":\"\xff\"}]", "{a:1}", "{\"a\":1.}", "{\"a\":1e}", "{\"a\":-}", "", "1", "[1]" };
    size_t i;
    char buf[400];
    jbz_out o;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        jbz_out_init(&o, buf, sizeof buf);
        jbz_raw(&o, bad[i]);
        if (o.error.code != JBZ_E_RAW) fail_msg("%s", bad[i]);
    }
    jbz_raw(&o, NULL); /* the first error stays */
    assert_int_equal(o.error.code, JBZ_E_RAW);
    jbz_out_init(&o, buf, sizeof buf);
    jbz_raw(&o, NULL);
    assert_int_equal(o.error.code, JBZ_E_ARG);
    jbz_out_init(&o, buf, sizeof buf);
    assert_true(jbzi_verb_raw(&o, " 1 ", 0));
    assert_false(jbzi_verb_raw(&o, "1", '{'));
}

static void culprits_are_cut(void **state) {
    char key[300], buf[1000];
    jbz_out o;
    const char *path;
    (void)state;
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = 0;
    jbz_out_init(&o, buf, sizeof buf);
    jbz_out_open_object(&o);
    jbz_out_key(&o, key);
    jbz_out_num(&o, 1e308 * 10);
    assert_int_equal(o.error.code, JBZ_E_VALUE);
    jbz_last_error(&o, &path);
    assert_int_equal(strlen(path), JBZ_PATH_SIZE - 1);
}

static void numbers_of_seventeen_nines(void **state) {
    char text[32], buf[64];
    int k, ones = 0;
    (void)state;
    for (k = -320; k <= 308; k++) {
        jbz_out o;
        double v;
        snprintf(text, sizeof text, "1e%d", k);
        v = strtod(text, NULL);
        jbz_out_init(&o, buf, sizeof buf);
        jbz_out_num(&o, v);
        assert_non_null(jbz_out_finish(&o, NULL));
        assert_true(strtod(buf, NULL) == v);
        ones += buf[0] == '1' && (!buf[1] || buf[1] == 'e');
    }
    assert_true(ones > 20); /* 9.99..e22 and a half is 1e23 */
}

static void messages_end_once(void **state) {
    char buf[300];
    jbz_out o;
    size_t n;
    (void)state;
    jbz_out_init(&o, buf, sizeof buf);
    jbz_msg_ack(&o, "1", 1);
    jbz_out_key(&o, "half");
    assert_null(jbz_msg_end(&o, &n));
    jbz_out_init(&o, buf, sizeof buf);
    jbz_msg_ack(&o, "1", 1);
    jbz_say(&o, .text = "x");
    assert_non_null(jbz_msg_end(&o, &n));
    assert_non_null(jbz_msg_end(&o, NULL)); /* to another one */
    jbz_out_str(&o, "more");
    assert_null(jbz_msg_end(&o, &n));
    assert_int_equal(n, 0);
    jbz_out_init(&o, buf, sizeof buf);
    jbz_msg_ack(&o, "1", 1);
    assert_null(jbz_out_finish(&o, &n)); /* an ack is not ended like that */
}

/*---- 6 VERB: each property with each kind of value ----*/

static const char *const values[] = { "\"x\"", "\"\"", "\"forever\"", "\"forevex\"", "0", "-0", "1", "-1", "0.5", "-0.5", "1e2", "1E+2", "1e-2", "12.25e1", "-1e300",
    "1e300", "1e999", "100", "true", "false", "null", "{}", "{\"a\":\"b\"}", "{\"a\":-1}", "{\"a\":5}", "{\"a\":[]}", "{\"a\":true}", "{\"a\":{}}", "[]", "[\"x\"]",
    "[1]", "[{}]", "[[]]", "[null,true]" };

/* What the table says of one value, without its bounds and words: 1 yes, 0 no, -1 depends. */
static int fits(const jbzi_verb_row *r, const char *v) {
    bool number = *v == '-' || (*v >= '0' && *v <= '9');
    switch (r->kind) {
    case JBZI_VERB_STR: return *v == '"';
    case JBZI_VERB_ENUM: return *v == '"' ? -1 : 0;
    case JBZI_VERB_BOOL: return *v == 't' || *v == 'f';
    case JBZI_VERB_OFF: return *v == 'f';
    case JBZI_VERB_NUM: return number;
    case JBZI_VERB_INT: return !number || strchr(v, '.') || strchr(v, '-') || strchr(v, 'e') || strchr(v, 'E') ? number ? -1 : 0 : 1;
    case JBZI_VERB_TIMES: return number || strcmp(v, "\"forever\"") == 0;
    case JBZI_VERB_NUM_IN: case JBZI_VERB_INT_IN: return number ? -1 : 0;
    case JBZI_VERB_OBJ: return *v == '{' ? -1 : 0;
    case JBZI_VERB_STRS: return *v != '[' ? 0 : strcmp(v, "[]") == 0 || strcmp(v, "[\"x\"]") == 0;
    case JBZI_VERB_ENUMS: case JBZI_VERB_OBJS: return *v != '[' ? 0 : strcmp(v, "[]") == 0 ? 1 : -1;
    case JBZI_VERB_MAP: return *v != '{' ? 0 : !strchr(v, '[') && !strchr(v, 't') && !strstr(v, "{}}");
    case JBZI_VERB_RAW: return -1;
    }
    return 0;
}

static unsigned sure, tried;

static void sweep(const char *before, const char *after, const jbzi_verb_shape *s, int depth) {
    unsigned i;
    size_t k;
    char text[1200];
    for (i = 0; i < s->count; i++) {
        const jbzi_verb_row *r = &s->rows[i];
        const char *name = s->text + r->name;
        bool alone = r->need != JBZI_VERB_TWIN && (i + 1 == s->count || s->rows[i + 1].need != JBZI_VERB_TWIN);
        for (k = 0; k < sizeof values / sizeof values[0]; k++) {
            jbz_error e;
            jbz_err err;
            int want = fits(r, values[k]), target;
            snprintf(text, sizeof text, "%s\"%.*s\" : %s%s", before, (int)r->len, name, values[k], after);
            for (target = 0; target < 2; target++) {
                err = jbz_check_app(text, strlen(text), target ? JBZ_OSS : (jbz_target)0, &e);
                assert_true(err == JBZ_E_OK || err == JBZ_E_VALUE || err == JBZ_E_MISSING || (target && err == JBZ_E_TARGET));
                tried++;
                if (target || !alone || want < 0 || depth) continue;
                sure++;
                if (want != (err != JBZ_E_VALUE)) fail_msg("%s: %s at %s", text, jbz_strerror(err), e.path);
            }
        }
        if (depth < 2 && (r->kind == JBZI_VERB_OBJ || r->kind == JBZI_VERB_OBJS)) {
            char b[600], a[100];
            bool list = r->kind == JBZI_VERB_OBJS;
            snprintf(b, sizeof b, "%s\"%.*s\":%s{", before, (int)r->len, name, list ? "[" : "");
            snprintf(a, sizeof a, "}%s%s", list ? "]" : "", after);
            sweep(b, a, r->sub, depth + 1);
        }
    }
}

static void each_property(void **state) {
#define JBZ_X(verb, name, server) &jbzi_verb_shape_##verb,
    static const jbzi_verb_shape *const all[] = { JBZ_VERBS(JBZ_X) };
#undef JBZ_X
    size_t i;
    (void)state;
    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        char before[64];
        const char *name = all[i]->text + sizeof "{\"verb\":";
        snprintf(before, sizeof before, "[{\"verb\":\"%.*s\",", (int)strcspn(name, "\""), name);
        sweep(before, "}]", all[i], 0);
    }
    assert_true(sure > 5000 && tried > 30000);
}

static void bounds(void **state) {
    static const struct { unsigned kind; const char *note; double v; bool good; } cases[] = {
        { JBZI_VERB_NUM_IN, "-1..1", -1, true }, { JBZI_VERB_NUM_IN, "-1..1", -1.5, false }, { JBZI_VERB_NUM_IN, "-1..1", 1.5, false },
        { JBZI_VERB_NUM_IN, "-5..-2", -3, true }, { JBZI_VERB_NUM_IN, "-5..-2", -1, false }, { JBZI_VERB_NUM_IN, "0..", 1e300, true }, { JBZI_VERB_INT_IN, "1..9", 1.5, false },
        { JBZI_VERB_INT_IN, "1..9", 9, true }, { JBZI_VERB_INT, "", -1e300, false }, { JBZI_VERB_INT, "", 1e300, false }, { JBZI_VERB_INT, "", -7, true },
        { JBZI_VERB_NUM, "", -1e300, true }, { JBZI_VERB_NUM_IN, "0..x", 5, true }, { JBZI_VERB_NUM_IN, "0..10x", 11, false } };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (jbzi_verb_in_range(cases[i].kind, cases[i].note, cases[i].v) != cases[i].good) fail_msg("%s %f", cases[i].note, cases[i].v);
    assert_int_equal(jbzi_verb_opening("object"), '{');
    assert_int_equal(jbzi_verb_opening("array"), '[');
    assert_int_equal(jbzi_verb_opening("any"), 0);
    assert_true(jbz_exact(-1) < 0 && jbz_exact(1) > 0);
    assert_true(jbz_exact(0) != 0);
    assert_true(jbz_exact(JBZ_FOREVER) > 0);
}

static void models_without_a_vendor(void **state) {
    char buf[300];
    jbz_out o;
    (void)state;
    jbz_out_init(&o, buf, sizeof buf);
    jbz_put_llm(&o, JBZ_LIT(llm_opts, .vendor = NULL));
    assert_int_equal(o.model, 0);
    jbz_put_llm(&o, NULL);
    jbz_put_openai_s2s(&o, NULL);
    assert_int_equal(o.error.code, JBZ_E_MISSING);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(errors_have_texts), cmocka_unit_test(log_details_are_escaped), cmocka_unit_test(malloc_is_the_default),
        cmocka_unit_test(a_fixed_pool), cmocka_unit_test(sizes_beyond_all_bounds), cmocka_unit_test(every_size), cmocka_unit_test(raw_text_is_json),
        cmocka_unit_test(culprits_are_cut), cmocka_unit_test(numbers_of_seventeen_nines), cmocka_unit_test(messages_end_once), cmocka_unit_test(each_property),
        cmocka_unit_test(bounds), cmocka_unit_test(models_without_a_vendor) };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
