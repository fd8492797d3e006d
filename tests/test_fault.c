/* Whole scenarios in which the system fails, one thing after the other (see fault.h): afterwards nothing has leaked, the server works
   again by itself, and a well-behaved call had its answers. FAULTS=full takes every errno of every call; ONLY= names one scenario. */
#include "fault.h"

#define JAMBONZ "ws.jambonz.org"
#define SID(n) "9f1c2d3e-0000-4000-8000-00000000aa" #n

static jbz_err allowed_errors[] = { JBZ_E_OK, JBZ_E_NOMEM, JBZ_E_FULL, JBZ_E_GONE, JBZ_E_STATE, JBZ_E_TIMEOUT }; /* TIMEOUT: of speech */
/* What apps may be told while things fail. */
static jbz_err ok_or_lost(jbz_err err) {
    size_t i;
    for (i = 0; i < sizeof allowed_errors / sizeof allowed_errors[0]; i++)
        if (err == allowed_errors[i]) return err;
    must(err == JBZ_E_OK);
    return err;
}

static void reply_hi(const jbz_event *ev) {
    jbz_out *o;
    if (!jbz_event_wants_ack(ev->type)) return;
    o = jbz_reply(ev);
    jbz_say(o, .text = "hi");
    jbz_pause(o, .length = 1);
    ok_or_lost(jbz_send(o));
}

/*---- a call ----*/

static bool call_peer(int step) {
    client *c = &cl[0];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); return true;
    case 1: tell_new(c, "n", SID(01)); return true;
    case 2: tell_hook(c, "h1", SID(01), "/menu"); tell_hook(c, "h2", SID(01), "/other"); return true;
    case 3: tell_status(c, SID(02), "ringing"); tell_frame(c, FIN | OP_PING, "x", 1); return true;
    case 4: tell_frame(c, OP_TEXT, "{\"type\":\"verb:hook\",\"msgid\":\"h3\",\"ho", 36); return true;
    case 5: tell_frame(c, FIN | OP_CONT, "ok\":\"/menu\",\"data\":{}}", 22); return true;
    case 6: tell(c, "\x81"); return true; /* a header comes in two */
    case 7: tell(c, "\x82....}}"); return true;
    case 8: tell_status(c, SID(01), "completed"); tell_close(c); return true;
    default: return false;
    }
}

/*---- deferred replies ----*/

static void defer(const jbz_event *ev) {
    if (ev->type == JBZ_EV_TIMER && w.nlater) {
        jbz_out *o = jbz_reply_to(ev->core, w.later[--w.nlater]);
        jbz_say(o, .text = "late");
        ok_or_lost(jbz_send(o));
    }
    if (!jbz_event_wants_ack(ev->type)) return;
    if (w.nlater < 64 && ok_or_lost(jbz_reply_later(ev, &w.later[w.nlater])) == JBZ_E_OK) w.nlater++;
    ok_or_lost(jbz_call_timer(ev->call, 50, 7));
}
static bool defer_peer(int step) {
    client *c = &cl[0];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n", "no-uuid"); return true;
    case 1: wait_ms(100); return true;
    case 2: tell_hook(c, "h1", "no-uuid", "/menu"); tell_hook(c, "h2", "no-uuid", "/a"); tell_hook(c, "h3", "no-uuid", "/b"); return true;
    case 3: wait_ms(5000); return true; /* two run into ack_ms */
    case 4: tell_hook(c, "h4", "no-uuid", "/menu"); return true;
    case 5: hang_hard(c); return true; /* lost with one open */
    case 6: wait_ms(31000); return true;
    default: return false;
    }
}

/*---- resuming ----*/

static void command_when_lost(const jbz_event *ev) {
    reply_hi(ev);
    if (ev->type == JBZ_EV_VERB_HOOK) jbz_call_timer(ev->call, 100, 1);
    if (ev->type == JBZ_EV_TIMER) {
        jbz_out *o = jbz_cmd_redirect(ev->call);
        jbz_say(o, .text = "sorry, where were we");
        ok_or_lost(jbz_send(o));
        ok_or_lost(jbz_cmd_mute_status(ev->call, NULL, "mute"));
    }
}
static bool resume_peer(int step) {
    client *c = &cl[0], *d = &cl[1];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n", SID(01)); return true;
    case 1: tell_hook(c, "h1", SID(01), "/menu"); return true;
    case 2: hang_hard(c); wait_ms(200); return true;
    case 3:
        join_in(d, "/", JAMBONZ);
        tellf(d, "{\"type\":\"session:reconnect\",\"msgid\":\"r1\",\"call_sid\":\"" SID(01) "\",\"data\":{\"call_sid\":\"" SID(01) "\"}}");
        return true;
    case 4: tell_hook(d, "h2", SID(01), "/menu"); return true;
    case 5: /* before the old one is known to be dead */
        join_in(c, "/", JAMBONZ);
        tellf(c, "{\"type\":\"session:reconnect\",\"msgid\":\"r2\",\"call_sid\":\"" SID(01) "\",\"data\":{\"call_sid\":\"" SID(01) "\"}}");
        return true;
    case 6: tell_hook(c, "h3", SID(01), "/menu"); wait_ms(50); return true;
    case 7: tell_frame(c, FIN | OP_CLOSE, "\x03\xf4", 2); return true;
    case 8: /* a server that does not know it */
        join_in(d, "/", JAMBONZ);
        tellf(d, "{\"type\":\"session:reconnect\",\"msgid\":\"r3\",\"call_sid\":\"" SID(03) "\",\"data\":{\"call_sid\":\"" SID(03) "\"}}");
        return true;
    case 9: tell_close(d); return true;
    default: return false;
    }
}

/*---- audio ----*/

static void sound(const jbz_event *ev, void *user) {
    static int16_t pcm[3000];
    jbz_audio *a = ev->audio;
    bool clips = jbz_json_bool(ev->data, "/clips", false);
    (void)user;
    if (ev->type == JBZ_EV_AUDIO_START) {
        ok_or_lost(jbz_audio_mode(a, clips ? JBZ_AUDIO_CLIPS : JBZ_AUDIO_STREAM, clips ? 0 : 8000));
        if (clips) {
            ok_or_lost(jbz_audio_play(a, JBZ_LIT(audio_clip, .pcm = pcm, .samples = 3000, .sampleRate = 8000, .id = "one")));
            ok_or_lost(jbz_audio_play(a, JBZ_LIT(audio_clip, .pcm = pcm, .samples = 800, .sampleRate = 8000, .queuePlay = true)));
        } else {
            ok_or_lost(jbz_audio_write(a, pcm, 3000, NULL));
            ok_or_lost(jbz_audio_mark(a, "said"));
            ok_or_lost(jbz_audio_end(a));
        }
    }
    if (ev->type == JBZ_EV_AUDIO_DTMF) {
        ok_or_lost(jbz_audio_kill(a));
        ok_or_lost(jbz_audio_write(a, pcm, 500, NULL));
        ok_or_lost(jbz_audio_mark(a, "more"));
        if (ev->name[0] == '#') ok_or_lost(jbz_audio_disconnect(a));
    }
    if (ev->type == JBZ_EV_AUDIO_PCM && ev->samples) {
        size_t taken;
        ok_or_lost(jbz_audio_write(a, ev->pcm, ev->samples, &taken));
    }
}
static void with_audio(jbz_server_desc *d) { d->on_audio = sound; }
static bool audio_peer(int step) {
    static uint8_t pcm[1601];
    client *c = &cl[0], *a = &cl[1], *b = &cl[2];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n", SID(01)); return true;
    case 1:
        join_in(a, "/audio", "audio.drachtio.org");
        tellf(a, "{\"callSid\":\"" SID(01) "\",\"sampleRate\":8000,\"mixType\":\"mono\"}");
        return true;
    case 2: tell_frame(a, FIN | OP_BIN, pcm, 320); tell_frame(a, FIN | OP_BIN, pcm, 1601); return true;
    case 3: wait_ms(300); return true;
    case 4: tellf(a, "{\"event\":\"dtmf\",\"dtmf\":\"5\",\"duration\":\"200\"}"); wait_ms(100); return true;
    case 5: tellf(a, "{\"type\":\"mark\",\"data\":{\"name\":\"more\",\"event\":\"playout\"}}"); return true;
    case 6:
        join_in(b, "/audio", "audio.drachtio.org");
        tellf(b, "{\"callSid\":\"" SID(01) "\",\"clips\":true,\"mixType\":\"stereo\"}");
        return true;
    case 7: tellf(b, "{\"type\":\"playDone\",\"data\":{\"id\":\"one\"}}"); wait_ms(500); return true;
    case 8: tellf(a, "{\"event\":\"dtmf\",\"dtmf\":\"#\",\"duration\":\"200\"}"); wait_ms(3000); return true;
    case 9: hang_hard(b); tell_close(a); return true;
    case 10: tell_close(c); return true;
    default: return false;
    }
}

/*---- speech ----*/

static void speak(const jbz_event *ev) {
    reply_hi(ev);
    if (!ev->call) return;
    if (ev->type == JBZ_EV_SESSION_NEW) {
        ok_or_lost(jbz_tts_write(ev->call, "One sentence. And another one", 29, NULL));
        ok_or_lost(jbz_tts_flush(ev->call));
    }
    if (ev->type == JBZ_EV_VERB_HOOK) {
        ok_or_lost(jbz_tts_write(ev->call, " goes on. It goes on.", 21, NULL));
        if (strcmp(ev->hook, "/clear") == 0) ok_or_lost(jbz_tts_clear(ev->call));
    }
}
static bool speech_peer(int step) {
    client *c = &cl[0];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n", SID(01)); return true;
    case 1: tellf(c, "{\"type\":\"tts:streaming-event\",\"msgid\":\"t1\",\"data\":{\"event_type\":\"stream_open\"}}"); return true;
    case 2: tellf(c, "{\"type\":\"tts:tokens-result\",\"msgid\":\"t2\",\"data\":{\"id\":1,\"status\":\"ok\"}}"); return true;
    case 3: tellf(c, "{\"type\":\"tts:tokens-result\",\"msgid\":\"t3\",\"data\":{\"id\":2,\"status\":\"failed\",\"reason\":\"full\"}}"); return true;
    case 4: tellf(c, "{\"type\":\"tts:streaming-event\",\"msgid\":\"t4\",\"data\":{\"event_type\":\"stream_paused\"}}"); wait_ms(1200); return true;
    case 5: tell_hook(c, "h1", SID(01), "/menu"); return true;
    case 6: tellf(c, "{\"type\":\"tts:streaming-event\",\"msgid\":\"t5\",\"data\":{\"event_type\":\"stream_resumed\"}}"); wait_ms(1200); return true;
    case 7: hang_hard(c); return true;
    case 8:
        join_in(c, "/", JAMBONZ);
        tellf(c, "{\"type\":\"session:reconnect\",\"msgid\":\"r1\",\"call_sid\":\"" SID(01) "\",\"data\":{\"call_sid\":\"" SID(01) "\"}}");
        wait_ms(1500);
        return true;
    case 9: tellf(c, "{\"type\":\"tts:streaming-event\",\"msgid\":\"t6\",\"data\":{\"event_type\":\"user_interruption\"}}"); return true;
    case 10: tell_hook(c, "h2", SID(01), "/menu"); tell_hook(c, "h3", SID(01), "/clear"); return true;
    case 11: wait_ms(11000); return true;
    case 12: tellf(c, "{\"type\":\"tts:streaming-event\",\"msgid\":\"t7\",\"data\":{\"event_type\":\"stream_closed\"}}"); tell_close(c); return true;
    default: return false;
    }
}

/*---- commands ----*/

static void command_all(const jbz_event *ev) {
    jbz_call *c = ev->call;
    jbz_out *o;
    reply_hi(ev);
    if (ev->type == JBZ_EV_SESSION_NEW) { /* held until the answer is known to be there */
        ok_or_lost(jbz_cmd_listen_status(c, "pause"));
        ok_or_lost(jbz_cmd_tag(c, "{\"a\":1}"));
    }
    if (ev->type != JBZ_EV_VERB_HOOK) return;
    o = jbz_cmd_redirect(c);
    jbz_say(o, .text = "elsewhere");
    ok_or_lost(jbz_cmd_dtmf(c, NULL, '1', 200)); /* while a message is open */
    ok_or_lost(jbz_send(o));
    o = jbz_cmd_redirect_queue(c);
    jbz_hangup(o);
    ok_or_lost(jbz_send(o));
    o = jbz_cmd_redirect_parent(c);
    jbz_hangup(o);
    ok_or_lost(jbz_send(o));
    ok_or_lost(jbz_cmd_redirect_hook(c, "/x", "POST"));
    ok_or_lost(jbz_cmd_mute_status(c, NULL, "mute"));
    ok_or_lost(jbz_cmd_conf_participant_action(c, "coach", "agent", NULL));
    ok_or_lost(jbz_cmd_boost_audio_signal(c, NULL, -3));
    ok_or_lost(jbz_cmd_media_path(c, "no-media"));
    ok_or_lost(jbz_cmd_record(c, JBZ_LIT(cmd_record_opts, .action = "startCallRecording", .recordingID = "1")));
    ok_or_lost(jbz_cmd_sip_request(c, NULL, JBZ_LIT(cmd_sip_request_opts, .method = "INFO")));
    ok_or_lost(jbz_cmd_whisper(c, NULL, JBZ_LIT(say_opts, .text = "x"), JBZ_LIT(play_opts, .url = "y")));
    ok_or_lost(jbz_cmd_dub(c, NULL, JBZ_LIT(dub_opts, .action = "addTrack", .track = "bgm")));
    ok_or_lost(jbz_cmd_llm_update(c, "{\"type\":\"x\"}"));
    ok_or_lost(jbz_cmd_agent_update_instructions(c, "You are the billing desk."));
    ok_or_lost(jbz_cmd(c, "new:thing", NULL, "{\"a\":[1,2]}"));
}
static bool command_peer(int step) {
    client *c = &cl[0];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n", SID(01)); return true;
    case 1: wait_ms(400); return true;
    case 2: tell_hook(c, "h1", SID(01), "/menu"); return true;
    case 3: tellf(c, "{\"type\":\"llm:tool-call\",\"msgid\":\"l\",\"data\":{\"name\":\"f\",\"args\":{},\"tool_call_id\":\"1\"}}"); return true;
    case 4: tellf(c, "{\"type\":\"jambonz:error\",\"msgid\":\"e\",\"data\":{\"error\":\"x\"}}"); tell_close(c); return true;
    default: return false;
    }
}

/*---- hanging up ----*/

static void hang_up(const jbz_event *ev) {
    if (ev->type == JBZ_EV_VERB_HOOK && ev->hook[1] == 'm') { reply_hi(ev); return; }
    if (ev->type == JBZ_EV_VERB_HOOK) ok_or_lost(jbz_hangup_call(ev->call));
    else reply_hi(ev);
}
static bool hangup_peer(int step) {
    client *c = &cl[0], *d = &cl[1];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n", SID(01)); return true;
    case 1: tell_status(c, SID(01), "in-progress"); tell_hook(c, "h", SID(01), "/end"); return true;
    case 2: wait_ms(9000); return true; /* it does not listen: redirect, status, Close */
    case 3: join_in(d, "/", JAMBONZ); tell_new(d, "n2", SID(02)); return true;
    case 4: tell_hook(d, "h2", SID(02), "/end"); return true;
    case 5: hang_hard(d); wait_ms(100); return true;
    case 6:
        join_in(d, "/", JAMBONZ);
        tellf(d, "{\"type\":\"session:reconnect\",\"msgid\":\"r\",\"call_sid\":\"" SID(02) "\",\"data\":{\"call_sid\":\"" SID(02) "\"}}");
        return true;
    case 7: tell_close(d); return true;
    default: return false;
    }
}

/*---- HTTP ----*/

static void answer_http(jbz_http *http, void *user) {
    (void)user;
    if (strcmp(http->path, "/health") != 0) return;
    http->status = 200;
    http->body = "fine\n";
    http->len = 5;
}
static void with_http(jbz_server_desc *d) {
    static const jbz_env env[] = { { .name = "A", .fallback = "x" }, { .name = "N", .type = "number", .fallback = "3" }, { .name = NULL } };
    d->on_http = answer_http;
    d->env = env;
}
static bool http_peer(int step) {
    static const char *const requests[] = {
        "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", "nonsense\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET / HT" };
    client *c = &cl[step / 2 % 3];
    if (step >= 2 * (int)(sizeof requests / sizeof requests[0])) return false;
    if (step % 2 == 0) { reach(c); tell(c, requests[step / 2]); }
    else { hang(c); if (step == 15) wait_ms(100); }
    return true;
}

/*---- raw sockets, large messages ----*/

static void echo(const jbz_event *ev) {
    reply_hi(ev);
    if (ev->type == JBZ_EV_TEXT || ev->type == JBZ_EV_BINARY)
        ok_or_lost(jbz_conn_send(ev->conn, ev->type == JBZ_EV_TEXT ? JBZ_TEXT : JBZ_BINARY, ev->bytes, ev->len));
}
static void with_raw(jbz_server_desc *d) {
    d->on_message = on_message;
    d->max_message = 60000;
}
static bool raw_peer(int step) {
    static char blob[50000];
    client *c = &cl[0];
    memset(blob, 'x', sizeof blob);
    switch (step) {
    case 0: join_in(c, "/", NULL); tell_frame(c, FIN | OP_TEXT, "hello", 5); return true;
    case 1: tell_frame(c, OP_BIN, blob, 30000); return true;
    case 2: tell_frame(c, FIN | OP_PING, "p", 1); tell_frame(c, FIN | OP_CONT, blob, 20000); return true;
    case 3: tell_frame(c, FIN | OP_BIN, blob, 50000); tell_frame(c, FIN | OP_TEXT, "end", 3); return true;
    case 4: wait_ms(80000); return true; /* pings are not answered */
    case 5: join_in(c, "/", NULL); tell_frame(c, FIN | OP_TEXT, "\xff", 1); return true;
    case 6: join_in(c, "/", NULL); tell_frame(c, 0xb0, "reserved", 8); return true;
    case 7: join_in(c, "/", NULL); tell_close(c); return true;
    default: return false;
    }
}

/*---- crowds ----*/

static void with_few(jbz_server_desc *d) {
    d->max_conns = 3;
    d->max_message = 2000;
    d->max_out = 2000;
    d->out_spill = 2000;
    d->pool = 40000;
}
static bool crowd_peer(int step) {
    int i;
    if (step < 4) {
        for (i = 0; i < 5; i++) join_in(&cl[i], "/", JAMBONZ);
        return true;
    }
    if (step == 4) { tell_new(&cl[0], "n0", SID(01)); tell_new(&cl[1], "n1", "any-sid"); return true; }
    if (step == 5) { for (i = 0; i < 5; i++) hang_hard(&cl[i]); return true; }
    if (step == 6) { for (i = 0; i < 2; i++) { join_in(&cl[i], "/", JAMBONZ); tell_new(&cl[i], i ? "n3" : "n2", i ? SID(05) : SID(06)); } return true; }
    if (step == 7) { for (i = 0; i < 2; i++) hang(&cl[i]); wait_ms(11000); return true; }
    return false;
}

/*---- a block of memory, and jbz_server_fds ----*/

static char *block;
static void with_block(jbz_server_desc *d) {
    size_t n;
    d->max_conns = 4;
    d->max_message = 4000;
    d->pool = 20000;
    d->alloc.fn = NULL;
    n = jbz_server_memory(d);
    if (!block) block = (char *)malloc(n);
    d->memory = block;
    d->memory_size = n;
}
static void serve_by_fds(void) {
    jbz_server *s = open_server();
    struct pollfd fds[40];
    jbz_event ev;
    jbz_err err;
    int n, ms, failed = 0;
    if (!s) return;
    while (!f.over && !f.fatal) {
        n = jbz_server_fds(s, fds, 40, &ms);
        must(n > 0 && n <= 40 && ms != 0);
        while (poll(fds, (nfds_t)n, 0) == 0 && idle(ms)) n = jbz_server_fds(s, fds, 40, &ms);
        while ((err = jbz_server_poll(s, &ev, 0)) == JBZ_E_OK) jbz_dispatch(&ev);
        if (err == JBZ_E_SYS && ++failed > 3) f.fatal = true;
    }
    jbz_server_close(s);
}

/*---- a transport of one's own ----*/

static void *open_own(int fd, void *user) {
    int *ctx;
    (void)user;
    if (strike("heap")) return NULL;
    ctx = (int *)malloc(sizeof *ctx);
    *ctx = fd;
    return ctx;
}
static long result_own(ssize_t n) { return n >= 0 ? (long)n : errno == EAGAIN ? JBZ_AGAIN : JBZ_BROKEN; }
static long recv_own(void *ctx, void *p, size_t n) {
    ssize_t got;
    do got = sys_recv(*(int *)ctx, p, n); while (got < 0 && errno == EINTR);
    return result_own(got);
}
static long send_own(void *ctx, const void *p, size_t n) {
    ssize_t got;
    do got = sys_send(*(int *)ctx, p, n); while (got < 0 && errno == EINTR);
    return result_own(got);
}
static void close_own(void *ctx) { free(ctx); }
static void with_transport(jbz_server_desc *d) {
    static jbz_transport t;
    t.open = open_own;
    t.recv = recv_own;
    t.send = send_own;
    t.close = close_own;
    d->transport = &t;
    d->max_conns = 3;
}

/*---- draining ----*/

static void drain_when_woken(const jbz_event *ev) {
    if (ev->type == JBZ_EV_WAKEUP) jbz_server_drain((jbz_server *)(void *)ev->core);
    else if (ev->type == JBZ_EV_VERB_HOOK && strcmp(ev->hook, "/later") == 0) {
        jbz_reply_id id;
        ok_or_lost(jbz_reply_later(ev, &id));
    } else reply_hi(ev);
}
static jbz_server *draining;
static bool drain_peer(int step) {
    client *c = &cl[0], *d = &cl[1];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n", SID(01)); return true;
    case 1: join_in(d, "/", JAMBONZ); tell_new(d, "n2", SID(02)); tell_hook(d, "h2", SID(02), "/later"); return true;
    case 2: if (f.good < 4 && !plan.name) return true; return true; /* the good call is over first */
    case 3: if (draining) jbz_wakeup(draining); return true;
    case 4: tell_hook(c, "h", SID(01), "/menu"); wait_ms(1000); return true;
    case 5: wait_ms(9000); return true;
    default: return false;
    }
}
static void serve_until_drained(void) {
    jbz_server *s = draining = open_server();
    jbz_event ev;
    jbz_err err = JBZ_E_OK;
    int failed = 0;
    if (!s) return;
    while (!f.over && err != JBZ_E_GONE) {
        err = jbz_server_poll(s, &ev, 2000);
        if (err == JBZ_E_OK) jbz_dispatch(&ev);
        else if (err == JBZ_E_SYS && ++failed > 3) { f.fatal = true; break; }
    }
    if (!f.fatal && (err == JBZ_E_GONE || jbz_core_idle(jbz_server_core(s)))) f.good = 4; /* nobody is served any more */
    jbz_server_close(s);
    draining = NULL;
}

/*---- jbz_run, ended by a handler ----*/

static void stop_at_the_end(const jbz_event *ev) {
    reply_hi(ev);
    w.core = ev->core;
    if (f.peers_done && f.good == 4 && ev->type == JBZ_EV_END) jbz_stop(ev->core);
}
/* The end of one more well-behaved call ends it all. */
static bool good_again(void) {
    f.good = f.good_tries = 0;
    f.good_since = now_ms - 500;
    hang(&cl[GOOD]);
    return false;
}
static bool run_peer(int step) {
    client *c = &cl[0];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n", SID(01)); return true;
    case 1: tell_hook(c, "h", SID(01), "/menu"); return true;
    case 2: if (w.core) jbz_wakeup((jbz_server *)(void *)w.core); return true;
    case 3: tell_close(c); return true;
    default: return good_again();
    }
}
static void serve_by_run(void) {
    static jbz_server_desc d;
    jbz_err err;
    d = fault_desc();
    err = jbz_run(&d);
    f.opened = f.rounds > 0; /* it came to waiting */
    f.open_err = err;
    f.fatal = f.opened && err != JBZ_E_OK;
    must(err == JBZ_E_OK || err == JBZ_E_SYS || err == JBZ_E_NOMEM);
}

/*---- scripts ----*/

static void one_script(jbz_server *s) {
    jbz_call *a = jbz_server_accept(s, 200);
    jbz_event ev;
    jbz_err err;
    int n = 0;
    if (!a) return;
    while (!f.over && n++ < 100) {
        err = jbz_wait(a, &ev, 3000);
        if (err != JBZ_E_OK) {
            must(err == JBZ_E_TIMEOUT || err == JBZ_E_GONE || err == JBZ_E_SYS);
            if (err == JBZ_E_SYS) f.fatal = true;
            if (err != JBZ_E_TIMEOUT) return;
            continue;
        }
        if (ev.type == JBZ_EV_END) return;
        reply_hi(&ev);
    }
}
static void serve_by_script(void) {
    jbz_server *s = open_server();
    jbz_event ev;
    jbz_err err;
    int failed = 0;
    if (!s) return;
    while (!f.over && !f.fatal) {
        one_script(s);
        err = jbz_server_poll(s, &ev, 0);
        if (err == JBZ_E_OK) jbz_dispatch(&ev);
        if (err == JBZ_E_SYS && ++failed > 3) f.fatal = true;
    }
    jbz_server_close(s);
}
static bool script_peer(int step) {
    client *c = &cl[0], *d = &cl[1];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n1", SID(01)); return true;
    case 1: join_in(d, "/", JAMBONZ); tell_new(d, "n2", SID(02)); return true; /* comes while the first is served */
    case 2: tell_hook(d, "h2", SID(02), "/menu"); tell_hook(c, "h1", SID(01), "/menu"); return true;
    case 3: tell_status(d, SID(02), "in-progress"); return true;
    case 4: tell_close(c); return true;
    case 5: tell_hook(d, "h3", SID(02), "/menu"); return true;
    case 6: tell_close(d); return true;
    default: return false;
    }
}

/*---- a whole program ----*/

static void serve_by_main(void) {
    static char prog[] = "fault", host[] = "--host", where[80], trace[] = "--trace", null[] = "/dev/null", verbose[] = "--verbose", auth[] = "--origin",
                any[] = "*";
    char *argv[] = { prog, host, where, trace, null, verbose, auth, any, NULL };
    static jbz_server_desc d;
    int status;
    d = fault_desc();
    d.log.fn = NULL;
    d.on_message = on_message;
    snprintf(where, sizeof where, "unix:%s", fault_path);
    status = jbz_main(8, argv, &d);
    if (jbzi_server_trace_fd >= 0) close(jbzi_server_trace_fd); /* a program that ends leaves it to the system */
    jbzi_server_trace_fd = -1;
    f.opened = f.rounds > 0;
    f.open_err = JBZ_E_SYS;
    f.fatal = f.opened && status != 0;
    must(status == 0 || (status == 1 && f.was_broken) || (status == 1 && plan.struck));
}
static bool main_peer(int step) {
    client *c = &cl[0];
    switch (step) {
    case 0: join_in(c, "/", JAMBONZ); tell_new(c, "n", SID(01)); return true;
    case 1: tell_hook(c, "h", SID(01), "/menu"); tell_frame(c, FIN | OP_BIN, "\1\2\3", 3); return true;
    case 2: tell_close(c); return true;
    default: return good_again();
    }
}
static void ask_to_end(const jbz_event *ev) {
    reply_hi(ev);
    if (f.peers_done && f.good == 4 && ev->type == JBZ_EV_END) raise(SIGTERM);
}

/*---- all of them ----*/

#define S(name, serve, act, desc) { #name, serve, name##_peer, act, desc }
static const scenario scenarios[] = {
    S(call, serve_by_poll, reply_hi, NULL), S(defer, serve_by_poll, defer, NULL), S(resume, serve_by_poll, command_when_lost, NULL),
    S(audio, serve_by_poll, reply_hi, with_audio), S(speech, serve_by_poll, speak, NULL), S(command, serve_by_poll, command_all, NULL),
    S(hangup, serve_by_poll, hang_up, NULL), S(http, serve_by_poll, reply_hi, with_http), S(raw, serve_by_poll, echo, with_raw),
    S(crowd, serve_by_poll, reply_hi, with_few), S(drain, serve_until_drained, drain_when_woken, NULL), S(run, serve_by_run, stop_at_the_end, NULL),
    S(script, serve_by_script, reply_hi, NULL), S(main, serve_by_main, ask_to_end, NULL) };
static const scenario more[] = {
    { "fds", serve_by_fds, call_peer, reply_hi, NULL }, { "block", serve_by_fds, crowd_peer, reply_hi, with_block },
    { "transport", serve_by_poll, crowd_peer, reply_hi, with_transport } };

static void one(const scenario *sc) {
    static char host[80];
    bool tcp = strcmp(sc->name, "call") == 0 || strcmp(sc->name, "fds") == 0; /* the others by a file: ports would run out */
    snprintf(fault_path, sizeof fault_path, "/tmp/jbz-fault-%d.sock", (int)getpid());
    snprintf(host, sizeof host, "unix:%s", fault_path);
    runs = 0;
    torture(sc, tcp ? NULL : host);
    free(block);
    block = NULL;
    print_message("    %-10s %6lu runs\n", sc->name, runs);
}

static void play_it(void **state) { one((const scenario *)*state); }

int main(void) {
    struct CMUnitTest tests[40];
    size_t i, n = 0, have = sizeof scenarios / sizeof scenarios[0];
    signal(SIGPIPE, SIG_IGN);
    log_verbose = getenv("V") != NULL;
    for (i = 0; i < have + sizeof more / sizeof more[0]; i++) {
        const scenario *sc = i < have ? &scenarios[i] : &more[i - have];
        struct CMUnitTest t = { NULL, play_it, NULL, NULL, NULL };
        if (getenv("ONLY") && strcmp(getenv("ONLY"), sc->name) != 0) continue;
        t.name = sc->name;
        t.initial_state = (void *)(uintptr_t)sc;
        tests[n++] = t;
    }
    n = (size_t)_cmocka_run_group_tests("fault", tests, n, NULL, NULL);
    for (i = 0; i < CLIENTS; i++) free(cl[i].buf);
    return (int)n;
}
