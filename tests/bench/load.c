/* load - load generator for WebSocket servers that answer jambonz calls.
 *
 * One thread, one epoll set, libc only (Linux).  It plays N jambonz feature
 * servers against one application server, checks every answer, and reports
 * throughput, latency and - given the server's process id - the CPU time the
 * server spent per message and the memory it holds per connection.
 *
 *   calls  connect, upgrade, send session:new, wait for its ack, close
 *          handshake, wait for the server's FIN, reconnect.
 *   msgs   N persistent connections; each sends session:new once, then
 *          verb:hook messages, always exactly one in flight.
 *   idle   as msgs, but only --active K of the N connections send after
 *          their session:new; the others are held open, silent.
 *   echo   N connections send messages of --size bytes and compare what
 *          comes back byte for byte.
 *   tcp    the floor: no WebSocket, no JSON.  --script says what is sent and
 *          what is awaited ("4459:111" or, for whole calls,
 *          "260:160,4459:111,8:4,close"); the peer is tcpfloor, run with the
 *          same script.
 *
 * A run goes through connecting (not counted), warm-up (not counted), the
 * measured window, draining and closing.  The exit status is 0 only if no
 * error of any kind was seen in any of them, 1 after errors, 2 on bad usage.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* ------------------------------------------------------------------ basics */

static void die(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fputs("load: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}

static void *xrealloc(void *p, size_t n) {
    p = realloc(p, n ? n : 1);
    if (!p) die("out of memory (%zu bytes)", n);
    return p;
}

static uint64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t rng_state = 0x9e3779b97f4a7c15u;

static uint64_t rng(void) /* xorshift64*: keys, masks and ids, not secrets */
{
    uint64_t x = rng_state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    rng_state = x;
    return x * 0x2545f4914f6cdd1du;
}

/* Latencies: a log-linear histogram of nanoseconds, error below 1 %. */
#define HIST_SUB 7
#define HIST_LEN ((64 - HIST_SUB) << HIST_SUB)
struct hist {
    uint64_t n, max;
    uint32_t bucket[HIST_LEN];
};

static void hist_add(struct hist *h, uint64_t v) {
    unsigned top = 63u - (unsigned)__builtin_clzll(v | 1), i;
    if (top < HIST_SUB) i = (unsigned)v;
    else i = ((top - HIST_SUB + 1) << HIST_SUB) + (unsigned)((v >> (top - HIST_SUB)) & ((1u << HIST_SUB) - 1));
    h->bucket[i < HIST_LEN ? i : HIST_LEN - 1]++;
    h->n++;
    if (v > h->max) h->max = v;
}

static double hist_us(const struct hist *h, double q) /* quantile, in us */
{
    uint64_t want = (uint64_t)((double)h->n * q), seen = 0;
    if (!h->n) return 0;
    for (unsigned i = 0; i < HIST_LEN; i++) {
        seen += h->bucket[i];
        if (seen > want) {
            double v;
            if (i < (1u << HIST_SUB)) v = i;
            else {
                unsigned top = (i >> HIST_SUB) + HIST_SUB - 1;
                uint64_t sub = i & ((1u << HIST_SUB) - 1);
                uint64_t lo = ((1ull << HIST_SUB) + sub) << (top - HIST_SUB);
                v = (double)lo + (double)(1ull << (top - HIST_SUB)) / 2;
            }
            return v / 1000;
        }
    }
    return (double)h->max / 1000;
}

/* ------------------------------------- SHA-1 and base64, for the handshake */

static void sha1(const void *data, size_t len, uint8_t out[20]) {
    uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
    const uint8_t *p = data;
    uint8_t last[128] = { 0 };
    size_t full = len / 64, rest = len % 64, tail = rest < 56 ? 64 : 128;
    memcpy(last, p + full * 64, rest);
    last[rest] = 0x80;
    for (int i = 0; i < 8; i++) last[tail - 1 - i] = (uint8_t)((uint64_t)len * 8 >> (8 * i));
    for (size_t blk = 0; blk < full + tail / 64; blk++) {
        const uint8_t *b = blk < full ? p + blk * 64 : last + (blk - full) * 64;
        uint32_t w[80], a = h[0], c = h[1], d = h[2], e = h[3], f = h[4];
        for (int i = 0; i < 16; i++)
            w[i] = (uint32_t)b[4 * i] << 24 | (uint32_t)b[4 * i + 1] << 16 | (uint32_t)b[4 * i + 2] << 8 | b[4 * i + 3];
        for (int i = 16; i < 80; i++) {
            uint32_t x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
            w[i] = x << 1 | x >> 31;
        }
        for (int i = 0; i < 80; i++) {
            uint32_t t, k;
            if (i < 20) t = (c & d) | (~c & e), k = 0x5a827999;
            else if (i < 40) t = c ^ d ^ e, k = 0x6ed9eba1;
            else if (i < 60) t = (c & d) | (c & e) | (d & e), k = 0x8f1bbcdc;
            else t = c ^ d ^ e, k = 0xca62c1d6;
            t += (a << 5 | a >> 27) + f + k + w[i];
            f = e;
            e = d;
            d = c << 30 | c >> 2;
            c = a;
            a = t;
        }
        h[0] += a, h[1] += c, h[2] += d, h[3] += e, h[4] += f;
    }
    for (int i = 0; i < 20; i++) out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64(const uint8_t *in, size_t n, char *out) {
    static const char tab[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16;
        if (i + 1 < n) v |= (uint32_t)in[i + 1] << 8;
        if (i + 2 < n) v |= in[i + 2];
        *out++ = tab[v >> 18 & 63];
        *out++ = tab[v >> 12 & 63];
        *out++ = i + 1 < n ? tab[v >> 6 & 63] : '=';
        *out++ = i + 2 < n ? tab[v & 63] : '=';
    }
    *out = 0;
}

/* --------------------------------------------------------------------- JSON
 * Just enough to check an ack: js_value() steps over one well-formed value,
 * js_top() finds top-level members of an object, refusing malformed text. */

static const char *js_ws(const char *p, const char *e) {
    while (p < e && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
    return p;
}

static const char *js_string(const char *p, const char *e) {
    if (p >= e || *p != '"') return NULL;
    for (p++; p < e; p++) {
        if (*p == '"') return p + 1;
        if ((unsigned char)*p < 0x20) return NULL;
        if (*p == '\\') p++;
    }
    return NULL;
}

static const char *js_value(const char *p, const char *e, int depth) {
    p = js_ws(p, e);
    if (p >= e || depth > 64) return NULL;
    if (*p == '"') return js_string(p, e);
    if (*p == '{' || *p == '[') {
        char close = *p == '{' ? '}' : ']';
        p = js_ws(p + 1, e);
        if (p < e && *p == close) return p + 1;
        for (;;) {
            if (close == '}') {
                p = js_string(js_ws(p, e), e);
                if (!p || (p = js_ws(p, e)) >= e || *p++ != ':') return NULL;
            }
            p = js_value(p, e, depth + 1);
            if (!p || (p = js_ws(p, e)) >= e) return NULL;
            if (*p == close) return p + 1;
            if (*p++ != ',') return NULL;
        }
    }
    const char *s = p;
    while (p < e && *p && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *p)) p++;
    return p > s ? p : NULL;
}

struct js_member {
    const char *key, *val; /* key: bare name, sought; val: raw text, found */
    size_t len;
};

static int js_top(const char *s, size_t n, struct js_member *m, int nm) {
    const char *e = s + n, *p = js_ws(s, e);
    if (p >= e || *p++ != '{') return -1;
    p = js_ws(p, e);
    if (p < e && *p == '}') return js_ws(p + 1, e) == e ? 0 : -1;
    for (;;) {
        const char *k = p = js_ws(p, e), *v;
        p = js_string(p, e);
        if (!p) return -1;
        size_t klen = (size_t)(p - k) - 2;
        p = js_ws(p, e);
        if (p >= e || *p++ != ':') return -1;
        v = js_ws(p, e);
        p = js_value(v, e, 1);
        if (!p) return -1;
        for (int i = 0; i < nm; i++)
            if (strlen(m[i].key) == klen && !memcmp(m[i].key, k + 1, klen)) m[i].val = v, m[i].len = (size_t)(p - v);
        p = js_ws(p, e);
        if (p >= e) return -1;
        if (*p == '}') return js_ws(p + 1, e) == e ? 0 : -1;
        if (*p++ != ',') return -1;
    }
}

/* ------------------------------------------------- what the server consumes */

struct usage {                     /* of the server process */
    uint64_t cpu_ns, utime, stime; /* utime, stime: clock ticks */
    long rss_kb;
};

static struct usage proc_usage(pid_t pid) {
    struct usage u = { 0, 0, 0, 0 };
    struct timespec ts;
    clockid_t clk;
    char path[64], buf[1024], *p;
    FILE *f;
    if (!pid) return u;
    if (!clock_getcpuclockid(pid, &clk) && !clock_gettime(clk, &ts))
        u.cpu_ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if ((f = fopen(path, "r"))) {
        size_t n = fread(buf, 1, sizeof buf - 1, f);
        fclose(f);
        buf[n] = 0;
        if ((p = strrchr(buf, ')'))) /* fields 14 and 15 */
            sscanf(p + 1, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &u.utime, &u.stime);
    }
    if (!u.cpu_ns) u.cpu_ns = (u.utime + u.stime) * 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if ((f = fopen(path, "r"))) {
        while (fgets(buf, sizeof buf, f))
            if (sscanf(buf, "VmRSS: %ld", &u.rss_kb) == 1) break;
        fclose(f);
    }
    return u;
}

/* ------------------------------------------------------------ configuration */

enum mode { M_CALLS, M_MSGS, M_IDLE, M_ECHO, M_TCP };
static const char *const mode_name[] = { "calls", "msgs", "idle", "echo", "tcp" };
enum payload { P_BINARY, P_TEXT, P_UTF8 };
#define MAX_STEPS 16
#define IDLEN 22  /* characters of a msgid, as jambonz makes them */
#define SIDLEN 36 /* characters of a call_sid, a UUID */
#define MAX_SIDS 4

struct template {
    char *buf; /* the message */
    size_t len;
    size_t id_off;            /* of the IDLEN characters of its msgid */
    size_t sid_off[MAX_SIDS]; /* of its call_sid, wherever it is repeated */
    int sids;
};

static struct {
    enum mode mode;
    const char *host, *port, *path, *subprotocol, *hello;
    unsigned connections, active, burst, max_errors;
    double duration, warmup, rate, timeout, linger;
    uint64_t count;
    size_t size, segment;
    enum payload payload;
    int json, quiet, close_first;
    pid_t pid;
    struct {
        size_t tx, rx;
    } step[MAX_STEPS];
    int steps, script_closes;
} cfg;

static struct template tpl_first, tpl_next;
static char *hello_buf;
static size_t hello_len;
static uint8_t *pool; /* echo: what payloads are cut from */
#define POOL_EXTRA 65536
static struct sockaddr_storage addr;
static socklen_t addr_len;

/* ------------------------------------------------------------- connections */

enum state { ST_NONE, ST_CONNECTING, ST_UPGRADING, ST_OPEN, ST_CLOSING, ST_FIN, ST_DEAD };

struct conn {
    int fd;
    unsigned idx;
    uint8_t state, active, waiting, ready, got_first, sending, frag_op;
    uint32_t generation;        /* guards against stale epoll events */
    uint64_t t_connect, t_sent; /* when that began */
    uint64_t deadline;          /* 0: nothing awaited */
    char accept[29], msgid[IDLEN + 1], call_sid[SIDLEN];
    size_t echo_off;
    int step; /* tcp: of the script */
    size_t tcp_left;
    uint8_t *in, *frag, *out; /* unfinished input, fragments, output */
    size_t in_len, in_cap, frag_len, frag_cap, out_off, out_len, out_cap;
};

static struct conn *conns;
static int ep;
static uint8_t *tx, *rx;                 /* scratch: one frame to send, one read */
static size_t tx_cap, rx_cap = 1u << 18; /* a server frame must fit rx_cap */

enum phase { PH_CONNECT, PH_WARM, PH_MEASURE, PH_DRAIN, PH_CLOSE };
static enum phase phase;
static unsigned started, ready, open_now, waiting_now, dead;
static volatile sig_atomic_t interrupted;

enum err { E_CONNECT, E_UPGRADE, E_PROTOCOL, E_MSGID, E_ECHO, E_CLOSED, E_TIMEOUT, E_N };
static const char *const err_name[E_N] = { "connect", "upgrade", "protocol", "wrong_msgid", "echo", "closed", "timeout" };
static uint64_t errs[E_N], errors_total, messages_ever;

static struct { /* of the measured window */
    uint64_t messages, calls, tx_bytes, rx_bytes, late, no_fin;
    struct hist connect, ack, call;
} st;

static void conn_start(struct conn *c);
static void conn_lost(struct conn *c);
static void phase_step(uint64_t now);

static void fail(struct conn *c, enum err e, const char *fmt, ...) {
    if (errors_total < 10) { /* the first few in words */
        va_list ap;
        va_start(ap, fmt);
        fprintf(stderr, "load: connection %u: ", c->idx);
        vfprintf(stderr, fmt, ap);
        fputc('\n', stderr);
        va_end(ap);
    }
    errs[e]++;
    errors_total++;
    conn_lost(c);
}

static void interest(struct conn *c, uint32_t events, int op) {
    struct epoll_event ev = { .events = events };
    ev.data.u64 = (uint64_t)c->generation << 32 | c->idx;
    if (epoll_ctl(ep, op, c->fd, &ev) < 0) die("epoll_ctl: %s", strerror(errno));
}

static void await(struct conn *c, double seconds) { c->deadline = seconds > 0 ? now_ns() + (uint64_t)(seconds * 1e9) : 0; }

static void set_waiting(struct conn *c, int on) {
    if (c->waiting != on) {
        c->waiting = (uint8_t)on;
        waiting_now += on ? 1 : -1u;
    }
}

static void conn_release(struct conn *c) {
    if (c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
        open_now--;
    }
    set_waiting(c, 0);
    c->deadline = 0;
    c->in_len = c->frag_len = c->out_len = c->out_off = 0;
    c->frag_op = c->sending = 0;
    c->state = ST_NONE;
}

/* The connection ended in error: calls go on with a fresh one. */
static void conn_lost(struct conn *c) {
    int again = (cfg.mode == M_CALLS || cfg.script_closes) && phase < PH_DRAIN && errors_total < cfg.max_errors;
    conn_release(c);
    c->state = ST_DEAD;
    if (again) conn_start(c);
    else dead++;
}

/* Send all of buf, or keep what the socket does not take now. */
static int put(struct conn *c, const uint8_t *buf, size_t n) {
    ssize_t w = 0;
    if (!c->sending) {
        w = send(c->fd, buf, n, MSG_NOSIGNAL);
        if (w < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                fail(c, E_CLOSED, "send: %s", strerror(errno));
                return -1;
            }
            w = 0;
        }
    }
    st.tx_bytes += n;
    if ((size_t)w == n) return 0;
    n -= (size_t)w;
    if (c->out_len + n > c->out_cap) c->out = xrealloc(c->out, c->out_cap = c->out_len + n);
    memcpy(c->out + c->out_len, buf + w, n);
    c->out_len += n;
    if (!c->sending) {
        c->sending = 1;
        interest(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
    return 0;
}

static void on_writable(struct conn *c) {
    ssize_t w = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
    if (w < 0) {
        if (errno != EAGAIN && errno != EINTR) fail(c, E_CLOSED, "send: %s", strerror(errno));
        return;
    }
    c->out_off += (size_t)w;
    if (c->out_off == c->out_len) {
        c->out_off = c->out_len = 0;
        c->sending = 0;
        interest(c, EPOLLIN, EPOLL_CTL_MOD);
    }
}

/* In pieces as from a network of that segment size: the next one once the server has read the one before, which the kernel tells
 * of sockets of the file system only. */
static int put_segments(struct conn *c, const uint8_t *buf, size_t n) {
    uint64_t limit = now_ns() + (uint64_t)(cfg.timeout * 1e9);
    while (n) {
        size_t k = n < cfg.segment ? n : cfg.segment;
        int unread = 1;
        if (put(c, buf, k) < 0) return -1;
        buf += k;
        n -= k;
        while (n && ioctl(c->fd, SIOCOUTQ, &unread) == 0 && unread && now_ns() < limit) usleep(100);
        if (n && unread) die("--segment: a segment was not read within %g s", cfg.timeout);
    }
    return 0;
}

/* One client frame: header, a fresh mask, the masked payload. */
static int put_frame(struct conn *c, unsigned opcode, const void *data, size_t n) {
    uint8_t *p = tx;
    uint32_t key32 = (uint32_t)(rng() >> 16);
    uint64_t key = (uint64_t)key32 << 32 | key32, x;
    const uint8_t *s = data;
    size_t i = 0;
    *p++ = (uint8_t)(0x80 | opcode);
    if (n < 126) {
        *p++ = (uint8_t)(0x80 | n);
    } else if (n < 65536) {
        *p++ = 0x80 | 126;
        *p++ = (uint8_t)(n >> 8);
        *p++ = (uint8_t)n;
    } else {
        *p++ = 0x80 | 127;
        for (int k = 7; k >= 0; k--) *p++ = (uint8_t)((uint64_t)n >> (8 * k));
    }
    memcpy(p, &key32, 4);
    p += 4;
    for (; i + 8 <= n; i += 8) {
        memcpy(&x, s + i, 8);
        x ^= key;
        memcpy(p + i, &x, 8);
    }
    for (; i < n; i++) p[i] = (uint8_t)(s[i] ^ ((const uint8_t *)&key32)[i & 3]);
    n += (size_t)(p - tx);
    return cfg.segment ? put_segments(c, tx, n) : put(c, tx, n);
}

static void new_msgid(char *id) {
    static const char tab[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab";
    uint64_t a = rng(), b = rng();
    for (int i = 0; i < 10; i++, a >>= 6) id[i] = tab[a & 63];
    for (int i = 10; i < 20; i++, b >>= 6) id[i] = tab[b & 63];
    id[20] = tab[a & 15];
    id[21] = tab[b & 15];
    id[22] = 0;
}

/* Each call has a call_sid of its own, the same in all its messages. */
static void new_call_sid(char *sid) {
    static const char hex[] = "0123456789abcdef";
    uint64_t r = 0;
    for (int i = 0; i < SIDLEN; i++) {
        if (i % 16 == 0) r = rng();
        sid[i] = (i == 8 || i == 13 || i == 18 || i == 23) ? '-' : hex[r & 15];
        r >>= 4;
    }
    sid[14] = '4';
}

/* The next request of this connection, whatever the mode. */
static void send_request(struct conn *c) {
    int r;
    set_waiting(c, 1);
    c->t_sent = now_ns();
    await(c, cfg.timeout);
    if (cfg.mode == M_TCP) {
        c->tcp_left = cfg.step[c->step].rx;
        r = put(c, pool, cfg.step[c->step].tx);
    } else if (cfg.mode == M_ECHO) {
        c->echo_off = (size_t)(rng() % POOL_EXTRA) & ~(size_t)3;
        r = put_frame(c, cfg.payload == P_BINARY ? 2 : 1, pool + c->echo_off, cfg.size);
    } else {
        struct template *t = c->got_first ? &tpl_next : &tpl_first;
        new_msgid(c->msgid);
        memcpy(t->buf + t->id_off, c->msgid, IDLEN);
        for (int i = 0; i < t->sids; i++) memcpy(t->buf + t->sid_off[i], c->call_sid, SIDLEN);
        r = put_frame(c, 1, t->buf, t->len);
    }
    (void)r; /* a failure has been counted and the connection released */
}

static void start_close(struct conn *c) {
    static const uint8_t normal[2] = { 1000 >> 8, 1000 & 255 };
    c->state = ST_CLOSING;
    await(c, cfg.timeout);
    put_frame(c, 8, normal, 2);
}

static void become_ready(struct conn *c) /* connected, session:new answered */
{
    if (!c->ready) {
        c->ready = 1;
        ready++;
    }
    await(c, 0);
}

static void on_open(struct conn *c) /* the upgrade is through */
{
    c->state = ST_OPEN;
    new_call_sid(c->call_sid);
    if (cfg.mode != M_TCP) hist_add(&st.connect, now_ns() - c->t_connect);
    if (hello_len && put_frame(c, 1, hello_buf, hello_len) < 0) return;
    if (cfg.mode == M_ECHO || (cfg.mode == M_TCP && !cfg.script_closes) || (cfg.mode == M_IDLE && cfg.quiet)) become_ready(c);
    else send_request(c); /* session:new, or the first step of a tcp call */
}

static void count_reply(struct conn *c, uint64_t now) {
    set_waiting(c, 0);
    await(c, 0);
    hist_add(&st.ack, now - c->t_sent);
    st.messages++;
    messages_ever++;
}

/* A request was answered, rightly: what comes next on this connection. */
static void on_reply(struct conn *c) {
    uint64_t now = now_ns();
    if (cfg.mode == M_TCP) {
        if (cfg.script_closes) { /* step 0 stands for the upgrade */
            if (c->step == 0) hist_add(&st.connect, now - c->t_connect);
            if (c->step == 1 || (c->step == 0 && cfg.steps == 1)) count_reply(c, now);
            set_waiting(c, 0);
            if (c->step + 1 < cfg.steps) {
                c->step++;
                send_request(c);
            } else {
                c->state = ST_FIN; /* the peer closes now */
                await(c, cfg.timeout);
            }
            return;
        }
        if (c->step + 1 < cfg.steps) c->step++;
    }
    count_reply(c, now);
    if (cfg.mode == M_CALLS) {
        start_close(c);
        return;
    }
    c->got_first = 1;
    become_ready(c);
    if (c->active && !(cfg.rate > 0) && (phase == PH_WARM || phase == PH_MEASURE) &&
        !(cfg.count && phase == PH_MEASURE && st.messages >= cfg.count))
        send_request(c);
}

static void call_done(struct conn *c) {
    uint64_t now = now_ns();
    st.calls++;
    hist_add(&st.call, now - c->t_connect);
    conn_release(c);
    if (phase < PH_DRAIN) conn_start(c);
}

static int on_message(struct conn *c, unsigned op, const uint8_t *p, size_t n) {
    if (!c->waiting) {
        if (c->state == ST_CLOSING) return 0; /* may have been under way */
        fail(c, E_PROTOCOL, "a message nobody asked for (%zu bytes)", n);
        return -1;
    }
    if (cfg.mode == M_ECHO) {
        if (op != (cfg.payload == P_BINARY ? 2u : 1u) || n != cfg.size || memcmp(p, pool + c->echo_off, n)) {
            fail(c, E_ECHO, "the echo differs (opcode %u, %zu bytes)", op, n);
            return -1;
        }
    } else {
        struct js_member m[2] = { { "type", NULL, 0 }, { "msgid", NULL, 0 } };
        if (op != 1 || js_top((const char *)p, n, m, 2) < 0) {
            fail(c, E_PROTOCOL, "not a JSON object: %.*s", (int)(n < 200 ? n : 200), (const char *)p);
            return -1;
        }
        if (!m[0].val || m[0].len != 5 || memcmp(m[0].val, "\"ack\"", 5) || !m[1].val || m[1].len != IDLEN + 2 ||
            memcmp(m[1].val + 1, c->msgid, IDLEN)) {
            fail(c, E_MSGID, "not the ack of %s: %.*s", c->msgid, (int)(n < 200 ? n : 200), (const char *)p);
            return -1;
        }
    }
    on_reply(c);
    return c->fd < 0 ? -1 : 0;
}

/* Takes one server frame from p[0..n); returns bytes used, 0 for "more
 * needed", -1 when the connection is gone or has been replaced. */
static ssize_t take_frame(struct conn *c, const uint8_t *p, size_t n) {
    size_t head = 2, len;
    unsigned op;
    if (n < 2) return 0;
    op = p[0] & 15;
    len = p[1] & 127;
    if (p[0] & 0x70 || p[1] & 0x80) {
        fail(c, E_PROTOCOL, "reserved bits or a masked frame: %02x %02x", p[0], p[1]);
        return -1;
    }
    if (len == 126) {
        if (n < (head = 4)) return 0;
        len = (size_t)p[2] << 8 | p[3];
    } else if (len == 127) {
        if (n < (head = 10)) return 0;
        len = 0;
        for (int i = 2; i < 10; i++) len = len << 8 | p[i];
    }
    if ((head == 4 && len < 126) || (head == 10 && len < 65536) || len > 1u << 30 ||
        (op >= 8 && (head != 2 || !(p[0] & 0x80)))) {
        fail(c, E_PROTOCOL, "bad frame length or fragmented control frame");
        return -1;
    }
    if (n < head + len) return 0;
    const uint8_t *d = p + head;
    ssize_t used = (ssize_t)(head + len);
    switch (op) {
    case 0:
    case 1:
    case 2:
        if ((op == 0) != (c->frag_op != 0)) {
            fail(c, E_PROTOCOL, "fragments out of order");
            return -1;
        }
        if (op && p[0] & 0x80) return on_message(c, op, d, len) < 0 ? -1 : used;
        if (c->frag_len + len > c->frag_cap) c->frag = xrealloc(c->frag, c->frag_cap = c->frag_len + len);
        memcpy(c->frag + c->frag_len, d, len);
        c->frag_len += len;
        if (op) c->frag_op = (uint8_t)op;
        if (p[0] & 0x80) {
            unsigned o = c->frag_op;
            size_t l = c->frag_len;
            c->frag_op = 0;
            c->frag_len = 0;
            if (on_message(c, o, c->frag, l) < 0) return -1;
        }
        return used;
    case 8:
        if (c->state != ST_CLOSING) {
            fail(c, E_CLOSED, "the server closed: code %d", len >= 2 ? d[0] << 8 | d[1] : 0);
            return -1;
        }
        if (cfg.close_first) {
            call_done(c);
            return -1;
        }
        c->state = ST_FIN; /* the server is the one to close TCP first */
        await(c, cfg.linger);
        return used;
    case 9: return put_frame(c, 10, d, len) < 0 ? -1 : used;
    case 10: return used;
    }
    fail(c, E_PROTOCOL, "opcode %u", op);
    return -1;
}

static int has_token(const char *v, size_t n, const char *token) {
    size_t len = strlen(token);
    for (const char *e = v + n; v < e; v++) {
        while (v < e && (*v == ' ' || *v == '\t' || *v == ',')) v++;
        if ((size_t)(e - v) >= len && !strncasecmp(v, token, len) &&
            ((size_t)(e - v) == len || v[len] == ',' || v[len] == ' ' || v[len] == '\t'))
            return 1;
        while (v < e && *v != ',') v++;
    }
    return 0;
}

/* Takes the answer to the upgrade; same return values. */
static ssize_t take_upgrade(struct conn *c, const uint8_t *p, size_t n) {
    const char *s = (const char *)p, *end = memmem(p, n, "\r\n\r\n", 4), *line;
    int upgrade = 0, connection = 0, accept = 0, extension = 0, proto = !*cfg.subprotocol;
    if (!end) {
        if (n > 16384) {
            fail(c, E_UPGRADE, "endless response header");
            return -1;
        }
        return 0;
    }
    if (n < 13 || memcmp(s, "HTTP/1.1 101 ", 13)) {
        fail(c, E_UPGRADE, "upgrade refused: %.*s", (int)(end - s < 60 ? end - s : 60), s);
        return -1;
    }
    for (line = memmem(s, n, "\r\n", 2); line && line < end;) {
        const char *h = line + 2, *eol = memmem(h, (size_t)(end + 2 - h), "\r\n", 2), *v;
        if (!eol) break;
        v = memchr(h, ':', (size_t)(eol - h));
        if (v) {
            size_t hl = (size_t)(v - h), vl;
            for (v++; v < eol && (*v == ' ' || *v == '\t'); v++)
                ;
            vl = (size_t)(eol - v);
            while (vl && (v[vl - 1] == ' ' || v[vl - 1] == '\t')) vl--;
            if (hl == 7 && !strncasecmp(h, "upgrade", 7)) upgrade = vl == 9 && !strncasecmp(v, "websocket", 9);
            else if (hl == 10 && !strncasecmp(h, "connection", 10)) connection = has_token(v, vl, "upgrade");
            else if (hl == 20 && !strncasecmp(h, "sec-websocket-accept", 20)) accept = vl == 28 && !memcmp(v, c->accept, 28);
            else if (hl == 24 && !strncasecmp(h, "sec-websocket-extensions", 24)) extension = 1; /* none was offered */
            else if (hl == 22 && !strncasecmp(h, "sec-websocket-protocol", 22))
                proto = vl == strlen(cfg.subprotocol) && !memcmp(v, cfg.subprotocol, vl);
        }
        line = eol;
    }
    if (!upgrade || !connection || !accept || !proto || extension) {
        fail(c, E_UPGRADE, "bad upgrade: upgrade %d connection %d accept %d subprotocol %d extension %d", upgrade, connection,
             accept, proto, extension);
        return -1;
    }
    on_open(c);
    return c->state == ST_OPEN ? (ssize_t)(end + 4 - s) : -1;
}

static void on_connected(struct conn *c) {
    int e = 0;
    socklen_t l = sizeof e;
    char req[1024], key[25];
    uint8_t raw[16], md[20];
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l) < 0 || e) {
        fail(c, E_CONNECT, "connect: %s", strerror(e));
        return;
    }
    interest(c, EPOLLIN, EPOLL_CTL_MOD);
    if (cfg.mode == M_TCP) {
        on_open(c);
        return;
    }
    for (int i = 0; i < 16; i += 8) {
        uint64_t r = rng();
        memcpy(raw + i, &r, 8);
    }
    base64(raw, 16, key);
    int n = snprintf(req, sizeof req, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(req, (size_t)n, md);
    base64(md, 20, c->accept);
    n = snprintf(req, sizeof req,
                 "GET %s HTTP/1.1\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n"
                 "Connection: Upgrade\r\nUpgrade: websocket\r\n%s%s%s"
                 "Host: %s:%s\r\n\r\n",
                 cfg.path, key, *cfg.subprotocol ? "Sec-WebSocket-Protocol: " : "", cfg.subprotocol,
                 *cfg.subprotocol ? "\r\n" : "", cfg.host, cfg.port);
    c->state = ST_UPGRADING;
    put(c, (const uint8_t *)req, (size_t)n);
}

static void conn_start(struct conn *c) {
    int one = 1;
    c->fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket: %s (raise ulimit -n?)", strerror(errno));
    open_now++;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->generation++;
    c->state = ST_CONNECTING;
    c->got_first = 0;
    c->step = 0;
    c->t_connect = now_ns();
    await(c, cfg.timeout);
    if (connect(c->fd, (struct sockaddr *)&addr, addr_len) < 0 && errno != EINPROGRESS) {
        fail(c, E_CONNECT, "connect: %s", strerror(errno));
        return;
    }
    interest(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void on_eof(struct conn *c, const char *why) {
    if (c->state == ST_FIN) call_done(c);
    else if (phase == PH_CLOSE && cfg.mode == M_TCP) conn_release(c);
    else fail(c, c->state == ST_UPGRADING ? E_UPGRADE : E_CLOSED, "closed by the server (%s)", why);
}

static void on_readable(struct conn *c) {
    uint8_t *buf = rx;
    size_t have, used = 0;
    uint32_t gen = c->generation;
    ssize_t n = recv(c->fd, rx + c->in_len, rx_cap - c->in_len, 0);
    if (n <= 0) {
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        on_eof(c, n ? strerror(errno) : "end of stream");
        return;
    }
    st.rx_bytes += (uint64_t)n;
    if (cfg.mode == M_TCP) {
        if (c->state != ST_OPEN || (size_t)n > c->tcp_left) {
            fail(c, E_PROTOCOL, "%zd bytes where %zu were due", n, c->tcp_left);
            return;
        }
        c->tcp_left -= (size_t)n;
        if (!c->tcp_left) on_reply(c);
        return;
    }
    have = (size_t)n + c->in_len;
    if (c->in_len) { /* the unfinished part goes before the new part */
        memcpy(rx, c->in, c->in_len);
        c->in_len = 0;
    }
    while (used < have) {
        ssize_t k =
            c->state == ST_UPGRADING ? take_upgrade(c, buf + used, have - used) : take_frame(c, buf + used, have - used);
        if (k < 0 || c->generation != gen || c->fd < 0) return;
        if (k == 0) break;
        used += (size_t)k;
    }
    if (used < have) {
        if (have - used >= rx_cap) {
            fail(c, E_PROTOCOL, "a frame of %zu bytes or more", rx_cap);
            return;
        }
        if (have - used > c->in_cap) c->in = xrealloc(c->in, c->in_cap = have - used);
        memcpy(c->in, buf + used, c->in_len = have - used);
    }
}

static void on_deadline(struct conn *c) {
    static const char *const what[] = { "", "connect", "upgrade", "reply", "close frame", "FIN", "" };
    if (c->state == ST_FIN) { /* closed properly, only TCP is still open */
        st.no_fin++;
        call_done(c);
        return;
    }
    fail(c, E_TIMEOUT, "no %s in %g s", what[c->state], cfg.timeout);
}

/* -------------------------------------------------------------- the phases */

static uint64_t phase_end, t_measure, t_measured, pace_next, pace_step;
static uint64_t pace_count;
static struct usage use0, use1, mem_base, mem_full;
static unsigned mem_base_n;
static int mem_weighed;
static struct rusage self0, self1;

static void pace(uint64_t now) /* --rate: whoever's turn has come sends */
{
    while (pace_next <= now) {
        struct conn *c = &conns[pace_count++ % cfg.active];
        pace_next += pace_step;
        if (c->state != ST_OPEN) continue;
        if (c->waiting) st.late++;
        else send_request(c);
    }
}

static void phase_step(uint64_t now) {
    unsigned all = cfg.connections;
    switch (phase) {
    case PH_CONNECT:
        if (cfg.mode == M_CALLS || cfg.script_closes) {
            while (started < all) conn_start(&conns[started++]);
        } else {
            /* memory: the first 32 connections warm the server's own caches */
            unsigned base = all > 64 ? 32 : 1;
            if (ready + dead >= base && !mem_weighed) {
                mem_base = proc_usage(cfg.pid);
                mem_base_n = ready;
                mem_weighed = 1;
            }
            while (started < all && started - ready - dead < cfg.burst && (mem_weighed || started < base))
                conn_start(&conns[started++]);
            if (ready + dead < all) return;
            if (!phase_end) { /* let the server settle, then weigh it */
                phase_end = now + (cfg.pid ? 200000000u : 1);
                return;
            }
            if (now < phase_end) return;
            mem_full = proc_usage(cfg.pid);
            if (!(cfg.rate > 0))
                for (unsigned i = 0; i < cfg.active; i++)
                    if (conns[i].state == ST_OPEN && !conns[i].waiting) send_request(&conns[i]);
        }
        phase = PH_WARM;
        phase_end = now + (uint64_t)(cfg.warmup * 1e9);
        pace_next = now;
        pace_step = cfg.rate > 0 && cfg.active ? (uint64_t)(1e9 / cfg.rate / cfg.active) : 0;
        return;
    case PH_WARM:
        if (now < phase_end) return;
        memset(&st, 0, sizeof st);
        phase = PH_MEASURE;
        use0 = proc_usage(cfg.pid);
        getrusage(RUSAGE_SELF, &self0);
        t_measure = now_ns();
        phase_end = t_measure + (uint64_t)(cfg.duration * 1e9);
        return;
    case PH_MEASURE:
        if (now < phase_end && !interrupted && dead < all &&
            !(cfg.count && (cfg.mode == M_CALLS ? st.calls : st.messages) >= cfg.count))
            return;
        t_measured = now_ns();
        use1 = proc_usage(cfg.pid);
        getrusage(RUSAGE_SELF, &self1);
        phase = PH_DRAIN;
        return;
    case PH_DRAIN:
    case PH_CLOSE: return;
    }
}

static void loop_once(uint64_t until) {
    static struct epoll_event ev[512];
    static uint64_t next_scan;
    uint64_t now = now_ns(), wake = now + 20000000u;
    struct timespec ts = { 0, 0 };
    if (until && until < wake) wake = until;
    if (pace_step && (phase == PH_WARM || phase == PH_MEASURE) && pace_next < wake) wake = pace_next;
    if (wake > now) ts.tv_nsec = (long)(wake - now);
    int n = epoll_pwait2(ep, ev, 512, &ts, NULL);
    if (n < 0 && errno != EINTR) die("epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        struct conn *c = &conns[(uint32_t)ev[i].data.u64];
        uint32_t gen = (uint32_t)(ev[i].data.u64 >> 32);
        if (c->fd < 0 || c->generation != gen) continue;
        if (c->state == ST_CONNECTING) {
            on_connected(c);
            continue;
        }
        if (ev[i].events & EPOLLOUT && c->sending) on_writable(c);
        if (c->fd >= 0 && c->generation == gen && ev[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) on_readable(c);
    }
    now = now_ns();
    if (pace_step && (phase == PH_WARM || phase == PH_MEASURE)) pace(now);
    if (now >= next_scan) {
        next_scan = now + 50000000u;
        for (unsigned i = 0; i < cfg.connections; i++)
            if (conns[i].deadline && conns[i].deadline < now) on_deadline(&conns[i]);
    }
}

static void run(void) {
    unsigned n = cfg.connections;
    phase = PH_CONNECT;
    phase_step(now_ns());
    while (phase < PH_DRAIN) {
        if (errors_total >= cfg.max_errors) {
            fprintf(stderr, "load: %llu errors: giving up\n", (unsigned long long)errors_total);
            return;
        }
        loop_once(phase_end);
        phase_step(now_ns());
        if (interrupted && phase < PH_MEASURE) return;
    }
    /* What is in flight must still be answered; its cost is not counted. */
    uint64_t limit = now_ns() + (uint64_t)((cfg.timeout + 1) * 1e9);
    typeof(st) keep = st;
    while (waiting_now && now_ns() < limit) loop_once(0);
    phase = PH_CLOSE;
    for (unsigned i = 0; i < n; i++) {
        struct conn *c = &conns[i];
        if (c->state == ST_OPEN && cfg.mode != M_TCP) start_close(c);
        else if (cfg.mode == M_TCP && c->state == ST_OPEN) conn_release(c);
        if (i % 64 == 63) loop_once(now_ns());
    }
    limit = now_ns() + (uint64_t)((cfg.timeout + cfg.linger + 1) * 1e9);
    while (open_now && now_ns() < limit) loop_once(0);
    keep.no_fin = st.no_fin;
    st = keep;
}

/* ------------------------------------------------------------------ report */

static void report(void) {
    double secs = (double)(t_measured - t_measure) / 1e9;
    uint64_t unit = cfg.mode == M_CALLS || cfg.script_closes ? st.calls : st.messages;
    double per = unit ? (double)unit : 1;
    double cpu = (double)(use1.cpu_ns - use0.cpu_ns) / 1000; /* us */
    double ut = (double)(use1.utime - use0.utime), stt = (double)(use1.stime - use0.stime);
    double user = ut + stt > 0 ? cpu * ut / (ut + stt) : 0;
    double self =
        (double)(self1.ru_utime.tv_sec - self0.ru_utime.tv_sec + self1.ru_stime.tv_sec - self0.ru_stime.tv_sec) * 1e6 +
        (double)(self1.ru_utime.tv_usec - self0.ru_utime.tv_usec + self1.ru_stime.tv_usec - self0.ru_stime.tv_usec);
    unsigned grown = cfg.connections > mem_base_n ? cfg.connections - mem_base_n : 1;
    double per_conn = mem_base_n && cfg.pid ? (double)(mem_full.rss_kb - mem_base.rss_kb) * 1024 / grown : 0;
    struct {
        const char *k;
        double v;
    } row[] = {
        { "seconds", secs },
        { "messages", (double)st.messages },
        { "calls", (double)st.calls },
        { "messages_per_s", secs > 0 ? (double)st.messages / secs : 0 },
        { "calls_per_s", secs > 0 ? (double)st.calls / secs : 0 },
        { "ack_us_p50", hist_us(&st.ack, .5) },
        { "ack_us_p99", hist_us(&st.ack, .99) },
        { "ack_us_p999", hist_us(&st.ack, .999) },
        { "ack_us_max", (double)st.ack.max / 1000 },
        { "connect_us_p50", hist_us(&st.connect, .5) },
        { "connect_us_p99", hist_us(&st.connect, .99) },
        { "connect_us_p999", hist_us(&st.connect, .999) },
        { "call_us_p50", hist_us(&st.call, .5) },
        { "call_us_p99", hist_us(&st.call, .99) },
        { "tx_bytes_per_unit", (double)st.tx_bytes / per },
        { "rx_bytes_per_unit", (double)st.rx_bytes / per },
        { "server_cpu_us_per_unit", cpu / per },
        { "server_user_us_per_unit", user / per },
        { "server_sys_us_per_unit", (cpu - user) / per },
        { "server_cpu_percent", secs > 0 ? cpu / secs / 1e4 : 0 },
        { "client_cpu_us_per_unit", self / per },
        { "client_cpu_percent", secs > 0 ? self / secs / 1e4 : 0 },
        { "server_rss_kb_base", (double)mem_base.rss_kb },
        { "server_rss_kb_connected", (double)mem_full.rss_kb },
        { "server_rss_kb_end", (double)use1.rss_kb },
        { "server_bytes_per_connection", per_conn },
        { "messages_ever", (double)messages_ever },
        { "late", (double)st.late },
        { "no_fin", (double)st.no_fin },
        { "errors", (double)errors_total },
    };
    unsigned n = sizeof row / sizeof *row;
    if (cfg.json) {
        printf("{\"mode\":\"%s\",\"connections\":%u,\"active\":%u,\"size\":%zu,\"unit\":\"%s\"", mode_name[cfg.mode],
               cfg.connections, cfg.active, cfg.size, cfg.mode == M_CALLS || cfg.script_closes ? "call" : "message");
        for (unsigned i = 0; i < n; i++)
            printf(",\"%s\":%.*f", row[i].k, row[i].v == (double)(long long)row[i].v ? 0 : 3, row[i].v);
        for (int i = 0; i < E_N; i++)
            if (errs[i]) printf(",\"error_%s\":%llu", err_name[i], (unsigned long long)errs[i]);
        puts("}");
    } else {
        printf("%-28s %s, %u connections, %u active\n", "mode", mode_name[cfg.mode], cfg.connections, cfg.active);
        for (unsigned i = 0; i < n; i++)
            if (row[i].v != 0 || !strcmp(row[i].k, "errors"))
                printf("%-28s %.*f\n", row[i].k, row[i].v == (double)(long long)row[i].v ? 0 : 3, row[i].v);
        for (int i = 0; i < E_N; i++)
            if (errs[i]) printf("error: %-21s %llu\n", err_name[i], (unsigned long long)errs[i]);
    }
}

/* ------------------------------------------------------------------- setup */

static char *slurp(const char *path, size_t *len) {
    FILE *f = fopen(path, "rb");
    char *buf = NULL;
    size_t n = 0, k;
    if (!f) die("%s: %s", path, strerror(errno));
    do {
        buf = xrealloc(buf, n + 65536);
        k = fread(buf + n, 1, 65536, f);
        n += k;
    } while (k);
    fclose(f);
    while (n && (buf[n - 1] == '\n' || buf[n - 1] == '\r')) n--;
    *len = n;
    return buf;
}

/* A template is any JSON object with a top-level "msgid"; whatever that is,
 * IDLEN fresh characters stand in its place in each message sent. */
static void template_set(struct template *t, char *buf, size_t len, const char *name) {
    struct js_member m = { "msgid", NULL, 0 };
    if (js_top(buf, len, &m, 1) < 0) die("%s: not a well-formed JSON object", name);
    if (!m.val || m.len < 2 || *m.val != '"') die("%s: no top-level string \"msgid\"", name);
    size_t off = (size_t)(m.val - buf) + 1, old = m.len - 2;
    char *out = xrealloc(NULL, len - old + IDLEN);
    memcpy(out, buf, off);
    memset(out + off, 'x', IDLEN);
    memcpy(out + off + IDLEN, buf + off + old, len - off - old);
    t->buf = out;
    t->len = len - old + IDLEN;
    t->id_off = off;
    free(buf);
    struct js_member sid = { "call_sid", NULL, 0 };
    if (js_top(t->buf, t->len, &sid, 1) < 0 || !sid.val || sid.len != SIDLEN + 2)
        return; /* none, or not a UUID: left as it is */
    char uuid[SIDLEN];
    memcpy(uuid, sid.val + 1, SIDLEN);
    for (size_t i = 0; i + SIDLEN <= t->len && t->sids < MAX_SIDS; i++)
        if (memcmp(t->buf + i, uuid, SIDLEN) == 0) t->sid_off[t->sids++] = i;
}

static char *builtin_first(size_t *len) {
    static const char s[] = "{\"type\":\"session:new\",\"msgid\":\"\",\"call_sid\":\"9fb35c28-9688-4531-943c-e280b04f3adf\","
                            "\"data\":{\"direction\":\"inbound\",\"from\":\"+15083084809\",\"to\":\"+15083728299\","
                            "\"call_sid\":\"9fb35c28-9688-4531-943c-e280b04f3adf\",\"call_status\":\"trying\"}}";
    *len = sizeof s - 1;
    return memcpy(xrealloc(NULL, sizeof s), s, sizeof s);
}

static char *builtin_hook(size_t want, size_t *len) /* a gather's result, made `want` long */
{
    static const char a[] = "{\"type\":\"verb:hook\",\"msgid\":\"aaaaaaaaaaaaaaaaaaaaaa\",\"call_sid\":"
                            "\"9fb35c28-9688-4531-943c-e280b04f3adf\",\"hook\":\"/hook\",\"data\":{\"call_sid\":"
                            "\"9fb35c28-9688-4531-943c-e280b04f3adf\",\"direction\":\"inbound\",\"reason\":"
                            "\"speechDetected\",\"speech\":{\"is_final\":true,\"alternatives\":[";
    static const char alt[] = "{\"confidence\":0.9319,\"transcript\":\"billing please, order number 81565042\"},";
    static const char z[] = "{\"confidence\":0.5,\"transcript\":\"", zz[] = "\"}]}}}";
    size_t n = sizeof a - 1, tail = sizeof z + sizeof zz - 2;
    char *s = xrealloc(NULL, want + sizeof a + sizeof alt + sizeof z + sizeof zz);
    memcpy(s, a, n);
    while (n + sizeof alt - 1 + tail <= want) {
        memcpy(s + n, alt, sizeof alt - 1);
        n += sizeof alt - 1;
    }
    memcpy(s + n, z, sizeof z - 1);
    n += sizeof z - 1;
    while (n + sizeof zz - 1 < want) s[n++] = 'a';
    memcpy(s + n, zz, sizeof zz - 1);
    *len = n + sizeof zz - 1;
    return s;
}

static void make_pool(void) {
    size_t n = cfg.size + POOL_EXTRA + 8;
    for (int i = 0; i < cfg.steps; i++)
        if (cfg.step[i].tx + 8 > n) n = cfg.step[i].tx + 8;
    pool = xrealloc(NULL, n);
    for (size_t i = 0; i + 4 <= n; i += 4) {
        uint32_t r = (uint32_t)(rng() >> 8);
        if (cfg.payload == P_BINARY) {
            memcpy(pool + i, &r, 4);
        } else if (cfg.payload == P_TEXT) {
            for (int k = 0; k < 4; k++) pool[i + k] = (uint8_t)(' ' + (r >> (8 * k) & 255) % 95);
        } else { /* U+10000..U+3FFFF: four bytes each, cut at multiples of 4 */
            uint32_t cp = 0x10000 + r % 0x30000;
            pool[i] = (uint8_t)(0xf0 | cp >> 18);
            pool[i + 1] = (uint8_t)(0x80 | (cp >> 12 & 63));
            pool[i + 2] = (uint8_t)(0x80 | (cp >> 6 & 63));
            pool[i + 3] = (uint8_t)(0x80 | (cp & 63));
        }
    }
}

static void parse_script(const char *s) {
    while (*s) {
        char *e;
        if (!strcmp(s, "close")) {
            cfg.script_closes = 1;
            break;
        }
        if (cfg.steps == MAX_STEPS) die("--script: more than %d steps", MAX_STEPS);
        cfg.step[cfg.steps].tx = strtoul(s, &e, 10);
        if (e == s || *e != ':') die("--script: expected TX:RX at '%s'", s);
        cfg.step[cfg.steps].rx = strtoul(s = e + 1, &e, 10);
        if (e == s || !cfg.step[cfg.steps].tx || !cfg.step[cfg.steps].rx || (*e && *e != ','))
            die("--script: expected TX:RX, both above 0, at '%s'", s);
        cfg.steps++;
        s = *e ? e + 1 : e;
    }
    if (!cfg.steps) die("--script: no steps");
}

static void on_signal(int sig) {
    (void)sig;
    interrupted = 1;
}

static void usage(FILE *f) {
    fputs("usage: load [options] calls|msgs|idle|echo|tcp\n"
          "  --host ADDR         server address, or unix:/PATH (127.0.0.1)\n"
          "  --port PORT         (3000)\n"
          "  --path PATH         (/)\n"
          "  --subprotocol NAME  offered, and demanded back; '' for none (ws.jambonz.org)\n"
          "  -c --connections N  (1)\n"
          "  --active K          connections that send (all; in idle mode 0)\n"
          "  -d --duration S     measured seconds (5)\n"
          "  --warmup S          (0.5)\n"
          "  --count N           end the measured window after N answers (calls: N calls)\n"
          "  -s --size BYTES     of the verb:hook made up, or of an echo message (600; echo 320)\n"
          "  -t --template FILE  session:new to send; a fresh msgid goes into each,\n"
          "                      a fresh call_sid into each call's\n"
          "  --next FILE         what is sent after it, instead of a made-up verb:hook\n"
          "  --payload KIND      echo: binary, text (ASCII) or utf8 (4-byte characters)\n"
          "  --hello FILE        a text message sent once after the upgrade, unanswered\n"
          "  --rate R            messages per second and connection (0: as fast as answered)\n"
          "  --script STEPS      tcp: TX:RX,... the last one repeats; or TX:RX,...,close\n"
          "  --segment BYTES     messages in pieces of that size, each read before the next (unix: only)\n"
          "  --quiet             idle: send no session:new first\n"
          "  --close-first       close TCP on the close frame, not on the server's FIN\n"
          "  --timeout S         for any single answer (5)\n"
          "  --linger S          to wait for the FIN after the close handshake (1)\n"
          "  --burst N           connections being opened at once (16)\n"
          "  --max-errors N      stop there (100)\n"
          "  --pid PID           of the server: reports its CPU time and memory\n"
          "  --seed N            of keys, masks and ids\n"
          "  --json              one JSON object on one line\n"
          "exit status: 0 no errors, 1 errors (counted by kind in the report), 2 usage\n",
          f);
}

enum {
    OPT_HOST = 256,
    OPT_PORT,
    OPT_PATH,
    OPT_SUB,
    OPT_ACTIVE,
    OPT_WARM,
    OPT_COUNT,
    OPT_NEXT,
    OPT_PAYLOAD,
    OPT_HELLO,
    OPT_RATE,
    OPT_SCRIPT,
    OPT_QUIET,
    OPT_CLOSEFIRST,
    OPT_TIMEOUT,
    OPT_LINGER,
    OPT_BURST,
    OPT_MAXERR,
    OPT_PID,
    OPT_SEED,
    OPT_SEGMENT,
    OPT_JSON
};

static void resolve(void) {
    struct addrinfo hint = { .ai_socktype = SOCK_STREAM }, *ai;
    struct sockaddr_un *un = (struct sockaddr_un *)&addr;
    int e;
    if (strncmp(cfg.host, "unix:", 5) == 0) {
        if (strlen(cfg.host + 5) >= sizeof un->sun_path) die("%s: too long", cfg.host);
        un->sun_family = AF_UNIX;
        strcpy(un->sun_path, cfg.host + 5);
        addr_len = sizeof *un;
        cfg.host = "localhost";
        cfg.port = "80";
        return;
    }
    if ((e = getaddrinfo(cfg.host, cfg.port, &hint, &ai))) die("%s: %s", cfg.host, gai_strerror(e));
    memcpy(&addr, ai->ai_addr, addr_len = ai->ai_addrlen);
    freeaddrinfo(ai);
}

int main(int argc, char **argv) {
    static const struct option opts[] = { { "host", 1, 0, OPT_HOST },
                                          { "port", 1, 0, OPT_PORT },
                                          { "path", 1, 0, OPT_PATH },
                                          { "subprotocol", 1, 0, OPT_SUB },
                                          { "connections", 1, 0, 'c' },
                                          { "active", 1, 0, OPT_ACTIVE },
                                          { "duration", 1, 0, 'd' },
                                          { "warmup", 1, 0, OPT_WARM },
                                          { "count", 1, 0, OPT_COUNT },
                                          { "size", 1, 0, 's' },
                                          { "template", 1, 0, 't' },
                                          { "next", 1, 0, OPT_NEXT },
                                          { "payload", 1, 0, OPT_PAYLOAD },
                                          { "hello", 1, 0, OPT_HELLO },
                                          { "rate", 1, 0, OPT_RATE },
                                          { "script", 1, 0, OPT_SCRIPT },
                                          { "quiet", 0, 0, OPT_QUIET },
                                          { "close-first", 0, 0, OPT_CLOSEFIRST },
                                          { "timeout", 1, 0, OPT_TIMEOUT },
                                          { "linger", 1, 0, OPT_LINGER },
                                          { "burst", 1, 0, OPT_BURST },
                                          { "max-errors", 1, 0, OPT_MAXERR },
                                          { "pid", 1, 0, OPT_PID },
                                          { "seed", 1, 0, OPT_SEED },
                                          { "segment", 1, 0, OPT_SEGMENT },
                                          { "json", 0, 0, OPT_JSON },
                                          { "help", 0, 0, 'h' },
                                          { 0, 0, 0, 0 } };
    const char *tpl = NULL, *next = NULL;
    int o, active_set = 0;
    cfg.host = "127.0.0.1";
    cfg.port = "3000";
    cfg.path = "/";
    cfg.subprotocol = "ws.jambonz.org";
    cfg.connections = 1;
    cfg.duration = 5;
    cfg.warmup = 0.5;
    cfg.timeout = 5;
    cfg.linger = 1;
    cfg.burst = 16;
    cfg.max_errors = 100;
    while ((o = getopt_long(argc, argv, "c:d:s:t:h", opts, NULL)) != -1) {
        switch (o) {
        case OPT_HOST: cfg.host = optarg; break;
        case OPT_PORT: cfg.port = optarg; break;
        case OPT_PATH: cfg.path = optarg; break;
        case OPT_SUB: cfg.subprotocol = optarg; break;
        case 'c': cfg.connections = (unsigned)strtoul(optarg, NULL, 10); break;
        case OPT_ACTIVE:
            cfg.active = (unsigned)strtoul(optarg, NULL, 10);
            active_set = 1;
            break;
        case 'd': cfg.duration = atof(optarg); break;
        case OPT_WARM: cfg.warmup = atof(optarg); break;
        case 's': cfg.size = strtoul(optarg, NULL, 10); break;
        case 't': tpl = optarg; break;
        case OPT_NEXT: next = optarg; break;
        case OPT_PAYLOAD:
            cfg.payload = !strcmp(optarg, "binary") ? P_BINARY
                          : !strcmp(optarg, "text") ? P_TEXT
                          : !strcmp(optarg, "utf8") ? P_UTF8
                                                    : (die("--payload: %s?", optarg), P_TEXT);
            break;
        case OPT_HELLO: cfg.hello = optarg; break;
        case OPT_RATE: cfg.rate = atof(optarg); break;
        case OPT_SCRIPT: parse_script(optarg); break;
        case OPT_QUIET: cfg.quiet = 1; break;
        case OPT_CLOSEFIRST: cfg.close_first = 1; break;
        case OPT_TIMEOUT: cfg.timeout = atof(optarg); break;
        case OPT_LINGER: cfg.linger = atof(optarg); break;
        case OPT_BURST: cfg.burst = (unsigned)strtoul(optarg, NULL, 10); break;
        case OPT_MAXERR: cfg.max_errors = (unsigned)strtoul(optarg, NULL, 10); break;
        case OPT_COUNT: cfg.count = strtoull(optarg, NULL, 10); break;
        case OPT_PID: cfg.pid = (pid_t)atoi(optarg); break;
        case OPT_SEED: rng_state ^= strtoull(optarg, NULL, 10) * 0xbf58476d1ce4e5b9u; break;
        case OPT_SEGMENT: cfg.segment = strtoul(optarg, NULL, 10); break;
        case OPT_JSON: cfg.json = 1; break;
        case 'h': usage(stdout); return 0;
        default: usage(stderr); return 2;
        }
    }
    if (optind + 1 != argc) {
        usage(stderr);
        return 2;
    }
    for (o = 0; o < 5 && strcmp(argv[optind], mode_name[o]); o++)
        ;
    if (o == 5) die("mode %s? (calls, msgs, idle, echo, tcp)", argv[optind]);
    cfg.mode = (enum mode)o;
    if (!cfg.connections || !cfg.burst || !(cfg.duration > 0) || !(cfg.timeout > 0))
        die("--connections, --burst, --duration and --timeout must be above 0");
    if (strlen(cfg.path) + strlen(cfg.subprotocol) + strlen(cfg.host) > 600) die("--path, --subprotocol or --host too long");
    if (!active_set) cfg.active = cfg.mode == M_IDLE ? 0 : cfg.connections;
    if (cfg.active > cfg.connections) cfg.active = cfg.connections;
    if (!cfg.size) cfg.size = cfg.mode == M_ECHO ? 320 : 600;
    if (cfg.payload == P_UTF8 && cfg.size % 4) die("--payload utf8 needs a --size that is a multiple of 4");
    if (cfg.mode == M_TCP ? !cfg.steps : cfg.steps) die("--script goes with mode tcp, and mode tcp needs it");
    if (cfg.pid && kill(cfg.pid, 0) < 0) die("--pid %d: %s", (int)cfg.pid, strerror(errno));

    char *b;
    size_t n;
    b = tpl ? slurp(tpl, &n) : builtin_first(&n);
    template_set(&tpl_first, b, n, tpl ? tpl : "built-in session:new");
    b = next ? slurp(next, &n) : builtin_hook(cfg.size, &n);
    template_set(&tpl_next, b, n, next ? next : "built-in verb:hook");
    if (cfg.hello) hello_buf = slurp(cfg.hello, &hello_len);
    make_pool();
    tx_cap = tpl_first.len > tpl_next.len ? tpl_first.len : tpl_next.len;
    if (cfg.size > tx_cap) tx_cap = cfg.size;
    if (hello_len > tx_cap) tx_cap = hello_len;
    tx = xrealloc(NULL, tx_cap + 256);
    if (rx_cap < cfg.size + 65536) rx_cap = cfg.size + 65536;
    rx = xrealloc(NULL, rx_cap);

    resolve();

    struct rlimit rl;
    if (!getrlimit(RLIMIT_NOFILE, &rl)) {
        rl.rlim_cur = rl.rlim_max;
        setrlimit(RLIMIT_NOFILE, &rl);
        if (rl.rlim_cur < cfg.connections + 16u)
            die("%u connections, but only %lu descriptors (ulimit -n)", cfg.connections, (unsigned long)rl.rlim_cur);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if ((ep = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll_create1: %s", strerror(errno));
    conns = calloc(cfg.connections, sizeof *conns);
    if (!conns) die("out of memory");
    for (unsigned i = 0; i < cfg.connections; i++) {
        conns[i].fd = -1;
        conns[i].idx = i;
        conns[i].active = i < cfg.active;
    }
    run();
    report();
    if (!errors_total && !st.messages && cfg.active && !interrupted) {
        fputs("load: nothing was answered in the measured window\n", stderr);
        return 1;
    }
    return errors_total ? 1 : 0;
}
