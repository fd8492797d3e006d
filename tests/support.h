/* What the scenario tests share: a core with a fake clock and scripted peers, an allocator that fails on demand, a log that is
   counted, the example messages. A test includes this first; it includes the header with its implementation and cmocka. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#if defined(__GNUC__)
#define HELPER static __attribute__((unused))
#else
#define HELPER static
#endif

/*---- numbers ----*/

static uint64_t dice_state = 88172645463325252u;
HELPER uint32_t dice(uint32_t n) {
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return n ? (uint32_t)(dice_state >> 16) % n : 0;
}

/* New memory has a value, yet MemorySanitizer is to take it for unwritten. */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define UNWRITTEN(p, n) __msan_allocated_memory(p, n)
#endif
#endif
#ifndef UNWRITTEN
#define UNWRITTEN(p, n) ((void)0)
#endif

/*---- an allocator that counts, checks sizes, and fails on demand ----*/

static struct {
    long calls;      /* that wanted memory */
    long fail_at;    /* the n-th of them fails; 0 none */
    bool for_ever;   /* ... and all after it */
    long blocks;     /* live */
    size_t bytes;
} heap;

HELPER void *heap_fn(void *user, void *p, size_t old_size, size_t new_size) {
    size_t *head = p ? (size_t *)p - 2 : NULL;
    (void)user;
    if (p) assert_int_equal(head[0], old_size);
    else assert_int_equal(old_size, 0);
    if (new_size == 0) {
        if (!p) return NULL;
        heap.blocks--;
        heap.bytes -= old_size;
        memset(p, 0xDD, old_size);
        free(head);
        return NULL;
    }
    heap.calls++;
    if (heap.fail_at && (heap.calls == heap.fail_at || (heap.for_ever && heap.calls > heap.fail_at))) return NULL;
    assert_null(p); /* the library only takes and gives back */
    head = (size_t *)malloc(new_size + 2 * sizeof(size_t));
    if (!head) return NULL;
    memset(head, 0xCD, new_size + 2 * sizeof(size_t));
    UNWRITTEN(head, new_size + 2 * sizeof(size_t));
    head[0] = new_size;
    heap.blocks++;
    heap.bytes += new_size;
    return head + 2;
}

HELPER void heap_reset(void) { memset(&heap, 0, sizeof heap); }

/*---- a log that is counted ----*/

static unsigned logged[JBZ_LOG_COUNT_];
static char log_last[JBZ_LOG_COUNT_][256]; /* the latest detail of each item */
static int log_verbose;

HELPER void log_fn(jbz_level level, int item, const char *text, const char *detail, void *user) {
    const char *p;
    (void)user;
    assert_true(item >= 0 && item < JBZ_LOG_COUNT_ && text && detail && level >= JBZ_LOG_ERROR && level <= JBZ_LOG_DEBUG);
    for (p = detail; *p; p++) assert_true(*p >= 0x20 && *p < 0x7f); /* THREATS 5.7: no forged lines */
    assert_true(strlen(detail) < sizeof log_last[0]);
    strcpy(log_last[item], detail);
    logged[item]++;
    if (log_verbose) fprintf(stderr, "    log: %s: %s\n", text, detail);
}

/*---- files ----*/

/* A whole file, NUL-terminated; free it. Fails the test if there is none: run from the root of the repository. */
HELPER char *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    char *text;
    long size;
    if (!f) fail_msg("cannot open %s (run from the root of the repository)", path);
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    text = (char *)malloc((size_t)size + 1);
    assert_int_equal(fread(text, 1, (size_t)size, f), size);
    text[size] = 0;
    fclose(f);
    if (n) *n = (size_t)size;
    return text;
}

HELPER char *fixture(const char *name, size_t *n) {
    char path[256];
    snprintf(path, sizeof path, "tests/fixtures/messages/%s.json", name);
    return slurp(path, n);
}

/*---- frames as a client makes them ----*/

enum { OP_CONT = 0, OP_TEXT = 1, OP_BIN = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };
enum { FIN = 0x80, SHORTEST = 0, LEN16 = 1, LEN64 = 2 };

/* Writes a masked frame to `dst` (n + 14 bytes); `how` forces a longer length form. Returns its size. */
HELPER size_t frame_with(uint8_t *dst, unsigned first, const void *payload, size_t n, uint32_t key, int how) {
    uint8_t mask[4];
    size_t at = 2, i;
    dst[0] = (uint8_t)first;
    if (how == SHORTEST) how = n < 126 ? -1 : n < 65536 ? LEN16 : LEN64;
    if (how == -1) dst[1] = (uint8_t)(0x80 | n);
    if (how == LEN16) {
        dst[1] = 0x80 | 126;
        dst[at++] = (uint8_t)(n >> 8);
        dst[at++] = (uint8_t)n;
    }
    if (how == LEN64) {
        dst[1] = 0x80 | 127;
        for (i = 0; i < 8; i++) dst[at++] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
    }
    for (i = 0; i < 4; i++) dst[at++] = mask[i] = (uint8_t)(key >> 8 * i);
    for (i = 0; i < n; i++) dst[at++] = (uint8_t)(((const uint8_t *)payload)[i] ^ mask[i & 3]);
    return at;
}

HELPER size_t frame(uint8_t *dst, unsigned first, const void *payload, size_t n) {
    return frame_with(dst, first, payload, n, dice(0xffffffffu), SHORTEST);
}

/*---- the world of a test: a core, its clock, its peers ----*/

#define PEERS 64
typedef struct peer {
    jbz_conn *c;
    uint32_t slot;
    uint8_t *buf;        /* all that came from the core */
    size_t n, cap, at;   /* `at`: how much of it was looked at */
    size_t budget;       /* how many bytes it still takes */
    bool open, shut;     /* transport open; the core has half-closed */
    char text[400000];   /* the latest frame's payload */
    size_t text_n;
} peer;

static struct {
    jbz_core *core;
    uint64_t now;
    peer *peers;
    bool direct;         /* bytes go by net.write at once, else by pending and sent */
    bool broken;         /* net.write says so */
    size_t slice;        /* bytes are fed that many at a time; 0 all */
    char log[8192];      /* which handler got what */
    void (*act)(const jbz_event *ev); /* what the app does */
    jbz_reply_id later[64];
    unsigned nlater;
    jbz_err err;         /* of the app's latest call */
    jbz_call_id call;    /* the latest event's */
    unsigned events;
} w;

static jbzi_blk *pool_taken[65536]; /* by starve */
static unsigned pool_taken_n;

HELPER peer *peer_of(const jbz_conn *c) {
    peer *p = &w.peers[jbz_conn_slot(c)];
    assert_true(p->c == c && p->open);
    return p;
}

HELPER void peer_takes(peer *p, const void *bytes, size_t n) {
    if (n == 0) return;
    if (p->n + n > p->cap) {
        p->cap = (p->n + n) * 2 + 4096;
        p->buf = (uint8_t *)realloc(p->buf, p->cap);
    }
    memcpy(p->buf + p->n, bytes, n);
    p->n += n;
    if (p->budget != SIZE_MAX) p->budget -= n;
}

HELPER size_t direct_write(jbzi_net *net, jbz_conn *c, const void *bytes, size_t n) {
    peer *p = peer_of(c);
    (void)net;
    if (w.broken) return SIZE_MAX;
    if (n > p->budget) n = p->budget;
    peer_takes(p, bytes, n);
    return n;
}

/* What every application needs to do for its transports. */
HELPER void serve(void) {
    jbz_conn *c;
    const void *bytes = NULL;
    size_t n;
    uint32_t i;
    while ((c = jbz_core_changed(w.core)) != NULL) {
        peer *p = &w.peers[jbz_conn_slot(c)];
        unsigned wants = jbz_conn_wants(c);
        if (!p->open || p->c != c) continue;
        if (wants & JBZ_WANT_SHUT) p->shut = true;
        if (wants & JBZ_WANT_CLOSE) {
            p->open = false;
            jbz_conn_closed(c);
        }
    }
    for (i = 0; i < PEERS; i++) {
        peer *p = &w.peers[i];
        if (!p->open) continue;
        if (w.direct && p->budget && !w.broken) jbzi_conn_flush(p->c);
        while (p->open && !w.broken && p->budget && (n = jbz_conn_pending(p->c, &bytes)) != 0) {
            if (n > p->budget) n = p->budget;
            peer_takes(p, bytes, n);
            jbz_conn_sent(p->c, n);
        }
    }
}

/* Handles all events there are. */
HELPER void pump(void) {
    jbz_event ev;
    int idle = 0;
    while (idle < 2) {
        idle++;
        while (jbz_core_next(w.core, &ev)) {
            idle = 0;
            w.events++;
            assert_ptr_equal(ev.core, w.core);
            jbz_dispatch(&ev);
        }
        if (w.core->net.changed) idle = 0;
        serve();
    }
}

/* Time passes as in a real loop: the core is told when it asked to be told, no sooner. */
HELPER void pass(uint32_t ms) {
    uint64_t until = w.now + ms;
    uint32_t wait;
    for (;;) {
        jbz_core_tick(w.core, w.now);
        pump();
        wait = jbz_core_tick(w.core, w.now);
        if (wait == 0) continue;
        if (w.now >= until) return;
        w.now = until - w.now < wait ? until : w.now + wait;
    }
}

/*---- the app: writes down who got what, then does what the test says ----*/

HELPER void note(const char *fmt, ...) {
    size_t n = strlen(w.log);
    va_list ap;
    va_start(ap, fmt);
    if (n && n + 1 < sizeof w.log) { w.log[n++] = ' '; w.log[n] = 0; }
    vsnprintf(w.log + n, sizeof w.log - n, fmt, ap);
    va_end(ap);
}

HELPER const char *event_word(const jbz_event *ev) {
    static char word[64];
    switch ((int)ev->type) {
    case JBZ_EV_UNKNOWN: return "unknown";
    case JBZ_EV_END: snprintf(word, sizeof word, "END:%d", (int)ev->reason); return word;
    case JBZ_EV_TIMER: snprintf(word, sizeof word, "TIMER:%u", (unsigned)ev->tag); return word;
    case JBZ_EV_TEXT: return "TEXT";
    case JBZ_EV_BINARY: return "BINARY";
    case JBZ_EV_WAKEUP: return "WAKEUP";
    default: snprintf(word, sizeof word, "%s%s%s", jbz_event_name(ev->type), ev->again ? "!" : "", ev->known ? "+" : ""); return word;
    }
}

HELPER void handle(const char *who, const jbz_event *ev) {
    note("%s(%s)", who, event_word(ev));
    if (ev->call) w.call = jbz_call_id_of(ev->call);
    if (w.act) w.act(ev);
}

HELPER void on_session(const jbz_event *ev, void *user) { (void)user; handle("session", ev); }
HELPER void on_resume(const jbz_event *ev, void *user) { (void)user; handle("resume", ev); }
HELPER void on_other(const jbz_event *ev, void *user) { (void)user; handle("other", ev); }
HELPER void on_end(const jbz_event *ev, void *user) { (void)user; handle("end", ev); }
HELPER void on_message(const jbz_event *ev, void *user) { (void)user; handle("message", ev); }
HELPER void on_audio(const jbz_event *ev, void *user) { (void)user; handle("audio", ev); }
HELPER void on_menu(const jbz_event *ev, void *user) { (void)user; handle("menu", ev); }

/* Things for w.act to do. */
HELPER void answer(const jbz_event *ev) {
    jbz_out *o = jbz_reply(ev);
    jbz_say(o, .text = "hi");
    w.err = jbz_send(o);
}
HELPER void answer_all(const jbz_event *ev) { if (jbz_event_wants_ack(ev->type)) answer(ev); }
HELPER void answer_first(const jbz_event *ev) {
    if (ev->type == JBZ_EV_SESSION_NEW || ev->again) answer(ev);
}
HELPER void defer_all(const jbz_event *ev) {
    if (jbz_event_wants_ack(ev->type)) w.err = jbz_reply_later(ev, &w.later[w.nlater++ % 64]);
}
HELPER jbz_err answer_later(unsigned i) {
    jbz_out *o = jbz_reply_to(w.core, w.later[i]);
    jbz_say(o, .text = "late");
    return w.err = jbz_send(o);
}
#define SAY_HI "[{\"verb\":\"say\",\"text\":\"hi\"}]"
#define SAY_LATE "[{\"verb\":\"say\",\"text\":\"late\"}]"
#define DECLINE "[{\"verb\":\"sip:decline\",\"status\":480},{\"verb\":\"hangup\"}]"
#define HANGUP "[{\"verb\":\"hangup\"}]"

/* The usual app: every handler writes down. */
HELPER jbz_server_desc usual(void) {
    jbz_server_desc d;
    memset(&d, 0, sizeof d);
    d.on_session = on_session;
    d.on_resume = on_resume;
    d.on_other = on_other;
    d.on_end = on_end;
    d.on_hook[0].hook = "/menu";
    d.on_hook[0].fn = on_menu;
    d.log.fn = log_fn;
    d.alloc.fn = heap_fn;
    d.seed[0] = 1;
    d.max_conns = 32;
    return d;
}

HELPER void world_open(const jbz_server_desc *d) {
    jbz_error err;
    bool direct = w.direct;
    memset(&w, 0, sizeof w);
    memset(logged, 0, sizeof logged);
    pool_taken_n = 0;
    w.direct = direct;
    w.now = 1000000;
    w.peers = (peer *)calloc(PEERS, sizeof *w.peers);
    w.core = jbz_core_open(d, &err);
    if (!w.core) fail_msg("jbz_core_open: %s: %s", jbz_strerror(err.code), err.path);
    if (w.direct) w.core->net.write = direct_write;
    jbz_core_tick(w.core, w.now);
}

HELPER void world_close(void) {
    int i;
    jbz_core_close(w.core);
    w.core = NULL;
    for (i = 0; w.peers && i < PEERS; i++) free(w.peers[i].buf);
    free(w.peers);
    w.peers = NULL;
    assert_int_equal(heap.blocks, 0);
}

/* Setup and teardown of a test that needs no other desc. `*state` non-NULL: direct. */
HELPER int world_setup(void **state) {
    jbz_server_desc d = usual();
    heap_reset();
    w.direct = *state != NULL;
    world_open(&d);
    return 0;
}
HELPER int world_teardown(void **state) {
    (void)state;
    if (w.core) world_close();
    heap_reset();
    return 0;
}
/* Opens the world anew with another desc. */
HELPER void world_again(const jbz_server_desc *d) {
    if (w.core) world_close();
    world_open(d);
}

/*---- peers ----*/

HELPER peer *dial_in(void) {
    jbz_conn *c = jbz_conn_open(w.core);
    peer *p;
    if (!c) return NULL;
    assert_true(jbz_conn_slot(c) < PEERS);
    p = &w.peers[jbz_conn_slot(c)];
    free(p->buf);
    memset(p, 0, sizeof *p);
    p->c = c;
    p->slot = jbz_conn_slot(c);
    p->budget = SIZE_MAX;
    p->open = true;
    return p;
}

/* Bytes to the core, as many at a time as it takes and w.slice allows. What it never takes is reported. */
HELPER size_t feed(peer *p, const void *bytes, size_t n) {
    size_t at = 0, k, took;
    int idle = 0;
    while (at < n && p->open && idle < 3) {
        k = w.slice && w.slice < n - at ? w.slice : n - at;
        took = jbz_conn_feed(p->c, (const char *)bytes + at, k);
        assert_true(took <= k);
        at += took;
        idle = took ? 0 : idle + 1;
        pump();
    }
    pump();
    return at;
}

HELPER void send_frame(peer *p, unsigned first, const void *payload, size_t n) {
    uint8_t *f = (uint8_t *)malloc(n + 16);
    feed(p, f, frame(f, first, payload, n));
    free(f);
}

HELPER void sayn(peer *p, const char *text, size_t n) { send_frame(p, FIN | OP_TEXT, text, n); }

HELPER void say(peer *p, const char *fmt, ...) {
    char text[8192];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sayn(p, text, strlen(text));
}

/* Plays an example message. */
HELPER void play(peer *p, const char *name) {
    size_t n;
    char *text = fixture(name, &n);
    sayn(p, text, n);
    free(text);
}

HELPER size_t upgrade_text(char *dst, size_t cap, const char *path, const char *protocol, const char *more) {
    return (size_t)snprintf(dst, cap, "GET %s HTTP/1.1\r\nHost: a:3000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s\r\n",
        path, protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "", protocol ? "\r\n" : "", more ? more : "");
}

/* The head of the HTTP answer; what comes behind it stays. */
HELPER const char *http_answer(peer *p) {
    size_t i;
    for (i = p->at; i + 4 <= p->n; i++) {
        if (memcmp(p->buf + i, "\r\n\r\n", 4) != 0) continue;
        p->text_n = i + 4 - p->at;
        memcpy(p->text, p->buf + p->at, p->text_n);
        p->text[p->text_n] = 0;
        p->at = i + 4;
        return p->text;
    }
    return "";
}

HELPER int http_status(peer *p) {
    const char *head = http_answer(p);
    return strncmp(head, "HTTP/1.1 ", 9) == 0 ? atoi(head + 9) : 0;
}

HELPER peer *join_as(const char *path, const char *protocol) {
    char text[2048];
    peer *p = dial_in();
    size_t n = upgrade_text(text, sizeof text, path, protocol, NULL);
    assert_non_null(p);
    feed(p, text, n);
    assert_int_equal(http_status(p), 101);
    return p;
}
HELPER peer *join(void) { return join_as("/", "ws.jambonz.org"); }

/* The next frame that came from the core: its opcode, payload in p->text; -1 none. Every one must be well formed. */
HELPER int next_frame(peer *p) {
    const uint8_t *f;
    size_t left, head = 2, len, i;
    if (w.core && p->open) serve();
    f = p->buf + p->at;
    left = p->n - p->at;
    if (left < 2) return -1;
    assert_int_equal(f[0] & 0xf0, 0x80); /* whole messages, no extension */
    assert_int_equal(f[1] & 0x80, 0);    /* servers do not mask */
    len = f[1];
    if (len >= 126) {
        head = len == 126 ? 4 : 10;
        if (left < head) return -1;
        for (len = 0, i = 2; i < head; i++) len = len << 8 | f[i];
        assert_true(len >= (head == 4 ? 126u : 65536u));
    }
    if (left < head + len) return -1;
    assert_true(len < sizeof p->text);
    memcpy(p->text, f + head, len);
    p->text[len] = 0;
    p->text_n = len;
    p->at += head + len;
    return f[0] & 15;
}

/* The next text frame; NULL if there is none or something else comes first. */
HELPER const char *heard(peer *p) {
    size_t at = p->at;
    int op = next_frame(p);
    if (op == OP_TEXT) return p->text;
    p->at = at;
    return NULL;
}

#define hears(p, want) do { const char *t_ = heard(p); if (!t_) fail_msg("line %d: nothing came, wanted %s (log: %s)", __LINE__, want, w.log); \
    assert_string_equal(t_, want); } while (0)
#define hears_nothing(p) do { int op_ = next_frame(p); if (op_ != -1) fail_msg("line %d: unexpected frame %d: %s", __LINE__, op_, (p)->text); } while (0)
#define hears_ack(p, msgid, data) hears(p, "{\"type\":\"ack\",\"msgid\":\"" msgid "\",\"data\":" data "}")
#define hears_bare(p, msgid) hears(p, "{\"type\":\"ack\",\"msgid\":\"" msgid "\"}")
#define hears_redirect(p, data) hears(p, "{\"type\":\"command\",\"command\":\"redirect\",\"data\":" data "}")

/* The code of the Close frame that comes next; 0 none, 1005 without a code. */
HELPER int close_code(peer *p) {
    size_t at = p->at;
    if (next_frame(p) != OP_CLOSE) { p->at = at; return 0; }
    return p->text_n < 2 ? 1005 : (uint8_t)p->text[0] << 8 | (uint8_t)p->text[1];
}

HELPER void say_close(peer *p, int code) {
    uint8_t body[2];
    body[0] = (uint8_t)(code >> 8);
    body[1] = (uint8_t)code;
    send_frame(p, FIN | OP_CLOSE, body, code ? 2 : 0);
}

/* The peer goes: a Close with `code` and then the end, or (0) only the end. */
HELPER void leave(peer *p, int code) {
    if (code && p->open) say_close(p, code);
    if (p->open) jbz_conn_eof(p->c);
    pump();
    assert_false(p->open);
}

#define logs(want) do { if (strcmp(w.log, want)) fail_msg("line %d: log is\n    %s\nwanted\n    %s", __LINE__, w.log, want); w.log[0] = 0; } while (0)

HELPER jbz_stats stats(void) { jbz_stats s; jbz_core_stats(w.core, &s); return s; }

/*---- no memory ----*/

/* Takes all of the pool, the reserve, too; and gives it back. */
HELPER void starve(void) {
    int k;
    jbzi_blk *b;
    for (k = 24; k >= 6; k--)
        while ((b = jbzi_buf_take(&w.core->net.pool, ((size_t)1 << k) - sizeof(jbzi_blk), true)) != NULL) {
            assert_true(pool_taken_n < 65536);
            pool_taken[pool_taken_n++] = b;
        }
    assert_null(jbzi_buf_take(&w.core->net.pool, 1, true));
}
HELPER void sate(void) { while (pool_taken_n) jbzi_buf_drop(&w.core->net.pool, &pool_taken[--pool_taken_n]); }

/*---- usual messages ----*/

#define SID_A "9f1c2d3e-0000-4000-8000-0000000000aa"
#define SID_B "9f1c2d3e-0000-4000-8000-0000000000bb"

HELPER void say_new(peer *p, const char *msgid, const char *sid, const char *direction) {
    say(p, "{\"type\":\"session:new\",\"msgid\":\"%s\",\"call_sid\":\"%s\",\"data\":{\"call_sid\":\"%s\",\"direction\":\"%s\","
           "\"from\":\"alice\",\"to\":\"100\",\"call_status\":\"trying\"}}", msgid, sid, sid, direction);
}
HELPER void say_hook(peer *p, const char *msgid, const char *sid, const char *hook) {
    say(p, "{\"type\":\"verb:hook\",\"msgid\":\"%s\",\"call_sid\":\"%s\",\"hook\":\"%s\",\"data\":{\"call_sid\":\"%s\"}}", msgid, sid, hook, sid);
}
HELPER void say_status(peer *p, const char *sid, const char *status) {
    say(p, "{\"type\":\"call:status\",\"msgid\":\"s\",\"call_sid\":\"%s\",\"data\":{\"call_sid\":\"%s\",\"call_status\":\"%s\"}}", sid, sid, status);
}
HELPER void say_reconnect(peer *p, const char *msgid, const char *sid, const char *direction) {
    say(p, "{\"type\":\"session:reconnect\",\"msgid\":\"%s\",\"call_sid\":\"%s\",\"data\":{\"call_sid\":\"%s\",\"direction\":\"%s\","
           "\"from\":\"alice\",\"to\":\"100\"}}", msgid, sid, sid, direction);
}

/* A call that is answered, and jambonz has shown that it took the answer. */
HELPER peer *live_call(const char *sid, const char *direction) {
    peer *p = join();
    void (*act)(const jbz_event *) = w.act;
    w.act = answer;
    say_new(p, "n", sid, direction);
    hears_ack(p, "n", SAY_HI);
    w.act = NULL;
    say_status(p, sid, "in-progress");
    hears_nothing(p);
    w.act = act;
    w.log[0] = 0;
    return p;
}

HELPER jbz_call *the_call(void) {
    jbz_call *call = jbz_call_find(w.core, w.call);
    assert_non_null(call);
    return call;
}

#endif
