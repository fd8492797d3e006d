/* Room 11: commands as they go over the wire (PROTOCOL 3.3, 5), and what is refused before it does. */
#include "support.h"

#define LEG "b7e0c9a4-1d35-4f6e-8a2b-93c4d5e6f708"
#define COMMAND(name, rest) "{\"type\":\"command\",\"command\":\"" name "\"" rest "}"
#define sends(expr, name, rest) do { \
    assert_int_equal(expr, JBZ_E_OK); \
    pump(); \
    hears(p, COMMAND(name, rest)); \
} while (0)
#define refuses(expr, code) do { \
    assert_int_equal(expr, code); \
    pump(); \
    hears_nothing(p); \
} while (0)

static peer *p;
static jbz_call *call;

static void start(void) {
    p = live_call(SID_A, "inbound");
    call = the_call();
}

static void plain_commands(void **state) {
    (void)state;
    start();
    sends(jbz_cmd_call_status(call, "completed"), "call:status", ",\"data\":{\"call_status\":\"completed\"}");
    sends(jbz_cmd_mute_status(call, LEG, "mute"), "mute:status", ",\"callSid\":\"" LEG "\",\"data\":{\"mute_status\":\"mute\"}");
    sends(jbz_cmd_conf_mute_status(call, "unmute"), "conf:mute-status", ",\"data\":{\"conf_mute_status\":\"unmute\"}");
    sends(jbz_cmd_conf_participant_action(call, "coach", "agent", NULL), "conf:participant-action",
          ",\"data\":{\"action\":\"coach\",\"tag\":\"agent\"}");
    sends(jbz_cmd_listen_status(call, "pause"), "listen:status", ",\"data\":{\"listen_status\":\"pause\"}");
    sends(jbz_cmd_transcribe_status(call, "resume"), "transcribe:status", ",\"data\":{\"transcribe_status\":\"resume\"}");
    sends(jbz_cmd_media_path(call, "no-media"), "media:path", ",\"data\":\"no-media\"");
    sends(jbz_cmd_redirect_hook(call, "/next-app", NULL), "redirect", ",\"data\":{\"call_hook\":\"/next-app\"}");
    sends(jbz_cmd_tag(call, "{\"a\":1}"), "tag", ",\"data\":{\"a\":1}");
}

/* Nested, and always with a callSid: the server's default is another leg (PROTOCOL fact 15, 9.2). */
static void nested_commands(void **state) {
    (void)state;
    start();
    sends(jbz_cmd_dtmf(call, NULL, '5', 300), "dtmf", ",\"callSid\":\"" SID_A "\",\"data\":{\"dtmf\":{\"digit\":\"5\",\"duration\":300}}");
    sends(jbz_cmd_sip_request(call, LEG, JBZ_LIT(cmd_sip_request_opts, .method = "INFO", .content_type = "text/plain", .content = "x")),
          "sip:request",
          ",\"callSid\":\"" LEG "\",\"data\":{\"sip_request\":{\"method\":\"INFO\",\"content_type\":\"text/plain\",\"content\":\"x\"}}");
    sends(jbz_cmd_record(call, JBZ_LIT(cmd_record_opts, .action = "startCallRecording", .recordingID = "rec-4711")), "record",
          ",\"data\":{\"action\":\"startCallRecording\",\"recordingID\":\"rec-4711\"}");
}

/* 0 would be taken for missing: it goes as text with its unit (PROTOCOL fact 12). */
static void no_falsy_data(void **state) {
    (void)state;
    start();
    assert_int_equal(jbz_cmd_boost_audio_signal(call, NULL, 0), JBZ_E_OK);
    pump();
    assert_non_null(strstr(heard(p), "\"0 dB\""));
    refuses(jbz_cmd(call, "config", NULL, "null"), JBZ_E_ARG);
    refuses(jbz_cmd(call, "config", NULL, " 0 "), JBZ_E_ARG);
}

static void wrong_words_are_refused(void **state) {
    (void)state;
    start();
    refuses(jbz_cmd_call_status(call, "busy"), JBZ_E_VALUE);
    refuses(jbz_cmd_mute_status(call, NULL, "loud"), JBZ_E_VALUE);
    refuses(jbz_cmd_conf_participant_action(call, "dance", NULL, NULL), JBZ_E_VALUE);
    refuses(jbz_cmd_media_path(call, "all"), JBZ_E_VALUE);
    refuses(jbz_cmd_record(call, JBZ_LIT(cmd_record_opts, .type = "cloud")), JBZ_E_MISSING);
    refuses(jbz_cmd_record(call, JBZ_LIT(cmd_record_opts, .action = "eat")), JBZ_E_VALUE);
    refuses(jbz_cmd_tag(call, "{"), JBZ_E_RAW);
}

/* The five shapes of tool output (PROTOCOL 5). */
static void tool_output(void **state) {
    (void)state;
    start();
    sends(jbz_cmd_llm_tool_output(call, JBZ_LIT(tool_output_opts, .id = "call_1", .text = "11 C", .vendor = "openai")), "llm:tool-output",
          ",\"tool_call_id\":\"call_1\",\"data\":{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"function_call_output\","
          "\"call_id\":\"call_1\",\"output\":\"11 C\"}}");
    sends(jbz_cmd_llm_tool_output(call, JBZ_LIT(tool_output_opts, .id = "tool-9", .text = "11 C", .vendor = "elevenlabs")), "llm:tool-output",
          ",\"tool_call_id\":\"tool-9\",\"data\":{\"data\":{\"type\":\"client_tool_result\",\"tool_call_id\":\"tool-9\","
          "\"result\":\"11 C\",\"is_error\":false}}");
    refuses(jbz_cmd_llm_tool_output(call, JBZ_LIT(tool_output_opts, .text = "11 C", .vendor = "openai")), JBZ_E_MISSING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_commands, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nested_commands, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(no_falsy_data, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(wrong_words_are_refused, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(tool_output, world_setup, world_teardown),
    };
    return cmocka_run_group_tests_name("cmd", tests, NULL, NULL);
}
