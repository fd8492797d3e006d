/* Room 5 MSG: which message this is, and the envelopes of what goes back. */

#include "support.h"
#include <dirent.h>

static jbz_tok toks[8192];
static jbz_doc doc;

static jbz_err read_text(jbz_msg *m, const char *text) {
    static char copy[65536];
    size_t n = strlen(text);
    assert_true(n < sizeof copy);
    memcpy(copy, text, n + 1);
    return jbz_msg_read(m, &doc, copy, n, toks, 8192);
}

static void every_type(void **state) {
    static const struct { const char *name; jbz_event_type type; bool ack; } all[] = {
        { "session:new", JBZ_EV_SESSION_NEW, true }, { "session:reconnect", JBZ_EV_SESSION_RECONNECT, true },
        { "session:redirect", JBZ_EV_SESSION_REDIRECT, true }, { "session:adulting", JBZ_EV_SESSION_ADULTING, true },
        { "verb:hook", JBZ_EV_VERB_HOOK, true }, { "dial:confirm", JBZ_EV_DIAL_CONFIRM, true }, { "queue:status", JBZ_EV_QUEUE_STATUS, true },
        { "call:status", JBZ_EV_CALL_STATUS, false }, { "verb:status", JBZ_EV_VERB_STATUS, false }, { "jambonz:error", JBZ_EV_JAMBONZ_ERROR, false },
        { "llm:event", JBZ_EV_LLM_EVENT, false }, { "llm:tool-call", JBZ_EV_LLM_TOOL_CALL, false },
        { "tts:tokens-result", JBZ_EV_TTS_TOKENS_RESULT, false }, { "tts:streaming-event", JBZ_EV_TTS_STREAMING_EVENT, false },
        { "agent:event", JBZ_EV_AGENT_EVENT, false }, { "agent:tool-call", JBZ_EV_AGENT_TOOL_CALL, false } };
    char text[256];
    size_t i, cut;
    jbz_msg m;
    (void)state;
    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        snprintf(text, sizeof text, "{\"type\":\"%s\"}", all[i].name);
        assert_int_equal(read_text(&m, text), JBZ_E_OK);
        assert_int_equal(m.type, all[i].type);
        assert_string_equal(jbz_event_name(m.type), all[i].name);
        assert_int_equal(jbz_event_wants_ack(m.type), all[i].ack);
        for (cut = 0; cut < strlen(all[i].name); cut++) { /* neither a prefix nor something longer */
            snprintf(text, sizeof text, "{\"type\":\"%.*s\"}", (int)cut, all[i].name);
            assert_int_equal(read_text(&m, text), JBZ_E_OK);
            assert_int_equal(m.type, JBZ_EV_UNKNOWN);
        }
        snprintf(text, sizeof text, "{\"type\":\"%s \"}", all[i].name);
        assert_int_equal(read_text(&m, text), JBZ_E_OK);
        assert_int_equal(m.type, JBZ_EV_UNKNOWN);
    }
    assert_int_equal(i, JBZ_EV_UNKNOWN - 1);
    for (i = JBZ_EV_UNKNOWN; i < JBZ_EV_COUNT_; i++) {
        assert_string_equal(jbz_event_name((jbz_event_type)i), "");
        assert_false(jbz_event_wants_ack((jbz_event_type)i));
    }
    assert_string_equal(jbz_event_name(JBZ_EV_NONE), "");
    assert_false(jbz_event_wants_ack(JBZ_EV_NONE));
}

static void members(void **state) {
    jbz_msg m;
    (void)state;
    assert_int_equal(read_text(&m, "{\"b3\":1,\"data\":{\"type\":\"no\",\"msgid\":\"no\"},\"hook\":\"/h\",\"call_sid\":\"c\",\"msgid\":\"m\","
        "\"t\\u0079pe\":\"verb:hook\",\"msgid\":\"second\",\"type\":\"second\"}"), JBZ_E_OK);
    assert_int_equal(m.type, JBZ_EV_VERB_HOOK); /* keys are compared decoded, the first one counts, only the top level */
    assert_string_equal(jbz_json_str(m.msgid, "", ""), "m");
    assert_string_equal(jbz_json_str(m.hook, "", ""), "/h");
    assert_string_equal(jbz_json_str(m.call_sid, "", ""), "c");
    assert_string_equal(jbz_json_str(m.data, "/msgid", ""), "no");
    assert_string_equal(jbz_json_str(m.name, "", ""), "verb:hook");
    assert_int_equal(jbz_json_type_of(m.root), JBZ_JSON_OBJECT);
    assert_int_equal(read_text(&m, "{\"type\":\"x\",\"msgid\":{},\"hook\":7,\"call_sid\":null,\"data\":null}"), JBZ_E_OK);
    assert_int_equal(m.type, JBZ_EV_UNKNOWN);
    assert_int_equal(jbz_json_type_of(m.msgid), JBZ_JSON_MISSING);
    assert_int_equal(jbz_json_type_of(m.hook), JBZ_JSON_MISSING);
    assert_int_equal(jbz_json_type_of(m.call_sid), JBZ_JSON_MISSING);
    assert_int_equal(jbz_json_type_of(m.data), JBZ_JSON_NULL);
    assert_int_equal(read_text(&m, "{\"type\":\"verb:hook\\u0000\"}"), JBZ_E_OK); /* a NUL does not cut it */
    assert_int_equal(m.type, JBZ_EV_UNKNOWN);
}

/* Of equal members the first counts, escaped or not; none of deeper ones, and none whose name only resembles. */
static void which_members(void **state) {
    jbz_msg m;
    (void)state;
    assert_int_equal(read_text(&m, "{\"data\":{\"type\":\"inner\",\"msgid\":1},\"t\\u0079pe\":\"verb:hook\",\"type\":\"call:status\",\"hook\":\"/h\","
                                   "\"typ\":1,\"types\":2,\"msgid\":[\"type\",\"x\"],\"hook\":\"/i\",\"msgid\":\"late\",\"call_siD\":\"x\",\"dat\":0}"), JBZ_E_OK);
    assert_int_equal(m.type, JBZ_EV_VERB_HOOK);
    assert_null(m.msgid.doc); /* the first is no string */
    assert_null(m.call_sid.doc);
    assert_string_equal(jbz_json_str(m.hook, "", ""), "/h");
    assert_int_equal(jbz_json_int(m.data, "/msgid", 0), 1);
}

static void unusable(void **state) {
    static const struct { const char *text; jbz_err err; } cases[] = { { "", JBZ_E_JSON }, { "{", JBZ_E_JSON }, { "x", JBZ_E_JSON },
        { "null", JBZ_E_ARG }, { "[]", JBZ_E_ARG }, { "[{\"type\":\"verb:hook\"}]", JBZ_E_ARG }, { "{}", JBZ_E_ARG }, { "\"type\"", JBZ_E_ARG },
        { "{\"type\":1}", JBZ_E_ARG }, { "{\"type\":null}", JBZ_E_ARG }, { "{\"type\":{}}", JBZ_E_ARG }, { "{\"type\":\"a\",}", JBZ_E_JSON } };
    size_t i;
    jbz_msg m;
    char small[] = "{\"type\":\"verb:hook\",\"data\":{}}";
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&m, 0xff, sizeof m);
        assert_int_equal(read_text(&m, cases[i].text), cases[i].err);
        assert_int_equal(m.type, JBZ_EV_NONE);
        assert_int_equal(jbz_json_type_of(m.data), JBZ_JSON_MISSING);
    }
    assert_int_equal(jbz_msg_read(&m, &doc, small, strlen(small), toks, 3), JBZ_E_FULL);
    assert_int_equal(m.type, JBZ_EV_NONE);
}

static void all_examples(void **state) {
    DIR *dir = opendir("tests/fixtures/messages");
    struct dirent *e;
    int n = 0;
    (void)state;
    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) {
        char path[512], *text;
        size_t len;
        jbz_msg m;
        jbz_err err;
        if (!strstr(e->d_name, ".json")) continue;
        snprintf(path, sizeof path, "tests/fixtures/messages/%s", e->d_name);
        text = slurp(path, &len);
        err = jbz_msg_read(&m, &doc, text, len, toks, 8192);
        n++;
        if (strncmp(e->d_name, "audio-", 6) == 0) { /* those of audio sockets are no messages of this kind, or unknown ones */
            assert_true(err == JBZ_E_ARG || m.type == JBZ_EV_UNKNOWN);
        } else {
            char *name = strdup(e->d_name), *p;
            assert_int_equal(err, JBZ_E_OK);
            if (strncmp(name, "unknown", 7) == 0) assert_int_equal(m.type, JBZ_EV_UNKNOWN);
            else { /* files are named after what they hold: verb-hook-..., tts-tokens-result-... */
                const char *type = jbz_event_name(m.type);
                for (p = name; *type && *p; p++, type++) assert_true(*p == *type || (*p == '-' && *type == ':'));
                assert_int_equal(*type, 0);
                assert_true(m.msgid.doc != NULL);
            }
            free(name);
        }
        free(text);
    }
    closedir(dir);
    assert_true(n > 90);
}

static char mem[1000];
static jbz_out out;
static const char *ended(void) { return jbz_msg_end(&out, NULL); }

static void acks(void **state) {
    size_t n;
    (void)state;
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_ack(&out, "m1", 2);
    assert_string_equal(jbz_msg_end(&out, &n), "{\"type\":\"ack\",\"msgid\":\"m1\"}");
    assert_int_equal(n, strlen(out.buf));
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_ack(&out, "m\"1", 3);
    jbz_out_list(&out);
    assert_string_equal(ended(), "{\"type\":\"ack\",\"msgid\":\"m\\\"1\",\"data\":[]}");
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_ack(&out, "m1", 2);
    jbz_say(&out, .text = "a");
    jbz_hangup(&out);
    assert_string_equal(ended(), "{\"type\":\"ack\",\"msgid\":\"m1\",\"data\":[{\"verb\":\"say\",\"text\":\"a\"},{\"verb\":\"hangup\"}]}");
    assert_string_equal(ended(), "{\"type\":\"ack\",\"msgid\":\"m1\",\"data\":[{\"verb\":\"say\",\"text\":\"a\"},{\"verb\":\"hangup\"}]}"); /* as often as one likes */
    jbz_out_init(&out, mem, sizeof mem);
    jbzi_msg_ack_with(&out, "m1", 2, NULL);
    assert_string_equal(ended(), "{\"type\":\"ack\",\"msgid\":\"m1\"}");
    jbz_out_init(&out, mem, sizeof mem);
    jbzi_msg_ack_with(&out, "", 0, "[1]");
    assert_string_equal(ended(), "{\"type\":\"ack\",\"msgid\":\"\",\"data\":[1]}");
}

static void commands(void **state) {
    (void)state;
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_command(&out, "redirect", NULL, true);
    jbz_say(&out, .text = "a");
    assert_string_equal(ended(), "{\"type\":\"command\",\"command\":\"redirect\",\"data\":[{\"verb\":\"say\",\"text\":\"a\"}]}");
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_command(&out, "mute:status", "le\"g", false);
    jbz_out_open_object(&out);
    jbz_out_key(&out, "mute_status");
    jbz_out_str(&out, "mute");
    jbz_out_close_object(&out);
    assert_string_equal(ended(), "{\"type\":\"command\",\"command\":\"mute:status\",\"callSid\":\"le\\\"g\",\"data\":{\"mute_status\":\"mute\"}}");
    assert_string_equal(ended(), "{\"type\":\"command\",\"command\":\"mute:status\",\"callSid\":\"le\\\"g\",\"data\":{\"mute_status\":\"mute\"}}");
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_command(&out, "boostAudioSignal", NULL, false);
    jbz_out_int(&out, 3);
    assert_string_equal(ended(), "{\"type\":\"command\",\"command\":\"boostAudioSignal\",\"data\":3}");
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_command(&out, "tts:flush", NULL, false);
    assert_string_equal(ended(), "{\"type\":\"command\",\"command\":\"tts:flush\"}");
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_command(&out, "x", NULL, false);
    jbz_out_int(&out, 1);
    jbz_out_int(&out, 2); /* one value only */
    assert_null(ended());
    assert_int_equal(out.error.code, JBZ_E_STATE);
}

static void broken_ones_have_no_text(void **state) {
    size_t n = 7, size;
    (void)state;
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_ack(&out, "m", 1);
    jbz_out_open_object(&out);
    assert_null(jbz_msg_end(&out, &n)); /* something is open */
    assert_int_equal(n, 0);
    assert_int_equal(out.error.code, JBZ_E_STATE);
    assert_null(jbz_msg_end(&out, &n));
    jbz_out_init(&out, mem, sizeof mem);
    jbz_msg_command(&out, "x", NULL, false);
    jbz_out_open_object(&out);
    jbz_out_key(&out, "a");
    assert_null(ended());
    for (size = 1; size < 64; size++) { /* too small for anything: never a byte beyond */
        memset(mem, 0x5A, sizeof mem);
        jbz_out_init(&out, mem, size);
        jbz_msg_ack(&out, "msgid", 5);
        jbz_say(&out, .text = "x");
        if (size < strlen("{\"type\":\"ack\",\"msgid\":\"msgid\",\"data\":[{\"verb\":\"say\",\"text\":\"x\"}]}") + 1) {
            assert_null(ended());
            assert_int_equal(out.error.code, JBZ_E_TOO_BIG);
        } else assert_non_null(ended());
        assert_int_equal(mem[size], 0x5A);
    }
    jbz_out_init(&out, NULL, 0);
    jbz_msg_ack(&out, "m", 1);
    jbz_msg_command(&out, "x", NULL, true);
    assert_null(ended());
    assert_int_equal(out.error.code, JBZ_E_ARG);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_type), cmocka_unit_test(members), cmocka_unit_test(which_members), cmocka_unit_test(unusable),
        cmocka_unit_test(all_examples), cmocka_unit_test(acks), cmocka_unit_test(commands), cmocka_unit_test(broken_ones_have_no_text) };
    return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
