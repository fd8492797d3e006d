/* Room 11: commands against the examples of the protocol, accessors against the example messages, tools, environment. */
#include "support.h"
#include <dirent.h>
#include <math.h>

static peer *line;
static jbz_call *it(void) { return jbz_call_by_sid(w.core, 0, SID_A); }

/*---- JSON values are equal whatever the order of their members ----*/

static bool same(jbz_json a, jbz_json b) {
    jbz_json x, y;
    uint32_t n = 0;
    if (jbz_json_type_of(a) != jbz_json_type_of(b)) return false;
    switch (jbz_json_type_of(a)) {
    case JBZ_JSON_STRING: return strcmp(jbz_json_str(a, "", ""), jbz_json_str(b, "", "")) == 0;
    case JBZ_JSON_NUMBER: {
        double d = jbz_json_num(a, "", 0) - jbz_json_num(b, "", 0);
        return d > -1e-9 && d < 1e-9;
    }
    case JBZ_JSON_ARRAY:
        for (x = jbz_json_first(a), y = jbz_json_first(b); jbz_json_type_of(x); x = jbz_json_next(a, x), y = jbz_json_next(b, y))
            if (!same(x, y)) return false;
        return jbz_json_count(a) == jbz_json_count(b);
    case JBZ_JSON_OBJECT:
        for (x = jbz_json_first(a); jbz_json_type_of(x); x = jbz_json_next(a, x)) {
            for (y = jbz_json_first(b); jbz_json_type_of(y) && strcmp(jbz_json_key(y), jbz_json_key(x)) != 0;) y = jbz_json_next(b, y);
            if (!same(x, y)) return false;
            n++;
        }
        return jbz_json_count(b) == n;
    default: return true;
    }
}

static void same_text(const char *got, const char *want, const char *what) {
    static jbz_tok toks[2][512];
    static char text[2][65536];
    jbz_doc doc[2];
    strcpy(text[0], got);
    strcpy(text[1], want);
    assert_int_equal(jbz_json_parse(&doc[0], text[0], strlen(got), toks[0], 512, NULL), JBZ_E_OK);
    assert_int_equal(jbz_json_parse(&doc[1], text[1], strlen(want), toks[1], 512, NULL), JBZ_E_OK);
    if (!same(jbz_json_root(&doc[0]), jbz_json_root(&doc[1]))) fail_msg("%s:\ngot    %s\nwanted %s", what, got, want);
}

/* The command that was sent is that of the example file. */
static void is_example(jbz_err err, const char *name) {
    char path[256], *want;
    const char *got, *culprit;
    if (err != JBZ_E_OK) fail_msg("%s: %s: %s", name, jbz_last_error(w.core, &culprit), ((jbz_error *)w.core)->path);
    serve();
    got = heard(line);
    if (!got) fail_msg("%s: nothing was sent", name);
    snprintf(path, sizeof path, "tests/fixtures/commands/%s.json", name);
    want = slurp(path, NULL);
    same_text(got, want, name);
    free(want);
}
static void is_text(jbz_err err, const char *want) {
    assert_int_equal(err, JBZ_E_OK);
    serve();
    hears(line, want);
}

/* Nothing was sent, for this reason, with this culprit. */
static void is_wrong(jbz_err got, jbz_err err, const char *path) {
    const char *culprit;
    unsigned lines = logged[JBZ_LINE_NOT_SENT];
    if (got != err) fail_msg("wanted %d %s, got %d %s", (int)err, path, (int)got, ((jbz_error *)w.core)->path);
    jbz_last_error(w.core, &culprit);
    assert_string_equal(culprit, path);
    assert_true(lines > 0 && strstr(log_last[JBZ_LINE_NOT_SENT], path) != NULL);
    serve();
    hears_nothing(line);
}

static void begin(const char *sid, jbz_target target) {
    jbz_server_desc d = usual();
    d.target = target;
    world_again(&d);
    line = live_call(sid, "inbound");
}

#define LEG_B "b7e0c9a4-1d35-4f6e-8a2b-93c4d5e6f708"
#define EXAMPLE_A "0f3a9d1e-7c44-4a0b-9d5e-5b8f6f0a2c11"

static void test_golden(void **state) {
    jbz_c_synthesizer_opts google_gb = { .vendor = "google", .language = "en-GB" };
    static const char *const hints[] = { "en", "es" };
    jbz_call *c;
    (void)state;
    begin(EXAMPLE_A, JBZ_ANY);
    c = jbz_call_by_sid(w.core, 0, EXAMPLE_A);
    is_example(jbz_cmd_redirect_hook(c, "/next-app", NULL), "redirect-call-hook");
    is_example(jbz_cmd_redirect_hook(c, "https://other.example.org/incoming", "POST"), "redirect-call-hook-object");
    is_example(jbz_cmd_redirect_child(c, "/child-app", NULL), "redirect-child-call-hook");
    is_example(jbz_cmd_call_status(c, "completed"), "call-status-completed");
    is_example(jbz_cmd_call_status(c, "no-answer"), "call-status-no-answer");
    is_example(jbz_cmd_mute_status(c, LEG_B, "mute"), "mute-status");
    is_example(jbz_cmd_conf_mute_status(c, "mute"), "conf-mute-status");
    is_example(jbz_cmd_conf_hold_status(c, "hold", "/conf-hold"), "conf-hold-status");
    is_example(jbz_cmd_conf_hold_status(c, "unhold", NULL), "conf-unhold-status");
    is_example(jbz_cmd_conf_participant_action(c, "coach", "agent", NULL), "conf-participant-coach");
    is_example(jbz_cmd_conf_participant_action(c, "hold", NULL, "/conf-hold"), "conf-participant-hold");
    is_example(jbz_cmd_conf_participant_action(c, "kick", NULL, NULL), "conf-participant-kick");
    is_example(jbz_cmd_conf_participant_action(c, "mute", NULL, NULL), "conf-participant-mute");
    is_example(jbz_cmd_conf_participant_action(c, "tag", "agent", NULL), "conf-participant-tag");
    is_example(jbz_cmd_conf_participant_action(c, "uncoach", NULL, NULL), "conf-participant-uncoach");
    is_example(jbz_cmd_conf_participant_action(c, "unhold", NULL, NULL), "conf-participant-unhold");
    is_example(jbz_cmd_conf_participant_action(c, "unmute", NULL, NULL), "conf-participant-unmute");
    is_example(jbz_cmd_conf_participant_action(c, "untag", NULL, NULL), "conf-participant-untag");
    is_example(jbz_cmd_listen_status(c, "pause"), "listen-status-pause");
    is_example(jbz_cmd_listen_status(c, "resume"), "listen-status-resume");
    is_example(jbz_cmd_stream_status(c, "pause"), "stream-status-pause");
    is_example(jbz_cmd_transcribe_status(c, "pause"), "transcribe-status-pause");
    is_example(jbz_cmd_transcribe_status(c, "resume"), "transcribe-status-resume");
    is_example(jbz_cmd_dtmf(c, NULL, '5', 300), "dtmf");
    is_example(jbz_cmd_boost_audio_signal(c, LEG_B, -3), "boost-audio-signal-number");
    is_example(jbz_cmd_boost_audio_signal(c, NULL, 0), "boost-audio-signal-zero");
    is_example(jbz_cmd_media_path(c, "no-media"), "media-path-no-media");
    is_example(jbz_cmd_media_path(c, "partial-media"), "media-path-partial-media");
    is_example(jbz_cmd_media_path(c, "full-media"), "media-path-full-media");
    is_example(jbz_cmd_tag(c, "{\"supervisor\":\"jane\",\"priority\":\"high\"}"), "tag");
    is_example(jbz_cmd_stt_reconfigure(c, hints, 2), "stt-reconfigure");
    is_example(jbz_cmd_config(c, JBZ_LIT(config_opts, .synthesizer = JBZ_LIT(c_synthesizer_opts, .vendor = "google", .language = "fr-FR",
        .voice = "fr-FR-Neural2-B"), .notifyEvents = JBZ_TRUE)), "config");
    is_example(jbz_cmd_dial(c, JBZ_LIT(rest_dial_opts, .from = "+442045770123", .to = JBZ_LIT(c_target_opts, .type = "phone",
        .number = "+15085550142"), .call_hook = "/outbound", .call_status_hook = "/status", .tag = { { "campaign", "spring" } }, .timeout = 30)), "dial");
    is_example(jbz_cmd_dub(c, NULL, JBZ_LIT(dub_opts, .action = "addTrack", .track = "bgm")), "dub-add-track");
    is_example(jbz_cmd_dub(c, NULL, JBZ_LIT(dub_opts, .action = "removeTrack", .track = "bgm")), "dub-remove-track");
    is_example(jbz_cmd_dub(c, NULL, JBZ_LIT(dub_opts, .action = "silenceTrack", .track = "bgm")), "dub-silence-track");
    is_example(jbz_cmd_dub(c, NULL, JBZ_LIT(dub_opts, .action = "playOnTrack", .track = "bgm", .play = "https://media.example.org/rain.mp3",
        .loop = JBZ_TRUE, .gain_str = "-12 dB")), "dub-play-on-track");
    is_example(jbz_cmd_dub(c, LEG_B, JBZ_LIT(dub_opts, .action = "sayOnTrack", .track = "coach", .say_obj = JBZ_LIT(say_opts,
        .text = "Offer the refund.", .synthesizer = &google_gb), .gain = -6)), "dub-say-on-track");
    is_example(jbz_cmd_record(c, JBZ_LIT(cmd_record_opts, .action = "startCallRecording", .recordingID = "rec-4711",
        .siprecServerURL = "sip:srs.example.org", .headers = { { "X-Case", "4711" } })), "record-start");
    is_example(jbz_cmd_record(c, JBZ_LIT(cmd_record_opts, .action = "startCallRecording", .type = "cloud")), "record-start-cloud");
    is_example(jbz_cmd_record(c, JBZ_LIT(cmd_record_opts, .action = "stopCallRecording")), "record-stop");
    is_example(jbz_cmd_record(c, JBZ_LIT(cmd_record_opts, .action = "pauseCallRecording")), "record-pause");
    is_example(jbz_cmd_record(c, JBZ_LIT(cmd_record_opts, .action = "resumeCallRecording")), "record-resume");
    is_example(jbz_cmd_record(c, JBZ_LIT(cmd_record_opts, .action = "pauseCallRecording", .type = "cloud", .silence = JBZ_TRUE)),
        "record-pause-cloud-silence");
    is_example(jbz_cmd_sip_request(c, NULL, JBZ_LIT(cmd_sip_request_opts, .method = "INFO", .content_type = "application/json",
        .content = "{\"k\":1}", .headers = { { "X-Info", "yes" } })), "sip-request");
    is_example(jbz_cmd_whisper(c, LEG_B, JBZ_LIT(say_opts, .text = "One minute left."),
        JBZ_LIT(play_opts, .url = "https://media.example.org/beep.wav")), "whisper");
    is_example(jbz_cmd_whisper_raw(c, NULL, "{\"verb\":\"say\",\"text\":\"Caller is a VIP.\"}"), "whisper-single");
    is_example(jbz_cmd_noise_isolation_status(c, JBZ_LIT(cmd_noise_isolation_status_opts, .noise_isolation_status = "disable")),
        "noise-isolation-disable");
    is_example(jbz_cmd_noise_isolation_status(c, JBZ_LIT(cmd_noise_isolation_status_opts, .noise_isolation_status = "enable",
        .vendor = "krisp", .level = 80)), "noise-isolation-enable");
    is_example(jbz_cmd_room_say(c, JBZ_LIT(cmd_room_say_opts, .text = "The meeting ends in five minutes.", .synthesizer = &google_gb,
        .loop = 1, .id = "ann-1", .replace = JBZ_FALSE)), "room-say");
    is_example(jbz_cmd_room_play(c, JBZ_LIT(cmd_room_play_opts, .url = "https://media.example.org/gong.wav", .id = "ann-2",
        .replace = JBZ_TRUE)), "room-play");
    is_example(jbz_cmd_llm_update(c, "{\"type\":\"UpdateInstructions\",\"instructions\":\"Speak slowly.\"}"), "llm-update-deepgram");
    is_example(jbz_cmd_agent_update_instructions(c, "You are the billing desk."), "agent-update-instructions");
    is_example(jbz_cmd_agent_inject_context(c, "system", "Account 42 is Gold."), "agent-update-inject-context");
    is_example(jbz_cmd_agent_update_tools(c, "[{\"type\":\"function\",\"function\":{\"name\":\"transfer_call\",\"description\":\"transfer\","
        "\"parameters\":{\"type\":\"object\",\"properties\":{}}}}]"), "agent-update-tools");
    is_example(jbz_cmd_agent_generate_reply(c, "account 12345", "Be brief.", JBZ_TRUE), "agent-update-generate-reply");
    is_example(jbz_cmd_agent_update(c, "{\"type\":\"inject_context\",\"messages\":[{\"role\":\"system\",\"content\":\"Account 42 is Gold.\"}]}"),
        "agent-update-inject-context");
    is_example(jbz_tts_clear(c), "tts-clear");
    is_example(jbz_tts_flush(c), "tts-flush");
    hears_nothing(line);
}

/* Shapes that have no example, or one that PROTOCOL 9 corrects. */
static void test_shapes(void **state) {
    jbz_out *o;
    jbz_call *c;
    (void)state;
    begin(SID_A, JBZ_ANY);
    c = it();
    is_text(jbz_cmd_redirect_both(c, "/a", "/b"),
        "{\"type\":\"command\",\"command\":\"redirect\",\"data\":{\"call_hook\":\"/a\",\"child_call_hook\":\"/b\"}}");
    o = jbz_cmd_redirect_parent(c);
    jbz_conference(o, .name = "room-9");
    is_text(jbz_send(o), "{\"type\":\"command\",\"command\":\"redirect\",\"data\":{\"parent_call\":[{\"verb\":\"conference\",\"name\":\"room-9\"}]}}");
    assert_int_equal(jbz_send(jbz_cmd_redirect_parent(c)), JBZ_E_MISSING); /* as with all redirects: no empty list */
    is_text(jbz_cmd_dtmf(c, LEG_B, '#', 0), "{\"type\":\"command\",\"command\":\"dtmf\",\"callSid\":\"" LEG_B "\",\"data\":{\"dtmf\":{\"digit\":\"#\"}}}");
    is_text(jbz_cmd_mute_status(c, NULL, "unmute"), "{\"type\":\"command\",\"command\":\"mute:status\",\"data\":{\"mute_status\":\"unmute\"}}");
    is_text(jbz_cmd_whisper(c, NULL, JBZ_LIT(say_opts, .text = "x"), NULL),
        "{\"type\":\"command\",\"command\":\"whisper\",\"data\":{\"whisper\":[{\"verb\":\"say\",\"text\":\"x\"}]}}");
    is_text(jbz_cmd_whisper_raw(c, NULL, " [ {\"text\":\"x\",\"verb\":\"say\"} , {\"verb\":\"play\",\"url\":\"y\"} ] "),
        "{\"type\":\"command\",\"command\":\"whisper\",\"data\":{\"whisper\":[ {\"text\":\"x\",\"verb\":\"say\"} , {\"verb\":\"play\",\"url\":\"y\"} ]}}");
    is_text(jbz_cmd_boost_audio_signal(c, NULL, 6.5), "{\"type\":\"command\",\"command\":\"boostAudioSignal\",\"data\":6.5}");
    is_text(jbz_cmd_stt_reconfigure(c, NULL, 0), "{\"type\":\"command\",\"command\":\"stt:reconfigure\",\"data\":{\"languageHints\":[]}}");
    is_text(jbz_cmd(c, "x:new", LEG_B, " {} "), "{\"type\":\"command\",\"command\":\"x:new\",\"callSid\":\"" LEG_B "\",\"data\":{}}");
    is_text(jbz_cmd(c, "x:none", NULL, NULL), "{\"type\":\"command\",\"command\":\"x:none\"}");
}

static void test_wrong(void **state) {
    static const char *const falsy[] = { "0", "-0", "0.0", " 0.00 ", "0e5", "0.0E-3", "-0.0", "false", "null ", "\"\"" };
    static const char *const truthy[] = { "0.5", "-1", "[]", "{}", "\"0\"", "true", "10", "0.001", "1e-9" };
    jbz_call *c;
    char big[600];
    size_t i;
    (void)state;
    begin(SID_A, JBZ_ANY);
    c = it();
    is_wrong(jbz_cmd_mute_status(c, NULL, "mutee"), JBZ_E_VALUE, "mute:status.mute_status");
    is_wrong(jbz_cmd_mute_status(c, NULL, NULL), JBZ_E_MISSING, "mute:status.mute_status");
    is_wrong(jbz_cmd_mute_status(c, NULL, ""), JBZ_E_MISSING, "mute:status.mute_status");
    is_wrong(jbz_cmd_mute_status(c, "", "mute"), JBZ_E_ARG, "mute:status.callSid");
    is_wrong(jbz_cmd_call_status(c, "busy"), JBZ_E_VALUE, "call:status.call_status");
    is_wrong(jbz_cmd_listen_status(c, "silence"), JBZ_E_VALUE, "listen:status.listen_status");
    is_wrong(jbz_cmd_conf_hold_status(c, "unhold", "/x"), JBZ_E_CONFLICT, "conf:hold-status.wait_hook");
    is_wrong(jbz_cmd_conf_participant_action(c, "tag", NULL, NULL), JBZ_E_MISSING, "conf:participant-action.tag");
    is_wrong(jbz_cmd_conf_participant_action(c, "mute", "x", NULL), JBZ_E_CONFLICT, "conf:participant-action.tag");
    is_wrong(jbz_cmd_conf_participant_action(c, "kick", NULL, "/x"), JBZ_E_CONFLICT, "conf:participant-action.wait_hook");
    is_wrong(jbz_cmd_conf_participant_action(c, "dance", NULL, NULL), JBZ_E_VALUE, "conf:participant-action.action");
    is_wrong(jbz_cmd_conf_participant_action(c, NULL, NULL, NULL), JBZ_E_MISSING, "conf:participant-action.action");
    is_wrong(jbz_cmd_dtmf(c, NULL, 'x', 0), JBZ_E_VALUE, "dtmf.digit");
    is_wrong(jbz_cmd_dtmf(c, NULL, '|', 0), JBZ_E_VALUE, "dtmf.digit");
    is_wrong(jbz_cmd_dtmf(c, NULL, 0, 0), JBZ_E_MISSING, "dtmf.digit");
    is_wrong(jbz_cmd_boost_audio_signal(c, NULL, NAN), JBZ_E_VALUE, "boostAudioSignal");
    is_wrong(jbz_cmd_boost_audio_signal(c, NULL, INFINITY), JBZ_E_VALUE, "boostAudioSignal");
    is_wrong(jbz_cmd_media_path(c, "media"), JBZ_E_VALUE, "media:path");
    is_wrong(jbz_cmd_media_path(c, NULL), JBZ_E_MISSING, "media:path");
    is_wrong(jbz_cmd_tag(c, "[]"), JBZ_E_RAW, "tag");
    is_wrong(jbz_cmd_tag(c, "{\"a\":}"), JBZ_E_RAW, "tag");
    is_wrong(jbz_cmd_tag(c, NULL), JBZ_E_MISSING, "tag");
    is_wrong(jbz_cmd_redirect_hook(c, NULL, NULL), JBZ_E_MISSING, "redirect.call_hook");
    is_wrong(jbz_cmd_redirect_hook(c, "/x", "PUT"), JBZ_E_VALUE, "redirect.method");
    is_wrong(jbz_cmd_redirect_child(c, "", NULL), JBZ_E_MISSING, "redirect.child_call_hook");
    is_wrong(jbz_cmd_redirect_both(c, "/x", NULL), JBZ_E_MISSING, "redirect.child_call_hook");
    is_wrong(jbz_cmd_config(c, NULL), JBZ_E_MISSING, "config");
    is_wrong(jbz_cmd_config(c, JBZ_LIT(config_opts, .id = NULL)), JBZ_E_MISSING, "config");
    is_wrong(jbz_cmd_config(c, JBZ_LIT(config_opts, .vad = JBZ_LIT(c_vad_opts, .mode = 7))), JBZ_E_VALUE, "config.vad.mode");
    is_wrong(jbz_cmd_dial(c, JBZ_LIT(rest_dial_opts, .from = "1", .call_hook = "/x")), JBZ_E_MISSING, "rest:dial.to");
    is_wrong(jbz_cmd_dub(c, NULL, JBZ_LIT(dub_opts, .action = "addTrack")), JBZ_E_MISSING, "dub.track");
    is_wrong(jbz_cmd_record(c, JBZ_LIT(cmd_record_opts, .action = "start")), JBZ_E_VALUE, "record.action");
    is_wrong(jbz_cmd_sip_request(c, NULL, JBZ_LIT(cmd_sip_request_opts, .content = "x")), JBZ_E_MISSING, "sip:request.method");
    is_wrong(jbz_cmd_whisper(c, NULL, NULL, NULL), JBZ_E_MISSING, "whisper.whisper");
    is_wrong(jbz_cmd_whisper(c, NULL, JBZ_LIT(say_opts, .loop = 1, .loop_str = "1"), NULL), JBZ_E_CONFLICT, "say.loop");
    is_wrong(jbz_cmd_whisper_raw(c, NULL, "{\"verb\":\"dial\"}"), JBZ_E_VALUE, "whisper.whisper");
    is_wrong(jbz_cmd_whisper_raw(c, NULL, "[]"), JBZ_E_VALUE, "whisper.whisper");
    is_wrong(jbz_cmd_whisper_raw(c, NULL, "[{\"verb\":\"say\"},3]"), JBZ_E_VALUE, "whisper.whisper");
    is_wrong(jbz_cmd_whisper_raw(c, NULL, "[{\"verb\":\"say\"}"), JBZ_E_RAW, "whisper.whisper");
    is_wrong(jbz_cmd_whisper_raw(c, NULL, NULL), JBZ_E_MISSING, "whisper.whisper");
    is_wrong(jbz_cmd_noise_isolation_status(c, JBZ_LIT(cmd_noise_isolation_status_opts, .noise_isolation_status = "enable", .level = 101)),
        JBZ_E_VALUE, "noiseIsolation:status.level");
    is_wrong(jbz_cmd_agent_inject_context(c, "boss", "x"), JBZ_E_VALUE, "agent:update.role");
    is_wrong(jbz_cmd_agent_update(c, "{\"type\":\"x\"}"), JBZ_E_VALUE, "agent:update.type");
    is_wrong(jbz_cmd_agent_update(c, "{}"), JBZ_E_MISSING, "agent:update.type");
    is_wrong(jbz_cmd_agent_update_tools(c, "{}"), JBZ_E_RAW, "agent:update.tools");
    is_wrong(jbz_cmd_llm_update(c, "3"), JBZ_E_RAW, "llm:update");
    for (i = 0; i < sizeof falsy / sizeof falsy[0]; i++) assert_int_equal(jbz_cmd(c, "x", NULL, falsy[i]), JBZ_E_ARG);
    serve();
    hears_nothing(line);
    for (i = 0; i < sizeof truthy / sizeof truthy[0]; i++) {
        assert_int_equal(jbz_cmd(c, "x", NULL, truthy[i]), JBZ_E_OK);
        serve();
        assert_non_null(heard(line));
    }

    { /* larger than jambonz takes */
        jbz_server_desc d = usual();
        d.max_out = 512;
        world_again(&d);
        line = live_call(SID_A, "inbound");
        memset(big, 'x', sizeof big - 1);
        big[sizeof big - 1] = 0;
        is_wrong(jbz_cmd_agent_update_instructions(it(), big), JBZ_E_TOO_BIG, "agent:update.instructions");
        is_wrong(jbz_cmd_config(it(), JBZ_LIT(config_opts, .onHoldMusic = big)), JBZ_E_TOO_BIG, "config.onHoldMusic");
    }

    /* what only v10 knows is refused for the open server */
    begin(SID_A, JBZ_OSS);
    c = it();
    is_wrong(jbz_cmd_room_play(c, JBZ_LIT(cmd_room_play_opts, .url = "x")), JBZ_E_TARGET, "room:play");
    is_wrong(jbz_cmd_tag(c, "{}"), JBZ_E_TARGET, "tag");
    is_wrong(jbz_cmd_stt_reconfigure(c, NULL, 0), JBZ_E_TARGET, "stt:reconfigure");
    is_wrong(jbz_cmd_agent_generate_reply(c, NULL, NULL, JBZ_UNSET), JBZ_E_TARGET, "agent:update");
    is_wrong(jbz_cmd_agent_update(c, "{}"), JBZ_E_TARGET, "agent:update");

    jbz_hangup_call(c);
    serve();
    hears_redirect(line, DECLINE);
    is_wrong(jbz_cmd_mute_status(c, NULL, "mute"), JBZ_E_GONE, "mute:status");
}

/* Commands wait for the app's open message, for the first answer, and for a lost socket; in order. */
static void test_waiting(void **state) {
    jbz_out *o;
    size_t used;
    (void)state;
    begin(SID_A, JBZ_ANY);
    used = stats().pool_used;
    o = jbz_cmd_redirect(it());
    assert_int_equal(jbz_cmd_mute_status(it(), NULL, "mute"), JBZ_E_OK);
    assert_int_equal(jbz_cmd_config(it(), JBZ_LIT(config_opts, .notifyEvents = JBZ_TRUE)), JBZ_E_OK);
    assert_true(stats().pool_used - used <= 2 * 256 + 256); /* no more than they are long, and what a call may need */
    is_wrong(jbz_cmd_mute_status(it(), NULL, "x"), JBZ_E_VALUE, "mute:status.mute_status");
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    serve();
    hears_redirect(line, SAY_HI);
    hears(line, "{\"type\":\"command\",\"command\":\"mute:status\",\"data\":{\"mute_status\":\"mute\"}}");
    hears(line, "{\"type\":\"command\",\"command\":\"config\",\"data\":{\"notifyEvents\":true}}");
    hears_nothing(line);

    leave(line, 0);
    assert_int_equal(jbz_cmd_mute_status(it(), NULL, "unmute"), JBZ_E_OK);
    line = join();
    say_reconnect(line, "r", SID_A, "inbound");
    hears_bare(line, "r");
    hears(line, "{\"type\":\"command\",\"command\":\"mute:status\",\"data\":{\"mute_status\":\"unmute\"}}");
}

/* Without memory nothing is sent, and nothing breaks. */
static void test_no_memory(void **state) {
    jbz_server_desc d = usual();
    jbz_call *c;
    jbz_out *o;
    size_t taken;
    (void)state;
    d.pool = 65536;
    d.max_message = 16384;
    d.max_out = 8192;
    w.direct = true; /* else even what is sent needs the pool */
    world_again(&d);
    line = live_call(SID_A, "inbound");
    c = it();
    while (jbz_cmd_redirect(c) && jbzi_buf_take(&w.core->net.pool, 48, true)) w.core->net.tx_busy = false; /* all of the pool */
    assert_int_equal(jbz_tts_write(c, "x", 1, &taken), JBZ_E_NOMEM);
    assert_int_equal(taken, 0);
    assert_int_equal(jbz_tts_flush(c), JBZ_E_NOMEM);
    assert_int_equal(jbz_tts_clear(c), JBZ_E_NOMEM);
    assert_int_equal(jbz_tts_queued(c), 0);
    w.core->net.tx_busy = false;
    o = jbz_cmd_redirect(c);
    is_wrong(jbz_cmd_mute_status(c, NULL, "mute"), JBZ_E_NOMEM, "mute:status");
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    is_text(jbz_cmd_mute_status(c, NULL, "mute"), /* the shared buffer is free: that needs no pool */
        "{\"type\":\"command\",\"command\":\"redirect\",\"data\":" SAY_HI "}");
    hears(line, "{\"type\":\"command\",\"command\":\"mute:status\",\"data\":{\"mute_status\":\"mute\"}}");
}

static void put_model(const char *verb, const char *vendor);

/* Members that are looked for in an app's JSON, data that is none, what does not get smaller by copying it. */
static void test_borders(void **state) {
    static char big[20000];
    jbz_call *c;
    jbz_out *o;
    (void)state;
    begin(SID_A, JBZ_ANY);
    c = it();
    is_text(jbz_cmd_whisper(c, NULL, NULL, JBZ_LIT(play_opts, .url = "x")),
        "{\"type\":\"command\",\"command\":\"whisper\",\"data\":{\"whisper\":[{\"verb\":\"play\",\"url\":\"x\"}]}}");
    is_wrong(jbz_cmd_whisper(c, NULL, NULL, JBZ_LIT(play_opts, .loop = 1)), JBZ_E_MISSING, "play.url");
    is_wrong(jbz_cmd_conf_participant_action(c, NULL, "x", NULL), JBZ_E_MISSING, "conf:participant-action.action");
    is_text(jbz_cmd_agent_update(c, "{\"types\":\"x\",\"type\":\"generate_reply\"}"),
        "{\"type\":\"command\",\"command\":\"agent:update\",\"data\":{\"types\":\"x\",\"type\":\"generate_reply\"}}");
    is_wrong(jbz_cmd_agent_update(c, NULL), JBZ_E_MISSING, "agent:update");
    is_wrong(jbz_cmd_agent_update(c, "{\"type\":"), JBZ_E_RAW, "agent:update");
    is_wrong(jbz_cmd_agent_update(c, "[]"), JBZ_E_RAW, "agent:update");
    is_wrong(jbz_cmd_llm_update(c, NULL), JBZ_E_MISSING, "llm:update");

    memset(big, 'x', sizeof big - 1);
    o = jbz_cmd_redirect(c);
    assert_int_equal(jbz_cmd_agent_update_instructions(c, big), JBZ_E_OK);
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    hears_redirect(line, SAY_HI);
    assert_non_null(heard(line));
    assert_non_null(strstr(line->text, big));

    begin(SID_A, JBZ_OSS);
    c = it();
    put_model("llm", "deepgram");
    is_wrong(jbz_cmd_llm_update(c, NULL), JBZ_E_MISSING, "llm:update");
    is_wrong(jbz_cmd_llm_update(c, "{"), JBZ_E_RAW, "llm:update");
    is_wrong(jbz_cmd_llm_update(c, "[]"), JBZ_E_RAW, "llm:update");
    put_model("llm", "google");
    is_text(jbz_tool_output(c, .id = "f", .json = "{\"a\":1}"), "{\"type\":\"command\",\"command\":\"llm:tool-output\","
        "\"tool_call_id\":\"function_call_id\",\"data\":{\"toolResponse\":{\"functionResponses\":[{\"id\":\"f\",\"response\":{\"output\":{\"a\":1}}}]}}}");
    jbz_hangup_call(c);
    hears_redirect(line, DECLINE);
    assert_int_equal(jbz_send(jbz_cmd_redirect_parent(c)), JBZ_E_GONE);
}

/* The bytes that are asked for are the bytes that are needed. */
static void test_memory(void **state) {
    jbz_server_desc d = usual();
    jbz_core *core;
    size_t size;
    char *memory;
    (void)state;
    d.max_conns = 4;
    size = jbz_server_memory(&d);
    memory = (char *)malloc(size + 16);
    d.memory = (char *)(((uintptr_t)memory + 15) & ~(uintptr_t)15); /* not every malloc aligns to 16 */
    d.memory_size = size - 20000;
    assert_null(jbz_core_open(&d, NULL));
    d.memory_size = size;
    core = jbz_core_open(&d, NULL);
    assert_non_null(core);
    jbz_core_close(core);
    free(memory);
}

/*---- legs ----*/

static void say_leg(const char *sid, const char *status) {
    say(line, "{\"type\":\"call:status\",\"msgid\":\"s\",\"call_sid\":\"" SID_A "\",\"data\":{\"call_sid\":\"%s\",\"parent_call_sid\":\"" SID_A "\","
              "\"direction\":\"outbound\",\"call_status\":\"%s\"}}", sid, status);
}

static void test_legs(void **state) {
    static const char *const over[] = { "completed", "failed", "busy", "no-answer" };
    char sid[16];
    int i;
    (void)state;
    begin(SID_A, JBZ_ANY);
    assert_null(jbz_call_leg(it(), 0));
    for (i = 0; i < 4; i++) {
        say_leg("leg-1", "trying");
        say_leg("leg-2", "trying");
        say_leg("leg-1", over[i]);
        assert_string_equal(jbz_call_leg(it(), 0), "leg-2");
        assert_null(jbz_call_leg(it(), 1));
        say_leg("leg-2", over[i]);
        assert_null(jbz_call_leg(it(), 0));
    }
    assert_string_equal(jbz_call_status(it()), "in-progress"); /* a leg's is not the call's */
    for (i = 0; i < 25; i++) {
        snprintf(sid, sizeof sid, "leg-%d", i);
        say_leg(sid, "ringing");
        say_leg(sid, "in-progress");
    }
    assert_string_equal(jbz_call_leg(it(), 0), "leg-15"); /* the latest ten */
    assert_string_equal(jbz_call_leg(it(), 9), "leg-24");
    assert_null(jbz_call_leg(it(), 10));
    is_text(jbz_cmd_mute_status(it(), jbz_call_leg(it(), 9), "mute"),
        "{\"type\":\"command\",\"command\":\"mute:status\",\"callSid\":\"leg-24\",\"data\":{\"mute_status\":\"mute\"}}");
}

/*---- tools ----*/

static void put_model(const char *verb, const char *vendor) {
    jbz_out *o = jbz_cmd_redirect(it());
    if (strcmp(verb, "llm") == 0) jbz_llm(o, .vendor = vendor, .llmOptions = "{}");
    else if (strcmp(verb, "s2s") == 0) jbz_s2s(o, .vendor = vendor, .llmOptions = "{}");
    else if (strcmp(verb, "agent") == 0) jbz_agent(o, .greeting = JBZ_TRUE);
    else if (strcmp(vendor, "openai") == 0) jbz_openai_s2s(o, .llmOptions = "{}");
    else if (strcmp(vendor, "google") == 0) jbz_google_s2s(o, .llmOptions = "{}");
    else if (strcmp(vendor, "ultravox") == 0) jbz_ultravox_s2s(o, .llmOptions = "{}");
    else if (strcmp(vendor, "deepgram") == 0) jbz_deepgram_s2s(o, .llmOptions = "{}");
    else if (strcmp(vendor, "qwen") == 0) jbz_qwen_s2s(o, .llmOptions = "{}");
    else jbz_elevenlabs_s2s(o, .auth = JBZ_LIT(elevenlabs_s2s_auth_opts, .agent_id = "x"));
    jbz_hangup(o); /* verbs behind it do not matter */
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    serve();
    assert_non_null(heard(line));
}

static void outputs(const char *verb, const char *vendor) {
    put_model(verb, vendor);
    if (strcmp(verb, "agent") == 0 || strcmp(vendor, "qwen") == 0)
        is_example(jbz_tool_output(it(), .id = "call_77", .json = "{\"temperature\":11,\"unit\":\"C\"}"), "llm-tool-output");
    else if (strcmp(vendor, "openai") == 0 || strcmp(vendor, "microsoft") == 0)
        is_example(jbz_tool_output(it(), .id = "call_Xy12", .json = "{\"temperature\":11}"), "llm-tool-output-openai");
    else if (strcmp(vendor, "google") == 0)
        is_example(jbz_tool_output(it(), .id = "fc-1", .text = "11 C"), "llm-tool-output-google");
    else if (strcmp(vendor, "ultravox") == 0)
        is_example(jbz_tool_output(it(), .id = "inv-3", .json = " \"11 C\" "), "llm-tool-output-ultravox");
    else if (strcmp(vendor, "elevenlabs") == 0)
        is_example(jbz_tool_output(it(), .id = "tool-9", .text = "11 C"), "llm-tool-output-elevenlabs");
    else
        is_example(jbz_tool_output(it(), .id = "fn-2", .name = "get_weather", .text = "11 C"), "llm-tool-output-deepgram");
}

static void test_tools(void **state) {
    static const char *const vendors[] = { "openai", "google", "ultravox", "elevenlabs", "deepgram", "qwen", "microsoft", "voiceagent" };
    size_t i;
    jbz_out *o;
    (void)state;
    begin(SID_A, JBZ_ANY);
    is_wrong(jbz_tool_output(it(), .id = "x", .text = "y"), JBZ_E_MISSING, "llm:tool-output.vendor");
    for (i = 0; i < 8; i++) {
        outputs("llm", vendors[i]);
        outputs("s2s", vendors[i]);
        if (i < 6) outputs("..._s2s", vendors[i]);
    }
    outputs("agent", "");
    is_example(jbz_tool_output(it(), .id = "inv-3", .text = "11 C", .vendor = "ultravox"), "llm-tool-output-ultravox"); /* named */
    is_wrong(jbz_tool_output(it(), .text = "y"), JBZ_E_MISSING, "llm:tool-output.id");
    is_wrong(jbz_tool_output(it(), .id = "x"), JBZ_E_MISSING, "llm:tool-output.text");
    is_wrong(jbz_tool_output(it(), .id = "x", .text = "y", .json = "1"), JBZ_E_CONFLICT, "llm:tool-output.json");
    is_wrong(jbz_tool_output(it(), .id = "x", .json = "{"), JBZ_E_RAW, "llm:tool-output.json");
    is_wrong(jbz_tool_output(it(), .id = "x", .text = "y", .vendor = "deepgram"), JBZ_E_MISSING, "llm:tool-output.name");
    is_text(jbz_tool_output(it(), .id = "x", .json = "0"), /* falsy, but not at the top */
        "{\"type\":\"command\",\"command\":\"llm:tool-output\",\"tool_call_id\":\"x\",\"data\":{\"result\":0}}");
    is_text(jbz_tool_output(it(), .id = "x", .text = "y", .vendor = "elevenlabs", .is_error = JBZ_TRUE),
        "{\"type\":\"command\",\"command\":\"llm:tool-output\",\"tool_call_id\":\"x\",\"data\":{\"data\":{\"type\":\"client_tool_result\","
        "\"tool_call_id\":\"x\",\"result\":\"y\",\"is_error\":true}}}");

    /* a message that was not sent does not count; other verbs leave it as it is */
    put_model("llm", "ultravox");
    o = jbz_cmd_redirect(it());
    jbz_llm(o, .vendor = "google");
    assert_int_equal(jbz_send(o), JBZ_E_MISSING);
    o = jbz_cmd_redirect(it());
    jbz_say(o, .text = "x");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    serve();
    assert_non_null(heard(line));
    is_example(jbz_tool_output(it(), .id = "inv-3", .text = "11 C"), "llm-tool-output-ultravox");

    begin(SID_A, JBZ_V10);
    is_text(jbz_tool_output(it(), .id = "x", .text = "y"),
        "{\"type\":\"command\",\"command\":\"llm:tool-output\",\"tool_call_id\":\"x\",\"data\":{\"result\":\"y\"}}");

    begin(SID_A, JBZ_OSS);
    put_model("llm", "openai");
    is_example(jbz_cmd_llm_update(it(), "{\"type\":\"session.update\",\"session\":{\"instructions\":\"Speak slowly.\"}}"), "llm-update-openai");
    is_wrong(jbz_cmd_llm_update(it(), "{\"x\":{\"type\":\"session.update\"},\"type\":\"session.end\"}"), JBZ_E_VALUE, "llm:update.type");
    is_wrong(jbz_cmd_llm_update(it(), "{\"x\":1}"), JBZ_E_MISSING, "llm:update.type");
    put_model("llm", "ultravox");
    is_example(jbz_cmd_llm_update(it(), "{\"type\":\"input_text_message\",\"text\":\"The caller is a VIP.\"}"), "llm-update-ultravox");
    put_model("llm", "elevenlabs");
    is_wrong(jbz_cmd_llm_update(it(), "{\"type\":\"x\"}"), JBZ_E_TARGET, "llm:update.type");
    put_model("llm", "google");
    is_text(jbz_cmd_llm_update(it(), "{\"any\":1}"), "{\"type\":\"command\",\"command\":\"llm:update\",\"data\":{\"any\":1}}");
}

/* The verbs that start a model are told by the ends of their names; exactly these. */
static void test_models(void **state) {
    static const char *const models[] = { "agent", "llm", "s2s", "openai_s2s", "google_s2s", "elevenlabs_s2s", "deepgram_s2s",
        "ultravox_s2s", "qwen_s2s", "gptlive_s2s" };
    static const struct { const char *name; bool model; } verbs[] = {
#define JBZ_X(verb, wire, server) { wire, JBZI_VERB_HAS_MODEL(wire) },
        JBZ_VERBS(JBZ_X)
#undef JBZ_X
    };
    size_t i, k, found = 0;
    (void)state;
    for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        bool want = false;
        for (k = 0; k < 10; k++) want = want || strcmp(models[k], verbs[i].name) == 0;
        if (verbs[i].model != want) fail_msg("%s", verbs[i].name);
        found += want;
    }
    assert_int_equal(found, 10);
}

/*---- accessors ----*/

static const char *told; /* what the accessor under test said */
static void (*ask)(const jbz_event *ev);
static void act_ask(const jbz_event *ev) { if (ask) ask(ev); }

#define ASK(file, expression)                                            \
    do {                                                                 \
        ask = ask_##expression;                                          \
        told = NULL;                                                     \
        play(line, file);                                                \
        if (!told) fail_msg("%s did not come (%s)", file, w.log);        \
        w.log[0] = 0;                                                    \
    } while (0)

static char said[512];
static void tell_text(const char *s) { snprintf(said, sizeof said, "%s", s); told = said; }

/* All accessors at once: those that are not at their default, in order. */
static void add(const char *name, const char *value) {
    size_t n = strlen(said);
    snprintf(said + n, sizeof said - n, "%s%s=%s", n ? " " : "", name, value);
}
static void add_num(const char *name, double value, double none) {
    char text[32];
    snprintf(text, sizeof text, "%g", value);
    if (value < none || value > none) add(name, text);
}
static void ask_all(const jbz_event *ev) {
    jbz_tool_call t;
    uint32_t i;
    said[0] = 0;
#define TEXT(name) if (*jbz_ev_##name(ev)) add(#name, jbz_ev_##name(ev))
    TEXT(what);
    TEXT(result);
    TEXT(reason);
    TEXT(error);
    TEXT(details);
    TEXT(verb);
    TEXT(verb_id);
    TEXT(transcript);
    add_num("confidence", jbz_ev_confidence(ev), 0);
    if (jbz_ev_is_final(ev)) add("is_final", "true");
    TEXT(language);
    add_num("channel", jbz_ev_channel(ev), 0);
    TEXT(translation);
    TEXT(digits);
    TEXT(dial_status);
    add_num("dial_sip_status", jbz_ev_dial_sip_status(ev), 0);
    TEXT(dial_sid);
    add_num("refer_status", jbz_ev_refer_status(ev), 0);
    TEXT(queue);
    add_num("queue_position", jbz_ev_queue_position(ev), -1);
    add_num("queue_size", jbz_ev_queue_size(ev), -1);
    add_num("queue_time", jbz_ev_queue_time(ev), -1);
    TEXT(conference_name);
    add_num("members", jbz_ev_members(ev), -1);
    TEXT(amd);
    TEXT(response);
    if (jbz_ev_interrupted(ev)) add("interrupted", "true");
    add_num("latency", jbz_ev_latency(ev, "model_latency"), -1);
    TEXT(spoken);
    add_num("duration", jbz_ev_duration(ev), -1);
    for (i = 0; jbz_ev_tool_call(ev, i, &t); i++) {
        add("tool", t.id);
        add("name", t.name);
        add("city", jbz_json_str(t.args, "/cityName", jbz_json_str(t.args, "/orderId", "")));
    }
    if (ev->type == JBZ_EV_UNKNOWN) add("type", jbz_json_str(ev->message, "/type", ""));
    told = said;
}

/* Who and where, as each message tells it. */
static void ask_facts(const jbz_event *ev) {
    said[0] = 0;
    TEXT(call_sid);
    if (jbz_ev_leg(ev)) add("leg", jbz_ev_leg(ev));
    TEXT(parent_sid);
    TEXT(from);
    TEXT(to);
    TEXT(caller_name);
    TEXT(call_status);
    add_num("sip_status", jbz_ev_sip_status(ev), 0);
    TEXT(sip_reason);
    TEXT(fs_sip_address);
    TEXT(fs_public_ip);
    if (*jbz_json_str(jbz_ev_customer_data(ev), "/orderId", "")) add("order", jbz_json_str(jbz_ev_customer_data(ev), "/orderId", ""));
    told = said;
}

static void test_accessors(void **state) {
    static const struct { const char *file, *want; } cases[] = {
        { "verb-hook-gather-speech", "result=speechDetected reason=speechDetected verb_id=g1 transcript=I would like to check my balance "
          "confidence=0.94 is_final=true language=en-GB channel=1" },
        { "verb-hook-gather-partial", NULL },
        { "verb-hook-gather-digits", NULL },
        { "verb-hook-gather-timeout", NULL },
        { "verb-hook-gather-error", "result=error reason=error details=stt-down" },
        { "verb-hook-dial", "result=completed dial_status=completed dial_sip_status=200 dial_sid=" LEG_B },
        { "verb-hook-dial-dtmf", "digits=*2" },
        { "verb-hook-listen", "digits=# duration=21" },
        { "verb-hook-play", "result=playCompleted reason=playCompleted duration=4.12" },
        { "verb-hook-enqueue-wait", "queue=queue:6a1f0c52-2f0e-4f0a-9f0e-8d2b7a4c1e90:support queue_position=1 queue_size=3 queue_time=6" },
        { "verb-hook-enqueue", "result=bridged queue=queue:6a1f0c52-2f0e-4f0a-9f0e-8d2b7a4c1e90:support queue_time=48" },
        { "verb-hook-dequeue", "result=complete" },
        { "verb-hook-conference-status", "what=join conference_name=standup members=2 duration=12.345" },
        { "verb-hook-amd-machine", "what=amd_machine_detected result=hint reason=hint language=en-GB amd=amd_machine_detected" },
        { "verb-hook-sip-refer", "refer_status=200" },
        { "verb-hook-sip-refer-event", "what=transfer-status refer_status=180" },
        { "verb-hook-sip-request", "result=success" },
        { "verb-hook-sip-request-failed", "result=failed error=request timeout" },
        { "verb-hook-transfer", "result=bridged reason=completed dial_sid=" LEG_B },
        { "verb-hook-llm", "result=normal conversation end reason=normal conversation end" },
        { "verb-hook-llm-error", "result=server error reason=server error error=bad session" },
        { "verb-hook-transcribe", "transcript=hello there confidence=0.94 is_final=true language=en-GB channel=1" },
        { "verb-hook-transcribe-event", "what=SpeechStarted" },
        { "verb-hook-transcribe-translation", "language=fr channel=1 translation=bonjour" },
        { "verb-hook-dialogflow-event", "what=transcription transcript=book a table is_final=true" },
        { "verb-status-speech-bargein", "what=speech-bargein-detected verb=gather verb_id=g1 transcript=stop confidence=0.94 language=en-GB channel=1" },
        { "verb-status-dtmf-bargein", "what=dtmf-bargein-detected verb=gather verb_id=g1 digits=1" },
        { "verb-status-starting", "what=starting verb=say verb_id=hello" },
        { "jambonz-error-asr", "error=ASR error details=STT Vendor deepgram error: connection refused verb=gather verb_id=g1" },
        { "call-status-completed", "duration=37" },
        { "llm-tool-call", "verb=get_weather tool=call_Xy12 name=get_weather city=Leeds" },
        { "llm-tool-call-google", "what=toolCall tool=fc-1 name=get_weather city=Leeds" },
        { "agent-tool-call", "verb=lookup_order tool=call_77 name=lookup_order city=A-1001" },
        { "agent-event-turn-end", "what=turn_end transcript=what time do you open response=We open at nine. latency=410" },
        { "llm-event", "what=response.audio_transcript.done transcript=Sure, one moment." },
        { "tts-streaming-event-tts-spoken", NULL },
        { "queue-status-leave", "what=leave reason=dequeued queue=support queue_size=2" },
    };
    size_t i;
    (void)state;
    begin(EXAMPLE_A, JBZ_ANY);
    w.act = act_ask;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ASK(cases[i].file, all);
        if (cases[i].want && strcmp(told, cases[i].want) != 0)
            fail_msg("%s:\nsays   %s\nwanted %s", cases[i].file, told, cases[i].want);
    }
    ASK("verb-hook-gather-partial", all);
    assert_null(strstr(told, "is_final"));
    assert_non_null(strstr(told, "transcript="));
    ASK("verb-hook-gather-digits", all);
    assert_non_null(strstr(told, "digits="));
    ASK("tts-streaming-event-tts-spoken", all);
    assert_non_null(strstr(told, "spoken="));
}

/* Every message of tests/fixtures/messages, whole: what all accessors say of it stands in tests/fixtures/accessors.tsv, checked
   value by value against the message's JSON. A message without a line there, or the other way round, fails. */
static void test_accessors_all(void **state) {
    FILE *f = fopen("tests/fixtures/accessors.tsv", "r");
    char row[2048];
    int n = 0, files = 0;
    struct dirent *e;
    DIR *dir = opendir("tests/fixtures/messages");
    (void)state;
    assert_non_null(f);
    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) files += strstr(e->d_name, ".json") && strncmp(e->d_name, "audio-", 6) != 0;
    closedir(dir);
    while (fgets(row, sizeof row, f)) {
        char *want = strchr(row, '\t'), *facts = want ? strchr(want + 1, '\t') : NULL;
        if (row[0] == '#') continue;
        assert_non_null(facts);
        *want++ = *facts++ = 0;
        facts[strcspn(facts, "\n")] = 0;
        begin(strcmp(row, "session-new") == 0 ? "9fb35c28-9688-4531-943c-e280b04f3adf" : EXAMPLE_A, JBZ_ANY);
        w.act = act_ask;
        ASK(row, all);
        if (strcmp(told, want) != 0) fail_msg("%s:\nsays   %s\nwanted %s", row, told, want);
        begin(strcmp(row, "session-new") == 0 ? "9fb35c28-9688-4531-943c-e280b04f3adf" : EXAMPLE_A, JBZ_ANY);
        w.act = act_ask;
        ASK(row, facts);
        if (strcmp(told, facts) != 0) fail_msg("%s:\nsays   %s\nwanted %s", row, told, facts);
        n++;
    }
    fclose(f);
    assert_int_equal(n, files);
}

static void ask_info(const jbz_event *ev) {
    char text[512];
    snprintf(text, sizeof text, "%s %s %s %s %s %s %s %d %s", jbz_ev_fs_sip_address(ev), jbz_ev_fs_public_ip(ev), jbz_ev_call_status(ev),
             jbz_ev_sip_reason(ev), jbz_ev_from(ev), jbz_ev_to(ev), jbz_ev_caller_name(ev), jbz_ev_sip_status(ev),
             jbz_ev_leg(ev) ? jbz_ev_leg(ev) : "-");
    tell_text(text);
}
static void ask_customer(const jbz_event *ev) { tell_text(jbz_json_str(jbz_ev_customer_data(ev), "/orderId", "none")); }
static void ask_leg(const jbz_event *ev) {
    char text[256];
    snprintf(text, sizeof text, "%s|%s|%s", jbz_ev_call_sid(ev), jbz_ev_parent_sid(ev), jbz_ev_leg(ev) ? jbz_ev_leg(ev) : "-");
    tell_text(text);
}

static void test_call_info(void **state) {
    (void)state;
    begin(EXAMPLE_A, JBZ_ANY);
    w.act = act_ask;
    ASK("verb-hook-conference-wait", info); /* the one shape ... */
    assert_string_equal(told, "10.20.30.40:5060 198.51.100.20 in-progress OK +442071838750 +442045770123 Ada Lovelace 200 -");
    ASK("verb-hook-conference", info);      /* ... and the other */
    assert_string_equal(told, "10.20.30.40:5060 198.51.100.20 in-progress OK +442071838750 +442045770123  200 -");
    ASK("verb-hook-enqueue-wait", customer);
    assert_string_equal(told, "A-1001");
    ASK("verb-hook-conference", customer);
    assert_string_equal(told, "none");
    ASK("call-status-child-leg", leg);
    assert_string_equal(told, LEG_B "|" EXAMPLE_A "|" LEG_B);
    ASK("dial-confirm", leg);
    assert_string_equal(told, LEG_B "|" EXAMPLE_A "|" LEG_B);
    ASK("verb-status-starting", leg);       /* no call info at all: the envelope's */
    assert_string_equal(told, EXAMPLE_A "||-");
    ask = ask_customer;
    say(line, "{\"type\":\"verb:hook\",\"msgid\":\"x\",\"hook\":\"/x\",\"data\":{\"customerdata\":{\"orderId\":\"old\"}}}");
    assert_string_equal(told, "old");
}

/* No accessor minds an event without data, or with data of the wrong types. */
static void test_accessors_odd(void **state) {
    jbz_event ev;
    jbz_tool_call t;
    (void)state;
    memset(&ev, 0, sizeof ev);
    ask_all(&ev);
    assert_string_equal(said, "");
    assert_null(jbz_ev_leg(&ev));
    assert_false(jbz_ev_tool_call(&ev, 0, &t));
    begin(SID_A, JBZ_ANY);
    w.act = act_ask;
    ask = ask_all;
    say(line, "{\"type\":\"verb:hook\",\"msgid\":\"x\",\"hook\":\"/x\",\"data\":{\"reason\":5,\"digits\":null,\"speech\":[],\"sip_status\":\"x\","
              "\"duration\":\"1600\",\"event\":{},\"members\":9999999999,\"function_calls\":{},\"latency\":{\"model_latency\":1e30},\"type\":7}}");
    assert_string_equal(told, "");
    say(line, "{\"type\":\"llm:tool-call\",\"data\":{\"tool_call_id\":\"function_call_id\",\"function_calls\":[{\"id\":\"1\",\"name\":\"a\",\"args\":"
              "{\"cityName\":\"x\"}},{\"id\":\"2\",\"name\":\"b\"}]}}");
    assert_string_equal(told, "tool=1 name=a city=x tool=2 name=b city=");
}

/*---- environment variables ----*/

static const jbz_env variables[] = {
    { .name = "GREETING", .description = "Greeting", .fallback = "Hello", .uiHint = "textarea" },
    { .name = "MAX_RETRIES", .type = "number", .fallback = "3", .choices = "1, 2,3", .required = JBZ_TRUE },
    { .name = "RATIO", .type = "number", .fallback = "-0.5" },
    { .name = "LOUD", .type = "boolean", .fallback = "true", .required = JBZ_FALSE },
    { .name = "API_KEY", .fallback = "secret", .obscure = JBZ_TRUE },
    { .name = "CARRIER", .jambonzResource = "carriers" },
    { .name = NULL }
};

static void test_env(void **state) {
    static const char options[] = "OPTIONS /x HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n";
    jbz_server_desc d = usual();
    peer *p;
    (void)state;
    d.env = variables;
    world_again(&d);
    p = dial_in();
    feed(p, options, sizeof options - 1);
    assert_int_equal(http_status(p), 200);
    assert_non_null(strstr(p->text, "application/json"));
    p->buf[p->n] = 0;
    same_text((char *)p->buf + p->at, "{\"GREETING\":{\"type\":\"string\",\"description\":\"Greeting\",\"default\":\"Hello\",\"uiHint\":\"textarea\"},"
        "\"MAX_RETRIES\":{\"type\":\"number\",\"description\":\"MAX_RETRIES\",\"required\":true,\"default\":3,\"enum\":[1,2,3]},"
        "\"RATIO\":{\"type\":\"number\",\"description\":\"RATIO\",\"default\":-0.5},"
        "\"LOUD\":{\"type\":\"boolean\",\"description\":\"LOUD\",\"required\":false,\"default\":true},"
        "\"API_KEY\":{\"type\":\"string\",\"description\":\"API_KEY\",\"obscure\":true},"
        "\"CARRIER\":{\"type\":\"string\",\"description\":\"CARRIER\",\"jambonzResource\":\"carriers\"}}", "OPTIONS");

    line = join();
    w.act = answer_first;
    say(line, "{\"type\":\"session:new\",\"msgid\":\"n\",\"call_sid\":\"" SID_A "\",\"data\":{\"call_sid\":\"" SID_A "\",\"direction\":\"inbound\","
              "\"env_vars\":{\"GREETING\":\"Hi\",\"MAX_RETRIES\":2,\"LOUD\":false,\"EXTRA\":\"12.5\",\"BIG\":9007199254740993,\"TRUE\":true}}}");
    hears_ack(line, "n", SAY_HI);
    say_status(line, SID_A, "in-progress");
    assert_string_equal(jbz_call_env(it(), "GREETING"), "Hi");
    assert_string_equal(jbz_call_env(it(), "API_KEY"), "secret");
    assert_null(jbz_call_env(it(), "CARRIER"));
    assert_int_equal(jbz_call_env_int(it(), "MAX_RETRIES", 9), 2);
    assert_true(jbz_call_env_num(it(), "RATIO", 9) < -0.49 && jbz_call_env_num(it(), "RATIO", 9) > -0.51); /* the fallback */
    assert_int_equal(jbz_call_env_int(it(), "RATIO", 9), 9); /* not whole */
    assert_int_equal(jbz_call_env_int(it(), "BIG", 0), 9007199254740993);
    assert_false(jbz_call_env_bool(it(), "LOUD", true));
    assert_true(jbz_call_env_bool(it(), "TRUE", false));
    assert_true(jbz_call_env_bool(it(), "NONE", true));
    assert_true(jbz_call_env_bool(it(), "MAX_RETRIES", true)); /* a number is no boolean */
    assert_int_equal(jbz_call_env_int(it(), "GREETING", 7), 7);
    assert_true(jbz_call_env_num(it(), "EXTRA", 0) > 12.4);
    leave(line, 0); /* values are the call's, not the socket's */
    assert_int_equal(jbz_call_env_int(it(), "MAX_RETRIES", 9), 2);
}

static void test_env_wrong(void **state) {
    static const struct { jbz_env e; const char *path; } wrong[] = {
        { { .name = "A-B" }, "env.A-B.name" },
        { { .name = "" }, "env..name" },
        { { .name = "A", .type = "int" }, "env.A.type" },
        { { .name = "A", .type = "number", .fallback = "three" }, "env.A.fallback" },
        { { .name = "A", .type = "number", .fallback = "3 4" }, "env.A.fallback" },
        { { .name = "A", .type = "boolean", .fallback = "yes" }, "env.A.fallback" },
        { { .name = "A", .type = "number", .choices = "1,x" }, "env.A.choices" },
        { { .name = "A", .fallback = "c", .choices = "a,b" }, "env.A.fallback" },
        { { .name = "A", .uiHint = "slider" }, "env.A.uiHint" },
        { { .name = "A", .jambonzResource = "phones" }, "env.A.jambonzResource" },
    };
    static const char options[] = "OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n";
    jbz_server_desc d = usual();
    jbz_env table[2];
    jbz_error err;
    peer *p;
    size_t i;
    (void)state;
    if (w.core) world_close();
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memset(table, 0, sizeof table);
        table[0] = wrong[i].e;
        d.env = table;
        assert_null(jbz_core_open(&d, &err));
        assert_int_equal(err.code, JBZ_E_VALUE);
        assert_string_equal(err.path, wrong[i].path);
    }
    memset(table, 0, sizeof table); /* an empty table is no table: {} is not a valid answer */
    world_open(&d);
    p = dial_in();
    feed(p, options, sizeof options - 1);
    assert_int_equal(http_status(p), 405);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(test_golden), T(test_shapes), T(test_wrong), T(test_waiting), T(test_no_memory), T(test_borders), T(test_memory), T(test_legs), T(test_tools), T(test_models), T(test_accessors), T(test_accessors_all),
        T(test_call_info), T(test_accessors_odd), T(test_env), T(test_env_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
