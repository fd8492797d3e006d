/* What the targets of whole sessions share: the messages of a jambonz that is not itself, an app that does whatever the input
   says, and the reading of what comes out. A target says how bytes travel: session.h with the bare core, fuzz_server.c with a
   server over a kernel of its own.
   Everything the app does follows from the events alone, so the same bytes in other pieces must give the same frames. */
#ifndef APP_H
#define APP_H
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "fuzz.h"
#ifndef FUZZ_BARE
#include <jansson.h>
#endif

/*---- message ids: "q007~x9". At most one ack for each time one was sent, and none for those that want none. ----*/

#define IDS 200
static struct {
    unsigned n;
    unsigned char sent[IDS], acks[IDS], wants[IDS]; /* wants: 1 an ack, 0 none, 2 changed on the way: nobody knows */
    int by[IDS];                                    /* which socket it was sent on */
} ids;

HELPER int id_at(const char *p, size_t n) {
    if (n < 7 || p[0] != 'q' || memcmp(p + 4, "~x9", 3) != 0) return -1;
    if (p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9' || p[3] < '0' || p[3] > '9') return -1;
    return (p[1] - '0') * 100 + (p[2] - '0') * 10 + p[3] - '0';
}

/* Every id in a text that is about to be sent counts. */
HELPER void ids_sent(const char *p, size_t n, int by, int wants) {
    size_t i;
    for (i = 0; i + 7 <= n; i++) {
        int id = id_at(p + i, n - i);
        if (id < 0 || id >= IDS) continue;
        ids.sent[id]++;
        ids.wants[id] = (unsigned char)(ids.sent[id] == 1 ? wants : 2);
        ids.by[id] = by;
    }
}

/*---- messages ----*/

enum { NONE, ACK, MAYBE };
typedef struct sample { const char *text; int wants; } sample;

/* @ is followed by: m a new id, s the call_sid, o another one, h a hook, d a digit of the input, t a short text. */
#define HEAD(type) "{\"type\":\"" type "\",\"msgid\":\"@m\",\"call_sid\":\"@s\""
#define DATA "\"data\":{\"call_sid\":\"@s\",\"direction\":\"inbound\",\"from\":\"alice\",\"to\":\"100\",\"call_status\":\"trying\""
static const sample control[] = {
    { HEAD("session:new") "," DATA "}}", ACK },
    { HEAD("session:new") ",\"data\":{\"call_sid\":\"@s\",\"direction\":\"outbound\",\"env_vars\":{\"GREETING\":\"@t\",\"N\":@d}}}", ACK },
    { HEAD("verb:hook") ",\"hook\":\"@h\"," DATA ",\"reason\":\"dtmfDetected\",\"digits\":\"@d\"}}", ACK },
    { HEAD("verb:hook") ",\"hook\":\"@h\",\"data\":{\"speech\":{\"is_final\":true,\"alternatives\":[{\"transcript\":\"@t\",\"confidence\":0.@d}]}}}", ACK },
    { HEAD("verb:hook") ",\"hook\":\"@h\"," DATA ",\"dial_call_status\":\"busy\",\"dial_sip_status\":486,\"dial_call_sid\":\"@o\"}}", ACK },
    { HEAD("dial:confirm") ",\"hook\":\"@h\"," DATA "}}", ACK },
    { HEAD("session:reconnect") "," DATA "}}", ACK },
    { "{\"type\":\"session:reconnect\",\"msgid\":\"@m\",\"data\":{}}", MAYBE },
    { HEAD("session:redirect") ",\"hook\":\"@h\"," DATA "}}", ACK },
    { HEAD("session:adulting") "," DATA ",\"parent_call_sid\":\"@o\"}}", ACK },
    { HEAD("queue:status") ",\"data\":{\"event\":\"join\",\"queue\":\"@t\",\"length\":@d}}", ACK },
    { HEAD("call:status") "," DATA "}}", NONE },
    { HEAD("call:status") ",\"data\":{\"call_sid\":\"@s\",\"call_status\":\"in-progress\",\"sip_status\":200}}", NONE },
    { HEAD("call:status") ",\"data\":{\"call_sid\":\"@s\",\"call_status\":\"completed\"}}", NONE },
    { HEAD("call:status") ",\"data\":{\"call_sid\":\"@o\",\"parent_call_sid\":\"@s\",\"call_status\":\"ringing\"}}", NONE },
    { HEAD("call:status") ",\"data\":{\"call_sid\":\"@o\",\"parent_call_sid\":\"@s\",\"call_status\":\"completed\"}}", NONE },
    { HEAD("verb:status") ",\"data\":{\"event\":\"starting\",\"verb\":\"say\",\"id\":\"@t\"}}", NONE },
    { HEAD("jambonz:error") ",\"data\":{\"error\":\"@t\"}}", NONE },
    { HEAD("llm:event") ",\"hook\":\"@h\",\"data\":{\"type\":\"@t\"}}", NONE },
    { HEAD("llm:tool-call") ",\"data\":{\"tool_call_id\":\"@t\",\"name\":\"f\",\"args\":{\"a\":[@d]}}}", NONE },
    { HEAD("llm:tool-call") ",\"data\":{\"tool_call_id\":\"x\",\"function_calls\":[{\"id\":\"@t\",\"name\":\"g\",\"args\":{}},{\"id\":\"2\"}]}}", NONE },
    { HEAD("agent:event") ",\"data\":{\"type\":\"turn_end\",\"transcript\":\"@t\",\"latency\":{\"llm_ms\":@d}}}", NONE },
    { HEAD("agent:tool-call") ",\"data\":{\"tool_call_id\":\"@t\",\"name\":\"h\",\"arguments\":{\"x\":@d}}}", NONE },
    { HEAD("tts:tokens-result") ",\"data\":{\"id\":@d,\"status\":\"ok\"}}", NONE },
    { HEAD("tts:tokens-result") ",\"data\":{\"id\":@d,\"status\":\"failed\",\"reason\":\"full\"}}", NONE },
    { HEAD("tts:tokens-result") ",\"data\":{\"id\":@d,\"status\":\"failed\",\"reason\":\"@t\"}}", NONE },
    { HEAD("tts:tokens-result") ",\"data\":{\"id\":@d}}", NONE },
    { HEAD("tts:streaming-event") ",\"data\":{\"event_type\":\"stream_open\"}}", NONE },
    { HEAD("tts:streaming-event") ",\"data\":{\"event_type\":\"stream_paused\"}}", NONE },
    { HEAD("tts:streaming-event") ",\"data\":{\"event_type\":\"stream_resumed\"}}", NONE },
    { HEAD("tts:streaming-event") ",\"data\":{\"event_type\":\"stream_closed\"}}", NONE },
    { HEAD("tts:streaming-event") ",\"data\":{\"event_type\":\"user_interruption\"}}", NONE },
    { HEAD("new:thing") ",\"data\":{}}", NONE },
    { "{\"type\":\"verb:hook\",\"msgid\":\"@m\",\"hook\":\"@h\",\"data\":{}}", MAYBE },
    { "{\"type\":\"verb:hook\",\"msgid\":\"@m\",\"call_sid\":\"@s\"}", MAYBE },
    { "{\"msgid\":\"@m\",\"call_sid\":\"@s\",\"type\":\"session:new\",\"data\":[]}", MAYBE },
};
static const sample audio[] = {
    { "{\"sampleRate\":8000,\"mixType\":\"mono\",\"callSid\":\"@s\",\"direction\":\"inbound\"}", NONE },
    { "{\"sampleRate\":16000,\"mixType\":\"stereo\",\"callSid\":\"@s\",\"metadata\":{\"x\":\"@t\"}}", NONE },
    { "{\"event\":\"dtmf\",\"dtmf\":\"@d\",\"duration\":\"160@d\"}", NONE },
    { "{\"type\":\"mark\",\"data\":{\"name\":\"m@d\",\"event\":\"playout\"}}", NONE },
    { "{\"type\":\"mark\",\"data\":{\"name\":\"m@d\",\"event\":\"cleared\"}}", NONE },
    { "{\"type\":\"mark\",\"data\":{\"name\":\"jbz.@d\",\"event\":\"playout\"}}", NONE },
    { "{\"type\":\"playDone\",\"data\":{\"id\":\"jbz.@d\",\"playbackMilliseconds\":\"21@d\"}}", NONE },
    { "{\"type\":\"playDone\",\"data\":{\"id\":\"c@d\",\"playbackSeconds\":\"2\"}}", NONE },
    { "{\"type\":\"@t\",\"data\":{}}", NONE },
};
#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static const char *const sids[] = { "c0ffee00-0000-4000-8000-00000000000a", "c0ffee00-0000-4000-8000-00000000000b",
    "c0ffee00-0000-4000-8000-00000000000c", "short" };
static const char *const hooks[] = { "/menu", "/later", "ws://a/x", "/nobody" };
static const char *const words[] = { "x", "hello there.", "\\u00e4\\ud83d\\ude00", "\xC3\xA4\xE2\x82\xAC", "\\\"q\\\"\\\\\\n", "", "m1", "jbz.1" };

/* A sample with its blanks filled from the input. */
HELPER size_t compose(char *to, size_t cap, const sample *s, unsigned sid, input *in) {
    size_t n = 0;
    const char *p;
    for (p = s->text; *p; p++) {
        char one[8];
        const char *piece = one;
        one[0] = *p;
        one[1] = 0;
        if (*p == '@') {
            switch (*++p) {
            case 'm': snprintf(one, sizeof one, "q%03u~x9", ids.n < IDS - 1 ? ids.n++ : IDS - 1); break;
            case 's': piece = sids[sid & 3]; break;
            case 'o': piece = sids[(sid + 1) & 3]; break;
            case 'h': piece = hooks[take(in) & 3]; break;
            case 't': piece = words[take(in) & 7]; break;
            default: one[0] = (char)('0' + take(in) % 10); break;
            }
        }
        if (n + strlen(piece) >= cap) break;
        memcpy(to + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return n;
}

/* A masked frame; returns its size (n + 14 at most). */
HELPER size_t frame(uint8_t *dst, unsigned first, const void *payload, size_t n, uint32_t key) {
    uint8_t mask[4];
    size_t at = 2, i;
    int more = n < 126 ? 0 : n < 65536 ? 2 : 8;
    dst[0] = (uint8_t)first;
    dst[1] = (uint8_t)(0x80 | (more == 0 ? n : more == 2 ? 126u : 127u));
    while (more--) dst[at++] = (uint8_t)((uint64_t)n >> 8 * more);
    for (i = 0; i < 4; i++) dst[at++] = mask[i] = (uint8_t)(key >> 8 * i);
    for (i = 0; i < n; i++) dst[at++] = (uint8_t)(((const uint8_t *)payload)[i] ^ mask[i & 3]);
    return at;
}

HELPER size_t upgrade_text(char *dst, size_t cap, const char *path, const char *protocol) {
    return (size_t)snprintf(dst, cap, "GET %s HTTP/1.1\r\nHost: a:3000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
        path, protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "", protocol ? "\r\n" : "");
}

/*---- what comes out of a socket ----*/

typedef struct heard {
    uint8_t *buf;
    size_t n, cap, at;   /* `at`: how much of it was looked at */
    int status;          /* of the HTTP answer, 0: not there yet */
    unsigned kind;       /* 0 raw, 1 control, 2 audio: by the protocol that was asked for */
    bool closed;         /* a Close frame came */
    unsigned texts, binaries, acks;
} heard;

static size_t max_out;   /* no message to jambonz is longer */
static bool echoed;      /* the app sent a text of its own: one without on_audio has an audio socket for itself */

#ifdef FUZZ_BARE /* for MemorySanitizer, to which all that jansson writes is unwritten: the library's own word for it */
HELPER void judge_text(heard *h, const char *text, size_t n) {
    char *copy = (char *)malloc(n + 1);
    jbz_tok *toks = (jbz_tok *)malloc((n + 1) * sizeof *toks);
    jbz_doc doc;
    CHECK(copy && toks);
    memcpy(copy, text, n);
    copy[n] = 0;
    if (h->kind == 1) {
        jbz_json j;
        const char *type, *msgid;
        int id;
        CHECK(jbz_json_parse(&doc, copy, n, toks, (uint32_t)n + 1, NULL) == JBZ_E_OK);
        j = jbz_json_root(&doc);
        type = jbz_json_str(j, "/type", "");
        msgid = jbz_json_str(j, "/msgid", "");
        CHECK(strcmp(type, "ack") == 0 || strcmp(type, "command") == 0);
        if (strcmp(type, "ack") == 0) h->acks++;
        id = strcmp(type, "ack") == 0 ? id_at(msgid, strlen(msgid)) : -1;
        if (id >= 0 && id < IDS) CHECK(ids.wants[id] != NONE && ++ids.acks[id] <= ids.sent[id]);
    }
    free(copy);
    free(toks);
}
#else
HELPER void judge_text(heard *h, const char *text, size_t n) {
    json_error_t why;
    json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    const char *type, *msgid;
    int id;
    if (h->kind == 2 && echoed) { json_decref(j); return; }
    if (!j && strstr(why.text, "too big")) return; /* a number that jansson cannot hold came from the input */
    if (!j) fprintf(stderr, "%s: %.*s\n", why.text, (int)n, text);
    CHECK(json_is_object(j));
    type = json_string_value(json_object_get(j, "type"));
    CHECK(type);
    if (h->kind == 1 && strcmp(type, "ack") == 0) {
        msgid = json_string_value(json_object_get(j, "msgid"));
        CHECK(msgid);
        h->acks++;
        id = id_at(msgid, json_string_length(json_object_get(j, "msgid")));
        if (id >= 0 && id < IDS) {
            CHECK(ids.wants[id] != NONE);
            CHECK(++ids.acks[id] <= ids.sent[id]);
        }
        CHECK(!json_object_get(j, "data") || json_is_array(json_object_get(j, "data")));
    } else if (h->kind == 1) {
        CHECK(strcmp(type, "command") == 0 && json_string_length(json_object_get(j, "command")) > 0);
    }
    json_decref(j);
}
#endif

/* Looks at what is new: an HTTP answer, then frames by RFC 6455: whole, unmasked, no extension, shortest length, none behind a
   Close; JSON where jambonz listens. */
HELPER void judge(heard *h) {
    if (!h->status) {
        size_t i;
        for (i = 0; i + 4 <= h->n && memcmp(h->buf + i, "\r\n\r\n", 4) != 0; i++) { }
        if (i + 4 > h->n) return;
        CHECK(memcmp(h->buf, "HTTP/1.1 ", 9) == 0);
        h->status = atoi((const char *)h->buf + 9);
        CHECK(h->status >= 101 && h->status < 600);
        h->at = i + 4;
    }
    while (h->status == 101 && h->n - h->at >= 2) {
        const uint8_t *p = h->buf + h->at;
        size_t left = h->n - h->at, head = 2, len = p[1] & 0x7f, i;
        unsigned op = p[0] & 15;
        CHECK(!h->closed && (p[0] & 0xf0) == 0x80 && p[1] < 0x80);
        CHECK(op == 1 || op == 2 || op == 8 || op == 9 || op == 10);
        if (len >= 126) {
            CHECK(op < 8);
            head = len == 126 ? 4 : 10;
            if (left < head) return;
            for (len = 0, i = 2; i < head; i++) len = len << 8 | p[i];
            CHECK(len >= (head == 4 ? 126u : 65536u));
        }
        if (h->kind == 1) CHECK(len <= max_out);
        if (len > left - head) return;
        if (op == 1) { h->texts++; if (h->kind) judge_text(h, (const char *)p + head, len); }
        if (op == 2) { h->binaries++; CHECK(h->kind != 2 || len % 2 == 0); }
        if (op == 8) {
            unsigned code = len >= 2 ? (unsigned)p[head] << 8 | p[head + 1] : 1000;
            h->closed = true;
            CHECK(len != 1 && code >= 1000 && code < 5000 && code != 1004 && code != 1005 && code != 1006 && code != 1015);
            CHECK(len < 2 || jbz_utf8_valid(p + head + 2, len - 2));
        }
        h->at += head + len;
    }
}

HELPER void hear(heard *h, const void *bytes, size_t n) {
    if (!n) return;
    if (h->n + n > h->cap) {
        h->cap = (h->n + n) * 2 + 1024;
        h->buf = (uint8_t *)realloc(h->buf, h->cap);
        CHECK(h->buf);
    }
    memcpy(h->buf + h->n, bytes, n);
    h->n += n;
    judge(h);
}

/*---- the app ----*/

#define LATER 32
static struct {
    jbz_core *core;
    const uint8_t *script; /* what it does, one byte after the other, round and round */
    size_t script_n, script_at;
    jbz_reply_id later[LATER];
    unsigned nlater;
    jbz_call_id call;
    jbz_audio_id audio;
    char url[160];
    unsigned events;
    uint64_t saw;          /* a running hash of all events */
    int users;             /* calls and audio sockets that hold something of ours */
    void (*blink)(void);   /* the handler lets time pass; may be NULL */
} app;

HELPER unsigned will(void) { return app.script_n ? app.script[app.script_at++ % app.script_n] : 0; }
HELPER unsigned touch(const char *s) { unsigned h = 0; while (s && *s) h = h * 31 + (unsigned char)*s++; return h; }

/* Reads all that an event tells; every text must end. */
HELPER uint64_t look(const jbz_event *ev) {
    static const char *(*const texts[])(const jbz_event *) = { jbz_ev_call_sid, jbz_ev_leg, jbz_ev_parent_sid, jbz_ev_from, jbz_ev_to,
        jbz_ev_caller_name, jbz_ev_fs_sip_address, jbz_ev_fs_public_ip, jbz_ev_call_status, jbz_ev_sip_reason, jbz_ev_what, jbz_ev_result,
        jbz_ev_reason, jbz_ev_error, jbz_ev_details, jbz_ev_verb, jbz_ev_verb_id, jbz_ev_transcript, jbz_ev_language, jbz_ev_translation,
        jbz_ev_digits, jbz_ev_dial_status, jbz_ev_dial_sid, jbz_ev_queue, jbz_ev_conference, jbz_ev_conference_name, jbz_ev_amd,
        jbz_ev_response, jbz_ev_spoken };
    static int (*const numbers[])(const jbz_event *) = { jbz_ev_sip_status, jbz_ev_channel, jbz_ev_dial_sip_status, jbz_ev_refer_status,
        jbz_ev_queue_position, jbz_ev_queue_size, jbz_ev_queue_time, jbz_ev_members };
    uint64_t h = 0;
    size_t i;
    jbz_tool_call tool;
    for (i = 0; i < COUNT(texts); i++) h = h * 31 + touch(texts[i](ev));
    for (i = 0; i < COUNT(numbers); i++) h = h * 31 + (unsigned)numbers[i](ev);
    for (i = 0; i < 3 && jbz_ev_tool_call(ev, (uint32_t)i, &tool); i++) h = h * 31 + touch(tool.id) + touch(tool.name);
    h += touch(jbz_sip_header(ev, "x-cid")) + (uint64_t)jbz_ev_is_final(ev) + (uint64_t)jbz_ev_interrupted(ev);
    h += (uint64_t)(jbz_ev_duration(ev) > 1) + (uint64_t)(jbz_ev_confidence(ev) > 0.5) + (uint64_t)jbz_ev_latency(ev, "llm_ms");
    if (ev->call) {
        h = h * 31 + touch(jbz_call_sid(ev->call)) + touch(jbz_call_from(ev->call)) + touch(jbz_call_to(ev->call));
        h += touch(jbz_call_direction(ev->call)) + touch(jbz_call_status(ev->call)) + touch(jbz_call_env(ev->call, "GREETING"));
        h += touch(jbz_call_leg(ev->call, 0)) + touch(jbz_call_leg(ev->call, 3)) + (uint64_t)jbz_call_state(ev->call);
        h += (uint64_t)jbz_call_env_int(ev->call, "N", 7) + jbz_tts_queued(ev->call);
    }
    if (ev->audio) {
        h = h * 31 + jbz_audio_rate(ev->audio) + jbz_audio_channels(ev->audio) + jbz_audio_queued(ev->audio) + touch(ev->name);
        h += jbz_audio_left(ev->audio);
        for (i = 0; i < ev->samples; i++) h = h * 31 + (uint16_t)ev->pcm[i];
    }
    for (i = 0; i < ev->len; i++) h = h * 31 + ((const uint8_t *)ev->bytes)[i];
    return h;
}

static const char raw_verbs[] = "[{\"verb\":\"pause\",\"length\":1}]";

HELPER void fill(jbz_out *o, unsigned how) {
    static char lots[30000];
    switch (how % 10) {
    case 0: jbz_say(o, .text = "hi"); break;
    case 1: jbz_gather(o, .input = { "digits", "speech" }, .actionHook = "/menu", .numDigits = 1, .say = JBZ_LIT(say_opts, .text = "\xFF?")); break;
    case 2: jbz_dial(o, .target = { { .type = "phone", .number = "1" } }, .actionHook = "/later"); jbz_hangup(o); break;
    case 3: jbz_raw(o, "{\"verb\":\"pause\",\"length\":1}"); break;
    case 4: jbz_raw(o, "{\"verb\":"); break; /* not JSON */
    case 5: break;                           /* nothing */
    case 6: jbz_say(o, .text = NULL); break; /* a required option is missing */
    case 7: /* too long for jambonz */
        memset(lots, 'x', sizeof lots - 1);
        jbz_say(o, .text = lots);
        break;
    case 8: jbz_listen(o, .url = app.url[0] ? app.url : "/audio"); jbz_config(o, .notifyEvents = JBZ_TRUE); break;
    default: jbz_llm(o, .vendor = "openai", .llmOptions = "{\"a\":1}"); jbz_pause(o, .length = 2); break;
    }
}

HELPER void command(jbz_call *call, unsigned which) {
    static const char *const hints[] = { "a", "b" };
    const char *leg = which & 0x80 ? jbz_call_leg(call, 0) : NULL;
    switch (which % 28) {
    case 0: jbz_cmd_mute_status(call, leg, "mute"); break;
    case 1: jbz_cmd_config(call, JBZ_LIT(config_opts, .notifyEvents = JBZ_TRUE)); break;
    case 2: jbz_cmd(call, "x:y", leg, "{\"a\":[1,2]}"); break;
    case 3: jbz_cmd(call, "x:y", leg, "nonsense"); break;
    case 4: jbz_cmd_redirect_hook(call, "/menu", NULL); break;
    case 5: jbz_cmd_call_status(call, "completed"); break;
    case 6: jbz_cmd_dtmf(call, leg, '5', 100); break;
    case 7: jbz_cmd_tag(call, "{\"k\":\"v\"}"); break;
    case 8: jbz_cmd_stt_reconfigure(call, hints, 2); break;
    case 9: jbz_cmd_record(call, JBZ_LIT(cmd_record_opts, .action = "startCallRecording", .recordingID = "r", .siprecServerURL = "sip:x")); break;
    case 10: jbz_cmd_sip_request(call, leg, JBZ_LIT(cmd_sip_request_opts, .method = "INFO", .content = "\x01")); break;
    case 11: jbz_cmd_whisper(call, leg, JBZ_LIT(say_opts, .text = "psst"), NULL); break;
    case 12: jbz_cmd_llm_tool_output(call, JBZ_LIT(tool_output_opts, .id = "t", .name = "f", .text = "r")); break;
    case 13: jbz_cmd_llm_tool_output(call, JBZ_LIT(tool_output_opts, .id = "t", .name = "f", .json = "{\"r\":1}", .vendor = "google")); break;
    case 14: jbz_cmd_llm_update(call, "{\"type\":\"session.update\"}"); break;
    case 15: jbz_cmd_agent_generate_reply(call, "u", NULL, JBZ_TRUE); break;
    case 16: jbz_cmd_listen_status(call, "pause"); break;
    case 17: jbz_cmd_media_path(call, "no-media"); break;
    case 18: jbz_cmd_boost_audio_signal(call, leg, -3.5); break;
    case 19: jbz_cmd_conf_participant_action(call, "tag", "t", NULL); break;
    case 20: case 21: case 22: {
        jbz_out *o = which % 28 == 20 ? jbz_cmd_redirect(call) : which % 28 == 21 ? jbz_cmd_redirect_queue(call) : jbz_cmd_redirect_parent(call);
        fill(o, will());
        jbz_send(o);
        break;
    }
    case 23: jbz_call_timer(call, 1 + will() * 20, 5); break;
    case 24: jbz_hangup_call(call); break;
    case 25: { /* prepared apart */
        char mem[300];
        jbz_out o;
        jbz_out_init(&o, mem, sizeof mem);
        jbz_msg_command(&o, "redirect", NULL, true);
        fill(&o, will());
        jbz_send_to(app.core, jbz_call_id_of(call), &o);
        break;
    }
    case 26: fill(jbz_cmd_redirect(call), will()); break; /* left open */
    default: jbz_audio_url(call, "/audio", app.url, sizeof app.url); break;
    }
}

HELPER void speech(jbz_call *call, unsigned how) {
    static char text[20500];
    size_t taken = 0, n = 1 + (size_t)will() * (how & 0x80 ? 80 : 3);
    unsigned i;
    jbz_err err;
    for (i = 0; i < n; i++) text[i] = "abc d. \xC3\xA4,!\n"[(i + how) % 12];
    switch (how % 6) {
    case 0: case 1: case 2:
        err = jbz_tts_write(call, text, n, how & 1 ? NULL : &taken);
        CHECK(taken <= n && (err != JBZ_E_OK || how & 1 || taken == n));
        break;
    case 3: jbz_tts_flush(call); break;
    case 4: jbz_tts_clear(call); break;
    default: jbz_tts_write(call, text, 3, NULL); jbz_tts_flush(call); break;
    }
}

HELPER void sound(jbz_audio *a, unsigned how) {
    static int16_t pcm[50000];
    static const char *const marks[] = { "m1", "m2", "m3", "jbz.no", "", "m 4" };
    size_t taken = 0, n = (size_t)will() * (how & 0x80 ? 190 : 16);
    jbz_err err;
    size_t i;
    for (i = 0; i < n; i += 7) pcm[i] = (int16_t)(i * 37);
    switch (how % 14) {
    case 0: case 1: case 2:
        err = jbz_audio_write(a, pcm, n, how & 1 ? NULL : &taken);
        CHECK(taken <= n && (err != JBZ_E_OK || how & 1 || taken == n));
        break;
    case 3: jbz_audio_end(a); break;
    case 4: case 5: jbz_audio_mark(a, marks[will() % COUNT(marks)]); break;
    case 6: jbz_audio_clear_marks(a); break;
    case 7: jbz_audio_kill(a); break;
    case 8: jbz_audio_play(a, JBZ_LIT(audio_clip, .pcm = pcm, .samples = n, .sampleRate = 8000, .queuePlay = (how & 16) != 0)); break;
    case 9: jbz_audio_play(a, JBZ_LIT(audio_clip, .bytes = pcm, .len = n, .audioContentType = "wav", .id = "c1", .textContent = "t")); break;
    case 10: jbz_audio_pace(a, will() * 4); break;
    case 11: jbz_audio_mode(a, how & 16 ? JBZ_AUDIO_STREAM : JBZ_AUDIO_CLIPS, 8000u * (1 + (how >> 5))); break;
    case 12: jbz_audio_disconnect(a); break;
    default: CHECK(jbz_audio_queued(a) <= 1u << 24); break;
    }
}

HELPER void reply(jbz_out *o, unsigned how) {
    fill(o, how);
    if (jbz_send(o) != JBZ_E_OK && how & 0x80) jbz_send(o); /* twice */
}

/* What the app may do at any time. */
HELPER void whim(unsigned how) {
    jbz_call *call = jbz_call_find(app.core, app.call);
    jbz_audio *a = jbz_audio_find(app.core, app.audio);
    switch (how % 5) {
    case 0: if (call) command(call, will()); break;
    case 1: if (call) speech(call, will()); break;
    case 2: if (a) sound(a, will()); break;
    case 3: if (app.nlater) reply(jbz_reply_to(app.core, app.later[will() % (app.nlater < LATER ? app.nlater : LATER)]), will()); break;
    default: jbz_call_by_sid(app.core, 0, sids[will() & 3]); break;
    }
}

/* An event came. */
HELPER void act(const jbz_event *ev) {
    unsigned how = will();
    app.events++;
    CHECK(ev->core == app.core && ev->type > JBZ_EV_NONE && ev->type < JBZ_EV_COUNT_ && ev->msgid && ev->hook);
    if (ev->type < JBZ_EV_UNKNOWN) CHECK(ev->call);
    app.saw = app.saw * 1000003 + look(ev) + (uint64_t)ev->type * 7 + (uint64_t)ev->reason + ev->tag + touch(ev->msgid) + touch(ev->hook);
    if (ev->call) app.call = jbz_call_id_of(ev->call);
    if (ev->audio && ev->type != JBZ_EV_AUDIO_END) app.audio = jbz_audio_id_of(ev->audio);
    if (ev->call && !ev->audio && ev->type != JBZ_EV_END && !jbz_call_user(ev->call)) { jbz_call_set_user(ev->call, malloc(8)); app.users++; }
    if (ev->type == JBZ_EV_END && jbz_call_user(ev->call)) { free(jbz_call_user(ev->call)); jbz_call_set_user(ev->call, NULL); app.users--; }
    if (ev->audio && ev->type == JBZ_EV_AUDIO_START) { CHECK(!jbz_audio_user(ev->audio)); jbz_audio_set_user(ev->audio, malloc(8)); app.users++; }
    if (ev->audio && ev->type == JBZ_EV_AUDIO_END) { CHECK(jbz_audio_user(ev->audio)); free(jbz_audio_user(ev->audio)); app.users--; }
    if (app.blink && how == 250) app.blink();
    switch (how % 12) {
    case 0: break;
    case 1: case 2: reply(jbz_reply(ev), will()); break;
    case 3: jbz_reply_later(ev, &app.later[app.nlater++ % LATER]); break;
    case 4: reply(jbz_reply(ev), will()); reply(jbz_reply(ev), will()); break; /* answered twice */
    case 5: whim(will()); reply(jbz_reply(ev), 0); whim(will()); break;
    case 6: whim(will()); whim(will()); break;
    case 7: fill(jbz_reply(ev), will()); break; /* left open */
    case 8:
        if (ev->conn && (ev->type == JBZ_EV_TEXT || ev->type == JBZ_EV_BINARY) && !ev->call) {
            echoed = true;
            jbz_conn_send(ev->conn, ev->type == JBZ_EV_TEXT ? JBZ_TEXT : JBZ_BINARY, ev->bytes, ev->len);
        }
        break;
    case 9: if (ev->conn && how & 0x40) jbz_conn_drop(ev->conn, (int)(1000 + will() % 20), "why"); break;
    case 10:
        if (ev->audio) sound(ev->audio, will());
        else if (ev->call && ev->type != JBZ_EV_END) speech(ev->call, will());
        reply(jbz_reply(ev), will());
        break;
    default:
        if (ev->audio) sound(ev->audio, will());
        else if (ev->call && ev->type != JBZ_EV_END) command(ev->call, will());
        break;
    }
}

HELPER void handler(const jbz_event *ev, void *user) { (void)user; act(ev); }

HELPER void log_fn(jbz_level level, int item, const char *text, const char *detail, void *user) {
    const char *p;
    (void)user;
    CHECK(item >= 0 && item < JBZ_LOG_COUNT_ && text && detail && level >= JBZ_LOG_ERROR && level <= JBZ_LOG_DEBUG);
    for (p = detail; *p; p++) CHECK(*p >= 0x20 && *p < 0x7f);
    if (getenv("FUZZ_LOG")) fprintf(stderr, "    %s: %s\n", text, detail);
}

/* `flags` from the input: small limits, target, allocations that fail. */
HELPER void describe(jbz_server_desc *d, unsigned flags) {
    static const jbz_env env[] = { { .name = "GREETING", .fallback = "hi" }, { .name = "N", .type = "number", .fallback = "3" }, { .name = NULL } };
    memset(d, 0, sizeof *d);
    d->on_session = d->on_resume = d->on_other = d->on_end = d->on_message = d->on_audio = handler;
    d->on_hook[0].hook = "/menu";
    d->on_hook[0].fn = handler;
    d->apps[0].path = "/other";
    d->apps[0].on_session = d->apps[0].on_message = d->apps[0].on_end = handler; /* and silence in between */
    d->apps[0].auth = flags & 1 ? "u:p" : NULL;
    d->apps[0].subprotocols = "chat";
    d->env = env;
    d->log.fn = log_fn;
    d->log.level = JBZ_LOG_DEBUG;
    d->alloc.fn = heap_fn;
    d->seed[0] = 1;
    d->max_conns = 6;
    d->receive = 8192;
    d->tokens = 256;
    d->max_message = 16384;
    d->audio_queue = 32768;
    d->pool = 1024 * 1024;
    d->target = (jbz_target)((flags >> 1) % 3);
    if (flags & 8) {
        d->max_conns = 3;
        d->tokens = 40;
        d->max_message = 2000;
        d->max_out = 700;
        d->out_spill = 1000;
        d->pool = 32768;
        d->receive = 1024;
        d->request = 512;
        d->pending = 2;
        d->legs = 1;
        d->detached_bytes = 600;
        d->speech_queue = 500;
        d->audio_queue = 2000;
    }
    max_out = d->max_out ? d->max_out : 24576;
}

HELPER void app_reset(const uint8_t *script, size_t n) {
    memset(&app, 0, sizeof app);
    echoed = false;
    memset(&ids, 0, sizeof ids);
    app.script = script;
    app.script_n = n;
}
#endif
