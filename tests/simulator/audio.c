/* audio.c - the audio socket of listen, as the media server (mod_audio_fork) treats it: PROTOCOL 6 and 9.4.
 *
 * Sends the metadata, then 20 ms packets of 16-bit PCM: a slow ramp, so that an echo can be recognised. What the app sends
 * back is put into a playout buffer that drains in the call's time, with its marks where they were put. Wrong use that the
 * real server swallows without a word (the wrong mode, too many marks, unknown content types) is a problem here. */
#define _POSIX_C_SOURCE 200809L
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MARKS 30
#define MAX_CLIPS 11

typedef struct { char name[64]; double at_samples; } mark;   /* at_samples: position in everything the app ever sent */

struct audio {
    call *c;
    ws *ws;
    bool open, streaming, enabled, paused, stopping;
    double rate, out_rate;
    char *metadata;
    audio_over_fn *over;
    timer packet, playout, clip;
    int64_t last_tick;
    int ramp;
    double received, played;                         /* samples from the app */
    bool odd;
    mark marks[MAX_MARKS];
    size_t mark_n, clip_n;
    char *clip_id[MAX_CLIPS + 1];
    double clip_ms[MAX_CLIPS + 1];
    buf seen;                                        /* names of the marks reported, each between line ends */
};

static void text_out(struct audio *a, const char *text) {
    size_t n = strlen(text);
    if (!a->open) return;
    ui_audio(a->c, true, text);
    ws_send(a->ws, true, text, n);
}

static void report_mark(struct audio *a, const char *name, const char *what) {
    char *text = xprintf("{ \"type\": \"mark\", \"data\": { \"name\": \"%s\", \"event\": \"%s\" } }", name, what);
    text_out(a, text);
    free(text);
    if (strcmp(what, "playout") == 0) { buf_str(&a->seen, "\n"); buf_str(&a->seen, name); buf_str(&a->seen, "\n"); }
}

/* ---- playing what the app sends --------------------------------------------------------------------------- */

static void drain(void *ctx) {                       /* every 20 ms of the call's time */
    struct audio *a = (struct audio *)ctx;
    int64_t now = now_us();
    double samples = (double)(now - a->last_tick) / 1e6 * sim_speed * a->out_rate;
    a->last_tick = now;
    a->played = a->played + samples > a->received ? a->received : a->played + samples;
    while (a->mark_n && a->marks[0].at_samples <= a->played) {
        report_mark(a, a->marks[0].name, "playout");
        memmove(a->marks, a->marks + 1, --a->mark_n * sizeof *a->marks);
    }
    if (a->mark_n || a->played < a->received) timer_set_scaled(&a->playout, 20, drain, a);
    script_kick(a->c);
}

static void start_drain(struct audio *a) {
    if (a->playout.slot) return;
    a->last_tick = now_us();
    timer_set_scaled(&a->playout, 20, drain, a);
}

static void binary_in(struct audio *a, size_t n) {
    if (!a->streaming) {
        if (a->received <= 0 && n)
            call_problem(a->c, "binary audio on a listen without bidirectionalAudio {enabled, streaming, sampleRate}: "
                         "never played");
        a->received += (double)n / 2;
        return;
    }
    if (a->odd) { n++; a->odd = false; }
    if (n & 1) { a->odd = true; n--; }
    a->received += (double)n / 2;
    start_drain(a);
}

static void add_mark(struct audio *a, const jnode *m) {
    const char *name = json_str(json_get(m, "data"), "name", NULL);
    mark *k;
    if (!name || !*name) { call_problem(a->c, "audio: mark without data.name"); return; }
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") != strlen(name))
        call_problem(a->c, "audio: mark name \"%.40s\" is not escaped by the media server: use letters, digits, _ . -", name);
    if (!a->streaming) { call_problem(a->c, "audio: a mark never fires without streaming"); return; }
    if (a->mark_n == MAX_MARKS) {
        call_problem(a->c, "audio: more than 30 marks are outstanding: this one is dropped");
        return;
    }
    k = &a->marks[a->mark_n++];
    snprintf(k->name, sizeof k->name, "%s", name);
    k->at_samples = a->received;
    start_drain(a);
}

static void clip_over(void *ctx) {
    struct audio *a = (struct audio *)ctx;
    double ms = a->clip_ms[0];
    char *text = xprintf("{\"type\":\"playDone\",\"data\":{\"id\":\"%s\",\"playbackSeconds\":\"%d\","
                         "\"playbackMilliseconds\":\"%d\",\"playbackLastOffsetPos\":\"%d\"}}",
                         a->clip_id[0], (int)(ms / 1000), (int)ms, (int)(ms * 8));
    text_out(a, text);
    free(text);
    free(a->clip_id[0]);
    a->clip_n--;
    memmove(a->clip_id, a->clip_id + 1, a->clip_n * sizeof *a->clip_id);
    memmove(a->clip_ms, a->clip_ms + 1, a->clip_n * sizeof *a->clip_ms);
    if (a->clip_n) timer_set_scaled(&a->clip, a->clip_ms[0], clip_over, a);
    script_kick(a->c);
}

static void drop_clips(struct audio *a, size_t from) {
    while (a->clip_n > from) free(a->clip_id[--a->clip_n]);
}

static void play_audio(struct audio *a, const jnode *m) {
    const jnode *data = json_get(m, "data"), *content = json_get(data, "audioContent");
    const char *type = json_str(data, "audioContentType", "");
    double rate = json_num(data, "sampleRate", 8000), ms;
    if (!a->enabled || a->streaming) {
        call_problem(a->c, "audio: playAudio is ignored %s", a->streaming ? "while streaming"
                     : "without bidirectional audio");
        return;
    }
    if (!*type) { call_problem(a->c, "audio: playAudio without audioContentType crashes the media server"); return; }
    if (strcmp(type, "raw") != 0 && strcmp(type, "wav") != 0 && strcmp(type, "wave") != 0) {
        call_problem(a->c, "audio: audioContentType %.20s gives no playDone", type);
        return;
    }
    if (!content || content->type != J_STRING) { call_problem(a->c, "audio: playAudio without audioContent"); return; }
    ms = (double)content->len * 3 / 4 / 2 / (rate > 0 ? rate : 8000) * 1000;
    a->received += ms * a->out_rate / 1000;
    if (!json_bool(data, "queuePlay", false)) {      /* played at once, the queue is dropped */
        drop_clips(a, 0);
        timer_stop(&a->clip);
    }
    if (a->clip_n > MAX_CLIPS - 1) {
        call_problem(a->c, "audio: more than 11 clips are queued: this one is dropped");
        return;
    }
    a->clip_id[a->clip_n] = xstrdup(json_str(data, "id", ""));
    a->clip_ms[a->clip_n++] = ms;
    if (!a->clip.slot) timer_set_scaled(&a->clip, a->clip_ms[0], clip_over, a);
}

static void kill_audio(struct audio *a) {
    size_t i;
    if (a->clip_n) {                                 /* the running clip ends in playDone, the next one starts */
        timer_set_scaled(&a->clip, 0, clip_over, a);
    }
    a->played = a->received;
    for (i = 0; i < a->mark_n; i++) report_mark(a, a->marks[i].name, "cleared");
    a->mark_n = 0;
}

/* ---- the socket ------------------------------------------------------------------------------------------- */

static void ended(struct audio *a) {
    audio_over_fn *over = a->over;
    a->open = false;
    a->ws = NULL;
    timer_stop(&a->packet); timer_stop(&a->playout); timer_stop(&a->clip);
    if (over && !a->stopping) { a->over = NULL; over(a->c); }
}

static void send_packet(void *ctx) {
    struct audio *a = (struct audio *)ctx;
    unsigned char p[2560];
    size_t n = (size_t)(a->rate / 50), i;
    if (n > sizeof p / 2) n = sizeof p / 2;
    for (i = 0; i < n; i++) {                        /* never -1: that is a mark in the media server's buffer */
        a->ramp = a->ramp >= 8000 ? 0 : a->ramp + 1;
        p[i * 2] = (unsigned char)(a->ramp & 0xff);
        p[i * 2 + 1] = (unsigned char)(a->ramp >> 8);
    }
    if (!a->paused) ws_send(a->ws, false, p, n * 2);
    timer_set_scaled(&a->packet, 20, send_packet, a);
}

static void on_open(void *ctx) {
    struct audio *a = (struct audio *)ctx;
    a->open = true;
    text_out(a, a->metadata);
    send_packet(a);
    script_kick(a->c);
}

static void on_fail(void *ctx, ws_failure kind, int status, const char *why) {
    struct audio *a = (struct audio *)ctx;
    (void)kind; (void)status;
    call_problem(a->c, "the audio socket could not be opened: %s", why);
    ended(a);
}

static void on_close(void *ctx, int code, const char *reason, int own_code, const char *detail) {
    struct audio *a = (struct audio *)ctx;
    (void)reason;
    if (*detail) call_problem(a->c, "audio socket: the app broke RFC 6455: %s", detail);
    if (!own_code) ui_plain(a->c, "the app closed the audio socket (%d): listen ends", code);
    ended(a);
    script_kick(a->c);
}

static void on_message(void *ctx, bool text, const char *p, size_t n) {
    struct audio *a = (struct audio *)ctx;
    char why[120];
    jdoc *d;
    const char *type;
    if (!text) { binary_in(a, n); script_kick(a->c); return; }
    ui_audio(a->c, false, p);
    d = json_parse(p, n, why);
    if (!d) { call_problem(a->c, "audio socket: not JSON: %s", why); return; }
    type = json_str(d->root, "type", "");
    if (strcmp(type, "mark") == 0) add_mark(a, d->root);
    else if (strcmp(type, "clearMarks") == 0) a->mark_n = 0;       /* without any notification */
    else if (strcmp(type, "killAudio") == 0) kill_audio(a);
    else if (strcmp(type, "playAudio") == 0) play_audio(a, d->root);
    else if (strcmp(type, "disconnect") == 0 || strcmp(type, "error") == 0) {
        ui_plain(a->c, "the app asks to disconnect: listen ends");
        if (a->over) { audio_over_fn *over = a->over; a->over = NULL; over(a->c); }
    } else if (strcmp(type, "transcription") != 0 && strcmp(type, "transfer") != 0 && strcmp(type, "json") != 0)
        call_problem(a->c, "audio socket: message type \"%.40s\" has no effect", type);
    json_free(d);
    script_kick(a->c);
}

static const ws_handler handler = { on_open, on_message, on_fail, on_close };

static char *camel_metadata(call *c, const jnode *o, double rate) {
    const jnode *meta = json_get(o, "metadata"), *k;
    buf b = { NULL, 0, 0 }, info = { NULL, 0, 0 };
    char why[120];
    jdoc *d;
    buf_fmt(&b, "{\"sampleRate\":%d,\"mixType\":\"%s\"", (int)rate, json_str(o, "mixType", "mono"));
    buf_str(&info, "{");
    call_info(&info, c, &c->a);
    buf_str(&info, "}");
    d = json_parse(info.p, info.n, why);
    for (k = d ? d->root->first : NULL; k; k = k->next) {
        const char *p;
        if (strcmp(k->key, "api_base_url") == 0 || json_get(meta, k->key)) continue;
        buf_str(&b, ",\"");
        for (p = k->key; *p; p++) {
            char ch = *p;
            if (ch == '_' && p[1]) ch = (char)(*++p >= 'a' && *p <= 'z' ? *p - 32 : *p);
            buf_add(&b, &ch, 1);
        }
        buf_str(&b, "\":");
        json_write(&b, k);
    }
    for (k = meta && meta->type == J_OBJECT ? meta->first : NULL; k; k = k->next) {
        buf_str(&b, ",");
        buf_json(&b, k->key, strlen(k->key));
        buf_str(&b, ":");
        json_write(&b, k);
    }
    buf_str(&b, "}");
    json_free(d);
    buf_free(&info);
    if (b.n > 8192) b.p[b.n = 8192] = 0;             /* cut off without a word, as the module does */
    return b.p;
}

void audio_start(call *c, const jnode *o, audio_over_fn *over) {
    struct audio *a = (struct audio *)xcalloc(1, sizeof *a);
    const jnode *bidi = json_get(o, "bidirectionalAudio"), *auth = json_get(o, "wsAuth");
    const ws_url *base = link_url(c->control);
    const char *url = json_str(o, "url", "");
    char *full = *url == '/' ? xprintf("ws://%s%s%s:%s%s", strchr(base->host, ':') ? "[" : "", base->host,
                                       strchr(base->host, ':') ? "]" : "", base->port, url) : xstrdup(url);
    ws_options opts;
    ws_url u;
    char why[200];
    audio_free(c);
    c->audio = a;
    a->c = c;
    a->over = over;
    a->rate = json_num(o, "sampleRate", 8000);
    a->enabled = json_bool(bidi, "enabled", true) && !json_bool(o, "disableBidirectionalAudio", false);
    a->streaming = a->enabled && json_bool(bidi, "streaming", false) && json_num(bidi, "sampleRate", 0) > 0;
    a->out_rate = json_num(bidi, "sampleRate", 8000);
    a->metadata = camel_metadata(c, o, a->rate);
    memset(&opts, 0, sizeof opts);
    opts.subprotocol = "audio.drachtio.org";
    opts.bare = true;
    if (!ws_url_parse(&u, full, why, sizeof why)) call_problem(c, "listen: %s", why);
    else {
        if (*url == '/' && base->user) {
            free(u.user);
            free(u.pass);
            u.user = xstrdup(base->user);
            u.pass = xstrdup(base->pass);
        }
        if (auth) {
            free(u.user); free(u.pass);
            u.user = xstrdup(json_str(auth, "username", ""));
            u.pass = xstrdup(json_str(auth, "password", ""));
        }
        ui_plain(c, "audio socket to %s", u.shown);
        a->ws = ws_connect(&u, &opts, &handler, a);
        ws_url_free(&u);
    }
    free(full);
}

void audio_stop(call *c) {
    struct audio *a = c->audio;
    if (!a || a->stopping) return;
    a->stopping = true;
    a->over = NULL;
    timer_stop(&a->packet); timer_stop(&a->playout); timer_stop(&a->clip);
    if (a->open) ws_close(a->ws, 1000);
    else if (a->ws) { ws_drop(a->ws); a->ws = NULL; }
}

void audio_free(call *c) {
    struct audio *a = c->audio;
    if (!a) return;
    audio_stop(c);
    if (a->ws) ws_drop(a->ws);
    drop_clips(a, 0);
    free(a->metadata);
    buf_free(&a->seen);
    free(a);
    c->audio = NULL;
}

void audio_dtmf(call *c, char digit) {
    char text[80];
    if (!c->audio) return;
    snprintf(text, sizeof text, "{\"event\":\"dtmf\",\"dtmf\":\"%c\",\"duration\":\"1600\"}", digit);
    text_out(c->audio, text);
}

void audio_pause(call *c, bool paused) {
    if (c->audio && !c->audio->stopping) c->audio->paused = paused;
    else call_problem(c, "command listen:status while no listen runs: it has no effect");
}

double audio_received_ms(const call *c) { return c->audio ? c->audio->received / c->audio->out_rate * 1000 : 0; }
bool audio_heard_ms(const call *c, double ms) { return audio_received_ms(c) >= ms; }

bool audio_mark_seen(call *c, const char *name) {
    char *line = xprintf("\n%s\n", name);
    bool seen = c->audio && strstr(buf_cstr(&c->audio->seen), line) != NULL;
    free(line);
    return seen;
}
