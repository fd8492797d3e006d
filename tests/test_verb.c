/* Room 6: typed verbs. The same source is C99 and C++20, so both kinds of literals are tried. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#ifdef __cplusplus
extern "C" {
#endif
#include <cmocka.h>
#ifdef __cplusplus
}
#endif

static char mem[32768];
static jbz_out out;

static jbz_out *start(jbz_target target) {
    jbz_out_init(&out, mem, sizeof mem);
    out.target = (uint8_t)target;
    return &out;
}

/* The text that was written, or "ERROR path". */
static const char *result(void) {
    static const char *const names[] = {
#define JBZ_X(name, value, text) #name,
        JBZ_ERRORS(JBZ_X)
#undef JBZ_X
    };
    static char text[256];
    const char *path, *json = jbz_out_finish(&out, NULL);
    if (json) return json;
    jbz_last_error(&out, &path);
    snprintf(text, sizeof text, "%s %s", names[out.error.code], path);
    return text;
}

#define IS(expected) assert_string_equal(result(), expected)
/* One verb with the given options. */
#define CHECK(target, verb, expected, ...)                                                   \
    do {                                                                                     \
        jbz_out *o = start(target);                                                          \
        jbz_put_##verb(o, JBZ_LIT(verb##_opts, __VA_ARGS__));                                \
        IS(expected);                                                                        \
    } while (0)

static void test_golden(void **state) {
    const jbz_c_synthesizer_opts voice = { .vendor = "google", .language = "en-US" };
    jbz_out *o = start(JBZ_OSS);
    (void)state;
    jbz_answer(o);
    jbz_gather(o, .actionHook = "/menu", .input = { "digits", "speech" }, .numDigits = 1, .timeout = 8, .bargein = JBZ_TRUE,
                  .listenDuringPrompt = JBZ_FALSE,
                  .say = JBZ_LIT(say_opts, .text = "For sales press 1.", .synthesizer = &voice));
    jbz_say(o, .text_list = { "Bye.", "So \"long\"." }, .loop = JBZ_FOREVER);
    jbz_dial(o, .target = { { .type = "phone", .number = "+15085551212" }, { .type = "user", .name = "bob" } },
                .actionHook_obj = JBZ_LIT(c_actionHook_opts, .url = "/dialed"), .timeout = 20.5, .answerOnBridge = JBZ_TRUE,
                .headers = { { "X-A", "1" }, { "X-\"B\"", "" } });
    jbz_tag(o, .data_raw = " { \"a\" : [1] } ");
    jbz_raw(o, "{\"verb\":\"pause\",\"length\":1}");
    jbz_hangup(o);
    assert_int_equal(o->items, 7);
    IS("[{\"verb\":\"answer\"},"
       "{\"verb\":\"gather\",\"actionHook\":\"/menu\",\"input\":[\"digits\",\"speech\"],\"numDigits\":1,\"timeout\":8,\"bargein\":true,"
       "\"listenDuringPrompt\":false,\"say\":{\"text\":\"For sales press 1.\",\"synthesizer\":{\"vendor\":\"google\",\"language\":\"en-US\"}}},"
       "{\"verb\":\"say\",\"text\":[\"Bye.\",\"So \\\"long\\\".\"],\"loop\":\"forever\"},"
       "{\"verb\":\"dial\",\"target\":[{\"type\":\"phone\",\"number\":\"+15085551212\"},{\"type\":\"user\",\"name\":\"bob\"}],"
       "\"actionHook\":{\"url\":\"/dialed\"},\"timeout\":20.5,\"answerOnBridge\":true,\"headers\":{\"X-A\":\"1\",\"X-\\\"B\\\"\":\"\"}},"
       "{\"verb\":\"tag\",\"data\":{ \"a\" : [1] }},{\"verb\":\"pause\",\"length\":1},{\"verb\":\"hangup\"}]");
}

static void test_names_with_colons(void **state) {
    jbz_out *o = start(JBZ_ANY);
    (void)state;
    jbz_sip_decline(o, .status = 480);
    jbz_hangup_with(o, .headers = { { "X-Reason", "busy" } });
    jbz_leave(o);
    jbz_rest_dial(o, .from = "+1", .to = JBZ_LIT(c_target_opts, .type = "phone", .number = "+2"), .call_hook = "/out");
    IS("[{\"verb\":\"sip:decline\",\"status\":480},{\"verb\":\"hangup\",\"headers\":{\"X-Reason\":\"busy\"}},{\"verb\":\"leave\"},"
       "{\"verb\":\"rest:dial\",\"from\":\"+1\",\"to\":{\"type\":\"phone\",\"number\":\"+2\"},\"call_hook\":\"/out\"}]");
}

static void test_values(void **state) {
    (void)state;
    CHECK(JBZ_ANY, say, "[{\"verb\":\"say\",\"text\":\"\"}]", .text = "");
    CHECK(JBZ_ANY, say, "[{\"verb\":\"say\",\"loop\":0}]", .loop = JBZ_ZERO);
    CHECK(JBZ_ANY, say, "[{\"verb\":\"say\",\"loop\":0}]", .loop = jbz_exact(0));
    CHECK(JBZ_ANY, say, "[{\"verb\":\"say\",\"loop\":2}]", .loop = jbz_exact(2));
    CHECK(JBZ_ANY, say, "[{\"verb\":\"say\",\"loop\":\"3\"}]", .loop_str = "3");
    CHECK(JBZ_ANY, say, "[{\"verb\":\"say\"}]", .loop = -0.0);
    CHECK(JBZ_ANY, say, "[{\"verb\":\"say\",\"loop\":-2147483648}]", .loop = -2147483648.0);
    CHECK(JBZ_ANY, say, "[{\"verb\":\"say\",\"stream\":false}]", .stream = JBZ_FALSE);
    CHECK(JBZ_ANY, say, "VALUE say.stream", .stream = (jbz_tri)3);
    CHECK(JBZ_ANY, say, "VALUE say.loop", .loop = strtod("nan", NULL));
    CHECK(JBZ_ANY, say, "VALUE say.loop", .loop = -strtod("inf", NULL));
    CHECK(JBZ_ANY, pause, "VALUE pause.length", .length = JBZ_FOREVER);
    CHECK(JBZ_ANY, pause, "VALUE pause.length", .length = jbz_exact(strtod("nan", NULL)));
    CHECK(JBZ_ANY, transcribe, "[{\"verb\":\"transcribe\",\"channel\":2}]", .channel = 2);
    CHECK(JBZ_ANY, transcribe, "VALUE transcribe.channel", .channel = 3);
    CHECK(JBZ_ANY, transcribe, "VALUE transcribe.channel", .channel = 1.5);
    CHECK(JBZ_ANY, transcribe, "VALUE transcribe.channel", .channel = JBZ_ZERO);
    CHECK(JBZ_ANY, agent, "[{\"verb\":\"agent\",\"noResponseTimeout\":0}]", .noResponseTimeout = JBZ_ZERO);
    CHECK(JBZ_ANY, agent, "VALUE agent.noResponseTimeout", .noResponseTimeout = -1);
    CHECK(JBZ_ANY, agent, "[{\"verb\":\"agent\",\"toolFiller\":false}]", .toolFiller = JBZ_FALSE);
    CHECK(JBZ_ANY, agent, "VALUE agent.toolFiller", .toolFiller = JBZ_TRUE);
    CHECK(JBZ_ANY, agent, "[{\"verb\":\"agent\",\"autoLockLanguage\":\"always\"}]", .autoLockLanguage_str = "always");
    CHECK(JBZ_ANY, listen, "VALUE listen.mixType", .url = "ws://x", .mixType = "mon");
    CHECK(JBZ_ANY, listen, "VALUE listen.mixType", .url = "ws://x", .mixType = "mono|stereo");
    CHECK(JBZ_ANY, listen, "VALUE listen.mixType", .url = "ws://x", .mixType = "");
    CHECK(JBZ_ANY, gather, "VALUE gather.input[1]", .input = { "digits", "peech" });
}

static void test_conflicts(void **state) {
    (void)state;
    CHECK(JBZ_ANY, say, "CONFLICT say.text", .text = "a", .text_list = { "b" });
    CHECK(JBZ_ANY, say, "CONFLICT say.loop", .text = "a", .loop = 1, .loop_str = "2");
    CHECK(JBZ_ANY, play, "CONFLICT play.url", .url = "a", .url_list = { "b" });
    CHECK(JBZ_ANY, dial, "CONFLICT dial.headers", .target = { { .type = "user" } }, .headers = { { "a", "b" } }, .headers_raw = "{}");
    CHECK(JBZ_ANY, gather, "CONFLICT gather.actionHook", .actionHook = "/a", .actionHook_obj = JBZ_LIT(c_actionHook_opts, .url = "/b"));
    CHECK(JBZ_ANY, dial, "CONFLICT dial.target[1].confirmHook",
          .target = { { .type = "user" },
                      { .type = "user", .confirmHook = "/a", .confirmHook_obj = JBZ_LIT(c_actionHook_opts, .url = "/b") } });
    CHECK(JBZ_ANY, say, "CONFLICT say.synthesizer.voice",
          .text = "a", .synthesizer = JBZ_LIT(c_synthesizer_opts, .vendor = "x", .voice = "y", .voice_raw = "{}"));
}

static void test_missing(void **state) {
    jbz_out *o = start(JBZ_ANY);
    (void)state;
    jbz_put_dial(o, NULL);
    IS("MISSING dial.target");
    CHECK(JBZ_ANY, dial, "MISSING dial.target", .timeout = 20);
    CHECK(JBZ_ANY, dial, "MISSING dial.target[0].type", .target = { { .number = "+1" } });
    CHECK(JBZ_ANY, dial, "MISSING dial.target[1].auth.password",
          .target = { { .type = "user" }, { .type = "sip", .auth = JBZ_LIT(c_auth_opts, .username = "u") } });
    CHECK(JBZ_ANY, dial, "MISSING dial.target[0].headers[1]", .target = { { .type = "user", .headers = { { "a", "b" }, { "c", NULL } } } });
    CHECK(JBZ_ANY, play, "MISSING play.url", .loop = 2);
    CHECK(JBZ_ANY, play, "[{\"verb\":\"play\",\"url\":[\"a\",\"b\"]}]", .url_list = { "a", "b" });
    CHECK(JBZ_ANY, gather, "MISSING gather.recognizer.vendor", .recognizer = JBZ_LIT(c_recognizer_opts, .language = "en-US"));
    CHECK(JBZ_ANY, gather, "MISSING gather.play.url", .play = JBZ_LIT(play_opts, .loop = 1));
    CHECK(JBZ_ANY, llm, "MISSING llm.llmOptions", .vendor = "openai");
    CHECK(JBZ_ANY, tag, "MISSING tag.data", .id = "x");
    CHECK(JBZ_ANY, transfer, "MISSING transfer.confirm.digit",
          .mode = "warm", .target = { { .type = "user" } }, .confirm = JBZ_LIT(c_transferOptions_confirm_opts, .prompt = "p"));
    CHECK(JBZ_ANY, agent, "MISSING agent.llm.llmOptions.messages[1].role",
          .llm = JBZ_LIT(agent_llm_opts, .llmOptions = JBZ_LIT(agent_llmOptions_opts,
              .messages = { { .role = "user", .content = "hi" }, { .content = "ho" } })));
}

static void test_raw_members(void **state) {
    (void)state;
    CHECK(JBZ_ANY, llm, "RAW llm.llmOptions", .vendor = "x", .llmOptions = "{");
    CHECK(JBZ_ANY, llm, "RAW llm.llmOptions", .vendor = "x", .llmOptions = "[]");
    CHECK(JBZ_ANY, llm, "RAW llm.llmOptions", .vendor = "x", .llmOptions = "");
    CHECK(JBZ_ANY, llm, "RAW llm.llmOptions", .vendor = "x", .llmOptions = "{}{}");
    CHECK(JBZ_ANY, llm, "[{\"verb\":\"llm\",\"vendor\":\"x\",\"llmOptions\":{}}]", .vendor = "x", .llmOptions = "{}");
    CHECK(JBZ_ANY, config, "RAW config.actionHookDelayAction.actions",
          .actionHookDelayAction = JBZ_LIT(c_actionHookDelayAction_opts, .actions = "{}"));
    CHECK(JBZ_ANY, dial, "[{\"verb\":\"dial\",\"target\":[{\"type\":\"user\"}],\"dtmfCapture\":{\"childCall\":[\"*1\"]}}]",
          .target = { { .type = "user" } }, .dtmfCapture_raw = "{\"childCall\":[\"*1\"]}");
}

static void test_target_oss(void **state) {
    (void)state;
    CHECK(JBZ_OSS, agent, "TARGET agent", .greeting = JBZ_TRUE);
    CHECK(JBZ_V10, agent, "[{\"verb\":\"agent\",\"greeting\":true}]", .greeting = JBZ_TRUE);
    CHECK(JBZ_OSS, room, "TARGET room", .name = "x");
    CHECK(JBZ_OSS, transfer, "TARGET transfer", .mode = "blind", .target = { { .type = "user" } });
    CHECK(JBZ_OSS, dial, "TARGET dial.codecs", .target = { { .type = "user" } }, .codecs = { "PCMU" });
    CHECK(JBZ_V10, dial, "[{\"verb\":\"dial\",\"target\":[{\"type\":\"user\"}],\"codecs\":[\"PCMU\"]}]",
          .target = { { .type = "user" } }, .codecs = { "PCMU" });
    CHECK(JBZ_OSS, llm, "TARGET llm.hangup", .vendor = "x", .llmOptions = "{}", .hangup = JBZ_LIT(c_hangup_opts, .reason = "r"));
    CHECK(JBZ_OSS, dialogflow, "TARGET dialogflow.toolHook", .project = "p", .credentials = "c", .lang = "en",
          .toolHook_obj = JBZ_LIT(c_actionHook_opts, .url = "/t"));
    CHECK(JBZ_OSS, gather, "TARGET gather.recognizer.xaiOptions",
          .recognizer = JBZ_LIT(c_recognizer_opts, .vendor = "xai", .xaiOptions = JBZ_LIT(c_recognizer_xaiOptions_opts, .apiKey = "k")));
    CHECK(JBZ_OSS, elevenlabs_s2s, "MISSING elevenlabs_s2s.llmOptions", .auth = JBZ_LIT(elevenlabs_s2s_auth_opts, .agent_id = "a"));
    CHECK(JBZ_OSS, elevenlabs_s2s, "[{\"verb\":\"elevenlabs_s2s\",\"auth\":{\"agent_id\":\"a\"},\"llmOptions\":{}}]",
          .auth = JBZ_LIT(elevenlabs_s2s_auth_opts, .agent_id = "a"), .llmOptions_raw = "{}");
    CHECK(JBZ_ANY, elevenlabs_s2s, "[{\"verb\":\"elevenlabs_s2s\",\"auth\":{\"agent_id\":\"a\"}}]",
          .auth = JBZ_LIT(elevenlabs_s2s_auth_opts, .agent_id = "a"));
    CHECK(JBZ_OSS, config, "[{\"verb\":\"config\",\"bargeIn\":{\"enable\":true,\"input\":[\"digits\"],\"partialResultHook\":\"/p\","
          "\"finishOnKey\":\"#\",\"numDigits\":4,\"minDigits\":1,\"maxDigits\":6,\"interDigitTimeout\":2,\"dtmfBargein\":true}}]",
          .bargeIn = JBZ_LIT(config_bargeIn_opts, .enable = JBZ_TRUE, .input = { "digits" }, .partialResultHook = "/p", .finishOnKey = "#",
          .numDigits = 4, .minDigits = 1, .maxDigits = 6, .interDigitTimeout = 2, .dtmfBargein = JBZ_TRUE)); /* not in the schema */
    CHECK(JBZ_OSS, config, "MISSING config.bargeIn.enable", .bargeIn = JBZ_LIT(config_bargeIn_opts, .sticky = JBZ_TRUE));
    CHECK(JBZ_ANY, config, "[{\"verb\":\"config\",\"bargeIn\":{}}]", .bargeIn = JBZ_LIT(config_bargeIn_opts, .sticky = JBZ_UNSET));
}

/* The first error stays, and nothing after it is written. */
static void test_sticky(void **state) {
    jbz_out *o = start(JBZ_ANY);
    size_t n = 1;
    (void)state;
    jbz_say(o, .text = "a", .text_list = { "b" });
    jbz_dial(o, .timeout = 1);
    jbz_raw(o, "{");
    assert_null(jbz_out_finish(o, &n));
    assert_int_equal(n, 0);
    IS("CONFLICT say.text");
}

static void test_places(void **state) {
    jbz_out *o = start(JBZ_ANY);
    (void)state;
    jbz_out_open_object(o); /* behind a key, and in an array */
    jbz_out_key(o, "whisper");
    jbz_say(o, .text = "a");
    jbz_out_key(o, "more");
    jbz_out_open_array(o);
    jbz_pause(o, .length = 1);
    jbz_hangup(o);
    jbz_out_close_array(o);
    jbz_out_close_object(o);
    IS("{\"whisper\":{\"verb\":\"say\",\"text\":\"a\"},\"more\":[{\"verb\":\"pause\",\"length\":1},{\"verb\":\"hangup\"}]}");
    o = start(JBZ_ANY);
    jbz_out_open_object(o); /* but not where a key is due */
    jbz_hangup(o);
    IS("STATE ");
    o = start(JBZ_ANY);
    jbz_out_int(o, 1);
    jbz_hangup(o);
    IS("STATE ");
    o = start(JBZ_ANY); /* the path is the verb's, whatever was written before */
    jbz_out_open_object(o);
    jbz_out_key(o, "data");
    jbz_gather(o, .input = { "x" });
    IS("VALUE gather.input[0]");
    o = start(JBZ_ANY);
    jbz_out_open_object(o);
    jbz_out_key(o, "data");
    jbzi_verb_options(o, &jbzi_verb_shape_config, JBZ_LIT(config_opts, .reset = "recognizer"));
    jbz_out_key(o, "none");
    jbzi_verb_options(o, &jbzi_verb_shape_config, NULL);
    jbz_out_close_object(o);
    IS("{\"data\":{\"reset\":\"recognizer\"},\"none\":{}}");
}

static void test_raw_verbs(void **state) {
    static const char *const bad[] = { "", "1", "\"x\"", "[1]", "[{},1]", "[[]]", "{", "[{}", "{},{}", "null" };
    jbz_out *o = start(JBZ_ANY);
    size_t i;
    (void)state;
    jbz_raw(o, "[]");
    jbz_raw(o, " [ {\"a\":1} , {} ] ");
    jbz_raw(o, " {\"say\":{\"text\":\"x\"}} ");
    assert_int_equal(o->items, 3);
    IS("[{\"a\":1},{},{\"say\":{\"text\":\"x\"}}]");
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        jbz_raw(start(JBZ_ANY), bad[i]);
        IS("RAW ");
    }
    jbz_raw(start(JBZ_ANY), NULL);
    IS("ARG ");
}

static void test_long_lists(void **state) {
    jbz_say_opts say;
    int i;
    (void)state;
    say = *JBZ_LIT(say_opts, .id = NULL);
    for (i = 0; i < JBZ_MAX_LIST; i++) say.text_list[i] = "x";
    jbz_put_say(start(JBZ_ANY), &say);
    IS("[{\"verb\":\"say\",\"text\":[\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\"]}]");
    say.text_list[1] = NULL; /* ends the list */
    jbz_put_say(start(JBZ_ANY), &say);
    IS("[{\"verb\":\"say\",\"text\":[\"x\"]}]");
}

/* With every size of memory: the whole or an error with a path, never a part, never a byte beyond. */
static void everything(jbz_out *o) {
    jbz_gather(o, .actionHook = "/m", .input = { "digits" }, .timeout = 8, .say = JBZ_LIT(say_opts, .text = "\"Press\" 1"));
    jbz_dial(o, .target = { { .type = "user", .name = "bob", .headers = { { "a", "b" } } } }, .answerOnBridge = JBZ_FALSE);
    jbz_llm(o, .vendor = "v", .llmOptions = "{\"a\":1}");
    jbz_transcribe(o, .recognizer = JBZ_LIT(c_recognizer_opts, .vendor = "google", /* ... and an object with nothing in it */
                      .googleOptions = JBZ_LIT(c_recognizer_googleOptions_opts, .serviceVersion = NULL)));
    jbz_raw(o, "{\"verb\":\"hangup\"}");
}

static void test_bounds(void **state) {
    size_t full, size, without_path = 0;
    (void)state;
    everything(start(JBZ_ANY));
    assert_non_null(jbz_out_finish(&out, &full));
    for (size = 2; size <= full; size++) {
        char *small = (char *)malloc(size);
        jbz_out_init(&out, small, size);
        everything(&out);
        assert_null(jbz_out_finish(&out, NULL));
        assert_int_equal(out.error.code, JBZ_E_TOO_BIG);
        without_path += !out.error.path[0];
        free(small);
    }
    assert_int_equal(without_path, 22); /* the brackets and commas between verbs, and the raw verb */
    jbz_out_init(&out, mem, 60);
    jbz_gather(&out, .actionHook = "/m", .input = { "digits", "speech" });
    IS("TOO_BIG gather.input[1]");
}

static void test_long_path(void **state) {
    jbzi_verb_at at[40];
    jbz_error e;
    int i;
    (void)state;
    for (i = 0; i < 40; i++) {
        at[i].up = i ? &at[i - 1] : NULL;
        at[i].name = "member";
        at[i].index = 2000000000;
    }
    e.code = JBZ_E_OK;
    jbzi_verb_fail(&e, JBZ_E_VALUE, &at[39]);
    assert_int_equal(strlen(e.path), JBZ_PATH_SIZE - 1);
    assert_true(strncmp(e.path, "member[2000000000].member[2000000000].", 38) == 0);
}

static void test_check_app(void **state) {
    static const struct { const char *json; jbz_target target; jbz_err err; const char *path; } cases[] = {
        { "[]", JBZ_ANY, JBZ_E_OK, "" },
        { " [ {\"verb\":\"say\",\"text\":\"x\",\"loop\":\"forever\"} , {\"hangup\":{}} ] ", JBZ_OSS, JBZ_E_OK, "" },
        { "[{\"say\":{\"text\":[\"x\",\"y\"],\"loop\":2}}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"text\":\"x\",\"verb\":\"say\"}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"verb\":\"say\",\"text\":1}]", JBZ_ANY, JBZ_E_VALUE, "[0].say.text" },
        { "[{\"say\":{}},{\"verb\":\"say\",\"txet\":\"x\"}]", JBZ_ANY, JBZ_E_VALUE, "[1].say.txet" },
        { "[{\"verb\":\"say\",\"text\":null}]", JBZ_ANY, JBZ_E_VALUE, "[0].say.text" },
        { "[{\"verb\":\"say\",\"stream\":\"true\"}]", JBZ_ANY, JBZ_E_VALUE, "[0].say.stream" },
        { "[{\"verb\":\"sya\"}]", JBZ_ANY, JBZ_E_VALUE, "[0].verb" },
        { "[{\"verb\":5}]", JBZ_ANY, JBZ_E_VALUE, "[0].verb" },
        { "[{\"sya\":{}}]", JBZ_ANY, JBZ_E_VALUE, "[0].sya" },
        { "[{\"say\":1}]", JBZ_ANY, JBZ_E_VALUE, "[0].say" },
        { "[{}]", JBZ_ANY, JBZ_E_MISSING, "[0].verb" },
        { "[{\"text\":\"x\",\"loop\":1}]", JBZ_ANY, JBZ_E_MISSING, "[0].verb" },
        { "[1]", JBZ_ANY, JBZ_E_JSON, "[0]" },
        { "{}", JBZ_ANY, JBZ_E_JSON, "" },
        { "", JBZ_ANY, JBZ_E_JSON, "" },
        { "[{\"verb\":\"say\"}", JBZ_ANY, JBZ_E_JSON, "" },
        { "[{\"verb\":\"gather\",\"input\":[\"speech\",\"digit\"]}]", JBZ_ANY, JBZ_E_VALUE, "[0].gather.input[1]" },
        { "[{\"verb\":\"dial\",\"timeout\":3}]", JBZ_ANY, JBZ_E_MISSING, "[0].dial.target" },
        { "[{\"verb\":\"dial\",\"target\":[{\"type\":\"user\"},{\"type\":\"fone\"}]}]", JBZ_ANY, JBZ_E_VALUE, "[0].dial.target[1].type" },
        { "[{\"verb\":\"dial\",\"target\":[{\"number\":\"1\"}]}]", JBZ_ANY, JBZ_E_MISSING, "[0].dial.target[0].type" },
        { "[{\"verb\":\"dial\",\"target\":[{\"type\":\"user\"}],\"codecs\":[\"x\"]}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"verb\":\"dial\",\"target\":[{\"type\":\"user\"}],\"codecs\":[\"x\"]}]", JBZ_OSS, JBZ_E_TARGET, "[0].dial.codecs" },
        { "[{\"verb\":\"agent\"}]", JBZ_OSS, JBZ_E_TARGET, "[0].agent" },
        { "[{\"verb\":\"agent\"}]", JBZ_V10, JBZ_E_OK, "" },
        { "[{\"verb\":\"agent\",\"turnDetection\":{\"mode\":\"krisp\",\"threshold\":0.5}}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"verb\":\"agent\",\"turnDetection\":{\"mode\":\"krisp\",\"threshold\":1.5}}]", JBZ_ANY, JBZ_E_VALUE, "[0].agent.turnDetection.threshold" },
        { "[{\"verb\":\"agent\",\"turnDetection\":\"x\"}]", JBZ_ANY, JBZ_E_VALUE, "[0].agent.turnDetection" },
        { "[{\"verb\":\"transcribe\",\"channel\":2e0}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"verb\":\"transcribe\",\"channel\":0.2e1}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"verb\":\"transcribe\",\"channel\":25e-1}]", JBZ_ANY, JBZ_E_VALUE, "[0].transcribe.channel" },
        { "[{\"verb\":\"transcribe\",\"channel\":1e999999999}]", JBZ_ANY, JBZ_E_VALUE, "[0].transcribe.channel" },
        { "[{\"verb\":\"transcribe\",\"recognizer\":{\"vendor\":\"x\",\"hints\":[\"a\",{\"phrase\":\"b\"}]}}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"verb\":\"transcribe\",\"recognizer\":{\"vendor\":\"x\",\"hints\":[\"a\",{\"phrase\":1}]}}]", JBZ_ANY, JBZ_E_VALUE, "[0].transcribe.recognizer.hints[1].phrase" },
        { "[{\"verb\":\"llm\",\"vendor\":\"x\",\"llmOptions\":{\"any\":[{}]}}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"verb\":\"llm\",\"vendor\":\"x\",\"llmOptions\":[]}]", JBZ_ANY, JBZ_E_VALUE, "[0].llm.llmOptions" },
        { "[{\"verb\":\"hangup\",\"headers\":{\"X\":\"y\",\"Z\":1}}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"verb\":\"agent\",\"llm\":{\"llmOptions\":{\"messages\":[{\"role\":\"user\",\"content\":[5]}]}}}]", JBZ_ANY, JBZ_E_OK, "" },
        { "[{\"verb\":\"openai_s2s\",\"vendor\":\"google\",\"llmOptions\":{}}]", JBZ_ANY, JBZ_E_VALUE, "[0].openai_s2s.vendor" },
    };
    jbz_error e;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = strlen(cases[i].json);
        char *exact = (char *)malloc(n ? n : 1); /* no NUL behind it */
        memcpy(exact, cases[i].json, n);
        if (jbz_check_app(exact, n, cases[i].target, &e) != cases[i].err || e.code != cases[i].err || strcmp(e.path, cases[i].path) != 0)
            fail_msg("%s: %s at %s", cases[i].json, jbz_strerror(e.code), e.path);
        assert_int_equal(jbz_check_app(exact, n, cases[i].target, NULL), cases[i].err);
        free(exact);
    }
}

/* Every verb by its function: with no options it is written, or says what is missing. */
static void test_all_verbs_empty(void **state) {
    (void)state;
#define JBZ_X(verb, wire, server)                                                                       \
    jbz_put_##verb(start(JBZ_ANY), NULL);                                                               \
    if (out.error.code) {                                                                               \
        assert_int_equal(out.error.code, JBZ_E_MISSING);                                                \
        assert_true(strncmp(out.error.path, wire ".", sizeof wire) == 0);                               \
    } else IS("[{\"verb\":\"" wire "\"}]");
    JBZ_VERBS(JBZ_X)
#undef JBZ_X
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_names_with_colons), cmocka_unit_test(test_values),
        cmocka_unit_test(test_conflicts), cmocka_unit_test(test_missing), cmocka_unit_test(test_raw_members),
        cmocka_unit_test(test_target_oss), cmocka_unit_test(test_sticky), cmocka_unit_test(test_places),
        cmocka_unit_test(test_raw_verbs), cmocka_unit_test(test_long_lists), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_long_path), cmocka_unit_test(test_check_app), cmocka_unit_test(test_all_verbs_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
