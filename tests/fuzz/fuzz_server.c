/* libFuzzer, room 12: the whole server over a kernel that is made here. What each system call answers, with which errno, how many
   bytes move, what is ready and what time it is comes from the input. Peers talk as in session.h, an app does anything (app.h).
   Whatever the kernel does: nothing crashes or leaks, each descriptor is closed once and none is used after that, no wait ends
   without end, what comes out are well-formed frames; and when the kernel works again, everything ends in time. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int k_socket(void), k_accept(int), k_close(int), k_epoll_create(void), k_epoll_ctl(int, int, int, struct epoll_event *);
static int k_epoll_wait(int, struct epoll_event *, int, int), k_plain(int, int), k_eventfd(void), k_name(int, struct sockaddr *, socklen_t *);
static int k_shutdown(int), k_open(void);
static ssize_t k_recv(int, void *, size_t), k_send(int, const void *, size_t), k_read(int, void *, size_t), k_write(int, const void *, size_t);
static int k_clock(struct timespec *);
#define getsockname(fd, a, n) k_name(fd, a, n)
#define JBZ_SYS_recv(fd, p, n) k_recv(fd, p, n)
#define JBZ_SYS_send(fd, p, n) k_send(fd, p, n)
#define JBZ_SYS_accept4(fd, flags) k_accept(fd)
#define JBZ_SYS_epoll_create1(flags) k_epoll_create()
#define JBZ_SYS_epoll_ctl(ep, op, fd, ev) k_epoll_ctl(ep, op, fd, ev)
#define JBZ_SYS_epoll_wait(ep, evs, n, ms) k_epoll_wait(ep, evs, n, ms)
#define JBZ_SYS_socket(domain, type, protocol) k_socket()
#define JBZ_SYS_setsockopt(fd, level, name, p, n) k_plain(fd, 0)
#define JBZ_SYS_bind(fd, sa, n) k_plain(fd, 1)
#define JBZ_SYS_listen(fd, n) k_plain(fd, 2)
#define JBZ_SYS_fcntl(fd, cmd, arg) k_plain(fd, 3)
#define JBZ_SYS_eventfd(flags) k_eventfd()
#define JBZ_SYS_shutdown(fd, how) k_shutdown(fd)
#define JBZ_SYS_close(fd) k_close(fd)
#define JBZ_SYS_write(fd, p, n) k_write(fd, p, n)
#define JBZ_SYS_read(fd, p, n) k_read(fd, p, n)
#define JBZ_SYS_open(path, flags, mode) k_open()
#define JBZ_SYS_clock_gettime(clock, ts) k_clock(ts)
#include "app.h"

/*---- the kernel ----*/

enum { NOTHING, FILE_, LISTENER, SOCKET, EPOLL, EVENT };
#define FDS 64
#define FIRST 1000 /* descriptors are none of this process */
#define PEERS 16
#define CALLS 4000 /* system calls that one turn of the server may make */

typedef struct peer {
    heard got;
    uint8_t *out;      /* what it sent */
    size_t out_n, out_at, budget; /* bytes it still reads */
    int fd;            /* 0: not accepted yet, -1: closed by the server */
    bool ended, reset, shut;
} peer;

static struct {
    struct { int kind, peer; uint32_t events; uint64_t data; bool watched; } fd[FDS];
    peer peers[PEERS];
    unsigned npeers, accepted, cur[4];
    uint64_t now;
    input faults;      /* one byte per system call; 0 to 199: it works */
    unsigned calls, hurt;
    bool counter;      /* of the eventfd */
    jbz_server *s;
} k;

/* Does this call fail? Then errno is one of `errors`. At most 3 EINTR in a row, as signals go. */
static bool fails(const int *errors, unsigned n) {
    static unsigned interrupted;
    unsigned how = take(&k.faults);
    CHECK(++k.calls < CALLS);
    if (k.calls % 16 == 0) k.now++; /* they take their time */
    if (how < 200) { interrupted = 0; return false; }
    errno = errors[how % n];
    interrupted = errno == EINTR ? interrupted + 1 : 0;
    if (interrupted > 3) errno = errors[0];
    k.hurt++;
    return true;
}
#define FAILS(...) (fails((const int[]){ __VA_ARGS__ }, (unsigned)(sizeof (int[]){ __VA_ARGS__ } / sizeof(int))))

static int fresh(int kind) {
    int i;
    for (i = 0; i < FDS && k.fd[i].kind; i++) { }
    CHECK(i < FDS);
    memset(&k.fd[i], 0, sizeof k.fd[i]);
    k.fd[i].kind = kind;
    k.fd[i].peer = -1;
    return FIRST + i;
}
/* A descriptor must be open, and of this kind (NOTHING: any). */
static int known(int fd, int kind) {
    CHECK(fd >= FIRST && fd < FIRST + FDS && k.fd[fd - FIRST].kind && (!kind || k.fd[fd - FIRST].kind == kind));
    return fd - FIRST;
}
static peer *peer_of(int fd) { return &k.peers[k.fd[known(fd, SOCKET)].peer]; }

static int k_socket(void) { return FAILS(EMFILE, ENFILE, ENOBUFS, EAFNOSUPPORT) ? -1 : fresh(LISTENER); }
static int k_open(void) { return FAILS(ENOENT, EMFILE, EINTR) ? -1 : fresh(FILE_); }
static int k_eventfd(void) { return FAILS(EMFILE, ENOMEM) ? -1 : fresh(EVENT); }
static int k_epoll_create(void) { return FAILS(EMFILE, ENOMEM) ? -1 : fresh(EPOLL); }
static int k_plain(int fd, int what) {
    known(fd, NOTHING);
    (void)what;
    return FAILS(EADDRINUSE, EINVAL, EACCES, ENOPROTOOPT) ? -1 : 0;
}
static int k_name(int fd, struct sockaddr *a, socklen_t *n) {
    struct sockaddr_in in;
    known(fd, LISTENER);
    if (FAILS(ENOBUFS)) return -1;
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_port = htons(3000);
    memcpy(a, &in, sizeof in);
    *n = sizeof in;
    return 0;
}
static int k_shutdown(int fd) {
    peer_of(fd)->shut = true;
    return FAILS(ENOTCONN) ? -1 : 0;
}
static int k_close(int fd) {
    int i = known(fd, NOTHING);
    if (k.fd[i].kind == SOCKET) peer_of(fd)->fd = -1;
    k.fd[i].kind = NOTHING; /* whatever it says */
    return FAILS(EINTR, EIO) ? -1 : 0;
}
static int k_accept(int fd) {
    int got;
    known(fd, LISTENER);
    if (FAILS(EAGAIN, EMFILE, ECONNABORTED, EINTR, ENFILE, EPERM, EPROTO)) return -1;
    if (k.accepted == k.npeers) { errno = EAGAIN; return -1; }
    got = fresh(SOCKET);
    k.fd[got - FIRST].peer = (int)k.accepted;
    k.peers[k.accepted++].fd = got;
    return got;
}
static int k_epoll_ctl(int ep, int op, int fd, struct epoll_event *e) {
    int i = known(fd, NOTHING);
    known(ep, EPOLL);
    /* To change what a listener waits for takes no memory, and that it works is what keeps a full server from spinning. */
    if ((op == EPOLL_CTL_ADD || k.fd[i].kind == SOCKET) && FAILS(ENOMEM, ENOSPC)) return -1;
    CHECK(op == EPOLL_CTL_ADD ? !k.fd[i].watched : k.fd[i].watched);
    k.fd[i].watched = true;
    k.fd[i].events = e->events;
    k.fd[i].data = e->data.u64;
    return 0;
}

/* How many of `n` bytes move: all, or what the input says. */
static size_t part_of(size_t n) {
    unsigned how = take(&k.faults);
    return how < 128 || !n ? n : 1 + (how - 128) % n;
}
static ssize_t k_recv(int fd, void *p, size_t n) {
    peer *c = peer_of(fd);
    size_t left = c->out_n - c->out_at;
    CHECK(n > 0);
    if (FAILS(EAGAIN, ECONNRESET, EINTR, ETIMEDOUT, ENOMEM)) return -1;
    if (c->reset) { errno = ECONNRESET; return -1; }
    if (!left && c->ended) return 0;
    if (!left) { errno = EAGAIN; return -1; }
    n = part_of(n < left ? n : left);
    memcpy(p, c->out + c->out_at, n);
    c->out_at += n;
    return (ssize_t)n;
}
static ssize_t k_send(int fd, const void *p, size_t n) {
    peer *c = peer_of(fd);
    CHECK(n > 0 && !c->shut);
    if (FAILS(EAGAIN, EPIPE, EINTR, ECONNRESET, ENOBUFS)) return -1;
    if (c->reset) { errno = EPIPE; return -1; }
    if (!c->budget) { errno = EAGAIN; return -1; }
    n = part_of(n < c->budget ? n : c->budget);
    if (c->budget != SIZE_MAX) c->budget -= n;
    hear(&c->got, p, n);
    return (ssize_t)n;
}
static ssize_t k_read(int fd, void *p, size_t n) {
    int i = known(fd, NOTHING);
    if (FAILS(EAGAIN, EINTR, EIO)) return -1;
    if (k.fd[i].kind == FILE_) { memset(p, 7, n); return (ssize_t)part_of(n); }
    if (!k.counter) { errno = EAGAIN; return -1; }
    k.counter = false;
    return 8;
}
static ssize_t k_write(int fd, const void *p, size_t n) {
    (void)p;
    known(fd, EVENT);
    if (FAILS(EAGAIN, EINTR)) return -1;
    k.counter = true;
    return (ssize_t)n;
}
static int k_clock(struct timespec *ts) {
    unsigned how = take(&k.faults);
    CHECK(++k.calls < CALLS);
    if (how >= 200) { k.now += how - 200; if (how == 255) return -1; }
    ts->tv_sec = (time_t)(k.now / 1000);
    ts->tv_nsec = (long)(k.now % 1000) * 1000000;
    return 0;
}
static uint32_t ready(int i) {
    uint32_t is = 0;
    if (k.fd[i].kind == LISTENER && k.accepted < k.npeers) is |= EPOLLIN;
    if (k.fd[i].kind == EVENT && k.counter) is |= EPOLLIN;
    if (k.fd[i].kind == SOCKET) {
        const peer *c = &k.peers[k.fd[i].peer];
        if (c->out_at < c->out_n || c->ended || c->reset) is |= EPOLLIN;
        if (c->budget) is |= EPOLLOUT;
        is = (is & k.fd[i].events) | (c->reset ? (uint32_t)(EPOLLERR | EPOLLHUP) : 0);
    }
    return k.fd[i].kind == SOCKET ? is : is & k.fd[i].events;
}
static int k_epoll_wait(int ep, struct epoll_event *evs, int n, int ms) {
    int i, at, found = 0;
    unsigned from = take(&k.faults); /* where it begins to look, and how many it tells of */
    known(ep, EPOLL);
    if (FAILS(EINTR, EINTR, EINTR, EINVAL)) return -1;
    if (from >= 128) n = 1 + (int)from % 4;
    for (i = 0; i < FDS && found < n; i++) {
        at = (i + (int)from) % FDS;
        if (!k.fd[at].watched || !k.fd[at].kind) continue;
        if ((evs[found].events = ready(at)) == 0) continue;
        evs[found++].data.u64 = k.fd[at].data;
    }
    if (!found) k.now += ms < 0 || ms > 100000 ? 100000u : (unsigned)ms;
    return found;
}

/*---- turns ----*/

static void turn(int ms) {
    jbz_event ev;
    jbz_err err;
    unsigned guard = 0;
    jbz_stats stats;
    if (!k.s) return;
    do {
        k.calls = 0;
        err = jbz_server_poll(k.s, &ev, ms);
        if (err == JBZ_E_OK) jbz_dispatch(&ev);
        CHECK(err == JBZ_E_OK || err == JBZ_E_TIMEOUT || err == JBZ_E_GONE || (err == JBZ_E_SYS && k.hurt));
        CHECK(++guard < 20000);
    } while (err == JBZ_E_OK);
    jbz_server_stats(k.s, &stats);
    CHECK(stats.pool_used <= stats.pool_limit && stats.conns <= 6 && stats.calls <= 7);
}

static peer *at(unsigned i) { return k.cur[i & 3] ? &k.peers[k.cur[i & 3] - 1] : NULL; }

static void say_bytes(peer *c, const void *p, size_t n) {
    if (c->ended || c->reset || c->out_n - c->out_at > 200000) return;
    c->out = (uint8_t *)realloc(c->out, c->out_n + n + 1);
    CHECK(c->out);
    if (n) memcpy(c->out + c->out_n, p, n);
    c->out_n += n;
}

static void dial_in(unsigned slot, unsigned how) {
    static const char *const paths[] = { "/", "/menu?x=1", "/other/x", "/nowhere" };
    char text[1024];
    const char *protocol = how & 8 ? "audio.drachtio.org" : how & 16 ? (how & 32 ? "chat" : NULL) : "ws.jambonz.org";
    const char *path = how & 8 && app.url[0] ? app.url : paths[how & 3];
    peer *c;
    if (k.npeers == PEERS) return;
    c = &k.peers[k.npeers++];
    k.cur[slot] = k.npeers;
    c->budget = SIZE_MAX;
    c->got.kind = !protocol ? 0 : protocol[0] == 'a' ? 2 : protocol[0] == 'c' ? 0 : 1;
    if (how < 0x80) say_bytes(c, text, upgrade_text(text, sizeof text, path, protocol));
}

static void step(input *in) {
    static const int times[] = { 0, 1, 20, 40, 100, 160, 250, 500, 1000, 2000, 3999, 4000, 5000, 10000, 30000, 61000 };
    static char text[2000], f[2100];
    unsigned op = take(in), n = op >> 4;
    peer *c = at(n);
    const sample *from;
    input part;
    size_t len, i;
    uint8_t pcm[1100];
    switch (op & 15) {
    case 0: dial_in(n & 3, take(in)); break;
    case 1: case 2: case 3: case 4:
        if (!c) break;
        i = take(in);
        from = c->got.kind == 2 ? &audio[i % COUNT(audio)] : &control[i % COUNT(control)];
        len = compose(text, sizeof text, from, n >> 2, in);
        if ((op & 15) == 4) text[take2(in) % len] = (char)take(in);
        ids_sent(text, len, (int)(c - k.peers), (op & 15) == 4 ? MAYBE : from->wants);
        say_bytes(c, f, frame((uint8_t *)f, 0x81, text, len, 0xA5C31E07u));
        break;
    case 5: case 6: /* any bytes, in a frame or bare */
        if (!c) break;
        part = take_bytes(in, take(in));
        ids_sent((const char *)part.p, part.n, (int)(c - k.peers), MAYBE);
        if (n & 4) say_bytes(c, part.p, part.n);
        else say_bytes(c, f, frame((uint8_t *)f, 0x80 | (take(in) & 15), part.p, part.n, 7));
        break;
    case 7: case 8: turn(times[n]); break;
    case 9: if (c) c->ended = true; break;
    case 10: if (c) c->reset = true; break;
    case 11: if (c) c->budget = n & 8 ? SIZE_MAX : take(in) * 8u; break;
    case 12: if (k.s) { whim(take(in)); } break;
    case 13:
        if (!c) break;
        len = take(in) * 4;
        for (i = 0; i < len; i++) pcm[i] = (uint8_t)(i * 13);
        say_bytes(c, f, frame((uint8_t *)f, 0x82, pcm, len, 0x11223344));
        break;
    case 14:
        if (!k.s) break;
        if (n == 15) jbz_server_drain(k.s);
        else jbz_wakeup(k.s);
        break;
    default: turn(0); break;
    }
    k.calls = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    jbz_server_desc d;
    jbz_error err;
    jbz_stats stats;
    input in, script;
    unsigned flags, i;
    if (size < 4 || size > 4096) return 0;
    memset(&k, 0, sizeof k);
    memset(&heap, 0, sizeof heap);
    in.p = data;
    in.n = size;
    flags = take(&in);
    k.now = flags & 32 ? 0xfffff000u : 1000000;
    k.faults = take_bytes(&in, take(&in) * 2u);
    script = take_bytes(&in, take(&in) % 100);
    app_reset(script.p, script.n);
    describe(&d, flags);
    d.seed[0] = flags & 16 ? 0 : 1;
    err.code = JBZ_E_OK;
    k.s = jbz_server_open(&d, &err);
    CHECK(k.s || (err.code == JBZ_E_SYS && k.hurt));
    if (k.s) {
        app.core = jbz_server_core(k.s);
        while (in.n) step(&in);
        k.faults.n = 0; /* the kernel works again */
        app.script_n = 0;
        for (i = 0; i < k.npeers; i++) { k.peers[i].budget = SIZE_MAX; k.peers[i].ended = true; }
        for (i = 0; i < 8; i++) turn(20000);
        for (i = 0; i < 8; i++) { /* a drained server says that it is done while lost calls are still kept */
            jbz_event ev;
            k.calls = 0;
            jbz_core_tick(app.core, k.now += 20000);
            while (jbz_core_next(app.core, &ev)) jbz_dispatch(&ev);
        }
        jbz_server_stats(k.s, &stats);
        CHECK(stats.conns == 0 && stats.calls == 0 && stats.pool_used == 0 && app.users == 0);
        CHECK(k.accepted == k.npeers || k.npeers > 6 || jbz_core_idle(app.core));
        k.calls = 0;
        jbz_server_close(k.s);
    }
    CHECK(heap.blocks == 0 && heap.bytes == 0);
    for (i = 0; i < FDS; i++) CHECK(!k.fd[i].kind);
    for (i = 0; i < k.npeers; i++) { free(k.peers[i].got.buf); free(k.peers[i].out); }
    return 0;
}
