/* What an app hands over when it did not look: jbz_call_find and jbz_audio_find return NULL for what is gone, and events that
   belong to no call or socket have none. Everything that takes them answers, and does nothing (THREATS 97). */

#define _GNU_SOURCE 1
#include "support.h"
#include <ctype.h>
#include <fcntl.h>
#include <unistd.h>

/* What is asked of a call that is not there has a neutral answer. */
static void no_call_tells_nothing(void **state) {
    char buf[64];
    jbz_call *none = NULL;
    jbz_call_id id = jbz_call_id_of(none);
    (void)state;
    assert_int_equal(id.slot, 0);
    assert_null(jbz_call_user(none));
    jbz_call_set_user(none, buf);
    assert_int_equal(jbz_call_app(none), 0);
    assert_string_equal(jbz_call_sid(none), "");
    assert_string_equal(jbz_call_from(none), "");
    assert_string_equal(jbz_call_to(none), "");
    assert_string_equal(jbz_call_direction(none), "");
    assert_string_equal(jbz_call_status(none), "");
    assert_null(jbz_call_env(none, "X"));
    assert_int_equal(jbz_call_env_int(none, "X", 7), 7);
    assert_true(jbz_call_env_num(none, "X", 0.5) > 0.4);
    assert_true(jbz_call_env_bool(none, "X", true));
    assert_null(jbz_call_leg(none, 0));
    assert_int_equal(jbz_call_state(none), JBZ_CALL_ENDING);
    assert_int_equal(jbz_tts_queued(none), 0);
    assert_null(jbz_audio_url(none, "/audio", buf, sizeof buf));
}

#define GONE(expression) assert_int_equal((expression), JBZ_E_GONE)

/* What should be done with it is not, and says so. */
static void no_call_takes_nothing(void **state) {
    jbz_tool_output_opts output;
    const char *hints[] = { "a" };
    jbz_call *none = NULL;
    size_t taken = 9;
    jbz_event ev;
    (void)state;
    memset(&output, 0, sizeof output);
    output.id = output.text = "x";
    GONE(jbz_call_timer(none, 5, 1));
    GONE(jbz_hangup_call(none));
    GONE(jbz_cmd(none, "x", NULL, "1"));
    GONE(jbz_cmd_redirect_hook(none, "/h", NULL));
    GONE(jbz_cmd_redirect_child(none, "/h", NULL));
    GONE(jbz_cmd_redirect_both(none, "/h", "/i"));
    GONE(jbz_cmd_call_status(none, "completed"));
    GONE(jbz_cmd_mute_status(none, NULL, "mute"));
    GONE(jbz_cmd_conf_mute_status(none, "mute"));
    GONE(jbz_cmd_conf_hold_status(none, "hold", NULL));
    GONE(jbz_cmd_conf_participant_action(none, "tag", "t", NULL));
    GONE(jbz_cmd_listen_status(none, "pause"));
    GONE(jbz_cmd_stream_status(none, "pause"));
    GONE(jbz_cmd_transcribe_status(none, "pause"));
    GONE(jbz_cmd_dtmf(none, NULL, '1', 0));
    GONE(jbz_cmd_boost_audio_signal(none, NULL, 3));
    GONE(jbz_cmd_media_path(none, "full-media"));
    GONE(jbz_cmd_tag(none, "{}"));
    GONE(jbz_cmd_stt_reconfigure(none, hints, 1));
    GONE(jbz_cmd_config(none, NULL));
    GONE(jbz_cmd_dial(none, NULL));
    GONE(jbz_cmd_dub(none, NULL, NULL));
    GONE(jbz_cmd_record(none, NULL));
    GONE(jbz_cmd_sip_request(none, NULL, NULL));
    GONE(jbz_cmd_whisper(none, NULL, NULL, NULL));
    GONE(jbz_cmd_whisper_raw(none, NULL, "{}"));
    GONE(jbz_cmd_noise_isolation_status(none, NULL));
    GONE(jbz_cmd_room_say(none, NULL));
    GONE(jbz_cmd_room_play(none, NULL));
    GONE(jbz_cmd_llm_tool_output(none, &output));
    GONE(jbz_cmd_llm_tool_output(none, NULL));
    GONE(jbz_cmd_llm_update(none, "{}"));
    GONE(jbz_cmd_agent_update_instructions(none, "x"));
    GONE(jbz_cmd_agent_inject_context(none, "user", "x"));
    GONE(jbz_cmd_agent_update_tools(none, "[]"));
    GONE(jbz_cmd_agent_generate_reply(none, NULL, NULL, JBZ_UNSET));
    GONE(jbz_cmd_agent_update(none, "{}"));
    GONE(jbz_tts_write(none, "x", 1, &taken));
    assert_int_equal(taken, 0);
    GONE(jbz_tts_flush(none));
    GONE(jbz_tts_clear(none));
    GONE(jbz_wait(none, &ev, 0));
}

/* A redirect of it is a message that takes anything and sends nothing. */
static void no_message_takes_anything(void **state) {
    jbz_out *o = jbz_cmd_redirect(NULL);
    jbz_json missing = { NULL, 0 };
    size_t n = 9;
    (void)state;
    assert_null(o);
    assert_null(jbz_cmd_redirect_queue(NULL));
    assert_null(jbz_cmd_redirect_parent(NULL));
    jbz_say(o, .text = "nobody hears this");
    jbz_llm(o, .vendor = "openai");
    jbz_hangup(o);
    jbz_raw(o, "{}");
    jbz_raw(o, NULL);
    jbz_out_open_object(o);
    jbz_out_key(o, "a");
    jbz_out_open_array(o);
    jbz_out_str(o, "b");
    jbz_out_str(o, NULL);
    jbz_out_strn(o, "b", 1);
    jbz_out_int(o, 1);
    jbz_out_num(o, 1.5);
    jbz_out_bool(o, true);
    jbz_out_null(o);
    jbz_out_json(o, "{}");
    jbz_out_value(o, missing);
    jbz_out_list(o);
    jbz_out_close_array(o);
    jbz_out_close_object(o);
    jbz_msg_ack(o, "m", 1);
    jbz_msg_command(o, "x", NULL, true);
    assert_null(jbz_msg_end(o, &n));
    assert_int_equal(n, 0);
    assert_null(jbz_out_finish(o, &n));
    GONE(jbz_send(o));
}

static void no_socket_takes_nothing(void **state) {
    (void)state;
    GONE(jbz_conn_send(NULL, JBZ_TEXT, "x", 1));
    GONE(jbz_conn_drop(NULL, 1001, ""));
}

static void no_audio_plays_nothing(void **state) {
    static const jbz_audio_clip clip;
    static const int16_t pcm[2];
    jbz_audio *none = NULL;
    size_t taken = 9;
    jbz_audio_id id = jbz_audio_id_of(none);
    (void)state;
    assert_int_equal(id.slot, 0);
    assert_null(jbz_audio_call(none));
    assert_null(jbz_audio_user(none));
    jbz_audio_set_user(none, &taken);
    assert_int_equal(jbz_audio_rate(none), 0);
    assert_int_equal(jbz_audio_channels(none), 0);
    jbz_audio_pace(none, 100);
    assert_int_equal(jbz_audio_queued(none), 0);
    assert_int_equal(jbz_audio_left(none), 0);
    GONE(jbz_audio_mode(none, JBZ_AUDIO_STREAM, 8000));
    GONE(jbz_audio_write(none, pcm, 2, &taken));
    assert_int_equal(taken, 0);
    GONE(jbz_audio_end(none));
    GONE(jbz_audio_mark(none, "m"));
    GONE(jbz_audio_clear_marks(none));
    GONE(jbz_audio_kill(none));
    GONE(jbz_audio_play(none, &clip));
    GONE(jbz_audio_disconnect(none));
}

/* An event that tells nothing: a text is "", a number 0 or -1. */
static void no_event_tells_anything(void **state) {
    jbz_event ev;
    jbz_tool_call tool;
    (void)state;
    memset(&ev, 0, sizeof ev);
    ev.core = w.core;
#define X(what) assert_string_equal(jbz_ev_##what(&ev), "");
    X(call_sid) X(parent_sid) X(from) X(to) X(caller_name) X(fs_sip_address) X(fs_public_ip) X(call_status)
    X(sip_reason) X(what) X(result) X(reason) X(error) X(details) X(verb) X(verb_id) X(transcript) X(language) X(translation)
    X(digits) X(dial_status) X(dial_sid) X(queue) X(conference) X(conference_name) X(amd) X(response) X(spoken)
#undef X
#define X(what) assert_true((double)jbz_ev_##what(&ev) <= 0 && (double)jbz_ev_##what(&ev) >= -1);
    X(sip_status) X(duration) X(confidence) X(is_final) X(channel) X(dial_sip_status) X(refer_status) X(queue_position)
    X(queue_size) X(queue_time) X(members) X(interrupted)
#undef X
    assert_null(jbz_ev_leg(&ev));
    assert_true(jbz_ev_latency(&ev, "x") <= 0);
    assert_int_equal(jbz_json_type_of(jbz_ev_customer_data(&ev)), JBZ_JSON_MISSING);
    assert_false(jbz_ev_tool_call(&ev, 0, &tool));
    assert_null(jbz_sip_header(&ev, "X"));
    assert_string_equal(jbz_event_name((jbz_event_type)9999), "");
    assert_false(jbz_event_wants_ack((jbz_event_type)9999));
}

/* Verbs put into a message that is not there, with options and without. */
static void no_message_takes_verbs(void **state) {
    (void)state;
#define X(verb, name, server) { static const jbz_##verb##_opts opts; jbz_put_##verb(NULL, &opts); jbz_put_##verb(NULL, NULL); }
    JBZ_VERBS(X)
#undef X
}

static void what_is_no_json(void **state) {
    jbz_json none = { NULL, 0 };
    jbz_tok toks[4];
    jbz_doc doc;
    jbz_msg m;
    jbz_out o;
    jbz_error e;
    char text[] = "nonsense", mem[2];
    size_t at = 99, n = 9;
    (void)state;
    assert_int_equal(jbz_json_parse(&doc, text, 8, toks, 4, &at), JBZ_E_JSON);
    assert_int_equal(at, 0);
    assert_int_not_equal(jbz_json_parse(&doc, text, 0, toks, 0, NULL), JBZ_E_OK);
    assert_int_equal(jbz_json_type_of(jbz_json_root(NULL)), JBZ_JSON_MISSING);
    assert_int_equal(jbz_json_type_of(jbz_json_at(none, "/a")), JBZ_JSON_MISSING);
    assert_string_equal(jbz_json_str(none, "/a", "fb"), "fb");
    assert_null(jbz_json_strn(none, "/a", &n));
    assert_int_equal(n, 0);
    assert_int_equal(jbz_json_int(none, "/a", 7), 7);
    assert_true(jbz_json_num(none, "/a", 7) == 7);
    assert_true(jbz_json_bool(none, "/a", true));
    assert_int_equal(jbz_json_type_of(jbz_json_first(none)), JBZ_JSON_MISSING);
    assert_int_equal(jbz_json_type_of(jbz_json_next(none, none)), JBZ_JSON_MISSING);
    assert_null(jbz_json_key(none));
    assert_null(jbz_json_keyn(none, &n));
    assert_int_equal(jbz_json_count(none), 0);
    assert_int_not_equal(jbz_msg_read(&m, &doc, text, 8, toks, 4), JBZ_E_OK);
    assert_int_equal(jbz_check_app("nonsense", 8, JBZ_ANY, &e), JBZ_E_JSON);
    assert_true(jbz_utf8_valid("", 0));
    jbz_out_init(&o, mem, sizeof mem);
    jbz_out_str(&o, "too long");
    assert_int_equal(o.error.code, JBZ_E_TOO_BIG);
    assert_string_equal(jbz_last_error(&o, NULL), jbz_strerror(JBZ_E_TOO_BIG));
    assert_non_null(jbz_strerror((jbz_err)9999));
    assert_int_equal(jbz_version(), JBZ_VERSION);
    assert_true(jbz_exact(0) != 0);
}

/* Ids that never were, events that nobody sent, answers to nobody. */
static void a_core_with_nothing_in_it(void **state) {
    jbz_call_id call = { 0, 0 };
    jbz_audio_id sound = { 0, 0 };
    jbz_reply_id later;
    jbz_event ev;
    jbz_stats st;
    (void)state;
    memset(&later, 0, sizeof later);
    memset(&ev, 0, sizeof ev);
    ev.core = w.core;
    assert_null(jbz_call_find(w.core, call));
    assert_null(jbz_call_by_sid(w.core, 0, "nobody"));
    assert_null(jbz_call_by_sid(w.core, 9999, ""));
    assert_null(jbz_audio_find(w.core, sound));
    assert_int_not_equal(jbz_send(jbz_reply(&ev)), JBZ_E_OK);
    assert_int_not_equal(jbz_reply_later(&ev, &later), JBZ_E_OK);
    GONE(jbz_send(jbz_reply_to(w.core, later)));
    assert_int_equal(jbz_send_to(w.core, call, NULL), JBZ_E_ARG);
    jbz_dispatch(&ev);
    assert_false(jbz_core_next(w.core, &ev));
    assert_null(jbz_core_changed(w.core));
    jbz_stop(w.core);
    jbz_core_tick(w.core, 0);
    jbz_core_drain(w.core);
    jbz_core_drain(w.core);
    assert_true(jbz_core_idle(w.core));
    jbz_core_stats(w.core, &st);
    assert_int_equal(st.conns, 0);
    jbz_core_close(NULL);
}

/* A connection that is gone; tests/test_conn.c has that its place is not given away twice. */
static void a_socket_that_is_gone(void **state) {
    const void *bytes;
    size_t room;
    jbz_conn *c;
    (void)state;
    c = jbz_conn_open(w.core);
    assert_int_equal(jbz_conn_slot(c), 0);
    jbz_conn_eof(c);
    pump();
    jbz_conn_closed(c);
    pump();
    jbz_conn_closed(c);
    jbz_conn_eof(c);
    jbz_conn_sent(c, 1);
    assert_int_equal(jbz_conn_wants(c), 0);
    assert_int_equal(jbz_conn_pending(c, &bytes), 0);
    assert_int_equal(jbz_conn_feed(c, "x", 1), 1);
    jbz_conn_buffer(c, &room);
    assert_int_equal(room, 0);
    GONE(jbz_conn_send(c, JBZ_TEXT, "x", 1));
    GONE(jbz_conn_drop(c, 1001, NULL));
    assert_int_equal(stats().conns, 0);
}

static void servers_that_cannot_be(void **state) {
    char prog[] = "p", flag[] = "--nope", *argv[] = { prog, flag, NULL };
    jbz_server_desc d = usual();
    jbz_event ev;
    jbz_error e;
    jbz_stats st;
    jbz_server *s;
    int status, err = dup(2), null = open("/dev/null", O_WRONLY);
    (void)state;
    d.path = "no slash";
    assert_null(jbz_core_open(&d, &e));
    assert_int_equal(e.code, JBZ_E_ARG);
    assert_null(jbz_core_open(&d, NULL));
    assert_null(jbz_server_open(&d, NULL));
    assert_int_equal(jbz_run(&d), JBZ_E_ARG);
    assert_true(jbz_server_memory(&d) > 0);
    dup2(null, 2);
    jbz_log_stderr(JBZ_LOG_WARN, -1, "", "", NULL);
    assert_int_equal(jbz_main(2, argv, &d), 2);
    assert_null(jbz_main_open(2, argv, &d, &status));
    dup2(err, 2);
    close(err);
    close(null);
    assert_int_equal(status, 2);
    d.path = NULL;
    d.any_port = true;
    s = jbz_server_open(&d, &e);
    assert_non_null(s);
    assert_null(jbz_server_accept(s, 0));
    assert_int_equal(jbz_server_poll(s, &ev, 0), JBZ_E_TIMEOUT);
    assert_true(jbz_server_fds(s, NULL, 0, NULL) > 0); /* how many there would be */
    jbz_server_drain(s);
    jbz_server_drain(s);
    jbz_wakeup(s);
    GONE(jbz_server_poll(s, &ev, 0));
    assert_null(jbz_server_accept(s, 0));
    jbz_server_stats(s, &st);
    assert_int_equal(st.conns, 0);
    assert_non_null(jbz_server_core(s));
    (void)jbz_server_port(s);
    jbz_server_close(s);
    jbz_server_close(NULL);
}

/* Each function of the header is called in this file; a new one that is not turns this red. */
static void every_function_is_here(void **state) {
    char *header = slurp("jambonz_ws.h", NULL), *self = slurp("tests/test_misuse.c", NULL), *p, *end = strstr(header, "#if defined(JAMBONZ_WS_IMPLEMENTATION) && !defined(JBZ_IMPLEMENTED)");
    unsigned found = 0;
    (void)state;
    assert_non_null(end);
    *end = 0;
    for (p = header; (p = strstr(p, "\nJBZ_API ")) != NULL;) {
        char call[80], *paren = strchr(p + 9, '('), *name = paren;
        while (name > p && (isalnum((unsigned char)name[-1]) || name[-1] == '_' || name[-1] == '#')) name--;
        snprintf(call, sizeof call, "%.*s(", (int)(paren - name), name);
        p = paren;
        found++;
        if (strncmp(call, "jbz_ev_", 7) == 0) snprintf(call, sizeof call, "X(%.*s)", (int)(paren - name - 7), name + 7);
        if (!strstr(self, call) && strncmp(name, "jbz_ev_", 7) == 0) snprintf(call, sizeof call, "%.*s(", (int)(paren - name), name);
        if (!strchr(call, '#') && !strstr(self, call)) fail_msg("%s is not tested here", call);
    }
    assert_true(found > 150);
    free(header);
    free(self);
}

int main(void) {
#define W(f) cmocka_unit_test_prestate_setup_teardown(f, world_setup, world_teardown, NULL)
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_call_tells_nothing), cmocka_unit_test(no_call_takes_nothing),
        cmocka_unit_test(no_message_takes_anything), cmocka_unit_test(no_socket_takes_nothing), cmocka_unit_test(no_audio_plays_nothing),
        cmocka_unit_test(no_message_takes_verbs), cmocka_unit_test(what_is_no_json), cmocka_unit_test(servers_that_cannot_be),
        cmocka_unit_test(every_function_is_here), W(no_event_tells_anything), W(a_core_with_nothing_in_it), W(a_socket_that_is_gone) };
    return cmocka_run_group_tests_name("misuse", tests, NULL, NULL);
}
