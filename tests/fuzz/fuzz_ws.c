/* libFuzzer, rooms 9 and 10. Headers against a decoder that takes RFC 6455 5.2 by the letter, one byte at a time, and against
   wslay's frame layer; unmasking against the formula of 5.3 and against the copy without vectors; whole connections, cut
   anywhere, against a wslay server that is fed the same bytes: the same messages, pongs and close code must come out.
   wslay's frame layer leaves reserved bits and opcodes, masks and the order of frames to others. */
#define JBZ_NO_SERVER
#define JBZ_NO_VERBS
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "fuzz.h"
#include "plain.h"
#include <wslay/wslay.h>

/*---- headers ----*/

/* The header's length, 0: more, -1: refuse. */
static int by_the_letter(const uint8_t *p, size_t n, bool in_message, uint64_t *len) {
    int op, k, size;
    if (n < 1) return 0;
    op = p[0] & 0x0f;
    if ((p[0] >> 4 & 7) != 0 || (op > 2 && op < 8) || op > 10) return -1;
    if (op >= 8 && p[0] < 0x80) return -1;
    if (op == 0 && !in_message) return -1;
    if ((op == 1 || op == 2) && in_message) return -1;
    if (n < 2) return 0;
    if (p[1] < 0x80 || (op >= 8 && (p[1] & 0x7f) > 125)) return -1;
    size = (p[1] & 0x7f) == 126 ? 2 : (p[1] & 0x7f) == 127 ? 8 : 0;
    if (size == 8 && n > 2 && p[2] & 0x80) return -1;
    if (n < 2 + (size_t)size) return 0;
    *len = size ? 0 : p[1] & 0x7f;
    for (k = 0; k < size; k++) *len = *len * 256 + p[2 + k];
    if ((size == 2 && *len <= 125) || (size == 8 && *len <= 65535)) return -1;
    return n < 6 + (size_t)size ? 0 : 6 + size;
}

typedef struct source { const uint8_t *p; size_t n; } source;

static ssize_t pour(uint8_t *buf, size_t len, int flags, void *user) {
    source *from = (source *)user;
    (void)flags;
    if (len > from->n) len = from->n;
    if (len == 0) return -1;
    memcpy(buf, from->p, len);
    from->p += len;
    from->n -= len;
    return (ssize_t)len;
}

/* What wslay's frame layer makes of the header at `p`. */
static void against_wslay(const uint8_t *p, size_t n, int mine, const jbzi_ws_frame *f) {
    struct wslay_frame_callbacks callbacks = { NULL, pour, NULL };
    struct wslay_frame_iocb got;
    wslay_frame_context_ptr ctx;
    source from;
    ssize_t r;
    from.p = p;
    from.n = n;
    memset(&got, 0, sizeof got);
    CHECK(wslay_frame_context_init(&ctx, &callbacks, &from) == 0);
    r = wslay_frame_recv(ctx, &got);
    if (mine > 0 && (r >= 0 || f->len == 0))
        CHECK(r >= 0 && got.fin == f->fin && got.rsv == 0 && got.opcode == f->opcode && got.payload_length == f->len && got.mask == 1);
    else if (mine > 0) CHECK(r == WSLAY_ERR_WANT_READ);
    if ((mine == JBZI_WS_BAD_CONTROL || mine == JBZI_WS_BAD_LENGTH) && n >= 14) CHECK(r == WSLAY_ERR_PROTO);
    if (r == WSLAY_ERR_PROTO) CHECK(mine < 0 || (mine == 0 && n < 14));
    wslay_frame_context_free(ctx);
}

/* A stream of frames, each header seen at every length, payloads unmasked in two pieces and by the formula. */
static void stream(const uint8_t *p, size_t n, unsigned cut) {
    bool in_message = false;
    while (n) {
        jbzi_ws_frame f;
        uint64_t len = 0;
        size_t k, part;
        int r = 0, want = 0;
        for (k = 1; k <= n && k <= JBZI_WS_HEAD_MAX && r == 0; k++) {
            uint8_t *copy = (uint8_t *)exact(p, k, 0);
            r = jbzi_ws_head(copy, k, in_message, &f);
            want = by_the_letter(p, k, in_message, &len);
            CHECK((r < 0) == (want < 0) && (r < 0 || r == want));
            free(copy);
        }
        against_wslay(p, n, r, &f);
        if (r < 0) CHECK(jbzi_ws_why(r));
        if (r <= 0) return;
        CHECK(f.len == len && f.opcode == (p[0] & 15) && f.fin == (p[0] > 127) && memcmp(&f.mask, p + r - 4, 4) == 0);
        p += r;
        n -= (size_t)r;
        part = len < n ? (size_t)len : n;
        {
            uint8_t *src = (uint8_t *)exact(p, part, 0), *dst = (uint8_t *)malloc(part + 1), *ref = (uint8_t *)malloc(part + 1);
            size_t a = part ? cut % (part + 1) : 0;
            bool ascii = true, head, tail;
            unsigned code, fail;
            for (k = 0; k < part; k++) {
                ref[k] = (uint8_t)(p[k] ^ (p - 4)[k % 4]);
                ascii = ascii && ref[k] < 0x80;
            }
            CHECK(plain_ws_unmask(dst, src, part, f.mask) == ascii);
            CHECK(part == 0 || memcmp(dst, ref, part) == 0);
            head = jbzi_ws_unmask(dst, src, a, f.mask);
            tail = jbzi_ws_unmask(dst + a, src + a, part - a, jbzi_ws_turn(f.mask, a));
            CHECK((head && tail) == ascii);
            CHECK(part == 0 || memcmp(dst, ref, part) == 0);
            CHECK(jbzi_ws_unmask(src, src, part, f.mask) == ascii);
            CHECK(part == 0 || memcmp(src, ref, part) == 0);
            fail = jbzi_ws_get_close(src, part, &code);
            if (fail == 0) CHECK(part == 0 ? code == 1005 : code >= 1000 && code < 5000 && code != 1005 && code != 1006);
            free(src);
            free(dst);
            free(ref);
        }
        p += part;
        n -= part;
        if (f.opcode < 8) in_message = !f.fin;
        cut = cut * 31 + 7;
    }
}

/*---- whole connections ----*/

/* What came out of one side: messages and pongs as numbers and running hashes, and how it ended. */
typedef struct outcome { uint64_t said, ponged; unsigned messages, pongs, code; } outcome;

static void mix(uint64_t *hash, unsigned opcode, const void *bytes, size_t n) {
    const uint8_t *p = (const uint8_t *)bytes;
    size_t i;
    *hash = (*hash ^ opcode) * 0x100000001b3u;
    for (i = 0; i < n; i++) *hash = (*hash ^ p[i]) * 0x100000001b3u;
    *hash = (*hash ^ n) * 0x100000001b3u;
}

static void add(outcome *o, unsigned opcode, const void *bytes, size_t n) {
    if (opcode == 10) o->pongs++;
    else o->messages++;
    mix(opcode == 10 ? &o->ponged : &o->said, opcode, bytes, n);
}

/* Frames of a server: whole, unmasked, in their shortest form, none behind a Close. A Close's code is kept. */
static void frames_out(outcome *o, const uint8_t *p, size_t n) {
    while (n) {
        size_t head = 2, len, i;
        CHECK(!o->code && n >= 2 && (p[0] & 0x70) == 0 && p[0] >= 0x80 && p[1] < 0x80);
        len = p[1];
        if (len >= 126) {
            head = len == 126 ? 4 : 10;
            CHECK(n >= head);
            for (len = 0, i = 2; i < head; i++) len = len << 8 | p[i];
            CHECK(len >= (head == 4 ? 126u : 65536u));
        }
        CHECK(len <= n - head);
        if ((p[0] & 15) == 10) add(o, 10, p + head, len);
        else if ((p[0] & 15) == 8) o->code = len < 2 ? 1005 : (unsigned)p[head] << 8 | p[head + 1];
        else CHECK(0);
        p += head + len;
        n -= head + len;
    }
}

static outcome mine;
static void on_message(const jbz_event *ev, void *user) {
    (void)user;
    add(&mine, ev->type == JBZ_EV_TEXT ? 1 : 2, ev->bytes, ev->len);
}

static void pump(jbz_core *core, jbz_conn *c, uint8_t *out, size_t *n, size_t cap) {
    jbz_event ev;
    const void *bytes;
    size_t k;
    while (jbz_core_next(core, &ev)) jbz_dispatch(&ev);
    while ((k = jbz_conn_pending(c, &bytes)) != 0) {
        CHECK(k <= cap - *n);
        memcpy(out + *n, bytes, k);
        *n += k;
        jbz_conn_sent(c, k);
    }
}

static const char upgrade[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/* The bytes go to a raw socket of this library, `step` at a time. */
static void by_us(const uint8_t *p, size_t n, size_t step) {
    static uint8_t out[1 << 20];
    jbz_server_desc d;
    jbz_core *core;
    jbz_conn *c;
    size_t at = 0, have = 0, head;
    int idle = 0;
    memset(&d, 0, sizeof d);
    memset(&mine, 0, sizeof mine);
    d.on_message = on_message;
    d.alloc.fn = heap_fn;
    d.max_conns = 1;
    d.tokens = 16;
    d.max_message = 65536;
    d.receive = 16384;
    core = jbz_core_open(&d, NULL);
    CHECK(core);
    c = jbz_conn_open(core);
    CHECK(jbz_conn_feed(c, upgrade, sizeof upgrade - 1) == sizeof upgrade - 1);
    pump(core, c, out, &have, sizeof out);
    CHECK(have > 12 && memcmp(out, "HTTP/1.1 101", 12) == 0);
    head = have;
    while (at < n && idle < 3 && !(jbz_conn_wants(c) & JBZ_WANT_CLOSE)) {
        size_t k = step < n - at ? step : n - at, took;
        char *copy = exact(p + at, k, 0);
        took = jbz_conn_feed(c, copy, k);
        free(copy);
        CHECK(took <= k);
        at += took;
        idle = took ? 0 : idle + 1;
        pump(core, c, out, &have, sizeof out);
    }
    pump(core, c, out, &have, sizeof out);
    frames_out(&mine, out + head, have - head);
    jbz_core_close(core);
    CHECK(heap.blocks == 0);
}

static outcome theirs;
static source their_input;
static uint8_t their_out[1 << 20];
static size_t their_n;

static ssize_t they_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *user) {
    ssize_t n = pour(buf, len, flags, user);
    if (n <= 0) { wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK); return -1; }
    return n;
}
static ssize_t they_send(wslay_event_context_ptr ctx, const uint8_t *p, size_t n, int flags, void *user) {
    (void)ctx;
    (void)flags;
    (void)user;
    CHECK(n <= sizeof their_out - their_n);
    memcpy(their_out + their_n, p, n);
    their_n += n;
    return (ssize_t)n;
}
static void they_got(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *user) {
    (void)ctx;
    (void)user;
    if (m->opcode <= 2) add(&theirs, m->opcode, m->msg, m->msg_length);
}

static void by_wslay(const uint8_t *p, size_t n) {
    struct wslay_event_callbacks callbacks = { they_recv, they_send, NULL, NULL, NULL, NULL, they_got };
    wslay_event_context_ptr ctx;
    int r;
    memset(&theirs, 0, sizeof theirs);
    their_n = 0;
    their_input.p = p;
    their_input.n = n;
    CHECK(wslay_event_context_server_init(&ctx, &callbacks, &their_input) == 0);
    wslay_event_config_set_max_recv_msg_length(ctx, 65536);
    r = wslay_event_recv(ctx);
    CHECK((r == 0 || r == WSLAY_ERR_CALLBACK_FAILURE) && wslay_event_send(ctx) == 0);
    frames_out(&theirs, their_out, their_n);
    if (r) theirs.code = 1002; /* refused by its frame layer, and then closed without a code */
    wslay_event_context_free(ctx);
}

/* The codes registered since RFC 6455, 1012 to 1014, wslay does not know and refuses with 1002. A Close whose code and reason
   are both wrong is judged by the one here (1002) and by the other there (1007). It takes a Close of one byte for one of none. */
static bool same_code(unsigned our, unsigned their) {
    if (our == their) return true;
    return their == 1002 ? our == 1007 || (our >= 1012 && our <= 1014) : (their == 1007 || their == 1005) && our == 1002;
}

/* One refuses a header at the byte that is wrong and a Close when it is whole, the other the header when it is whole and the
   Close at the byte that is wrong. With more bytes behind they must agree. */
static bool same_code_once_complete(const uint8_t *p, size_t n) {
    uint8_t *more = (uint8_t *)calloc(n + 160, 1);
    CHECK(more);
    memcpy(more, p, n);
    more[n] = 0x80;
    by_us(more, n + 160, n + 160);
    by_wslay(more, n + 160);
    free(more);
    return same_code(mine.code, theirs.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    outcome whole;
    if (size < 2 || size > 100000) return 0;
    stream(data + 1, size - 1, data[0]);
    by_us(data + 1, size - 1, size);
    whole = mine;
    by_us(data + 1, size - 1, data[0] % 32 + 1u);
    CHECK(memcmp(&whole, &mine, sizeof whole) == 0);
    by_wslay(data + 1, size - 1);
    CHECK(mine.messages == theirs.messages && mine.said == theirs.said);
    CHECK(theirs.code || (mine.pongs == theirs.pongs && mine.ponged == theirs.ponged)); /* its Close overtakes its pongs */
    CHECK(same_code(mine.code, theirs.code) || same_code_once_complete(data + 1, size - 1));
    return 0;
}
