/* Many verbs in the notation of C99 and C++20. Compiled, not run; with all warnings as errors. */
#include "jambonz_ws.h"

void twin(jbz_out *o);
void twin(jbz_out *o) {
    const jbz_c_synthesizer_opts voice = { .vendor = "google", .language = "en-US", .voice = "en-US-Wavenet-C" };
    static const jbz_say_opts bye = { .text = "Bye." };
    jbz_answer(o);
    jbz_config(o, .synthesizer = &voice, .recognizer = JBZ_LIT(c_recognizer_opts, .vendor = "deepgram", .hints = { "sales", "support" },
                  .deepgramOptions = JBZ_LIT(c_recognizer_deepgramOptions_opts, .model = "nova-2", .endpointing_num = 500)),
                  .bargeIn = JBZ_LIT(config_bargeIn_opts, .enable = JBZ_TRUE, .actionHook = "/barge", .input = { "speech" }),
                  .record = JBZ_LIT(config_record_opts, .action = "startCallRecording", .type = "siprec", .siprecServerURL_list = { "a", "b" }),
                  .listen = JBZ_LIT(config_listen_opts, .enable = JBZ_TRUE, .url = "wss://x", .metadata = { { "a", "b" } }));
    jbz_gather(o, .actionHook = "/menu", .input = { "digits", "speech" }, .numDigits = 1, .timeout = 8, .bargein = JBZ_TRUE,
                  .say = JBZ_LIT(say_opts, .text = "For sales press 1.", .synthesizer = &voice));
    jbz_say(o, .text_list = { "Bye.", "So long." }, .loop = JBZ_FOREVER);
    jbz_put_say(o, &bye);
    jbz_play(o, .url = "https://x/y.wav", .loop = 2, .seekOffset_str = "8000");
    jbz_dial(o, .target = { { .type = "phone", .number = "+15085551212", .trunk = "t" },
                            { .type = "sip", .sipUri = "sip:a@b", .headers = { { "X-A", "1" } }, .auth = JBZ_LIT(c_auth_opts, .username = "u", .password = "p") } },
                .actionHook = "/dialed", .timeout = 20, .callerId = "+1", .answerOnBridge = JBZ_TRUE,
                .confirmHook_obj = JBZ_LIT(c_actionHook_opts, .url = "/confirm"), .dtmfCapture = { "*1", "*2" },
                .headers = { { "X-Ref", "4711" } }, .boostAudioSignal_str = "+6 dB",
                .transcribe = JBZ_LIT(transcribe_opts, .transcriptionHook = "/t", .channel = 1),
                .dub = { { .action = "addTrack", .track = "music" } });
    jbz_conference(o, .name = "c", .beep = JBZ_TRUE, .startConferenceOnEnter = JBZ_FALSE, .statusEvents = { "join", "leave" });
    jbz_enqueue(o, .name = "q", .actionHook = "/done", .waitHook = "/wait", .priority = JBZ_ZERO);
    jbz_dequeue(o, .name = "q", .timeout = 5);
    jbz_listen(o, .url = "/audio", .mixType = "mono", .sampleRate = 16000,
                  .bidirectionalAudio = JBZ_LIT(c_bidirectionalAudio_opts, .enabled = JBZ_TRUE, .streaming = JBZ_TRUE, .sampleRate = 16000));
    jbz_llm(o, .vendor = "openai", .model = "gpt-4o", .auth = JBZ_LIT(c_llm_base_auth_opts, .apiKey = "k"), .llmOptions = "{}",
               .actionHook = "/final", .events = { "all" }, .mcpServers = { { .url = "https://x" } });
    jbz_agent(o, .llm = JBZ_LIT(agent_llm_opts, .vendor = "openai", .llmOptions = JBZ_LIT(agent_llmOptions_opts,
                 .messages = { { .role = "system", .content = "You are helpful." } }, .temperature = 0.7)), .toolFiller = JBZ_FALSE);
    jbz_tag(o, .data = { { "campaign", "spring" } });
    jbz_message(o, .to = "+1", .from = "+2", .text = "hi");
    jbz_dtmf(o, .dtmf = "1234#");
    jbz_sip_decline(o, .status = 486, .reason = "Busy", .headers = { { "Retry-After", "60" } });
    jbz_sip_refer(o, .referTo = "+1");
    jbz_sip_request(o, .method = "INFO", .body = "x");
    jbz_pause(o, .length = jbz_exact(0.5));
    jbz_redirect(o, .actionHook = "/more");
    jbz_leave(o);
    jbz_hangup_with(o, .headers = { { "X-Reason", "done" } });
    jbz_hangup(o);
}
