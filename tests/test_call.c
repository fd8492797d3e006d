/* Room 11 CALL: whose message it is, who answers it and when, what survives a lost socket, how calls end. Every test runs
   twice: bytes handed to the transport at once, and bytes that wait until the transport asks for them. */

#include "support.h"

/*---- which handler ----*/

static void handlers_by_type(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer_all;
    say_new(p, "m1", SID_A, "inbound");
    hears_ack(p, "m1", SAY_HI);
    say_hook(p, "m2", SID_A, "/menu");
    hears_ack(p, "m2", SAY_HI);
    say_hook(p, "m3", SID_A, "/unknown");
    hears_ack(p, "m3", SAY_HI);
    say_hook(p, "m4", SID_A, "/men");
    hears_ack(p, "m4", SAY_HI);
    say(p, "{\"type\":\"dial:confirm\",\"msgid\":\"m5\",\"call_sid\":\"" SID_A "\",\"hook\":\"/menu\",\"data\":{}}");
    hears_ack(p, "m5", SAY_HI);
    say(p, "{\"type\":\"session:redirect\",\"msgid\":\"m6\",\"call_sid\":\"" SID_A "\",\"hook\":\"/menu\",\"data\":{}}");
    hears_ack(p, "m6", SAY_HI);
    say(p, "{\"type\":\"session:redirect\",\"msgid\":\"m7\",\"call_sid\":\"" SID_A "\",\"hook\":\"/x\",\"data\":{}}");
    hears_ack(p, "m7", SAY_HI);
    say(p, "{\"type\":\"session:adulting\",\"msgid\":\"m8\",\"call_sid\":\"" SID_A "\",\"data\":{}}");
    hears_ack(p, "m8", SAY_HI);
    say(p, "{\"type\":\"queue:status\",\"msgid\":\"m9\",\"call_sid\":\"" SID_A "\",\"data\":{}}");
    hears_ack(p, "m9", SAY_HI);
    say(p, "{\"type\":\"whatever:new\",\"msgid\":\"m10\",\"data\":7}");
    say(p, "{\"type\":\"llm:event\",\"msgid\":\"m11\",\"hook\":\"/menu\",\"data\":{}}");
    hears_nothing(p);
    logs("session(session:new) menu(verb:hook) other(verb:hook) other(verb:hook) menu(dial:confirm) menu(session:redirect) "
         "other(session:redirect) other(session:adulting) other(queue:status) other(unknown) other(llm:event)");
    leave(p, 1000);
    logs("end(END:0)");
}

static void an_absolute_hook_is_compared_whole(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    (void)state;
    d.on_hook[1].hook = "wss://elsewhere/x";
    d.on_hook[1].fn = on_menu;
    world_again(&d);
    p = live_call(SID_A, "inbound");
    say_hook(p, "h", SID_A, "wss://elsewhere/x");
    say_hook(p, "h", SID_A, "wss://elsewhere/");
    logs("menu(verb:hook) other(verb:hook)");
}

static void first_hook_of_an_unknown_call_is_a_session(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer_all;
    say_hook(p, "m1", SID_A, "/nobody");
    hears_ack(p, "m1", SAY_HI);
    say_hook(p, "m2", SID_A, "/nobody");
    hears_ack(p, "m2", SAY_HI);
    p = join();
    say_hook(p, "m1", SID_B, "/menu");
    hears_ack(p, "m1", SAY_HI);
    p = join();
    say(p, "{\"type\":\"session:redirect\",\"msgid\":\"m\",\"hook\":\"ws://a/b\",\"data\":{\"call_sid\":\"third\"}}");
    hears_ack(p, "m", SAY_HI);
    p = join();
    say(p, "{\"type\":\"call:status\",\"msgid\":\"m\",\"data\":{\"call_sid\":\"fourth\"}}");
    hears_nothing(p);
    logs("session(verb:hook) other(verb:hook) menu(verb:hook) session(session:redirect) other(call:status)");
}

static void all_examples_get_one_ack_or_none(void **state) {
    static const char *const names[] = {
        "agent-event-turn-end", "agent-tool-call", "call-status-busy", "call-status-child-leg", "call-status-completed", "call-status-trying",
        "dial-confirm", "jambonz-error-asr", "llm-event", "llm-tool-call", "queue-status-join", "session-adulting", "session-new",
        "session-new-full", "session-new-outbound", "session-new-siprec", "session-redirect", "session-redirect-new-socket",
        "tts-streaming-event-stream-open", "tts-tokens-result-ok", "unknown-type", "verb-hook-gather-speech", "verb-hook-dial",
        "verb-status-starting", "verb-hook-transcribe", "verb-hook-sip-refer-event" };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = fixture(names[i], NULL), want[256];
        jbz_tok toks[2048];
        jbz_doc doc;
        jbz_msg m;
        char *copy = strdup(text);
        peer *p = join();
        assert_int_equal(jbz_msg_read(&m, &doc, copy, strlen(copy), toks, 2048), JBZ_E_OK);
        snprintf(want, sizeof want, "{\"type\":\"ack\",\"msgid\":\"%s\"", jbz_json_str(m.msgid, "", ""));
        w.events = 0;
        sayn(p, text, strlen(text));
        assert_int_equal(w.events, 1);
        if (jbz_event_wants_ack(m.type)) {
            const char *t = heard(p);
            assert_non_null(t);
            if (strncmp(t, want, strlen(want)) != 0) fail_msg("%s: %s", names[i], t);
        }
        hears_nothing(p);
        leave(p, 1000);
        free(text);
        free(copy);
    }
    assert_int_equal(stats().calls, 0);
    assert_int_equal(stats().odd, 0);
}

/*---- silence ----*/

static void silence_is_answered_by_type(void **state) {
    peer *p = join();
    (void)state;
    say_new(p, "m1", SID_A, "inbound");
    hears_ack(p, "m1", DECLINE);
    assert_int_equal(logged[JBZ_LINE_FALLBACK], 1);
    say_hook(p, "m2", SID_A, "/menu");
    hears_ack(p, "m2", "[]");
    say(p, "{\"type\":\"dial:confirm\",\"msgid\":\"m3\",\"hook\":\"/menu\",\"data\":{}}");
    hears_ack(p, "m3", "[]");
    say(p, "{\"type\":\"session:redirect\",\"msgid\":\"m4\",\"hook\":\"/menu\",\"data\":{}}");
    hears_bare(p, "m4");
    say(p, "{\"type\":\"session:adulting\",\"msgid\":\"m5\",\"data\":{}}");
    hears_bare(p, "m5");
    say(p, "{\"type\":\"queue:status\",\"msgid\":\"m6\",\"data\":{}}");
    hears_bare(p, "m6");
    hears_nothing(p);
    assert_int_equal(logged[JBZ_LINE_UNANSWERED], 5);
    assert_int_equal(stats().acked_by_library, 6);
    p = join();
    say_new(p, "m1", SID_B, "outbound");
    hears_bare(p, "m1");
    assert_int_equal(logged[JBZ_LINE_FALLBACK], 1);
}

static void the_apps_fallback_is_used(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    (void)state;
    d.path = "/one";
    d.fallback = "[{\"verb\":\"say\",\"text\":\"one\"}]";
    d.apps[0].path = "/two";
    d.apps[0].on_session = on_session;
    d.apps[0].fallback = "[{\"verb\":\"say\",\"text\":\"two\"}]";
    world_again(&d);
    p = join_as("/one", "ws.jambonz.org");
    say_new(p, "m", SID_A, "inbound");
    hears_ack(p, "m", "[{\"verb\":\"say\",\"text\":\"one\"}]");
    p = join_as("/two/deep?x=1", "ws.jambonz.org");
    say_new(p, "m", SID_A, "inbound"); /* the same sid in another app is another call */
    hears_ack(p, "m", "[{\"verb\":\"say\",\"text\":\"two\"}]");
    assert_int_equal(stats().calls, 2);
    p = join_as("/two", "ws.jambonz.org"); /* names no call at all: the socket's app counts */
    say(p, "{\"type\":\"session:new\",\"msgid\":\"m\",\"data\":{}}");
    hears_ack(p, "m", "[{\"verb\":\"say\",\"text\":\"two\"}]");
}

static void no_handler_is_no_warning(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    (void)state;
    d.on_other = NULL;
    d.on_hook[0].hook = NULL;
    world_again(&d);
    p = live_call(SID_A, "inbound");
    say_hook(p, "h", SID_A, "/x");
    hears_ack(p, "h", "[]");
    assert_int_equal(logged[JBZ_LINE_UNANSWERED], 0);
}

/*---- deferred replies ----*/

static void deferred_and_answered(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = defer_all;
    say_hook(p, "h1", SID_A, "/menu");
    say_hook(p, "h2", SID_A, "/menu");
    hears_nothing(p);
    pass(3900);
    hears_nothing(p);
    assert_int_equal(answer_later(1), JBZ_E_OK); /* order is free */
    hears_ack(p, "h2", SAY_LATE);
    assert_int_equal(answer_later(0), JBZ_E_OK);
    hears_ack(p, "h1", SAY_LATE);
    assert_int_equal(answer_later(0), JBZ_E_GONE);
    pass(10000);
    hears_nothing(p);
    assert_int_equal(stats().late, 0);
}

static void deferred_too_long(void **state) {
    peer *p = live_call(SID_A, "inbound");
    uint64_t start;
    (void)state;
    w.act = defer_all;
    start = w.now;
    say_hook(p, "h1", SID_A, "/menu");
    while (p->at == p->n) pass(1);
    assert_in_range(w.now - start, 4000, 4040); /* never early, a slot of the wheel late at most */
    hears_ack(p, "h1", "[]");
    assert_int_equal(answer_later(0), JBZ_E_GONE);
    hears_nothing(p);
    assert_int_equal(stats().late, 1);
    assert_int_equal(logged[JBZ_LINE_LATE], 1);
}

static void a_deferred_session_new_gets_the_fallback(void **state) {
    peer *p = join();
    (void)state;
    w.act = defer_all;
    say_new(p, "n", SID_A, "inbound");
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_NEW);
    pass(4100);
    hears_ack(p, "n", DECLINE);
    assert_int_equal(logged[JBZ_LINE_FALLBACK], 1);
    assert_int_equal(answer_later(0), JBZ_E_GONE);
}

static void defer_beyond_the_limit(const jbz_event *ev) { defer_all(ev); }

static void pending_is_limited(void **state) {
    peer *p = live_call(SID_A, "inbound");
    unsigned i;
    (void)state;
    w.act = defer_beyond_the_limit;
    for (i = 0; i < 16; i++) {
        say_hook(p, "h", SID_A, "/menu");
        assert_int_equal(w.err, JBZ_E_OK);
    }
    hears_nothing(p);
    say_hook(p, "over", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_FULL);
    hears_ack(p, "over", "[]"); /* counts as neither answered nor deferred */
    assert_int_equal(answer_later(3), JBZ_E_OK);
    hears_ack(p, "h", SAY_LATE);
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_OK);
}

static void defer_twice_then_answer(const jbz_event *ev) {
    jbz_reply_id a, b;
    jbz_out *o;
    if (!jbz_event_wants_ack(ev->type)) return;
    assert_int_equal(jbz_reply_later(ev, &a), JBZ_E_OK);
    assert_int_equal(jbz_reply_later(ev, &b), JBZ_E_OK);
    assert_memory_equal(&a, &b, sizeof a);
    o = jbz_reply(ev); /* changed its mind */
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    o = jbz_reply_to(ev->core, a);
    assert_int_equal(jbz_send(o), JBZ_E_GONE);
}

static void deferring_twice_is_one(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = defer_twice_then_answer;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", SAY_HI);
    pass(5000);
    hears_nothing(p);
}

/*---- wrong callers ----*/

static void reply_twice(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    assert_int_equal(jbz_send(o), JBZ_E_STATE);
    o = jbz_reply(ev);
    jbz_say(o, .text = "again");
    w.err = jbz_send(o);
    {
        jbz_reply_id id;
        assert_int_equal(jbz_reply_later(ev, &id), JBZ_E_STATE);
    }
}

static void a_second_reply_is_refused(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = reply_twice;
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_STATE);
    hears_ack(p, "h", SAY_HI);
    hears_nothing(p);
}

static void a_reply_nobody_wants(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = answer;
    say_status(p, SID_A, "ringing");
    assert_int_equal(w.err, JBZ_E_STATE);
    say(p, "{\"type\":\"llm:tool-call\",\"msgid\":\"m\",\"data\":{}}");
    assert_int_equal(w.err, JBZ_E_STATE);
    say(p, "{\"type\":\"never:heard\",\"msgid\":\"m\",\"data\":{}}");
    assert_int_equal(w.err, JBZ_E_STATE);
    hears_nothing(p);
    w.act = NULL;
    say(p, "{\"type\":\"llm:tool-call\",\"msgid\":\"m\",\"data\":{}}");
    leave(p, 1000);
}

static void two_open(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev), *second;
    if (ev->type == JBZ_EV_END) return;
    second = jbz_cmd_redirect(ev->call);
    jbz_say(second, .text = "no");
    assert_int_equal(jbz_send(second), JBZ_E_STATE);
    second = jbz_reply(ev);
    assert_int_equal(jbz_send(second), JBZ_E_STATE);
    if (ev->type != JBZ_EV_SESSION_REDIRECT) jbz_say(o, .text = "hi");
    w.err = jbz_send(o);
}

static void a_second_open_message_is_refused(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = two_open;
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_OK);
    hears_ack(p, "h", SAY_HI);
    say(p, "{\"type\":\"session:redirect\",\"msgid\":\"r\",\"hook\":\"/menu\",\"data\":{}}");
    hears_bare(p, "r"); /* the failed ones have not spoiled the open one */
    hears_nothing(p);
    assert_int_equal(logged[JBZ_LINE_NOT_SENT], 4);
}

static void leave_open(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    jbz_say(o, .text = "never");
}

static void a_message_left_open_is_discarded(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = leave_open;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", "[]");
    hears_nothing(p);
    assert_int_equal(logged[JBZ_LINE_DISCARDED], 1);
    w.act = answer;
    say_hook(p, "h2", SID_A, "/menu");
    hears_ack(p, "h2", SAY_HI);
}

static char big_text[30000];
static void too_big(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    const char *path;
    if (!jbz_event_wants_ack(ev->type)) return;
    memset(big_text, 'x', sizeof big_text - 1);
    jbz_say(o, .text = big_text);
    assert_int_equal(jbz_send(o), JBZ_E_TOO_BIG);
    assert_string_equal(jbz_last_error(ev->core, &path), jbz_strerror(JBZ_E_TOO_BIG));
}
static void too_big_then_smaller(const jbz_event *ev) {
    too_big(ev);
    answer(ev);
}

static void too_big_sends_nothing(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = too_big;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", "[]");
    hears_nothing(p);
    w.act = too_big_then_smaller;
    say_hook(p, "h2", SID_A, "/menu");
    hears_ack(p, "h2", SAY_HI);
    hears_nothing(p);
    assert_int_equal(logged[JBZ_LINE_NOT_SENT], 2);
}

static void raw_too_big(const jbz_event *ev) {
    memset(big_text, 'x', sizeof big_text - 1);
    w.err = jbz_conn_send(ev->conn, JBZ_TEXT, big_text, sizeof big_text - 1);
}

/* jambonz would close the call's socket with 1009; where no jambonz listens, any length goes (test_conn). */
static void too_big_as_it_is(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = raw_too_big;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", "[]");
    assert_int_equal(w.err, JBZ_E_TOO_BIG);
    hears_nothing(p);
}

static size_t exact_size;
static void exactly(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    memset(big_text, 'x', sizeof big_text - 1);
    big_text[exact_size] = 0;
    jbz_say(o, .text = big_text);
    w.err = jbz_send(o);
    big_text[exact_size] = 'x';
}

static void exactly_the_limit_goes(void **state) {
    peer *p = live_call(SID_A, "inbound");
    size_t head = strlen("{\"type\":\"ack\",\"msgid\":\"h\",\"data\":[{\"verb\":\"say\",\"text\":\"\"}]}");
    (void)state;
    w.act = exactly;
    exact_size = 24576 - head;
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_OK);
    assert_non_null(heard(p));
    assert_int_equal(p->text_n, 24576);
    exact_size++;
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_TOO_BIG);
    hears_ack(p, "h", "[]");
}

static void empty_reply(const jbz_event *ev) { w.err = jbz_send(jbz_reply(ev)); }
static void empty_list_reply(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    jbz_out_list(o);
    w.err = jbz_send(o);
}

static void empty_replies(void **state) {
    peer *p = join();
    int i;
    (void)state;
    for (i = 0; i < 2; i++) {
        w.act = i ? empty_list_reply : empty_reply;
        say_new(p, "m", SID_A, "inbound");
        assert_int_equal(w.err, JBZ_E_MISSING);
        hears_ack(p, "m", DECLINE);
        say(p, "{\"type\":\"session:redirect\",\"msgid\":\"r\",\"hook\":\"/menu\",\"data\":{}}");
        assert_int_equal(w.err, JBZ_E_OK);
        hears_bare(p, "r");
        say_hook(p, "h", SID_A, "/menu");
        hears_ack(p, "h", "[]");
        assert_int_equal(w.err, JBZ_E_OK);
        hears_nothing(p);
    }
    say(p, "{\"type\":\"dial:confirm\",\"msgid\":\"d\",\"hook\":\"/menu\",\"data\":{}}");
    hears_ack(p, "d", "[]");
    w.act = empty_reply;
    say(p, "{\"type\":\"session:adulting\",\"msgid\":\"a\",\"data\":{}}");
    hears_bare(p, "a");
    p = join();
    say_new(p, "m", SID_B, "outbound");
    assert_int_equal(w.err, JBZ_E_OK);
    hears_bare(p, "m");
    hears_nothing(p);
}

static void an_empty_redirect_is_refused(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    assert_int_equal(jbz_send(jbz_cmd_redirect(the_call())), JBZ_E_MISSING);
    assert_int_equal(jbz_send(jbz_cmd_redirect_queue(the_call())), JBZ_E_MISSING);
    hears_nothing(p);
}

static void stale_ids_are_gone(void **state) {
    peer *p = live_call(SID_A, "inbound");
    jbz_call_id id = w.call, none;
    jbz_out o;
    char mem[256];
    (void)state;
    w.act = defer_all;
    say_hook(p, "h", SID_A, "/menu");
    w.act = NULL;
    leave(p, 1000);
    assert_null(jbz_call_find(w.core, id));
    assert_int_equal(answer_later(0), JBZ_E_GONE);
    live_call(SID_B, "inbound"); /* takes the place */
    assert_int_equal(w.call.slot, id.slot);
    assert_null(jbz_call_find(w.core, id));
    assert_int_equal(answer_later(0), JBZ_E_GONE);
    jbz_out_init(&o, mem, sizeof mem);
    jbz_msg_command(&o, "redirect", NULL, true);
    jbz_say(&o, .text = "x");
    assert_int_equal(jbz_send_to(w.core, id, &o), JBZ_E_GONE);
    memset(&none, 0, sizeof none);
    assert_null(jbz_call_find(w.core, none));
    none.slot = 12345;
    assert_null(jbz_call_find(w.core, none));
}

/*---- commands ----*/

static void commands_go_at_once(void **state) {
    peer *p = live_call(SID_A, "inbound");
    jbz_out *o;
    (void)state;
    o = jbz_cmd_redirect(the_call());
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    o = jbz_cmd_redirect_queue(the_call());
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    assert_int_equal(jbz_cmd(the_call(), "mute:status", "leg", "{\"mute_status\":\"mute\"}"), JBZ_E_OK);
    assert_int_equal(jbz_cmd(the_call(), "tts:flush", NULL, NULL), JBZ_E_OK);
    assert_int_equal(jbz_cmd(the_call(), "boostAudioSignal", NULL, " -3 "), JBZ_E_OK);
    serve();
    hears_redirect(p, SAY_HI);
    hears(p, "{\"type\":\"command\",\"command\":\"redirect\",\"queueCommand\":true,\"data\":" SAY_HI "}");
    hears(p, "{\"type\":\"command\",\"command\":\"mute:status\",\"callSid\":\"leg\",\"data\":{\"mute_status\":\"mute\"}}");
    hears(p, "{\"type\":\"command\",\"command\":\"tts:flush\"}");
    assert_non_null(heard(p));
    assert_non_null(strstr(p->text, "\"data\":"));
    hears_nothing(p);
}

static void bad_commands_are_refused(void **state) {
    static const char *const falsy[] = { "0", "\"\"", "false", "null", " null ", "\t0\n", "-0", "0.0", "0e5", "-0.00", "0E-1" };
    static const char *const bad[] = { "", " ", "{", "{}x", "[1,]", "nul", "\"a", "{\"a\":\"\x01\"}" };
    peer *p = live_call(SID_A, "inbound");
    size_t i;
    (void)state;
    for (i = 0; i < sizeof falsy / sizeof falsy[0]; i++)
        if (jbz_cmd(the_call(), "x", NULL, falsy[i]) == JBZ_E_OK) fail_msg("%s was sent", falsy[i]);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (jbz_cmd(the_call(), "x", NULL, bad[i]) == JBZ_E_OK) fail_msg("%s was sent", bad[i]);
    assert_int_equal(jbz_cmd(the_call(), NULL, NULL, "1"), JBZ_E_ARG);
    assert_int_equal(jbz_cmd(the_call(), "", NULL, "1"), JBZ_E_ARG);
    memset(big_text, '1', sizeof big_text - 1);
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, big_text), JBZ_E_TOO_BIG);
    pump();
    hears_nothing(p);
    assert_int_not_equal(jbz_cmd(the_call(), "x", NULL, "00"), JBZ_E_OK);
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, "0.5"), JBZ_E_OK);
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, "false"), JBZ_E_ARG);
}

static void command_inside(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    if (!jbz_event_wants_ack(ev->type)) return;
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_cmd(ev->call, "one", NULL, "1"), JBZ_E_OK);
    assert_int_equal(jbz_cmd(ev->call, "two", NULL, "2"), JBZ_E_OK);
    w.err = jbz_send(o);
}
static void command_inside_unsent(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_cmd(ev->call, "one", NULL, "1"), JBZ_E_OK);
}

static void a_command_while_a_message_is_open_follows_it(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = command_inside;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", SAY_HI);
    hears(p, "{\"type\":\"command\",\"command\":\"one\",\"data\":1}");
    hears(p, "{\"type\":\"command\",\"command\":\"two\",\"data\":2}");
    w.act = command_inside_unsent;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", "[]"); /* the library's, in place of the discarded one */
    hears(p, "{\"type\":\"command\",\"command\":\"one\",\"data\":1}");
    hears_nothing(p);
    assert_int_equal(stats().pool_used, jbzi_call_extra(the_call()) ? 1u << the_call()->extra->order : 0);
}

static void prepared_messages(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q;
    jbz_call_id a = w.call, b;
    jbz_out o;
    char mem[512];
    (void)state;
    q = live_call(SID_B, "inbound");
    b = w.call;
    jbz_out_init(&o, mem, sizeof mem);
    jbz_msg_command(&o, "redirect", NULL, true);
    jbz_say(&o, .text = "hi");
    assert_int_equal(jbz_send_to(w.core, a, &o), JBZ_E_OK);
    assert_int_equal(jbz_send_to(w.core, b, &o), JBZ_E_OK); /* the same one to many */
    pump();
    hears_redirect(p, SAY_HI);
    hears_redirect(q, SAY_HI);
    jbz_out_init(&o, mem, sizeof mem);
    jbz_msg_command(&o, "redirect", NULL, true);
    jbz_play(&o, .url = NULL);
    assert_int_not_equal(jbz_send_to(w.core, a, &o), JBZ_E_OK);
    pump();
    hears_nothing(p);
}

/*---- acks and commands around the first answer ----*/

static void acks_wait_for_the_first_answer(void **state) {
    peer *p = join();
    (void)state;
    w.act = defer_all;
    say_new(p, "n", SID_A, "inbound");
    w.act = answer_all;
    say_hook(p, "h1", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_OK); /* OK for what is held */
    w.act = NULL;
    say_hook(p, "h2", SID_A, "/menu");
    hears_nothing(p);
    assert_int_equal(answer_later(0), JBZ_E_OK);
    serve();
    hears_ack(p, "n", SAY_LATE);
    hears_ack(p, "h1", SAY_HI);
    hears_ack(p, "h2", "[]");
    hears_nothing(p);
}

static void a_redirect_is_made(jbz_call *call) {
    jbz_out *o = jbz_cmd_redirect(call);
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
}

static void commands_wait_for_100_ms_after_the_first_answer(void **state) {
    peer *p = join();
    uint64_t acked;
    (void)state;
    w.act = defer_all;
    say_new(p, "n", SID_A, "inbound");
    a_redirect_is_made(the_call());
    pass(500);
    hears_nothing(p);
    assert_int_equal(answer_later(0), JBZ_E_OK);
    acked = w.now;
    a_redirect_is_made(the_call());
    pump();
    hears_ack(p, "n", SAY_LATE);
    hears_nothing(p);
    while (p->at == p->n) pass(1);
    assert_in_range(w.now - acked, 100, 140);
    hears_redirect(p, SAY_HI);
    hears_redirect(p, SAY_HI);
    a_redirect_is_made(the_call());
    pump();
    hears_redirect(p, SAY_HI); /* from now on at once */
}

static void commands_go_when_a_message_followed(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer;
    say_new(p, "n", SID_A, "inbound");
    w.act = NULL;
    hears_ack(p, "n", SAY_HI);
    a_redirect_is_made(the_call());
    pump();
    hears_nothing(p);
    say_status(p, SID_A, "trying");
    hears_redirect(p, SAY_HI);
    hears_nothing(p);
}

static void what_is_held_is_limited(void **state) {
    peer *p = join();
    char json[8300];
    int i;
    (void)state;
    w.act = defer_all;
    say_new(p, "n", SID_A, "inbound");
    memset(json, '1', 8000);
    json[8000] = 0;
    for (i = 0; i < 3; i++) assert_int_equal(jbz_cmd(the_call(), "x", NULL, json), JBZ_E_OK);
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, json), JBZ_E_FULL);
    assert_int_equal(answer_later(0), JBZ_E_OK);
    pass(200);
    assert_non_null(heard(p));
    for (i = 0; i < 3; i++) assert_non_null(heard(p));
    hears_nothing(p);
}

/* Held while the call was new, and then the peer does not read: the app was told OK, so that it is lost has to be said. */
static void what_is_held_and_finds_no_room_is_logged(void **state) {
    jbz_server_desc d = usual();
    char json[3000];
    peer *p;
    int i;
    (void)state;
    d.out_spill = 4096;
    world_again(&d);
    p = join();
    w.act = defer_all;
    say_new(p, "n", SID_A, "inbound");
    memset(json, '1', sizeof json - 1);
    json[sizeof json - 1] = 0;
    for (i = 0; i < 4; i++) assert_int_equal(jbz_cmd(the_call(), "x", NULL, json), JBZ_E_OK);
    p->budget = 0;
    assert_int_equal(answer_later(0), JBZ_E_OK);
    pass(200);
    assert_int_equal(logged[JBZ_LINE_NOT_SENT], 3);
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, json), JBZ_E_FULL); /* from now on it is told at once */
    p->budget = SIZE_MAX;
    pass(10);
    hears_ack(p, "n", SAY_LATE);
    assert_non_null(heard(p)); /* whole, and in its place */
    hears_nothing(p);
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, "1"), JBZ_E_OK);
}

/*---- which call ----*/

static void a_notifier_never_moves_control(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q = join();
    (void)state;
    say_status(q, SID_A, "in-progress");
    a_redirect_is_made(the_call());
    pump();
    hears_redirect(p, SAY_HI);
    hears_nothing(q);
    say_hook(q, "h", SID_A, "/menu"); /* not its first frame */
    hears_ack(q, "h", "[]");          /* answered where it was asked */
    a_redirect_is_made(the_call());
    pump();
    hears_redirect(p, SAY_HI);
    leave(q, 1000);
    logs("other(call:status+) menu(verb:hook)");
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_LIVE);
    leave(p, 1000);
    logs("end(END:0)");
}

static void a_redirect_to_a_new_socket_moves_control(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q = join();
    (void)state;
    w.act = answer_all;
    say(q, "{\"type\":\"session:redirect\",\"msgid\":\"r\",\"hook\":\"ws://a/menu\",\"data\":{\"call_sid\":\"" SID_A "\"}}");
    hears_ack(q, "r", SAY_HI);
    w.act = NULL;
    a_redirect_is_made(the_call());
    pump();
    hears_redirect(q, SAY_HI);
    hears_nothing(p);
    say_status(p, SID_A, "completed"); /* the old one is the notifier still */
    logs("other(session:redirect+) other(call:status)");
    assert_string_equal(jbz_call_status(the_call()), "completed");
    assert_int_equal(jbz_conn_drop(q->c, 1000, NULL), JBZ_E_STATE);
    leave(q, 1000);
    logs("");
    leave(p, 1000);
    logs("end(END:0)");
}

static void bindings(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q, *r;
    jbz_call_id a = w.call;
    (void)state;
    q = join(); /* a leg's status on a socket of its own, parent known: the parent's */
    say(q, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"call_sid\":\"leg-1\",\"parent_call_sid\":\"" SID_A "\",\"call_status\":\"ringing\"}}");
    assert_int_equal(stats().calls, 1);
    assert_string_equal(jbz_call_leg(jbz_call_find(w.core, a), 0), "leg-1");
    assert_string_equal(jbz_call_status(jbz_call_find(w.core, a)), "in-progress");
    r = join(); /* parent unknown: a call of its own */
    say(r, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"call_sid\":\"leg-2\",\"parent_call_sid\":\"nobody\",\"call_status\":\"ringing\"}}");
    assert_int_equal(stats().calls, 2);
    assert_non_null(jbz_call_by_sid(w.core, 0, "leg-2"));
    assert_null(jbz_call_by_sid(w.core, 0, "leg-1"));
    say(r, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"call_sid\":\"" SID_A "\"}}"); /* never rebinds */
    assert_string_equal(jbz_call_leg(jbz_call_by_sid(w.core, 0, "leg-2"), 0), SID_A);
    say(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"call_sid\":\"" SID_B "\",\"data\":{\"call_sid\":\"leg-3\"}}"); /* nor does an envelope */
    assert_int_equal(stats().calls, 2);
    assert_string_equal(jbz_call_leg(jbz_call_find(w.core, a), 1), "leg-3");
    assert_null(jbz_call_leg(jbz_call_find(w.core, a), 2));
}

static void the_envelope_goes_before_the_data(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer_first;
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"call_sid\":\"" SID_A "\",\"data\":{\"call_sid\":\"" SID_B "\"}}");
    assert_non_null(jbz_call_by_sid(w.core, 0, SID_A));
    assert_null(jbz_call_by_sid(w.core, 0, SID_B));
}

static void legs_are_limited(void **state) {
    peer *p = live_call(SID_A, "inbound");
    char sid[32];
    unsigned i, twice;
    (void)state;
    for (twice = 0; twice < 2; twice++)
        for (i = 0; i < 12; i++) {
            snprintf(sid, sizeof sid, "leg-%u", i);
            say(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"call_sid\":\"%s\",\"parent_call_sid\":\"" SID_A "\"}}", sid);
        }
    for (i = 0; i < 10; i++) {
        snprintf(sid, sizeof sid, "leg-%u", i + 2); /* the latest ten */
        assert_string_equal(jbz_call_leg(the_call(), i), sid);
    }
    assert_null(jbz_call_leg(the_call(), 10));
    say(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"call_sid\":\"leg-5\",\"parent_call_sid\":\"" SID_A "\",\"call_status\":\"completed\"}}");
    assert_string_equal(jbz_call_leg(the_call(), 3), "leg-6"); /* one that is over is forgotten */
    assert_string_equal(jbz_call_leg(the_call(), 2), "leg-4");
    assert_null(jbz_call_leg(the_call(), 9));
    assert_string_equal(jbz_call_status(the_call()), "in-progress");
}

static void odd_sids(void **state) {
    static const char *const sids[] = { "x", "9F1C2D3E-0000-4000-8000-0000000000AA", "9f1c2d3e-0000-4000-8000-0000000000a", "\\u00e4\\n\\\"",
        "9f1c2d3e-0000-4000-8000-0000000000ag", "9f1c2d3e00000-4000-8000-0000000000aa" };
    size_t i;
    (void)state;
    w.act = answer_first;
    for (i = 0; i < sizeof sids / sizeof sids[0]; i++) {
        peer *p = join(), *q = join();
        say_new(p, "n", sids[i], "inbound");
        hears_ack(p, "n", SAY_HI);
        say_status(q, sids[i], "ringing"); /* found again */
        assert_int_equal(stats().calls, i + 1);
        if (sids[i][0] != '\\') assert_string_equal(jbz_call_sid(the_call()), sids[i]);
    }
}

static void sids_with_nul_or_endless_name_no_call(void **state) {
    peer *p = join();
    char sid[600];
    (void)state;
    w.act = answer_first;
    say_new(p, "n", "abc\\u0000def", "inbound");
    hears_ack(p, "n", DECLINE);
    say_status(p, "abc\\u0000def", "ringing");
    p = join();
    memset(sid, 'x', sizeof sid - 1);
    sid[sizeof sid - 1] = 0;
    say_new(p, "n", sid, "inbound");
    hears_ack(p, "n", DECLINE);
    assert_int_equal(stats().calls, 0);
    p = join();
    say_new(p, "n", "", "inbound");
    hears_ack(p, "n", DECLINE);
    assert_int_equal(stats().calls, 0);
}

/* What names no call never reaches a handler, so that none needs to ask whether ev->call is there. */
static void messages_without_a_call(void **state) {
    static const char *const silent[] = { "call:status", "verb:status", "jambonz:error", "llm:event", "tts:tokens-result", "new:thing" };
    peer *p = join();
    char text[256];
    size_t i;
    (void)state;
    w.act = answer_first;
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"data\":{}}");
    hears_ack(p, "n", DECLINE);
    say(p, "{\"type\":\"verb:hook\",\"msgid\":\"h\",\"hook\":\"/menu\",\"data\":{}}");
    hears_ack(p, "h", "[]");
    say(p, "{\"type\":\"dial:confirm\",\"msgid\":\"d\",\"hook\":\"/menu\",\"data\":{}}");
    hears_ack(p, "d", "[]");
    say(p, "{\"type\":\"session:redirect\",\"msgid\":\"r\",\"hook\":\"/menu\",\"data\":{}}");
    hears_bare(p, "r");
    say(p, "{\"type\":\"session:adulting\",\"msgid\":\"a\",\"data\":{}}");
    hears_bare(p, "a");
    for (i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        snprintf(text, sizeof text, "{\"type\":\"%s\",\"msgid\":\"x\",\"data\":{\"msg\":\"invalid actionHook response\"}}", silent[i]);
        say(p, text);
        hears_nothing(p);
    }
    logs("");
    assert_int_equal(stats().odd, 5 + i);
    say_new(p, "n2", SID_A, "inbound"); /* and the socket is as good as ever */
    hears_ack(p, "n2", SAY_HI);
}

static void texts_with_nul_are_cut(void **state) {
    peer *p = join();
    jbz_call *call;
    (void)state;
    w.act = answer_first;
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"call_sid\":\"not-a-uuid\",\"data\":{\"from\":\"abcdefghijklmnopqrst\\u0000uvw\",\"to\":\"a\\u0000b\","
           "\"env_vars\":{\"A\\u0000B\":\"x\\u0000y\",\"C\":\"z\\u0000\\u0000E\\u0000F\"},\"direction\":\"inbound\"}}");
    call = the_call();
    assert_string_equal(jbz_call_from(call), "abcdefghijklmnopqrst");
    assert_string_equal(jbz_call_to(call), "a");
    assert_string_equal(jbz_call_env(call, "C"), "z");
    assert_null(jbz_call_env(call, "D"));
    say(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"call_sid\":\"l\\u0000L\\u0000\",\"parent_call_sid\":\"x\"}}");
    assert_string_equal(jbz_call_leg(call, 0), "l");
    assert_null(jbz_call_leg(call, 1));
}

static void many_calls_one_bucket(void **state) {
    jbz_server_desc d = usual();
    peer *p[48];
    char sid[64];
    unsigned i;
    (void)state;
    d.max_conns = 64;
    world_again(&d);
    w.core->bucket_mask = 1; /* as if all collided */
    w.act = answer_first;
    for (i = 0; i < 48; i++) {
        p[i] = join();
        snprintf(sid, sizeof sid, i & 1 ? "odd-%u" : "9f1c2d3e-0000-4000-8000-0000000000%02x", i);
        say_new(p[i], "n", sid, "inbound");
        hears_ack(p[i], "n", SAY_HI);
    }
    for (i = 0; i < 48; i += 3) leave(p[i], 1000); /* out of the middle of the lists */
    for (i = 0; i < 48; i++) {
        jbz_call *call;
        snprintf(sid, sizeof sid, i & 1 ? "odd-%u" : "9f1c2d3e-0000-4000-8000-0000000000%02x", i);
        call = jbz_call_by_sid(w.core, 0, sid);
        if (i % 3 == 0) assert_null(call);
        else assert_string_equal(jbz_call_sid(call), sid);
    }
    assert_int_equal(stats().calls, 32);
    for (i = 0; i < 48; i++) if (p[i]->open) leave(p[i], 1000);
    assert_int_equal(stats().calls, 0);
}

static void session_new_twice(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = defer_all;
    say_new(p, "n2", SID_A, "inbound");
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_NEW);
    say_hook(p, "h", SID_A, "/menu");
    hears_nothing(p);
    assert_int_equal(answer_later(0), JBZ_E_OK);
    serve();
    hears_ack(p, "n2", SAY_LATE);
    assert_int_equal(answer_later(1), JBZ_E_OK);
    serve();
    hears_ack(p, "h", SAY_LATE);
    assert_int_equal(stats().calls, 1);
}

/*---- what is known of a call ----*/

static const jbz_env env_table[] = {
    { "GREETING", NULL, "What to say", "Hello", NULL, NULL, JBZ_UNSET, JBZ_UNSET, NULL },
    { "RETRIES", "number", "How often", "3", "1,2,3", NULL, JBZ_TRUE, JBZ_UNSET, NULL },
    { "LOUD", "boolean", NULL, "true", NULL, NULL, JBZ_FALSE, JBZ_UNSET, NULL },
    { "KEY", NULL, "A secret", "swordfish", NULL, "textarea", JBZ_UNSET, JBZ_TRUE, NULL },
    { NULL, NULL, NULL, NULL, NULL, NULL, JBZ_UNSET, JBZ_UNSET, NULL }
};

static void facts_of_a_call(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    jbz_call *call;
    (void)state;
    d.env = env_table;
    world_again(&d);
    p = join();
    w.act = answer_first;
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"call_sid\":\"" SID_A "\",\"data\":{\"call_sid\":\"" SID_A "\",\"direction\":\"outbound\","
           "\"from\":\"0123456789abcdef\",\"to\":\"sip:0123456789abcdef@example.org\",\"call_status\":\"in-progress\","
           "\"env_vars\":{\"GREETING\":\"\\u00e4\",\"RETRIES\":2,\"EXTRA\":true,\"NOTHING\":null,\"OBJ\":{\"a\":1}}}}");
    call = the_call();
    assert_string_equal(jbz_call_sid(call), SID_A);
    assert_string_equal(jbz_call_from(call), "0123456789abcdef"); /* fits exactly */
    assert_string_equal(jbz_call_to(call), "sip:0123456789abcdef@example.org");
    assert_string_equal(jbz_call_direction(call), "outbound");
    assert_string_equal(jbz_call_status(call), "in-progress");
    assert_string_equal(jbz_call_env(call, "GREETING"), "\xc3\xa4");
    assert_string_equal(jbz_call_env(call, "RETRIES"), "2");
    assert_string_equal(jbz_call_env(call, "EXTRA"), "true");
    assert_string_equal(jbz_call_env(call, "LOUD"), "true");
    assert_string_equal(jbz_call_env(call, "KEY"), "swordfish");
    assert_string_equal(jbz_call_env(call, "OBJ"), "{\"a\":1}");
    assert_null(jbz_call_env(call, "NOTHING"));
    assert_null(jbz_call_env(call, "XYZ"));
    assert_int_equal(jbz_call_app(call), 0);
    jbz_call_set_user(call, &d);
    assert_ptr_equal(jbz_call_user(the_call()), &d);
    say_status(p, SID_A, "completed");
    assert_string_equal(jbz_call_status(the_call()), "completed");
    say_status(p, SID_A, "strange");
    assert_string_equal(jbz_call_status(the_call()), "completed");
}

static char long_value[70];
static void long_numbers_and_objects_in_env(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer_first;
    memset(long_value, '7', sizeof long_value - 1);
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"call_sid\":\"" SID_A "\",\"data\":{\"env_vars\":{\"N\":[\"%s\"],\"M\":\"m\"}}}", long_value);
    assert_string_equal(jbz_call_env(the_call(), "M"), "m");
    assert_null(jbz_call_env(the_call(), "N")); /* no type of an environment variable */
}

static char header_value[64];
static void look_up_headers(const jbz_event *ev) {
    const char *t;
    if (ev->type != JBZ_EV_SESSION_NEW) return;
    t = jbz_sip_header(ev, "x-TeSt");
    snprintf(header_value, sizeof header_value, "%s", t ? t : "(none)");
    assert_null(jbz_sip_header(ev, "x-tes"));
    assert_null(jbz_sip_header(ev, "x-number"));
}

static void sip_headers(void **state) {
    peer *p = join();
    (void)state;
    w.act = look_up_headers;
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"call_sid\":\"" SID_A "\",\"data\":{\"sip\":{\"headers\":{\"via\":\"v\",\"X-Test\":\"yes\",\"X-Number\":5}}}}");
    assert_string_equal(header_value, "yes");
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"data\":{}}");
    assert_string_equal(header_value, "(none)");
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"data\":{\"sip\":{\"headers\":[1]}}}");
    assert_string_equal(header_value, "(none)");
}

static void the_timer_of_a_call(void **state) {
    peer *p = live_call(SID_A, "inbound");
    uint64_t start = w.now;
    (void)state;
    assert_int_equal(jbz_call_timer(the_call(), 0, 0), JBZ_E_OK);
    assert_int_equal(jbz_call_timer(the_call(), 500, 7), JBZ_E_OK);
    while (!w.log[0]) pass(1);
    assert_in_range(w.now - start, 500, 540);
    logs("other(TIMER:7)");
    jbz_call_timer(the_call(), 500, 8);
    jbz_call_timer(the_call(), 1000, 9); /* replaces */
    pass(900);
    logs("");
    pass(200);
    logs("other(TIMER:9)");
    jbz_call_timer(the_call(), 500, 8);
    jbz_call_timer(the_call(), 0, 0);
    pass(1000);
    logs("");
    jbz_call_timer(the_call(), 500, 8);
    leave(p, 1000);
    logs("end(END:0)");
    pass(1000);
    logs("");
}

/*---- odd messages ----*/

static void odd_messages(void **state) {
    static const char *const dropped[] = { "", "nonsense", "null", "[]", "7", "\"x\"", "{}", "{\"type\":7}", "{\"type\":null,\"msgid\":\"m\"}",
        "{\"type\":\"verb:hook\",\"msgid\":\"m\",\"data\":{}", "{\"type\":\"verb:hook\"}x", "{\"msgid\":\"m\",\"data\":{}}",
        "{\"type\":[\"verb:hook\"],\"msgid\":\"m\"}" };
    static const char *const acked_list[] = { "{\"type\":\"verb:hook\",\"msgid\":\"m\"}", "{\"type\":\"verb:hook\",\"msgid\":\"m\",\"data\":{}}",
        "{\"type\":\"verb:hook\",\"msgid\":\"m\",\"hook\":7,\"data\":{}}", "{\"type\":\"verb:hook\",\"msgid\":\"m\",\"hook\":\"/menu\",\"data\":null}",
        "{\"type\":\"dial:confirm\",\"msgid\":\"m\",\"hook\":\"/menu\",\"data\":[]}" };
    static const char *const acked_bare[] = { "{\"type\":\"session:redirect\",\"msgid\":\"m\",\"data\":{}}", "{\"type\":\"session:adulting\",\"msgid\":\"m\"}",
        "{\"type\":\"queue:status\",\"msgid\":\"m\",\"data\":3}" };
    static const char *const silent[] = { "{\"type\":\"verb:hook\",\"hook\":\"/menu\",\"data\":{}}", "{\"type\":\"verb:hook\",\"msgid\":7,\"hook\":\"/menu\",\"data\":{}}",
        "{\"type\":\"call:status\",\"msgid\":\"m\"}", "{\"type\":\"llm:event\",\"msgid\":\"m\",\"data\":[]}" };
    peer *p = live_call(SID_A, "inbound");
    size_t i;
    uint64_t odd = 0;
    (void)state;
    for (i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
        sayn(p, dropped[i], strlen(dropped[i]));
        hears_nothing(p);
        odd++;
        assert_int_equal(stats().odd, odd);
        assert_int_equal(logged[JBZ_LINE_ODD], odd);
    }
    for (i = 0; i < sizeof acked_list / sizeof acked_list[0]; i++) {
        sayn(p, acked_list[i], strlen(acked_list[i]));
        hears_ack(p, "m", "[]");
        assert_int_equal(stats().odd, ++odd);
    }
    for (i = 0; i < sizeof acked_bare / sizeof acked_bare[0]; i++) {
        sayn(p, acked_bare[i], strlen(acked_bare[i]));
        hears_bare(p, "m");
        assert_int_equal(stats().odd, ++odd);
    }
    for (i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        sayn(p, silent[i], strlen(silent[i]));
        hears_nothing(p);
        assert_int_equal(stats().odd, ++odd);
    }
    logs(""); /* none was for the app */
    w.act = answer;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", SAY_HI); /* and the call goes on */
    pass(1000);
    assert_true(p->open);
}

static void too_many_tokens(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    char text[4096];
    int i;
    (void)state;
    d.tokens = 40;
    world_again(&d);
    p = live_call(SID_A, "inbound");
    strcpy(text, "{\"type\":\"verb:hook\",\"msgid\":\"m\",\"hook\":\"/menu\",\"data\":{\"a\":[");
    for (i = 0; i < 40; i++) strcat(text, "1,");
    strcat(text, "1]}}");
    sayn(p, text, strlen(text));
    hears_nothing(p);
    assert_int_equal(stats().odd, 1);
    strcpy(text, "");
    for (i = 0; i < 100; i++) strcat(text, "[");
    sayn(p, text, strlen(text));
    assert_int_equal(stats().odd, 2);
}

static void a_session_new_without_msgid_does_not_hold_the_call(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer_all;
    say(p, "{\"type\":\"session:new\",\"call_sid\":\"" SID_A "\",\"data\":{\"direction\":\"inbound\"}}");
    hears_nothing(p);
    assert_int_equal(stats().odd, 1);
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", SAY_HI);
}

static void a_session_new_without_data_is_declined(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer_all;
    say(p, "{\"type\":\"session:new\",\"msgid\":\"n\",\"call_sid\":\"" SID_A "\"}");
    hears_ack(p, "n", DECLINE);
    logs("");
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", SAY_HI);
}

static void odd_reconnects(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    leave(p, 0);
    p = join();
    say(p, "{\"type\":\"session:reconnect\",\"msgid\":\"r\",\"call_sid\":\"" SID_A "\"}");
    hears_bare(p, "r");
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", "[]");
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_LIVE);
}

static void bad_utf8_fails_the_connection(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    say(p, "{\"type\":\"verb:hook\",\"msgid\":\"m\",\"hook\":\"\xc0\x80\",\"data\":{}}");
    assert_int_equal(close_code(p), 1007);
    hears_nothing(p);
    pass(3000);
    assert_false(p->open);
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
    assert_int_equal(logged[JBZ_LINE_BAD_UTF8], 1);
}

static void jambonz_errors_are_logged(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    say(p, "{\"type\":\"jambonz:error\",\"msgid\":\"m\",\"data\":{\"msg\":\"bad\\nline\"}}");
    assert_int_equal(logged[JBZ_LINE_REPORTED], 1);
    logs("other(jambonz:error)");
    hears_nothing(p);
}

/*---- resume ----*/

static void lost_and_resumed(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q;
    jbz_call_id id = w.call;
    (void)state;
    w.act = defer_all;
    say_hook(p, "h", SID_A, "/menu");
    w.act = NULL;
    leave(p, 0);
    assert_int_equal(jbz_call_state(jbz_call_find(w.core, id)), JBZ_CALL_DETACHED);
    assert_int_equal(stats().detached, 1);
    assert_int_equal(stats().lost, 1);
    assert_int_equal(answer_later(0), JBZ_E_GONE); /* open slots are gone */
    a_redirect_is_made(jbz_call_find(w.core, id));
    assert_int_equal(jbz_cmd(jbz_call_find(w.core, id), "two", NULL, "2"), JBZ_E_OK);
    w.log[0] = 0;
    pass(29000);
    q = join();
    say_reconnect(q, "r", SID_A, "inbound");
    hears_bare(q, "r");
    hears_redirect(q, SAY_HI);
    hears(q, "{\"type\":\"command\",\"command\":\"two\",\"data\":2}");
    hears_nothing(q);
    logs("resume(session:reconnect+)");
    assert_int_equal(jbz_call_state(jbz_call_find(w.core, id)), JBZ_CALL_LIVE);
    assert_int_equal(stats().detached, 0);
    assert_int_equal(stats().resumed, 1);
    pass(60000);
    logs("");
    leave(q, 1000);
    logs("end(END:0)");
}

static void lost_for_good(void **state) {
    peer *p = live_call(SID_A, "inbound");
    uint64_t start;
    (void)state;
    leave(p, 0);
    start = w.now;
    a_redirect_is_made(the_call());
    while (!w.log[0]) pass(1);
    assert_in_range(w.now - start, 30000, 30040);
    logs("end(END:3)");
    assert_int_equal(logged[JBZ_LINE_ABANDONED], 1);
    assert_int_equal(stats().calls, 0);
    assert_int_equal(stats().detached, 0);
    assert_int_equal(stats().pool_used, 0);
    p = join(); /* it comes back after all: a call that is unknown */
    w.act = answer_first;
    say_reconnect(p, "r", SID_A, "inbound");
    hears_ack(p, "r", SAY_HI);
    logs("session(session:reconnect!)");
}

static void every_close_code_but_two_detaches(void **state) {
    static const int codes[] = { 0, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999 };
    size_t i;
    peer *p;
    (void)state;
    for (i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        p = live_call(SID_A, "inbound");
        if (codes[i]) say_close(p, codes[i]); else send_frame(p, FIN | OP_CLOSE, "", 0);
        assert_int_equal(close_code(p), codes[i] ? codes[i] : 1005);
        assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
        p = join();
        say_reconnect(p, "r", SID_A, "inbound");
        hears_bare(p, "r");
        say_close(p, i & 1 ? 1000 : 1001);
        assert_int_equal(stats().calls, 0);
        logs("resume(session:reconnect+) end(END:0)");
    }
}

/* Fact 9: dropped before the first ack, on the server that knows the call (`known`) or not. */
static void before_the_first_ack(bool known, void (*act)(const jbz_event *)) {
    peer *p, *q;
    uint64_t acked;
    jbz_server_desc d = usual();
    world_again(&d);
    if (known) {
        p = join();
        w.act = defer_all;
        say_new(p, "n", SID_A, "inbound");
        leave(p, 0);
        assert_int_equal(answer_later(0), JBZ_E_GONE);
        w.log[0] = 0;
    }
    w.nlater = 0;
    q = join();
    w.act = act;
    say_reconnect(q, "r", SID_A, "inbound");
    if (act == defer_all) {
        hears_nothing(q);
        assert_int_equal(answer_later(0), JBZ_E_OK);
        serve();
        hears_ack(q, "r", SAY_LATE);
    } else if (act == NULL) hears_ack(q, "r", DECLINE);
    else hears_ack(q, "r", SAY_HI);
    acked = w.now;
    w.act = NULL;
    if (known) logs("session(session:reconnect!+)");
    else logs("session(session:reconnect!)");
    while (q->at == q->n) pass(1);
    assert_in_range(w.now - acked, 1000, 1080);
    assert_int_equal(close_code(q), 1012);
    assert_int_equal(logged[JBZ_LINE_AGAIN], 1);
    leave(q, 1012);
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
    q = join();
    a_redirect_is_made(the_call());
    say_reconnect(q, "r2", SID_A, "inbound");
    hears_bare(q, "r2");
    hears_redirect(q, SAY_HI);
    logs("resume(session:reconnect+)");
    pass(5000);
    hears_nothing(q); /* once only */
    leave(q, 0);
    q = join();
    say_reconnect(q, "r3", SID_A, "inbound");
    hears_bare(q, "r3");
    logs("resume(session:reconnect+)");
    leave(q, 1000);
    logs("end(END:0)");
}

static void resume_before_the_first_ack(void **state) {
    (void)state;
    before_the_first_ack(true, answer);
    before_the_first_ack(true, defer_all);
    before_the_first_ack(true, NULL);
    before_the_first_ack(false, answer);
    before_the_first_ack(false, defer_all);
    before_the_first_ack(false, NULL);
}

static void a_normal_client_is_not_closed_again(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer_first;
    say_reconnect(p, "r", SID_A, "inbound"); /* this server has never seen it, jambonz had its ack */
    hears_ack(p, "r", SAY_HI);
    pass(900);
    say_status(p, SID_A, "in-progress");
    pass(5000);
    hears_nothing(p);
    leave(p, 0);
    p = join();
    w.log[0] = 0;
    say_reconnect(p, "r", SID_A, "inbound");
    hears_bare(p, "r");
    logs("resume(session:reconnect+)");
}

static void acked_but_nothing_followed(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer_first;
    say_new(p, "n", SID_A, "inbound");
    hears_ack(p, "n", SAY_HI);
    pass(5000);
    leave(p, 0);
    p = join();
    say_reconnect(p, "r", SID_A, "inbound");
    hears_ack(p, "r", SAY_HI);
    logs("session(session:new) session(session:reconnect!+)");
    say_status(p, SID_A, "trying");
    pass(2000);
    hears_nothing(p);
}

static void dropped_again_while_waiting_for_what_follows(void **state) {
    peer *p = join(), *q;
    int i;
    (void)state;
    w.act = answer_first;
    say_reconnect(p, "r", SID_A, "inbound");
    hears_ack(p, "r", SAY_HI);
    for (i = 0; i < 2; i++) { /* comes back by itself, before and after the library noticed the loss */
        pass(500);
        if (i) leave(p, 0);
        q = join();
        w.act = defer_all;
        w.nlater = 0;
        say_reconnect(q, "q", SID_A, "inbound");
        pass(2000); /* an old deadline must not close it */
        hears_nothing(q);
        assert_int_equal(answer_later(0), JBZ_E_OK);
        serve();
        hears_ack(q, "q", SAY_LATE);
        w.act = NULL;
        say_status(q, SID_A, "trying");
        pass(2000);
        hears_nothing(q);
        leave(q, 0);
        pass(31000);
        w.act = answer_first;
        p = join();
        say_reconnect(p, "r", SID_A, "inbound");
        hears_ack(p, "r", SAY_HI);
    }
}

static void the_old_socket_of_a_reconnect_is_dead(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q = join();
    (void)state;
    w.act = defer_all;
    say_hook(p, "h", SID_A, "/menu");
    w.act = NULL;
    w.log[0] = 0;
    say_reconnect(q, "r", SID_A, "inbound"); /* the library has not heard of a loss */
    hears_bare(q, "r");
    logs("resume(session:reconnect+)");
    assert_false(p->open); /* without handshake, without event */
    assert_int_equal(answer_later(0), JBZ_E_GONE);
    assert_int_equal(close_code(p), 0);
    assert_int_equal(stats().detached, 0);
    assert_int_equal(stats().conns, 1);
    leave(q, 1000);
    logs("end(END:0)");
}

static void late_frames_of_the_old_socket(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q = join();
    uint8_t bytes[4096];
    size_t n = 0, i;
    char text[512];
    (void)state;
    /* in one go: a reconnect on one socket, and hooks that lie ready on the other */
    snprintf(text, sizeof text, "{\"type\":\"verb:hook\",\"msgid\":\"old\",\"hook\":\"/menu\",\"data\":{}}");
    for (i = 0; i < 3; i++) n += frame(bytes + n, FIN | OP_TEXT, text, strlen(text));
    snprintf(text, sizeof text, "{\"type\":\"session:reconnect\",\"msgid\":\"r\",\"call_sid\":\"" SID_A "\",\"data\":{\"direction\":\"inbound\"}}");
    {
        uint8_t f[1024];
        size_t fn = frame(f, FIN | OP_TEXT, text, strlen(text));
        jbz_event ev;
        assert_int_equal(jbz_conn_feed(q->c, f, fn), fn);
        assert_int_equal(jbz_conn_feed(p->c, bytes, n), n); /* puts the reconnect aside */
        while (jbz_core_next(w.core, &ev)) jbz_dispatch(&ev);
        pump();
    }
    hears_bare(q, "r");
    assert_false(p->open);
    leave(q, 1000);
    assert_int_equal(stats().calls, 0);
    assert_int_equal(stats().conns, 0);
}

static void a_reconnect_without_sid(void **state) {
    peer *p = join(), *q;
    (void)state;
    w.act = answer_all;
    say(p, "{\"type\":\"session:redirect\",\"msgid\":\"m\",\"hook\":\"ws://a/b\",\"data\":{\"call_sid\":\"" SID_A "\",\"direction\":\"inbound\"}}");
    hears_ack(p, "m", SAY_HI);
    leave(p, 0);
    w.log[0] = 0;
    q = join();
    say(q, "{\"type\":\"session:reconnect\",\"msgid\":\"r\",\"data\":{}}");
    hears_bare(q, "r");
    logs("");
    say(q, "{\"type\":\"verb:hook\",\"msgid\":\"h\",\"hook\":\"/menu\",\"data\":{\"call_sid\":\"" SID_A "\"}}");
    hears_ack(q, "h", SAY_HI);
    logs("menu(verb:hook+)");
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_LIVE);
    pass(40000);
    logs("");
    while (next_frame(q) == OP_PING) { }
    a_redirect_is_made(the_call());
    while (next_frame(q) == OP_PING) { }
    assert_string_equal(q->text, "{\"type\":\"command\",\"command\":\"redirect\",\"data\":" SAY_HI "}");
}

static void a_reconnect_without_sid_then_a_status(void **state) {
    peer *p = join(), *q;
    int round;
    (void)state;
    /* round 0: a control socket made by a redirect, round 1: an outbound call's that has only told its status */
    for (round = 0; round < 2; round++) {
        if (round == 0) say(p, "{\"type\":\"session:redirect\",\"msgid\":\"m\",\"hook\":\"ws://a/b\",\"data\":{\"call_sid\":\"" SID_A "\"}}");
        else say(p, "{\"type\":\"call:status\",\"msgid\":\"m\",\"data\":{\"call_sid\":\"" SID_A "\",\"direction\":\"outbound\",\"call_status\":\"trying\"}}");
        leave(p, 0);
        assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
        a_redirect_is_made(the_call());
        q = join();
        say(q, "{\"type\":\"session:reconnect\",\"msgid\":\"r\",\"data\":{}}");
        hears_bare(q, "r");
        w.log[0] = 0;
        say(q, "{\"type\":\"call:status\",\"msgid\":\"m\",\"data\":{\"call_sid\":\"" SID_A "\",\"call_status\":\"ringing\"}}");
        hears_redirect(q, SAY_HI); /* its only socket is back: what waited goes */
        assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_LIVE);
        assert_int_equal(stats().detached, 0);
        pass(20000);
        say_hook(q, "h", SID_A, "/menu");
        hears_ack(q, "h", "[]");
        pass(20000);
        logs("other(call:status+) menu(verb:hook)"); /* and it is not given up */
        leave(q, 1000);
        logs("end(END:0)");
        p = join();
    }
}

/* What the transport had not taken. */
static void unsent_frames_are_sent_again(void **state) {
    peer *p = live_call(SID_A, "inbound");
    size_t k;
    (void)state;
    for (k = 0; k < 77; k += 4) { /* that many bytes are taken yet */
        w.act = NULL;
        p->budget = k;
        a_redirect_is_made(the_call());
        assert_int_equal(jbz_cmd(the_call(), "two", NULL, "2"), JBZ_E_OK);
        w.act = answer_all;
        serve();
        jbz_conn_eof(p->c);
        pump();
        w.act = NULL;
        assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
        assert_int_equal(jbz_cmd(the_call(), "three", NULL, "3"), JBZ_E_OK);
        p = join();
        say_reconnect(p, "r", SID_A, "inbound");
        hears_bare(p, "r");
        hears_redirect(p, SAY_HI);
        hears(p, "{\"type\":\"command\",\"command\":\"two\",\"data\":2}");
        hears(p, "{\"type\":\"command\",\"command\":\"three\",\"data\":3}");
        hears_nothing(p);
    }
}

static void frames_that_went_whole_are_not(void **state) {
    size_t first = 2 + strlen("{\"type\":\"command\",\"command\":\"one\",\"data\":1}");
    int extra;
    (void)state;
    for (extra = 0; extra < 2; extra++) { /* all of the first, and perhaps a byte of the second */
        peer *p;
        jbz_server_desc d = usual();
        world_again(&d);
        p = live_call(SID_A, "inbound");
        p->budget = first + (size_t)extra;
        assert_int_equal(jbz_cmd(the_call(), "one", NULL, "1"), JBZ_E_OK);
        assert_int_equal(jbz_cmd(the_call(), "two", NULL, "2"), JBZ_E_OK);
        serve();
        leave(p, 0);
        p = join();
        say_reconnect(p, "r", SID_A, "inbound");
        hears_bare(p, "r");
        hears(p, "{\"type\":\"command\",\"command\":\"two\",\"data\":2}");
        hears_nothing(p);
    }
}

static void unsent_acks_are_not(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    p->budget = 3;
    w.act = answer_all;
    say_hook(p, "h1", SID_A, "/menu");
    w.act = NULL;
    a_redirect_is_made(the_call());
    leave(p, 0);
    p = join();
    say_reconnect(p, "r", SID_A, "inbound");
    hears_bare(p, "r");
    hears_redirect(p, SAY_HI);
    hears_nothing(p);
}

static void commands_after_a_send_that_failed_keep_their_order(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    if (!w.direct) return;
    w.broken = true; /* the kernel says ECONNRESET */
    assert_int_equal(jbz_cmd(the_call(), "one", NULL, "1"), JBZ_E_OK);
    assert_int_equal(jbz_cmd(the_call(), "two", NULL, "2"), JBZ_E_OK); /* not heard of yet by the app */
    w.broken = false;
    p->budget = 0;
    pump();
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
    assert_int_equal(jbz_cmd(the_call(), "three", NULL, "3"), JBZ_E_OK);
    p = join();
    say_reconnect(p, "r", SID_A, "inbound");
    hears_bare(p, "r");
    hears(p, "{\"type\":\"command\",\"command\":\"one\",\"data\":1}");
    hears(p, "{\"type\":\"command\",\"command\":\"two\",\"data\":2}");
    hears(p, "{\"type\":\"command\",\"command\":\"three\",\"data\":3}");
}

static void an_outbound_call_from_its_first_status(void **state) {
    peer *p = join();
    (void)state;
    w.act = answer_first;
    play(p, "call-status-first-frame-outbound");
    hears_nothing(p);
    assert_string_equal(jbz_call_direction(the_call()), "outbound");
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_LIVE);
    a_redirect_is_made(the_call());
    pump();
    hears_redirect(p, SAY_HI);
    play(p, "session-new-outbound");
    assert_int_equal(stats().calls, 1);
    assert_non_null(heard(p));
    assert_non_null(strstr(p->text, SAY_HI));
    hears_nothing(p);
    logs("other(call:status) session(session:new)");
    leave(p, 1000);
    logs("end(END:0)");
}

static void a_failed_outdial_ends(void **state) {
    peer *p = join();
    (void)state;
    play(p, "call-status-first-frame-outbound");
    leave(p, 1000);
    logs("other(call:status) end(END:0)");
}

static void eviction_makes_room(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    jbz_call_id first;
    int i;
    (void)state;
    d.max_conns = 4;
    world_again(&d);
    for (i = 0; i < 4; i++) {
        char sid[40];
        snprintf(sid, sizeof sid, "9f1c2d3e-0000-4000-8000-00000000000%d", i);
        p = live_call(sid, "inbound");
        if (i == 0) first = w.call;
        leave(p, 0);
        pass(1000);
    }
    assert_int_equal(stats().calls, 4);
    p = join();
    w.act = answer_first;
    w.slice = 0;
    say_new(p, "n", SID_A, "inbound");
    hears_ack(p, "n", SAY_HI);
    logs("session(session:new) end(END:2)");
    assert_null(jbz_call_find(w.core, first)); /* the oldest went */
    assert_int_equal(stats().evicted, 1);
    assert_int_equal(stats().calls, 4);
    w.slice = 7; /* in pieces, and a sid that needs memory */
    p = join();
    say_new(p, "n", "not a uuid \\\"quoted\\\"", "inbound");
    hears_ack(p, "n", SAY_HI);
    logs("session(session:new) end(END:2)");
    w.slice = 0;
    say_status(p, "not a uuid \\\"quoted\\\"", "trying");
    leave(p, 1000);
    assert_int_equal(stats().calls, 3);
}

static void no_room_at_all(void **state) {
    jbz_server_desc d = usual();
    peer *p, *q;
    (void)state;
    d.max_conns = 2;
    world_again(&d);
    live_call(SID_A, "inbound");
    p = join();
    w.act = answer_first;
    say_status(p, SID_A, "trying"); /* both sockets taken by one call */
    assert_null(dial_in());
    q = p;
    assert_int_equal(stats().conns, 2);
    leave(q, 1000);
    assert_int_equal(stats().conns, 1);
    assert_non_null(dial_in());
}

static void close_ms_with_a_notifier(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q = join();
    uint64_t start;
    (void)state;
    say_status(q, SID_A, "in-progress");
    w.log[0] = 0;
    leave(p, 1000);
    start = w.now;
    logs("");
    pass(1000);
    say_status(q, SID_A, "completed");
    logs("other(call:status)");
    while (!w.log[0]) pass(1);
    assert_in_range(w.now - start, 2000, 2040);
    logs("end(END:0)");
    say_status(q, SID_A, "completed"); /* late frames create nothing */
    say_hook(q, "h", SID_A, "/menu");
    logs("");
    assert_int_equal(stats().calls, 0);
    leave(q, 1000);
    logs("");
    assert_int_equal(stats().conns, 0);
}

static void the_notifier_goes_last(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q = join();
    (void)state;
    say_status(q, SID_A, "in-progress");
    w.log[0] = 0;
    leave(p, 1000);
    leave(q, 1000);
    logs("end(END:0)");
    pass(5000);
    logs("");
}

/*---- hanging up ----*/

static void tell_status(peer *p, const char *what) {
    char want[200];
    snprintf(want, sizeof want, "{\"type\":\"command\",\"command\":\"call:status\",\"data\":{\"call_status\":\"%s\"}}", what);
    hears(p, want);
}

/* What follows when jambonz does not close. */
static void hang_up_goes_on(peer *p, uint64_t since) {
    while (p->at == p->n) pass(1);
    assert_in_range(w.now - since, 2000, 2040);
    tell_status(p, "completed");
    tell_status(p, "no-answer");
    hears_nothing(p);
    since = w.now;
    while (p->at == p->n) pass(1);
    assert_in_range(w.now - since, 1960, 2040);
    assert_int_equal(close_code(p), 1000);
    assert_int_equal(stats().calls, 1);
    leave(p, 1000);
    logs("end(END:0)");
    assert_int_equal(stats().calls, 0);
}

static void hang_up_live_calls(void **state) {
    peer *p = live_call(SID_A, "inbound");
    uint64_t start;
    (void)state;
    w.act = defer_all;
    say_hook(p, "h", SID_A, "/menu");
    w.act = NULL;
    w.log[0] = 0;
    start = w.now;
    assert_int_equal(jbz_hangup_call(the_call()), JBZ_E_OK);
    assert_int_equal(jbz_hangup_call(the_call()), JBZ_E_OK);
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_ENDING);
    pump();
    hears_ack(p, "h", "[]"); /* open slots first */
    hears_redirect(p, DECLINE);
    hears_nothing(p);
    assert_int_equal(answer_later(0), JBZ_E_GONE);
    assert_int_equal(jbz_send(jbz_cmd_redirect(the_call())), JBZ_E_GONE);
    hang_up_goes_on(p, start);
    p = live_call(SID_B, "outbound");
    start = w.now;
    assert_int_equal(jbz_hangup_call(the_call()), JBZ_E_OK);
    pump();
    hears_redirect(p, HANGUP);
    hang_up_goes_on(p, start);
}

static void hang_up_and_jambonz_closes(void **state) {
    peer *p = live_call(SID_A, "inbound");
    jbz_call_id id = w.call;
    (void)state;
    jbz_hangup_call(the_call());
    pump();
    hears_redirect(p, DECLINE);
    leave(p, 1000);
    logs("end(END:0)");
    assert_null(jbz_call_find(w.core, id));
    pass(10000);
    logs("");
}

static void hang_up_before_an_outbound_session(void **state) {
    peer *p = join();
    uint64_t start;
    (void)state;
    play(p, "call-status-first-frame-outbound");
    w.log[0] = 0;
    start = w.now;
    jbz_hangup_call(the_call());
    pump();
    tell_status(p, "no-answer");
    hears_nothing(p);
    hang_up_goes_on(p, start);
}

static void hangup_in_handler(const jbz_event *ev) {
    if (ev->type == JBZ_EV_END) return;
    w.err = jbz_hangup_call(ev->call);
    if (jbz_event_wants_ack(ev->type)) assert_int_equal(jbz_send(jbz_reply(ev)), JBZ_E_STATE);
}

static void hang_up_a_new_call(void **state) {
    static const char *const directions[] = { "inbound", "outbound" };
    jbz_server_desc d = usual();
    peer *p;
    int i, how;
    uint64_t start;
    (void)state;
    d.fallback = "[{\"verb\":\"say\",\"text\":\"sorry\"},{\"verb\":\"enqueue\",\"name\":\"x\"}]"; /* would not hang up */
    world_again(&d);
    for (how = 0; how < 2; how++)
        for (i = 0; i < 2; i++) {
            p = join();
            w.act = how ? hangup_in_handler : defer_all;
            w.nlater = 0;
            say_new(p, "n", SID_A, directions[i]);
            start = w.now;
            if (!how) {
                say_hook(p, "h", SID_A, "/menu");
                hears_nothing(p);
                assert_int_equal(jbz_hangup_call(the_call()), JBZ_E_OK);
                pump();
            }
            assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_ENDING);
            if (i == 0) hears_ack(p, "n", DECLINE); else hears_ack(p, "n", HANGUP);
            if (!how) hears_ack(p, "h", "[]");
            w.act = NULL;
            w.log[0] = 0;
            say_status(p, SID_A, "failed");
            hears_nothing(p); /* no command follows */
            w.log[0] = 0;
            hang_up_goes_on(p, start);
        }
}

static void hang_up_with_a_hook_open(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = hangup_in_handler;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", "[]");
    hears_redirect(p, DECLINE);
    hears_nothing(p);
}

static void hangup_while_composing(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    if (!jbz_event_wants_ack(ev->type)) return;
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_hangup_call(ev->call), JBZ_E_OK);
    w.err = jbz_send(o);
}

static void hang_up_with_a_message_open(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = hangup_while_composing;
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(w.err, JBZ_E_GONE);
    hears_ack(p, "h", "[]");
    hears_redirect(p, DECLINE);
    p = join();
    w.act = defer_all;
    say_new(p, "n", SID_B, "inbound");
    w.act = hangup_while_composing;
    say_hook(p, "h", SID_B, "/menu");
    hears_ack(p, "n", DECLINE);
    hears_ack(p, "h", "[]");
    hears_nothing(p);
}

static void hang_up_right_after_the_first_answer(void **state) {
    peer *p = join();
    int i;
    (void)state;
    for (i = 0; i < 2; i++) {
        if (i) p = join();
        w.act = answer_first;
        say_new(p, "n", i ? SID_B : SID_A, "inbound");
        hears_ack(p, "n", SAY_HI);
        jbz_hangup_call(the_call());
        pump();
        hears_nothing(p); /* jambonz would lose a command that arrives with the ack */
        if (i) say_status(p, SID_B, "trying"); else pass(150);
        hears_redirect(p, DECLINE);
        pass(1900);
        hears_nothing(p);
        pass(200);
        tell_status(p, "completed");
    }
}

static void hang_up_a_detached_call(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    leave(p, 0);
    a_redirect_is_made(the_call());
    jbz_hangup_call(the_call());
    pass(10000);
    p = join();
    w.act = answer_first;
    say_reconnect(p, "r", SID_A, "inbound");
    hears_bare(p, "r");
    hears_redirect(p, SAY_HI);
    hears_redirect(p, DECLINE);
    w.log[0] = 0;
    hang_up_goes_on(p, w.now);
}

static void hang_up_a_detached_call_that_was_never_answered(void **state) {
    static const char *const directions[] = { "inbound", "outbound" };
    peer *p;
    int i;
    (void)state;
    for (i = 0; i < 2; i++) {
        p = join();
        w.act = defer_all;
        say_new(p, "n", SID_A, directions[i]);
        leave(p, 0);
        w.log[0] = 0;
        assert_int_equal(jbz_hangup_call(the_call()), JBZ_E_OK);
        p = join();
        w.act = answer_first;
        say_reconnect(p, "r", SID_A, directions[i]);
        if (strstr(w.log, "session(")) fail_msg("the app was asked about a call it hung up: %s", w.log);
        if (i == 0) hears_ack(p, "r", DECLINE); else hears_ack(p, "r", HANGUP);
        hears_nothing(p);
        w.log[0] = 0;
        hang_up_goes_on(p, w.now);
    }
}

static void hang_up_detached_and_lost(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    leave(p, 0);
    jbz_hangup_call(the_call());
    pass(31000);
    logs("end(END:3)");
}

static void hang_up_then_lost(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    jbz_hangup_call(the_call());
    pump();
    leave(p, 0);
    pass(1000);
    p = join();
    say_reconnect(p, "r", SID_A, "inbound");
    hears_bare(p, "r");
    hears_redirect(p, DECLINE);
    w.log[0] = 0;
    hang_up_goes_on(p, w.now);
}

static void an_adulted_outbound_leg_hangs_up(void **state) {
    peer *p = join();
    (void)state;
    say(p, "{\"type\":\"session:adulting\",\"msgid\":\"a\",\"data\":{\"call_sid\":\"" SID_A "\",\"direction\":\"outbound\",\"call_status\":\"in-progress\"}}");
    hears_bare(p, "a");
    jbz_hangup_call(the_call());
    pump();
    hears_redirect(p, HANGUP); /* it is answered: no-answer would do nothing */
}

/* A leg that never had a session:new here has none to answer again: its reconnect is a resume. */
static void an_adulted_leg_resumes(void **state) {
    peer *p = join();
    (void)state;
    say(p, "{\"type\":\"session:adulting\",\"msgid\":\"a\",\"data\":{\"call_sid\":\"" SID_A "\",\"direction\":\"outbound\"}}");
    hears_bare(p, "a");
    leave(p, 1006);
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
    p = join();
    say(p, "{\"type\":\"session:reconnect\",\"msgid\":\"b\",\"call_sid\":\"" SID_A "\",\"data\":{\"call_sid\":\"" SID_A "\"}}");
    hears_bare(p, "b");
    assert_int_equal(stats().resumed, 1);
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_LIVE);
}

static void nobody_else_says_1000(void **state) {
    peer *p = live_call(SID_A, "inbound"), *q = join();
    (void)state;
    assert_int_equal(jbz_conn_drop(p->c, 1000, NULL), JBZ_E_STATE);
    assert_int_equal(jbz_conn_drop(p->c, 1005, NULL), JBZ_E_ARG);
    assert_int_equal(jbz_conn_drop(p->c, -1, NULL), JBZ_E_ARG);
    assert_int_equal(jbz_conn_drop(p->c, 70000, NULL), JBZ_E_ARG);
    say_status(q, SID_A, "trying");
    assert_int_equal(jbz_conn_drop(q->c, 1000, "bye"), JBZ_E_OK);
    assert_int_equal(jbz_conn_drop(q->c, 1000, "bye"), JBZ_E_GONE);
    pump();
    assert_int_equal(close_code(q), 1000);
    assert_string_equal(q->text + 2, "bye");
    assert_int_equal(jbz_conn_drop(p->c, 4000, NULL), JBZ_E_OK);
    pump();
    assert_int_equal(close_code(p), 4000);
    leave(p, 4000);
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
}

static void drop_own(const jbz_event *ev) {
    if (ev->conn && ev->type != JBZ_EV_END) assert_int_equal(jbz_conn_drop(ev->conn, 1011, "oops"), JBZ_E_OK);
}

static void a_handler_drops_its_own_connection(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = drop_own;
    say_hook(p, "h", SID_A, "/menu");
    assert_int_equal(close_code(p), 1011);
    hears_nothing(p); /* no ack after a Close */
    leave(p, 1011);
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
}

/*---- drain ----*/

static void drain(void **state) {
    peer *idle, *busy, *late, *fresh;
    uint64_t start;
    (void)state;
    idle = live_call(SID_A, "inbound");
    busy = live_call(SID_B, "inbound");
    w.act = defer_all;
    say_hook(busy, "h", SID_B, "/menu");
    late = live_call("third", "inbound");
    w.act = defer_all;
    w.core->net.desc.ack_ms = 60000;
    say_hook(late, "l", "third", "/menu");
    w.act = NULL;
    fresh = dial_in();
    jbz_core_drain(w.core);
    start = w.now;
    pump();
    assert_int_equal(close_code(idle), 1012);
    leave(idle, 1012);
    hears_nothing(busy);
    {
        char text[1024];
        feed(fresh, text, upgrade_text(text, sizeof text, "/", "ws.jambonz.org", NULL));
        assert_int_equal(http_status(fresh), 503);
        assert_null(strstr(fresh->text, "onnection: close"));
        assert_true(fresh->open);
        assert_false(fresh->shut);
    }
    pass(1000);
    assert_true(fresh->open);
    hears_nothing(busy);
    assert_int_equal(answer_later(0), JBZ_E_OK);
    pass(100);
    hears_ack(busy, "h", SAY_LATE);
    assert_int_equal(close_code(busy), 1012);
    leave(busy, 1012);
    pass(1100);
    assert_false(fresh->open); /* 2 s */
    while (late->at == late->n) pass(1);
    assert_in_range(w.now - start, 5000, 5040);
    hears_ack(late, "l", "[]");
    assert_int_equal(close_code(late), 1012);
    assert_false(jbz_core_idle(w.core));
    leave(late, 1012);
    assert_true(jbz_core_idle(w.core));
}

static void drain_with_a_session_new_open(void **state) {
    peer *p = join();
    (void)state;
    w.act = defer_all;
    say_new(p, "n", SID_A, "inbound");
    w.core->net.desc.ack_ms = 60000;
    jbz_core_drain(w.core);
    pass(100);
    hears_nothing(p);
    say_hook(p, "h", SID_A, "/menu");
    pass(5000);
    hears_ack(p, "n", DECLINE);
    hears_ack(p, "h", "[]");
    assert_int_equal(close_code(p), 1012);
}

static void drain_in_handler(const jbz_event *ev) {
    if (ev->type == JBZ_EV_VERB_HOOK) jbz_core_drain(ev->core);
    if (ev->type == JBZ_EV_VERB_HOOK) w.now += 20000; /* and it blocks for long */
    if (ev->type == JBZ_EV_VERB_HOOK) jbz_core_tick(ev->core, w.now);
}

static void drain_answers_the_open_event_too(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = drain_in_handler;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", "[]");
    assert_int_equal(close_code(p), 1012);
}

static void drain_waits_for_unsent_bytes(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    p->budget = 3;
    a_redirect_is_made(the_call());
    jbz_core_drain(w.core);
    pass(500);
    p->budget = SIZE_MAX;
    pass(100);
    hears_redirect(p, SAY_HI);
    assert_int_equal(close_code(p), 1012);
}

static void a_call_dropped_by_the_drain_may_come_back(void **state) {
    peer *p = dial_in(), *q = live_call(SID_A, "inbound");
    char text[1024];
    (void)state;
    jbz_core_drain(w.core);
    pump();
    assert_int_equal(close_code(q), 1012);
    leave(q, 1012);
    feed(p, text, upgrade_text(text, sizeof text, "/", "ws.jambonz.org", NULL));
    assert_int_equal(http_status(p), 503);
    pass(40000);
    assert_true(jbz_core_idle(w.core));
    logs("end(END:3)");
}

/*---- slow handlers ----*/

static void block(const jbz_event *ev) {
    if (!jbz_event_wants_ack(ev->type)) return;
    w.now += 4321;
    answer(ev);
}

static void a_handler_that_blocks_is_logged(void **state) {
    peer *p = live_call(SID_A, "inbound");
    uint8_t f[512];
    size_t n;
    jbz_event ev;
    static const char text[] = "{\"type\":\"verb:hook\",\"msgid\":\"m\",\"hook\":\"/menu\",\"data\":{}}";
    (void)state;
    w.act = block;
    n = frame(f, FIN | OP_TEXT, text, sizeof text - 1);
    assert_int_equal(jbz_conn_feed(p->c, f, n), n);
    assert_true(jbz_core_next(w.core, &ev));
    jbz_dispatch(&ev);
    jbz_core_tick(w.core, w.now);
    pump();
    assert_int_equal(logged[JBZ_LINE_SLOW], 1);
    assert_non_null(strstr(log_last[JBZ_LINE_SLOW], "4321"));
    hears_ack(p, "m", SAY_HI);
}

/*---- raw sockets, binary, audio ----*/

static char raw_seen[256];
static void echo_raw(const jbz_event *ev) {
    if (ev->type != JBZ_EV_TEXT && ev->type != JBZ_EV_BINARY) return;
    snprintf(raw_seen, sizeof raw_seen, "%u %.*s", (unsigned)ev->len, (int)ev->len, (const char *)ev->bytes);
    assert_int_equal(((const char *)ev->bytes)[ev->len], 0);
    w.err = jbz_conn_send(ev->conn, ev->type == JBZ_EV_TEXT ? JBZ_TEXT : JBZ_BINARY, ev->bytes, ev->len);
}

static void raw_sockets(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    (void)state;
    d.on_message = on_message;
    d.subprotocols = "chat, echo.v1";
    world_again(&d);
    w.act = echo_raw;
    p = join_as("/", NULL);
    say(p, "hello");
    hears(p, "hello");
    send_frame(p, FIN | OP_BIN, "\0\1\2", 3);
    assert_int_equal(next_frame(p), OP_BIN);
    assert_memory_equal(p->text, "\0\1\2", 3);
    say(p, "%s", "");
    hears(p, "");
    logs("message(TEXT) message(BINARY) message(TEXT)");
    say(p, "\xff");
    assert_int_equal(close_code(p), 1007);
    p = dial_in();
    {
        char text[1024];
        feed(p, text, upgrade_text(text, sizeof text, "/", "superchat, echo.v1", NULL));
        assert_int_equal(http_status(p), 101);
        assert_non_null(strstr(p->text, "Sec-WebSocket-Protocol: echo.v1\r\n"));
    }
    p = live_call(SID_A, "inbound"); /* binary on a control socket goes to on_message as well */
    send_frame(p, FIN | OP_BIN, "abc", 3);
    logs("message(BINARY)");
    assert_int_equal(next_frame(p), OP_BIN);
}

static void binary_nobody_wants(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    send_frame(p, FIN | OP_BIN, "abc", 3);
    logs("");
    assert_int_equal(logged[JBZ_LINE_DROPPED], 1);
    hears_nothing(p);
    assert_true(p->open);
}

static void audio_sockets_need_a_first_frame(void **state) {
    jbz_server_desc d = usual();
    peer *p, *q, *r;
    char text[1024];
    uint8_t bytes[2048];
    size_t n;
    (void)state;
    p = dial_in();
    feed(p, text, upgrade_text(text, sizeof text, "/", "audio.drachtio.org", NULL));
    assert_int_equal(http_status(p), 400); /* without on_audio */
    d.on_audio = on_audio;
    world_again(&d);
    p = dial_in();
    n = upgrade_text(text, sizeof text, "/", "audio.drachtio.org", NULL);
    feed(p, text, n / 2);
    pass(3); /* so the request's last byte and its acceptance are not in the same ms as the first */
    jbz_conn_feed(p->c, text + n / 2, n - n / 2);
    w.now += 1;
    jbz_core_tick(w.core, w.now);
    pump();
    assert_int_equal(http_status(p), 101);
    q = join_as("/", "audio.jambonz.org");
    r = dial_in(); /* its first frame comes with the request */
    memcpy(bytes, text, n);
    n += frame(bytes + n, FIN | OP_TEXT, "{}", 2);
    feed(r, bytes, n);
    pass(4000);
    say(q, "{\"callSid\":\"x\"}");
    logs("audio() audio()"); /* both have opened */
    pass(1100);
    assert_int_equal(close_code(p), 1000);
    hears_nothing(q);
    assert_int_equal(http_status(r), 101);
    hears_nothing(r);
    pass(3000);
    assert_false(p->open);
    assert_true(q->open);
    assert_true(r->open);
}

static void notifiers_stand_in_for_each_other(void **state) {
    peer *p = join(), *q = join();
    (void)state;
    say(p, "{\"type\":\"call:status\",\"msgid\":\"m\",\"data\":{\"call_sid\":\"" SID_A "\",\"direction\":\"outbound\"}}");
    say(q, "{\"type\":\"call:status\",\"msgid\":\"m\",\"data\":{\"call_sid\":\"" SID_A "\"}}");
    a_redirect_is_made(the_call());
    hears_redirect(p, SAY_HI);
    leave(p, 0); /* the other one is there still: nothing is lost */
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_LIVE);
    assert_int_equal(stats().detached, 0);
    a_redirect_is_made(the_call());
    hears_redirect(q, SAY_HI);
    p = join();
    say(p, "{\"type\":\"call:status\",\"msgid\":\"m\",\"data\":{\"call_sid\":\"" SID_A "\"}}");
    leave(q, 1000);
    a_redirect_is_made(the_call());
    hears_redirect(p, SAY_HI);
    leave(p, 0);
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
    w.log[0] = 0;
    q = join(); /* a notifier that comes to a detached call, and goes again */
    say_status(q, SID_A, "ringing");
    assert_int_equal(stats().detached, 1);
    leave(q, 0);
    assert_int_equal(stats().detached, 1);
    pass(31000);
    logs("other(call:status+) end(END:3)");
}

static void replies_to_a_closing_socket(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    w.act = defer_all;
    say_hook(p, "h", SID_A, "/menu");
    w.act = NULL;
    jbz_conn_drop(p->c, 4000, NULL);
    assert_int_equal(answer_later(0), JBZ_E_GONE);
    a_redirect_is_made(the_call()); /* a command waits for the next socket */
    assert_int_equal(close_code(p), 4000);
    leave(p, 4000);
    p = join();
    say_reconnect(p, "r", SID_A, "inbound");
    hears_bare(p, "r");
    hears_redirect(p, SAY_HI);
    hears_nothing(p);
}

static void unsent_frames_of_every_length(void **state) {
    static const size_t sizes[] = { 1, 60, 70, 80, 200, 20000, 66000, 100000 };
    static char json[100001];
    jbz_server_desc d = usual();
    size_t i;
    (void)state;
    d.max_out = 200000;
    d.detached_bytes = 1000000;
    d.out_spill = 1000000;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        peer *p;
        size_t n;
        world_again(&d);
        p = live_call(SID_A, "inbound");
        memset(json, '7', sizes[i]);
        json[sizes[i]] = 0;
        p->budget = 1;
        assert_int_equal(jbz_cmd(the_call(), "a", NULL, json), JBZ_E_OK);
        assert_int_equal(jbz_cmd(the_call(), "b", NULL, json), JBZ_E_OK);
        leave(p, 0);
        p = join();
        say_reconnect(p, "r", SID_A, "inbound");
        hears_bare(p, "r");
        n = strlen("{\"type\":\"command\",\"command\":\"a\",\"data\":}") + sizes[i];
        assert_non_null(heard(p));
        assert_int_equal(p->text_n, n);
        assert_non_null(strstr(p->text, "\"a\""));
        assert_non_null(heard(p));
        assert_int_equal(p->text_n, n);
        assert_non_null(strstr(p->text, "\"b\""));
        hears_nothing(p);
    }
}

/* What was written in part goes on when the peer says Close: nothing behind half a frame is readable otherwise. */
static void half_a_frame_then_close(void **state) {
    peer *p = live_call(SID_A, "inbound");
    (void)state;
    p->budget = 10;
    a_redirect_is_made(the_call());
    assert_int_equal(jbz_cmd(the_call(), "two", NULL, "2"), JBZ_E_OK);
    serve();
    say_close(p, 1011); /* not read while our bytes wait */
    assert_true(p->open);
    p->budget = 20;
    serve();
    pump();
    p->budget = SIZE_MAX;
    serve();
    say_close(p, 1011);
    hears_redirect(p, SAY_HI);
    hears(p, "{\"type\":\"command\",\"command\":\"two\",\"data\":2}");
    assert_int_equal(close_code(p), 1011);
}

static char much[40000];
static void much_inside(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    if (!jbz_event_wants_ack(ev->type)) return;
    memset(much, '1', sizeof much - 1);
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_cmd(ev->call, "x", NULL, much), JBZ_E_TOO_BIG);
    assert_int_equal(jbz_cmd(ev->call, "y", NULL, "[1"), JBZ_E_RAW);
    w.err = jbz_send(o);
}

static void bad_commands_while_a_message_is_open(void **state) {
    peer *p = live_call(SID_A, "inbound");
    jbz_out o;
    static char mem[40000];
    (void)state;
    w.act = much_inside;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", SAY_HI);
    hears_nothing(p);
    memset(much, 'a', sizeof much - 1);
    much[30000] = 0;
    jbz_out_init(&o, mem, sizeof mem);
    jbz_msg_command(&o, "redirect", NULL, true);
    jbz_say(&o, .text = much);
    assert_int_equal(jbz_send_to(w.core, w.call, &o), JBZ_E_TOO_BIG);
    assert_int_equal(jbz_send(&o), JBZ_E_ARG); /* not one of a call */
    hears_nothing(p);
}

static void command_to_another(const jbz_event *ev) { /* which ends while the message is open */
    jbz_call *other = jbz_call_by_sid(ev->core, 0, SID_B);
    jbz_out *o = jbz_reply(ev);
    if (!jbz_event_wants_ack(ev->type)) return;
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_cmd(other, "x", NULL, "1"), JBZ_E_OK);
    jbzi_call_end(other, JBZ_E_OK);
    w.err = jbz_send(o);
}

static void a_waiting_command_whose_call_ends(void **state) {
    peer *p, *q = live_call(SID_B, "inbound");
    (void)state;
    p = live_call(SID_A, "inbound");
    w.act = command_to_another;
    say(p, "{\"type\":\"verb:hook\",\"msgid\":\"h\",\"hook\":\"/menu\",\"data\":{}}");
    w.act = NULL;
    hears_ack(p, "h", SAY_HI);
    hears_nothing(q);
    assert_int_equal(logged[JBZ_LINE_NOT_SENT], 1);
}

static const jbz_env *bad_env(jbz_env e) {
    static jbz_env table[2];
    memset(table, 0, sizeof table);
    table[0] = e;
    return table;
}

static void wrong_environments(void **state) {
    static const struct { const char *name, *type, *fallback, *choices, *hint; const char *culprit; } cases[] = {
        { "a-b", NULL, NULL, NULL, NULL, "name" }, { "", NULL, NULL, NULL, NULL, "name" }, { "A", "text", NULL, NULL, NULL, "type" },
        { "A", "number", "x", NULL, NULL, "fallback" }, { "A", "boolean", "yes", NULL, NULL, "fallback" }, { "A", "number", NULL, "1,two", NULL, "choices" },
        { "A", NULL, "c", "a,b", NULL, "fallback" }, { "A", NULL, NULL, NULL, "menu", "uiHint" } };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        jbz_server_desc d = usual();
        jbz_env e;
        jbz_error err;
        memset(&e, 0, sizeof e);
        e.name = cases[i].name;
        e.type = cases[i].type;
        e.fallback = cases[i].fallback;
        e.choices = cases[i].choices;
        e.uiHint = cases[i].hint;
        d.env = bad_env(e);
        assert_null(jbz_core_open(&d, &err));
        assert_int_equal(err.code, JBZ_E_VALUE);
        assert_non_null(strstr(err.path, cases[i].culprit));
    }
}

/*---- requests: routes and answers ----*/

static int ask(const char *request, const char *body_has) {
    peer *p = dial_in();
    int status;
    feed(p, request, strlen(request));
    status = http_status(p);
    if (body_has && !strstr((char *)p->text, body_has) && !strstr((const char *)p->buf + p->at, body_has)) fail_msg("no %s in %s", body_has, p->text);
    if (p->open) { jbz_conn_eof(p->c); pump(); }
    return status;
}

static int upgrade_to(const char *path, const char *protocol, const char *more) {
    char text[2048];
    upgrade_text(text, sizeof text, path, protocol, more);
    return ask(text, NULL);
}

static void routes(void **state) {
    jbz_server_desc d = usual();
    (void)state;
    d.path = "/a";
    d.apps[0].path = "/a/b/";
    d.apps[0].on_session = on_session;
    d.apps[2].path = "/c";
    d.apps[2].on_hook[0].hook = "x";
    world_again(&d);
    assert_int_equal(upgrade_to("/a", "ws.jambonz.org", NULL), 101);
    assert_int_equal(upgrade_to("/a/", "ws.jambonz.org", NULL), 101);
    assert_int_equal(upgrade_to("/a/x/y?q=/a/b", "ws.jambonz.org", NULL), 101);
    assert_int_equal(upgrade_to("/ab", "ws.jambonz.org", NULL), 404);
    assert_int_equal(upgrade_to("/", "ws.jambonz.org", NULL), 404);
    assert_int_equal(upgrade_to("/A", "ws.jambonz.org", NULL), 404);
    assert_int_equal(upgrade_to("/c/adulting", "ws.jambonz.org", NULL), 101);
    {
        static const char *const paths[] = { "/a", "/a/b", "/a/b/c", "/a/bc", "/c?x=1/adulting", "/a/b/adulting" };
        static const uint32_t apps[] = { 0, 1, 1, 0, 3, 1 };
        size_t i;
        w.act = answer_first;
        for (i = 0; i < 6; i++) {
            peer *p = join_as(paths[i], "ws.jambonz.org");
            say_new(p, "n", SID_A, "inbound");
            assert_non_null(jbz_call_by_sid(w.core, apps[i], SID_A));
            assert_int_equal(p->c->app, apps[i]);
            leave(p, 1000);
        }
    }
}

static void status_order(void **state) {
    jbz_server_desc d = usual();
    (void)state;
    d.path = "/a";
    d.auth = "user:pass";
    world_again(&d);
    assert_int_equal(ask("FOO /zzz HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 405);
    assert_int_equal(ask("GET /zzz HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 404);
    assert_int_equal(ask("OPTIONS /zzz HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 404);
    assert_int_equal(ask("OPTIONS /a HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 405);
    assert_int_equal(ask("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "Sec-WebSocket-Version: 13"), 426);
    assert_int_equal(ask("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 426);
    assert_int_equal(upgrade_to("/a", "nothing", "Origin: http://evil\r\n"), 401);
    assert_int_equal(upgrade_to("/a", "nothing", "Origin: http://evil\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"), 403);
    assert_int_equal(upgrade_to("/a", "nothing", "Origin: http://a:3000\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"), 400);
    assert_int_equal(upgrade_to("/a", NULL, "Authorization: Basic dXNlcjpwYXNz\r\n"), 400);
    assert_int_equal(upgrade_to("/a", "ws.jambonz.org", "Authorization: Basic dXNlcjpwYXNz\r\n"), 101);
    assert_int_equal(upgrade_to("/a", "ws.jambonz.org", "Authorization: Basic dXNlcjpwYXNy\r\n"), 401);
    assert_int_equal(ask("GET /a HTTP/1.1\r\n\r\n", NULL), 400);
    assert_int_equal(ask("GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", "Sec-WebSocket-Version: 13"), 426);
    assert_int_equal(ask("GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n", NULL), 400);
    assert_int_equal(stats().refused, 14);
    assert_int_equal(logged[JBZ_LINE_REFUSED], 14);
    jbz_core_drain(w.core);
    assert_int_equal(upgrade_to("/a", "nothing", "Authorization: Basic dXNlcjpwYXNz\r\n"), 400);
    assert_int_equal(upgrade_to("/a", "ws.jambonz.org", "Authorization: Basic dXNlcjpwYXNz\r\n"), 503);
    pass(3000);
    assert_int_equal(stats().conns, 0);
}

static void origins(void **state) {
    jbz_server_desc d = usual();
    (void)state;
    d.origins = "https://a.example, null,https://b.example";
    world_again(&d);
    assert_int_equal(upgrade_to("/", "ws.jambonz.org", "Origin: https://a.example\r\n"), 101);
    assert_int_equal(upgrade_to("/", "ws.jambonz.org", "Origin: https://b.example\r\n"), 101);
    assert_int_equal(upgrade_to("/", "ws.jambonz.org", "Origin: null\r\n"), 101);
    assert_int_equal(upgrade_to("/", "ws.jambonz.org", "Origin: https://b.example.evil\r\n"), 403);
    assert_int_equal(upgrade_to("/", "ws.jambonz.org", "Origin: https://b.exampl\r\n"), 403);
    assert_int_equal(upgrade_to("/", "ws.jambonz.org", "Origin: *\r\n"), 403);
    d.origins = "*";
    world_again(&d);
    assert_int_equal(upgrade_to("/", "ws.jambonz.org", "Origin: https://any\r\n"), 101);
}

static void options_tell_the_environment(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    const char *body;
    (void)state;
    d.env = env_table;
    world_again(&d);
    p = dial_in();
    feed(p, "OPTIONS / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n", 57);
    assert_int_equal(http_status(p), 200);
    body = (const char *)p->buf + p->at;
    assert_int_equal(p->n - p->at, strlen("{\"GREETING\":{\"type\":\"string\",\"description\":\"What to say\",\"default\":\"Hello\"},"
        "\"RETRIES\":{\"type\":\"number\",\"description\":\"How often\",\"required\":true,\"default\":3,\"enum\":[1,2,3]},"
        "\"LOUD\":{\"type\":\"boolean\",\"description\":\"LOUD\",\"required\":false,\"default\":true},"
        "\"KEY\":{\"type\":\"string\",\"description\":\"A secret\",\"obscure\":true,\"uiHint\":\"textarea\"}}"));
    assert_memory_equal(body, "{\"GREETING\":{\"type\":\"string\",\"description\":\"What to say\",\"default\":\"Hello\"},"
        "\"RETRIES\":{\"type\":\"number\",\"description\":\"How often\",\"required\":true,\"default\":3,\"enum\":[1,2,3]},"
        "\"LOUD\":{\"type\":\"boolean\",\"description\":\"LOUD\",\"required\":false,\"default\":true},"
        "\"KEY\":{\"type\":\"string\",\"description\":\"A secret\",\"obscure\":true,\"uiHint\":\"textarea\"}}", p->n - p->at);
    assert_int_equal(ask("PUT / HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS"), 405);
}

static void serve_http(jbz_http *http, void *user) {
    (void)user;
    if (strcmp(http->path, "/long") == 0) { http->status = 200; http->body = big_text; http->len = sizeof big_text - 1; http->type = "a/b"; }
    if (strcmp(http->path, "/none") == 0) http->status = 404;
    if (strcmp(http->path, "/odd") == 0) http->status = 99;
    if (strcmp(http->path, "/health") != 0) return;
    http->status = strcmp(http->query, "bad") == 0 ? 503 : 200;
    http->body = "fine";
    http->len = 4;
}

static void plain_gets(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    (void)state;
    d.path = "/a";
    d.on_http = serve_http;
    world_again(&d);
    assert_int_equal(ask("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "fine"), 200);
    assert_int_equal(ask("GET /health?bad HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 503);
    assert_int_equal(ask("GET /else HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 404);
    assert_int_equal(ask("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 426);
    assert_int_equal(ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 404);
    assert_int_equal(ask("GET /odd HTTP/1.1\r\nHost: a\r\n\r\n", NULL), 404);
    memset(big_text, 0x62, sizeof big_text - 1);
    p = dial_in();
    feed(p, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n", 31);
    assert_int_equal(http_status(p), 200);
    assert_non_null(strstr(p->text, "Content-Type: a/b\r\nContent-Length: 4096\r\n"));
    assert_int_equal(p->n - p->at, 4096);
    p = dial_in();
    feed(p, "HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n", 34);
    assert_int_equal(http_status(p), 200);
    assert_int_equal(p->n, p->at); /* no body */
}

/*---- opening ----*/

static void wrong_descs(void **state) {
    jbz_server_desc d;
    jbz_error err;
    (void)state;
#define REFUSED(assign, code_, path_) do { d = usual(); assign; assert_null(jbz_core_open(&d, &err)); assert_int_equal(err.code, code_); \
    assert_string_equal(err.path, path_); assert_null(jbz_core_open(&d, NULL)); } while (0)
    REFUSED(d.receive = 100, JBZ_E_ARG, "receive");
    REFUSED(d.request = 70000, JBZ_E_ARG, "receive");
    REFUSED(d.max_out = 100, JBZ_E_ARG, "max_out");
    REFUSED(d.max_message = 0x10000000, JBZ_E_ARG, "max_message");
    REFUSED(d.max_conns = 0x40000000, JBZ_E_ARG, "max_conns"); /* before anything is allocated for them */
    d.max_conns = UINT32_MAX;
    assert_true(jbz_server_memory(&d) == SIZE_MAX); /* at once: where pointers have 32 bits it once took for ever */
    d.max_conns = 0;
    REFUSED(d.path = "menu", JBZ_E_ARG, "path");
    REFUSED(d.auth = "nocolon", JBZ_E_ARG, "auth");
    REFUSED(d.fallback = "{}", JBZ_E_RAW, "fallback");
    REFUSED(d.fallback = "[", JBZ_E_RAW, "fallback");
    REFUSED(d.fallback = "[]]", JBZ_E_RAW, "fallback");
    REFUSED(d.apps[3].fallback = "say", JBZ_E_RAW, "fallback");
    REFUSED(d.subprotocols = "ok,not ok", JBZ_E_ARG, "subprotocols");
    REFUSED(d.memory = &d; d.memory_size = 10, JBZ_E_NOMEM, "memory");
    assert_int_equal(heap.blocks, 1); /* the world's own */
}

/* Fallbacks that are white space around, or empty lists, are the app's business. */
static void fallback_with_blanks(void **state) {
    jbz_server_desc d = usual();
    peer *p;
    (void)state;
    d.fallback = " [{\"verb\":\"hangup\"}]\n";
    world_again(&d);
    p = join();
    say_new(p, "n", SID_A, "inbound");
    assert_non_null(heard(p));
    assert_non_null(strstr(p->text, "[{\"verb\":\"hangup\"}]"));
}

static void a_block_of_memory_is_all_it_takes(void **state) {
    jbz_server_desc d = usual();
    size_t size, i;
    char *mem;
    peer *p;
    (void)state;
    d.max_message = 20000;
    d.pool = 100000;
    d.max_conns = 8;
    size = jbz_server_memory(&d);
    mem = (char *)aligned_alloc(64, (size + 63 + 64) & ~(size_t)63);
    memset(mem, 0xAB, size + 64);
    d.memory = mem;
    d.memory_size = size;
    world_again(&d);
    assert_int_equal(heap.blocks, 0);
    p = live_call(SID_A, "inbound");
    w.slice = 100;
    w.act = answer_all;
    say_hook(p, "h", SID_A, "/menu");
    hears_ack(p, "h", SAY_HI);
    leave(p, 1000);
    world_close();
    for (i = 0; i < 64; i++) assert_int_equal((uint8_t)mem[size + i], 0xAB); /* nothing behind it was touched */
    free(mem);
}

/*---- the whole of a call while memory fails ----*/

static void misery(const jbz_event *ev) {
    jbz_out *o;
    switch (dice(5)) {
    case 0: return;
    case 1: defer_all(ev); return;
    case 2:
        if (!ev->call) return;
        o = jbz_cmd_redirect(ev->call);
        jbz_say(o, .text = "x");
        jbz_send(o);
        return;
    case 3: if (ev->call && ev->type != JBZ_EV_END) jbz_call_timer(ev->call, 50, 1); return;
    default: answer(ev);
    }
}

static void a_life(void) {
    peer *p = join_as("/", "ws.jambonz.org"), *q;
    int i;
    say_new(p, "n", "a sid that is no uuid", "inbound");
    for (i = 0; i < 5; i++) {
        say(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"call_sid\":\"leg%d\",\"parent_call_sid\":\"x\"}}", i);
        say_hook(p, "h", "a sid that is no uuid", "/menu");
        pass(60);
    }
    p->budget = 10;
    say_hook(p, "h", "a sid that is no uuid", "/menu");
    leave(p, 0);
    pass(500);
    q = join_as("/", "ws.jambonz.org");
    say_reconnect(q, "r", "a sid that is no uuid", "inbound");
    pass(1500);
    if (q->open) leave(q, 0);
    pass(31000);
}

static void every_allocation_fails(void **state) {
    jbz_server_desc d = usual();
    long n;
    int for_ever;
    (void)state;
    d.pool = 64 * 1024;
    d.max_message = 2000;
    world_close();
    for (for_ever = 0; for_ever < 2; for_ever++)
        for (n = 1; n < 40; n++) {
            jbz_error err;
            heap_reset();
            heap.fail_at = n;
            heap.for_ever = for_ever != 0;
            dice_state = 0x123456789 + (uint64_t)n;
            if (n == 1) {
                assert_null(jbz_core_open(&d, &err));
                assert_int_equal(err.code, JBZ_E_NOMEM);
                continue;
            }
            world_open(&d);
            w.act = misery;
            w.slice = 50;
            {
                peer *p = dial_in();
                char text[1024];
                feed(p, text, upgrade_text(text, sizeof text, "/", "ws.jambonz.org", NULL));
                if (http_status(p) == 101) { if (p->open) leave(p, 1000); }
            }
            w.slice = 0;
            if (!for_ever) a_life();
            world_close();
        }
    heap_reset();
}

/* The pool itself refuses: at the n-th block that is asked for. */
static void the_pool_is_empty(void **state) {
    jbz_server_desc d = usual();
    size_t limit;
    (void)state;
    d.pool = 64 * 1024;
    d.max_message = 2000;
    for (limit = 64; limit < 6000; limit += 64) {
        world_again(&d);
        dice_state = 0x9876 + limit;
        w.act = misery;
        w.core->net.pool.limit = limit;
        w.core->net.pool.reserve = limit / 8;
        w.direct = true;
        w.core->net.write = direct_write;
        {
            peer *p = dial_in();
            char text[1024];
            feed(p, text, upgrade_text(text, sizeof text, "/", "ws.jambonz.org", NULL));
            if (http_status(p) == 101 && p->open) {
                say_new(p, "n", "some sid", "inbound");
                if (p->open) say_hook(p, "h", "some sid", "/menu");
                if (p->open) { p->budget = 5; say_hook(p, "h", "some sid", "/menu"); }
                pass(300);
                if (p->open) leave(p, 0);
                pass(31000);
            }
        }
        assert_int_equal(stats().calls, 0);
        assert_int_equal(stats().conns, 0);
        assert_int_equal(stats().pool_used, 0);
    }
}

/*---- time ----*/

static void clocks_wrap_and_jump(void **state) {
    peer *p = live_call(SID_A, "inbound");
    uint64_t start;
    int i;
    (void)state;
    for (i = 0; i < 3; i++) {
        start = w.now = (w.now & ~(uint64_t)0xffffffff) + 0x100000000u - 2000 + (uint64_t)i * 700;
        jbz_core_tick(w.core, w.now);
        pump();
        while (next_frame(p) >= 0) { }
        w.act = defer_all;
        say_hook(p, "h", SID_A, "/menu");
        w.act = NULL;
        while (p->at == p->n) pass(1);
        assert_in_range(w.now - start, 4000, 4040);
        hears_ack(p, "h", "[]");
    }
    w.act = defer_all;
    say_hook(p, "h", SID_A, "/menu");
    w.act = NULL;
    w.now += 5 * 60000; /* stopped for minutes */
    jbz_core_tick(w.core, w.now);
    pump();
    hears_ack(p, "h", "[]");
    while (next_frame(p) == OP_PING) { }
}

/*---- everything, randomly: no crash, no leak, one ack per message at most ----*/

static void random_app(const jbz_event *ev) {
    jbz_out *o;
    jbz_reply_id id;
    jbz_call *call = ev->call;
    switch (dice(12)) {
    case 0: if (jbz_event_wants_ack(ev->type)) jbz_reply_later(ev, &w.later[w.nlater++ % 64]); break;
    case 1: answer_later(dice(64)); break;
    case 2: if (call) jbz_cmd(call, "x", NULL, "{\"a\":1}"); break;
    case 3: if (call) { o = jbz_cmd_redirect(call); jbz_say(o, .text = "x"); if (dice(4)) jbz_send(o); } break;
    case 4: if (call && dice(10) == 0) jbz_hangup_call(call); break;
    case 5: if (call) jbz_call_timer(call, dice(2000), dice(100)); break;
    case 6: if (ev->conn && dice(20) == 0) jbz_conn_drop(ev->conn, 4000, "x"); break;
    case 7: jbz_reply_later(ev, &id); break;
    case 8: o = jbz_reply(ev); if (call) jbz_cmd(call, "y", NULL, "1"); jbz_say(o, .text = "x"); jbz_send(o); break;
    default: if (jbz_event_wants_ack(ev->type)) answer(ev);
    }
}

static void a_storm(void **state) {
    jbz_server_desc d = usual();
    peer *p[10];
    static const char *const sids[] = { SID_A, SID_B, "third", "a rather long sid that needs memory of its own, more than sixteen bytes" };
    static const char *const statuses[] = { "trying", "in-progress", "completed" };
    int i, k;
    (void)state;
    d.max_conns = 12;
    d.pool = 128 * 1024;
    d.max_message = 6000;
    d.on_message = on_message;
    world_again(&d);
    memset(p, 0, sizeof p);
    dice_state = 4711;
    for (i = 0; i < 6000; i++) {
        const char *sid = sids[dice(4)], *dir = dice(2) ? "inbound" : "outbound";
        peer **s = &p[k = (int)dice(10)];
        w.act = random_app;
        w.log[0] = 0;
        w.slice = dice(3) ? 0 : 1 + dice(40);
        if (!*s || !(*s)->open || (*s)->c->state != JBZI_CONN_OPEN) {
            char text[1024];
            if (*s && (*s)->open) { jbz_conn_eof((*s)->c); pump(); }
            *s = dial_in();
            if (!*s) continue;
            feed(*s, text, upgrade_text(text, sizeof text, "/", dice(10) ? "ws.jambonz.org" : NULL, NULL));
            if ((*s)->open) http_status(*s);
            continue;
        }
        switch (dice(14)) {
        case 0: say_new(*s, "n", sid, dir); break;
        case 1: case 2: say_hook(*s, "h", sid, "/menu"); break;
        case 3: say_reconnect(*s, "r", sid, dir); break;
        case 4: say(*s, "{\"type\":\"session:reconnect\",\"msgid\":\"r\",\"data\":{}}"); break;
        case 5: say_status(*s, sid, statuses[dice(3)]); break;
        case 6: if (dice(3) == 0) { jbz_conn_eof((*s)->c); pump(); } break;
        case 7: if (dice(3) == 0) say_close(*s, dice(2) ? 1000 : 1001 + (int)dice(3)); break;
        case 8: (*s)->budget = dice(3) ? SIZE_MAX : dice(200); break;
        case 9: pass(dice(3000)); break;
        case 10: send_frame(*s, FIN | OP_PING, "x", dice(2)); break;
        case 11: say(*s, "{\"type\":\"session:redirect\",\"msgid\":\"m\",\"hook\":\"/menu\",\"data\":{\"call_sid\":\"%s\"}}", sid); break;
        case 12: if (dice(30) == 0) pass(40000); break;
        default: say(*s, "%s", dice(2) ? "nonsense" : "{\"type\":\"verb:hook\",\"msgid\":\"odd\"}");
        }
        assert_true(stats().calls <= 12 && stats().detached <= stats().calls);
    }
    w.act = NULL;
    for (i = 0; i < 10; i++) if (p[i] && p[i]->open) { jbz_conn_eof(p[i]->c); pump(); }
    pass(60000);
    assert_int_equal(stats().calls, 0);
    assert_int_equal(stats().detached, 0);
    assert_int_equal(stats().conns, 0);
    assert_int_equal(stats().pool_used, 0);
}

#define TESTS(X) X(handlers_by_type) X(an_absolute_hook_is_compared_whole) X(first_hook_of_an_unknown_call_is_a_session) \
    X(all_examples_get_one_ack_or_none) X(silence_is_answered_by_type) X(the_apps_fallback_is_used) X(no_handler_is_no_warning) \
    X(deferred_and_answered) X(deferred_too_long) X(a_deferred_session_new_gets_the_fallback) X(pending_is_limited) X(deferring_twice_is_one) \
    X(a_second_reply_is_refused) X(a_reply_nobody_wants) X(a_second_open_message_is_refused) X(a_message_left_open_is_discarded) \
    X(too_big_sends_nothing) X(too_big_as_it_is) X(exactly_the_limit_goes) X(empty_replies) X(an_empty_redirect_is_refused) X(stale_ids_are_gone) \
    X(commands_go_at_once) X(bad_commands_are_refused) X(a_command_while_a_message_is_open_follows_it) X(prepared_messages) \
    X(acks_wait_for_the_first_answer) X(commands_wait_for_100_ms_after_the_first_answer) X(commands_go_when_a_message_followed) \
    X(what_is_held_is_limited) X(what_is_held_and_finds_no_room_is_logged) X(a_notifier_never_moves_control) X(a_redirect_to_a_new_socket_moves_control) X(bindings) \
    X(the_envelope_goes_before_the_data) X(legs_are_limited) X(odd_sids) X(sids_with_nul_or_endless_name_no_call) X(messages_without_a_call) X(texts_with_nul_are_cut) \
    X(many_calls_one_bucket) X(session_new_twice) X(facts_of_a_call) X(long_numbers_and_objects_in_env) X(sip_headers) X(the_timer_of_a_call) \
    X(odd_messages) X(too_many_tokens) X(a_session_new_without_msgid_does_not_hold_the_call) X(a_session_new_without_data_is_declined) \
    X(odd_reconnects) X(bad_utf8_fails_the_connection) X(jambonz_errors_are_logged) X(lost_and_resumed) X(lost_for_good) \
    X(every_close_code_but_two_detaches) X(resume_before_the_first_ack) X(a_normal_client_is_not_closed_again) X(acked_but_nothing_followed) \
    X(dropped_again_while_waiting_for_what_follows) X(the_old_socket_of_a_reconnect_is_dead) X(late_frames_of_the_old_socket) \
    X(a_reconnect_without_sid) X(a_reconnect_without_sid_then_a_status) X(unsent_frames_are_sent_again) X(frames_that_went_whole_are_not) X(unsent_acks_are_not) \
    X(commands_after_a_send_that_failed_keep_their_order) X(an_outbound_call_from_its_first_status) X(a_failed_outdial_ends) \
    X(eviction_makes_room) X(no_room_at_all) X(close_ms_with_a_notifier) X(the_notifier_goes_last) X(hang_up_live_calls) \
    X(hang_up_and_jambonz_closes) X(hang_up_before_an_outbound_session) X(hang_up_a_new_call) X(hang_up_with_a_hook_open) \
    X(hang_up_with_a_message_open) X(hang_up_right_after_the_first_answer) X(hang_up_a_detached_call) \
    X(hang_up_a_detached_call_that_was_never_answered) X(hang_up_detached_and_lost) X(hang_up_then_lost) X(an_adulted_outbound_leg_hangs_up) \
    X(an_adulted_leg_resumes) X(nobody_else_says_1000) X(a_handler_drops_its_own_connection) X(drain) X(drain_with_a_session_new_open) X(drain_answers_the_open_event_too) \
    X(drain_waits_for_unsent_bytes) X(a_call_dropped_by_the_drain_may_come_back) X(a_handler_that_blocks_is_logged) X(raw_sockets) \
    X(binary_nobody_wants) X(audio_sockets_need_a_first_frame) X(routes) X(status_order) X(origins) X(options_tell_the_environment) \
    X(plain_gets) X(wrong_descs) X(fallback_with_blanks) X(a_block_of_memory_is_all_it_takes) X(every_allocation_fails) X(the_pool_is_empty) \
    X(clocks_wrap_and_jump) X(a_storm) X(notifiers_stand_in_for_each_other) X(replies_to_a_closing_socket) \
    X(unsent_frames_of_every_length) X(half_a_frame_then_close) X(bad_commands_while_a_message_is_open) X(a_waiting_command_whose_call_ends) \
    X(wrong_environments)

/* Two sockets of one call each have a session:new open, and the one that takes commands goes: the answer to the other must not
   end the waiting for it. Found by fuzz_conn. */
static void test_call_answered_on_its_other_socket(void **state) {
    int codes[] = { 0, 1000 }, i;
    (void)state;
    for (i = 0; i < 2; i++) {
        jbz_server_desc d = usual();
        peer *a, *b;
        world_again(&d);
        w.act = defer_all;
        a = join();
        say_new(a, "n1", SID_A, "inbound");
        b = join();
        say_new(b, "n2", SID_A, "inbound");
        pass(100);
        leave(b, codes[i]);
        pass(5000);
        leave(a, 0);
        pass(40000);
        assert_int_equal(stats().calls, 0);
        assert_int_equal(stats().pool_used, 0);
        assert_non_null(strstr(w.log, "end("));
    }
}

int main(int argc, char **argv) {
    static char direct[] = "direct";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_call_answered_on_its_other_socket, world_setup, world_teardown),
#define X(f) cmocka_unit_test_prestate_setup_teardown(f, world_setup, world_teardown, NULL),
        TESTS(X)
#undef X
#define X(f) { #f "_direct", f, world_setup, world_teardown, direct },
        TESTS(X)
#undef X
    };
    log_verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (getenv("ONLY")) cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
