/* Whole sessions over the bare core: the input is a list of what happens on up to four sockets at a time. Each is played twice,
   the second time with the bytes cut in other pieces: the same must come out. At the end everything is closed and time passes:
   nothing may be left, and whoever still had a socket must have had every ack. A target defines AUDIO_SESSION 0 or 1. */
#include "app.h"

#define SOCKETS 16
typedef struct sock {
    jbz_conn *c;
    heard got;
    uint8_t *back; /* bytes sent that the core has not taken */
    size_t back_n, back_at;
    size_t budget; /* how many bytes it still reads */
    bool open, ended, disturbed;
} sock;

static struct {
    sock socks[SOCKETS];
    unsigned nsocks, cur[4]; /* cur: + 1 */
    uint64_t now;
    uint32_t slice, dice;    /* how bytes are cut; 0: not */
    bool tight;              /* a peer does not read: what comes out depends on when */
    jbz_stats stats;
} w;

static uint32_t cut(void) {
    w.dice = w.dice * 1664525u + 1013904223u;
    return 1 + (w.dice >> 16) % w.slice;
}

static void serve(void) {
    jbz_conn *c;
    const void *bytes = NULL;
    size_t n;
    unsigned i;
    while ((c = jbz_core_changed(app.core)) != NULL) {
        CHECK(jbz_conn_slot(c) < 6);
        for (i = 0; i < w.nsocks && !(w.socks[i].open && w.socks[i].c == c); i++) { }
        if (i == w.nsocks) continue;
        if (jbz_conn_wants(c) & JBZ_WANT_CLOSE) { w.socks[i].open = false; jbz_conn_closed(c); }
    }
    for (i = 0; i < w.nsocks; i++) {
        sock *s = &w.socks[i];
        while (s->open && s->budget && (n = jbz_conn_pending(s->c, &bytes)) != 0) {
            if (n > s->budget) n = s->budget;
            hear(&s->got, bytes, n);
            if (s->budget != SIZE_MAX) s->budget -= n;
            jbz_conn_sent(s->c, n);
        }
    }
}

static void check_limits(void) {
    jbz_core_stats(app.core, &w.stats);
    CHECK(w.stats.pool_used <= w.stats.pool_limit && w.stats.conns <= 6 && w.stats.calls <= 7);
    CHECK(w.stats.detached <= w.stats.calls && w.stats.late <= w.stats.acked_by_library);
}

static void pump(void) {
    jbz_event ev;
    unsigned idle = 0, guard = 0;
    while (idle < 2) {
        idle++;
        while (jbz_core_next(app.core, &ev)) {
            CHECK(++guard < 20000);
            idle = 0;
            jbz_dispatch(&ev);
        }
        serve();
    }
    check_limits();
}

/* What waits goes to the core, as much as it takes. */
static void push(sock *s) {
    int idle = 0;
    if (s->back_at == s->back_n) return;
    while (s->open && s->back_at < s->back_n && idle < 3) {
        size_t left = s->back_n - s->back_at, k = w.slice ? cut() : left, took;
        char *copy;
        if (k > left) k = left;
        copy = exact(s->back + s->back_at, k, 0);
        took = jbz_conn_feed(s->c, copy, k);
        free(copy);
        CHECK(took <= k);
        s->back_at += took;
        idle = took ? 0 : idle + 1;
        pump();
    }
    pump();
    if (s->back_at == s->back_n) s->back_at = s->back_n = 0;
}

static void send_bytes(sock *s, const void *bytes, size_t n) {
    if (!s->open || s->ended || s->back_n - s->back_at > 200000) return;
    s->back = (uint8_t *)realloc(s->back, s->back_n + n + 1);
    CHECK(s->back);
    if (n) memcpy(s->back + s->back_n, bytes, n);
    s->back_n += n;
    if (n) push(s);
    else pump();
}

static void pass(uint32_t ms) {
    uint64_t until = w.now + ms;
    unsigned guard = 0, i;
    for (;;) {
        uint32_t wait;
        jbz_core_tick(app.core, w.now);
        pump();
        for (i = 0; i < w.nsocks; i++) push(&w.socks[i]);
        wait = jbz_core_tick(app.core, w.now);
        CHECK(++guard < 100000); /* a timer that does not get anywhere */
        if (wait == 0) continue;
        if (w.now >= until || (w.stats.conns == 0 && w.stats.calls == 0)) { w.now = until; return; } /* nobody is there to wait */
        w.now = until - w.now < wait ? until : w.now + wait;
    }
}

static void dial_in(unsigned k, unsigned how) {
    static const char *const paths[] = { "/", "/menu?x=1", "/other/x", "/nowhere" };
    char text[1024];
    sock *s;
    jbz_conn *c;
    const char *protocol = how & 8 ? "audio.drachtio.org" : how & 16 ? (how & 32 ? "chat" : NULL) : "ws.jambonz.org";
    const char *path = how & 4 && how & 8 && app.url[0] ? app.url : paths[how & 3];
    if (AUDIO_SESSION && !(how & 0x40)) { protocol = "audio.drachtio.org"; path = app.url[0] ? app.url : "/audio"; }
    if (w.nsocks == SOCKETS || (c = jbz_conn_open(app.core)) == NULL) return;
    s = &w.socks[w.nsocks++];
    w.cur[k] = w.nsocks;
    s->c = c;
    s->open = true;
    s->budget = SIZE_MAX;
    s->got.kind = !protocol ? 0 : strncmp(protocol, "audio", 5) == 0 ? 2 : strcmp(protocol, "chat") == 0 ? 0 : 1;
    if (how & 0x80) return; /* it says something else first */
    send_bytes(s, text, upgrade_text(text, sizeof text, path, protocol));
}

static sock *at(unsigned k) { return w.cur[k & 3] ? &w.socks[w.cur[k & 3] - 1] : NULL; }

/* A text in one frame or some. */
static void send_text(sock *s, const char *text, size_t n, input *in, bool pieces) {
    uint8_t *f = (uint8_t *)malloc(n + 64);
    size_t part, at_ = 0;
    unsigned first = 1;
    CHECK(f);
    while (pieces && n - at_ > 1 && at_ < 2000) {
        part = 1 + take(in) % (n - at_);
        if (part == n - at_) break;
        send_bytes(s, f, frame(f, first, text + at_, part, 0x01020304u * (unsigned)at_));
        if (take(in) & 1) send_bytes(s, f, frame(f, 0x89, "ping", 4, 0));
        at_ += part;
        first = 0;
    }
    send_bytes(s, f, frame(f, 0x80 | first, text + at_, n - at_, 0xA5C31E07u));
    free(f);
}

static void message(sock *s, unsigned sid, unsigned how, input *in) {
    const sample *from;
    char text[2000];
    size_t n, i, which = take(in);
    int wants;
    if (s->got.kind == 2) from = &audio[which % COUNT(audio)];
    else from = &control[which % COUNT(control)];
    n = compose(text, sizeof text, from, sid, in);
    wants = s->open && !s->ended && !s->disturbed && s->got.status == 101 && s->got.kind == 1 && s->back_n == 0 ? from->wants : MAYBE;
    for (i = how & 2 ? 1 + take(in) % 4 : 0; i > 0; i--) { text[take2(in) % n] = (char)take(in); wants = MAYBE; }
    ids_sent(text, n, (int)(s - w.socks), wants);
    send_text(s, text, n, in, (how & 1) != 0);
}

static void samples(sock *s, input *in) {
    uint8_t f[2100], pcm[2000];
    size_t n = take(in) * 4 + take(in) % 7, i;
    for (i = 0; i < n; i++) pcm[i] = (uint8_t)(i * 13);
    send_bytes(s, f, frame(f, 0x82, pcm, n, 0x11223344));
}

static void step(input *in) {
    static const uint32_t times[] = { 1, 20, 32, 100, 160, 250, 500, 1000, 2000, 3999, 4000, 5000, 10000, 25000, 30000, 61000 };
    unsigned op = take(in), k = op >> 4;
    sock *s = at(k);
    uint8_t f[300];
    input part;
    switch (op & 15) {
    case 0: dial_in(k & 3, take(in)); break;
    case 1: case 2: case 3: if (s) message(s, k >> 2, 0, in); break;
    case 4: if (s) message(s, k >> 2, take(in) & 3, in); break;
    case 5: /* any text */
        if (!s) break;
        part = take_bytes(in, take(in) * (k & 8 ? 8 : 1));
        ids_sent((const char *)part.p, part.n, (int)(s - w.socks), MAYBE);
        send_text(s, (const char *)part.p, part.n, in, (k & 4) != 0);
        break;
    case 6: /* any bytes */
        if (!s) break;
        part = take_bytes(in, take(in));
        ids_sent((const char *)part.p, part.n, (int)(s - w.socks), MAYBE);
        s->disturbed = true;
        send_bytes(s, part.p, part.n);
        break;
    case 7: /* a control frame */
        if (!s) break;
        part = take_bytes(in, take(in) % 126);
        s->disturbed = s->disturbed || (k & 12) == 0;
        send_bytes(s, f, frame(f, (k & 12) == 0 ? 0x88 : (k & 12) == 4 ? 0x89 : 0x8a, part.p, part.n, 7));
        break;
    case 8: pass(times[k]); break;
    case 9: /* it ends */
        if (!s || !s->open || s->ended) break;
        s->ended = true;
        s->back_n = s->back_at = 0;
        jbz_conn_eof(s->c);
        pump();
        break;
    case 10: /* it reads no more than that */
        if (!s) break;
        w.tight = true;
        s->budget = k & 8 ? SIZE_MAX : take(in) * 4u;
        pump();
        break;
    case 11: whim(take(in)); pump(); break;
    case 12: if (s) samples(s, in); break;
    case 13: /* a Close as jambonz sends it */
        if (!s) break;
        s->disturbed = true;
        f[100] = 3;
        f[101] = (uint8_t)(0xe8 + (k >> 2) * 6);
        send_bytes(s, f, frame(f, 0x88, f + 100, 2, 0));
        break;
    case 14: if (k == 15) jbz_core_drain(app.core); else if (s && s->open && k & 8) { jbz_conn_drop(s->c, 1012, NULL); } pump(); break;
    default: pass(40 + k); break;
    }
}

/* All that wanted an ack has one, on sockets that were there to the end, undisturbed. */
static void check_acks(void) {
    unsigned i;
    for (i = 0; i < IDS - 1; i++) {
        const sock *s;
        if (ids.sent[i] != 1 || ids.wants[i] != ACK) continue;
        s = &w.socks[ids.by[i]];
        if (!s->open || s->ended || s->got.closed || s->disturbed || s->back_n) continue;
        if (((const jbz_conn *)s->c)->kind != JBZI_CONN_CONTROL) continue; /* its call went on elsewhere, or is over */
        CHECK(ids.acks[i] == 1);
    }
}

static void finish(bool whole) {
    unsigned i;
    for (i = 0; i < w.nsocks; i++) w.socks[i].budget = SIZE_MAX;
    pump();
    for (i = 0; i < w.nsocks; i++) push(&w.socks[i]);
    pass(6000);
    if (whole) check_acks();
    for (i = 0; i < w.nsocks; i++)
        if (w.socks[i].open && !w.socks[i].ended) { w.socks[i].ended = true; jbz_conn_eof(w.socks[i].c); }
    app.script_n = 0; /* from here on the app only looks */
    pump();
    pass(100000);
    check_limits();
    for (i = 0; i < w.nsocks; i++) CHECK(!w.socks[i].open);
    CHECK(w.stats.conns == 0 && w.stats.calls == 0 && w.stats.detached == 0 && app.users == 0);
    CHECK(w.stats.pool_used == 0 && jbz_core_idle(app.core));
}

typedef struct result { uint64_t saw, heard; unsigned events; bool tight; } result;

static result play(const uint8_t *data, size_t size, uint32_t slice) {
    jbz_server_desc d;
    jbz_error err;
    input in, script;
    unsigned flags, i, seed, fail;
    size_t j;
    result r;
    void *block = NULL;
    in.p = data;
    in.n = size;
    flags = take(&in);
    seed = take(&in);
    fail = take(&in);
    script = take_bytes(&in, take(&in) % 100);
    app_reset(script.p, script.n);
    memset(&w, 0, sizeof w);
    memset(&heap, 0, sizeof heap);
    memset(&r, 0, sizeof r);
    w.slice = slice;
    w.dice = seed;
    w.tight = (flags & 8) != 0 || fail;
    describe(&d, flags);
    if (flags & 16) { /* all in one block */
        size_t need = jbz_server_memory(&d);
        CHECK(need < 4000000 && posix_memalign(&block, 64, need) == 0);
        memset(block, 0xCD, need);
        d.memory = block;
        d.memory_size = need;
    }
    w.now = flags & 32 ? 0xfffff000u : 1000000;
    app.core = jbz_core_open(&d, &err);
    CHECK(app.core || (err.code == JBZ_E_NOMEM && block)); /* without the sockets' share it may be too little */
    if (app.core) {
        heap.calls = 0;
        heap.fail_at = fail;
        jbz_core_tick(app.core, w.now);
        while (in.n) step(&in);
        finish(!w.tight && !(flags & 8));
        CHECK(!block || heap.blocks == 0);
        CHECK(block || heap.peak <= jbz_server_memory(&d));
        jbz_core_close(app.core);
    }
    CHECK(heap.blocks == 0 && heap.bytes == 0);
    r.saw = app.saw;
    r.events = app.events;
    r.tight = w.tight;
    for (i = 0; i < w.nsocks; i++) {
        for (j = 0; j < w.socks[i].got.n; j++) r.heard = (r.heard ^ w.socks[i].got.buf[j]) * 0x100000001b3u;
        r.heard = (r.heard ^ w.socks[i].got.n) * 0x100000001b3u;
        free(w.socks[i].got.buf);
        free(w.socks[i].back);
    }
    free(block);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    result a, b;
    if (size < 6 || size > 4096) return 0;
    a = play(data, size, 0);
    b = play(data, size, 1 + data[1] % 64u);
    if (!a.tight && !b.tight) CHECK(a.events == b.events && a.saw == b.saw && a.heard == b.heard);
    return 0;
}
