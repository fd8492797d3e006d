/* speech.c - streamed text to speech, the server's side (PROTOCOL 4 and 9.3): a buffer of 1000 UTF-16 units, fed to a vendor
 * sentence by sentence. What the vendor would speak is shown and can be expected by a script (`expect tts TEXT`). */
#define _POSIX_C_SOURCE 200809L
#include "sim.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HIGH_WATER 1000
#define LOW_WATER  200
#define CHUNK      1800
#define IDLE_MS    1000
#define FLUSH      '\x01'                            /* a flush marker inside the queue; text never contains it */

typedef enum { CLOSED, CONNECTING, CONNECTED, BROKEN } vendor_state;

struct speech {
    vendor_state vendor;
    bool full, background, said;
    buf queue;
    timer connect, idle;
    buf spoken;
};

static struct speech *of(call *c) {
    if (!c->speech) c->speech = (struct speech *)xcalloc(1, sizeof *c->speech);
    return c->speech;
}

static size_t units(const char *p, size_t n) {       /* UTF-16 code units, markers not counted */
    size_t u = 0, i;
    for (i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)p[i];
        if ((ch & 0xc0) == 0x80 || ch == FLUSH) continue;
        u += ch >= 0xf0 ? 2 : 1;
    }
    return u;
}

static void result(call *c, const jnode *id, const char *rest) {
    buf b = { NULL, 0, 0 };
    buf_str(&b, "{\"id\":");
    json_write(&b, id);
    buf_fmt(&b, "%s}", rest);
    link_request(c->control, "tts:tokens-result", NULL, b.p, NULL, NULL);
}

static void event_to_app(call *c, const char *type) {
    if (!c->gone) link_request(c->control, "tts:streaming-event", NULL, xprintf("{\"event_type\":\"%s\"}", type), NULL, NULL);
}

static void speak(call *c, const char *p, size_t n) {
    struct speech *s = of(c);
    char *text = xstrndup(p, n);
    ui_verb(c, "tts", text, true);
    buf_add(&s->spoken, p, n);
    s->said = true;
    free(text);
}

/* Where the longest run of whole sentences ends: . ! ? and their kin before white space or the end, but not behind a digit. */
static size_t sentence_end(const char *p, size_t n) {
    static const char *const wide[] = { "\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbc\x9f" };      /* U+3002 U+FF01 U+FF1F */
    size_t i, k, end = 0;
    for (i = 0; i < n && p[i] != FLUSH && i < CHUNK; i++) {
        bool stop = p[i] == '.' || p[i] == '!' || p[i] == '?'
            || (i > 0 && (memcmp(p + i - 1, "\xd8\x9f", 2) == 0 || memcmp(p + i - 1, "\xdb\x94", 2) == 0));
        bool digit = i > 0 && isdigit((unsigned char)p[i - 1]);
        if (stop && !digit && (i + 1 == n || isspace((unsigned char)p[i + 1]))) end = i + 1;
        for (k = 0; k < 3; k++)
            if (i >= 2 && memcmp(p + i - 2, wide[k], 3) == 0) end = i + 1;
        if (i > 0 && p[i] == '\n' && p[i - 1] == '\n') end = i + 1;
    }
    return end;
}

static void take(call *c, size_t n) {
    struct speech *s = of(c);
    if (n) speak(c, s->queue.p, n);
    buf_drop(&s->queue, n);
}

static void on_idle(void *ctx);

static void feed(call *c, bool idle, bool accepted) {
    struct speech *s = of(c);
    bool flushed = false;
    char *mark;
    if (s->vendor != CONNECTED) return;
    while (s->queue.n && (mark = (char *)memchr(s->queue.p, FLUSH, s->queue.n)) != NULL) {
        take(c, (size_t)(mark - s->queue.p));
        buf_drop(&s->queue, 1);
        flushed = true;
    }
    if (s->queue.n) {
        size_t end = sentence_end(s->queue.p, s->queue.n);
        if (!end && idle)
            for (end = s->queue.n; end > 0 && !isspace((unsigned char)s->queue.p[end - 1]); end--) { }
        take(c, end);
    }
    if (s->queue.n) timer_set_scaled(&s->idle, IDLE_MS, on_idle, c);
    if (accepted && !flushed && s->full && units(buf_cstr(&s->queue), s->queue.n) <= LOW_WATER) {
        s->full = false;
        event_to_app(c, "stream_resumed");
    }
}

static void on_idle(void *ctx) {
    call *c = (call *)ctx;
    feed(c, true, false);
    script_kick(c);
}

static void on_connected(void *ctx) {
    call *c = (call *)ctx;
    struct speech *s = of(c);
    if (c->tts_fails) {
        s->vendor = BROKEN;                          /* no event: only later results say so */
        s->queue.n = 0;
        return;
    }
    s->vendor = CONNECTED;
    feed(c, false, false);
    event_to_app(c, "stream_open");
    script_kick(c);
}

void speech_start(call *c, bool background) {
    struct speech *s = of(c);
    if (background) s->background = true;
    if (s->vendor == CONNECTING || s->vendor == CONNECTED) return;
    s->vendor = CONNECTING;
    timer_set_scaled(&s->connect, 100, on_connected, c);
}

void speech_stop(call *c, bool announce) {
    struct speech *s = c->speech;
    if (!s) return;
    timer_stop(&s->connect);
    timer_stop(&s->idle);
    if (announce && s->vendor != CLOSED) event_to_app(c, "stream_closed");
    s->vendor = CLOSED;
    s->background = false;
    s->queue.n = 0;                                  /* `full` survives, as it does in the server */
}

void speech_free(call *c) {
    if (!c->speech) return;
    timer_stop(&c->speech->connect);
    timer_stop(&c->speech->idle);
    buf_free(&c->speech->queue);
    buf_free(&c->speech->spoken);
    free(c->speech);
    c->speech = NULL;
}

bool speech_running(const call *c) { return c->speech && c->speech->vendor != CLOSED; }
bool speech_background(const call *c) { return c->speech && c->speech->background; }
bool speech_said(const call *c) { return c->speech && c->speech->said; }
bool speech_empty(const call *c) { return !c->speech || c->speech->queue.n == 0; }

/* Somebody speaks while the stream talks: told to the app, and the buffer is emptied. */
void speech_interrupt(call *c) {
    struct speech *s = c->speech;
    if (!s || s->vendor != CONNECTED) return;
    event_to_app(c, "user_interruption");
    s->queue.n = 0;
    s->full = false;
    timer_stop(&s->idle);
}

static void tokens(call *c, const jnode *data) {
    struct speech *s = of(c);
    const jnode *id = json_get(data, "id"), *t = json_get(data, "tokens");
    size_t now = units(buf_cstr(&s->queue), s->queue.n);
    if (!id) return;
    if (!t || t->type != J_STRING) { result(c, id, t ? "" : ",\"status\":\"failed\",\"reason\":\"missing tokens\""); return; }
    if (!t->len) { result(c, id, ",\"status\":\"failed\",\"reason\":\"missing tokens\""); return; }
    if (s->vendor == BROKEN) {
        result(c, id, ",\"status\":\"failed\",\"reason\":\"connection to elevenlabs failed\"");
        return;
    }
    if (!now && strspn(t->text, " \t\r\n") == t->len) { result(c, id, ",\"status\":\"ok\""); return; }
    if (units(t->text, t->len) > HIGH_WATER)
        call_problem(c, "tts:tokens with %lu UTF-16 units: more than %d are never accepted",
                     (unsigned long)units(t->text, t->len), HIGH_WATER);
    if (now + units(t->text, t->len) > HIGH_WATER) {
        if (!s->full) {
            s->full = true;
            event_to_app(c, "stream_paused");
        }
        result(c, id, ",\"status\":\"failed\",\"reason\":\"full\"");
        return;
    }
    buf_add(&s->queue, t->text, t->len);
    feed(c, false, true);
    result(c, id, ",\"status\":\"ok\"");
}

static void flush(call *c) {
    struct speech *s = of(c);
    if (s->vendor != CONNECTING && s->vendor != CONNECTED) return;
    if (s->queue.n && s->queue.p[s->queue.n - 1] == FLUSH) return;
    if (s->vendor == CONNECTED && !s->queue.n) return;
    buf_add(&s->queue, "\x01", 1);                   /* processed when feed runs next: new tokens, or the idle timer */
    if (s->vendor == CONNECTED && !s->idle.slot) timer_set_scaled(&s->idle, IDLE_MS, on_idle, c);
}

void speech_command(call *c, const char *name, const jnode *data) {
    struct speech *s = of(c);
    if (strcmp(name, "tts:tokens") == 0) tokens(c, data);
    else if (strcmp(name, "tts:flush") == 0) flush(c);
    else if (s->vendor == CONNECTED) {               /* tts:clear: no stream_resumed */
        s->queue.n = 0;
        s->full = false;
        timer_stop(&s->idle);
    }
}

/* expect tts TEXT: true if it was spoken since the last time; that much is used up. */
bool speech_spoken(call *c, const char *text) {
    struct speech *s = c->speech;
    size_t i, n = strlen(text);
    if (!s || s->spoken.n < n) return false;
    for (i = 0; i + n <= s->spoken.n; i++)
        if (memcmp(s->spoken.p + i, text, n) == 0) { buf_drop(&s->spoken, i + n); return true; }
    return false;
}
const char *speech_unused(const call *c) { return c->speech ? buf_cstr(&c->speech->spoken) : ""; }
