/* What an app in C sends where one with the official SDK calls a method: a line "method<TAB>frame" for each (binary frames in
   hexadecimal), over the core without sockets. tests/sdk/compare.mjs makes the same calls of the SDK and compares. */

#include "../support.h"

static peer *line;
static jbz_call *it(void) { return jbz_call_by_sid(w.core, 0, SID_A); }
#define LEG "b7e0c9a4-1d35-4f6e-8a2b-93c4d5e6f708"

/* Everything that was sent since. */
static void frames_of(const char *method, peer *p) {
    int opcode;
    size_t i;
    serve();
    while ((opcode = next_frame(p)) >= 0) {
        printf("%s\t", method);
        if (opcode == OP_TEXT) printf("%s\n", p->text);
        else for (i = 0; i <= p->text_n; i++) printf(i < p->text_n ? "%02x" : "\n", (unsigned char)p->text[i]);
    }
}

/*---- verbs: in the answer to a hook ----*/

#define VERBS(X) \
    X(say, jbz_say(o, .text = "Good morning.", .loop = 2)) \
    X(play, jbz_play(o, .url = "https://example.com/tune.mp3")) \
    X(gather, jbz_gather(o, .actionHook = "/digits", .input = {"digits", "speech"}, .numDigits = 1, .timeout = 8)) \
    X(llm, jbz_llm(o, .vendor = "openai", .model = "gpt-4o-realtime", .llmOptions = "{\"response_create\":{}}", .toolHook = "/tool")) \
    X(s2s, jbz_s2s(o, .vendor = "openai", .llmOptions = "{\"a\":1}")) \
    X(openai_s2s, jbz_openai_s2s(o, .llmOptions = "{\"a\":1}")) \
    X(qwen_s2s, jbz_qwen_s2s(o, .llmOptions = "{\"a\":1}")) \
    X(google_s2s, jbz_google_s2s(o, .llmOptions = "{\"a\":1}")) \
    X(elevenlabs_s2s, jbz_elevenlabs_s2s(o, .auth = JBZ_LIT(elevenlabs_s2s_auth_opts, .agent_id = "a1"))) \
    X(deepgram_s2s, jbz_deepgram_s2s(o, .llmOptions = "{\"a\":1}")) \
    X(ultravox_s2s, jbz_ultravox_s2s(o, .llmOptions = "{\"a\":1}")) \
    X(dialogflow, jbz_dialogflow(o, .project = "p", .lang = "en-US", .credentials = "{}")) \
    X(agent, jbz_agent(o, .llm = JBZ_LIT(agent_llm_opts, .vendor = "openai", .model = "gpt-4o"), .bargeIn = NULL)) \
    X(listen, jbz_listen(o, .url = "wss://example.com/audio", .mixType = "mono", .bidirectionalAudio = \
        JBZ_LIT(c_bidirectionalAudio_opts, .enabled = JBZ_TRUE, .streaming = JBZ_TRUE, .sampleRate = 8000))) \
    X(stream, jbz_stream(o, .url = "wss://example.com/audio")) \
    X(transcribe, jbz_transcribe(o, .transcriptionHook = "/said")) \
    X(dial, jbz_dial(o, .target = {{.type = "phone", .number = "+15083084809"}, {.type = "user", .name = "bob@example.com"}}, \
        .answerOnBridge = JBZ_TRUE, .headers = {{"X-One", "1"}})) \
    X(conference, jbz_conference(o, .name = "monday", .startConferenceOnEnter = JBZ_FALSE)) \
    X(enqueue, jbz_enqueue(o, .name = "support", .waitHook = "/music")) \
    X(dequeue, jbz_dequeue(o, .name = "support", .timeout = 20)) \
    X(hangup, jbz_hangup_with(o, .headers = {{"X-Reason", "done"}})) \
    X(redirect, jbz_redirect(o, .actionHook = "/next")) \
    X(pause, jbz_pause(o, .length = 1.5)) \
    X(leave, jbz_leave(o)) \
    X(sipDecline, jbz_sip_decline(o, .status = 486, .reason = "Busy \"now\"")) \
    X(sipRequest, jbz_sip_request(o, .method = "INFO", .body = "ping\n\xC3\xA9")) \
    X(sipRefer, jbz_sip_refer(o, .referTo = "sip:1001@example.com")) \
    X(transfer, jbz_transfer(o, .mode = "blind", .target = {{.type = "phone", .number = "+15083084809"}})) \
    X(config, jbz_config(o, .synthesizer = JBZ_LIT(c_synthesizer_opts, .vendor = "google", .language = "en-US", .voice = "A"))) \
    X(answer, jbz_answer(o)) \
    X(alert, jbz_alert(o, .message = "Front door")) \
    X(tag, jbz_tag(o, .data = {{"customer", "17"}})) \
    X(dtmf, jbz_dtmf(o, .dtmf = "1234#", .duration = 250)) \
    X(dub, jbz_dub(o, .action = "addTrack", .track = "music")) \
    X(message, jbz_message(o, .to = "15083084809", .from = "15083728299", .text = "You missed a call")) \
    X(notifyEvents, jbz_config(o, .notifyEvents = JBZ_TRUE)) \
    X(addVerbs, jbz_raw(o, "[{\"verb\":\"say\",\"text\":\"one\"},{\"verb\":\"hangup\"}]")) \
    X(reply, jbz_say(o, .text = "hi"))

#define JBZ_X(name, verb) static void act_##name(const jbz_event *ev) { \
    jbz_out *o; const char *path; \
    if (!jbz_event_wants_ack(ev->type)) return; \
    o = jbz_reply(ev); verb; \
    if (jbz_send(o) != JBZ_E_OK) fail_msg(#name ": %s", (jbz_last_error(w.core, &path), path)); }
VERBS(JBZ_X)
#undef JBZ_X

static void verbs(void) {
#define JBZ_X(name, verb) w.act = act_##name; say_hook(line, "m-" #name, SID_A, "/hook"); frames_of(#name, line);
    VERBS(JBZ_X)
#undef JBZ_X
    w.act = NULL;
}

/*---- commands ----*/

static void did(const char *method, jbz_err err) {
    const char *path;
    jbz_last_error(w.core, &path);
    if (err != JBZ_E_OK) fail_msg("%s: %s", method, path);
    frames_of(method, line);
}

static void commands(void) {
    static const char *const hints[] = { "Acme", "jambonz" };
    jbz_out *o = jbz_cmd_redirect(it());
    jbz_say(o, .text = "now");
    did("send", jbz_send(o));
    o = jbz_cmd_redirect_queue(it());
    jbz_say(o, .text = "then");
    did("send queued", jbz_send(o));
    did("injectCommand", jbz_cmd(it(), "x:y", LEG, "{\"a\":[1,true,null]}"));
    did("injectRedirect", jbz_cmd_redirect_hook(it(), "/other", NULL));
    did("injectWhisper", jbz_cmd_whisper(it(), LEG, JBZ_LIT(say_opts, .text = "psst"), NULL));
    did("injectMute", jbz_cmd_mute_status(it(), LEG, "mute"));
    did("injectNoiseIsolation", jbz_cmd_noise_isolation_status(it(), JBZ_LIT(cmd_noise_isolation_status_opts, .noise_isolation_status = "enable",
                                                                             .vendor = "krisp", .level = 80)));
    did("injectListenStatus", jbz_cmd_listen_status(it(), "pause"));
    did("injectSay", jbz_cmd_room_say(it(), JBZ_LIT(cmd_room_say_opts, .text = "hello room")));
    did("injectPlay", jbz_cmd_room_play(it(), JBZ_LIT(cmd_room_play_opts, .url = {"https://example.com/a.mp3"})));
    did("injectRecord", jbz_cmd_record(it(), JBZ_LIT(cmd_record_opts, .action = "startCallRecording", .recordingID = "r1",
                                                     .siprecServerURL = {"sip:rec@example.com"})));
    did("injectDtmf", jbz_cmd_dtmf(it(), LEG, '5', 250));
    did("injectTag", jbz_cmd_tag(it(), "{\"customer\":17}"));
    did("sendCommand", jbz_cmd_media_path(it(), "full-media"));
    did("sendToolOutput", jbz_cmd_llm_tool_output(it(), JBZ_LIT(tool_output_opts, .id = "t1", .vendor = "ultravox", .text = "11 C")));
    did("updateLlm", jbz_cmd_llm_update(it(), "{\"type\":\"session.update\",\"session\":{}}"));
    did("updateAgent", jbz_cmd_agent_update_instructions(it(), "be brief"));
    did("injectSttReconfigure", jbz_cmd_stt_reconfigure(it(), hints, 2));
}

/*---- speech ----*/

static void speech(void) {
    jbz_tts_write(it(), "One two.", 8, NULL);
    frames_of("sendTtsTokens", line);
    say(line, "{\"type\":\"tts:streaming-event\",\"call_sid\":\"" SID_A "\",\"data\":{\"event_type\":\"stream_open\"}}");
    frames_of("sendTtsTokens", line);
    jbz_tts_flush(it());
    say(line, "{\"type\":\"tts:tokens-result\",\"call_sid\":\"" SID_A "\",\"data\":{\"id\":1,\"status\":\"ok\"}}");
    frames_of("flushTtsTokens", line);
    did("clearTtsTokens", jbz_tts_clear(it()));
}

/*---- audio ----*/

static jbz_audio_id heard_on;
static void on_sound(const jbz_event *ev, void *user) { (void)user; heard_on = jbz_audio_id_of(ev->audio); }

static peer *listening(jbz_audio_way way, uint32_t rate) {
    peer *p = join_as("/", "audio.drachtio.org");
    say(p, "{\"sampleRate\":8000,\"mixType\":\"mono\",\"callSid\":\"" SID_A "\"}");
    serve();
    assert_int_equal(jbz_audio_mode(jbz_audio_find(w.core, heard_on), way, rate), JBZ_E_OK);
    return p;
}

static void audio(void) {
    static const int16_t pcm[] = { 1, 2, -3, 0x1234 };
    static const uint8_t wav[] = { 'R', 'I', 'F', 'F', 0, 0 };
    peer *p = listening(JBZ_AUDIO_STREAM, 8000);
    jbz_audio_write(jbz_audio_find(w.core, heard_on), pcm, 4, NULL);
    frames_of("sendAudio", p);
    jbz_audio_mark(jbz_audio_find(w.core, heard_on), "half");
    frames_of("sendMark", p);
    jbz_audio_clear_marks(jbz_audio_find(w.core, heard_on));
    frames_of("clearMarks", p);
    p = listening(JBZ_AUDIO_CLIPS, 0);
    jbz_audio_play(jbz_audio_find(w.core, heard_on), JBZ_LIT(audio_clip, .bytes = wav, .len = 6, .audioContentType = "wav", .sampleRate = 8000,
                                                               .id = "c1", .queuePlay = true));
    frames_of("playAudio", p);
    jbz_audio_kill(jbz_audio_find(w.core, heard_on));
    frames_of("killAudio", p);
    jbz_audio_disconnect(jbz_audio_find(w.core, heard_on));
    frames_of("disconnect", p);
}

int main(void) {
    jbz_server_desc d = usual();
    d.on_audio = on_sound;
    world_open(&d);
    line = live_call(SID_A, "inbound");
    verbs();
    commands();
    speech();
    audio();
    world_close();
    return 0;
}
