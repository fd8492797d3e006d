/* Room 11, what its other tests have no reason to come by: words of tables, borders of numbers, values that are left out. */
#include "support.h"

static void white_space_and_stops(void **state) {
    static const uint32_t space[] = { ' ', 9, 13, 0xA0, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF };
    static const uint32_t none[] = { 'a', 8, 14, 0x1FFF, 0x200B, 0x202A, 0x3001 };
    static const uint32_t stop[] = { '.', '!', '?', 0x61F, 0x6D4, 0x3002, 0xFF01, 0xFF1F };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof space / sizeof space[0]; i++) assert_true(jbzi_call_speech_space(space[i]));
    for (i = 0; i < sizeof none / sizeof none[0]; i++) assert_false(jbzi_call_speech_space(none[i]));
    for (i = 0; i < sizeof stop / sizeof stop[0]; i++) {
        assert_true(jbzi_call_speech_stop(stop[i], 'a'));
        assert_true(jbzi_call_speech_stop(stop[i], ' '));
        assert_false(jbzi_call_speech_stop(stop[i], '3')); /* 3.5 */
    }
    assert_false(jbzi_call_speech_stop(',', 'a'));
}

static void rates(void **state) {
    uint32_t rate;
    (void)state;
    for (rate = 0; rate < 100000; rate += 1000)
        assert_int_equal(jbzi_call_audio_rate_ok(rate), rate == 8000 || rate == 16000 || rate == 24000 || rate == 32000 || rate == 48000 || rate == 64000);
    assert_int_equal(jbzi_call_audio_hex("0089abcd"), 0x0089abcd);
    assert_int_equal(jbz_audio_left(NULL), 0);
    jbz_audio_pace(NULL, 5);
}

static void environment_tables(void **state) {
    static const struct { jbz_env e; const char *wrong; } cases[] = {
        { { .name = "A_z09" }, NULL }, { { .name = "" }, "name" }, { { .name = "a-b" }, "name" }, { { .name = "a:b" }, "name" }, { { .name = "a{" }, "name" },
        { { .name = "a", .type = "string", .fallback = "anything" }, NULL }, { { .name = "a", .type = "boolean", .fallback = "false" }, NULL },
        { { .name = "a", .type = "boolean", .fallback = "true" }, NULL }, { { .name = "a", .type = "boolean", .fallback = "no" }, "fallback" },
        { { .name = "a", .type = "number", .fallback = "-1" }, NULL }, { { .name = "a", .type = "number", .fallback = "+1" }, "fallback" },
        { { .name = "a", .type = "number", .fallback = "x" }, "fallback" }, { { .name = "a", .type = "number", .fallback = "1x" }, "fallback" },
        { { .name = "a", .type = "date" }, "type" }, { { .name = "a", .choices = "x , y", .fallback = "y" }, NULL },
        { { .name = "a", .choices = "x,y", .fallback = "z" }, "fallback" }, { { .name = "a", .type = "number", .choices = "1,b" }, "choices" },
        { { .name = "a", .uiHint = "input" }, NULL }, { { .name = "a", .uiHint = "textarea" }, NULL }, { { .name = "a", .uiHint = "filepicker" }, NULL },
        { { .name = "a", .uiHint = "slider" }, "uiHint" }, { { .name = "a", .jambonzResource = "carriers" }, NULL },
        { { .name = "a", .jambonzResource = "trunks" }, "jambonzResource" } };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *wrong = jbzi_call_env_wrong(&cases[i].e);
        if ((wrong != NULL) != (cases[i].wrong != NULL) || (wrong && strcmp(wrong, cases[i].wrong) != 0))
            fail_msg("%s: %s, wanted %s", cases[i].e.name, wrong ? wrong : "-", cases[i].wrong ? cases[i].wrong : "-");
    }
}

static void lists_of_words(void **state) {
    const char *list = " , one ,two  ,, a-word-that-is-too-long-for-its-place", *blank = ",  ";
    char word[12];
    (void)state;
    assert_true(jbzi_call_word(&list, word, sizeof word));
    assert_string_equal(word, "one");
    assert_true(jbzi_call_word(&list, word, sizeof word));
    assert_string_equal(word, "two");
    assert_true(jbzi_call_word(&list, word, sizeof word));
    assert_string_equal(word, "a-word-that");
    assert_false(jbzi_call_word(&list, word, sizeof word));
    assert_false(jbzi_call_word(&blank, word, sizeof word));
    assert_true(jbzi_call_falsy(" null "));
    assert_false(jbzi_call_falsy("nullx"));
    assert_true(jbzi_call_falsy("-0.0e5"));
    assert_false(jbzi_call_falsy("0.1"));
}

static void descs_that_are_refused(void **state) {
    jbz_server_desc d;
    jbz_error e;
    static char auth[2000];
    static union { char bytes[64]; void *align; } block;
    (void)state;
    heap_reset();
    d = usual();
    memset(auth, 'a', sizeof auth - 1);
    auth[5] = ':';
    d.auth = auth;
    assert_null(jbz_core_open(&d, &e));
    assert_string_equal(e.path, "auth");
    d = usual();
    d.memory = block.bytes + 1; /* not aligned */
    d.memory_size = 1 << 30;
    assert_null(jbz_core_open(&d, &e));
    d = usual();
    d.path = "";
    d.on_session = NULL;
    d.apps[0].on_other = on_other;
    d.apps[1].on_audio = on_audio;
    w.core = jbz_core_open(&d, &e);
    assert_non_null(w.core);
    jbz_core_close(w.core);
    w.core = NULL;
    jbz_core_close(NULL);
}

static jbz_event parsed(jbz_doc *doc, jbz_tok *toks, char *text) {
    jbz_event ev;
    memset(&ev, 0, sizeof ev);
    assert_int_equal(jbz_json_parse(doc, text, strlen(text), toks, 64, NULL), JBZ_E_OK);
    ev.data = jbz_json_root(doc);
    return ev;
}
static void numbers_out_of_bounds(void **state) {
    char text[] = "{\"latency\":{\"a\":5,\"b\":99999999999,\"c\":-3},\"sip\":{\"headers\":{\"X-One\":\"1\",\"X-Two\":\"2\"}},\"n\":-99999999999,\"m\":99999999999,"
                  "\"function_calls\":[]}";
    jbz_tok toks[64];
    jbz_doc doc;
    jbz_event ev = parsed(&doc, toks, text);
    jbz_tool_call tool;
    (void)state;
    assert_int_equal(jbz_ev_latency(&ev, "a"), 5);
    assert_int_equal(jbz_ev_latency(&ev, "b"), -1);
    assert_int_equal(jbz_ev_latency(&ev, "c"), -1);
    assert_int_equal(jbz_ev_latency(&ev, "d"), -1);
    assert_string_equal(jbz_sip_header(&ev, "x-two"), "2"); /* as long as the other */
    assert_null(jbz_sip_header(&ev, "x-six"));
    assert_false(jbz_ev_tool_call(&ev, 3, &tool));
    assert_null(jbz_ev_leg(&ev));
    assert_string_equal(jbz_ev_conference(&ev), "");
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(white_space_and_stops), cmocka_unit_test(rates), cmocka_unit_test(environment_tables),
        cmocka_unit_test(lists_of_words), cmocka_unit_test(descs_that_are_refused), cmocka_unit_test(numbers_out_of_bounds) };
    return cmocka_run_group_tests_name("more", tests, NULL, NULL);
}
