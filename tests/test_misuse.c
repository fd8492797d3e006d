/* What an app hands over when it did not look: jbz_call_find and jbz_audio_find return NULL for what is gone, and events that
   belong to no call or socket have none. Everything that takes them answers, and does nothing (THREATS 97). */

#include "support.h"

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

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_call_tells_nothing), cmocka_unit_test(no_call_takes_nothing),
        cmocka_unit_test(no_message_takes_anything), cmocka_unit_test(no_socket_takes_nothing), cmocka_unit_test(no_audio_plays_nothing) };
    return cmocka_run_group_tests_name("misuse", tests, NULL, NULL);
}
