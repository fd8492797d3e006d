/* Room 11: speech streaming, against a model of the server's buffer (PROTOCOL 4 and 9.3). */
#include "support.h"

/*---- the server's buffer ----*/

enum { CLOSED, CONNECTING, CONNECTED, BROKEN };
#define MARK 1 /* a flush in the queue; test texts never contain it */

static struct {
    int  vendor;
    bool full;
    char queue[8192];
    size_t n;
    bool idle;                 /* the timer runs */
    uint64_t idle_at, fed_at;
    char spoken[1 << 18];      /* since the last interruption or clear; '|' where the vendor was flushed */
    size_t spoken_n;
    unsigned flushes, late;    /* vendor flushes; those that did not come at once */
    unsigned pieces, refused, results_lost, too_long, blank, clears;
    char    tails[64];         /* last characters of the pieces */
    bool    no_resume;         /* never says stream_resumed */
    char    latest[4096], doubtful[4096]; /* the piece taken last; one whose result was lost */
    char    out[64][256];      /* messages to the app that wait */
    uint64_t out_at[64];
    unsigned outs;
    uint32_t last_id;
} v;

static peer *line;             /* the control socket */
static unsigned msgs;
static uint32_t delay_most;    /* ms that a message of the server takes */

static size_t units(const char *p, size_t n) {
    size_t u = 0, i;
    for (i = 0; i < n; i++)
        if (((uint8_t)p[i] & 0xC0) != 0x80 && p[i] != MARK) u += (uint8_t)p[i] >= 0xF0 ? 2 : 1;
    return u;
}

/* How many bytes of white space are at p. */
static size_t white(const char *p) {
    static const char *const wide[] = { "\xC2\xA0", "\xE3\x80\x80", "\xE2\x80\x83", "\xEF\xBB\xBF" };
    size_t i;
    if (*p == ' ' || (*p >= 9 && *p <= 13)) return 1;
    for (i = 0; i < 4; i++)
        if (strncmp(p, wide[i], strlen(wide[i])) == 0) return strlen(wide[i]);
    return 0;
}

static bool all_white(const char *p) {
    size_t k;
    while ((k = white(p)) != 0) p += k;
    return !*p;
}

static void tell(const char *type, const char *data) {
    uint64_t at = w.now + dice(delay_most + 1);
    assert_true(v.outs < 64);
    if (v.outs && v.out_at[v.outs - 1] > at) at = v.out_at[v.outs - 1];
    v.out_at[v.outs] = at;
    snprintf(v.out[v.outs++], sizeof v.out[0], "{\"type\":\"%s\",\"msgid\":\"t%u\",\"call_sid\":\"" SID_A "\",\"data\":%s}", type, ++msgs, data);
}
static void tell_event(const char *type) {
    char data[64];
    snprintf(data, sizeof data, "{\"event_type\":\"%s\"}", type);
    tell("tts:streaming-event", data);
}

static void speak(const char *p, size_t n) {
    assert_true(v.spoken_n + n + 2 < sizeof v.spoken);
    memcpy(v.spoken + v.spoken_n, p, n);
    v.spoken_n += n;
    v.spoken[v.spoken_n] = 0;
}
static void vendor_flush(void) {
    speak("|", 1);
    v.flushes++;
}

static void drop(size_t n) {
    memmove(v.queue, v.queue + n, v.n - n + 1);
    v.n -= n;
}

/* The end of the last whole sentence. */
static size_t sentence_end(void) {
    static const char *const wide[] = { "\xE3\x80\x82", "\xEF\xBC\x81", "\xEF\xBC\x9F" };
    size_t i, k, end = 0;
    bool text = false;
    for (i = 0; i < v.n && v.queue[i] != MARK; i++) {
        const char *p = v.queue + i;
        bool digit = i > 0 && p[-1] >= '0' && p[-1] <= '9';
        size_t len = strchr(".!?", *p) ? 1 : strncmp(p, "\xD8\x9F", 2) == 0 || strncmp(p, "\xDB\x94", 2) == 0 ? 2 : 0;
        if (text && !digit && len && (!p[len] || white(p + len))) end = i + len;
        for (k = 0; k < 3; k++)
            if (text && !digit && strncmp(p, wide[k], 3) == 0) end = i + 3;
        if (text && p[0] == '\n' && p[1] == '\n') end = i + 2;
        if (!white(p) && ((uint8_t)*p & 0xC0) != 0x80) text = true;
    }
    return end;
}

static void server_feed(bool idle, bool accepted) {
    char *mark;
    size_t end, i, k;
    if (v.vendor != CONNECTED) return;
    while ((mark = memchr(v.queue, MARK, v.n)) != NULL) {
        speak(v.queue, (size_t)(mark - v.queue));
        drop((size_t)(mark - v.queue) + 1);
        vendor_flush();
    }
    while (v.n) {
        end = sentence_end();
        if (!end && idle) {
            for (i = 0; i < v.n; i += k ? k : 1)
                if ((k = white(v.queue + i)) != 0) end = i;
            idle = false;
        }
        if (!end) break;
        speak(v.queue, end);
        drop(end);
        if (accepted && v.full && units(v.queue, v.n) <= 200) {
            v.full = false;
            if (!v.no_resume) tell_event("stream_resumed");
        }
    }
    if (v.n && !v.idle) { v.idle = true; v.idle_at = w.now + 1000; }
    if (!v.n) v.idle = false;
}

static void server_result(uint32_t id, const char *rest) {
    char data[200];
    snprintf(data, sizeof data, "{\"id\":%u%s}", (unsigned)id, rest);
    tell("tts:tokens-result", data);
}

static void server_tokens(uint32_t id, const char *text) {
    size_t n = strlen(text), u = units(text, n);
    assert_true(id > v.last_id); /* monotonic */
    v.last_id = id;
    if (v.pieces < 63) v.tails[v.pieces] = n ? text[n - 1] : ' ';
    v.pieces++;
    if (u > 502) v.too_long++;
    if (all_white(text) && strcmp(text, "\n\n") != 0) v.blank++;
    if (v.vendor == BROKEN) { server_result(id, ",\"status\":\"failed\",\"reason\":\"connection to x failed\""); return; }
    if (!v.n && all_white(text)) { server_result(id, ",\"status\":\"ok\""); return; }
    if (units(v.queue, v.n) + u > 1000) {
        if (!v.full) { v.full = true; tell_event("stream_paused"); }
        v.refused++;
        server_result(id, ",\"status\":\"failed\",\"reason\":\"full\"");
        return;
    }
    if (v.doubtful[0]) { /* sent again although the server has it: it is heard twice, which the test forgives if it is told */
        size_t k = strlen(v.doubtful);
        if (strncmp(text, v.doubtful, k) != 0 && k > 2) k -= 2; /* the empty line at its end, not needed any more */
        if (strncmp(text, v.doubtful, k) == 0) text += k;
        v.doubtful[0] = 0;
        n = strlen(text);
    }
    strcpy(v.latest, text);
    memcpy(v.queue + v.n, text, n + 1);
    v.n += n;
    v.fed_at = w.now;
    server_feed(false, true);
    server_result(id, ",\"status\":\"ok\"");
}

static void server_flush(void) {
    if (v.vendor != CONNECTING && v.vendor != CONNECTED) return;
    if (v.vendor == CONNECTED && !v.n) { vendor_flush(); return; }
    if (v.n && v.queue[v.n - 1] == MARK) return;
    v.queue[v.n++] = MARK;
    v.queue[v.n] = 0;
    if (v.vendor == CONNECTED) v.late++;
}

static void server_drop(void) {
    v.n = 0;
    v.queue[0] = v.doubtful[0] = 0;
    v.idle = v.full = false;
    v.spoken_n = 0; /* what the vendor had is silenced */
    v.spoken[0] = 0;
}

static void server_connect(void) {
    v.vendor = CONNECTED;
    server_feed(false, false);
    tell_event("stream_open");
}

/* One command of the app. False: there was none. */
static bool server_read(void) {
    static jbz_tok toks[64];
    static char text[65536];
    jbz_doc doc;
    jbz_json root;
    const char *name;
    if (!heard(line)) return false;
    memcpy(text, line->text, line->text_n + 1);
    assert_int_equal(jbz_json_parse(&doc, text, line->text_n, toks, 64, NULL), JBZ_E_OK);
    root = jbz_json_root(&doc);
    name = jbz_json_str(root, "/command", "");
    if (strcmp(name, "tts:tokens") == 0) server_tokens((uint32_t)jbz_json_int(root, "/data/id", 0), jbz_json_str(root, "/data/tokens", NULL));
    else if (strcmp(name, "tts:flush") == 0) server_flush();
    else if (strcmp(name, "tts:clear") == 0) { v.clears++; if (v.vendor == CONNECTED) server_drop(); }
    else if (strcmp(jbz_json_str(root, "/type", ""), "ack") != 0) fail_msg("unexpected: %s", line->text);
    return true;
}

/* Time and messages at the server. */
static void server_turn(void) {
    char text[256];
    if (v.idle && w.now >= v.idle_at) {
        v.idle = false;
        if (w.now - v.fed_at < 1000) { v.idle = true; v.idle_at = w.now + 1000; }
        else server_feed(true, false);
    }
    while (v.outs && w.now >= v.out_at[0]) {
        strcpy(text, v.out[0]);
        v.outs--;
        memmove(v.out, v.out + 1, v.outs * sizeof v.out[0]);
        memmove(v.out_at, v.out_at + 1, v.outs * sizeof v.out_at[0]);
        say(line, "%s", text);
    }
}

/* Both go on for `ms`. */
static void run(uint32_t ms) {
    uint64_t until = w.now + ms;
    do {
        while (server_read()) { }
        server_turn();
        pass(10);
    } while (w.now < until);
    while (server_read()) { }
    server_turn();
}

/*---- the app ----*/

static unsigned opened, writable, interrupted, closed, repeated, raw_results;
static uint32_t last_tag;
static jbz_err last_reason;
static char written[1 << 18];
static size_t written_n;

static void put(const char *p, size_t n) {
    assert_true(written_n + n + 2 < sizeof written);
    memcpy(written + written_n, p, n);
    written_n += n;
    written[written_n] = 0;
}

static void act(const jbz_event *ev) {
    if (ev->type >= JBZ_EV_TTS_OPEN && ev->type <= JBZ_EV_TTS_REPEATED) {
        last_tag = ev->tag;
        last_reason = ev->reason;
    }
    if (ev->type == JBZ_EV_TTS_OPEN) opened++;
    if (ev->type == JBZ_EV_TTS_WRITABLE) writable++;
    if (ev->type == JBZ_EV_TTS_REPEATED) repeated++;
    if (ev->type == JBZ_EV_TTS_CLOSED) closed++;
    if (ev->type == JBZ_EV_TTS_TOKENS_RESULT) raw_results++;
    if (ev->type == JBZ_EV_TTS_INTERRUPTED) { interrupted++; written_n = 0; written[0] = 0; }
    w.log[0] = 0;
}

static jbz_call *it(void) { return jbz_call_by_sid(w.core, 0, SID_A); }

static size_t writes(const char *text) {
    size_t taken = 99, n = strlen(text);
    jbz_err err = jbz_tts_write(it(), text, n, &taken);
    assert_true(taken <= n && (err == JBZ_E_OK) == (taken == n));
    put(text, taken);
    serve();
    return taken;
}
static void flushes(void) {
    assert_int_equal(jbz_tts_flush(it()), JBZ_E_OK);
    put("|", 1);
    serve();
}
static void clears(void) {
    assert_int_equal(jbz_tts_clear(it()), JBZ_E_OK);
    written_n = 0;
    written[0] = 0;
    serve();
}

static void begin_with(const jbz_server_desc *d) {
    memset(&v, 0, sizeof v);
    opened = writable = interrupted = closed = repeated = raw_results = msgs = delay_most = 0;
    written_n = 0;
    written[0] = 0;
    world_again(d);
    line = live_call(SID_A, "inbound");
    w.act = act;
}
static void begin(void) {
    jbz_server_desc d = usual();
    begin_with(&d);
}

/* Words alone: white space does not matter, nor does how often a flush is repeated. */
static const char *words(const char *p) {
    static char text[2][1 << 18];
    static int turn;
    char *to = text[turn ^= 1], *start = to;
    bool gap = false, mark = false;
    size_t k;
    while (*p) {
        if (*p == '|') { mark = gap = true; p++; continue; }
        if ((k = white(p)) != 0) { gap = true; p += k; continue; }
        if (gap && to > start) *to++ = mark ? '|' : ' ';
        gap = mark = false;
        *to++ = *p++;
    }
    *to = 0;
    return start;
}
#define spoke(text) assert_string_equal(words(v.spoken), words(text))

/* What is there but white space and flushes, in place. */
static void squeeze(char *text) {
    char *to = text;
    size_t k;
    while (*text) {
        if ((k = *text == '|' ? 1 : white(text)) != 0) text += k;
        else *to++ = *text++;
    }
    *to = 0;
}

/* After a lost socket a flush may come twice, and then even in the middle of a word (and JBZ_EV_TTS_REPEATED): `loose` compares
   only what remains without. */
static void same_words(uint32_t seed, bool loose) {
    const char *a, *b, *p;
    size_t i;
    if (loose) { squeeze(v.spoken); squeeze(written); }
    a = words(v.spoken);
    b = words(written);
    for (i = 0; a[i] && (a[i] == b[i] || (a[i] == '|' && b[i] == ' ')); i++) { } /* a full buffer may be flushed, between words */
    if (a[i] == b[i]) return;
    p = i > 60 ? a + i - 60 : a;
    fail_msg("seed %u: at %u\nspoken  %.120s\nwritten %.120s", (unsigned)seed, (unsigned)i, p, b + (p - a));
}

/*---- tests ----*/

static void test_one_sentence(void **state) {
    (void)state;
    begin();
    v.vendor = CONNECTED;
    writes("We open at nine.");
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":1,\"tokens\":\"We open at nine.\"}}");
    hears_nothing(line); /* one at a time, and the flush is behind it */
    flushes();
    hears_nothing(line);
    server_tokens(1, "We open at nine.");
    server_turn();
    hears(line, "{\"type\":\"command\",\"command\":\"tts:flush\"}");
    server_flush();
    assert_int_equal(v.late, 0);
    spoke("We open at nine.|");
    assert_int_equal(raw_results, 0);
    assert_int_equal(jbz_tts_queued(it()), 0);
}

static void test_ends(void **state) {
    static const struct { const char *text, *sent; } cases[] = {
        { "Hello", "Hello\\n\\n" }, { "Hello.", "Hello." }, { "Hello. ", "Hello." }, { "Hello!\n", "Hello!" },
        { "Call 555", "Call 555\\n\\n" }, { "It is 3.", "It is 3.\\n\\n" }, { "Hello.)", "Hello.)\\n\\n" },
        { "\xE3\x81\xAF\xE3\x81\x84\xE3\x80\x82", "\xE3\x81\xAF\xE3\x81\x84\xE3\x80\x82" }, { "what\xD8\x9F", "what\xD8\x9F" }
    };
    size_t i;
    char want[256];
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        jbz_out *o;
        begin();
        v.vendor = CONNECTED;
        o = jbz_cmd_redirect(it()); /* while it is open, speech waits: so text and flush are there together */
        writes(cases[i].text);
        flushes();
        hears_nothing(line);
        jbz_say(o, .text = "x");
        assert_int_equal(jbz_send(o), JBZ_E_OK);
        serve();
        hears_redirect(line, "[{\"verb\":\"say\",\"text\":\"x\"}]");
        pass(100);
        snprintf(want, sizeof want, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":1,\"tokens\":\"%s\"}}", cases[i].sent);
        hears(line, want);
        server_tokens(1, strstr(cases[i].sent, "\\n\\n") ? "Hello\n\n" : "Hello.");
        run(100);
        assert_int_equal(v.flushes, 1);
        assert_int_equal(v.late, 0);
    }
}

/* Text that is gone without an end: the empty line goes alone. */
static void test_end_alone(void **state) {
    (void)state;
    begin();
    v.vendor = CONNECTED;
    writes("Please hold");
    run(100);
    spoke("");
    flushes();
    run(100);
    spoke("Please hold|");
    assert_int_equal(v.late, 0);
    writes("a ");
    writes("b ");
    run(3000);          /* the idle timer has cut */
    flushes();
    run(100);
    spoke("Please hold|a b|");
    assert_int_equal(v.late, 0);
    writes("And 3");
    run(100);
    writes(". Then");
    run(100);
    flushes();
    run(100);
    spoke("Please hold|a b|And 3. Then|");
    assert_int_equal(v.late, 0);
    flushes();          /* nothing there: nothing is sent but the flush */
    flushes();
    run(100);
    spoke("Please hold|a b|And 3. Then|");
    assert_int_equal(v.blank, 0);
}

static void test_white(void **state) {
    (void)state;
    begin();
    v.vendor = CONNECTED;
    writes("  \n ");
    hears_nothing(line);
    writes("One.  ");
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":1,\"tokens\":\"  \\n One.\"}}");
    server_tokens(1, "One.");
    server_turn();
    hears_nothing(line);
    writes("\xE3\x80\x80");
    hears_nothing(line);
    writes("Two");
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":2,\"tokens\":\"  \xE3\x80\x80Two\"}}");
    server_tokens(2, "Two");
    server_turn();
    writes("\n\n");      /* an empty line ends something: not kept back */
    hears_nothing(line); /* ... but alone it is white space */
    writes("Three\n\n");
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":3,\"tokens\":\"\\n\\nThree\\n\\n\"}}");
}

static void test_utf8(void **state) {
    (void)state;
    begin();
    v.vendor = CONNECTED;
    assert_int_equal(jbz_tts_write(it(), "gr\xC3", 3, NULL), JBZ_E_OK);
    serve();
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":1,\"tokens\":\"gr\"}}");
    server_tokens(1, "gr");
    server_turn();
    hears_nothing(line); /* half a character waits for the other half */
    assert_int_equal(jbz_tts_write(it(), "\xBC\xC3\x9F\xF0\x9F", 5, NULL), JBZ_E_OK);
    serve();
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":2,\"tokens\":\"\xC3\xBC\xC3\x9F\"}}");
    server_tokens(2, "u");
    server_turn();
    assert_int_equal(jbz_tts_flush(it()), JBZ_E_OK);
    serve();
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":3,\"tokens\":\"\xEF\xBF\xBD\\n\\n\"}}");
    server_tokens(3, "x\n\n");
    server_turn();
    hears(line, "{\"type\":\"command\",\"command\":\"tts:flush\"}");
    assert_int_equal(jbz_tts_write(it(), "a\xFF\xFE\0b", 5, NULL), JBZ_E_OK); /* the library's own mark, and a NUL */
    serve();
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":4,\"tokens\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\\u0000b\"}}");
}

static void test_pieces(void **state) {
    char text[4001];
    size_t i;
    (void)state;
    begin();
    v.vendor = CONNECTED;
    for (i = 0; i < 3000; i += 10) memcpy(text + i, i % 50 ? "abcdefghi " : "abcdefghi. ", 11);
    writes(text);
    flushes();
    run(10000);
    spoke(written);
    assert_int_equal(v.too_long, 0);
    assert_int_equal(v.pieces - v.refused, 7); /* of 499 or less, cut behind words */
    for (i = 0; i < 6; i++) assert_true(v.tails[i] == 'i' || v.tails[i] == '.');

    begin();            /* one word of 1000 emoji: cut between characters, never inside one */
    server_connect();
    server_turn();
    for (i = 0; i < 4000; i += 4) memcpy(text + i, "\xF0\x9F\x98\x80", 5);
    writes(text);
    flushes();
    run(20000);
    same_words(0, true); /* a buffer without an end or white space is only freed by a flush */
    assert_int_equal(v.too_long, 0);
    assert_true(v.flushes > 1);
}

static void fill(void) { /* more than the server holds, without an end */
    char text[700];
    size_t i;
    for (i = 0; i + 7 < sizeof text; i += 7) memcpy(text + i, "abcdef ", 8);
    writes(text);
    writes(text);
}

static void test_full(void **state) {
    unsigned round;
    (void)state;
    for (round = 0; round < 2; round++) {
        begin();
        v.vendor = CONNECTED;
        v.no_resume = round == 1;
        fill();
        run(200);
        assert_int_equal(v.refused, 1); /* it does not ask again at once ... */
        run(1000);
        assert_int_equal(v.refused, 1);
        run(2000);                      /* ... but after 1.5 s, whether stream_resumed came or not */
        assert_true(v.refused >= 1);
        flushes();
        run(5000);
        spoke(written);
        assert_int_equal(closed, 0);
    }
}

static void test_backpressure(void **state) {
    jbz_server_desc d = usual();
    char text[3000];
    size_t taken = 1;
    (void)state;
    d.speech_queue = 1800;
    begin_with(&d);
    memset(text, 'x', sizeof text);
    v.vendor = CONNECTING;
    assert_int_equal(jbz_tts_write(it(), text, sizeof text, NULL), JBZ_E_TOO_BIG);
    assert_int_equal(jbz_tts_queued(it()), 0);
    assert_int_equal(jbz_tts_write(it(), text, sizeof text, &taken), JBZ_E_FULL);
    assert_int_equal(taken, 1800);
    assert_int_equal(jbz_tts_write(it(), text, 1, &taken), JBZ_E_FULL);
    assert_int_equal(taken, 0);
    assert_int_equal(jbz_tts_write(it(), text, 1, NULL), JBZ_E_FULL);
    assert_int_equal(jbz_tts_flush(it()), JBZ_E_OK); /* a flush always fits */
    run(1000);
    assert_int_equal(writable, 1); /* half of it is with the server, which has no vendor yet */
    assert_int_equal(last_tag, 1000 - 1);
    server_connect();
    run(6000);
    assert_int_equal(writable, 1);
    assert_int_equal(jbz_tts_queued(it()), 0);
    assert_int_equal(opened, 1);

    jbz_tts_write(it(), text, 1799, &taken); /* characters are not cut by a full queue */
    jbz_tts_write(it(), "\xC3\xBC", 2, &taken);
    assert_int_equal(taken, 0);
}

static void test_interruption(void **state) {
    (void)state;
    begin();
    v.vendor = CONNECTED;
    fill();
    run(200);
    assert_true(jbz_tts_queued(it()) > 0);
    tell_event("user_interruption");
    server_drop();
    server_turn();
    assert_int_equal(interrupted, 1);
    assert_true(last_tag > 0);
    assert_int_equal(jbz_tts_queued(it()), 0);
    run(5000);
    spoke("");
    writes("Yes?"); /* not paused any more */
    flushes();
    run(100);
    spoke("Yes?|");
    assert_int_equal(v.clears, 0);

    /* a piece on its way reaches jambonz after that: what it left there is cleared before anything new goes */
    writes("Old text.");
    tell_event("user_interruption");
    server_drop();
    server_turn();
    writes("New text.");
    flushes();
    run(500);
    assert_int_equal(v.clears, 1);
    spoke("New text.|");
}

static void test_clear(void **state) {
    (void)state;
    begin();
    v.vendor = CONNECTED;
    writes("Old text ");
    fill();
    clears();
    writes("New.");
    flushes();
    run(500);
    spoke("New.|");
    fill();
    run(300); /* paused */
    clears();
    run(100);
    assert_int_equal(jbz_tts_queued(it()), 0);
    writes("And.");
    flushes();
    run(500);
    spoke("And.|");
    assert_int_equal(v.clears, 2);
}

static void test_closed(void **state) {
    (void)state;
    begin();
    v.vendor = BROKEN;
    writes("One. ");
    flushes();
    run(100);
    assert_int_equal(closed, 1);
    assert_int_equal(last_reason, JBZ_E_STATE);
    assert_int_equal(last_tag, 5);
    assert_int_equal(jbz_tts_queued(it()), 0);
    run(100);
    assert_int_equal(v.pieces, 1);
    assert_int_equal(jbz_tts_write(it(), "Two. ", 5, NULL), JBZ_E_STATE); /* refused, nothing is kept ... */
    assert_int_equal(jbz_tts_flush(it()), JBZ_E_STATE);
    assert_int_equal(jbz_tts_queued(it()), 0);
    v.vendor = CONNECTED;
    clears(); /* ... until the app says to try again */
    writes("Three. ");
    flushes();
    run(100);
    spoke("Three. |");

    begin(); /* a session without streaming */
    writes("One.");
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":1,\"tokens\":\"One.\"}}");
    server_result(1, "");
    server_turn();
    assert_int_equal(closed, 1);
    assert_int_equal(last_reason, JBZ_E_TARGET);
    assert_int_equal(jbz_tts_write(it(), "Two.", 4, NULL), JBZ_E_TARGET);
    tell_event("stream_open"); /* now it has */
    server_turn();
    assert_int_equal(jbz_tts_write(it(), "Two.", 4, NULL), JBZ_E_OK);

    begin(); /* the stream is closed: told with what is lost; what is in flight counts */
    writes("One. Two");
    tell_event("stream_closed");
    server_turn();
    assert_int_equal(closed, 1);
    assert_int_equal(last_reason, JBZ_E_OK);
    assert_int_equal(last_tag, 8);
    run(100);
    assert_int_equal(raw_results, 0); /* the late result is nobody's */
    v.vendor = CONNECTED;
    server_drop();
    writes("Three.");
    flushes();
    run(100);
    spoke("Three.|");

    begin(); /* no answer at all */
    writes("One.");
    assert_non_null(heard(line));
    pass(9000);
    assert_int_equal(closed, 0);
    pass(2000);
    assert_int_equal(closed, 1);
    assert_int_equal(last_reason, JBZ_E_TIMEOUT);
    assert_int_equal(last_tag, 4);
}

static void test_open(void **state) {
    (void)state;
    begin(); /* before the stream is there a flush is ignored: it is sent again */
    writes("Hello there.");
    flushes();
    run(100);
    assert_int_equal(v.flushes, 0);
    server_connect();
    run(100);
    spoke("Hello there.|");
    assert_int_equal(opened, 1);

    begin(); /* without the app streaming, the same event types */
    tell_event("stream_open");
    tell_event("stream_closed");
    tell_event("user_interruption");
    tell_event("stream_paused");
    server_result(7, ",\"status\":\"ok\"");
    server_turn();
    assert_int_equal(opened + closed * 10 + interrupted * 100 + raw_results * 1000, 1111);

    begin(); /* the first answer is not out: nothing goes */
    line = join();
    say_new(line, "m", SID_B, "inbound");
    hears_ack(line, "m", DECLINE);
}

/* While the first answer is open, text waits, and it comes behind the commands that wait, too. */
static void act_early(const jbz_event *ev) {
    if (ev->type == JBZ_EV_SESSION_NEW) {
        jbz_reply_later(ev, &w.later[0]);
        jbz_cmd(ev->call, "config", NULL, "{\"ttsStream\":{\"enable\":true}}");
        jbz_tts_write(ev->call, "Hi.", 3, NULL);
    }
}
static void test_early(void **state) {
    jbz_server_desc d = usual();
    (void)state;
    world_again(&d);
    w.act = act_early;
    line = join();
    say_new(line, "m", SID_A, "inbound");
    hears_nothing(line);
    answer_later(0);
    serve();
    hears_ack(line, "m", SAY_LATE);
    pass(50);
    hears_nothing(line);
    pass(100);
    hears(line, "{\"type\":\"command\",\"command\":\"config\",\"data\":{\"ttsStream\":{\"enable\":true}}}");
    hears(line, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":1,\"tokens\":\"Hi.\"}}");
    hears_nothing(line);
}

static void reconnect(void) {
    line = join();
    say_reconnect(line, "r", SID_A, "inbound");
    hears_bare(line, "r");
}

static void test_resume(void **state) {
    (void)state;
    begin(); /* in flight at the drop; its result comes after the reconnect */
    v.vendor = CONNECTED;
    writes("One. ");
    while (server_read()) { }
    leave(line, 0);
    writes("Two.");
    flushes();
    reconnect();
    hears_nothing(line);
    run(100);
    spoke("One. Two.|");
    run(2000);
    assert_int_equal(repeated, 0);
    spoke("One. Two.|");

    begin(); /* its result never comes: after 1 s it is sent again, and told */
    v.vendor = CONNECTED;
    writes("One. ");
    assert_non_null(heard(line));
    leave(line, 0);
    writes("Two.");
    flushes();
    pass(3000);
    reconnect();
    run(900);
    assert_int_equal(repeated, 0);
    spoke("");
    run(300);
    assert_int_equal(repeated, 1);
    assert_int_equal(last_tag, 4);
    spoke("One. Two.|");

    begin(); /* it never left: sent again at once, without a word */
    v.vendor = CONNECTED;
    line->budget = 0;
    writes("One.");
    flushes();
    leave(line, 0);
    reconnect();
    run(100);
    spoke("One.|");
    assert_int_equal(repeated, 0);

    begin(); /* clear and flush have no results: they are sent again */
    v.vendor = CONNECTED;
    writes("Old.");
    run(100);
    clears();
    assert_non_null(heard(line));
    leave(line, 0);
    reconnect();
    hears(line, "{\"type\":\"command\",\"command\":\"tts:clear\"}");
    server_drop();
    writes("New.");
    run(100);
    flushes();
    assert_non_null(heard(line));
    leave(line, 0);
    reconnect();
    hears(line, "{\"type\":\"command\",\"command\":\"tts:flush\"}");
    hears_nothing(line);

    begin(); /* the call is gone for good: no leak, no event but the end */
    writes("One.");
    leave(line, 0);
    pass(31000);
    assert_null(it());
}

static void test_refused(void **state) {
    jbz_call *call;
    jbz_server_desc d = usual();
    size_t taken;
    (void)state;
    begin();
    call = it();
    assert_int_equal(jbz_tts_write(call, NULL, 1, &taken), JBZ_E_ARG);
    assert_int_equal(jbz_tts_write(call, "", 0, &taken), JBZ_E_OK);
    jbz_hangup_call(call);
    assert_int_equal(jbz_tts_write(call, "x", 1, &taken), JBZ_E_GONE);
    assert_int_equal(jbz_tts_flush(call), JBZ_E_GONE);
    assert_int_equal(jbz_tts_clear(call), JBZ_E_GONE);

    d.max_out = 512; /* pieces are cut to what a message may hold */
    begin_with(&d);
    v.vendor = CONNECTED;
    writes("\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02"
           "\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02"
           "\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02 a");
    flushes();
    run(1000);
    spoke(written);
    assert_int_equal(logged[JBZ_LINE_NOT_SENT], 0);
}

/*---- message by message ----*/

static void expect_tokens(unsigned id, const char *text) {
    char want[2048];
    snprintf(want, sizeof want, "{\"type\":\"command\",\"command\":\"tts:tokens\",\"data\":{\"id\":%u,\"tokens\":\"%s\"}}", id, text);
    hears(line, want);
}
#define CMD(name) "{\"type\":\"command\",\"command\":\"" name "\"}"

static void result(unsigned id, const char *status) {
    say(line, "{\"type\":\"tts:tokens-result\",\"msgid\":\"r\",\"call_sid\":\"" SID_A "\",\"data\":{\"id\":%u,%s}}", id, status);
}
#define OK_ "\"status\":\"ok\""
#define FULL_ "\"status\":\"failed\",\"reason\":\"full\""

static void back_again(void) {
    line = join();
    say_reconnect(line, "back", SID_A, "inbound");
    hears_bare(line, "back");
}

/* What of the messages that were not sent goes by the next socket: commands as they are, text by the speech client. */
static void test_unsent(void **state) {
    (void)state;
    begin();
    line->budget = 0;
    assert_int_equal(jbz_cmd(it(), "x", NULL, NULL), JBZ_E_OK); /* shorter than any of speech */
    writes("Hello. ");
    assert_int_equal(jbz_cmd(it(), "mute:status", NULL, "{\"mute_status\":\"mute\"}"), JBZ_E_OK);
    leave(line, 0);
    back_again();
    hears(line, CMD("x"));
    hears(line, "{\"type\":\"command\",\"command\":\"mute:status\",\"data\":{\"mute_status\":\"mute\"}}");
    expect_tokens(2, "Hello.");
    hears_nothing(line);
    assert_int_equal(repeated, 0);
}

/* The same while the old socket is still thought to live: so many bytes of it are out, behind another message or not. */
static void unsent_when_it_comes_back(size_t bytes, bool behind, bool doubt) {
    peer *old;
    begin();
    old = line;
    line->budget = bytes;
    if (behind) assert_int_equal(jbz_cmd(it(), "x", NULL, NULL), JBZ_E_OK);
    writes("Hello.");
    back_again();
    assert_false(old->open);
    assert_true(old->c != line->c);
    if (behind) hears(line, CMD("x"));
    if (doubt) hears_nothing(line);
    else expect_tokens(2, "Hello.");
    run(1100);
    assert_int_equal(repeated, doubt ? 1 : 0);
}
static void test_unsent_in_part(void **state) {
    (void)state;
    unsent_when_it_comes_back(0, false, false);
    unsent_when_it_comes_back(5, false, true); /* half a frame is out: who knows */
    unsent_when_it_comes_back(5, true, false);
}

/* Two messages in one receive: what the first makes the app send is not out when the second comes. */
static void (*first_act)(void);
static void act_first(const jbz_event *ev) {
    act(ev);
    if (ev->type == JBZ_EV_CALL_STATUS) first_act();
}
static void say_behind(void (*first)(void), const char *text) {
    static const char status[] = "{\"type\":\"call:status\",\"msgid\":\"s\",\"data\":{\"call_sid\":\"" SID_A "\"}}";
    uint8_t f[1024];
    size_t n = frame(f, FIN | OP_TEXT, status, sizeof status - 1);
    n += frame(f + n, FIN | OP_TEXT, text, strlen(text));
    first_act = first;
    w.act = act_first;
    assert_int_equal(feed(line, f, n), n);
    w.act = act;
}
#define EVENT(what) "{\"type\":\"tts:streaming-event\",\"msgid\":\"e\",\"call_sid\":\"" SID_A "\",\"data\":{\"event_type\":\"" what "\"}}"

static void write_hello(void) { writes("Hello."); }
static void write_hello_unsent(void) {
    line->budget = 0;
    writes("Hello.");
}

/* A piece that nobody waits for any more: if it may have been read, it is cleared. */
static void test_unsent_then_interrupted(void **state) {
    int sent;
    (void)state;
    for (sent = 0; sent < 2; sent++) {
        begin();
        say_behind(sent ? write_hello : write_hello_unsent, EVENT("user_interruption"));
        if (sent) expect_tokens(1, "Hello.");
        assert_int_equal(interrupted, 1);
        leave(line, 0);
        back_again();
        if (sent) hears(line, CMD("tts:clear"));
        hears_nothing(line);
        run(1100);
        assert_int_equal(repeated, 0);
    }
}

static void write_inside(const jbz_event *ev) {
    jbz_out *o;
    act(ev);
    if (ev->type != JBZ_EV_VERB_HOOK) return;
    o = jbz_reply(ev);
    jbz_say(o, .text = "hi");
    writes("More. ");
    assert_int_equal(jbz_send(o), JBZ_E_OK);
}

/* Each kind of message while there is no room for it behind another one: a quarter of a second later it goes. */
static void stuff(void) {
    line->budget = 0;
    assert_int_equal(jbz_cmd(it(), "x", NULL, NULL), JBZ_E_OK);
}
static void unstuff(void) {
    line->budget = SIZE_MAX;
    hears(line, CMD("x"));
    hears_nothing(line);
    pass(300);
}

static void test_nothing_goes(void **state) {
    jbz_server_desc d = usual();
    (void)state;
    d.out_spill = 70;
    begin_with(&d);
    stuff();
    writes("One. ");
    unstuff();
    expect_tokens(1, "One.");

    assert_int_equal(jbz_tts_flush(it()), JBZ_E_OK);
    say_behind(stuff, "{\"type\":\"tts:tokens-result\",\"msgid\":\"r\",\"data\":{\"id\":1,\"status\":\"ok\"}}");
    unstuff();
    hears(line, CMD("tts:flush"));

    say_behind(stuff, EVENT("stream_open")); /* a flush that came before was ignored */
    unstuff();
    hears(line, CMD("tts:flush"));

    stuff();
    assert_int_equal(jbz_tts_clear(it()), JBZ_E_OK);
    unstuff();
    hears(line, CMD("tts:clear"));
    hears_nothing(line);
    assert_int_equal(closed, 0);
}

/* Nothing is sent where nothing may be. */
static void test_no_way(void **state) {
    peer *q;
    (void)state;
    begin();
    writes("One. Two. ");
    expect_tokens(1, "One. Two.");
    writes("Three. ");
    assert_int_equal(jbz_hangup_call(it()), JBZ_E_OK);
    hears_redirect(line, DECLINE);
    result(1, OK_);
    hears_nothing(line);

    begin(); /* the control socket is gone, a notifier is there */
    q = join();
    say_status(q, SID_A, "in-progress");
    leave(line, 1000);
    writes("One. ");
    hears_nothing(q);

    begin();
    assert_int_equal(jbz_conn_drop(line->c, 1012, NULL), JBZ_E_OK);
    writes("One. ");
    assert_int_equal(close_code(line), 1012);
    hears_nothing(line);
}

/* While it is paused an open message changes nothing of when the piece goes again. */
static void test_paused_inside(void **state) {
    uint64_t start;
    (void)state;
    begin();
    writes("One. ");
    expect_tokens(1, "One.");
    result(1, FULL_);
    start = w.now;
    pass(500);
    w.act = write_inside;
    say_hook(line, "h", SID_A, "/menu");
    hears_ack(line, "h", SAY_HI);
    while (line->at == line->n) pass(1);
    assert_in_range(w.now - start, 1500, 1540);
    expect_tokens(2, "One. More.");
}

/* A timer that was set for something shorter does not make the silence longer. */
static void test_silence(void **state) {
    uint64_t start;
    (void)state;
    begin();
    writes("One. ");
    start = w.now;
    expect_tokens(1, "One.");
    say(line, "{\"type\":\"tts:tokens-result\",\"msgid\":\"r\",\"call_sid\":\"" SID_A "\",\"data\":{\"status\":\"ok\"}}"); /* whose? */
    assert_int_equal(raw_results, 1);
    pass(5000);
    w.act = write_inside;
    say_hook(line, "h", SID_A, "/menu");
    hears_ack(line, "h", SAY_HI);
    w.act = NULL;
    w.log[0] = 0;
    assert_int_equal(jbz_call_timer(it(), (uint32_t)(start + 10000 - w.now), 7), JBZ_E_OK);
    while (!w.log[0]) pass(1);
    assert_in_range(w.now - start, 10000, 10040);
    logs("other()"); /* TTS_CLOSED, which is no message's name ... */
    pass(40);
    logs("other(TIMER:7)"); /* ... and behind it the timer, which was due at the same time */
}

static void test_borders(void **state) {
    char blank[604];
    (void)state;
    begin();
    assert_int_equal(jbz_tts_write(it(), NULL, 0, NULL), JBZ_E_OK);
    memset(blank, ' ', 600);
    blank[600] = 0;
    writes(blank); /* more than a piece of it */
    writes("Hi.");
    expect_tokens(1, strcat(blank + 500, "Hi."));
}

static void test_drain(void **state) {
    (void)state;
    begin();
    writes("One. ");
    expect_tokens(1, "One.");
    jbz_core_drain(w.core);
    pass(100);
    assert_int_equal(close_code(line), 0); /* what was written is spoken yet */
    result(1, OK_);
    pass(100);
    assert_int_equal(close_code(line), 0); /* a blank is left */
    assert_int_equal(jbz_tts_flush(it()), JBZ_E_OK);
    hears(line, CMD("tts:flush"));
    pass(100);
    assert_int_equal(close_code(line), 1012);
}

/*---- at random ----*/

static size_t random_text(char *to) {
    static const char *const bits[] = { "the ", "Hello", " wor", "ld. ", "3", ".", "14 ", "! ", "\xC3\xBC", "\xE3\x81\xAF", "\xE3\x80\x82",
        "\xF0\x9F\x98\x80", "  ", "\n", "\n\n", "\xC2\xA0", "supercalifragilistic", "?", "\xD8\x9F ", "Dr. ", "\"quoted\" ", "a", " ", "\xE3\x80\x80" };
    size_t n = 0, k, i, count = 1 + dice(dice(10) ? 6 : 120);
    bool endless = dice(3) == 0; /* no ends: jambonz' buffer fills */
    for (i = 0; i < count; i++) {
        const char *bit = endless ? dice(2) ? "the " : "supercalifragilistic" : bits[dice(24)];
        k = strlen(bit);
        memcpy(to + n, bit, k);
        n += k;
    }
    to[n] = 0;
    return n;
}

/* The socket is lost and comes back. What the server read or not, and which of its results arrive, is up to chance. */
static void random_drop(void) {
    unsigned i;
    bool token = false;
    if (dice(2)) while (server_read()) { }
    if (dice(3) == 0) line->budget = 0; /* from here on nothing leaves */
    if (dice(2)) { char text[4096]; random_text(text); writes(text); }
    leave(line, dice(2) ? 1011 : 0);
    for (i = 0; i < v.outs; i++) token = token || strstr(v.out[i], "tokens-result");
    if (dice(2)) { /* what was on its way is lost: a piece that was taken will come again, and what it says was paused or resumed is never known */
        for (i = 0; i < v.outs; i++)
            if (strstr(v.out[i], "user_interruption") || strstr(v.out[i], "stream_open") || strstr(v.out[i], "\"failed\"")) token = false;
        if (token) {
            jbzi_extra *x = jbzi_call_extra(it());
            jbzi_speech *s = jbzi_call_speech_of(x);
            if ((s->flags & JBZI_SPEECH_FLIGHT) && !(s->flags & JBZI_SPEECH_STALE)) {
                strcpy(v.doubtful, v.latest);
                v.results_lost++;
            }
            v.outs = 0;
        }
    }
    if (dice(3) == 0) pass(dice(3000));
    for (i = 0; i < v.outs; i++) v.out_at[i] = w.now;
    reconnect();
    run(1500);
}

static void random_call(uint32_t seed, bool drops) {
    char text[8192];
    unsigned step, steps = 60;
    dice_state = 88172645463325252u + seed * 7919u;
    begin();
    delay_most = dice(3) ? dice(100) : 0;
    v.no_resume = dice(4) == 0;
    v.vendor = dice(2) ? CONNECTED : CONNECTING;
    for (step = 0; step < steps; step++) {
        switch (dice(drops ? 14 : 12)) {
        default: {
            size_t n = random_text(text), at = 0, k, taken;
            while (at < n) { /* in pieces that know nothing of characters */
                k = dice(3) ? n - at : 1 + dice((uint32_t)(n - at));
                jbz_tts_write(it(), text + at, k, &taken);
                put(text + at, taken);
                serve();
                if (taken < k) { /* what does not fit is dropped whole, up to the end of a character that was begun */
                    break;
                }
                at += k;
            }
            break;
        }
        case 0: case 1: flushes(); break;
        case 2: if (dice(4) == 0 && v.vendor == CONNECTED) clears(); break; /* else it is ignored */
        case 3:
            if (dice(4) == 0 && v.vendor == CONNECTED) {
                tell_event("user_interruption");
                server_drop();
                v.doubtful[0] = 0;
            }
            break;
        case 4: if (v.vendor == CONNECTING) server_connect(); break;
        case 12: case 13: if (dice(4) == 0) random_drop(); break;
        }
        if (dice(2)) {
            if (dice(2)) while (server_read()) { }
            server_turn();
            pass(dice(60));
        }
        if (dice(12) == 0) run(dice(3000));
    }
    if (v.vendor == CONNECTING) server_connect();
    run(3000);
    flushes();
    run(60000);
    same_words(seed, drops);
    assert_int_equal(jbz_tts_queued(it()), 0);
    assert_int_equal(v.too_long + v.blank + closed + raw_results, 0);
    if (!drops) assert_int_equal(repeated, 0);
    assert_int_equal(v.n, 0);
}

static void test_random(void **state) {
    uint32_t seed, n = getenv("SPEECH_RUNS") ? (uint32_t)atoi(getenv("SPEECH_RUNS")) : 150;
    unsigned refused = 0, cleared = 0, broke = 0;
    (void)state;
    for (seed = 1; seed <= n; seed++) {
        random_call(seed, false);
        refused += v.refused;
        cleared += v.clears;
        broke += interrupted;
    }
    assert_true(refused > 10 && cleared > 10 && broke > 10); /* the model was really driven there */
}

static void test_random_drops(void **state) {
    uint32_t seed, n = getenv("SPEECH_RUNS") ? (uint32_t)atoi(getenv("SPEECH_RUNS")) : 150;
    unsigned again = 0, lost = 0;
    (void)state;
    for (seed = 1; seed <= n; seed++) {
        random_call(seed + 100000, true);
        again += repeated;
        lost += v.results_lost;
    }
    assert_true(again > 10 && lost > 10);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(test_one_sentence), T(test_ends), T(test_end_alone), T(test_white), T(test_utf8), T(test_pieces), T(test_full),
        T(test_backpressure), T(test_interruption), T(test_clear), T(test_closed), T(test_open), T(test_early), T(test_resume),
        T(test_refused), T(test_unsent), T(test_unsent_in_part), T(test_unsent_then_interrupted), T(test_nothing_goes), T(test_no_way),
        T(test_paused_inside), T(test_silence), T(test_borders), T(test_drain), T(test_random), T(test_random_drops),
    };
    if (getenv("ONLY")) cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
