/* Audio sockets (room 11): metadata whole, cut and broken; samples in every split; marks, pacing, clips; which call is whose. */
#include "support.h"

#define AUDIO "audio.drachtio.org"

/*---- the app: writes down what comes ----*/

static struct {
    jbz_audio_id id;
    int16_t pcm[400000];
    size_t n;
    unsigned pcms;
    char sid[64];        /* callSid of the last START */
    unsigned starts, ends;
    void (*act)(const jbz_event *ev);
    unsigned stray_calls;
} a;

static void on_sound(const jbz_event *ev, void *user) {
    (void)user;
    assert_non_null(ev->audio);
    assert_non_null(ev->conn);
    a.id = jbz_audio_id_of(ev->audio);
    switch ((int)ev->type) {
    case JBZ_EV_AUDIO_START:
        a.starts++;
        note("START(%u,%u,%s)", (unsigned)jbz_audio_rate(ev->audio), jbz_audio_channels(ev->audio),
             ev->call ? jbz_call_sid(ev->call) + 34 : "-");
        snprintf(a.sid, sizeof a.sid, "%s", jbz_json_str(ev->data, "/callSid", "?"));
        break;
    case JBZ_EV_AUDIO_PCM:
        assert_int_equal((uintptr_t)ev->pcm & 1, 0);
        assert_int_equal(ev->samples % jbz_audio_channels(ev->audio), 0);
        assert_true(a.n + ev->samples <= sizeof a.pcm / sizeof a.pcm[0]);
        memcpy(a.pcm + a.n, ev->pcm, ev->samples * 2);
        a.n += ev->samples;
        a.pcms++;
        break;
    case JBZ_EV_AUDIO_DTMF: note("DTMF(%s,%u)", ev->name, (unsigned)ev->ms); break;
    case JBZ_EV_AUDIO_MARK: note("MARK(%s,%d)", ev->name, (int)ev->reason); break;
    case JBZ_EV_AUDIO_PLAY_DONE: note("DONE(%s,%u,%d)", ev->name, (unsigned)ev->ms, (int)ev->reason); break;
    case JBZ_EV_AUDIO_WRITABLE: note("WRITABLE(%u)", (unsigned)ev->tag); break;
    case JBZ_EV_AUDIO_END: a.ends++; note("END(%d,%u)", (int)ev->reason, (unsigned)ev->tag); break;
    case JBZ_EV_UNKNOWN: note("UNKNOWN(%s)", jbz_json_str(ev->message, "/type", "?")); break;
    default: fail_msg("event %d on an audio socket", (int)ev->type);
    }
    if (a.act) a.act(ev);
}

static jbz_server_desc with_audio(void) {
    jbz_server_desc d = usual();
    d.on_audio = on_sound;
    return d;
}

static int setup(void **state) {
    jbz_server_desc d = with_audio();
    heap_reset();
    memset(&a, 0, sizeof a);
    w.direct = *state != NULL;
    world_open(&d);
    return 0;
}

static jbz_audio *audio(void) {
    jbz_audio *found = jbz_audio_find(w.core, a.id);
    assert_non_null(found);
    return found;
}

/* An audio socket that has said who it is. */
static peer *listen_in(const char *metadata) {
    peer *p = join_as("/audio", AUDIO);
    w.log[0] = 0;
    say(p, "%s", metadata);
    return p;
}

static peer *stream(uint32_t rate) {
    peer *p = listen_in("{\"sampleRate\":8000,\"mixType\":\"mono\",\"callSid\":\"" SID_A "\"}");
    logs("START(8000,1,-)");
    assert_int_equal(jbz_audio_mode(audio(), JBZ_AUDIO_STREAM, rate), JBZ_E_OK);
    return p;
}

static peer *clips(void) {
    peer *p = listen_in("{\"callSid\":\"" SID_A "\"}");
    w.log[0] = 0;
    assert_int_equal(jbz_audio_mode(audio(), JBZ_AUDIO_CLIPS, 0), JBZ_E_OK);
    return p;
}

static void send_pcm(peer *p, const void *bytes, size_t n) { send_frame(p, FIN | OP_BIN, bytes, n); }

/* All samples that came from the core in binary frames up to the next text frame. */
static size_t spoken(peer *p, int16_t *to, size_t max) {
    size_t n = 0, i, at = p->at;
    while (next_frame(p) == OP_BIN) {
        assert_int_equal(p->text_n % 2, 0);
        for (i = 0; i < p->text_n; i += 2, n++) {
            int v = (uint8_t)p->text[i] | (uint8_t)p->text[i + 1] << 8; /* little-endian by the protocol */
            if (to && n < max) to[n] = (int16_t)(v > 32767 ? v - 65536 : v);
        }
        at = p->at;
    }
    p->at = at;
    return n;
}

#define SPEAKS(p, want) do { size_t n_ = spoken(p, NULL, 0); if (n_ != (size_t)(want)) \
    fail_msg("line %d: %u samples, wanted %u (log: %s)", __LINE__, (unsigned)n_, (unsigned)(want), w.log); } while (0)
#define MARK(name) "{\"type\":\"mark\",\"data\":{\"name\":\"" name "\"}}"
#define REPORT(name, what) "{\"type\":\"mark\",\"data\":{\"name\":\"" name "\",\"event\":\"" what "\"}}"

static jbz_err write_tone(size_t n) {
    int16_t *pcm = (int16_t *)malloc(n * 2 + 2);
    size_t i;
    jbz_err err;
    for (i = 0; i < n; i++) pcm[i] = (int16_t)(i * 37 % 20000);
    err = jbz_audio_write(audio(), pcm, n, NULL);
    free(pcm);
    return err;
}

/* An example command without the blanks of its file. */
static char *command(const char *name) {
    char path[256], *text, *to, *p;
    bool quoted = false;
    snprintf(path, sizeof path, "tests/fixtures/commands/%s.json", name);
    text = to = slurp(path, NULL);
    for (p = text; *p; p++) {
        if (*p == '"') quoted = !quoted;
        if (quoted || !strchr(" \r\n", *p)) *to++ = *p;
    }
    *to = 0;
    return text;
}

/* Behind our Close nothing is sent, whatever is called meanwhile (RFC 6455 5.5.1). */
static void nothing_behind_a_close(void **state) {
    peer *p = stream(8000);
    jbz_audio *it = audio(); /* as one has it during an event */
    (void)state;
    assert_int_equal(write_tone(8000), JBZ_E_OK); /* 200 ms of it may go */
    SPEAKS(p, 1600);
    assert_int_equal(jbz_conn_drop(p->c, 1001, NULL), JBZ_E_OK);
    jbz_audio_pace(it, 0);
    assert_int_equal(close_code(p), 1001);
    assert_int_equal(next_frame(p), -1);
    leave(p, 1001);
}

/*---- what comes ----*/

static void examples_are_understood(void **state) {
    peer *p = join_as("/audio", AUDIO);
    (void)state;
    play(p, "audio-metadata");
    logs("START(16000,2,-)");
    assert_string_equal(a.sid, "0f3a9d1e-7c44-4a0b-9d5e-5b8f6f0a2c11");
    play(p, "audio-dtmf");
    play(p, "audio-mark-playout");
    play(p, "audio-mark-cleared");
    play(p, "audio-play-done");
    logs("DTMF(5,200) MARK(sentence-3,0) MARK(sentence-4,13) DONE(clip-1,2140,0)");
    say(p, "{\"type\":\"new-thing\",\"data\":1}");
    say(p, "{\"no\":1}");
    logs("UNKNOWN(new-thing) UNKNOWN(?)");
    say(p, "{broken");
    say(p, "[]");
    logs("");
    assert_int_equal(logged[JBZ_LINE_ODD], 1);
    leave(p, 1000);
    logs("END(0,1000)");
    assert_null(jbz_audio_find(w.core, a.id));
}

static void both_names_are_spoken(void **state) {
    const char *const names[] = { "audio.drachtio.org", "audio.jambonz.org" };
    unsigned i;
    (void)state;
    for (i = 0; i < 2; i++) {
        peer *p = dial_in();
        char text[1024], want[64];
        feed(p, text, upgrade_text(text, sizeof text, "/audio", names[i], NULL));
        snprintf(want, sizeof want, "Sec-WebSocket-Protocol: %s\r\n", names[i]);
        assert_non_null(strstr(http_answer(p), want));
    }
}

static void without_on_audio_it_is_refused(void **state) {
    jbz_server_desc d = usual();
    char text[1024];
    peer *p;
    (void)state;
    world_again(&d);
    p = dial_in();
    feed(p, text, upgrade_text(text, sizeof text, "/audio", AUDIO, NULL));
    assert_int_equal(http_status(p), 400);
}

static void every_text_gets_a_start(void **state) {
    static const char *const odd[] = { "", "{", "null", "[1,2]", "\"x\"", "{\"a\":", "{\"callSid\":5,\"sampleRate\":\"x\",\"mixType\":1}" };
    unsigned i;
    (void)state;
    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        peer *p = listen_in(odd[i]);
        logs("START(8000,1,-)");
        assert_string_equal(a.sid, "?");
        leave(p, 0);
        logs("END(13,1006)");
    }
}

static void samples_before_metadata(void **state) {
    peer *p = join_as("/audio", AUDIO);
    (void)state;
    send_pcm(p, "\1\0\2\0", 4);
    logs("START(8000,1,-)");
    assert_int_equal(a.pcms, 0);
    send_pcm(p, "\3\0", 2);
    assert_int_equal(a.n, 1);
    assert_int_equal(a.pcm[0], 3);
}

/* Cut at any byte, what came whole is known and nothing else. */
static void metadata_cut_at_every_byte(void **state) {
    static const char whole[] = "{\"sampleRate\":16000,\"mixType\":\"stereo\",\"callSid\":\"" SID_A "\",\"from\":\"a\\\"{,\\\\\",\"customerData\":"
        "{\"x\":[1,{\"y\":\",\"}],\"n\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"},\"last\":true}";
    size_t n, rate_at = strlen("{\"sampleRate\":16000,"), mix_at = rate_at + strlen("\"mixType\":\"stereo\","),
        sid_at = mix_at + strlen("\"callSid\":\"" SID_A "\",");
    char want[64];
    int slice;
    (void)state;
    for (slice = 0; slice < 2; slice++) {
        w.slice = slice ? 7 : 0; /* in one piece, and spilled */
        for (n = 1; n < sizeof whole; n++) {
            peer *p = join_as("/audio", AUDIO);
            w.log[0] = 0;
            sayn(p, whole, n);
            snprintf(want, sizeof want, "START(%d,%d,-)", n >= rate_at ? 16000 : 8000, n >= mix_at ? 2 : 1);
            logs(want);
            assert_string_equal(a.sid, n >= sid_at ? SID_A : "?");
            assert_true(p->open);
            leave(p, 1000);
            w.log[0] = 0;
        }
    }
}

static void metadata_of_8192_bytes(void **state) {
    char *text = (char *)malloc(20000);
    size_t n = (size_t)sprintf(text, "{\"sampleRate\":24000,\"callSid\":\"" SID_B "\",\"customerData\":{\"x\":\"");
    peer *p = join_as("/audio", AUDIO);
    (void)state;
    while (n < 19000) { memcpy(text + n, "\xe2\x82\xac", 3); n += 3; }
    sayn(p, text, 8192);
    logs("START(24000,1,-)");
    assert_string_equal(a.sid, SID_B);
    free(text);
}

static void bad_utf8_fails(void **state) {
    peer *p = join_as("/audio", AUDIO);
    (void)state;
    sayn(p, "{\"a\":\"\xff\"}", 9);
    assert_int_equal(close_code(p), 1007);
    logs("");
}

/* Any bytes in any split of frames and of TCP: the same samples. */
static void samples_in_every_split(void **state) {
    enum { N = 61 };
    uint8_t bytes[N];
    size_t i, j, k, way;
    (void)state;
    for (i = 0; i < N; i++) bytes[i] = (uint8_t)(i * 73 + 0x7b);
    for (way = 0; way < 8; way++) {
        unsigned stereo = way & 1;
        size_t frame = stereo ? 4 : 2;
        w.slice = way & 2 ? 1 + way : 0;
        for (i = 0; i <= N; i += way & 4 ? 7 : 1) {
            for (j = i; j <= N; j += way & 4 ? 5 : 9) {
                peer *p = listen_in(stereo ? "{\"mixType\":\"stereo\"}" : "{\"mixType\":\"mono\"}");
                a.n = 0;
                if (i) send_pcm(p, bytes, i);
                if (j > i) send_pcm(p, bytes + i, j - i);
                if (N > j) send_pcm(p, bytes + j, N - j);
                assert_int_equal(a.n, N / frame * frame / 2);
                for (k = 0; k < a.n; k++) {
                    int v = bytes[2 * k] | bytes[2 * k + 1] << 8;
                    assert_int_equal(a.pcm[k], v > 32767 ? v - 65536 : v);
                }
                leave(p, 1000);
            }
        }
    }
}

/* A message as large as max_message allows, spilled, behind carried bytes. */
static void largest_message_behind_a_carry(void **state) {
    jbz_server_desc d = with_audio();
    uint8_t *bytes = (uint8_t *)malloc(5000);
    size_t carry, size, i;
    (void)state;
    for (i = 0; i < 5000; i++) bytes[i] = (uint8_t)(i * 7);
    d.max_message = 4096;
    world_again(&d);
    for (carry = 1; carry < 4; carry++) {
        for (size = 4070; size <= 4096; size++) { /* a block holds 4,080 */
            peer *p = listen_in("{\"mixType\":\"stereo\"}");
            a.n = 0;
            send_pcm(p, bytes, carry);
            w.slice = 1000;
            send_pcm(p, bytes + carry, size);
            w.slice = 0;
            assert_true(p->open);
            assert_true(a.n % 2 == 0);
            send_pcm(p, bytes + carry + size, 5);
            assert_int_equal(a.n, (carry + size + 5) / 4 * 2);
            for (i = 0; i < a.n; i++) assert_int_equal((uint16_t)a.pcm[i], bytes[2 * i] | bytes[2 * i + 1] << 8);
            leave(p, 1000);
        }
    }
    free(bytes);
}

static void empty_frame_is_told(void **state) {
    peer *p = listen_in("{}");
    (void)state;
    send_pcm(p, "", 0);
    assert_int_equal(a.pcms, 1);
    send_pcm(p, "x", 1);
    assert_int_equal(a.pcms, 1);
    assert_int_equal(a.n, 0);
}

/*---- whose it is ----*/

static peer *with_token(const char *url) { return join_as(url, AUDIO); }

static void token_binds_before_the_first_frame(void **state) {
    char url[128], bad[128];
    peer *call = live_call(SID_A, "inbound"), *p;
    size_t i, n;
    (void)state;
    assert_ptr_equal(jbz_audio_url(the_call(), "/audio", url, sizeof url), url);
    assert_int_equal(strlen(url), strlen("/audio") + 37);
    p = with_token(url);
    say(p, "{\"sampleRate\":8000}");
    logs("START(8000,1,aa)");
    assert_int_equal(the_call()->socks, 1); /* it does not count */
    assert_ptr_equal(jbz_audio_call(audio()), the_call());
    leave(p, 1000);
    logs("END(0,1000)");
    n = strlen(url);
    for (i = strlen("/audio?jbz="); i < n; i++) { /* one digit off: nobody's */
        strcpy(bad, url);
        bad[i] = bad[i] == '0' ? '1' : '0';
        p = with_token(bad);
        say(p, "{}");
        logs("START(8000,1,-)");
        leave(p, 1000);
        w.log[0] = 0;
    }
    strcpy(bad, url);
    bad[n - 1] = 0;
    p = with_token(bad);
    say(p, "{}");
    logs("START(8000,1,-)");
    assert_int_equal(strncmp(jbz_audio_url(the_call(), "/a?b=c", bad, sizeof bad), "/a?b=c&jbz=", 11), 0);
    (void)call;
}

static void url_fits_or_is_null(void **state) {
    char url[64];
    peer *call = live_call(SID_A, "inbound");
    size_t size;
    (void)state;
    (void)call;
    for (size = 0; size < sizeof url; size++) {
        memset(url, 'x', sizeof url);
        if (size < 6 + 38) assert_null(jbz_audio_url(the_call(), "/audio", url, size));
        else assert_non_null(jbz_audio_url(the_call(), "/audio", url, size));
        if (size < 6 + 38) assert_int_equal(url[0], 'x');
        assert_true(size + 1 >= sizeof url || url[size] == 'x');
    }
    assert_null(jbz_audio_url(the_call(), NULL, url, sizeof url));
}

static void token_in_a_longer_query(void **state) {
    char url[128], longer[200];
    peer *call = live_call(SID_A, "inbound"), *p;
    (void)state;
    (void)call;
    jbz_audio_url(the_call(), "/audio?room=5&xjbz=1", url, sizeof url);
    snprintf(longer, sizeof longer, "%s&z=1", url);
    p = with_token(longer);
    say(p, "{\"callSid\":\"" SID_B "\"}"); /* the token has the say */
    logs("START(8000,1,aa)");
}

static void sid_binds_in_own_app_then_in_any(void **state) {
    jbz_server_desc d = with_audio();
    peer *p;
    (void)state;
    d.apps[0].path = "/one";
    d.apps[0].on_session = on_session;
    d.apps[0].on_other = on_other;
    d.apps[1].path = "/two";
    d.apps[1].on_session = on_session;
    d.apps[1].on_audio = on_sound;
    world_again(&d);
    w.act = answer_all;
    p = join_as("/one", "ws.jambonz.org");
    say_new(p, "m", SID_A, "inbound");
    p = join_as("/two/audio", AUDIO); /* another app's */
    w.log[0] = 0;
    say(p, "{\"callSid\":\"" SID_A "\"}");
    logs("START(8000,1,aa)");
    assert_int_equal(jbz_call_app(jbz_audio_call(audio())), 1);
    p = join_as("/two", "ws.jambonz.org");
    say_new(p, "m", SID_A, "inbound"); /* the same in its own app */
    p = join_as("/two/audio", AUDIO);
    w.log[0] = 0;
    say(p, "{\"callSid\":\"" SID_A "\"}");
    logs("START(8000,1,aa)");
    assert_int_equal(jbz_call_app(jbz_audio_call(audio())), 2);
    say(p, "{\"event\":\"dtmf\",\"dtmf\":\"#\",\"duration\":\"8\"}");
    logs("DTMF(#,1)");
}

static void call_and_audio_end_apart(void **state) {
    peer *call = live_call(SID_A, "inbound"), *p = listen_in("{\"callSid\":\"" SID_A "\"}");
    (void)state;
    logs("START(8000,1,aa)");
    leave(call, 1000);
    logs("end(END:0)");
    assert_null(jbz_audio_call(audio()));
    send_pcm(p, "\1\0", 2);
    assert_int_equal(a.n, 1);
    call = live_call(SID_A, "inbound"); /* the same sid again is another call */
    assert_null(jbz_audio_call(audio()));
    leave(p, 1000);
    logs("END(0,1000)");
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_LIVE);
    leave(call, 1000);
    logs("end(END:0)");
}

static void a_lost_call_keeps_its_audio(void **state) {
    peer *call = live_call(SID_A, "inbound"), *p = listen_in("{\"callSid\":\"" SID_A "\"}");
    (void)state;
    w.log[0] = 0;
    leave(call, 0);
    assert_ptr_equal(jbz_audio_call(audio()), the_call());
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
    leave(p, 1000);
    assert_int_equal(jbz_call_state(the_call()), JBZ_CALL_DETACHED);
}

/*---- time ----*/

static void orphans_are_closed(void **state) {
    char url[128];
    peer *call = live_call(SID_A, "inbound"), *p = join_as("/audio", AUDIO), *q;
    (void)state;
    (void)call;
    q = with_token(jbz_audio_url(the_call(), "/audio", url, sizeof url));
    pass(4900);
    assert_int_equal(close_code(p), 0);
    pass(200);
    assert_int_equal(close_code(p), 1000);
    assert_int_equal(close_code(q), 1000); /* known or not */
    pass(5000);
    logs("");
    assert_false(p->open);
}

static void silence_is_pinged_as_elsewhere(void **state) {
    peer *p = listen_in("{}");
    (void)state;
    w.log[0] = 0;
    pass(24900);
    hears_nothing(p);
    pass(200);
    assert_int_equal(next_frame(p), OP_PING);
    jbz_audio_mode(audio(), JBZ_AUDIO_STREAM, 8000);
    write_tone(20000);                       /* timers of the sending between the pings do not make more of them */
    pass(3000);
    while (next_frame(p) == OP_BIN) { }
    pass(21000);
    hears_nothing(p);
    pass(1200);
    assert_int_equal(next_frame(p), OP_PING);
    send_frame(p, FIN | OP_PONG, "", 0);
    pass(24000);
    assert_true(p->open);
    pass(60000 + 20000);
    logs("END(13,1006)");
}

/*---- samples go ----*/

static void modes_are_kept_apart(void **state) {
    int16_t pcm[4] = { 1, 2, 3, 4 };
    jbz_audio_clip clip;
    peer *p = listen_in("{}");
    (void)state;
    memset(&clip, 0, sizeof clip);
    clip.pcm = pcm;
    clip.samples = 4;
    clip.sampleRate = 8000;
    assert_int_equal(jbz_audio_write(audio(), pcm, 4, NULL), JBZ_E_STATE);
    assert_int_equal(jbz_audio_mark(audio(), "x"), JBZ_E_STATE);
    assert_int_equal(jbz_audio_end(audio()), JBZ_E_STATE);
    assert_int_equal(jbz_audio_clear_marks(audio()), JBZ_E_STATE);
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_STATE);
    assert_int_equal(jbz_audio_mode(audio(), JBZ_AUDIO_STREAM, 11025), JBZ_E_VALUE);
    assert_int_equal(jbz_audio_mode(audio(), JBZ_AUDIO_STREAM, 40000), JBZ_E_VALUE);
    assert_int_equal(jbz_audio_mode(audio(), (jbz_audio_way)7, 8000), JBZ_E_ARG);
    assert_int_equal(jbz_audio_mode(audio(), JBZ_AUDIO_STREAM, 8000), JBZ_E_OK);
    assert_int_equal(jbz_audio_mode(audio(), JBZ_AUDIO_STREAM, 8000), JBZ_E_OK);
    assert_int_equal(jbz_audio_mode(audio(), JBZ_AUDIO_STREAM, 16000), JBZ_E_STATE);
    assert_int_equal(jbz_audio_mode(audio(), JBZ_AUDIO_CLIPS, 0), JBZ_E_STATE);
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_STATE);
    assert_int_equal(jbz_audio_write(audio(), NULL, 4, NULL), JBZ_E_ARG);
    hears_nothing(p);
    assert_int_equal(jbz_audio_write(audio(), pcm, 4, NULL), JBZ_E_OK);
    SPEAKS(p, 4);
    leave(p, 1000);
    p = clips();
    assert_int_equal(jbz_audio_write(audio(), pcm, 4, NULL), JBZ_E_STATE);
    assert_int_equal(jbz_audio_mark(audio(), "x"), JBZ_E_STATE);
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    assert_non_null(heard(p));
}

static void samples_are_little_endian_and_never_minus_one(void **state) {
    static const int16_t pcm[] = { 0, 1, -1, 256, -2, 32767, -32768, 0x1234, -1 };
    static const uint8_t want[] = { 0, 0, 1, 0, 0, 0, 0, 1, 0xfe, 0xff, 0xff, 0x7f, 0, 0x80, 0x34, 0x12, 0, 0 };
    peer *p = stream(8000);
    (void)state;
    assert_int_equal(jbz_audio_write(audio(), pcm, 9, NULL), JBZ_E_OK);
    assert_int_equal(next_frame(p), OP_BIN);
    assert_int_equal(p->text_n, sizeof want);
    assert_memory_equal(p->text, want, sizeof want);
}

/* Real time in, real time out at once; a burst goes 200 ms ahead and then as it is played. */
static void pacing(void **state) {
    peer *p = stream(8000);
    uint64_t start;
    size_t total = 0;
    int i;
    (void)state;
    for (i = 0; i < 50; i++) {
        assert_int_equal(write_tone(160), JBZ_E_OK);
        SPEAKS(p, 160);
        pass(20);
    }
    pass(1000);
    assert_int_equal(jbz_audio_left(audio()), 0);
    assert_int_equal(write_tone(24000), JBZ_E_OK);
    start = w.now;
    total = spoken(p, NULL, 0);
    assert_int_equal(total, 1600);
    assert_int_equal(jbz_audio_left(audio()), 3000);
    assert_int_equal(jbz_audio_queued(audio()), 22400);
    for (i = 0; i < 400; i++) {
        uint64_t played;
        pass(10);
        total += spoken(p, NULL, 0);
        played = (w.now - start) * 8;
        assert_true(total <= played + 1600);                     /* never more than 200 ms ahead */
        assert_true(total == 24000 || total >= played + 1600 - 80 * 8); /* and never less than 120 */
    }
    assert_int_equal(total, 24000);
    logs("");
    assert_int_equal(jbz_audio_left(audio()), 0);
    jbz_audio_pace(audio(), 0);
    assert_int_equal(write_tone(24000), JBZ_E_OK);
    pass(100);
    SPEAKS(p, 24000);
    assert_int_equal(jbz_audio_left(audio()), 2900);
}

static void pacing_at_every_rate(void **state) {
    static const uint32_t rates[] = { 8000, 16000, 24000, 32000, 48000, 64000 };
    unsigned i;
    (void)state;
    for (i = 0; i < 6; i++) {
        peer *p = stream(rates[i]);
        size_t got;
        assert_int_equal(write_tone(30000), JBZ_E_OK);
        got = spoken(p, NULL, 0);
        assert_true(got <= rates[i] / 5 && got > rates[i] / 5 - rates[i] / 50);
        pass(500);
        got += spoken(p, NULL, 0);
        assert_true(got >= (rates[i] * 6 / 10 < 30000 ? rates[i] * 6 / 10 : 30000) && got <= rates[i] * 7 / 10);
        leave(p, 1000);
        w.log[0] = 0;
    }
}

static void the_queue_is_bounded(void **state) {
    static int16_t pcm[100000];
    jbz_server_desc d = with_audio();
    peer *p;
    size_t taken;
    (void)state;
    d.audio_queue = 8000; /* 4000 samples */
    world_again(&d);
    p = stream(8000);
    assert_int_equal(jbz_audio_write(audio(), pcm, 4001, NULL), JBZ_E_TOO_BIG);
    hears_nothing(p);
    assert_int_equal(jbz_audio_write(audio(), pcm, 100000, &taken), JBZ_E_FULL);
    assert_int_equal(taken, 5600);
    assert_int_equal(jbz_audio_write(audio(), pcm, 1, NULL), JBZ_E_FULL);
    assert_int_equal(jbz_audio_write(audio(), pcm, 1, &taken), JBZ_E_FULL);
    assert_int_equal(taken, 0);
    pass(200);
    logs("");
    pass(100);
    assert_int_equal(strncmp(w.log, "WRITABLE(2", 10), 0);
    w.log[0] = 0;
    assert_int_equal(jbz_audio_write(audio(), pcm, 2000, NULL), JBZ_E_OK);
    pass(2000);
    logs("");
    SPEAKS(p, 7600);
    assert_int_equal(stats().pool_used, 128); /* the socket's own block */
}

/* A peer that does not read: bounded, and it goes on when it does. */
static void a_slow_peer(void **state) {
    static int16_t pcm[200000];
    peer *p = stream(8000);
    size_t taken, total = 0, i;
    (void)state;
    for (i = 0; i < 200000; i++) pcm[i] = (int16_t)(i & 0x7fff);
    jbz_audio_pace(audio(), 0);
    p->budget = 1000;
    while (jbz_audio_write(audio(), pcm + total, 200000 - total, &taken) == JBZ_E_OK || taken) total += taken;
    assert_true(total > 32768 && total < 60000);
    assert_true(stats().pool_used < 256 * 1024);
    pass(1000);
    logs("");
    p->budget = SIZE_MAX;
    pass(200);
    assert_int_equal(strncmp(w.log, "WRITABLE(", 9), 0);
    assert_int_equal(spoken(p, a.pcm, 200000), total);
    for (i = 0; i < total; i++) assert_int_equal(a.pcm[i], pcm[i]);
}

static void end_adds_silence(void **state) {
    static int16_t got[4000];
    peer *p = stream(8000);
    size_t i;
    (void)state;
    write_tone(100);
    assert_int_equal(jbz_audio_mark(audio(), "last"), JBZ_E_OK);
    assert_int_equal(jbz_audio_end(audio()), JBZ_E_OK);
    assert_int_equal(spoken(p, got, 4000), 100);
    hears(p, MARK("last"));
    assert_int_equal(spoken(p, got, 4000), 1280);
    for (i = 0; i < 1280; i++) assert_int_equal(got[i], 0);
}

/*---- marks ----*/

static void marks_go_where_they_belong(void **state) {
    peer *p = stream(8000);
    (void)state;
    assert_int_equal(jbz_audio_mark(audio(), "a"), JBZ_E_OK);
    hears(p, MARK("a"));
    write_tone(2000);
    jbz_audio_mark(audio(), "b");
    jbz_audio_mark(audio(), "c");
    write_tone(2000);
    SPEAKS(p, 1600);
    hears_nothing(p);
    pass(100);
    SPEAKS(p, 400);
    hears(p, MARK("b"));
    hears(p, MARK("c"));
    pass(1000);
    SPEAKS(p, 2000);
    say(p, REPORT("a", "playout"));
    say(p, REPORT("b", "playout"));
    logs("MARK(a,0) MARK(b,0)");
    say(p, REPORT("b", "playout")); /* one event per mark */
    say(p, REPORT("zz", "playout"));
    say(p, REPORT("jbz.", "playout"));
    logs("");
    say(p, REPORT("c", "cleared"));
    logs("MARK(c,13)");
}

static void golden_marks(void **state) {
    peer *p = stream(8000);
    char *text;
    (void)state;
    jbz_audio_mark(audio(), "sentence-3");
    text = command("audio-mark");
    hears(p, text);
    free(text);
    jbz_audio_kill(audio());
    text = command("audio-kill");
    hears(p, text);
    free(text);
    jbz_audio_clear_marks(audio());
    text = command("audio-clear-marks");
    hears(p, text);
    free(text);
    jbz_audio_disconnect(audio());
    text = command("audio-disconnect");
    hears(p, text);
    free(text);
}

static void mark_names_and_number(void **state) {
    char name[64];
    peer *p = stream(8000);
    int i;
    (void)state;
    assert_int_equal(jbz_audio_mark(audio(), ""), JBZ_E_VALUE);
    assert_int_equal(jbz_audio_mark(audio(), NULL), JBZ_E_VALUE);
    assert_int_equal(jbz_audio_mark(audio(), "a b"), JBZ_E_VALUE);
    assert_int_equal(jbz_audio_mark(audio(), "\""), JBZ_E_VALUE);
    assert_int_equal(jbz_audio_mark(audio(), "\xc3\xa9"), JBZ_E_VALUE);
    assert_int_equal(jbz_audio_mark(audio(), "jbz.1"), JBZ_E_VALUE);
    memset(name, 'x', sizeof name);
    name[55] = 0;
    assert_int_equal(jbz_audio_mark(audio(), name), JBZ_E_VALUE);
    name[54] = 0;
    assert_int_equal(jbz_audio_mark(audio(), name), JBZ_E_OK);
    for (i = 1; i < 30; i++) assert_int_equal(jbz_audio_mark(audio(), "A-z_0.9"), JBZ_E_OK);
    assert_int_equal(jbz_audio_mark(audio(), "one-more"), JBZ_E_FULL);
    say(p, REPORT("A-z_0.9", "playout"));
    assert_int_equal(jbz_audio_mark(audio(), "one-more"), JBZ_E_OK);
    assert_int_equal(jbz_audio_mark(audio(), "one-more"), JBZ_E_FULL);
}

static void lost_marks_are_told_in_time(void **state) {
    peer *p = stream(8000);
    (void)state;
    write_tone(8000);
    jbz_audio_mark(audio(), "m");
    pass(2900);
    logs("");
    pass(300);
    logs("MARK(m,3)");
    say(p, REPORT("m", "playout")); /* too late */
    logs("");
    assert_int_equal(stats().pool_used, 128);
}

static void kill_tells_and_repairs(void **state) {
    peer *p = stream(8000);
    (void)state;
    jbz_audio_mark(audio(), "a");
    write_tone(2000);
    jbz_audio_mark(audio(), "b"); /* still here */
    SPEAKS(p, 0);
    hears(p, MARK("a"));
    SPEAKS(p, 1600);
    assert_int_equal(jbz_audio_kill(audio()), JBZ_E_OK);
    hears(p, "{\"type\":\"killAudio\"}");
    pump();
    logs("MARK(b,13)"); /* by the library, at once */
    assert_int_equal(jbz_audio_left(audio()), 0);
    say(p, REPORT("a", "cleared"));
    logs("MARK(a,13)");
    pass(100);
    hears_nothing(p);
    jbz_audio_mark(audio(), "c");
    hears(p, MARK("jbz.")); /* for a */
    hears(p, MARK("c"));
    write_tone(160);
    SPEAKS(p, 160);
    say(p, REPORT("jbz.", "playout"));
    say(p, REPORT("c", "playout"));
    logs("MARK(c,0)");
}

static void many_killed_marks_are_told_at_once(void **state) {
    char name[16];
    peer *p = stream(8000);
    int i, told = 0;
    const char *at;
    (void)state;
    write_tone(4000);
    for (i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "m%d", i);
        assert_int_equal(jbz_audio_mark(audio(), name), JBZ_E_OK);
    }
    jbz_audio_kill(audio());
    pump();
    for (at = w.log; (at = strstr(at, ",13)")) != NULL; at++) told++;
    assert_int_equal(told, 30);
    w.log[0] = 0;
    SPEAKS(p, 1600);
    hears(p, "{\"type\":\"killAudio\"}");
    write_tone(160);
    SPEAKS(p, 160); /* jambonz had none of them: nothing to repair */
}

/* The library's own marks count, for jambonz drops what is more than 30. */
static void repairs_count(void **state) {
    peer *p = stream(8000);
    int i, own = 0;
    (void)state;
    for (i = 0; i < 20; i++) assert_int_equal(jbz_audio_mark(audio(), "m"), JBZ_E_OK);
    assert_int_equal(jbz_audio_kill(audio()), JBZ_E_OK);
    for (i = 0; i < 20; i++) say(p, REPORT("m", "cleared"));
    w.log[0] = 0;
    for (i = 0; i < 10; i++) assert_int_equal(jbz_audio_mark(audio(), "n"), JBZ_E_OK);
    assert_int_equal(jbz_audio_mark(audio(), "n"), JBZ_E_FULL);
    while (heard(p)) own += strstr(p->text, "\"jbz.\"") != NULL;
    assert_int_equal(own, 20);
    say(p, REPORT("jbz.", "playout"));
    assert_int_equal(jbz_audio_mark(audio(), "n"), JBZ_E_OK);
    assert_int_equal(jbz_audio_mark(audio(), "n"), JBZ_E_FULL);
    logs("");
    pass(3000); /* those that are swallowed give no events */
    for (i = 0; i < 11; i++) {
        assert_int_equal(strncmp(w.log, "MARK(n,3)", 9), 0);
        memmove(w.log, w.log + 9 + (w.log[9] == ' '), strlen(w.log + 9) + 1);
    }
    assert_int_equal(stats().pool_used, 128);
}

static void clear_marks_forgets(void **state) {
    peer *p = stream(8000);
    (void)state;
    jbz_audio_mark(audio(), "placed");
    write_tone(160);
    jbz_audio_mark(audio(), "sent");
    hears(p, MARK("placed"));
    SPEAKS(p, 160);
    hears(p, MARK("sent"));
    assert_int_equal(jbz_audio_clear_marks(audio()), JBZ_E_OK);
    hears(p, "{\"type\":\"clearMarks\"}");
    pass(5000);
    logs("");
    write_tone(160);
    hears(p, MARK("jbz.")); /* for the one without samples behind it */
    SPEAKS(p, 160);
}

/*---- clips ----*/

static void golden_clips(void **state) {
    static uint8_t zero[400];
    jbz_audio_clip clip;
    peer *p = clips();
    char *text = command("audio-play-raw");
    const char *content = strstr(text, "audioContent\":\"") + 15;
    size_t n = (size_t)(strchr(content, '"') - content), len;
    (void)state;
    memset(&clip, 0, sizeof clip);
    len = n / 4 * 3 - (content[n - 1] == '=') - (content[n - 2] == '=');
    clip.bytes = zero;
    clip.len = len;
    clip.audioContentType = "raw";
    clip.sampleRate = 8000;
    clip.id = "clip-1";
    clip.queuePlay = true;
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    hears(p, text);
    clip.bytes = NULL;
    clip.len = 0;
    clip.pcm = (const int16_t *)(void *)zero;
    clip.samples = len / 2;
    clip.audioContentType = NULL;
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    hears(p, text);
    free(text);
    text = command("audio-play-wav");
    content = strstr(text, "audioContent\":\"") + 15;
    n = (size_t)(strchr(content, '"') - content);
    assert_true(jbzi_hash_decode64(zero, sizeof zero, content, n, &len));
    memset(&clip, 0, sizeof clip);
    clip.bytes = zero;
    clip.len = len;
    clip.audioContentType = "wav";
    clip.id = "clip-2";
    clip.textContent = "hello";
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    hears(p, text);
    free(text);
}

static void clips_are_checked(void **state) {
    static const int16_t pcm[2] = { 0, 0 };
    char id[64];
    jbz_audio_clip clip, good;
    peer *p = clips();
    const char *path;
    (void)state;
    memset(&good, 0, sizeof good);
    good.bytes = pcm;
    good.len = 4;
    good.audioContentType = "raw";
    good.sampleRate = 8000;
#define BAD(err, where, change) clip = good; change; assert_int_equal(jbz_audio_play(audio(), &clip), err); \
    jbz_last_error(w.core, &path); assert_string_equal(path, "playAudio." where)
    BAD(JBZ_E_MISSING, "audioContentType", clip.audioContentType = NULL);
    BAD(JBZ_E_VALUE, "audioContentType", clip.audioContentType = "mp3");
    BAD(JBZ_E_MISSING, "sampleRate", clip.sampleRate = 0);
    BAD(JBZ_E_VALUE, "sampleRate", clip.sampleRate = 11025);
    BAD(JBZ_E_MISSING, "audioContent", clip.bytes = NULL);
    BAD(JBZ_E_CONFLICT, "audioContent", clip.pcm = pcm);
    BAD(JBZ_E_VALUE, "audioContent", clip.len = 3);
    BAD(JBZ_E_VALUE, "audioContent", clip.len = 0);
    memset(id, 'i', sizeof id);
    id[55] = 0;
    BAD(JBZ_E_VALUE, "id", clip.id = id);
    hears_nothing(p);
    assert_int_equal(jbz_audio_play(audio(), &good), JBZ_E_OK);
}

static void the_clip_queue_is_counted(void **state) {
    static const int16_t pcm[80] = { 1 };
    jbz_audio_clip clip;
    peer *p = clips();
    int i;
    (void)state;
    memset(&clip, 0, sizeof clip);
    clip.pcm = pcm;
    clip.samples = 80;
    clip.sampleRate = 8000;
    clip.queuePlay = true;
    for (i = 0; i < 11; i++) assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_FULL);
    say(p, "{\"type\":\"playDone\",\"data\":{\"id\":\"jbz.1\",\"playbackMilliseconds\":\"10\"}}");
    pass(40);
    logs("DONE(jbz.1,10,0) WRITABLE(0)");
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_FULL);
    clip.queuePlay = false; /* instead of the others: one is stopped, ten are never heard */
    clip.id = "now";
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    pump();
    assert_int_equal(strncmp(w.log, "DONE(jbz.3,0,13) DONE(jbz.4,0,13)", 33), 0);
    w.log[0] = 0;
    pass(100);
    w.log[0] = 0;
    say(p, "{\"type\":\"playDone\",\"data\":{\"id\":\"jbz.2\",\"playbackMilliseconds\":\"3\"}}");
    say(p, "{\"type\":\"playDone\",\"data\":{\"id\":\"now\",\"playbackMilliseconds\":\"10\"}}");
    logs("DONE(jbz.2,3,0) DONE(now,10,0)");
    say(p, "{\"type\":\"playDone\",\"data\":{\"id\":\"now\",\"playbackMilliseconds\":\"10\"}}");
    logs("");
    clip.id = "lost";
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    pass(5900);
    logs("");
    pass(300);
    logs("DONE(lost,0,3)");
}

/* Sizes around max_out and far above, to a peer that reads and one that does not. */
static void long_clips(void **state) {
    static const size_t sizes[] = { 1, 2, 3, 100, 9000, 9090, 9100, 9200, 9300, 50000, 190000 };
    int16_t *pcm = (int16_t *)malloc(400000);
    uint8_t *plain = (uint8_t *)malloc(400000);
    char *kept = (char *)malloc(700000);
    jbz_audio_clip clip;
    size_t i, k, n;
    int slow;
    (void)state;
    for (i = 0; i < 200000; i++) pcm[i] = (int16_t)(i * 31);
    for (slow = 0; slow < 2; slow++) {
        peer *p = clips();
        memset(&clip, 0, sizeof clip);
        clip.pcm = pcm;
        clip.sampleRate = 16000;
        clip.textContent = "a \"quoted\" \n text";
        for (k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            uint8_t *f;
            size_t head, len = 0;
            clip.samples = sizes[k];
            if (slow) p->budget = 777;
            assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
            if (slow && sizes[k] > 9300) {
                assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_FULL);
                assert_true(stats().pool_used < 2 * sizes[k] * 4);
            }
            p->budget = SIZE_MAX;
            serve();
            f = p->buf + p->at; /* larger than what next_frame looks at */
            assert_int_equal(f[0], 0x81);
            head = f[1] < 126 ? 2 : f[1] == 126 ? 4 : 10;
            for (i = 2; i < head; i++) len = len << 8 | f[i];
            if (head == 2) len = f[1];
            assert_int_equal(p->at + head + len, p->n); /* one frame, whole */
            memcpy(kept, f + head, len);
            kept[len] = 0;
            p->at = p->n;
            {
                char *content = strstr(kept, "\"audioContent\":\"") + 16, *end = strchr(content, '"');
                assert_true(jbzi_hash_decode64(plain, 400000, content, (size_t)(end - content), &n));
                assert_int_equal(n, sizes[k] * 2);
                for (i = 0; i < sizes[k]; i++) assert_int_equal(plain[2 * i] | plain[2 * i + 1] << 8, (uint16_t)pcm[i]);
                assert_non_null(strstr(end, ",\"textContent\":\"a \\\"quoted\\\" \\n text\"}}"));
            }
            pass(100);
        }
        leave(p, 1000);
        w.log[0] = 0;
    }
    clips();
    clip.bytes = pcm;
    clip.pcm = NULL;
    clip.len = SIZE_MAX / 2 - 1;
    clip.audioContentType = "raw";
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_TOO_BIG);
    clip.len = 1000000;
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_TOO_BIG);
    free(pcm);
    free(plain);
    free(kept);
}

static void no_pool_is_an_error_and_nothing_more(void **state) {
    static int16_t pcm[30000];
    jbz_server_desc d = with_audio();
    jbz_audio_clip clip;
    jbzi_blk *hog[64];
    peer *p;
    int n = 0, k;
    (void)state;
    d.pool = 1; /* as small as it gets */
    d.max_message = 4096;
    world_again(&d);
    p = stream(8000);
    for (k = 13; k >= 6; k--)
        while (n < 64 && (hog[n] = jbzi_buf_take(&w.core->net.pool, ((size_t)1 << k) - 16, false)) != NULL) n++;
    assert_int_equal(jbz_audio_write(audio(), pcm, 100, NULL), JBZ_E_NOMEM);
    assert_int_equal(jbz_audio_mark(audio(), "x"), JBZ_E_NOMEM);
    assert_int_equal(jbz_audio_end(audio()), JBZ_E_NOMEM);
    pass(200);
    {
        static const jbzi_http_req req;
        assert_false(jbzi_call_audio_open(w.core, p->c, &req));
    }
    w.log[0] = 0;
    while (n) jbzi_buf_drop(&w.core->net.pool, &hog[--n]);
    pass(100);
    assert_int_equal(jbz_audio_write(audio(), pcm, 100, NULL), JBZ_E_OK);
    leave(p, 1000);
    clips();
    memset(&clip, 0, sizeof clip);
    clip.pcm = pcm;
    clip.samples = 30000;
    clip.sampleRate = 8000;
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_TOO_BIG);
    assert_true(stats().pool_used <= 128 + 128);
}

/*---- ends ----*/

static void disconnect_closes_in_the_end(void **state) {
    peer *p = stream(8000);
    jbz_audio_clip clip;
    (void)state;
    jbz_audio_mark(audio(), "m");
    write_tone(8000);
    assert_int_equal(jbz_audio_disconnect(audio()), JBZ_E_OK);
    assert_int_equal(jbz_audio_write(audio(), (const int16_t *)"ab", 1, NULL), JBZ_E_GONE);
    assert_int_equal(jbz_audio_mark(audio(), "m"), JBZ_E_GONE);
    assert_int_equal(jbz_audio_disconnect(audio()), JBZ_E_GONE);
    hears(p, MARK("m"));
    SPEAKS(p, 1600);
    hears(p, "{\"type\":\"disconnect\"}");
    pass(1900);
    hears_nothing(p);
    pass(200);
    assert_int_equal(close_code(p), 1000);
    say_close(p, 1000);
    logs("END(0,1000)");
    p = clips(); /* what is refused meanwhile does not put it off */
    assert_int_equal(jbz_audio_disconnect(audio()), JBZ_E_OK);
    memset(&clip, 0, sizeof clip);
    pass(1500);
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_GONE);
    jbz_audio_pace(audio(), 0);
    hears(p, "{\"type\":\"disconnect\"}");
    pass(600);
    assert_int_equal(close_code(p), 1000);
}

static void act_on_end(const jbz_event *ev) {
    int16_t v = 5;
    if (ev->type != JBZ_EV_AUDIO_END) return;
    assert_int_equal(jbz_audio_write(ev->audio, &v, 1, NULL), JBZ_E_GONE);
    assert_int_equal(jbz_audio_kill(ev->audio), JBZ_E_GONE);
    assert_ptr_equal(jbz_audio_user(ev->audio), &a);
    assert_null(jbz_audio_find(ev->core, jbz_audio_id_of(ev->audio)));
}

/* The transport closes while the event that tells of the end is in the app's hands: the place is free with the next pull. */
static void closed_while_its_end_is_told(void **state) {
    jbz_event ev;
    peer *p = stream(8000);
    (void)state;
    assert_int_equal(jbz_conn_drop(p->c, 1001, NULL), JBZ_E_OK); /* which it does not answer */
    do jbz_core_tick(w.core, w.now += 10);
    while (!jbz_core_next(w.core, &ev));
    assert_int_equal(ev.type, JBZ_EV_AUDIO_END);
    assert_int_equal(jbz_conn_wants(p->c), JBZ_WANT_CLOSE);
    jbz_conn_closed(p->c);
    p->open = false;
    assert_int_equal(stats().conns, 1);
    assert_int_equal(ev.tag, 1001); /* and what it tells can still be read */
    assert_false(jbz_core_next(w.core, &ev));
    assert_int_equal(stats().conns, 0);
}

static void end_in_every_state(void **state) {
    int i;
    (void)state;
    for (i = 0; i < 6; i++) {
        peer *p = stream(8000);
        jbz_audio_set_user(audio(), &a);
        a.act = act_on_end;
        if (i & 1) write_tone(8000);
        if (i & 1) jbz_audio_mark(audio(), "m");
        if (i == 4) p->budget = 10;
        if (i == 4) jbz_audio_kill(audio());
        if (i < 4) leave(p, i & 2 ? 1000 : 0);
        else if (i == 4) { jbz_conn_eof(p->c); pump(); }
        else jbz_conn_drop(p->c, 1000, NULL), say_close(p, 1000);
        pass(3000);
        assert_non_null(strstr(w.log, "END("));
        w.log[0] = 0;
        assert_int_equal(stats().pool_used, 0);
        a.act = NULL;
    }
    assert_int_equal(a.starts, a.ends);
}

/* Ids of sockets that are gone stay gone when the place is used again. */
static void stale_ids(void **state) {
    jbz_audio_id old, none = { 0, 0 }, wild = { 12345, 1 };
    (void)state;
    leave(stream(8000), 1000);
    old = a.id;
    w.log[0] = 0;
    stream(8000);
    assert_int_equal(old.slot, a.id.slot);
    assert_null(jbz_audio_find(w.core, old));
    assert_null(jbz_audio_find(w.core, none));
    assert_null(jbz_audio_find(w.core, wild));
    assert_non_null(jbz_audio_find(w.core, a.id));
    join(); /* a control socket is no audio socket */
    old.slot = 2;
    old.gen = 1;
    assert_null(jbz_audio_find(w.core, old));
}

static void draining_closes_audio(void **state) {
    peer *p = stream(8000);
    (void)state;
    jbz_core_drain(w.core);
    pass(100);
    assert_int_equal(close_code(p), 1012);
    say_close(p, 1012);
    logs("END(13,1012)");
}

/* Anything at all in any order: no crash, nothing left over. */
static void dice_thrown(void **state) {
    static int16_t pcm[3000];
    static const char *const texts[] = { "{}", "{\"callSid\":\"" SID_A "\"}", REPORT("m1", "playout"), REPORT("m2", "cleared"),
        "{\"type\":\"playDone\",\"data\":{\"id\":\"jbz.1\"}}", "x", "", "{\"event\":\"dtmf\"}", "{\"type\":\"mark\"}", REPORT("jbz.", "playout") };
    peer *p[4] = { NULL, NULL, NULL, NULL };
    int round;
    (void)state;
    for (round = 0; round < 20000; round++) {
        unsigned i = dice(4);
        char name[8];
        size_t taken;
        jbz_audio *x;
        jbz_audio_clip clip;
        memset(&clip, 0, sizeof clip);
        snprintf(name, sizeof name, "m%u", (unsigned)dice(4));
        if (!p[i] || !p[i]->open) {
            p[i] = join_as("/audio", AUDIO);
            p[i]->budget = dice(3) ? SIZE_MAX : dice(5000);
        }
        x = jbz_audio_find(w.core, a.id);
        switch (dice(14)) {
        case 0: case 1: say(p[i], "%s", texts[dice(10)]); break;
        case 2: send_pcm(p[i], pcm, dice(2000)); break;
        case 3: if (x) jbz_audio_mode(x, dice(3) ? JBZ_AUDIO_STREAM : JBZ_AUDIO_CLIPS, 8000); break;
        case 4: case 5: if (x) jbz_audio_write(x, pcm, dice(3000), dice(2) ? &taken : NULL); break;
        case 6: if (x) jbz_audio_mark(x, name); break;
        case 7: if (x && !dice(3)) jbz_audio_kill(x); else if (x) jbz_audio_end(x); break;
        case 8: if (x && !dice(3)) jbz_audio_clear_marks(x); break;
        case 9: if (x && !dice(20)) jbz_audio_disconnect(x); break;
        case 10: case 11:
            clip.pcm = pcm;
            clip.samples = 1 + dice(3000) * (dice(4) ? 1 : 0);
            clip.sampleRate = 8000;
            clip.queuePlay = dice(2) != 0;
            if (x) jbz_audio_play(x, &clip);
            break;
        case 12: pass(dice(3) ? dice(60) : dice(4000)); break;
        default: if (!dice(6)) leave(p[i], dice(2) ? 1000 : 0); else if (p[i]->budget != SIZE_MAX) p[i]->budget += dice(20000); break;
        }
        if (x) assert_true(jbz_audio_queued(x) * 2 <= w.core->net.desc.audio_queue + 64 * 2560u);
        w.log[0] = 0;
        a.n = 0;
        if (p[i]->n > 1000000) p[i]->n = p[i]->at = 0;
        pump();
    }
    assert_true(a.starts > 100);
    for (round = 0; round < 4; round++) if (p[round] && p[round]->open) { p[round]->budget = SIZE_MAX; leave(p[round], 0); }
    pass(10000);
    assert_int_equal(a.starts, a.ends);
    assert_int_equal(stats().pool_used, 0);
}

/*---- borders ----*/

static void numbers_out_of_bounds(void **state) {
    (void)state;
    listen_in("{\"sampleRate\":\"12345678901234567890\"}");
    listen_in("{\"sampleRate\":192001}");
    listen_in("{\"sampleRate\":999}");
    logs("START(8000,1,-)");
    listen_in("{\"sampleRate\":192000}");
    logs("START(192000,1,-)");
    listen_in("{\"sampleRate\":\"1000\"}");
    logs("START(1000,1,-)");
}

static void an_orphan_may_be_asked_first(void **state) {
    jbz_server_desc d = with_audio();
    peer *p;
    (void)state;
    d.ping_ms = 1000;
    d.audio_first_ms = 1500;
    world_again(&d);
    p = join_as("/audio", AUDIO);
    pass(1100);
    assert_int_equal(next_frame(p), OP_PING);
    assert_int_equal(close_code(p), 0);
    pass(500);
    assert_int_equal(close_code(p), 1000);
}

static void no_memory_for_half_a_message(void **state) {
    static uint8_t f[4096];
    static const int16_t pcm[1000] = { 5, 6, 7 };
    static const uint8_t wire[2000] = { 5, 0, 6, 0, 7 }; /* the lower byte first, on any machine */
    peer *p = stream(8000);
    size_t n = frame(f, FIN | OP_BIN, wire, sizeof wire), took;
    (void)state;
    starve();
    took = feed(p, f, n / 2);
    assert_true(took < n / 2);
    assert_int_equal(jbz_audio_write(audio(), pcm, 100, NULL), JBZ_E_NOMEM);
    pass(200); /* it looks for memory by the same timer */
    logs("WRITABLE(32768)");
    assert_true(p->open);
    sate();
    pass(100);
    logs("");
    assert_int_equal(feed(p, f + took, n - took), n - took);
    assert_int_equal(a.n, 1000);
    assert_memory_equal(a.pcm, pcm, sizeof pcm);
}

static void a_socket_that_goes_with_its_request(void **state) {
    char text[1024];
    size_t n = upgrade_text(text, sizeof text, "/audio", AUDIO, NULL);
    peer *p = dial_in();
    (void)state;
    assert_int_equal(jbz_conn_feed(p->c, text, n), n);
    jbz_conn_eof(p->c);
    pump();
    assert_false(p->open);
    assert_int_equal(stats().accepted, 0);
    assert_int_equal(stats().pool_used, 0);
    logs("");
}

/* What a transport that is full does not take goes later, in order. */
static void marks_that_do_not_go_at_once(void **state) {
    jbz_server_desc d = with_audio();
    peer *p;
    (void)state;
    d.out_spill = 60;
    world_again(&d);
    p = stream(8000);
    p->budget = 0;
    assert_int_equal(jbz_audio_mark(audio(), "a"), JBZ_E_OK);
    assert_int_equal(jbz_audio_mark(audio(), "b"), JBZ_E_OK); /* finds no room and stays here */
    pass(100);
    p->budget = SIZE_MAX;
    hears(p, MARK("a"));
    hears_nothing(p);
    pass(40);
    hears(p, MARK("b"));

    p->budget = 0;
    assert_int_equal(jbz_audio_kill(audio()), JBZ_E_OK); /* a and b: two of the library's own are owed */
    assert_int_equal(write_tone(100), JBZ_E_OK);
    pass(100);
    p->budget = SIZE_MAX;
    hears(p, "{\"type\":\"killAudio\"}");
    hears_nothing(p);
    pass(40);
    hears(p, MARK("jbz."));
    pass(40);
    hears(p, MARK("jbz."));
    SPEAKS(p, 100);
    logs("");
}

static void pace_has_bounds(void **state) {
    peer *p = stream(8000);
    (void)state;
    jbz_audio_pace(audio(), 1); /* less than two steps stutters */
    write_tone(4000);
    SPEAKS(p, 320);
    jbz_audio_pace(audio(), 80); /* at once */
    SPEAKS(p, 320);
    jbz_audio_pace(audio(), 60001);
    SPEAKS(p, 3360);
    pass(1000);
    while (write_tone(8000) == JBZ_E_OK) { }
    SPEAKS(p, 480000); /* a minute, not a sample more */
    jbz_audio_pace(audio(), 0);
    pass(20);
    assert_int_equal(jbz_audio_queued(audio()), 0);
    assert_int_equal(jbz_audio_write(audio(), NULL, 0, NULL), JBZ_E_OK);
}

static void clips_at_their_borders(void **state) {
    static const int16_t pcm[80] = { 1 };
    static char text[2000000];
    jbz_audio_clip clip;
    peer *p = clips();
    size_t quota;
    int i;
    (void)state;
    memset(&clip, 0, sizeof clip);
    clip.pcm = pcm;
    clip.sampleRate = 8000;
    clip.samples = SIZE_MAX / 4 + 1;
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_TOO_BIG);
    clip.samples = 1;
    clip.id = "";
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_VALUE);
    clip.id = "x";
    memset(text, 't', sizeof text - 1);
    clip.textContent = text;
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_TOO_BIG);
    quota = jbzi_conn_quota(&w.core->net);
    if (quota > (size_t)1 << w.core->net.pool.top) quota = (size_t)1 << w.core->net.pool.top;
    text[quota / 2] = 0; /* might fit, but not if it were all escapes */
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_TOO_BIG);
    clip.textContent = NULL;
    clip.audioContentType = "wav"; /* of samples it is not asked for */
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    hears(p, "{\"type\":\"playAudio\",\"data\":{\"audioContentType\":\"raw\",\"sampleRate\":8000,\"audioContent\":\"AQA=\",\"id\":\"x\"}}");
    say(p, "{\"type\":\"playDone\",\"data\":{\"id\":\"x\"}}");
    memset(&clip, 0, sizeof clip);
    clip.bytes = "RIFF"; /* no header to take a length from */
    clip.len = 4;
    clip.audioContentType = "wave";
    clip.id = "y";
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    hears(p, "{\"type\":\"playAudio\",\"data\":{\"audioContentType\":\"wave\",\"audioContent\":\"UklGRg==\",\"id\":\"y\"}}");
    w.log[0] = 0;
    pass(5900);
    logs("");
    pass(200);
    logs("DONE(y,0,3)");

    memset(&clip, 0, sizeof clip);
    clip.pcm = pcm;
    clip.samples = 80;
    clip.sampleRate = 8000;
    for (i = 0; i < 4; i++) assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK); /* each in place of the one before */
    w.log[0] = 0;
    pump();
    logs("DONE(jbz.3,0,13) DONE(jbz.4,0,13)"); /* the first of them is heard, and the last */
    clip.queuePlay = true;
    for (i = 0; i < 9; i++) assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_FULL);
    pass(200);
    logs(""); /* still so */
    say(p, "{\"type\":\"playDone\",\"data\":{\"id\":\"jbz.2\",\"playbackMilliseconds\":\"10\"}}");
    pass(40);
    logs("DONE(jbz.2,10,0) WRITABLE(0)");
}

static void clips_and_memory(void **state) {
    static const int16_t pcm[20000] = { 1 };
    jbz_audio_clip clip;
    peer *line = live_call(SID_B, "inbound"), *p = clips();
    jbz_out *o;
    (void)state;
    memset(&clip, 0, sizeof clip);
    clip.pcm = pcm;
    clip.samples = 1;
    clip.sampleRate = 8000;
    clip.id = "x";
    o = jbz_cmd_redirect(jbz_call_by_sid(w.core, 0, SID_B)); /* the shared buffer is taken */
    jbz_say(o, .text = "hi");
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    hears(p, "{\"type\":\"playAudio\",\"data\":{\"audioContentType\":\"raw\",\"sampleRate\":8000,\"audioContent\":\"AQA=\",\"id\":\"x\"}}");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
    hears_redirect(line, SAY_HI);
    clip.queuePlay = true;
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK); /* now there is room to note a third */
    assert_non_null(heard(p));
    clip.samples = 20000;
    starve();
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_NOMEM);
    sate();
    assert_int_equal(jbz_audio_play(audio(), &clip), JBZ_E_OK);
    assert_non_null(heard(p));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
#define DIRECT(f) cmocka_unit_test_prestate_setup_teardown(f, setup, world_teardown, (void *)"direct")

int main(void) {
    const struct CMUnitTest tests[] = {
        T(examples_are_understood), T(both_names_are_spoken), T(without_on_audio_it_is_refused), T(nothing_behind_a_close), T(every_text_gets_a_start),
        T(samples_before_metadata), T(metadata_cut_at_every_byte), T(metadata_of_8192_bytes), T(bad_utf8_fails),
        T(samples_in_every_split), T(largest_message_behind_a_carry), T(empty_frame_is_told),
        T(token_binds_before_the_first_frame), T(url_fits_or_is_null), T(token_in_a_longer_query), T(sid_binds_in_own_app_then_in_any),
        T(call_and_audio_end_apart), T(a_lost_call_keeps_its_audio), T(orphans_are_closed), T(silence_is_pinged_as_elsewhere),
        T(modes_are_kept_apart), T(samples_are_little_endian_and_never_minus_one), T(pacing), DIRECT(pacing), T(pacing_at_every_rate),
        T(the_queue_is_bounded), T(a_slow_peer), DIRECT(a_slow_peer), T(end_adds_silence), T(marks_go_where_they_belong),
        T(golden_marks), T(mark_names_and_number), T(lost_marks_are_told_in_time), T(kill_tells_and_repairs),
        T(many_killed_marks_are_told_at_once), T(repairs_count), T(clear_marks_forgets), T(golden_clips), T(clips_are_checked),
        T(the_clip_queue_is_counted), T(long_clips), DIRECT(long_clips), T(no_pool_is_an_error_and_nothing_more),
        T(disconnect_closes_in_the_end), T(end_in_every_state), DIRECT(end_in_every_state), T(stale_ids), T(draining_closes_audio),
        T(dice_thrown), DIRECT(dice_thrown), T(numbers_out_of_bounds), T(an_orphan_may_be_asked_first), T(closed_while_its_end_is_told), T(no_memory_for_half_a_message),
        DIRECT(a_socket_that_goes_with_its_request), T(marks_that_do_not_go_at_once), DIRECT(pace_has_bounds), T(clips_at_their_borders),
        T(clips_and_memory),
    };
    if (getenv("ONLY")) cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
