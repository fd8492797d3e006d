/* Room 8: request heads and the answers to them. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEADERS 100
#define LIMIT 8192
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define WS "Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n"
#define GET "GET / HTTP/1.1\r\n"

/* What the jambonz feature server sends (npm ws), with Basic auth. */
static const char jambonz[] = "GET /app?x=1 HTTP/1.1\r\nuser-agent: jambonz\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: " KEY "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\n"
    "Host: 10.0.0.5:3000\r\nAuthorization: Basic dXNlcjpwYXNz\r\n\r\n";

/* What the media server sends (libwebsockets): it sets an Origin that equals the host. */
static const char media[] = "GET /audio?jbz=1 HTTP/1.1\r\nPragma: no-cache\r\nCache-Control: no-cache\r\nHost: 10.0.0.5\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nOrigin: http://10.0.0.5\r\nSec-WebSocket-Key: " KEY "\r\n"
    "Sec-WebSocket-Protocol: audio.jambonz.org\r\nSec-WebSocket-Version: 13\r\n\r\n";

/* Two pages' room at the end of which input is put: reading one byte too many ends the test. */
static char *edge;

static int map_edge(void **state) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (LIMIT / page + 2) * page;
    char *p = (char *)mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    if (p == (char *)MAP_FAILED || mprotect(p + room, page, PROT_NONE) != 0) return -1;
    edge = p + room;
    return 0;
}

static char *at_edge(const char *src, size_t n) {
    memcpy(edge - n, src, n);
    return edge - n;
}

static int parse_n(jbzi_http_req *r, const char *text, size_t n) { return jbzi_http_parse(r, at_edge(text, n), n, HEADERS); }
static int parse(jbzi_http_req *r, const char *text) { return parse_n(r, text, strlen(text)); }

static bool is(jbzi_http_str s, const char *text) { return s.p && jbzi_http_is(s, text); }

/* Scans and parses as a connection would: 0 more wanted, 101 a handshake, else the status of the refusal. */
static int ask_n(const char *text, size_t n) {
    jbzi_http_req r;
    size_t scanned = 0;
    const char *why;
    int status = jbzi_http_scan(at_edge(text, n), n, LIMIT, &scanned, &why);
    assert_non_null(why);
    if (status != 200) return status;
    status = jbzi_http_parse(&r, edge - n, scanned, HEADERS);
    assert_true(status == 0 || strlen(r.why) > 10);
    if (status) return status;
    assert_true(r.ws_status == 0 || strlen(r.why) > 10);
    return r.ws_status ? r.ws_status : 101;
}

static int ask(const char *text) { return ask_n(text, strlen(text)); }

/*---- what is understood ----*/

static void request_of_jambonz(void **state) {
    jbzi_http_req r;
    (void)state;
    assert_int_equal(parse(&r, jambonz), 0);
    assert_int_equal(r.ws_status, 0);
    assert_int_equal(r.method, JBZI_HTTP_GET);
    assert_true(is(r.path, "/app") && is(r.query, "x=1"));
    assert_true(is(r.field[JBZI_HTTP_HOST], "10.0.0.5:3000") && is(r.field[JBZI_HTTP_KEY], KEY));
    assert_true(is(r.field[JBZI_HTTP_AUTH], "Basic dXNlcjpwYXNz"));
    assert_true(r.upgrade && r.connection && !r.field[JBZI_HTTP_ORIGIN].p);
    assert_true(jbzi_http_offers(&r, "ws.jambonz.org"));
    assert_false(jbzi_http_offers(&r, "audio.jambonz.org"));
    assert_true(jbzi_http_basic(&r, "user:pass"));
    assert_true(jbzi_http_same_origin(&r));
}

static void request_of_the_media_server(void **state) {
    jbzi_http_req r;
    (void)state;
    assert_int_equal(parse(&r, media), 0);
    assert_int_equal(r.ws_status, 0);
    assert_true(jbzi_http_offers(&r, "audio.jambonz.org"));
    assert_true(is(r.field[JBZI_HTTP_ORIGIN], "http://10.0.0.5"));
    assert_true(jbzi_http_same_origin(&r));
}

static void plain_requests(void **state) {
    static const struct { const char *text; jbzi_http_method method; } t[] = { { "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        JBZI_HTTP_GET },
        { "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", JBZI_HTTP_HEAD }, { "OPTIONS /a HTTP/1.1\r\nHost: h\r\n\r\n",
        JBZI_HTTP_OPTIONS },
        { "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", JBZI_HTTP_OTHER },
        { "GETX / HTTP/1.1\r\nHost: h\r\n\r\n", JBZI_HTTP_OTHER },
        { "GE / HTTP/1.1\r\nHost: h\r\n\r\n", JBZI_HTTP_OTHER } };
    jbzi_http_req r;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        assert_int_equal(parse(&r, t[i].text), 0);
        assert_int_equal(r.method, t[i].method);
        assert_int_equal(r.ws_status, 426);
        assert_false(r.upgrade);
    }
}

/* Header names in any case, values with any blanks around, lists in one header or in several. */
static void spellings(void **state) {
    static const char *const good[] = {
        GET WS "\r\n",
        GET "host:h\r\nUPGRADE:WebSocket\r\nconnection:upgrade\r\nsec-websocket-version:13\r\n"
            "SEC-WEBSOCKET-KEY:" KEY "\r\n\r\n",
        GET "Host: \t h \t\r\nUpgrade:  websocket \r\nConnection:\tUpgrade\t\r\nSec-WebSocket-Version: 13  \r\n"
            "Sec-WebSocket-Key: \t" KEY "\t \r\n\r\n",
        GET "Host: h\r\nUpgrade: h2c, websocket\r\nConnection: keep-alive ,\tUpgrade , te\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
        GET "Host: h\r\nUpgrade: h2c\r\nUpgrade: websocket\r\nConnection: keep-alive\r\n"
            "Connection: ,,Upgrade,\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
        GET WS "X-Empty:\r\nX-Blank: \r\nX-A: b: c, d; e=\"f,g\"\r\nX-Obs: caf\xe9 \xff\x80\r\nX-Tab: a\tb\r\n"
            "X-Tab: again\r\n\r\n",
        GET WS "X-Upgrade: nothing\r\nConnection-X: close\r\nSec-WebSocket-Key2: AAAA\r\n"
            "X-Sec-WebSocket-Version: 7\r\nHostile: x\r\n!#$%&'*+-.^_`|~09: x\r\n\r\n",
        GET "Upgrade: \twebsocket\t,\tx\r\n" WS "Connection: close\r\nConnection: upgrade\r\n\r\n",
        "GET /?a=1&b=%20c HTTP/1.1\r\n" WS "\r\n", "GET http://H/a HTTP/1.1\r\n" WS "\r\n",
        "GET HTTP://h/?q HTTP/1.1\r\n" WS "\r\n",
        GET "Host: [::1]:3000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof good / sizeof *good; i++) assert_int_equal(ask(good[i]), 101);
}

static void targets(void **state) {
    static const struct { const char *line, *path, *query; } t[] = { { "GET / HTTP/1.1", "/", NULL }, { "GET /a/b HTTP/1.1",
        "/a/b", NULL },
        { "GET /a? HTTP/1.1", "/a", "" }, { "GET /a?b?c HTTP/1.1", "/a", "b?c" }, { "GET //a HTTP/1.1", "//a", NULL },
        { "GET /%00%2e%2E/..\\x HTTP/1.1", "/%00%2e%2E/..\\x", NULL }, { "GET http://h/p?q HTTP/1.1", "/p", "q" } };
    char text[300];
    jbzi_http_req r;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        snprintf(text, sizeof text, "%s\r\nHost: h\r\n\r\n", t[i].line);
        assert_int_equal(parse(&r, text), 0);
        assert_true(is(r.path, t[i].path));
        if (t[i].query) assert_true(is(r.query, t[i].query));
        else assert_null(r.query.p);
    }
}

/*---- what is refused ----*/

static void bad_first_lines(void **state) {
    static const char *const bad[] = { "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ", "GET /",
        "GET", "GET / ",
        "GET HTTP/1.1", "GET /a b HTTP/1.1", "GET nopath HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1",
        "CONNECT h:80 HTTP/1.1",
        "GET ?q HTTP/1.1", "GET /a#f HTTP/1.1", "GET /a?b#f HTTP/1.1", "GET /\xc3\xa4 HTTP/1.1", "GET /\x7f HTTP/1.1",
        "GET /a\tb HTTP/1.1",
        "GET /?\x01 HTTP/1.1", "GET\t/ HTTP/1.1", "get / HTTP/1.1", "G-T / HTTP/1.1", "GET / HTTP/1.0", "GET / HTTP/0.9",
        "GET / HTTP/2.0",
        "GET / HTTP/1.x", "GET / http/1.1", "GET / HTTP/1.10", "GET / HTTP/01.1", "GET http:// HTTP/1.1",
        "GET http://h HTTP/1.1",
        "GET http://h?q HTTP/1.1", "GET http://other/ HTTP/1.1", "GET http://h:80/ HTTP/1.1", "GET https://h/ HTTP/1.1",
        "GET http:/h HTTP/1.1",
        "GET http://u@h/ HTTP/1.1", "GET http://x/ HTTP/1.1", "GET http://h\x7f/ HTTP/1.1", "GET /?\x7f HTTP/1.1",
        "GET http://h\x01/ HTTP/1.1", "GET http\x1a//h/ HTTP/1.1", "\r\nGET / HTTP/1.1",
        "GET /\r HTTP/1.1", "GET / HTTP/1.1\r" };
    char text[400];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "%s\r\n" WS "\r\n", bad[i]);
        assert_int_equal(ask(text), 400);
    }
    assert_int_equal(ask("GET / \r\n\r\n"), 400);
    assert_int_equal(ask_n("GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n", 31), 400);
}

static void bad_header_lines(void **state) {
    static const char *const bad[] = { "Upgrade : websocket", "Upgrade\t: websocket", " X: folded", "X: a\r\n b",
        "X: a\r\n\tb", ": value", "no colon here",
        "X Y: v", "X\x01Y: v", "X\x80: v", "X(: v", "X: a\rb", "X: a\r", "X: a\x01", "X: \x0b", "X: \x7f", "X: \x1b[2J",
        "X: 1234567\x7f", "X: 1234567\x08" "9",
        "Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Content-Length: 5", "Content-Length: 00",
        "Content-Length: -1", "Content-Length: +0",
        "Content-Length: 99999999999999999999", "Content-Length:", "Content-Length: 0, 0",
        "Content-Length: 0\r\nContent-Length: 0",
        "Host: h", "host: other", "Sec-WebSocket-Key: " KEY, "Sec-WebSocket-Version: 13", "Origin: a\r\nOrigin: a",
        "Authorization: a\r\nAuthorization: b", "Origin:\r\nOrigin:" };
    char text[500];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, GET WS "%s\r\n\r\n", bad[i]);
        assert_int_equal(ask(text), 400);
        snprintf(text, sizeof text, GET "%s\r\n" WS "\r\n", bad[i]);
        assert_int_equal(ask(text), 400);
    }
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"), 400); /* no handshake, no body either */
    snprintf(text, sizeof text, GET WS "X: a?b\r\n\r\n");
    *strchr(text, '?') = 0;
    assert_int_equal(ask_n(text, sizeof(GET WS "X: a?b\r\n\r\n") - 1), 400);
}

/* Each control in each place of a value as long as some words: the word-wise search may not miss one. */
static void every_control_everywhere(void **state) {
    char text[400];
    size_t base = (size_t)snprintf(text, sizeof text, GET WS "X: "), at;
    int c;
    (void)state;
    for (at = 0; at < 20; at++)
        for (c = 0; c < 256; c++) {
            bool ok = (c >= 0x20 && c != 0x7f) || c == '\t';
            memset(text + base, 'v', 20);
            memcpy(text + base + 20, "\r\n\r\n", 4);
            text[base + at] = (char)c;
            assert_int_equal(ask_n(text, base + 24), ok ? 101 : 400);
        }
}

static void hosts(void **state) {
    static const struct { const char *line; int status; } t[] = { { "Host: a.example:80", 426 }, { "Host: [2001:db8::1]",
        426 }, { "", 400 },
        { "Host:", 400 }, { "Host: ", 400 }, { "Host: a b", 400 }, { "Host: a,b", 400 }, { "Host: a/b", 400 }, { "Host: a@b",
        400 }, { "Host: \xc3\xa4", 400 },
        { "Host: a?b", 400 }, { "Host: a\\b", 400 }, { "Hosts: a", 400 } };
    char text[200];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        snprintf(text, sizeof text, GET "%s%s\r\n", t[i].line, *t[i].line ? "\r\n" : "");
        assert_int_equal(ask(text), t[i].status);
    }
}

/* One thing of a good handshake replaced by another. */
static int swapped(const char *from, const char *to) {
    static const char good[] = GET WS "\r\n";
    char text[1000];
    const char *at = strstr(good, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    return ask(text);
}

static void no_handshakes(void **state) {
    static const char *const keys[] = { "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBs ZSBub25jZQ==",
        "==dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBs==SBub25jZQ==", "abcdefghijklmnopqrstuvwx", "dGhlIHNhbXBsZSBub25jZQ==x",
        KEY ", " KEY, "dGhlIHNhbXBsZSBub25j!Q==",
        "-_-_-_-_-_-_-_-_-_-_-_==", "AAAAAAAAAAAAAAAAAAAAAB==", "AAAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAA=" };
    size_t i;
    (void)state;
    assert_int_equal(swapped("Upgrade: websocket\r\n", ""), 426);
    assert_int_equal(swapped("Upgrade: websocket", "Upgrade: websockets"), 426);
    assert_int_equal(swapped("Upgrade: websocket", "Upgrade: web socket"), 426);
    assert_int_equal(swapped("Upgrade: websocket", "Upgrade:"), 426);
    assert_int_equal(swapped("Upgrade: websocket", "Upgrade: websocket/13"), 426);
    assert_int_equal(swapped("Upgrade: websocket", "Upgrade: websockex"), 426);
    assert_int_equal(swapped("Version: 13", "Version: 8"), 426);
    assert_int_equal(swapped("Version: 13", "Version: 013"), 426);
    assert_int_equal(swapped("Version: 13", "Version: 13, 8"), 426);
    assert_int_equal(swapped("Sec-WebSocket-Version: 13\r\n", ""), 426);
    assert_int_equal(swapped("Connection: Upgrade\r\n", ""), 400);
    assert_int_equal(swapped("Connection: Upgrade", "Connection: keep-alive"), 400);
    assert_int_equal(swapped("Connection: Upgrade", "Connection: Upgrade-Insecure, up grade"), 400);
    assert_int_equal(swapped("Sec-WebSocket-Key: " KEY "\r\n", ""), 400);
    assert_int_equal(swapped("GET", "HEAD"), 400);
    assert_int_equal(swapped("GET", "OPTIONS"), 400);
    assert_int_equal(swapped("Host", "Content-Length: 0\r\nHost"), 400);
    for (i = 0; i < sizeof keys / sizeof *keys; i++) assert_int_equal(swapped(KEY, keys[i]), 400);
}

/*---- limits, pieces, foreigners ----*/

static void header_count(void **state) {
    char text[LIMIT];
    size_t n, i;
    (void)state;
    for (n = 95; n <= 97; n++) { /* and 5 of the handshake */
        size_t at = (size_t)snprintf(text, sizeof text, GET WS);
        for (i = 0; i < n; i++) at += (size_t)snprintf(text + at, sizeof text - at, "X: %d\r\n", (int)i);
        snprintf(text + at, sizeof text - at, "\r\n");
        assert_int_equal(ask(text), n <= 95 ? 101 : 431);
    }
}

static void request_size(void **state) {
    static char text[LIMIT + 10];
    size_t base = (size_t)snprintf(text, sizeof text, GET WS "X: "), scanned, n;
    const char *why;
    (void)state;
    memset(text + base, 'x', sizeof text - base);
    for (n = LIMIT - 1; n <= LIMIT + 1; n++) {
        memset(text + base, 'x', sizeof text - base);
        memcpy(text + n - 4, "\r\n\r\n", 4);
        assert_int_equal(ask_n(text, n), n <= LIMIT ? 101 : 431);
        scanned = 0;
        assert_int_equal(jbzi_http_scan(text, n - 1, LIMIT, &scanned, &why), n <= LIMIT ? 0 : 431);
    }
}

/* Byte by byte, and cut in two anywhere: the same end is found, every byte is looked at once, what follows is not touched. */
static void every_split(void **state) {
    char text[sizeof jambonz + 5];
    size_t n = sizeof jambonz - 1, i, scanned, cut;
    const char *why;
    (void)state;
    memcpy(text, jambonz, n);
    memcpy(text + n, "\x81\x80\r\n\r\n", 6);
    for (scanned = 0, i = 0; i < n; i++) {
        assert_int_equal(jbzi_http_scan(at_edge(text, i), i, LIMIT, &scanned, &why), 0);
        assert_int_equal(scanned, i);
    }
    assert_int_equal(jbzi_http_scan(text, n, LIMIT, &scanned, &why), 200);
    assert_int_equal(scanned, n);
    for (cut = 0; cut < n; cut++) {
        scanned = 0;
        assert_int_equal(jbzi_http_scan(text, cut, LIMIT, &scanned, &why), 0);
        assert_int_equal(jbzi_http_scan(text, n + 6, LIMIT, &scanned, &why), 200);
        assert_int_equal(scanned, n);
    }
}

/* A head that is cut short, or has an empty line before its end, is no head; nothing is read behind it. */
static void parse_survives_cuts(void **state) {
    jbzi_http_req r;
    size_t n;
    (void)state;
    for (n = 0; n < sizeof jambonz - 1; n++) assert_int_equal(parse_n(&r, jambonz, n), 400);
    assert_int_equal(parse(&r, GET WS "\r\n" WS "\r\n"), 400);
    assert_int_equal(parse(&r, "\r\n\r\n"), 400);
    assert_int_equal(parse(&r, "G\r\n\r\n"), 400);
    assert_int_equal(parse(&r, GET "\r\n"), 400);
    assert_int_equal(parse(&r, "GETx / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
    assert_int_equal(parse(&r, "/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

static void bare_line_feeds(void **state) {
    (void)state;
    assert_int_equal(ask("GET / HTTP/1.1\nHost: h\n\n"), 400);
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: h\n"), 400); /* at once */
    assert_int_equal(ask(GET "Host: h\r\n\n"), 400);
    assert_int_equal(ask(GET "Host: h\r\n\r\r\n"), 0);       /* no end yet ... */
    assert_int_equal(ask(GET "Host: h\r\n\r\r\n\r\n"), 400);   /* ... and no header */
}

/* The shortest beginning that tells a foreigner is refused; every beginning of a request is not. */
static void foreign_protocols(void **state) {
    static const struct { const char *bytes; size_t n; } t[] = { { "\x16", 1 }, { "\x80", 1 }, { "\x05\x01", 1 }, { "\0",
        1 }, { "SSH-", 4 },
        { "PRI *", 5 }, { "PROXY T", 7 }, { "\r", 1 }, { "*1", 1 }, { "PING\r", 5 }, { "OPTIONS s", 9 }, { "INVITE s", 8 },
        { "GET g", 5 },
        { "get", 1 }, { "HTTP/1.1", 5 }, { "{", 1 }, { "GET  ", 5 }, { "AAAAAAAAAAAAAAAAA", 17 }, { "\xff", 1 }, { " ", 1 },
        { "<", 1 } };
    static const char good[] = "UPDATEABLELONGER http://h/";
    size_t i, n;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        assert_int_equal(ask_n(t[i].bytes, t[i].n - 1), 0);
        assert_int_equal(ask_n(t[i].bytes, t[i].n), 400);
    }
    assert_true(jbzi_http_hopeless("AAAAAAAAAAAAAAAAAAAA", 20));
    assert_true(jbzi_http_hopeless("AAAAAAAAAAAAAAAAA / ", 20)); /* the blank comes too late, in one piece or in many */
    for (n = 0; n < sizeof good; n++) assert_false(jbzi_http_hopeless(at_edge(good, n), n));
    for (n = 0; n < sizeof jambonz - 1; n++) assert_int_equal(ask_n(jambonz, n), 0);
}

/*---- lists ----*/

static void subprotocols(void **state) {
    static const struct { const char *lines; bool offered; } t[] = { { "", false },
        { "Sec-WebSocket-Protocol: ws.jambonz.org\r\n", true },
        { "Sec-WebSocket-Protocol: WS.jambonz.org\r\n", false }, { "Sec-WebSocket-Protocol: ws.jambonz.orgs\r\n", false },
        { "Sec-WebSocket-Protocol: ws.jambonz.or\r\n", false }, { "Sec-WebSocket-Protocol: xws.jambonz.org\r\n", false },
        { "Sec-WebSocket-Protocol: a, ws.jambonz.org , b\r\n", true }, { "Sec-WebSocket-Protocol: ,,\tws.jambonz.org,\r\n",
        true },
        { "sec-websocket-protocol: a\r\nX: y\r\nSEC-WEBSOCKET-PROTOCOL: ws.jambonz.org\r\nX: z\r\n", true },
        { "Sec-WebSocket-Protocol: a\r\nX-Sec-WebSocket-Protocol: ws.jambonz.org\r\n", false },
        { "Sec-WebSocket-Protocol:\r\n", false },
        { "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocols: ws.jambonz.org\r\n", false },
        { "Sec-WebSocket-Protocol: a ws.jambonz.org\r\n", false }, { "Sec-WebSocket-Protocol: \"ws.jambonz.org\"\r\n",
        false } };
    char text[600];
    jbzi_http_req r;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        snprintf(text, sizeof text, GET "%s" WS "\r\n", t[i].lines);
        assert_int_equal(parse(&r, text), 0);
        assert_int_equal(jbzi_http_offers(&r, "ws.jambonz.org"), t[i].offered);
        snprintf(text, sizeof text, GET WS "%s\r\n", t[i].lines);
        assert_int_equal(parse(&r, text), 0);
        assert_int_equal(jbzi_http_offers(&r, "ws.jambonz.org"), t[i].offered);
    }
}

/* 6,000 separators and 900 entries are a list like any other. */
static void long_lists(void **state) {
    static char text[LIMIT];
    jbzi_http_req r;
    size_t at = (size_t)snprintf(text, sizeof text, GET WS "Sec-WebSocket-Protocol: "), i;
    (void)state;
    for (i = 0; i < 6000; i++) text[at++] = ", \t"[i % 3];
    snprintf(text + at, sizeof text - at, "ws.jambonz.org\r\n\r\n");
    assert_int_equal(parse(&r, text), 0);
    assert_true(jbzi_http_offers(&r, "ws.jambonz.org"));
    at = (size_t)snprintf(text, sizeof text, GET WS "Sec-WebSocket-Protocol: ");
    for (i = 0; i < 900; i++) at += (size_t)snprintf(text + at, sizeof text - at, "p%d,", (int)i);
    snprintf(text + at, sizeof text - at, "ws\r\n\r\n");
    assert_int_equal(parse(&r, text), 0);
    assert_true(jbzi_http_offers(&r, "p899") && jbzi_http_offers(&r, "ws"));
    assert_false(jbzi_http_offers(&r, "p90") && jbzi_http_offers(&r, "p900"));
}

static void any_header(void **state) {
    jbzi_http_req r;
    char *at = NULL;
    (void)state;
    assert_int_equal(parse(&r, GET "Host: h\r\nX-F:\t 1 \t\r\nY-F: no\r\nX-Ff: no\r\nx-f:\r\nX-F: 3\r\n\r\n"), 0);
    assert_true(is(jbzi_http_next(&r, "X-F", &at), "1"));
    assert_true(is(jbzi_http_next(&r, "X-F", &at), ""));
    assert_true(is(jbzi_http_next(&r, "X-F", &at), "3"));
    assert_null(jbzi_http_next(&r, "X-F", &at).p);
    assert_null(jbzi_http_next(&r, "X-F", &at).p);
    at = NULL;
    assert_null(jbzi_http_next(&r, "GET /", &at).p);
}

/* The table of names agrees with the enum. */
static void known_names(void **state) {
    static const struct { const char *name; int id; } t[] = { { "hOST", JBZI_HTTP_HOST }, { "Origin", JBZI_HTTP_ORIGIN },
        { "Authorization", JBZI_HTTP_AUTH }, { "Content-Length", JBZI_HTTP_LENGTH }, { "Sec-WebSocket-Key", JBZI_HTTP_KEY },
        { "Sec-WebSocket-Version", JBZI_HTTP_VERSION }, { "Upgrade", JBZI_HTTP_UPGRADE }, { "Connection",
        JBZI_HTTP_CONNECTION },
        { "Sec-WebSocket-Protocol", JBZI_HTTP_PROTOCOL }, { "Transfer-Encoding", JBZI_HTTP_CODING }, { "", JBZI_HTTP_UNKNOWN },
        { "Sec-WebSocket-Extensions", JBZI_HTTP_UNKNOWN }, { "Content\rLength", JBZI_HTTP_UNKNOWN }, { "H/st",
        JBZI_HTTP_UNKNOWN },
        { "\x48\x4f\x53\x14", JBZI_HTTP_UNKNOWN }, { "Sec-WebSocket\x0dKey", JBZI_HTTP_UNKNOWN } };
    static char longest[4000];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        size_t n = strlen(t[i].name);
        assert_int_equal(jbzi_http_known(at_edge(t[i].name, n), n), t[i].id);
    }
    memset(longest, 'x', sizeof longest);
    for (i = 0; i < sizeof longest; i += 7) assert_int_equal(jbzi_http_known(at_edge(longest, i), i), JBZI_HTTP_UNKNOWN);
}

static void tokens(void **state) {
    (void)state;
    assert_true(jbzi_http_is_token("ws.jambonz.org"));
    assert_false(jbzi_http_is_token(""));
    assert_false(jbzi_http_is_token("a b"));
    assert_false(jbzi_http_is_token("a\r\nX: y"));
    assert_false(jbzi_http_is_token("a,b"));
    assert_false(jbzi_http_is_token("\xc3\xa4"));
}

/*---- policies ----*/

static void origins(void **state) {
    static const struct { const char *host, *origin; bool same; } t[] = { { "h", "http://h", true }, { "h", "https://H",
        true }, { "H:80", "http://h", true },
        { "h", "https://h:443", true }, { "h:443", "http://h:80", true }, { "h:3000", "http://h:3000", true }, { "h:3000",
        "http://h", false },
        { "h", "http://h:3000", false }, { "h", "http://h.evil", false }, { "h", "http://evilh", false }, { "h", "http://h/",
        false }, { "h", "h", false },
        { "h", "null", false }, { "h", "", false }, { "h", "http:h", false }, { "h", "http:abc", false },
        { "h", "http://x", false },
        { "h1", "http://h2", false }, { "h|", "http://h~", false },
        { "h", "http://", false }, { "h", "http://u@h",
        false },
        { "h", "http://x://h", false }, { "h", "http://h http://h", false }, { "[::1]:80", "http://[::1]", true }, { "h",
        "://h", true },
        { "h:8080", "http://h:80", false }, { "h:80", "http://h:8080", false }, { "@", "", false } };
    char text[200];
    jbzi_http_req r;
    size_t i;
    (void)state;
    for (i = 0; i + 1 < sizeof t / sizeof *t; i++) {
        snprintf(text, sizeof text, GET "Host: %s\r\nOrigin: %s\r\n\r\n", t[i].host, t[i].origin);
        assert_int_equal(parse(&r, text), 0);
        assert_int_equal(jbzi_http_same_origin(&r), t[i].same);
    }
    assert_int_equal(parse(&r, GET "Host: h\r\nOrigin: https://App.example\r\n\r\n"), 0);
    assert_true(jbzi_http_origin_is(&r, "https://app.example") && jbzi_http_origin_is(&r, "*"));
    assert_false(jbzi_http_origin_is(&r, "https://app.exampl") || jbzi_http_origin_is(&r, "https://app.exampl3")
        || jbzi_http_origin_is(&r, "app.example")
        || jbzi_http_origin_is(&r, "null"));
    assert_int_equal(parse(&r, GET "Host: h\r\n\r\n"), 0);
    assert_true(jbzi_http_same_origin(&r) && !jbzi_http_origin_is(&r, ""));
}

static void basic_auth(void **state) {
    static const struct { const char *value; bool ok; } t[] = { { "Basic dXNlcjpwYXNz", true }, { "bAsIc dXNlcjpwYXNz",
        true }, { "Basic   dXNlcjpwYXNz", true },
        { "", false }, { "Basic", false }, { "Basic ", false }, { "Basic dXNlcjpwYXN", false }, { "Basic dXNlcjpwYX==",
        false }, { "Basic dXNlcjpwYXNzcw==", false },
        { "Basic dXNlcjpwYXM=", false }, { "Basic dXNlcjpwYXNzAA==", false }, { "Bearer dXNlcjpwYXNz", false },
        { "BasicdXNlcjpwYXNz", false },
        { "Basic dXNlcjpwYXNz x", false }, { "Basic user:pass", false }, { "Basic dXNlcjpQYXNz", false }, { "Basic =",
        false }, { "Basic ====", false },
        { "Basic\tdXNlcjpwYXNz", false } };
    static char text[LIMIT], big[6000];
    jbzi_http_req r;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        snprintf(text, sizeof text, GET WS "Authorization: %s\r\n\r\n", t[i].value);
        assert_int_equal(parse(&r, text), 0);
        assert_int_equal(jbzi_http_basic(&r, "user:pass"), t[i].ok);
    }
    assert_int_equal(parse(&r, GET WS "\r\n"), 0);
    assert_false(jbzi_http_basic(&r, "user:pass"));
    memset(big, 'A', sizeof big);
    snprintf(text, sizeof text, GET WS "Authorization: Basic %.*s\r\n\r\n", 6000, big);
    assert_int_equal(parse(&r, text), 0);
    assert_false(jbzi_http_basic(&r, "user:pass"));
}

/*---- answers ----*/

/* Whether `p` is one well-formed answer: lines end in CR LF, one empty line, a body as long as it says. */
static void answer_is_sound(const char *p, size_t n, bool no_body) {
    const char *end = NULL, *len = NULL, *q;
    size_t i;
    for (i = 0; i + 3 < n && !end; i++)
        if (memcmp(p + i, "\r\n\r\n", 4) == 0) end = p + i + 4;
    assert_non_null(end);
    assert_memory_equal(p, "HTTP/1.1 ", 9);
    for (q = p; q < end; q++) {
        if (*q == '\n') assert_int_equal(q[-1], '\r');
        if (*q == '\r') assert_int_equal(q[1], '\n');
        assert_true(*q >= ' ' || *q == '\r' || *q == '\n');
        if (strncmp(q, "\r\nContent-Length: ", 18) == 0) len = q + 18;
    }
    assert_int_equal(len != NULL, !no_body); /* RFC 9110 8.6: may be left out in the answer to a HEAD */
    assert_int_equal(n - (size_t)(end - p), no_body ? 0 : atoi(len));
}

static void answers(void **state) {
    static const int codes[] = { 200, 400, 401, 403, 404, 405, 426, 431, 503, 418 };
    char buf[400];
    size_t i, n, cap;
    unsigned how;
    (void)state;
    for (i = 0; i < sizeof codes / sizeof *codes; i++)
        for (how = 0; how < 8; how++) {
            n = jbzi_http_answer(buf, sizeof buf - 1, codes[i], NULL, "Why so.", 7, NULL, how);
            assert_true(n > 0);
            buf[n] = 0;
            answer_is_sound(buf, n, how & JBZI_HTTP_NO_BODY);
            assert_int_equal(atoi(buf + 9), codes[i]);
            assert_int_equal(strstr(buf, "onnection: close") != NULL, !(how & JBZI_HTTP_KEEP));
            assert_int_equal(strstr(buf, "\r\nWWW-Authenticate: Basic realm=\"jambonz\"\r\n") != NULL, codes[i] == 401);
            assert_int_equal(strstr(buf, "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n") != NULL, codes[i] == 426);
            assert_int_equal(strstr(buf, "\r\nAllow: GET, HEAD") != NULL, codes[i] == 405);
            assert_int_equal(strstr(buf, "OPTIONS") != NULL, codes[i] == 405 && how & JBZI_HTTP_OPTS);
            assert_int_equal(strstr(buf, "Why so.\n") != NULL, !(how & JBZI_HTTP_NO_BODY));
            assert_int_equal(strstr(buf, "\r\nContent-Length: 8\r\n") != NULL, !(how & JBZI_HTTP_NO_BODY));
            for (cap = 0; cap < n; cap++) { /* too small is nothing at all, and nothing behind it is touched */
                char small[400];
                memset(small, '#', sizeof small);
                assert_int_equal(jbzi_http_answer(small, cap, codes[i], NULL, "Why so.", 7, NULL, how), 0);
                assert_int_equal(small[cap], '#');
            }
        }
    n = jbzi_http_answer(buf, sizeof buf - 1, 200, "application/json", "{}", 2, "X-A: b\r\n", 0);
    buf[n] = 0;
    answer_is_sound(buf, n, false);
    assert_string_equal(buf,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}");
    n = jbzi_http_answer(buf, sizeof buf, 503, "text/html", "", 0, NULL, JBZI_HTTP_KEEP);
    answer_is_sound(buf, n, false);
}

static void switching(void **state) {
    static const char want[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\n\r\n";
    char buf[400];
    jbzi_http_req r;
    size_t n, cap;
    (void)state;
    assert_int_equal(parse(&r, jambonz), 0);
    n = jbzi_http_101(buf, sizeof buf, &r, "ws.jambonz.org");
    assert_int_equal(n, sizeof want - 1);
    assert_memory_equal(buf, want, n);
    for (cap = 0; cap < n; cap++) assert_int_equal(jbzi_http_101(buf, cap, &r, "ws.jambonz.org"), 0);
    n = jbzi_http_101(buf, sizeof buf, &r, NULL);
    assert_memory_equal(buf + n - 33, " s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", 33);
}

/* CR, LF, their escapes, VT and characters that narrow to CR LF, wherever a peer may try: refused or without any trace. */
static void no_response_splitting(void **state) {
    static const char *const evil[] = { "a\rX-Evil: 1", "a\nX-Evil: 1", "a\r\nX-Evil: 1", "a%0d%0aX-Evil:%201",
        "a\x0bX-Evil: 1", "a\xe5\x98\x8d\xe5\x98\x8aX-Evil: 1" };
    static const char *const where[] = { "GET /%s HTTP/1.1\r\n" WS "\r\n", "GET /?%s HTTP/1.1\r\n" WS "\r\n",
        GET WS "Sec-WebSocket-Protocol: %s\r\n\r\n",
        GET WS "Origin: %s\r\n\r\n", GET WS "Sec-WebSocket-Extensions: %s\r\n\r\n", GET WS "%s: x\r\n\r\n" };
    char text[600], buf[400];
    jbzi_http_req r;
    size_t i, k, n;
    (void)state;
    for (i = 0; i < sizeof evil / sizeof *evil; i++)
        for (k = 0; k < sizeof where / sizeof *where; k++) {
            snprintf(text, sizeof text, where[k], evil[i]);
            if (parse(&r, text) == 0 && r.ws_status == 0) {
                n = jbzi_http_101(buf, sizeof buf - 1, &r, jbzi_http_offers(&r, "ws.jambonz.org") ? "ws.jambonz.org" : NULL);
            } else {
                n = jbzi_http_answer(buf, sizeof buf - 1, r.status ? r.status : r.ws_status, NULL, r.why, strlen(r.why),
                    NULL, 0);
            }
            buf[n] = 0;
            assert_null(strstr(buf, "Evil"));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_of_jambonz),
        cmocka_unit_test(request_of_the_media_server),
        cmocka_unit_test(plain_requests),
        cmocka_unit_test(spellings),
        cmocka_unit_test(targets),
        cmocka_unit_test(bad_first_lines),
        cmocka_unit_test(bad_header_lines),
        cmocka_unit_test(every_control_everywhere),
        cmocka_unit_test(hosts),
        cmocka_unit_test(no_handshakes),
        cmocka_unit_test(header_count),
        cmocka_unit_test(request_size),
        cmocka_unit_test(every_split),
        cmocka_unit_test(parse_survives_cuts),
        cmocka_unit_test(bare_line_feeds),
        cmocka_unit_test(foreign_protocols),
        cmocka_unit_test(subprotocols),
        cmocka_unit_test(long_lists),
        cmocka_unit_test(any_header),
        cmocka_unit_test(known_names),
        cmocka_unit_test(tokens),
        cmocka_unit_test(origins),
        cmocka_unit_test(basic_auth),
        cmocka_unit_test(answers),
        cmocka_unit_test(switching),
        cmocka_unit_test(no_response_splitting),
    };
    return cmocka_run_group_tests_name("http", tests, map_edge, NULL);
}
