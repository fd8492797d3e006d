/* ws.c - WebSocket client. Shares nothing with jambonz_ws.h on purpose: two readings of RFC 6455 find each other's faults.
 *
 * The upgrade request is byte for byte what the real jambonz sends. A compression offer is part of it; a server that accepts
 * the offer is right, but cannot be tested with this client. */
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#include "ws.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

#define HANDSHAKE_MS 1500                            /* JAMBONES_WS_HANDSHAKE_TIMEOUT_MS */
#define CLOSE_MS     2000                            /* how long a close handshake may take */
#define MAX_HEADER   16384

typedef enum { CONNECTING, UPGRADING, OPEN, CLOSING, FAILED_CLOSING } ws_state;

struct ws {
    int fd;
    ws_state state;
    size_t index;                                    /* in `all` */
    bool dead;                                       /* freed at the end of the turn */
    const ws_handler *h;
    void *ctx;
    ws_url url;
    ws_options opt;
    struct addrinfo *addrs, *addr;
    char key[25];
    int redirects;
    buf in, out, message;
    bool message_text, in_message;
    int own_code, peer_code;
    char peer_reason[128];
    char detail[160];
    timer deadline;
};

static ws **all;
static size_t all_n, all_cap;
static struct pollfd *pfds;

/* ---- URL -------------------------------------------------------------------------------------------------- */

static int hex_digit(int c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char *percent_decoded(const char *p, size_t n) {
    char *out = xstrndup(p, n), *o = out;
    size_t i;
    for (i = 0; i < n; i++) {
        if (p[i] == '%' && n - i > 2 && hex_digit(p[i + 1]) >= 0 && hex_digit(p[i + 2]) >= 0) {
            *o++ = (char)(hex_digit(p[i + 1]) * 16 + hex_digit(p[i + 2]));
            i += 2;
        } else *o++ = p[i];
    }
    *o = 0;
    return out;
}

bool ws_url_parse(ws_url *u, const char *url, char *why, size_t why_size) {
    const char *p = strstr(url, "://"), *end, *at, *host, *colon, *frag;
    memset(u, 0, sizeof *u);
    if (!p) { snprintf(why, why_size, "not a URL: %s (like ws://127.0.0.1:3000/menu)", url); return false; }
    if ((size_t)(p - url) == 3 && memcmp(url, "wss", 3) == 0) {
        snprintf(why, why_size,
                 "wss:// needs TLS, which this tool does not have: give it the ws:// address behind the proxy");
        return false;
    }
    if (!((size_t)(p - url) == 2 && memcmp(url, "ws", 2) == 0) && !((size_t)(p - url) == 4 && memcmp(url, "http", 4) == 0)) {
        snprintf(why, why_size, "the URL must start with ws://: %s", url);
        return false;
    }
    host = p + 3;
    end = host + strcspn(host, "/?#");
    for (at = end; at > host && at[-1] != '@'; at--) { }
    if (at > host) {
        const char *sep = (const char *)memchr(host, ':', (size_t)(at - 1 - host));
        u->user = percent_decoded(host, (size_t)((sep ? sep : at - 1) - host));
        u->pass = sep ? percent_decoded(sep + 1, (size_t)(at - 1 - sep - 1)) : xstrdup("");
        host = at;
    }
    u->scheme = xstrdup("ws");
    colon = *host == '[' ? (const char *)memchr(host, ']', (size_t)(end - host)) : host;
    colon = colon ? (const char *)memchr(colon, ':', (size_t)(end - colon)) : NULL;
    u->host = *host == '[' ? xstrndup(host + 1, strcspn(host + 1, "]"))
        : xstrndup(host, (size_t)((colon ? colon : end) - host));
    u->port = colon ? xstrndup(colon + 1, (size_t)(end - colon - 1)) : xstrdup("80");
    frag = strchr(end, '#');
    u->path = xprintf("%s%.*s", *end == '/' ? "" : "/", (int)(frag ? (size_t)(frag - end) : strlen(end)), end);
    u->fragment = xstrdup(frag ? frag + 1 : "");
    u->shown = xprintf("ws://%s%s%s:%s%s", strchr(u->host, ':') ? "[" : "", u->host, strchr(u->host, ':') ? "]" : "",
                       u->port, u->path);
    if (!*u->host || !*u->port) { snprintf(why, why_size, "no host in %s", url); return false; }
    return true;
}

void ws_url_free(ws_url *u) {
    free(u->scheme); free(u->host); free(u->port); free(u->path);
    free(u->user); free(u->pass); free(u->fragment); free(u->shown);
    memset(u, 0, sizeof *u);
}

static ws_url url_copy(const ws_url *u) {
    ws_url c;
    c.scheme = xstrdup(u->scheme); c.host = xstrdup(u->host); c.port = xstrdup(u->port); c.path = xstrdup(u->path);
    c.user = u->user ? xstrdup(u->user) : NULL; c.pass = u->pass ? xstrdup(u->pass) : NULL;
    c.fragment = xstrdup(u->fragment); c.shown = xstrdup(u->shown);
    return c;
}

/* ---- SHA-1 and base64 for the handshake ------------------------------------------------------------------- */

static uint32_t rol(uint32_t v, unsigned n) { return v << n | v >> (32 - n); }

static void sha1(const char *text, unsigned char out[20]) {
    uint32_t h[5] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u };
    unsigned char m[192];
    size_t n = strlen(text), total = (n + 9 + 63) / 64 * 64, i, at;
    memset(m, 0, sizeof m);
    memcpy(m, text, n);
    m[n] = 0x80;
    m[total - 2] = (unsigned char)(n * 8 >> 8);
    m[total - 1] = (unsigned char)(n * 8 & 0xff);
    for (at = 0; at < total; at += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (i = 0; i < 16; i++)
            w[i] = (uint32_t)m[at + i * 4] << 24 | (uint32_t)m[at + i * 4 + 1] << 16
                | (uint32_t)m[at + i * 4 + 2] << 8 | m[at + i * 4 + 3];
        for (i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
            uint32_t k = i < 20 ? 0x5a827999u : i < 40 ? 0x6ed9eba1u : i < 60 ? 0x8f1bbcdcu : 0xca62c1d6u;
            uint32_t t = rol(a, 5) + f + e + k + w[i];
            e = d; d = c; c = rol(b, 30); b = a; a = t;
        }
        h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e;
    }
    for (i = 0; i < 20; i++) out[i] = (unsigned char)(h[i / 4] >> (24 - i % 4 * 8));
}

static void base64(const unsigned char *p, size_t n, buf *b) {
    static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i;
    for (i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0u);
        char o[4];
        o[0] = abc[v >> 18]; o[1] = abc[v >> 12 & 63];
        o[2] = i + 1 < n ? abc[v >> 6 & 63] : '='; o[3] = i + 2 < n ? abc[v & 63] : '=';
        buf_add(b, o, 4);
    }
}

/* ---- life ------------------------------------------------------------------------------------------------- */

static void ws_free(ws *w) {
    timer_stop(&w->deadline);
    if (w->fd >= 0) close(w->fd);
    if (w->addrs) freeaddrinfo(w->addrs);
    ws_url_free(&w->url);
    buf_free(&w->in); buf_free(&w->out); buf_free(&w->message);
    free(w);
}

static void shut(ws *w) {                            /* no callback from here on */
    w->dead = true;
    timer_stop(&w->deadline);
    if (w->fd >= 0) close(w->fd);
    w->fd = -1;
}

static void failed(ws *w, ws_failure kind, int status, const char *why) {
    if (w->dead) return;
    shut(w);
    w->h->on_fail(w->ctx, kind, status, why);
}

static void closed(ws *w) {
    if (w->dead) return;
    shut(w);
    w->h->on_close(w->ctx, w->peer_code ? w->peer_code : 1006, w->peer_reason, w->own_code, w->detail);
}

static void on_deadline(void *ctx) {
    ws *w = (ws *)ctx;
    if (w->state == CONNECTING || w->state == UPGRADING) failed(w, WSF_TIMEOUT, 0, "Opening handshake has timed out (1.5 s)");
    else closed(w);
}

static bool start_connect(ws *w) {
    int err = 0;
    for (; w->addr; w->addr = w->addr->ai_next) {
        int on = 1;
        w->fd = socket(w->addr->ai_family, w->addr->ai_socktype, w->addr->ai_protocol);
        if (w->fd < 0) { err = errno; continue; }
        fcntl(w->fd, F_SETFL, O_NONBLOCK);
        fcntl(w->fd, F_SETFD, FD_CLOEXEC);
        setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(w->fd, w->addr->ai_addr, w->addr->ai_addrlen) == 0 || errno == EINPROGRESS) return true;
        err = errno;
        close(w->fd);
        w->fd = -1;
    }
    snprintf(w->detail, sizeof w->detail, "%s", err ? strerror(err) : "no address");
    return false;
}

static void report_refused(void *ctx) {              /* a failure at once is still reported from the loop */
    ws *w = (ws *)ctx;
    failed(w, WSF_REFUSED, 0, w->detail);
}

static void resolve_and_connect(ws *w) {
    struct addrinfo hint;
    int rc;
    memset(&hint, 0, sizeof hint);
    hint.ai_socktype = SOCK_STREAM;
    if (w->addrs) freeaddrinfo(w->addrs);
    w->addrs = NULL;
    rc = getaddrinfo(w->url.host, w->url.port, &hint, &w->addrs);
    if (rc != 0) snprintf(w->detail, sizeof w->detail, "%s: %s", w->url.host, gai_strerror(rc));
    w->addr = w->addrs;
    w->state = CONNECTING;
    if (rc != 0 || !start_connect(w)) timer_set(&w->deadline, 0, report_refused, w);
    else timer_set(&w->deadline, HANDSHAKE_MS, on_deadline, w);
}

ws *ws_connect(const ws_url *u, const ws_options *o, const ws_handler *h, void *ctx) {
    ws *w = (ws *)xcalloc(1, sizeof *w);
    w->fd = -1;
    w->url = url_copy(u);
    w->opt = *o;
    w->h = h;
    w->ctx = ctx;
    if (all_n == all_cap) {
        all_cap = all_cap ? all_cap * 2 : 16;
        all = (ws **)xrealloc(all, all_cap * sizeof *all);
        pfds = (struct pollfd *)xrealloc(pfds, (all_cap + 1) * sizeof *pfds);
    }
    w->index = all_n;
    all[all_n++] = w;
    resolve_and_connect(w);
    return w;
}

static void flush(ws *w) {
    while (w->out.n > 0 && w->fd >= 0 && w->state != CONNECTING) {
        ssize_t n = send(w->fd, w->out.p, w->out.n, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) w->out.n = 0;      /* the read side reports the loss */
            return;
        }
        buf_drop(&w->out, (size_t)n);
    }
}

/* ---- upgrade ---------------------------------------------------------------------------------------------- */

static void send_upgrade(ws *w) {
    unsigned char nonce[16];
    buf key = { NULL, 0, 0 };
    size_t i;
    bool v6 = strchr(w->url.host, ':') != NULL;
    for (i = 0; i < sizeof nonce; i++) nonce[i] = (unsigned char)(rng_u32() >> 24);
    base64(nonce, sizeof nonce, &key);
    snprintf(w->key, sizeof w->key, "%s", key.p);
    buf_free(&key);
    if (w->opt.bare)
        buf_fmt(&w->out, "GET %s HTTP/1.1\r\nPragma: no-cache\r\nCache-Control: no-cache\r\nHost: %s\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\nSec-WebSocket-Version: 13\r\n"
                "Origin: http://%s\r\n", w->url.path, w->url.host, w->key, w->opt.subprotocol, w->url.host);
    else
        buf_fmt(&w->out, "GET %s HTTP/1.1\r\nuser-agent: jambonz\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: %s\r\n"
                "Host: %s%s%s%s%s\r\n", w->url.path, w->key, w->opt.subprotocol, v6 ? "[" : "", w->url.host, v6 ? "]" : "",
                strcmp(w->url.port, "80") == 0 ? "" : ":", strcmp(w->url.port, "80") == 0 ? "" : w->url.port);
    /* only if there is both a name and a password */
    if (w->url.user && *w->url.user && *w->url.pass) {
        char *plain = xprintf("%s:%s", w->url.user, w->url.pass);
        buf_str(&w->out, "Authorization: Basic ");
        base64((const unsigned char *)plain, strlen(plain), &w->out);
        buf_str(&w->out, "\r\n");
        free(plain);
    }
    buf_str(&w->out, "\r\n");
    w->state = UPGRADING;
    flush(w);
}

/* The value of a header in a NUL-terminated block of lines; NULL if it is not there. */
static char *header(const char *block, const char *name) {
    size_t n = strlen(name);
    const char *line = strstr(block, "\r\n");
    for (; line && line[2]; line = strstr(line + 2, "\r\n")) {
        const char *p = line + 2, *e;
        if (strncasecmp(p, name, n) != 0 || p[n] != ':') continue;
        for (p += n + 1; *p == ' ' || *p == '\t'; p++) { }
        for (e = p + strcspn(p, "\r\n"); e > p && (e[-1] == ' ' || e[-1] == '\t'); e--) { }
        return xstrndup(p, (size_t)(e - p));
    }
    return NULL;
}

static void follow_redirect(ws *w, int status, const char *location) {
    ws_url u;
    char why[200];
    char *full = *location == '/' ? xprintf("ws://%s:%s%s", w->url.host, w->url.port, location) : xstrdup(location);
    if (++w->redirects > 2 || !ws_url_parse(&u, full, why, sizeof why)) {
        free(full);
        failed(w, WSF_HTTP, status, w->redirects > 2 ? "Maximum redirects exceeded" : why);
        return;
    }
    free(full);
    if (strcmp(u.host, w->url.host) == 0 && !u.user && w->url.user) {       /* another host never sees the password */
        u.user = xstrdup(w->url.user);
        u.pass = xstrdup(w->url.pass);
    }
    ws_url_free(&w->url);
    w->url = u;
    close(w->fd);
    w->fd = -1;
    w->in.n = w->out.n = 0;
    resolve_and_connect(w);
}

static const char *refuse_101(ws *w, const char *block) {
    char *upgrade = header(block, "Upgrade"), *accept = header(block, "Sec-WebSocket-Accept");
    char *conn = header(block, "Connection"), *proto = header(block, "Sec-WebSocket-Protocol");
    char *ext = header(block, "Sec-WebSocket-Extensions");
    char text[80];
    unsigned char digest[20];
    buf want = { NULL, 0, 0 };
    const char *why = NULL;
    snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", w->key);
    sha1(text, digest);
    base64(digest, 20, &want);
    if (!upgrade || strcasecmp(upgrade, "websocket") != 0) why = "Invalid Upgrade header";
    else if (!conn || !contains_nocase(conn, "upgrade")) why = "Invalid Connection header";
    else if (!accept || strcmp(accept, want.p) != 0) why = "Invalid Sec-WebSocket-Accept header";
    else if (!proto && !w->opt.bare) why = "Server sent no subprotocol";
    else if (proto && strcmp(proto, w->opt.subprotocol) != 0) why = "Server sent an invalid subprotocol";
    else if (ext && *ext)
        why = "the app accepted permessage-deflate: jambonz speaks it, this simulator does not; turn it off for tests";
    free(upgrade); free(accept); free(conn); free(proto); free(ext);
    buf_free(&want);
    return why;
}

static void read_upgrade(ws *w) {
    char *end = w->in.n ? strstr(w->in.p, "\r\n\r\n") : NULL;
    char *block, *location;
    const char *why;
    int status;
    if (!end) {
        if (w->in.n > MAX_HEADER) failed(w, WSF_HANDSHAKE, 0, "the answer's header is larger than 16 KiB");
        return;
    }
    block = xstrndup(w->in.p, (size_t)(end - w->in.p) + 2);
    status = strncmp(block, "HTTP/1.1 ", 9) == 0 ? atoi(block + 9) : 0;
    location = header(block, "Location");
    if (status >= 300 && status < 400 && location) follow_redirect(w, status, location);
    else if (status != 101) {
        char *line = xstrndup(block, strcspn(block, "\r\n"));
        char text[120];
        snprintf(text, sizeof text, "%.100s", status ? line + 9 : "not an HTTP/1.1 answer");
        failed(w, status ? WSF_HTTP : WSF_HANDSHAKE, status, text);
        free(line);
    } else if ((why = refuse_101(w, block)) != NULL) failed(w, WSF_HANDSHAKE, 101, why);
    else {
        buf_drop(&w->in, (size_t)(end - w->in.p) + 4);
        timer_stop(&w->deadline);
        w->state = OPEN;
        w->h->on_open(w->ctx);
    }
    free(block);
    free(location);
}

/* ---- frames out ------------------------------------------------------------------------------------------- */

static void frame(ws *w, int opcode, const void *p, size_t n) {
    unsigned char head[14];
    size_t h = 2, i, at;
    uint32_t mask = rng_u32();
    head[0] = (unsigned char)(0x80 | opcode);
    if (n < 126) head[1] = (unsigned char)(0x80 | n);
    else if (n < 65536) {
        head[1] = 0x80 | 126;
        head[2] = (unsigned char)(n >> 8);
        head[3] = (unsigned char)(n & 0xff);
        h = 4;
    } else {
        head[1] = 0x80 | 127;
        for (i = 0; i < 8; i++) head[2 + i] = (unsigned char)((uint64_t)n >> (56 - i * 8) & 0xff);
        h = 10;
    }
    for (i = 0; i < 4; i++) head[h++] = (unsigned char)(mask >> (24 - i * 8) & 0xff);
    buf_add(&w->out, head, h);
    at = w->out.n;
    buf_add(&w->out, p, n);
    for (i = 0; i < n; i++) w->out.p[at + i] = (char)((unsigned char)w->out.p[at + i] ^ head[h - 4 + (i & 3)]);
    flush(w);
}

bool ws_can_send(const ws *w) { return w && !w->dead && w->state == OPEN; }

void ws_send(ws *w, bool text, const void *p, size_t n) {
    if (ws_can_send(w)) frame(w, text ? 1 : 2, p, n);
}

void ws_send_raw(ws *w, const void *p, size_t n) {
    if (!ws_can_send(w)) return;
    buf_add(&w->out, p, n);
    flush(w);
}

static void send_close(ws *w, int code) {
    unsigned char p[2];
    p[0] = (unsigned char)(code >> 8);
    p[1] = (unsigned char)(code & 0xff);
    w->own_code = code;
    frame(w, 8, p, code ? 2 : 0);
    timer_set(&w->deadline, CLOSE_MS, on_deadline, w);
}

void ws_close(ws *w, int code) {
    if (!ws_can_send(w)) return;
    send_close(w, code);
    w->state = CLOSING;
}

void ws_drop(ws *w) {
    if (!w || w->dead) return;
    flush(w);
    shut(w);
}

/* ---- frames in -------------------------------------------------------------------------------------------- */

/* The peer broke a rule: close with `code` and wait for it to go. Nothing more is read. */
static void violated(ws *w, int code, const char *what) {
    snprintf(w->detail, sizeof w->detail, "%s", what);
    w->in.n = 0;
    if (w->state == OPEN) send_close(w, code);
    w->state = FAILED_CLOSING;
    flush(w);
}

static bool valid_close_code(unsigned c) {
    return (c >= 1000 && c <= 1014 && c != 1004 && c != 1005 && c != 1006) || (c >= 3000 && c <= 4999);
}

static void got_close(ws *w, const unsigned char *p, size_t n) {
    unsigned code = n >= 2 ? (unsigned)p[0] << 8 | p[1] : 1005;
    if (n == 1) { violated(w, 1002, "a close frame with one byte"); return; }
    if (n >= 2 && !valid_close_code(code)) { violated(w, 1002, "an invalid close code"); return; }
    if (n > 2 && !utf8_valid(p + 2, n - 2)) { violated(w, 1007, "a close reason that is not UTF-8"); return; }
    w->peer_code = (int)code;
    if (n > 2) snprintf(w->peer_reason, sizeof w->peer_reason, "%.*s", (int)(n - 2), (const char *)p + 2);
    if (w->state == OPEN) {
        frame(w, 8, p, n >= 2 ? 2 : 0);
        w->state = CLOSING;
        timer_set(&w->deadline, CLOSE_MS, on_deadline, w);
    }
    closed(w);                                       /* npm ws waits for TCP to end; the code is known now */
}

static void got_message(ws *w, const char *p, size_t n) {
    if (w->message_text && !utf8_valid((const unsigned char *)p, n)) { violated(w, 1007, "text that is not UTF-8"); return; }
    w->h->on_message(w->ctx, w->message_text, p, n);
}

static void got_frame(ws *w, int opcode, bool fin, unsigned char *p, size_t n) {
    switch (opcode) {
    case 0: case 1: case 2:
        if ((opcode == 0) != w->in_message) { violated(w, 1002, "a fragment out of order"); return; }
        if (opcode) w->message_text = opcode == 1;
        buf_add(&w->message, p, n);
        w->in_message = !fin;
        if (fin) {
            buf m = w->message;
            memset(&w->message, 0, sizeof w->message);
            got_message(w, buf_cstr(&m), m.n);
            buf_free(&m);
        }
        break;
    case 8: got_close(w, p, n); break;
    case 9: if (w->state == OPEN) frame(w, 10, p, n); break;
    default: break;
    }
}

/* One frame from the front of w->in; false if it is not all there yet. */
static bool read_frame(ws *w) {
    unsigned char *p = (unsigned char *)w->in.p;
    size_t head = 2, i;
    uint64_t n;
    int opcode;
    bool fin;
    if (w->in.n < 2) return false;
    opcode = p[0] & 0x0f;
    fin = (p[0] & 0x80) != 0;
    n = p[1] & 0x7f;
    if (p[0] & 0x70) { violated(w, 1002, "reserved bits are set in a frame"); return false; }
    if (p[1] & 0x80) { violated(w, 1002, "a masked frame from a server"); return false; }
    if (opcode > 10 || (opcode > 2 && opcode < 8)) { violated(w, 1002, "an unknown opcode"); return false; }
    if (opcode >= 8 && (n > 125 || !fin)) {
        violated(w, 1002, "a control frame that is too long or fragmented");
        return false;
    }
    if (n >= 126) {
        size_t bytes = n == 126 ? 2 : 8;
        head += bytes;
        if (w->in.n < head) return false;
        for (n = 0, i = 0; i < bytes; i++) n = n << 8 | p[2 + i];
        if (n < (bytes == 2 ? 126u : 65536u)) {
            violated(w, 1002, "a frame length that is not in its shortest form");
            return false;
        }
    }
    if (opcode < 8 && w->opt.max_payload && n > w->opt.max_payload - w->message.n) {
        char text[120];
        snprintf(text, sizeof text, "a message of %s%llu bytes; jambonz takes %lu at most",
                 w->in_message || !fin ? "at least " : "",
                 (unsigned long long)(n + w->message.n), (unsigned long)w->opt.max_payload);
        violated(w, 1009, text);
        return false;
    }
    if (w->in.n - head < n) return false;
    {
        buf f = { NULL, 0, 0 };
        buf_add(&f, p + head, (size_t)n);
        buf_drop(&w->in, head + (size_t)n);
        got_frame(w, opcode, fin, (unsigned char *)f.p, (size_t)n);
        buf_free(&f);
    }
    return !w->dead && w->state != FAILED_CLOSING;
}

static void readable(ws *w) {
    char chunk[65536];
    ssize_t n = recv(w->fd, chunk, sizeof chunk, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (n <= 0) {
        if (w->state == UPGRADING)
            failed(w, n < 0 ? WSF_REFUSED : WSF_HANDSHAKE, 0, n < 0 ? strerror(errno) : "socket hang up");
        else closed(w);
        return;
    }
    if (w->state == FAILED_CLOSING) return;
    buf_add(&w->in, chunk, (size_t)n);
    if (w->state == UPGRADING) read_upgrade(w);
    while (!w->dead && (w->state == OPEN || w->state == CLOSING) && read_frame(w)) { }
}

static void writable(ws *w) {
    if (w->state == CONNECTING) {
        int err = 0;
        socklen_t len = sizeof err;
        getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &err, &len);
        if (err == 0) { send_upgrade(w); return; }
        close(w->fd);
        w->fd = -1;
        w->addr = w->addr->ai_next;
        snprintf(w->detail, sizeof w->detail, "%s", strerror(err));
        if (!w->addr || !start_connect(w)) failed(w, WSF_REFUSED, 0, strerror(err));
    } else flush(w);
}

void ws_poll(int timeout_ms, int extra_fd, bool *extra_ready) {
    size_t i, n = all_n, k;
    int rc;
    if (!pfds) pfds = (struct pollfd *)xmalloc(sizeof *pfds);
    for (i = 0; i < n; i++) {
        pfds[i].fd = all[i]->fd;
        pfds[i].events = all[i]->state == CONNECTING ? POLLOUT : (short)(POLLIN | (all[i]->out.n ? POLLOUT : 0));
        pfds[i].revents = 0;
    }
    pfds[n].fd = extra_fd;
    pfds[n].events = POLLIN;
    pfds[n].revents = 0;
    rc = poll(pfds, (nfds_t)n + 1, timeout_ms);
    if (extra_ready) *extra_ready = rc > 0 && extra_fd >= 0 && pfds[n].revents != 0;
    if (rc > 0)
        for (i = 0; i < n; i++) {
            short got = pfds[i].revents;             /* callbacks may open sockets and move pfds: index, do not point */
            if (got && !all[i]->dead && (got & POLLOUT || (all[i]->state == CONNECTING && got & (POLLERR | POLLHUP))))
                writable(all[i]);
            else if (got && !all[i]->dead) readable(all[i]);
            if (got & POLLOUT && got & POLLIN && !all[i]->dead && all[i]->state != CONNECTING && all[i]->fd >= 0)
                readable(all[i]);
        }
    for (i = k = 0; i < all_n; i++) {
        if (all[i]->dead) ws_free(all[i]);
        else (all[k] = all[i])->index = k, k++;
    }
    all_n = k;
}
