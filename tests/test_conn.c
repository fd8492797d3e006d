/* Room 10 CONN: bytes in, messages out, in any segmentation; frames out, whatever the transport takes; the close handshake,
   pings, the timer wheel, and what happens when memory or patience run out. Runs twice, see support.h. */

#include "support.h"
#include <sys/mman.h>

static size_t seen_n;          /* messages */
static size_t seen_bytes;
static uint32_t seen_sum;      /* of all their bytes, in order */
static bool echoing;
static jbzi_blk *hogs[4096];   /* see hog() */
static unsigned nhogs;

static void watch(const jbz_event *ev) {
    size_t i;
    if (ev->type != JBZ_EV_TEXT && ev->type != JBZ_EV_BINARY) return;
    seen_n++;
    seen_bytes += ev->len;
    seen_sum = seen_sum * 31 + (uint32_t)ev->type;
    for (i = 0; i < ev->len; i++) seen_sum = seen_sum * 31 + ((const uint8_t *)ev->bytes)[i];
    assert_int_equal(((const char *)ev->bytes)[ev->len], 0);
    if (echoing) w.err = jbz_conn_send(ev->conn, ev->type == JBZ_EV_TEXT ? JBZ_TEXT : JBZ_BINARY, ev->bytes, ev->len);
}

static jbz_server_desc raw_desc(void) {
    jbz_server_desc d = usual();
    d.on_message = on_message;
    return d;
}

static void raw_world(const jbz_server_desc *d) {
    jbz_server_desc usually = raw_desc();
    world_again(d ? d : &usually);
    w.act = watch;
    seen_n = seen_bytes = 0;
    seen_sum = 0;
    echoing = false;
    nhogs = 0;
}

static peer *raw_join(void) { return join_as("/", NULL); }

/* Bytes in, cut at the given places. */
static void feed_cut(peer *p, const uint8_t *bytes, size_t n, size_t a, size_t b) {
    feed(p, bytes, a);
    feed(p, bytes + a, b - a);
    feed(p, bytes + b, n - b);
}

static bool failed_with(peer *p, int code) {
    int op, got = 0;
    while ((op = next_frame(p)) >= 0) if (op == OP_CLOSE) got = p->text_n < 2 ? 1005 : (uint8_t)p->text[0] << 8 | (uint8_t)p->text[1];
    if (got != code) print_message("close %d, wanted %d\n", got, code);
    return got == code;
}

/*---- the request ----*/

static void request_in_every_cut(void **state) {
    char text[1024];
    uint8_t bytes[2048];
    size_t n, cut, head;
    (void)state;
    raw_world(NULL);
    echoing = true;
    n = head = upgrade_text(text, sizeof text, "/x?y", NULL, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    memcpy(bytes, text, n);
    n += frame(bytes + n, FIN | OP_TEXT, "first", 5); /* early frames, behind the request */
    n += frame(bytes + n, FIN | OP_PING, "p", 1);
    n += frame(bytes + n, FIN | OP_TEXT, "second", 6);
    for (cut = 0; cut <= n; cut++) {
        peer *p = dial_in();
        if (cut < n) feed_cut(p, bytes, n, cut, cut);
        else { w.slice = 1; feed(p, bytes, n); w.slice = 0; }
        assert_int_equal(http_status(p), 101);
        assert_null(strstr(p->text, "Extensions"));
        hears(p, "first");
        assert_int_equal(next_frame(p), OP_PONG);
        hears(p, "second");
        hears_nothing(p);
        leave(p, 1000);
        if (cut > head) assert_int_equal(stats().conns, 0);
    }
}

static void no_request_in_time(void **state) {
    peer *p = dial_in(), *q = dial_in(), *r;
    uint64_t start = w.now;
    int i;
    (void)state;
    feed(q, "GET / HTTP/1.1\r\nHost: a\r\n", 25);
    for (i = 0; i < 9; i++) { /* bytes that trickle in do not help */
        pass(1000);
        feed(q, "X: y\r\n", 6);
    }
    assert_true(p->open && q->open);
    r = join();
    while (p->open || q->open) pass(1);
    assert_in_range(w.now - start, 10000, 10040);
    assert_int_equal(p->n, 0);
    assert_int_equal(stats().conns, 1);
    assert_int_equal(logged[JBZ_LINE_NO_REQUEST], 2);
    assert_true(r->open);
    assert_int_equal(stats().accepted, 1);
    assert_int_equal(stats().refused, 2);
    logs("");
}

static void requests_without_end(void **state) {
    char big[9000];
    peer *p = dial_in();
    size_t took;
    (void)state;
    memset(big, 'a', sizeof big);
    memcpy(big, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    took = feed(p, big, sizeof big);
    assert_true(took > 8192);
    assert_int_equal(http_status(p), 431);
    assert_true(p->shut && p->open);
    pass(2100);
    assert_false(p->open);
    p = dial_in();
    feed(p, "\x16\x03\x01\x02\x00\x01", 6); /* TLS: refused at once */
    assert_int_equal(http_status(p), 400);
}

static void a_second_request_is_frames(void **state) {
    char text[2048];
    size_t n;
    peer *p;
    (void)state;
    raw_world(NULL);
    p = dial_in();
    n = upgrade_text(text, sizeof text, "/", NULL, NULL);
    n += upgrade_text(text + n, sizeof text - n, "/", NULL, NULL);
    feed(p, text, n);
    assert_int_equal(http_status(p), 101);
    assert_true(failed_with(p, 1002));
}

/*---- frames ----*/

static void every_length_form(void **state) {
    static const size_t sizes[] = { 0, 1, 124, 125, 126, 127, 128, 1000, 65534, 65535, 65536, 65537, 200000, 262144 };
    uint8_t *f = (uint8_t *)malloc(300000), *payload = (uint8_t *)malloc(300000);
    size_t i, n, k;
    (void)state;
    for (i = 0; i < 300000; i++) payload[i] = (uint8_t)dice(256);
    raw_world(NULL);
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        peer *p = raw_join();
        for (k = 0; k < 3; k++) {
            seen_n = seen_bytes = 0;
            n = frame_with(f, FIN | OP_BIN, payload, sizes[i], k ? dice(0xffffffff) : 0, SHORTEST);
            w.slice = k < 2 ? 0 : sizes[i] < 2000 ? 1 : 1460;
            feed(p, f, n);
            assert_int_equal(seen_n, 1);
            assert_int_equal(seen_bytes, sizes[i]);
        }
        w.slice = 0;
        for (k = LEN16; k <= LEN64; k++) { /* RFC 6455 5.2: the minimal number of bytes must be used */
            if (sizes[i] > 65535 || (k == LEN16 && sizes[i] > 125)) continue;
            p = raw_join();
            feed(p, f, frame_with(f, FIN | OP_BIN, payload, sizes[i], 1, (int)k));
            assert_true(failed_with(p, 1002));
        }
    }
    free(f);
    free(payload);
    pass(3000);
    assert_int_equal(logged[JBZ_LINE_PROTOCOL], stats().failed);
}

static void broken_rules(void **state) {
    static const struct { uint8_t bytes[16]; size_t n; int code; } cases[] = {
        { { 0x81, 0x05, 'h', 'e', 'l', 'l', 'o' }, 7, 1002 },             /* not masked */
        { { 0xc1, 0x80, 0, 0, 0, 0 }, 6, 1002 }, { { 0xa1, 0x80, 0, 0, 0, 0 }, 6, 1002 }, { { 0x91, 0x80, 0, 0, 0, 0 }, 6, 1002 },
        { { 0x83, 0x80, 0, 0, 0, 0 }, 6, 1002 }, { { 0x87, 0x80, 0, 0, 0, 0 }, 6, 1002 }, { { 0x8b, 0x80, 0, 0, 0, 0 }, 6, 1002 },
        { { 0x8f, 0x80, 0, 0, 0, 0 }, 6, 1002 },
        { { 0x09, 0x80, 0, 0, 0, 0 }, 6, 1002 }, { { 0x08, 0x80, 0, 0, 0, 0 }, 6, 1002 },   /* control in fragments */
        { { 0x89, 0xfe, 0, 126, 0, 0, 0, 0 }, 8, 1002 },                                     /* control over 125 */
        { { 0x80, 0x80, 0, 0, 0, 0 }, 6, 1002 },                                             /* continuation of nothing */
        { { 0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0 }, 12, 1002 },                    /* a message inside a message */
        { { 0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 14, 1002 },                 /* 2^63 */
        { { 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf2, 0, 0, 0, 0 }, 14, 1002 }, /* header and length wrap */
        { { 0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 }, 14, 1009 },
        { { 0x81, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0 }, 14, 1009 }, { { 0x81, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0 }, 14, 1009 },
        { { 0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, 14, 1009 }, { { 0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0 }, 14, 1009 },
        { { 0x81, 0xff, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0, 0 }, 14, 1009 },                    /* max_message + 1 */
        { { 0x01, 0x81, 0, 0, 0, 0, 'x', 0x80, 0xff, 0, 0, 0, 0, 0, 4, 0 }, 16, 0 },         /* ... in all (below) */
        { { 0x88, 0x81, 0, 0, 0, 0, 3 }, 7, 1002 } };
    size_t i, cut;
    size_t used;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (cut = 0; cut < cases[i].n; cut++) {
            peer *p;
            uint8_t more[4] = { 0, 0, 0, 0 };
            raw_world(NULL);
            p = raw_join();
            used = stats().pool_used;
            feed_cut(p, cases[i].bytes, cases[i].n, cut, cut);
            if (!cases[i].code) feed(p, more, 4), feed(p, more, 2);
            if (!failed_with(p, cases[i].code ? cases[i].code : 1009)) fail_msg("case %u cut %u", (unsigned)i, (unsigned)cut);
            assert_int_equal(stats().failed, 1);
            assert_true(stats().pool_used <= used + 64); /* nothing was taken for a length that was declared */
            assert_true(p->shut);
            say(p, "ignored");
            assert_int_equal(next_frame(p), -1);
            logs("");
            pass(2100);
            assert_false(p->open);
            assert_int_equal(stats().conns, 0);
            assert_int_equal(stats().pool_used, 0);
        }
}

static void max_message_exactly(void **state) {
    jbz_server_desc d = raw_desc();
    uint8_t payload[1002];
    peer *p;
    (void)state;
    d.max_message = 1000;
    raw_world(&d);
    memset(payload, 'a', sizeof payload);
    p = raw_join();
    send_frame(p, FIN | OP_TEXT, payload, 1000);
    send_frame(p, OP_TEXT, payload, 600);
    send_frame(p, FIN | OP_CONT, payload, 400);
    send_frame(p, OP_TEXT, payload, 1000);
    send_frame(p, OP_CONT, payload, 0);
    send_frame(p, FIN | OP_CONT, payload, 0);
    assert_int_equal(seen_n, 3);
    assert_int_equal(seen_bytes, 3000);
    send_frame(p, OP_TEXT, payload, 600);
    send_frame(p, FIN | OP_CONT, payload, 401);
    assert_true(failed_with(p, 1009));
    p = raw_join();
    send_frame(p, FIN | OP_TEXT, payload, 1001);
    assert_true(failed_with(p, 1009));
    p = raw_join();
    send_frame(p, OP_TEXT, payload, 1000);
    send_frame(p, OP_CONT, payload, 1);
    assert_true(failed_with(p, 1009));
    assert_int_equal(logged[JBZ_LINE_TOO_BIG], 3);
}

/* A session with everything in it. */
static size_t a_session(uint8_t *b) {
    size_t n = 0, i;
    uint8_t blob[4400];
    for (i = 0; i < sizeof blob; i++) blob[i] = (uint8_t)('a' + i % 26);
    n += frame(b + n, FIN | OP_TEXT, "one", 3);
    n += frame(b + n, OP_TEXT, "tw", 2);
    n += frame(b + n, FIN | OP_PING, "ping", 4);
    n += frame(b + n, OP_CONT, "", 0);
    n += frame(b + n, OP_CONT, "o \xe2\x82", 4);     /* a character cut between fragments */
    n += frame(b + n, FIN | OP_PONG, "unasked", 7);
    n += frame(b + n, FIN | OP_CONT, "\xac.", 2);
    n += frame(b + n, FIN | OP_TEXT, "", 0);
    n += frame(b + n, FIN | OP_BIN, "", 0);
    n += frame(b + n, OP_BIN, "", 0);
    n += frame(b + n, FIN | OP_CONT, "", 0);
    n += frame(b + n, FIN | OP_BIN, blob, 4400);
    n += frame(b + n, OP_TEXT, blob, 130);
    n += frame(b + n, FIN | OP_CONT, blob, 200);
    n += frame(b + n, FIN | OP_TEXT, "\xf0\x9f\x98\x80", 4);
    n += frame(b + n, FIN | OP_PING, "", 0);
    n += frame(b + n, FIN | OP_TEXT, "end", 3);
    return n;
}

static void any_segmentation_is_the_same(void **state) {
    uint8_t b[8192];
    size_t n = a_session(b), want_bytes, out_n, k;
    uint32_t want_sum;
    uint8_t *out;
    int round;
    (void)state;
    raw_world(NULL);
    echoing = true;
    {
        peer *p = raw_join();
        feed(p, b, n);
        assert_int_equal(seen_n, 9);
        want_sum = seen_sum;
        want_bytes = seen_bytes;
        serve();
        out_n = p->n - p->at;
        out = (uint8_t *)malloc(out_n);
        memcpy(out, p->buf + p->at, out_n);
        leave(p, 1000);
    }
    for (round = 0; round < 400; round++) {
        peer *p = raw_join();
        seen_n = seen_bytes = seen_sum = 0;
        for (k = 0; k < n;) {
            size_t m = round == 0 ? 1 : round == 1 ? 2 : round == 2 ? 1460 : round < 200 ? 1 + dice(20) : 1 + dice(3000);
            if (m > n - k) m = n - k;
            if (round & 1 && dice(4)) { /* the zero-copy way */
                size_t room;
                void *to = jbz_conn_buffer(p->c, &room);
                if (m > room) m = room;
                if (m) memcpy(to, b + k, m);
                assert_int_equal(jbz_conn_feed(p->c, to, m), m);
                pump();
            } else feed(p, b + k, m);
            k += m;
        }
        serve();
        assert_int_equal(seen_n, 9);
        assert_int_equal(seen_bytes, want_bytes);
        assert_int_equal(seen_sum, want_sum);
        assert_int_equal(p->n - p->at, out_n);
        assert_memory_equal(p->buf + p->at, out, out_n);
        leave(p, 1000);
        assert_int_equal(stats().pool_used, 0);
    }
    free(out);
}

/* The same, with two peers whose bytes come in turns and are not pulled in between. */
static void peers_in_turns(void **state) {
    uint8_t b[2][8192];
    size_t n[2], at[2] = { 0, 0 };
    peer *p[2];
    int i, round;
    jbz_event ev;
    (void)state;
    for (round = 0; round < 50; round++) {
        raw_world(NULL);
        for (i = 0; i < 2; i++) { p[i] = raw_join(); n[i] = a_session(b[i]); at[i] = 0; }
        while (at[0] < n[0] || at[1] < n[1]) {
            size_t m = 1 + dice(900);
            i = (int)dice(2);
            if (m > n[i] - at[i]) m = n[i] - at[i];
            m = jbz_conn_feed(p[i]->c, b[i] + at[i], m);
            at[i] += m;
            if (m == 0) pump(); /* or a pong waits to be sent: then it is not read */
            else if (dice(3) == 0) while (jbz_core_next(w.core, &ev)) jbz_dispatch(&ev);
        }
        pump();
        assert_int_equal(seen_n, 18);
        leave(p[0], 1000);
        leave(p[1], 1000);
    }
}

static void input_at_the_edge(void **state) {
    uint8_t b[8192];
    size_t n = a_session(b), k, cut, page = 8192;
    char *map = (char *)mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
    raw_world(NULL);
    for (cut = 0; cut < 40; cut++) {
        peer *p = raw_join();
        seen_n = 0;
        for (k = 0; k < n;) {
            size_t m = 1 + dice(200);
            if (m > n - k) m = n - k;
            memcpy(map + page - m, b + k, m);
            assert_int_equal(feed(p, map + page - m, m), m);
            k += m;
        }
        assert_int_equal(seen_n, 9);
        leave(p, 1000);
    }
    munmap(map, 2 * page);
}

/*---- UTF-8 ----*/

static void utf8_fails_at_the_byte(void **state) {
    static const struct { const char *text; size_t n, bad; } cases[] = {
        { "\x80", 1, 0 }, { "ab\xc0\x80", 4, 2 }, { "ab\xed\xa0\x80", 5, 3 }, { "\xf4\x90\x80\x80", 4, 1 }, { "\xff", 1, 0 },
        { "\xe2\x82x", 3, 2 }, { "abcdefghijklmnopqrstuvwxyz\xf5", 27, 26 }, { "\xe0\x80\x80", 3, 1 }, { "\xf0\x8f\xbf\xbf", 4, 1 } };
    uint8_t f[256], long_text[200];
    size_t i, k, n, head;
    int shape;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (shape = 0; shape < 3; shape++) {
            peer *p;
            raw_world(NULL);
            p = raw_join();
            memset(long_text, 'z', sizeof long_text);
            memcpy(long_text, cases[i].text, cases[i].n);
            n = shape == 0 ? cases[i].n + 20 : 120; /* the bad byte is not the last of the frame */
            if (shape == 2) send_frame(p, OP_TEXT, "start", 5);
            head = 6;
            n = frame(f, shape == 1 ? OP_TEXT : shape == 2 ? FIN | OP_CONT : FIN | OP_TEXT, long_text, n);
            for (k = 0; k < n; k++) {
                feed(p, f + k, 1);
                serve();
                if (p->n > p->at) break;
            }
            assert_int_equal(k, head + cases[i].bad);
            assert_true(failed_with(p, 1007));
            assert_int_equal(seen_n, 0);
        }
    raw_world(NULL);
    {
        peer *p = raw_join();
        send_frame(p, OP_TEXT, "\xe2", 1);
        send_frame(p, FIN | OP_CONT, "\x82", 1); /* ends inside a character */
        assert_true(failed_with(p, 1007));
        p = raw_join();
        send_frame(p, FIN | OP_TEXT, "\xe2\x82", 2);
        assert_true(failed_with(p, 1007));
        p = raw_join();
        send_frame(p, OP_TEXT, "\xe2", 1);
        send_frame(p, FIN | OP_PING, "\xff", 1); /* no text: fine, and the text's state is kept */
        send_frame(p, OP_CONT, "\x82", 1);
        send_frame(p, OP_CONT, "", 0);
        send_frame(p, FIN | OP_CONT, "\xac", 1);
        assert_int_equal(next_frame(p), OP_PONG);
        assert_int_equal(seen_n, 1);
        send_frame(p, OP_BIN, "\xff", 1);
        send_frame(p, FIN | OP_CONT, "\xfe", 1); /* binary may be anything */
        assert_int_equal(seen_n, 2);
        send_frame(p, FIN | OP_TEXT, "ok", 2);
        assert_int_equal(seen_n, 3);
    }
}

/*---- closing ----*/

static void closes_of_the_peer(void **state) {
    static const int good[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999 };
    static const int bad[] = { 0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535 };
    uint8_t body[125];
    size_t i;
    peer *p;
    (void)state;
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        raw_world(NULL);
        p = raw_join();
        body[0] = (uint8_t)(good[i] >> 8);
        body[1] = (uint8_t)good[i];
        memcpy(body + 2, "because \xe2\x82\xac", 11);
        send_frame(p, FIN | OP_CLOSE, body, i & 1 ? 13 : 2);
        assert_int_equal(close_code(p), good[i]);
        hears_nothing(p);
        assert_false(p->open); /* the server ends TCP first, RFC 6455 7.1.1 */
        assert_int_equal(stats().failed, 0);
    }
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        raw_world(NULL);
        p = raw_join();
        body[0] = (uint8_t)(bad[i] >> 8);
        body[1] = (uint8_t)bad[i];
        send_frame(p, FIN | OP_CLOSE, body, 2);
        assert_true(failed_with(p, 1002));
    }
    raw_world(NULL);
    p = raw_join();
    send_frame(p, FIN | OP_CLOSE, NULL, 0);
    assert_int_equal(close_code(p), 1005);
    assert_int_equal(p->text_n, 0);
    p = raw_join();
    send_frame(p, FIN | OP_CLOSE, "\x03\xe8\xff", 3);
    assert_true(failed_with(p, 1007));
    p = raw_join();
    memset(body + 2, 'x', 123);
    body[0] = 3;
    body[1] = 0xe8;
    send_frame(p, FIN | OP_CLOSE, body, 125);
    assert_int_equal(close_code(p), 1000);
    pass(2100);
    assert_int_equal(stats().conns, 0);
}

static void our_close(void **state) {
    peer *p;
    uint64_t start;
    (void)state;
    raw_world(NULL);
    p = raw_join();
    assert_int_equal(jbz_conn_drop(p->c, 1001, NULL), JBZ_E_OK);
    assert_int_equal(jbz_conn_send(p->c, JBZ_TEXT, "x", 1), JBZ_E_GONE);
    say(p, "crossing");                 /* what was under way is not told */
    send_frame(p, FIN | OP_PING, "x", 1);
    send_frame(p, OP_TEXT, "frag", 4);
    send_frame(p, FIN | OP_CONT, "ment", 4);
    assert_int_equal(close_code(p), 1001);
    hears_nothing(p);
    assert_int_equal(seen_n, 0);
    say_close(p, 1001);
    assert_false(p->open);
    hears_nothing(p);
    p = raw_join();
    jbz_conn_drop(p->c, 4321, "a reason that is very long and has to be cut somewhere, because a control frame has room for no "
                              "more than one hundred and twenty-five bytes of payload");
    serve();
    start = w.now;
    assert_int_equal(close_code(p), 4321);
    assert_int_equal(p->text_n, 125);
    while (p->open) pass(1); /* it never answers */
    assert_in_range(w.now - start, 2000, 2040);
    p = raw_join();
    jbz_conn_drop(p->c, 1000, NULL);
    leave(p, 0); /* ends without a Close */
    assert_int_equal(stats().conns, 0);
    p = raw_join();
    jbz_conn_drop(p->c, 1000, NULL);
    feed(p, "\x81\x05hello", 7); /* breaks a rule meanwhile */
    assert_int_equal(close_code(p), 1000);
    hears_nothing(p);
    pass(2100);
    assert_int_equal(stats().conns, 0);
}

static void data_after_close(void **state) {
    peer *p;
    uint8_t b[600];
    size_t n;
    int i;
    (void)state;
    raw_world(NULL);
    echoing = true;
    p = raw_join();
    n = frame(b, FIN | OP_TEXT, "before", 6);
    n += frame(b + n, FIN | OP_CLOSE, "\x03\xe8", 2);
    for (i = 0; i < 20; i++) n += frame(b + n, FIN | (i & 1 ? OP_CLOSE : OP_TEXT), "\x03\xe8", 2);
    feed(p, b, n);
    hears(p, "before");
    assert_int_equal(close_code(p), 1000);
    hears_nothing(p);
    assert_int_equal(seen_n, 1);
    assert_false(p->open);
}

static void lingering(void **state) {
    static char junk[10000];
    peer *p;
    int i;
    (void)state;
    raw_world(NULL);
    p = raw_join();
    feed(p, "\x81\x05hello", 7);
    assert_int_equal(close_code(p), 1002);
    assert_true(p->open && p->shut);
    for (i = 0; i < 26; i++) assert_int_equal(feed(p, junk, sizeof junk), sizeof junk);
    assert_true(p->open);
    feed(p, junk, sizeof junk); /* 256 KiB are enough */
    assert_false(p->open);
    p = raw_join();
    p->budget = 1; /* the Close is not taken at once: it must not be lost */
    feed(p, "\x81\x05hello", 7);
    assert_true(jbz_conn_wants(p->c) == JBZ_WANT_WRITE);
    pass(500);
    p->budget = SIZE_MAX;
    serve();
    pump();
    assert_int_equal(close_code(p), 1002);
    assert_true(p->open && p->shut);
    jbz_conn_eof(p->c);
    assert_int_equal(jbz_conn_wants(p->c), JBZ_WANT_CLOSE);
    pump();
    assert_false(p->open);
    p = raw_join();
    p->budget = 0;
    say_close(p, 1000); /* nor the answer to the peer's */
    assert_true(p->open);
    p->budget = SIZE_MAX;
    serve();
    pump();
    assert_int_equal(close_code(p), 1000);
    assert_false(p->open);
    p = raw_join();
    p->budget = 0;
    say_close(p, 1000);
    pass(2100); /* never taken */
    assert_false(p->open);
    assert_int_equal(stats().conns, 0);
    assert_int_equal(stats().pool_used, 0);
}

static void ends_without_close(void **state) {
    peer *p;
    char request[1024];
    uint8_t b[64];
    size_t n;
    (void)state;
    raw_world(NULL);
    p = raw_join();
    n = frame(b, FIN | OP_TEXT, "last", 4);
    jbz_conn_feed(p->c, b, n);
    jbz_conn_eof(p->c); /* what was sent before is told */
    jbz_conn_eof(p->c);
    pump();
    assert_int_equal(seen_n, 1);
    assert_false(p->open);
    p = raw_join();
    feed(p, b, n - 1);
    jbz_conn_eof(p->c);
    pump();
    assert_int_equal(seen_n, 1);
    assert_int_equal(stats().conns, 0);
    assert_int_equal(stats().pool_used, 0);
    seen_n = 0; /* a message that waited for the answer to the upgrade to leave: told, and then the end */
    p = dial_in();
    p->budget = 0;
    n = upgrade_text(request, sizeof request, "/", NULL, NULL);
    n += frame((uint8_t *)request + n, FIN | OP_TEXT, "last", 4);
    assert_int_equal(feed(p, request, n), n);
    assert_int_equal(seen_n, 0);
    jbz_conn_eof(p->c);
    pump();
    assert_int_equal(seen_n, 1);
    assert_false(p->open);
    assert_int_equal(stats().conns, 0);
    p = dial_in();
    jbz_conn_eof(p->c);
    pump();
    assert_int_equal(stats().conns, 0);
    p = raw_join(); /* the transport closes by itself */
    p->open = false;
    jbz_conn_closed(p->c);
    pump();
    assert_int_equal(stats().conns, 0);
}

/*---- pings ----*/

static void pings_and_death(void **state) {
    peer *p, *q;
    uint64_t start;
    int op;
    (void)state;
    raw_world(NULL);
    p = raw_join();
    start = w.now;
    while ((op = next_frame(p)) < 0) pass(1);
    assert_int_equal(op, OP_PING);
    assert_in_range(w.now - start, 25000, 25040);
    send_frame(p, FIN | OP_PONG, "", 0);
    start = w.now;
    while ((op = next_frame(p)) < 0) pass(1);
    assert_in_range(w.now - start, 25000, 25080);
    pass(5000);
    say(p, "anything will do");
    start = w.now;
    while ((op = next_frame(p)) < 0) pass(1);
    assert_in_range(w.now - start, 25000, 25040);
    while (p->open) pass(1);
    assert_in_range(w.now - start, 75000, 75120); /* two unanswered */
    assert_int_equal(next_frame(p), OP_PING);
    assert_int_equal(next_frame(p), -1);
    assert_int_equal(logged[JBZ_LINE_DEAD], 1);
    q = raw_join(); /* a call's socket that dies is a loss */
    leave(q, 1000);
    q = live_call(SID_A, "inbound");
    w.act = NULL;
    pass(76000);
    assert_false(q->open);
    assert_int_equal(stats().lost, 1);
}

static void pongs_are_echoes(void **state) {
    uint8_t body[125];
    peer *p;
    size_t i;
    (void)state;
    raw_world(NULL);
    p = raw_join();
    for (i = 0; i < 125; i++) body[i] = (uint8_t)dice(256);
    for (i = 0; i <= 125; i++) {
        send_frame(p, FIN | OP_PING, body, i);
        assert_int_equal(next_frame(p), OP_PONG);
        assert_int_equal(p->text_n, i);
        assert_memory_equal(p->text, body, i);
        send_frame(p, FIN | OP_PONG, body, i);
    }
    hears_nothing(p);
}

static void a_flood_of_pings(void **state) {
    jbz_server_desc d = raw_desc();
    uint8_t b[16384];
    size_t n = 0, fed = 0, took, i;
    peer *p;
    (void)state;
    d.out_spill = 4096;
    raw_world(&d);
    p = raw_join();
    p->budget = 0; /* reads nothing */
    for (i = 0; i < 100; i++) n += frame(b + n, FIN | OP_PING, "0123456789", 10);
    for (i = 0; i < 100; i++) {
        took = jbz_conn_feed(p->c, b, n);
        fed += took;
        pump();
        assert_true(stats().pool_used < 64 * 1024 + 32 * 1024);
        if (took < n) break;
    }
    assert_true(i < 100);
    assert_int_equal(jbz_conn_feed(p->c, b, n), 0); /* not read from any more */
    p->budget = SIZE_MAX;
    serve();
    pump();
    serve();
    assert_true(jbz_conn_wants(p->c) & JBZ_WANT_READ);
}

/*---- bytes out ----*/

static void partial_writes(void **state) {
    uint8_t b[8192];
    size_t n = a_session(b), k, want_n = 0, i;
    char head[1024];
    (void)state;
    for (k = 0; k < 230; k++) { /* k = 0: the reference */
        peer *p;
        size_t hn;
        raw_world(NULL);
        echoing = true;
        p = dial_in();
        p->budget = k ? k - 1 : SIZE_MAX;
        hn = upgrade_text(head, sizeof head, "/", NULL, NULL);
        jbz_conn_feed(p->c, head, hn);
        pump();
        for (i = 0; i < n;) { /* as much as the core takes, until it waits for us */
            size_t took = jbz_conn_feed(p->c, b + i, n - i);
            i += took;
            pump();
            if (took) continue;
            p->budget = p->budget == SIZE_MAX ? SIZE_MAX : 1 + dice(50);
            serve();
            pump();
        }
        while (k && p->c->out) {
            p->budget = 1 + dice(k < 40 ? 3 : 300);
            pump();
        }
        p->budget = SIZE_MAX;
        pump();
        if (k == 0) want_n = p->n;
        assert_int_equal(seen_n, 9);
        assert_int_equal(p->n, want_n);
        assert_int_equal(http_status(p), 101);
        {
            int op;
            size_t frames = 0;
            while ((op = next_frame(p)) >= 0) frames++;
            assert_int_equal(frames, 11);
            assert_int_equal(p->at, p->n);
        }
        leave(p, 1000);
        assert_int_equal(stats().pool_used, 0);
    }
}

static void the_peer_does_not_read(void **state) {
    jbz_server_desc d = raw_desc();
    peer *p;
    char text[1000];
    unsigned i, sent = 0;
    (void)state;
    d.out_spill = 10000;
    raw_world(&d);
    p = raw_join();
    p->budget = 0;
    memset(text, 'o', sizeof text);
    for (i = 0; i < 20; i++) {
        jbz_err err = jbz_conn_send(p->c, JBZ_TEXT, text, sizeof text);
        if (err == JBZ_E_OK) sent++;
        else assert_int_equal(err, JBZ_E_FULL);
    }
    assert_int_equal(sent, 9);
    assert_int_equal(jbz_conn_wants(p->c), JBZ_WANT_WRITE);
    say(p, "not looked at"); /* nor is it read */
    assert_int_equal(seen_n, 0);
    p->budget = SIZE_MAX;
    serve();
    pump();
    for (i = 0; i < 9; i++) assert_non_null(heard(p));
    hears_nothing(p);
    say(p, "now it is");
    assert_int_equal(seen_n, 1);
    assert_int_equal(jbz_conn_send(p->c, JBZ_TEXT, text, sizeof text), JBZ_E_OK);
}

static void what_came_before_the_pause_is_told(void **state) {
    jbz_server_desc d = raw_desc();
    uint8_t b[4096];
    size_t n = 0;
    int i, how;
    peer *p;
    (void)state;
    d.out_spill = 2000;
    for (how = 0; how < 2; how++) {
        raw_world(&d);
        echoing = true;
        p = raw_join();
        p->budget = 0;
        memset(b, 'x', 200);
        for (i = 0, n = 0; i < 12; i++) n += frame(b + n, FIN | OP_TEXT, "01234567890123456789012345678901234567890123456789"
            "01234567890123456789012345678901234567890123456789" "01234567890123456789012345678901234567890123456789", 150);
        n += frame(b + n, FIN | OP_CLOSE, "\x03\xe8", 2);
        assert_int_equal(jbz_conn_feed(p->c, b, n), n);
        pump();
        assert_in_range(seen_n, 6, 8); /* paused at half of out_spill */
        if (how == 0) { /* the peer reads: it goes on */
            p->budget = SIZE_MAX;
            pump();
            serve();
            pump();
            assert_int_equal(seen_n, 12);
            for (i = 0; i < 12; i++) assert_non_null(heard(p));
            assert_int_equal(close_code(p), 1000);
        } else { /* the peer ends: what it sent is told all the same */
            jbz_conn_eof(p->c);
            pump();
            assert_int_equal(seen_n, 12);
            assert_int_equal(p->c->code, 1000);
        }
        pump();
        assert_false(p->open);
    }
}

static void long_messages_out(void **state) {
    size_t size = 300000, n, k;
    uint8_t *blob = (uint8_t *)malloc(size);
    (void)state;
    for (n = 0; n < size; n++) blob[n] = (uint8_t)dice(256);
    for (k = 0; k < 30; k++) {
        static const size_t sizes[] = { 24575, 24576, 24577, 60000, 65535, 65536, 300000 };
        size_t m = sizes[k % 7], budget = k < 7 ? SIZE_MAX : k < 21 ? k - 7 : dice((uint32_t)m);
        peer *p;
        jbz_err err;
        raw_world(NULL);
        p = raw_join();
        p->budget = budget;
        err = jbz_conn_send(p->c, JBZ_BINARY, blob, m);
        if (err != JBZ_E_OK) fail_msg("%u bytes, %u taken: %s", (unsigned)m, (unsigned)budget, jbz_strerror(err));
        if (p->c->out) assert_int_equal(jbz_conn_send(p->c, JBZ_BINARY, blob, 70000), JBZ_E_FULL); /* on top of it: over out_spill */
        p->budget = SIZE_MAX;
        serve();
        assert_int_equal(p->buf[p->at], 0x82);
        n = m < 65536 ? 4 : 10;
        assert_true(p->n - p->at >= m + n);
        assert_memory_equal(p->buf + p->at + n, blob, m);
        assert_int_equal(p->buf[p->at + 1], m < 65536 ? 126 : 127);
        for (n = 0; m >= 65536 && n < 8; n++) assert_int_equal(p->buf[p->at + 2 + n], (uint8_t)((uint64_t)m >> (56 - 8 * n)));
        leave(p, 1000);
        assert_int_equal(stats().pool_used, 0);
    }
    {
        peer *p;
        raw_world(NULL);
        p = raw_join();
        assert_int_equal(jbz_conn_send(p->c, 3, blob, 1), JBZ_E_ARG);
        assert_int_equal(jbz_conn_send(p->c, 0, blob, 1), JBZ_E_ARG);
        assert_int_equal(jbz_conn_send(p->c, JBZ_BINARY, blob, SIZE_MAX), JBZ_E_TOO_BIG);
        assert_int_equal(jbz_conn_send(p->c, JBZ_BINARY, NULL, 0), JBZ_E_OK);
        p->budget = 0;
        assert_int_equal(jbz_conn_send(p->c, JBZ_TEXT, "x", 1), JBZ_E_OK);
        assert_int_equal(jbz_conn_send(p->c, JBZ_BINARY, blob, 100000), JBZ_E_FULL);
        p->budget = SIZE_MAX;
        assert_int_equal(next_frame(p), OP_BIN);
        hears(p, "x");
        hears_nothing(p);
    }
    free(blob);
}

static void broken_transport(void **state) {
    peer *p;
    char text[30000];
    int i;
    (void)state;
    if (!w.direct) return;
    memset(text, 'x', sizeof text);
    for (i = 0; i < 3; i++) {
        raw_world(NULL);
        p = raw_join();
        if (i == 2) { p->budget = 0; jbz_conn_send(p->c, JBZ_TEXT, "waits", 5); }
        w.broken = true;
        if (i == 2) jbzi_conn_flush(p->c);
        else jbz_conn_send(p->c, JBZ_TEXT, text, i ? sizeof text : 5);
        assert_int_equal(jbz_conn_send(p->c, JBZ_TEXT, "x", 1), JBZ_E_GONE);
        pump();
        assert_false(p->open);
        assert_int_equal(stats().conns, 0);
        assert_int_equal(stats().pool_used, 0);
    }
}

/*---- memory runs out ----*/

static jbz_server_desc small_pool(void) {
    jbz_server_desc d = raw_desc();
    d.max_message = 8000;
    d.pool = 16384 * 4;
    d.receive = 8192;
    return d;
}

static void the_greediest_goes(void **state) {
    jbz_server_desc d = small_pool();
    peer *p[12], *q;
    uint8_t b[9000];
    size_t n, i;
    int evicted = 0, whole = 0;
    (void)state;
    raw_world(&d);
    memset(b, 0, sizeof b);
    for (i = 0; i < 12; i++) p[i] = raw_join();
    for (i = 0; i < 12; i++) { /* messages that never end */
        n = frame(b, FIN | OP_BIN, b + 100, 8000);
        feed(p[i], b, i == 5 ? 7999 : 4000);
    }
    q = raw_join();
    assert_true(stats().pool_used <= stats().pool_limit - stats().pool_limit / 8);
    n = frame(b, FIN | OP_BIN, b + 100, 6000);
    for (i = 0; i < n;) {
        size_t took = jbz_conn_feed(q->c, b + i, n - i > 1000 ? 1000 : n - i);
        i += took;
        pump();
        if (!took) pass(10);
        assert_true(w.now < 1000000 + 5000); /* it gets its turn soon */
    }
    assert_int_equal(seen_n, 1);
    pass(1000);
    for (i = 0; i < 12; i++) {
        if (!p[i]->open) evicted++;
        else whole++;
    }
    assert_false(p[5]->open); /* that one held most */
    assert_true(evicted >= 1 && whole >= 6);
    for (i = 0; w.direct && i < 12; i++) if (!p[i]->open) assert_true(failed_with(p[i], 1013)); /* else it is cut before it reads that */
    assert_true(logged[JBZ_LINE_NO_MEMORY] >= 1);
    for (i = 0; i < 12; i++) if (p[i]->open) leave(p[i], 0);
    leave(q, 1000);
    assert_int_equal(stats().pool_used, 0);
}

/* Takes all the memory there is; gives it back when told. */
static void hog(bool on) {
    size_t size = 60000;
    while (on && size) {
        jbzi_blk *b = nhogs < 4096 ? jbzi_buf_take(&w.core->net.pool, size, true) : NULL;
        if (b) hogs[nhogs++] = b;
        else size /= 2;
    }
    while (!on && nhogs) jbzi_buf_drop(&w.core->net.pool, &hogs[--nhogs]);
}

static void starving_ends(void **state) {
    jbz_server_desc d = small_pool();
    peer *p;
    size_t room;
    (void)state;
    raw_world(&d);
    p = raw_join();
    hog(true);
    jbz_conn_buffer(p->c, &room);
    assert_int_equal(room, 0);
    assert_int_equal(jbz_conn_wants(p->c), 0); /* not read for want of memory */
    assert_int_equal(jbz_conn_feed(p->c, "x", 1), 0);
    pass(2000);
    assert_true(p->open); /* nobody holds anything: nobody is cut */
    hog(false);
    pass(100);
    assert_true(jbz_conn_wants(p->c) & JBZ_WANT_READ);
    say(p, "hello");
    assert_int_equal(seen_n, 1);
    hog(true); /* in the middle of closing there is no waiting for memory */
    jbz_conn_drop(p->c, 1001, NULL);
    jbz_conn_buffer(p->c, &room);
    pass(2100);
    assert_false(p->open);
    hog(false);
    p = raw_join(); /* while lingering what comes is thrown away: that needs none */
    feed(p, "\x81\x05hello", 7);
    hog(true);
    jbz_conn_buffer(p->c, &room);
    assert_true(room > 0);
    pass(2100);
    assert_false(p->open);
    hog(false);
    p = dial_in(); /* a request that finds no memory for its answer */
    hog(true);
    {
        char text[1024];
        size_t n = upgrade_text(text, sizeof text, "/", NULL, NULL);
        feed(p, text, n);
        pass(20000);
        assert_false(p->open);
    }
    hog(false);
    p = raw_join(); /* starving, then lost */
    hog(true);
    jbz_conn_buffer(p->c, &room);
    jbz_conn_eof(p->c);
    pump();
    assert_false(p->open);
    hog(false);
    assert_int_equal(stats().conns, 0);
    assert_int_equal(stats().pool_used, 0);
}

/* Who starves does not get the time for the request anew: 10 s from accept, however often memory came and went. */
static void starving_does_not_prolong_the_handshake(void **state) {
    jbz_server_desc d = small_pool();
    char text[1024];
    size_t room, at = 0;
    uint64_t from;
    peer *p;
    (void)state;
    upgrade_text(text, sizeof text, "/", NULL, NULL);
    d.handshake_ms = 10000;
    raw_world(&d);
    p = dial_in();
    from = w.now;
    while (p->open && w.now - from < 60000) {
        hog(true);
        jbz_conn_buffer(p->c, &room);
        assert_int_equal(room, 0);
        pass(200); /* after 250 ms it would go as the greediest */
        hog(false);
        pass(1800);
        if (p->open) feed(p, text + at++, 1);
    }
    assert_in_range(w.now - from, 10000, 12100);
    assert_int_equal(stats().conns, 0);
    p = dial_in(); /* and to the millisecond, when memory is back in time */
    from = w.now;
    hog(true);
    jbz_conn_buffer(p->c, &room);
    pass(6000);
    hog(false);
    while (p->open && w.now - from < 60000) pass(10);
    assert_in_range(w.now - from, 10000, 10100);
}

static void bytes_that_find_no_memory(void **state) {
    jbz_server_desc d = small_pool();
    peer *p, *q;
    uint8_t b[9000];
    size_t n;
    (void)state;
    raw_world(&d);
    p = raw_join();
    q = raw_join();
    memset(b, 0, sizeof b);
    n = frame(b, FIN | OP_BIN, b + 500, 8000);
    jbz_conn_feed(p->c, b, 3000);
    hog(true);
    pump(); /* not a complete message, nothing to keep it in */
    assert_int_equal(seen_n, 0);
    hog(false);
    pump();
    assert_true(w.direct ? failed_with(p, 1013) : p->shut);
    feed(q, b, 3000);
    feed(q, b + 3000, n - 3000);
    assert_int_equal(seen_n, 1);
    hog(true);
    assert_int_equal(jbz_conn_send(q->c, JBZ_TEXT, "x", 1), w.direct ? JBZ_E_OK : JBZ_E_NOMEM);
    q->budget = 0;
    assert_int_equal(jbz_conn_send(q->c, JBZ_TEXT, "x", 1), JBZ_E_NOMEM);
    assert_int_equal(jbz_conn_send(q->c, JBZ_BINARY, b, 8999), JBZ_E_NOMEM);
    hog(false);
    assert_true(q->open);
    pass(100);
    assert_true(q->open); /* nothing of them went out, so nothing is broken */
    if (w.direct) { /* but half a frame, and no memory for its rest, is the end */
        hog(true);
        q->budget = 1;
        assert_int_equal(jbz_conn_send(q->c, JBZ_TEXT, "x", 1), JBZ_E_NOMEM);
        pump();
        assert_false(q->open);
        hog(false);
    }
}

static void the_reserve_is_for_those_who_are_waited_for(void **state) {
    jbz_server_desc d = small_pool();
    peer *p;
    jbzi_blk *b;
    (void)state;
    raw_world(&d);
    p = live_call(SID_A, "inbound");
    p->budget = 0;
    w.act = defer_all;
    say_hook(p, "h", SID_A, "/menu");
    w.act = NULL;
    while ((b = jbzi_buf_take(&w.core->net.pool, 40, false)) != NULL) hogs[nhogs++] = b; /* all but the reserve */
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, "1"), JBZ_E_OK);
    assert_int_equal(answer_later(0), JBZ_E_OK);
    hog(false);
    p->budget = SIZE_MAX;
    hears(p, "{\"type\":\"command\",\"command\":\"x\",\"data\":1}");
    hears_ack(p, "h", SAY_LATE);
    p->budget = 0;
    while ((b = jbzi_buf_take(&w.core->net.pool, 40, false)) != NULL) hogs[nhogs++] = b;
    assert_int_equal(jbz_cmd(the_call(), "x", NULL, "1"), JBZ_E_NOMEM); /* nothing is open any more */
    hog(false);
}

/* 1/8 of the pool is for answers: what a call brings along of its own is dropped before, and that is logged. */
static void env_vars_leave_the_reserve(void **state) {
    static const char new_call[] = "{\"type\":\"session:new\",\"msgid\":\"%s\",\"call_sid\":\"%s\",\"data\":{\"direction\":\"inbound\","
                                   "\"env_vars\":{\"KEY\":\"%03400d\"}}}";
    jbz_server_desc d = small_pool();
    jbzi_blk *b;
    peer *p;
    (void)state;
    raw_world(&d);
    w.act = answer;
    p = join();
    say(p, new_call, "n", SID_A, 7);
    hears_ack(p, "n", SAY_HI);
    assert_non_null(jbz_call_env(the_call(), "KEY"));
    assert_int_equal(logged[JBZ_LINE_NO_MEMORY], 0);
    leave(p, 1000);
    p = join();
    while ((b = jbzi_buf_take(&w.core->net.pool, 4000, false)) != NULL) hogs[nhogs++] = b;
    jbzi_buf_drop(&w.core->net.pool, &hogs[--nhogs]); /* enough to read the message, not for all that is kept of it */
    say(p, new_call, "n", SID_B, 7);
    hears_ack(p, "n", SAY_HI); /* the call goes on all the same */
    assert_null(jbz_call_env(the_call(), "KEY"));
    assert_int_equal(logged[JBZ_LINE_NO_MEMORY], 1);
    hog(false);
}

static void tiny_fragments(void **state) {
    uint8_t b[64];
    size_t n, i;
    peer *p;
    (void)state;
    raw_world(NULL);
    p = raw_join();
    send_frame(p, OP_BIN, "", 0);
    for (i = 0; i < 20000; i++) { /* empty: nothing is kept */
        n = frame(b, OP_CONT, "", 0);
        feed(p, b, n);
    }
    assert_int_equal(stats().pool_used, 0);
    for (i = 0; i < 20000; i++) {
        n = frame(b, OP_CONT, "x", 1);
        feed(p, b, n);
    }
    assert_true(stats().pool_used <= 32768 + 64);
    send_frame(p, FIN | OP_CONT, "", 0);
    assert_int_equal(seen_n, 1);
    assert_int_equal(seen_bytes, 20000);
    pump();
    assert_int_equal(stats().pool_used, 0);
}

/*---- places ----*/

static void places_are_used_again(void **state) {
    jbz_server_desc d = raw_desc();
    peer *p[4], *q;
    uint32_t gen;
    int i;
    (void)state;
    d.max_conns = 4;
    raw_world(&d);
    for (i = 0; i < 4; i++) { p[i] = raw_join(); assert_int_equal(jbz_conn_slot(p[i]->c), i); }
    assert_null(jbz_conn_open(w.core));
    gen = p[2]->c->gen;
    leave(p[2], 1000);
    q = raw_join();
    assert_int_equal(jbz_conn_slot(q->c), 2);
    assert_int_equal(q->c->gen, gen + 1);
    assert_null(jbz_conn_open(w.core));
}

/* An app that looks at jbz_conn_wants after each step needs no list of changes. */
static void without_the_list_of_changes(void **state) {
    jbz_server_desc d = raw_desc();
    jbz_event ev;
    int i, k;
    (void)state;
    d.max_conns = 3;
    world_close();
    w.direct = false;
    world_open(&d);
    for (i = 0; i < 20; i++) {
        jbz_conn *c[3];
        for (k = 0; k < 3; k++) {
            c[k] = jbz_conn_open(w.core);
            assert_non_null(c[k]);
            jbz_conn_feed(c[k], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
            while (jbz_core_next(w.core, &ev)) { }
        }
        for (k = 0; k < 3; k++) {
            const void *bytes;
            jbz_conn_sent(c[k], jbz_conn_pending(c[k], &bytes));
            while (jbz_core_next(w.core, &ev)) { }
            jbz_conn_eof(c[k]);
            while (jbz_core_next(w.core, &ev)) { }
            assert_int_equal(jbz_conn_wants(c[k]), JBZ_WANT_CLOSE);
            jbz_conn_closed(c[k]);
            while (jbz_core_next(w.core, &ev)) { }
        }
        assert_int_equal(stats().conns, 0);
        if (i % 5 == 4) while (jbz_core_changed(w.core)) { }
    }
}

/*---- the wheel ----*/

/* Against a list: every timer fires once, not before its time and at most two slots after it. */
static void wheel_against_a_list(void **state) {
    jbz_server_desc d = usual();
    uint64_t starts[] = { 0, 1000000, 0xffffffffu - 5000, 0x1fffffc00u, 0xffffffffffu };
    uint64_t due[200];
    bool set[200];
    size_t s;
    uint32_t i, id;
    int step;
    (void)state;
    d.max_conns = 200;
    for (s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        uint64_t now = starts[s];
        jbzi_net *net;
        world_again(&d);
        net = &w.core->net;
        memset(set, 0, sizeof set);
        for (i = 0; i < 200; i++) memset(jbzi_conn_timer(net, i * 2), 0, sizeof(jbzi_timer));
        jbzi_conn_wheel_turn(net, now);
        for (step = 0; step < 3000; step++) {
            uint32_t wait, jump;
            for (i = dice(6); i; i--) {
                uint32_t k = dice(200), ms = dice(3) ? dice(300) : dice(60000);
                if (dice(5) == 0) { jbzi_conn_timer_clear(net, k * 2); set[k] = false; continue; }
                if (dice(2)) {
                    if (!set[k] || now + ms < due[k]) { due[k] = now + ms; set[k] = true; }
                    jbzi_conn_timer_by(net, k * 2, ms);
                } else {
                    jbzi_conn_timer_set(net, k * 2, ms);
                    due[k] = now + ms;
                    set[k] = true;
                }
            }
            wait = jbzi_conn_wheel_wait(net);
            assert_int_equal(net->expired, 0);
            {
                uint64_t first = UINT64_MAX;
                for (i = 0; i < 200; i++) if (set[i] && due[i] < first) first = due[i];
                if (first == UINT64_MAX) assert_int_equal(wait, JBZI_WHEEL_IDLE);
                else assert_true(now + wait <= (first > now ? first : now) + 64); /* never asked to come too late */
                assert_true(wait > 0);
            }
            jump = dice(10) ? wait : dice(4) ? dice(wait + 1) : dice(200000);
            now += jump;
            jbzi_conn_wheel_turn(net, now);
            while (net->expired) {
                id = net->expired - 1;
                jbzi_conn_timer_clear(net, id);
                assert_true(set[id / 2]);
                assert_true(due[id / 2] <= now);
                set[id / 2] = false;
            }
            for (i = 0; i < 200; i++) if (set[i]) assert_true(due[i] + 64 > now);
        }
        for (i = 0; i < 200; i++) jbzi_conn_timer_clear(net, i * 2);
        for (i = 0; i < JBZI_WHEEL_SLOTS; i++) assert_int_equal(net->wheel[i], 0);
        for (i = 0; i < JBZI_WHEEL_SLOTS / 32; i++) assert_int_equal(net->wheel_bits[i], 0);
    }
}

static void a_clock_that_goes_back_or_stands(void **state) {
    peer *p = join();
    (void)state;
    w.now -= 3600000; /* must not happen with a monotonic clock, must not hang either */
    jbz_core_tick(w.core, w.now);
    pump();
    w.now += 2 * 3600000;
    jbz_core_tick(w.core, w.now);
    pump();
    assert_true(p->c != NULL);
}

static void jumps(void **state) {
    static const uint64_t jumps_ms[] = { 0x7fffffffu / 2, 60000, 5 * 60000, 49ull * 24 * 3600 * 1000 / 3 };
    peer *p;
    size_t i;
    (void)state;
    for (i = 0; i < 4; i++) {
        raw_world(NULL);
        p = dial_in();
        w.now += jumps_ms[i];
        jbz_core_tick(w.core, w.now);
        pump();
        assert_false(p->open);
        p = raw_join();
        pass(30000);
        assert_int_equal(next_frame(p), OP_PING);
    }
}

/*---- trace and log ----*/

static unsigned traced[2][16];
static size_t traced_bytes[2];
static void trace_fn(const jbz_conn *c, bool out, int type, const void *bytes, size_t n, void *user) {
    (void)c;
    (void)bytes;
    (void)user;
    assert_true(type == 1 || type == 2 || (type >= 8 && type <= 10));
    traced[out][type]++;
    traced_bytes[out] += n;
}

static void the_trace_sees_everything(void **state) {
    jbz_server_desc d = raw_desc();
    peer *p;
    (void)state;
    memset(traced, 0, sizeof traced);
    memset(traced_bytes, 0, sizeof traced_bytes);
    d.trace = trace_fn;
    raw_world(&d);
    echoing = true;
    p = raw_join();
    say(p, "hello");
    send_frame(p, OP_BIN, "ab", 2);
    send_frame(p, FIN | OP_CONT, "cd", 2);
    send_frame(p, FIN | OP_PING, "xyz", 3);
    send_frame(p, FIN | OP_PONG, "", 0);
    say_close(p, 1000);
    assert_int_equal(traced[0][1], 1);
    assert_int_equal(traced[0][2], 1);
    assert_int_equal(traced[0][8], 1);
    assert_int_equal(traced[0][9], 1);
    assert_int_equal(traced[0][10], 1);
    assert_int_equal(traced[1][1], 1);
    assert_int_equal(traced[1][2], 1);
    assert_int_equal(traced[1][8], 1);
    assert_int_equal(traced[1][10], 1);
    assert_int_equal(traced_bytes[0], 5 + 4 + 3 + 0 + 2);
}

static void log_lines_are_limited(void **state) {
    peer *p = join();
    int i;
    (void)state;
    for (i = 0; i < 200; i++) say(p, "nonsense");
    assert_int_equal(logged[JBZ_LINE_ODD], 50);
    assert_int_equal(stats().odd, 200);
    pass(1000);
    say(p, "nonsense");
    assert_int_equal(logged[JBZ_LINE_ODD], 51);
    assert_int_equal(logged[JBZ_LINE_SUPPRESSED], 1);
    assert_string_equal(log_last[JBZ_LINE_SUPPRESSED], "150");
}

/*---- allocations fail ----*/

static void every_allocation_fails(void **state) {
    jbz_server_desc d = small_pool();
    uint8_t b[8192];
    size_t n = a_session(b), k;
    long at;
    (void)state;
    for (at = 2; at < 12; at++) {
        peer *p[6];
        int i;
        if (w.core) world_close();
        heap_reset();
        heap.fail_at = at;
        heap.for_ever = (at & 1) != 0;
        world_open(&d);
        w.act = watch;
        echoing = true;
        for (i = 0; i < 6; i++) {
            char text[1024];
            size_t un = upgrade_text(text, sizeof text, "/", NULL, NULL);
            p[i] = dial_in();
            p[i]->budget = i & 1 ? SIZE_MAX : 2000;
            w.slice = 100 + (size_t)i;
            feed(p[i], text, un);
        }
        for (i = 0; i < 6; i++)
            for (k = 0; k < n && p[i]->open;) {
                size_t took = jbz_conn_feed(p[i]->c, b + k, 97 < n - k ? 97 : n - k);
                k += took;
                pump();
                if (!took) break;
            }
        pass(400);
        for (i = 0; i < 6; i++) if (p[i]->open) { jbz_conn_eof(p[i]->c); pump(); }
        assert_int_equal(stats().conns, 0);
        world_close();
    }
    heap_reset();
}

/* Bytes handed in while an event is being handled wait: they would come to lie on it. */
static char held_text[64];
static void feed_inside(const jbz_event *ev) {
    uint8_t f[64];
    size_t n = frame(f, FIN | OP_TEXT, "another", 7);
    if (ev->type != JBZ_EV_TEXT) return;
    assert_int_equal(jbz_conn_feed(ev->conn, f, n), 0);
    snprintf(held_text, sizeof held_text, "%s", (const char *)ev->bytes);
    seen_n++;
}

static void feeding_while_an_event_is_handled(void **state) {
    uint8_t b[256];
    jbz_event ev;
    size_t n = 0;
    peer *p, *q;
    int i;
    (void)state;
    raw_world(NULL);
    w.act = feed_inside;
    p = raw_join();
    q = raw_join();
    for (i = 0; i < 5; i++) n += frame(b + n, FIN | OP_TEXT, "one of five", 11);
    assert_int_equal(jbz_conn_feed(p->c, b, n), n);
    for (i = 0; i < 5; i++) {
        assert_true(jbz_core_next(w.core, &ev));
        assert_int_equal(jbz_conn_feed(q->c, b, n), 0); /* nor for another connection */
        jbz_dispatch(&ev);
        assert_string_equal(held_text, "one of five");
    }
    assert_false(jbz_core_next(w.core, &ev));
    assert_int_equal(jbz_conn_feed(q->c, b, n), n);
    pump();
    assert_int_equal(seen_n, 10);
    n = frame(b, OP_TEXT, "in ", 3); /* nor when the message came in pieces */
    n += frame(b + n, FIN | OP_CONT, "pieces", 6);
    assert_int_equal(jbz_conn_feed(p->c, b, n), n);
    assert_true(jbz_core_next(w.core, &ev));
    assert_int_equal(jbz_conn_feed(q->c, b, n), 0);
    jbz_dispatch(&ev);
    assert_string_equal(held_text, "in pieces");
    pump();
    assert_int_equal(seen_n, 11);
}

static void a_request_that_finds_no_memory_for_its_answer(void **state) {
    jbz_server_desc d = small_pool();
    char text[1024];
    size_t n = upgrade_text(text, sizeof text, "/", NULL, NULL);
    peer *p;
    (void)state;
    raw_world(&d);
    p = dial_in();
    p->budget = 0;
    assert_int_equal(jbz_conn_feed(p->c, text, n), n);
    hog(true);
    pump();
    hog(false);
    pump();
    assert_false(p->open); /* no 101, no WebSocket */
    assert_int_equal(stats().accepted, 0);
    assert_int_equal(stats().conns, 0);
    p = dial_in(); /* starves before its request is there, and gets its turn */
    hog(true);
    assert_int_equal(jbz_conn_feed(p->c, text, n), 0);
    pass(500);
    hog(false);
    pass(100);
    feed(p, text, n);
    assert_int_equal(http_status(p), 101);
}

static void half_a_long_message_without_memory(void **state) {
    jbz_server_desc d = small_pool();
    static char blob[30000];
    peer *p;
    (void)state;
    if (!w.direct) return;
    raw_world(&d);
    p = raw_join();
    hog(true);
    p->budget = 100;
    assert_int_equal(jbz_conn_send(p->c, JBZ_BINARY, blob, sizeof blob), JBZ_E_NOMEM);
    pump();
    assert_false(p->open); /* nothing can follow half a frame */
    hog(false);
    p = raw_join();
    hog(true);
    p->budget = 0;
    assert_int_equal(jbz_conn_send(p->c, JBZ_BINARY, blob, sizeof blob), JBZ_E_NOMEM);
    assert_true(p->open); /* but nothing of it may */
    hog(false);
    w.broken = true;
    assert_int_equal(jbz_conn_send(p->c, JBZ_BINARY, blob, sizeof blob), JBZ_E_GONE);
    pump();
    assert_false(p->open);
}

/* What becomes of the pool is decided by how much of it is left in one piece, chunk or not. */
static void room_in_a_pool_of_pieces(void **state) {
    jbz_server_desc d = small_pool();
    static char block[1 << 20];
    jbzi_pool *pool;
    size_t room;
    unsigned i;
    peer *p;
    (void)state;
    d.memory = block + (16 - (uintptr_t)block % 16) % 16;
    d.memory_size = sizeof block - 16;
    raw_world(&d);
    p = raw_join();
    pool = &w.core->net.pool;
    assert_int_equal(pool->limit, 8 * 8192);
    while ((hogs[nhogs] = jbzi_buf_take(pool, 2000, true)) != NULL) nhogs++;
    assert_int_equal(nhogs, 32);
    for (i = 0; i < 32; i++) if (i & 3) jbzi_buf_drop(pool, &hogs[i]);
    assert_true(pool->used < pool->limit / 2); /* more than half is free, but no chunk, and none can be added */
    jbz_conn_buffer(p->c, &room);
    assert_int_equal(room, 4096 - sizeof(jbzi_blk) - 4);
    for (i = 0; i < 32; i += 4) jbzi_buf_drop(pool, &hogs[i]);
    nhogs = 0;
    world_close();
    d = small_pool(); /* nor does one connection get more than a quarter of it, when it is short */
    d.max_message = 9000;
    d.pool = 3 * 16384;
    d.receive = 16384;
    raw_world(&d);
    p = raw_join();
    pool = &w.core->net.pool;
    hogs[nhogs++] = jbzi_buf_take(pool, 16000, true);
    hogs[nhogs++] = jbzi_buf_take(pool, 8000, true);
    assert_int_equal(jbzi_buf_available(pool, false), 16384 - sizeof(jbzi_blk));
    jbz_conn_buffer(p->c, &room);
    assert_int_equal(room, 3 * 16384 / 4 - 4);
    hog(false);
    jbz_conn_buffer(p->c, &room);
    assert_int_equal(room, 16384);
}

/* The greediest is who holds most, wherever it does; those that are going already are not asked. */
static void what_counts_as_greed(void **state) {
    jbz_server_desc d = small_pool();
    peer *request, *out, *going, *starving;
    static char text[8000];
    uint8_t b[2200];
    size_t room;
    int i;
    (void)state;
    d.out_spill = 16000;
    for (i = 0; i < 2; i++) {
        raw_world(&d);
        going = raw_join();
        out = raw_join();
        request = dial_in();
        starving = raw_join();
        going->budget = out->budget = 0;
        jbz_conn_feed(going->c, "\x81\x05hello", 7);
        assert_int_equal(jbz_conn_send(going->c, JBZ_TEXT, text, 7000), JBZ_E_OK);
        pump();
        assert_int_equal(going->c->state, JBZI_CONN_LINGER); /* with 8 KiB that wait to be sent */
        memset(text, 'x', sizeof text);
        memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
        if (i == 0) feed(request, text, 3500); /* 4 KiB of a request */
        else assert_int_equal(jbz_conn_send(out->c, JBZ_TEXT, text, 3500), JBZ_E_OK); /* 4 KiB unsent */
        frame(b, FIN | OP_BIN, text, 2000);
        if (i) feed(request, text, 1000);
        else feed(out, b, 1000);
        hog(true);
        jbz_conn_buffer(starving->c, &room);
        assert_int_equal(room, 0);
        pass(400);
        assert_int_equal(request->open, i == 1);
        assert_int_equal(out->open, i == 0);
        assert_true(going->open && starving->open);
        assert_int_equal(logged[JBZ_LINE_NO_MEMORY], 1);
        hog(false);
    }
}

/* Half an answer is out and there is no memory for its rest: nothing can follow. */
static void half_an_answer_without_memory(void **state) {
    jbz_server_desc d = small_pool();
    uint8_t b[64];
    size_t n;
    peer *p;
    (void)state;
    if (!w.direct) return;
    raw_world(&d);
    p = dial_in(); /* ... to a request */
    p->budget = 1;
    jbz_conn_feed(p->c, "GET / HTTP/1.1\r\n\r\n", 18);
    hog(true);
    pump();
    assert_false(p->open);
    hog(false);
    assert_int_equal(stats().refused, 1);
    p = live_call(SID_A, "inbound"); /* ... to a Close: the call has ended all the same */
    p->budget = 1;
    n = frame(b, FIN | OP_CLOSE, "\x03\xe8", 2);
    jbz_conn_feed(p->c, b, n);
    hog(true);
    pump();
    assert_false(p->open);
    logs("end(END:0)");
    hog(false);
    p = raw_join(); /* ... our own Close */
    hog(true);
    p->budget = 1;
    jbz_conn_drop(p->c, 1001, NULL);
    assert_int_equal(p->c->state, JBZI_CONN_DEAD);
    hog(false);
    pump();
    assert_int_equal(stats().conns, 0);
    assert_int_equal(stats().pool_used, 0);
}

/* A message over out_spill may wait if it is the first; then NOMEM is memory's fault, FULL the peer's. */
static void one_message_over_the_spill(void **state) {
    jbz_server_desc d = small_pool();
    static char text[5000];
    peer *p;
    (void)state;
    d.out_spill = 1000;
    raw_world(&d);
    p = raw_join();
    memset(text, 'x', sizeof text);
    p->budget = 0;
    hog(true);
    assert_int_equal(jbz_conn_send(p->c, JBZ_TEXT, text, sizeof text), JBZ_E_NOMEM);
    hog(false);
    assert_int_equal(jbz_conn_send(p->c, JBZ_TEXT, text, sizeof text), JBZ_E_OK);
    assert_int_equal(jbz_conn_send(p->c, JBZ_TEXT, text, sizeof text), JBZ_E_FULL);
    p->budget = SIZE_MAX;
    assert_int_equal(next_frame(p), OP_TEXT);
    assert_int_equal(p->text_n, sizeof text);
    hears_nothing(p);
}

/* What is sent while a message is handled: something else, the message, the message and the NUL behind it. */
static void speak_up(const jbz_event *ev) {
    if (ev->type != JBZ_EV_TEXT) return;
    assert_int_equal(jbz_conn_send(ev->conn, JBZ_TEXT, "mine", 4), JBZ_E_OK);
    assert_int_equal(jbz_conn_send(ev->conn, JBZ_BINARY, ev->bytes, ev->len + 1), JBZ_E_OK);
    assert_int_equal(jbz_conn_send(ev->conn, JBZ_TEXT, ev->bytes, ev->len), JBZ_E_OK);
}
static void sending_while_a_message_is_handled(void **state) {
    uint8_t b[128];
    size_t n;
    int i;
    peer *p;
    (void)state;
    raw_world(NULL);
    w.act = speak_up;
    p = raw_join();
    n = frame(b, FIN | OP_TEXT, "yours", 5);
    n += frame(b + n, FIN | OP_TEXT, "yours", 5); /* the NUL lies on its first byte */
    feed(p, b, n);
    for (i = 0; i < 2; i++) {
        hears(p, "mine");
        assert_int_equal(next_frame(p), OP_BIN);
        assert_int_equal(p->text_n, 6);
        assert_memory_equal(p->text, "yours", 6);
        hears(p, "yours");
    }
    hears_nothing(p);
}

/* Who has no logger, or one for worse things, is served no other way. */
static void without_a_logger(void **state) {
    int i;
    (void)state;
    for (i = 0; i < 3; i++) {
        jbz_server_desc d = raw_desc();
        peer *p;
        if (i == 1) d.log.fn = NULL;
        if (i == 2) d.log.level = JBZ_LOG_ERROR;
        raw_world(&d);
        p = raw_join();
        feed(p, "\x81\x05hello", 7);
        assert_true(failed_with(p, 1002));
        assert_int_equal(stats().failed, 1);
        assert_int_equal(logged[JBZ_LINE_PROTOCOL], i == 0);
    }
}

/*---- connections that are gone ----*/

/* A transport may say once too often that it is closed. */
static void told_of_its_end_twice(void **state) {
    jbz_server_desc d = raw_desc();
    jbz_conn *c[2];
    const void *bytes;
    size_t room = 9;
    peer *p;
    (void)state;
    d.max_conns = 2;
    raw_world(&d);
    p = raw_join();
    c[0] = p->c;
    jbz_conn_sent(c[0], 5); /* nothing was pending */
    leave(p, 1000);
    assert_int_equal(stats().conns, 0);
    jbz_conn_closed(c[0]);
    jbz_conn_eof(c[0]);
    jbz_conn_sent(c[0], 5);
    pump();
    assert_int_equal(jbz_conn_wants(c[0]), 0);
    assert_int_equal(jbz_conn_pending(c[0], &bytes), 0);
    assert_int_equal(jbz_conn_feed(c[0], "x", 1), 1); /* for nobody */
    jbz_conn_buffer(c[0], &room);
    assert_int_equal(room, 0);
    assert_int_equal(jbz_conn_send(c[0], JBZ_TEXT, "x", 1), JBZ_E_GONE);
    assert_int_equal(jbz_conn_drop(c[0], 1001, NULL), JBZ_E_GONE);
    assert_null(jbz_core_changed(w.core));
    assert_int_equal(stats().conns, 0);
    c[0] = jbz_conn_open(w.core); /* its place is free once, not twice */
    c[1] = jbz_conn_open(w.core);
    assert_non_null(c[0]);
    assert_non_null(c[1]);
    assert_ptr_not_equal(c[0], c[1]);
    assert_null(jbz_conn_open(w.core));
}

/* The transport closes while the event that tells of the end is in the app's hands: the place is free with the next pull. */
static void closed_while_its_end_is_told(void **state) {
    jbz_event ev;
    peer *p;
    (void)state;
    p = live_call(SID_A, "outbound");
    jbz_hangup_call(the_call());
    do jbz_core_tick(w.core, w.now += 10); /* redirect, call:status, Close 1000, which it does not answer */
    while (w.now < 1000000 + 60000 && !jbz_core_next(w.core, &ev));
    assert_int_equal(ev.type, JBZ_EV_END);
    assert_int_equal(jbz_conn_wants(p->c), JBZ_WANT_CLOSE);
    jbz_conn_closed(p->c);
    p->open = false;
    assert_int_equal(stats().conns, 1);
    assert_false(jbz_core_next(w.core, &ev));
    assert_int_equal(stats().conns, 0);
}

/* A buffer asked for and not used is no one's. */
static void a_buffer_for_nothing(void **state) {
    jbz_event ev;
    size_t room, n;
    uint8_t b[64];
    peer *p, *q;
    (void)state;
    raw_world(NULL);
    p = raw_join();
    q = raw_join();
    jbz_conn_buffer(p->c, &room);
    assert_true(room > 0);
    jbz_conn_buffer(q->c, &room);
    assert_true(room > 0);
    assert_false(jbz_core_next(w.core, &ev));
    n = frame(b, FIN | OP_TEXT, "hello", 5);
    jbz_conn_buffer(p->c, &room);
    feed(q, b, n);
    assert_int_equal(seen_n, 1);
    feed(p, b, n);
    assert_int_equal(seen_n, 2);
}

#define TESTS(X) X(request_in_every_cut) X(no_request_in_time) X(requests_without_end) X(a_second_request_is_frames) X(every_length_form) \
    X(broken_rules) X(max_message_exactly) X(any_segmentation_is_the_same) X(peers_in_turns) X(input_at_the_edge) X(utf8_fails_at_the_byte) \
    X(closes_of_the_peer) X(our_close) X(data_after_close) X(lingering) X(ends_without_close) X(pings_and_death) X(pongs_are_echoes) \
    X(a_flood_of_pings) X(partial_writes) X(the_peer_does_not_read) X(what_came_before_the_pause_is_told) X(long_messages_out) \
    X(broken_transport) X(the_greediest_goes) X(starving_ends) X(bytes_that_find_no_memory) X(the_reserve_is_for_those_who_are_waited_for) \
    X(tiny_fragments) X(places_are_used_again) X(without_the_list_of_changes) X(wheel_against_a_list) X(a_clock_that_goes_back_or_stands) \
    X(jumps) X(the_trace_sees_everything) X(log_lines_are_limited) X(every_allocation_fails) X(feeding_while_an_event_is_handled) \
    X(a_request_that_finds_no_memory_for_its_answer) X(half_a_long_message_without_memory) \
    X(starving_does_not_prolong_the_handshake) X(env_vars_leave_the_reserve) X(room_in_a_pool_of_pieces) X(what_counts_as_greed) \
    X(half_an_answer_without_memory) X(one_message_over_the_spill) X(sending_while_a_message_is_handled) X(without_a_logger) \
    X(told_of_its_end_twice) X(closed_while_its_end_is_told) X(a_buffer_for_nothing)

int main(int argc, char **argv) {
    static char direct[] = "direct";
    const struct CMUnitTest tests[] = {
#define X(f) cmocka_unit_test_prestate_setup_teardown(f, world_setup, world_teardown, NULL),
        TESTS(X)
#undef X
#define X(f) { #f "_direct", f, world_setup, world_teardown, direct },
        TESTS(X)
#undef X
    };
    log_verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (getenv("ONLY")) cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
