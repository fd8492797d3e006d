/* Room 11, what its other tests have no reason to come by: words of tables, borders of numbers, values that are left out. */
#define JBZ_JSON_DEPTH 80 /* more than is written */
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
                  "\"function_calls\":[],\"sip_status\":-99999999999}";
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
    assert_int_equal(jbz_ev_sip_status(&ev), 0);
}

/*---- calls ----*/

static void what_a_call_is_told_first_counts(void **state) {
    peer *p = join();
    jbz_call *call;
    (void)state;
    say(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"call_sid\":\"" SID_A "\",\"data\":{\"from\":\"\",\"to\":\"a-number-of-more-than-16\"}}");
    say(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"from\":\"alice\",\"to\":\"another-number-longer-than-16\"}}");
    say(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"from\":\"bob\"}}");
    call = the_call();
    assert_string_equal(jbz_call_from(call), "alice");
    assert_string_equal(jbz_call_to(call), "a-number-of-more-than-16");
    assert_string_equal(jbz_call_direction(call), "");
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"data\":{\"direction\":\"inbound\",\"env_vars\":{\"EMPTY\":\"\",\"FULL\":\"x\"}}}");
    assert_string_equal(jbz_call_direction(call), "inbound");
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"data\":{\"env_vars\":{\"FULL\":\"y\"}}}");
    assert_string_equal(jbz_call_env(call, "EMPTY"), "");
    assert_string_equal(jbz_call_env(call, "FULL"), "x");
    assert_null(jbz_call_env(call, NULL));
    assert_null(jbz_call_by_sid(w.core, 0, NULL));
    live_call(SID_B, "outbound");
    assert_string_equal(jbz_call_direction(the_call()), "outbound");
}

static void one_sid_in_two_apps_and_one_bucket(void **state) {
    jbz_server_desc d = usual();
    jbz_call *one, *two;
    (void)state;
    d.apps[0].path = "/two";
    d.apps[0].on_session = on_session;
    world_again(&d);
    w.core->bucket_mask = 0;
    say_new(join(), "n", SID_A, "inbound");
    say_new(join_as("/two", "ws.jambonz.org"), "n", SID_A, "inbound");
    one = jbz_call_by_sid(w.core, 0, SID_A);
    two = jbz_call_by_sid(w.core, 1, SID_A);
    assert_true(one && two && one != two);
    assert_int_equal(jbz_call_app(one), 0);
    assert_int_equal(jbz_call_app(two), 1);
}

/* Calls whose sockets are all gone, but which wait for the end that is due: nothing can make room. */
static void no_place_for_a_call(void **state) {
    static const char *const sids[] = { "one", "two", "three" };
    jbz_server_desc d = usual();
    peer *p, *q;
    int i;
    (void)state;
    d.max_conns = 2;
    world_again(&d);
    for (i = 0; i < 3; i++) {
        p = live_call(sids[i], "inbound");
        q = join();
        say_status(q, sids[i], "in-progress");
        leave(p, 1000);
        leave(q, 0);
    }
    w.log[0] = 0;
    assert_int_equal(stats().calls, 3);
    assert_int_equal(stats().detached, 0);
    p = join();
    say_new(p, "n", "four", "inbound");
    hears_ack(p, "n", DECLINE);
    logs("");
    assert_int_equal(logged[JBZ_LINE_NO_MEMORY], 1);
    assert_int_equal(stats().evicted, 0);
    pass(2100);
    logs("end(END:0) end(END:0) end(END:0)");
    w.act = answer;
    say_new(p, "n", "four", "inbound");
    hears_ack(p, "n", SAY_HI);
}

/* Feeds a whole frame and pulls one event. */
static jbz_event first_event_of(peer *p, const char *text) {
    uint8_t f[1024];
    size_t n = frame(f, FIN | OP_TEXT, text, strlen(text));
    jbz_event ev;
    assert_false(jbz_core_next(w.core, &ev));
    assert_int_equal(jbz_conn_feed(p->c, f, n), n);
    assert_true(jbz_core_next(w.core, &ev));
    return ev;
}

static void an_end_that_is_due_is_not_waited_for(void **state) {
    jbz_server_desc d = usual();
    jbz_event ev;
    peer *p;
    (void)state;
    d.max_conns = 2;
    world_again(&d);
    leave(live_call(SID_A, "inbound"), 0);
    leave(live_call(SID_B, "inbound"), 0);
    p = join();
    ev = first_event_of(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"call_sid\":\"new\",\"data\":{}}");
    assert_int_equal(ev.type, JBZ_EV_SESSION_NEW);
    assert_int_equal(jbz_core_tick(w.core, w.now), 0);
    assert_true(jbz_core_next(w.core, &ev));
    assert_int_equal(ev.type, JBZ_EV_END);
    assert_int_equal(ev.reason, JBZ_E_FULL);
    assert_string_equal(jbz_call_sid(ev.call), SID_A);
    assert_false(jbz_core_next(w.core, &ev));
    assert_true(jbz_core_tick(w.core, w.now) > 0);
}

/* What room 12 does for jbz_wait, with a call that was accepted. */
static void keep_all(jbz_core *core) {
    jbz_event ev;
    while (jbz_core_next(core, &ev)) jbzi_call_stash(core, &ev);
}

static void ends_nobody_waits_for_make_room(void **state) {
    jbz_server_desc d = usual();
    jbz_event ev;
    jbz_call *b;
    peer *p, *q;
    (void)state;
    d.max_conns = 2;
    world_again(&d);
    p = live_call(SID_A, "inbound");
    the_call()->flags |= JBZI_CALL_TAKEN;
    q = live_call(SID_B, "inbound");
    b = the_call();
    b->flags |= JBZI_CALL_TAKEN;
    jbz_conn_eof(p->c);
    jbz_conn_eof(q->c);
    keep_all(w.core);
    serve();
    pass(29000); /* detached: nothing to tell yet */
    assert_int_equal(stats().calls, 2);
    w.now += 2000;
    jbz_core_tick(w.core, w.now);
    keep_all(w.core);
    assert_int_equal(stats().calls, 2);
    say_new(join(), "n", "third", "inbound");
    assert_int_equal(stats().calls, 2);
    assert_int_equal(stats().evicted, 0);
    assert_null(jbz_call_by_sid(w.core, 0, SID_A));
    logs("session(session:new)");
    assert_null(b->extra);
    assert_true(jbzi_call_unstash(b, &ev));
    assert_int_equal(ev.type, JBZ_EV_END);
    assert_int_equal(ev.reason, JBZ_E_TIMEOUT);
    assert_false(jbzi_call_unstash(b, &ev));
}

static void kept_events_of_a_socket_that_is_spent(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q = join();
    jbz_call *call = the_call();
    jbz_event ev;
    (void)state;
    call->flags |= JBZI_CALL_TAKEN;
    ev = first_event_of(q, "{\"type\":\"call:status\",\"msgid\":\"s\",\"call_sid\":\"" SID_A "\",\"data\":{\"text\":\"\\b\\u0001\"}}");
    assert_string_equal(jbz_json_str(ev.data, "/text", ""), "\b\x01");
    assert_ptr_equal(ev.conn, q->c);
    jbzi_call_stash(w.core, &ev);
    say_close(p, 1000);
    w.now += 2100;
    jbz_core_tick(w.core, w.now);
    keep_all(w.core);
    send_frame(q, FIN | OP_BIN, "ab", 2); /* it is nobody's any more */
    assert_int_equal(logged[JBZ_LINE_DROPPED], 0);
    logs("");
    assert_true(jbzi_call_unstash(call, &ev));
    assert_int_equal(ev.type, JBZ_EV_CALL_STATUS);
    assert_string_equal(jbz_json_str(ev.data, "/text", ""), "\b\x01");
    assert_null(ev.conn);
    assert_int_equal(jbz_send(jbz_reply(&ev)), JBZ_E_STATE); /* nobody wants one, now as then */
    assert_int_equal(jbz_reply_later(&ev, &w.later[0]), JBZ_E_STATE);
    assert_true(jbzi_call_unstash(call, &ev));
    assert_int_equal(ev.type, JBZ_EV_END);
    assert_int_equal(ev.reason, JBZ_E_OK);
    assert_false(jbz_core_next(w.core, &ev));
    assert_int_equal(stats().calls, 0);
}

/* Strings that were decoded are written again, in no more bytes than there were. */
static void a_kept_message_is_the_same(void **state) {
    static const char *const texts[] = { "\\b\\f\\n\\r\\t\\\"\\\\\\/", "\\u0000\\u0001\\u001f\\u007f\\u00e4\\u20ac\\ud83d\\ude00", "\x7f\xc3\xa4",
        "\\u0008\\u000a\\u0022\\u005c\\ud800\\udc00", "" };
    peer *p = live_call(SID_A, "inbound");
    jbz_call *call = the_call();
    char text[256], was[64];
    const char *got;
    jbz_event ev;
    size_t i, n;
    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sprintf(text, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"text\":\"%s\"}}", texts[i]);
        ev = first_event_of(p, text);
        got = jbz_json_strn(ev.data, "/text", &n);
        memcpy(was, got, n);
        jbzi_call_stash(w.core, &ev);
        assert_int_equal(logged[JBZ_LINE_DROPPED], 0);
        assert_true(jbzi_call_unstash(call, &ev));
        got = jbz_json_strn(ev.data, "/text", &n);
        assert_non_null(got);
        assert_memory_equal(got, was, n);
    }
}

static void a_message_too_deep_is_not_kept(void **state) {
    peer *p = live_call(SID_A, "inbound");
    char text[512];
    jbz_event ev;
    int i;
    (void)state;
    strcpy(text, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"a\":");
    for (i = 0; i < 70; i++) strcat(text, "[");
    for (i = 0; i < 70; i++) strcat(text, "]");
    strcat(text, "}}");
    ev = first_event_of(p, text);
    jbzi_call_stash(w.core, &ev);
    assert_int_equal(logged[JBZ_LINE_DROPPED], 1);
    assert_false(jbzi_call_unstash(the_call(), &ev));
    memset(text, '[', 100); /* deeper than is read */
    text[100] = 0;
    say(p, "%s", text);
    assert_int_equal(logged[JBZ_LINE_ODD], 1);
    assert_non_null(strstr(log_last[JBZ_LINE_ODD], "nested too deep"));
}

static void a_message_that_names_nobody_is_about_no_leg(void **state) {
    peer *p = live_call(SID_A, "inbound");
    jbz_event ev = first_event_of(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{}}");
    (void)state;
    assert_ptr_equal(ev.call, the_call());
    assert_string_equal(jbz_ev_call_sid(&ev), "");
    assert_null(jbz_ev_leg(&ev));
    ev = first_event_of(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"call_sid\":\"leg\"}}");
    assert_string_equal(jbz_ev_leg(&ev), "leg");
}

/*---- replies ----*/

static void commands_wait_while_another_message_is_open(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev), *second;
    assert_int_equal(jbz_cmd(ev->call, "one", NULL, "1"), JBZ_E_OK);
    second = jbz_cmd_redirect(ev->call);
    assert_int_equal(jbz_send(second), JBZ_E_STATE);
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
}

static void a_failed_message_lets_nothing_pass(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = commands_wait_while_another_message_is_open;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", SAY_HI);
    hears(p, "{\"type\":\"command\",\"command\":\"one\",\"data\":1}");
    hears_nothing(p);
}

/* The socket that took over is gone, and jambonz' end of it was normal: an answer on the other one changes nothing of that. */
static void an_answer_while_the_end_is_near(void **state) {
    peer *a = join(), *b = join();
    uint64_t start;
    (void)state;
    w.act = defer_all;
    say_new(a, "n", SID_A, "inbound");
    w.act = NULL;
    say(b, "{\"type\":\"session:adulting\",\"msgid\":\"a\",\"call_sid\":\"" SID_A "\",\"data\":{}}");
    leave(b, 1000);
    start = w.now;
    pass(1000);
    assert_int_equal(answer_later(0), JBZ_E_OK);
    hears_ack(a, "n", SAY_LATE);
    w.log[0] = 0;
    while (!w.log[0]) pass(1);
    logs("end(END:0)");
    assert_in_range(w.now - start, 2000, 2040);
}

static void think_long_then_defer(const jbz_event *ev) {
    if (ev->type != JBZ_EV_VERB_HOOK) return;
    jbz_core_tick(ev->core, w.now += 5000);
    w.err = jbz_reply_later(ev, &w.later[0]);
}

static void deferred_when_it_is_late_already(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = think_long_then_defer;
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_OK);
    pass(40);
    hears_ack(p, "h", "[]");
    assert_int_equal(answer_later(0), JBZ_E_GONE);
    assert_int_equal(stats().late, 1);
}

static void hang_up_without_memory(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev), other;
    char mem[128];
    if (ev->type != JBZ_EV_VERB_HOOK) return;
    jbz_say(o, .text = "hi");
    jbz_out_init(&other, mem, sizeof mem);
    jbz_msg_command(&other, "redirect", NULL, true);
    jbz_say(&other, .text = "x");
    starve();
    assert_int_equal(jbz_cmd(ev->call, "one", NULL, "1"), JBZ_E_NOMEM);
    assert_int_equal(jbz_send_to(ev->core, jbz_call_id_of(ev->call), &other), JBZ_E_NOMEM);
    assert_int_equal(jbz_hangup_call(ev->call), JBZ_E_OK);
    sate();
    assert_int_equal(jbz_send(o), JBZ_E_GONE);
}

static void hanging_up_without_memory(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = hang_up_without_memory;
    say_hook(p, "h", SID_A, "/menu");
    hears_nothing(p); /* neither an answer nor the redirect */
    assert_string_equal(log_last[JBZ_LINE_NOT_SENT] + strlen(log_last[JBZ_LINE_NOT_SENT]) - strlen(jbz_strerror(JBZ_E_GONE)), jbz_strerror(JBZ_E_GONE));
    assert_int_equal(logged[JBZ_LINE_NOT_SENT], 2);
    pass(2100); /* but what comes next does it */
    hears(p, "{\"type\":\"command\",\"command\":\"call:status\",\"data\":{\"call_status\":\"completed\"}}");
}

static void a_msgid_longer_than_a_message_may_be(void **state) {
    jbz_server_desc d = usual();
    char id[600];
    peer *p;
    (void)state;
    d.max_out = 512;
    world_again(&d);
    p = live_call(SID_A, "inbound");
    memset(id, 'i', sizeof id - 1);
    id[sizeof id - 1] = 0;
    say_hook(p, id, SID_A, "/menu");
    hears_nothing(p);
    assert_int_equal(logged[JBZ_LINE_NOT_SENT], 1);
    assert_string_equal(log_last[JBZ_LINE_NOT_SENT], jbz_strerror(JBZ_E_TOO_BIG));
}

static void a_reply_to_nothing(void **state) {
    jbz_reply_id id;
    (void)state;
    live_call(SID_A, "inbound");
    id.call = w.call;
    id.serial = 1;
    assert_null(the_call()->extra);
    assert_int_equal(jbz_send(jbz_reply_to(w.core, id)), JBZ_E_GONE);
    id.serial = 0;
    assert_int_equal(jbz_call_timer(the_call(), 1000, 1), JBZ_E_OK);
    assert_int_equal(jbz_send(jbz_reply_to(w.core, id)), JBZ_E_GONE);
}

static void hanging_up_answers_what_is_open(void **state) {
    peer *p = live_call(SID_A, "inbound");
    jbz_out *o;
    (void)state;
    w.act = defer_all;
    say_hook(p, "h", SID_A, "/menu");
    o = jbz_reply_to(w.core, w.later[0]);
    jbz_say(o, .text = "late");
    assert_int_equal(jbz_hangup_call(the_call()), JBZ_E_OK);
    assert_int_equal(jbz_send(o), JBZ_E_GONE);
    hears_ack(p, "h", "[]");
    hears_redirect(p, DECLINE);
    hears_nothing(p);
}

static void answer_without_memory(const jbz_event *ev) {
    if (ev->type != JBZ_EV_VERB_HOOK) return;
    starve();
    answer(ev);
    assert_int_equal(w.err, JBZ_E_NOMEM);
    sate();
    answer(ev); /* still open */
}

static void a_reply_that_finds_no_memory_stays_open(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = answer_without_memory;
    p->budget = 0;
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_OK);
    p->budget = SIZE_MAX;
    hears_ack(p, "h", SAY_HI);
    hears_nothing(p);
}

static void serials_wrap(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.core->serial = UINT32_MAX - 1;
    w.act = defer_all;
    say_hook(p, "last", SID_A, "/menu");
    say_hook(p, "first", SID_A, "/menu");
    assert_int_equal(w.later[0].serial, UINT32_MAX);
    assert_int_equal(w.later[1].serial, 1); /* 0 is none */
    assert_int_equal(answer_later(1), JBZ_E_OK);
    hears_ack(p, "first", SAY_LATE);
    assert_int_equal(answer_later(0), JBZ_E_OK);
    hears_ack(p, "last", SAY_LATE);
}

static void prepared_messages_are_checked(void **state) {
    peer *p = live_call(SID_A, "inbound");
    jbz_tool_output_opts output;
    char mem[256];
    jbz_out o;
    (void)state;
    assert_int_equal(jbz_send_to(w.core, w.call, NULL), JBZ_E_ARG);
    jbz_out_init(&o, mem, sizeof mem);
    jbz_msg_command(&o, "redirect", NULL, true);
    jbz_llm(&o, .vendor = "ultravox", .llmOptions = "{}");
    assert_int_equal(jbz_send_to(w.core, w.call, &o), JBZ_E_OK);
    serve();
    assert_non_null(heard(p));
    memset(&output, 0, sizeof output);
    output.id = "t";
    output.text = "done";
    assert_int_equal(jbz_cmd_llm_tool_output(the_call(), &output), JBZ_E_OK); /* as that vendor wants it */
    hears(p, "{\"type\":\"command\",\"command\":\"llm:tool-output\",\"tool_call_id\":\"t\","
             "\"data\":{\"type\":\"client_tool_result\",\"invocation_id\":\"t\",\"result\":\"done\"}}");
}

/*---- hanging up ----*/

static void hanging_up_a_call_nothing_is_known_of(void **state) {
    peer *p = join(), *q;
    uint64_t start;
    (void)state;
    say(p, "{\"type\":\"session:new\",\"call_sid\":\"" SID_A "\",\"data\":{}}"); /* no msgid: nothing to answer */
    assert_int_equal(jbz_hangup_call(jbz_call_by_sid(w.core, 0, SID_A)), JBZ_E_OK);
    hears_redirect(p, DECLINE);

    p = join();
    q = join();
    say(p, "{\"type\":\"session:new\",\"call_sid\":\"" SID_B "\",\"data\":{}}");
    say_status(q, SID_B, "in-progress");
    leave(p, 1000); /* only the notifier is left */
    pass(1000);
    w.log[0] = 0;
    start = w.now;
    assert_int_equal(jbz_hangup_call(jbz_call_by_sid(w.core, 0, SID_B)), JBZ_E_OK);
    while (jbz_call_by_sid(w.core, 0, SID_B)) pass(1);
    assert_in_range(w.now - start, 6000, 6120);
    hears_nothing(q); /* there was nobody to tell */
}

static jbz_call_id other_call;
static void hang_up_the_other(const jbz_event *ev) {
    if (ev->type != JBZ_EV_VERB_HOOK) return;
    assert_int_equal(jbz_hangup_call(jbz_call_find(ev->core, other_call)), JBZ_E_OK);
    answer(ev);
}
static void hang_up_at_the_end(const jbz_event *ev) { if (ev->type == JBZ_EV_END) w.err = jbz_hangup_call(ev->call); }

static void hanging_up_another_call(void **state) {
    peer *q = live_call(SID_B, "inbound"), *p;
    (void)state;
    other_call = w.call;
    p = live_call(SID_A, "inbound");
    w.act = hang_up_the_other;
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_OK);
    hears_ack(p, "h", SAY_HI);
    hears_nothing(p);
    hears_redirect(q, DECLINE);
    w.act = hang_up_at_the_end;
    leave(p, 1000);
    assert_int_equal(w.err, JBZ_E_GONE);
}

/*---- sockets ----*/

static void only_an_open_socket_stands_in(void **state) {
    peer *a, *b;
    (void)state;
    live_call(SID_B, "inbound");
    a = join();
    b = join();
    say_status(a, SID_A, "trying");
    say_status(b, SID_A, "trying");
    assert_int_equal(jbz_conn_drop(b->c, 1001, NULL), JBZ_E_OK);
    leave(a, 0);
    assert_int_equal(jbz_call_state(jbz_call_by_sid(w.core, 0, SID_A)), JBZ_CALL_DETACHED);
}

static void texts_of_the_app_are_no_commands(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    p->budget = 0;
    assert_int_equal(jbz_conn_send(p->c, JBZ_TEXT, "x", 1), JBZ_E_OK);
    assert_int_equal(jbz_cmd(the_call(), "one", NULL, "1"), JBZ_E_OK);
    leave(p, 0);
    p = join();
    say_reconnect(p, "r", SID_A, "inbound");
    hears_bare(p, "r");
    hears(p, "{\"type\":\"command\",\"command\":\"one\",\"data\":1}");
    hears_nothing(p);
}

static void what_is_held_is_limited(void **state) {
    jbz_server_desc d = usual();
    char json[128];
    (void)state;
    d.detached_bytes = 64;
    world_again(&d);
    leave(live_call(SID_A, "inbound"), 0);
    memset(json, '1', sizeof json - 1);
    json[sizeof json - 1] = 0;
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, json), JBZ_E_FULL);
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, "1"), JBZ_E_OK);
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, "1"), JBZ_E_FULL);
}

/*---- requests and handlers ----*/

static void an_app_is_one_with_any_handler(void **state) {
    jbz_server_desc d = usual();
    jbz_event ev;
    int i;
    (void)state;
    d.path = "/one/two";
    d.apps[0].path = "/one"; /* matches as well, but is shorter */
    d.apps[0].on_other = on_message;
    world_again(&d);
    w.act = answer_all;
    say_new(join_as("/one/two/x", "ws.jambonz.org"), "n", SID_A, "inbound");
    logs("session(session:new)");
    say_hook(join_as("/one/x", "ws.jambonz.org"), "h", SID_B, "/x"); /* no on_session: the others' */
    logs("message(verb:hook)");
    for (i = 0; i < 2; i++) {
        memset(&d, 0, sizeof d);
        d.alloc.fn = heap_fn;
        if (i == 0) d.on_other = on_other; else d.on_audio = on_audio;
        world_again(&d);
        assert_non_null(join_as("/", i == 0 ? "ws.jambonz.org" : "audio.drachtio.org"));
    }
    memset(&d, 0, sizeof d);
    d.alloc.fn = heap_fn;
    d.on_end = on_end; /* nobody is served, but there is somebody */
    world_again(&d);
    memset(&ev, 0, sizeof ev);
    ev.core = w.core;
    ev.type = JBZ_EV_WAKEUP;
    jbz_dispatch(&ev);
    logs("");
}

static void all_hooks_are_looked_at(void **state) {
    static char hooks[JBZ_MAX_ROUTES][8];
    jbz_server_desc d = usual();
    peer *p;
    int i;
    (void)state;
    for (i = 0; i < JBZ_MAX_ROUTES; i++) {
        sprintf(hooks[i], "/h%d", i);
        d.on_hook[i].hook = hooks[i];
        d.on_hook[i].fn = on_menu;
    }
    world_again(&d);
    p = live_call(SID_A, "inbound");
    say_hook(p, "h", SID_A, hooks[JBZ_MAX_ROUTES - 1]);
    say_hook(p, "h", SID_A, "/none");
    logs("menu(verb:hook) other(verb:hook)");
}

static int status_of(const char *request) {
    peer *p = dial_in();
    feed(p, request, strlen(request));
    return http_status(p);
}

static void environments_that_do_not_fit(void **state) {
    static char long_text[17000];
    jbz_env table[2];
    jbz_server_desc d = usual();
    (void)state;
    memset(long_text, 'd', sizeof long_text - 1);
    memset(table, 0, sizeof table);
    table[0].name = "A";
    table[0].type = "string";
    table[0].fallback = "yes";
    d.env = table;
    world_again(&d);
    {
        peer *p = dial_in();
        static const char request[] = "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n";
        feed(p, request, sizeof request - 1);
        assert_int_equal(http_status(p), 200);
        assert_memory_equal(p->buf + p->at, "{\"A\":{\"type\":\"string\",\"description\":\"A\",\"default\":\"yes\"}}", p->n - p->at);
    }
    table[0].description = long_text;
    assert_int_equal(status_of("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"), 503);
}

static int http_code;
static void give_code(jbz_http *http, void *user) { (void)user; http->status = http_code; }

static void an_answer_that_is_none(void **state) {
    static const int codes[][2] = { { 199, 426 }, { 200, 200 }, { 599, 599 }, { 600, 426 } };
    jbz_server_desc d = usual();
    size_t i;
    (void)state;
    d.on_http = give_code;
    world_again(&d);
    for (i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        http_code = codes[i][0];
        assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), codes[i][1]);
    }
}

static void without_a_logger_all_goes_on(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    (void)state;
    d.log.fn = NULL;
    world_again(&d);
    p = join();
    say_new(p, "n", SID_A, "inbound");
    hears_ack(p, "n", DECLINE);
    d.log.fn = log_fn;
    d.log.level = JBZ_LOG_ERROR;
    world_again(&d);
    p = live_call(SID_A, "inbound");
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", "[]");
    assert_int_equal(logged[JBZ_LINE_UNANSWERED], 0); /* which is only a warning */
}

/*---- draining ----*/

static void drain_now(const jbz_event *ev) {
    if (ev->type != JBZ_EV_VERB_HOOK) return;
    jbz_core_drain(ev->core);
    answer(ev);
}

static void draining_waits_for_what_is_open(void **state) {
    peer *idle, *half, *held, *notifier, *control, *request, *drained_by;
    uint8_t f[64];
    size_t n;
    (void)state;
    idle = live_call("idle", "inbound");
    half = live_call("half", "inbound");
    n = frame(f, OP_TEXT, "{\"type\":", 8);
    feed(half, f, n);
    control = join(); /* its session:new is never answered, for its socket goes; the notifier stays */
    notifier = join();
    w.act = defer_all;
    say_new(control, "n", "new", "inbound");
    w.act = NULL;
    say_status(notifier, "new", "trying");
    leave(control, 1000);
    held = join();
    w.act = answer;
    say_new(held, "n", "held", "inbound");
    hears_ack(held, "n", SAY_HI);
    w.act = NULL;
    assert_int_equal(jbz_cmd(the_call(), "later", NULL, "1"), JBZ_E_OK); /* in 100 ms */
    request = dial_in();
    drained_by = live_call(SID_A, "inbound");
    w.act = drain_now;
    say_hook(drained_by, "h", SID_A, "/menu");
    w.act = NULL;
    assert_int_equal(close_code(idle), 1012);
    hears_ack(drained_by, "h", SAY_HI);
    assert_int_equal(close_code(half), 0);
    assert_int_equal(close_code(notifier), 0);
    assert_int_equal(close_code(held), 0);
    assert_true(request->open);
    pass(200);
    hears(held, "{\"type\":\"command\",\"command\":\"later\",\"data\":1}");
    assert_int_equal(close_code(held), 1012);
    assert_int_equal(close_code(drained_by), 1012);
    hears_nothing(half);
    assert_true(request->open);
    pass(5000);
    assert_int_equal(close_code(half), 1012);
    assert_false(request->open);
}

int main(void) {
#define W(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = { cmocka_unit_test(white_space_and_stops), cmocka_unit_test(rates), cmocka_unit_test(environment_tables),
        cmocka_unit_test(lists_of_words), cmocka_unit_test(descs_that_are_refused), cmocka_unit_test(numbers_out_of_bounds),
        W(what_a_call_is_told_first_counts), W(one_sid_in_two_apps_and_one_bucket), W(no_place_for_a_call),
        W(an_end_that_is_due_is_not_waited_for), W(ends_nobody_waits_for_make_room), W(kept_events_of_a_socket_that_is_spent),
        W(a_kept_message_is_the_same), W(a_message_too_deep_is_not_kept), W(a_message_that_names_nobody_is_about_no_leg), W(a_failed_message_lets_nothing_pass), W(an_answer_while_the_end_is_near),
        W(deferred_when_it_is_late_already), W(hanging_up_without_memory), W(a_msgid_longer_than_a_message_may_be), W(a_reply_to_nothing),
        W(hanging_up_answers_what_is_open), W(a_reply_that_finds_no_memory_stays_open), W(serials_wrap), W(prepared_messages_are_checked),
        W(hanging_up_a_call_nothing_is_known_of), W(hanging_up_another_call), W(only_an_open_socket_stands_in),
        W(texts_of_the_app_are_no_commands), W(what_is_held_is_limited), W(an_app_is_one_with_any_handler), W(all_hooks_are_looked_at),
        W(environments_that_do_not_fit), W(an_answer_that_is_none), W(without_a_logger_all_goes_on), W(draining_waits_for_what_is_open) };
    if (getenv("ONLY")) cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests_name("more", tests, NULL, NULL);
}
