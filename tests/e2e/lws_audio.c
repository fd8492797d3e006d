/* lws_audio PORT     plays jambonz' media server against build/audio_echo: with libwebsockets, as the real one does.
 *
 * A control socket places the call and takes the URL of the audio socket from verb listen. Audio sockets send metadata, then 20 ms
 * of samples every 20 ms, and expect them back, with marks between them; one that never says a word expects to be closed. */
#include <libwebsockets.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 125 /* 2.5 s */
#define SAMPLES (FRAMES * 160)
#define MOST 65536
#define SID "9f1c2d3e-0000-4000-8000-0000000000aa"

static struct lws_context *context;
static int port, passed, failed, open_sockets;

static void check(int good, const char *who, const char *what) {
    if (good) { passed++; return; }
    failed++;
    printf("FAIL: %s: %s\n", who, what);
}

typedef struct peer {
    const char *name, *protocol;
    char path[256];
    struct lws *wsi;
    lws_sorted_usec_list_t timer;
    int established, closed_code, orphan, control, mute; /* mute: kills the echo at half time */
    int frames;               /* sent */
    unsigned char odd;        /* how samples are cut into frames */
    size_t sent, got;         /* bytes */
    unsigned char back[SAMPLES * 4];
    char text[MOST];          /* a message being received */
    size_t text_n;
    char out[16][256];        /* texts to be sent before anything else */
    unsigned out_n, out_at;
    unsigned marks, kills, dummies;
    size_t mark_at[64];       /* bytes of echo in front of each */
} peer;

static peer control, peers[4];

static unsigned char sound(size_t byte) { /* of a sawtooth that has every value, -1 too */
    unsigned v = (unsigned)(byte / 2 * 13 + 65500) & 0xffff;
    return (unsigned char)(byte & 1 ? v >> 8 : v);
}

static unsigned char expected(size_t byte) {
    int minus_one = sound(byte & ~(size_t)1) == 0xff && sound(byte | 1) == 0xff;
    return (unsigned char)(minus_one ? 0 : sound(byte));
}

static void on_time(lws_sorted_usec_list_t *timer) {
    peer *p = lws_container_of(timer, peer, timer);
    if (p->wsi) lws_callback_on_writable(p->wsi);
}

static void queue_text(peer *p, const char *text) {
    snprintf(p->out[p->out_n++ % 16], sizeof p->out[0], "%s", text);
    lws_callback_on_writable(p->wsi);
}

static int put(peer *p, const void *bytes, size_t n, enum lws_write_protocol how) {
    unsigned char buf[LWS_PRE + 2048];
    memcpy(buf + LWS_PRE, bytes, n);
    return lws_write(p->wsi, buf + LWS_PRE, n, how) < 0 ? -1 : 0;
}

static int connect_peer(peer *p) {
    struct lws_client_connect_info info;
    memset(&info, 0, sizeof info);
    info.context = context;
    info.address = "127.0.0.1";
    info.port = port;
    info.path = p->path;
    info.host = info.origin = "127.0.0.1"; /* without the port, as jambonz has it */
    info.protocol = p->protocol;
    info.local_protocol_name = "any";
    info.pwsi = &p->wsi;
    info.userdata = p;
    open_sockets++;
    return lws_client_connect_via_info(&info) ? 0 : -1;
}

static int send_next(peer *p) {
    unsigned char bytes[640];
    size_t n = 320, i;
    if (p->out_at < p->out_n) {
        const char *text = p->out[p->out_at++ % 16];
        if (p->out_at < p->out_n || !p->frames) lws_callback_on_writable(p->wsi);
        return put(p, text, strlen(text), LWS_WRITE_TEXT);
    }
    if (p->control || p->orphan || p->frames >= FRAMES + 25) return 0;
    lws_sul_schedule(context, 0, &p->timer, on_time, 20 * LWS_US_PER_MS);
    if (p->frames++ >= FRAMES) { /* time for the last echo, then the end of the verb */
        if (p->frames < FRAMES + 25) return 0;
        lws_sul_cancel(&p->timer);
        lws_close_reason(p->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        return -1;
    }
    if (p->odd) n = p->frames & 1 ? 319 : 321; /* a sample in two frames */
    if (p->frames == FRAMES) n = SAMPLES * 2 - p->sent;
    for (i = 0; i < n; i++) bytes[i] = sound(p->sent + i);
    p->sent += n;
    if (p->mute && p->frames == FRAMES / 2) queue_text(p, "{\"event\":\"dtmf\",\"dtmf\":\"*\",\"duration\":\"800\"}");
    return put(p, bytes, n, LWS_WRITE_BINARY);
}

/* Where the answer to the call has the audio socket. */
static void answered(peer *p) {
    const char *url = strstr(p->text, "\"url\":\"/audio?");
    size_t n = url ? strcspn(url + 7, "\"") : 0, i;
    check(strncmp(p->text, "{\"type\":\"ack\",\"msgid\":\"m1\",\"data\":[", 35) == 0, p->name, "the call is answered");
    check(n == 6 + 37, p->name, "with an audio URL of this call");
    check(strstr(p->text, "\"bidirectionalAudio\":{\"enabled\":true,\"streaming\":true,\"sampleRate\":8000}") != NULL, p->name, "both ways");
    for (i = 0; n && i < 3; i++) {
        snprintf(peers[i].path, sizeof peers[i].path, "%.*s", (int)n, url + 7);
        connect_peer(&peers[i]);
    }
}

static void text_came(peer *p) {
    char reply[256], name[64];
    if (p->control) { answered(p); return; }
    if (strcmp(p->text, "{\"type\":\"killAudio\"}") == 0) p->kills++;
    if (sscanf(p->text, "{\"type\":\"mark\",\"data\":{\"name\":\"%63[^\"]\"}}", name) != 1) return;
    if (strcmp(name, "jbz.") == 0) { p->dummies++; return; }
    if (p->marks < 64) p->mark_at[p->marks++] = p->got;
    snprintf(reply, sizeof reply, "{\"type\": \"mark\", \"data\": {\"name\": \"%s\", \"event\": \"playout\"}}", name); /* blanks as it has them */
    if (!p->mute) queue_text(p, reply);
}

static int any(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len) {
    peer *p = (peer *)user;
    char got[64];
    switch (reason) {
    case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
        check(lws_hdr_copy(wsi, got, sizeof got, WSI_TOKEN_PROTOCOL) > 0 && strcmp(got, p->protocol) == 0, p->name, "the subprotocol comes back");
        break;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        p->established = 1;
        if (p->control)
            queue_text(p, "{\"type\":\"session:new\",\"msgid\":\"m1\",\"call_sid\":\"" SID "\",\"data\":{\"call_sid\":\"" SID "\",\"direction\":\"inbound\"}}");
        else if (!p->orphan)
            queue_text(p, "{\"sampleRate\":8000,\"mixType\":\"mono\",\"callSid\":\"" SID "\",\"direction\":\"inbound\",\"from\":\"+442071838750\"}");
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return send_next(p);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (lws_frame_is_binary(wsi)) {
            if (len > sizeof p->back - p->got) len = sizeof p->back - p->got;
            memcpy(p->back + p->got, in, len);
            p->got += len;
            break;
        }
        if (p->text_n + len >= MOST) return -1;
        memcpy(p->text + p->text_n, in, len);
        p->text_n += len;
        if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi)) break;
        p->text[p->text_n] = 0;
        p->text_n = 0;
        text_came(p);
        break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (len >= 2) p->closed_code = ((unsigned char *)in)[0] << 8 | ((unsigned char *)in)[1];
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        check(0, p->name, in ? (const char *)in : "connection error");
        /* fall through */
    case LWS_CALLBACK_CLIENT_CLOSED:
        if (p->wsi) open_sockets--;
        p->wsi = NULL;
        break;
    default: break;
    }
    return 0;
}

/* What came back of one that was not silenced: every sample, in order, with a mark at each second. */
static void judge(const peer *p) {
    size_t i = 0;
    check(p->sent == SAMPLES * 2, p->name, "all was sent");
    while (i < p->got && p->back[i] == expected(i)) i++;
    check(p->got == SAMPLES * 2 && i == p->got, p->name, "all samples came back");
    check(p->marks == 2, p->name, "two marks");
    check(p->mark_at[0] >= 16000 && p->mark_at[0] < 16000 + 700 && p->mark_at[1] >= 32000 && p->mark_at[1] < 32000 + 700, p->name, "each behind its second");
    check(p->kills == 0, p->name, "nothing was silenced");
}

int main(int argc, char **argv) {
    static const struct lws_protocols protocols[] = { { "any", any, 0, 4096, 0, NULL, 0 }, { NULL, NULL, 0, 0, 0, NULL, 0 } };
    struct lws_context_creation_info info;
    lws_usec_t start;
    size_t i;
    if (argc != 2 || (port = atoi(argv[1])) == 0) { fprintf(stderr, "usage: %s PORT\n", argv[0]); return 2; }
    lws_set_log_level(LLL_ERR | LLL_WARN, NULL);
    memset(&info, 0, sizeof info);
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    context = lws_create_context(&info);
    if (!context) return 1;
    control.name = "control";
    control.protocol = "ws.jambonz.org";
    control.control = 1;
    strcpy(control.path, "/audio_echo");
    peers[0].name = "audio.drachtio.org";
    peers[1].name = "audio.jambonz.org, odd frames";
    peers[2].name = "silenced";
    peers[3].name = "orphan";
    for (i = 0; i < 4; i++) peers[i].protocol = i == 1 ? "audio.jambonz.org" : "audio.drachtio.org";
    peers[1].odd = 1;
    peers[2].mute = 1;
    peers[3].orphan = 1;
    strcpy(peers[3].path, "/audio");
    connect_peer(&peers[3]);
    connect_peer(&control);
    start = lws_now_usecs();
    while (open_sockets > 1 && lws_now_usecs() - start < 15 * LWS_US_PER_SEC) lws_service(context, 0); /* the control socket stays */
    for (i = 0; i < 3; i++) check(peers[i].established && !peers[i].wsi, peers[i].name, "ends");
    judge(&peers[0]);
    judge(&peers[1]);
    check(peers[2].kills == 1, peers[2].name, "killAudio on key *");
    check(peers[2].marks == 2 && peers[2].dummies == 1, peers[2].name, "the mark that was on its way is made up for");
    check(peers[3].closed_code == 1000, peers[3].name, "is closed with 1000");
    lws_context_destroy(context);
    printf("lws: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
