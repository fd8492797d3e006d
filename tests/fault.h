/* Failure loops: a scenario is run again and again, and each time another one of the things it asks of the system fails: the first,
   the second, ... allocation, block of the pool or system call, with each errno of its manual page, once or from then on; until a run
   ends in which nothing failed. The clock is this file's, and peers act in the same thread whenever the server would wait, so a run
   takes no time of its own and is the same each time. */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/*---- what fails ----*/

static struct {
    const char *name; /* which call: its name, NULL none */
    long at;          /* the n-th of them */
    int error;
    bool for_ever;    /* ... and all after it */
    long part;        /* recv, send: it moves that much, and the next one moves nothing */
    long seen;        /* so many came */
    bool struck;
    long cap;         /* recv, send: that many bytes at once at most; 0 all */
    bool interrupts;  /* every other call is interrupted, where that can be */
    long calls;       /* of any name, in this run */
} plan;

static bool strike(const char *name) {
    plan.calls++;
    if (!plan.name || strcmp(name, plan.name) != 0) return false;
    plan.seen++;
    if (plan.seen != plan.at && !(plan.for_ever && plan.seen > plan.at)) return false;
    plan.struck = true;
    errno = plan.error;
    return true;
}

static bool interrupted(void) {
    static bool turn;
    if (!plan.interrupts) return false;
    turn = !turn;
    plan.struck = true;
    errno = EINTR;
    return turn;
}

/* How many of `n` bytes recv or send may move now; -1: it fails. */
static long allowed(const char *name, size_t n) {
    bool again = plan.part && plan.name && strcmp(name, plan.name) == 0 && plan.seen == plan.at;
    if (again) { plan.seen++; errno = EAGAIN; return -1; }
    if (interrupted()) return -1;
    if (strike(name)) {
        if (!plan.part) return -1;
        return (long)n < plan.part ? (long)n : plan.part;
    }
    return plan.cap && (long)n > plan.cap ? plan.cap : (long)n;
}

#define SYS static __attribute__((unused)) /* not all are used with poll, nor with epoll */

static uint64_t now_ms = 5000000;
static bool idle(int ms); /* the server would wait: true if something may have happened instead */

SYS ssize_t sys_recv(int fd, void *p, size_t n) {
    long may = allowed("recv", n);
    return may < 0 ? -1 : recv(fd, p, (size_t)may, 0);
}
SYS ssize_t sys_send(int fd, const void *p, size_t n) {
    long may = allowed("send", n);
    return may < 0 ? -1 : send(fd, p, (size_t)may, MSG_NOSIGNAL);
}
SYS ssize_t sys_write(int fd, const void *p, size_t n) {
    if (strike("write")) return -1;
    return fd == 1 || fd == 2 ? (ssize_t)n : write(fd, p, n); /* what programs say is not for the terminal */
}
SYS int sys_close(int fd) {
    int r = close(fd);
    return strike("close") ? -1 : r; /* whatever it says, the descriptor is gone */
}
SYS int sys_clock(clockid_t clock, struct timespec *ts) {
    (void)clock;
    if (strike("clock_gettime")) return -1;
    ts->tv_sec = (time_t)(now_ms / 1000);
    ts->tv_nsec = (long)(now_ms % 1000) * 1000000;
    return 0;
}
static void busy(bool found);
SYS int sys_epoll_wait(int ep, struct epoll_event *evs, int n, int ms) {
    int found;
    if (interrupted() || strike("epoll_wait")) return -1;
    do found = epoll_wait(ep, evs, n, 0); while (found == 0 && idle(ms));
    busy(found > 0);
    return found;
}
SYS int sys_poll(struct pollfd *fds, unsigned n, int ms) {
    int found;
    if (interrupted() || strike("poll")) return -1;
    do found = poll(fds, n, 0); while (found == 0 && idle(ms));
    busy(found > 0);
    return found;
}
SYS int sys_accept(int fd, int flags) {
    if (interrupted() || strike("accept4")) return -1;
    return accept4(fd, NULL, NULL, flags);
}

#define OR_FAIL(name, call) (strike(name) ? -1 : (call))
#define JBZ_SYS_recv(fd, p, n) sys_recv(fd, p, n)
#define JBZ_SYS_send(fd, p, n) sys_send(fd, p, n)
#define JBZ_SYS_accept4(fd, flags) sys_accept(fd, flags)
#define JBZ_SYS_poll(fds, n, ms) sys_poll(fds, n, ms)
#define JBZ_SYS_epoll_create1(flags) OR_FAIL("epoll_create1", epoll_create1(flags))
#define JBZ_SYS_epoll_ctl(ep, op, fd, ev) OR_FAIL("epoll_ctl", epoll_ctl(ep, op, fd, ev))
#define JBZ_SYS_epoll_wait(ep, evs, n, ms) sys_epoll_wait(ep, evs, n, ms)
#define JBZ_SYS_socket(domain, type, protocol) OR_FAIL("socket", socket(domain, type, protocol))
#define JBZ_SYS_setsockopt(fd, level, name, p, n) OR_FAIL("setsockopt", setsockopt(fd, level, name, p, n))
#define JBZ_SYS_bind(fd, sa, n) OR_FAIL("bind", bind(fd, sa, n))
#define JBZ_SYS_listen(fd, n) OR_FAIL("listen", listen(fd, n))
#define JBZ_SYS_fcntl(fd, cmd, arg) OR_FAIL("fcntl", fcntl(fd, cmd, arg))
#define JBZ_SYS_eventfd(flags) OR_FAIL("eventfd", eventfd(0, flags))
#define JBZ_SYS_pipe(fds) OR_FAIL("pipe", pipe(fds))
#define JBZ_SYS_shutdown(fd, how) OR_FAIL("shutdown", shutdown(fd, how))
#define JBZ_SYS_close(fd) sys_close(fd)
#define JBZ_SYS_write(fd, p, n) sys_write(fd, p, n)
#define JBZ_SYS_read(fd, p, n) OR_FAIL("read", read(fd, p, n))
#define JBZ_SYS_open(path, flags, mode) OR_FAIL("open", open(path, flags, mode))
#define JBZ_SYS_clock_gettime(clock, ts) sys_clock(clock, ts)
#define JBZ_SYS_take() (!strike("take"))

#include "support.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/un.h>

static void *sys_heap(void *user, void *p, size_t old_size, size_t new_size) {
    if (new_size && strike("heap")) return NULL;
    return heap_fn(user, p, old_size, new_size);
}

/* Each call and the errors its manual page lists. Those that ask the caller to try again (EINTR, EAGAIN) are not tried for ever. */
static const int e_recv[] = { EAGAIN, EBADF, ECONNREFUSED, EFAULT, EINTR, EINVAL, ENOMEM, ENOTCONN, ENOTSOCK, ECONNRESET, ETIMEDOUT, 0 };
static const int e_send[] = { EAGAIN, EACCES, EALREADY, EBADF, ECONNRESET, EDESTADDRREQ, EFAULT, EINTR, EINVAL, EISCONN, EMSGSIZE, ENOBUFS,
                              ENOMEM, ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPIPE, 0 };
static const int e_accept[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN, EBADF, ECONNABORTED, EFAULT, EINTR, EINVAL, ENOTSOCK, EOPNOTSUPP, EPERM,
                                EPROTO, ENOSR, ESOCKTNOSUPPORT, EPROTONOSUPPORT, ETIMEDOUT, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
                                EHOSTUNREACH, ENETUNREACH, 0 };
static const int e_poll[] = { EFAULT, EINTR, EINVAL, ENOMEM, 0 };
static const int e_epoll_create1[] = { EINVAL, EMFILE, ENFILE, ENOMEM, 0 };
static const int e_epoll_ctl[] = { EBADF, EEXIST, EINVAL, ELOOP, ENOENT, ENOMEM, ENOSPC, EPERM, 0 };
static const int e_epoll_wait[] = { EBADF, EFAULT, EINTR, EINVAL, 0 };
static const int e_socket[] = { EACCES, EAFNOSUPPORT, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTONOSUPPORT, 0 };
static const int e_setsockopt[] = { EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK, 0 };
static const int e_bind[] = { EACCES, EADDRINUSE, EBADF, EINVAL, ENOTSOCK, EADDRNOTAVAIL, EFAULT, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR,
                              EROFS, 0 };
static const int e_listen[] = { EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP, 0 };
static const int e_fcntl[] = { EACCES, EAGAIN, EBADF, EBUSY, EDEADLK, EFAULT, EINTR, EINVAL, EMFILE, ENOLCK, ENOTDIR, EPERM, 0 };
static const int e_eventfd[] = { EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM, 0 };
static const int e_pipe[] = { EFAULT, EMFILE, ENFILE, ENOPKG, 0 };
static const int e_shutdown[] = { EBADF, EINVAL, ENOTCONN, ENOTSOCK, 0 };
static const int e_close[] = { EBADF, EINTR, EIO, ENOSPC, EDQUOT, 0 };
static const int e_write[] = { EAGAIN, EBADF, EDESTADDRREQ, EDQUOT, EFAULT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EPERM, EPIPE, 0 };
static const int e_read[] = { EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR, 0 };
static const int e_open[] = { EACCES, EBADF, EBUSY, EDQUOT, EEXIST, EFAULT, EFBIG, EINTR, EINVAL, EISDIR, ELOOP, EMFILE, ENAMETOOLONG, ENFILE,
                              ENODEV, ENOENT, ENOMEM, ENOSPC, ENOTDIR, ENXIO, EOPNOTSUPP, EOVERFLOW, EPERM, EROFS, ETXTBSY, 0 };
static const int e_clock[] = { EACCES, EFAULT, EINVAL, ENODEV, ENOTSUP, EPERM, 0 };
static const int e_memory[] = { ENOMEM, 0 };
static const struct { const char *name; const int *errors; } faults[] = {
    { "heap", e_memory }, { "take", e_memory }, { "recv", e_recv }, { "send", e_send }, { "accept4", e_accept }, { "poll", e_poll },
    { "epoll_create1", e_epoll_create1 }, { "epoll_ctl", e_epoll_ctl }, { "epoll_wait", e_epoll_wait }, { "socket", e_socket },
    { "setsockopt", e_setsockopt }, { "bind", e_bind }, { "listen", e_listen }, { "fcntl", e_fcntl }, { "eventfd", e_eventfd }, { "pipe", e_pipe },
    { "shutdown", e_shutdown }, { "close", e_close }, { "write", e_write }, { "read", e_read }, { "open", e_open }, { "clock_gettime", e_clock } };

/*---- peers ----*/

#define CLIENTS 10
#define STREAM 400000
typedef struct client { int fd; bool ended; size_t n, at; uint8_t *buf; } client;
static client cl[CLIENTS];  /* the last one is the well-behaved call's */
#define GOOD (CLIENTS - 1)

typedef struct scenario {
    const char *name;
    void (*serve)(void);       /* the server's side: opens, serves, closes */
    bool (*peer)(int step);    /* what peers do next; false: they are done */
    void (*act)(const jbz_event *ev); /* the app's handlers */
    void (*desc)(jbz_server_desc *d);
} scenario;

static struct {
    const scenario *sc;
    const char *host;          /* where clients go */
    uint16_t port;
    int step;
    bool peers_done, over;     /* the script's end; that of the well-behaved call, too */
    uint64_t sleep_until;
    unsigned rounds, busy;     /* so often the server waited; found something without having waited */
    int good, good_tries, good_no; /* how far the well-behaved call is */
    uint64_t good_since;
    char good_want[32];
    char acks[200][40];        /* msgids acked */
    unsigned nacks;
    bool opened, fatal, was_broken;
    jbz_err open_err;
} f;

static char fault_path[64];

static void context(char *to, size_t cap) {
    snprintf(to, cap, "%s, %s number %ld: %s%s%s part %ld cap %ld, step %d", f.sc->name, plan.name ? plan.name : "nothing", plan.at,
             plan.error ? strerror(plan.error) : "", plan.for_ever ? " and from then on" : "", plan.interrupts ? " interrupts" : "", plan.part,
             plan.cap, f.step);
}
#define must(cond) do { if (!(cond)) { char c_[256]; context(c_, sizeof c_); fail_msg("line %d: %s (%s)", __LINE__, #cond, c_); } } while (0)

static int open_fds(void) {
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;
    while (readdir(dir)) n++;
    closedir(dir);
    return n - 3;
}

static void hear(client *c) {
    ssize_t n;
    while (c->fd >= 0 && !c->ended && c->n < STREAM && (n = recv(c->fd, c->buf + c->n, STREAM - c->n, MSG_DONTWAIT)) != -1) {
        if (n == 0) c->ended = true;
        c->n += (size_t)n;
    }
    if (c->fd >= 0 && errno != EAGAIN && errno != EINTR) c->ended = true;
}

/* One ack per message, whatever happens. */
static void count_ack(const char *text, size_t n) {
    static const char ack[] = "{\"type\":\"ack\",\"msgid\":\"";
    size_t len = sizeof ack - 1, end = len;
    unsigned i;
    if (n < len || memcmp(text, ack, len) != 0) return;
    while (end < n && text[end] != '"') end++;
    must(end - len < sizeof f.acks[0] && f.nacks < 200);
    memcpy(f.acks[f.nacks], text + len, end - len);
    f.acks[f.nacks][end - len] = 0;
    for (i = 0; i < f.nacks; i++) must(strcmp(f.acks[i], f.acks[f.nacks]) != 0);
    f.nacks++;
}
static bool acked(const char *msgid) {
    unsigned i;
    for (i = 0; i < f.nacks; i++)
        if (strcmp(f.acks[i], msgid) == 0) return true;
    return false;
}

/* The next whole frame of a client: its opcode; -1 none. HTTP heads are passed over. */
static int next_of(client *c, const char **text, size_t *n) {
    const uint8_t *p = c->buf + c->at;
    size_t left = c->n - c->at, head = 2, len, i;
    if (left && memcmp(p, "HTTP/", left < 5 ? left : 5) == 0) {
        for (i = 4; i <= left; i++)
            if (memcmp(p + i - 4, "\r\n\r\n", 4) == 0) {
                c->at += i;
                *text = (const char *)p;
                *n = i;
                if (memcmp(p, "HTTP/1.1 101", 12) != 0) c->at = c->n; /* a body, then the end */
                return 100;
            }
        return -1;
    }
    if (left < 2) return -1;
    must((p[0] & 0x70) == 0 && !(p[1] & 0x80) && (p[0] & 0x80));
    len = p[1];
    if (len >= 126) head = len == 126 ? 4 : 10;
    if (left < head) return -1;
    for (i = 2, len = head > 2 ? 0 : len; i < head; i++) len = len << 8 | p[i];
    if (left - head < len) return -1;
    *text = (const char *)p + head;
    *n = len;
    c->at += head + len;
    if ((p[0] & 15) == OP_TEXT) count_ack(*text, len);
    return p[0] & 15;
}

static void read_all(client *c) {
    const char *text;
    size_t n;
    hear(c);
    while (next_of(c, &text, &n) != -1) { }
}

static void hang(client *c) {
    read_all(c);
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    c->n = c->at = 0;
}

static void hang_hard(client *c) { /* with a reset, where there is such a thing */
    struct linger l = { 1, 0 };
    if (c->fd >= 0) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    hang(c);
}

static bool reach(client *c) {
    int fd, r;
    hang(c);
    if (f.host && strncmp(f.host, "unix:", 5) == 0) {
        struct sockaddr_un a;
        memset(&a, 0, sizeof a);
        a.sun_family = AF_UNIX;
        strcpy(a.sun_path, f.host + 5);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        r = connect(fd, (struct sockaddr *)&a, sizeof a);
    } else {
        struct sockaddr_in a;
        memset(&a, 0, sizeof a);
        a.sin_family = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        a.sin_port = htons(f.port);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        r = connect(fd, (struct sockaddr *)&a, sizeof a);
    }
    c->fd = fd;
    c->ended = r != 0;
    return r == 0;
}

static void tell_raw(client *c, const void *bytes, size_t n) { if (c->fd >= 0 && send(c->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) c->ended = true; }
static void tell(client *c, const char *text) { tell_raw(c, text, strlen(text)); }
static void tell_frame(client *c, unsigned first, const void *payload, size_t n) {
    static uint8_t bytes[200000];
    tell_raw(c, bytes, frame(bytes, first, payload, n));
}
static void tellf(client *c, const char *fmt, ...) {
    char text[8192];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    tell_frame(c, FIN | OP_TEXT, text, strlen(text));
}
static void join_in(client *c, const char *path, const char *protocol) {
    char text[1024];
    reach(c);
    tell_raw(c, text, upgrade_text(text, sizeof text, path, protocol, NULL));
}
static void tell_new(client *c, const char *msgid, const char *sid) {
    tellf(c, "{\"type\":\"session:new\",\"msgid\":\"%s\",\"call_sid\":\"%s\",\"data\":{\"call_sid\":\"%s\",\"direction\":\"inbound\",\"from\":\"a-rather-long-caller-id\","
             "\"to\":\"100\",\"env_vars\":{\"A\":\"1\",\"B\":2}}}", msgid, sid, sid);
}
static void tell_hook(client *c, const char *msgid, const char *sid, const char *hook) {
    tellf(c, "{\"type\":\"verb:hook\",\"msgid\":\"%s\",\"call_sid\":\"%s\",\"hook\":\"%s\",\"data\":{}}", msgid, sid, hook);
}
static void tell_status(client *c, const char *sid, const char *status) {
    tellf(c, "{\"type\":\"call:status\",\"msgid\":\"s\",\"call_sid\":\"%s\",\"data\":{\"call_sid\":\"%s\",\"call_status\":\"%s\"}}", sid, sid, status);
}
static void tell_close(client *c) { tell_frame(c, FIN | OP_CLOSE, "\x03\xe8", 2); }
static void wait_ms(uint32_t ms) { f.sleep_until = now_ms + ms; }

/* The well-behaved call: does as jambonz does, again from the start when its socket is lost or 6 s bring nothing. True: it acted. */
static bool good_call(void) {
    client *c = &cl[GOOD];
    char sid[40];
    read_all(c);
    if (f.good == 4) return false;
    if (c->fd < 0 || c->ended || now_ms - f.good_since >= 6000) {
        if (f.good_tries > 6) return false;
        if (f.good_tries && now_ms - f.good_since < 500) return false; /* not at once again */
        f.good_tries++;
        f.good_no++;
        f.good_since = now_ms;
        f.good = 1;
        join_in(c, "/", "ws.jambonz.org");
        snprintf(f.good_want, sizeof f.good_want, "good-%d-new", f.good_no);
        snprintf(sid, sizeof sid, "9f1c2d3e-0000-4000-8000-%012d", f.good_no);
        tell_new(c, f.good_want, sid);
        return true;
    }
    if (!acked(f.good_want)) return false;
    f.good_since = now_ms;
    snprintf(sid, sizeof sid, "9f1c2d3e-0000-4000-8000-%012d", f.good_no);
    if (++f.good == 2) {
        snprintf(f.good_want, sizeof f.good_want, "good-%d-hook", f.good_no);
        tell_hook(c, f.good_want, sid, "/menu");
        return true;
    }
    f.good = 4;
    tell_status(c, sid, "completed");
    tell_close(c);
    return true;
}

/* Something is always ready, and nobody has done anything since: it is not taken away. */
static void busy(bool found) {
    f.busy = found ? f.busy + 1 : 0;
    if (f.busy % 50 == 49 && plan.name && strcmp(plan.name, "read") == 0) idle(500); /* the app is woken without end, and not the library's fault */
    must(f.busy < (plan.cap ? 200000u : 300u));
}

/* The server has nothing to do. */
static bool idle(int ms) {
    int i;
    if (ms == 0) return false;
    f.busy = 0;
    must(++f.rounds < 4000); /* no spinning */
    for (i = 0; i < CLIENTS; i++) read_all(&cl[i]);
    if (good_call()) return true;
    if (!f.peers_done && now_ms >= f.sleep_until) {
        f.peers_done = !f.sc->peer(f.step++);
        if (f.peers_done) { /* the system works again: so must the server */
            f.was_broken = plan.struck;
            plan.at = 0;
            plan.for_ever = plan.interrupts = false;
            f.good_tries = f.good == 4 ? f.good_tries : 0;
            f.good_since -= f.good == 4 ? 0 : 500;
        }
        return true;
    }
    if (f.peers_done && (f.good == 4 || f.good_tries > 6) && !f.over) {
        f.over = true;
        for (i = 0; i < CLIENTS; i++) hang(&cl[i]);
        return true;
    }
    must(!f.over || f.rounds < 3900);
    now_ms += ms < 0 || ms > 2000 ? 2000 : (unsigned)ms;
    return false;
}

/*---- servers ----*/

static jbz_server_desc fault_desc(void) {
    jbz_server_desc d = usual();
    d.alloc.fn = sys_heap;
    d.max_conns = 16;
    d.max_message = 20000; /* small, so that a run is quick */
    d.pool = 200000;
    d.receive = 8192;
    d.tokens = 500;
    d.host = f.host;
    d.any_port = true;
    if (f.sc->desc) f.sc->desc(&d);
    return d;
}

static jbz_server *open_server(void) {
    jbz_server_desc d = fault_desc();
    jbz_error err;
    jbz_server *s;
    static jbz_server_desc kept; /* what it points to must outlive the server */
    kept = d;
    err.code = JBZ_E_OK;
    s = jbz_server_open(&kept, &err);
    f.opened = s != NULL;
    f.open_err = err.code;
    if (!s) return NULL;
    w.core = jbz_server_core(s);
    f.port = jbz_server_port(s);
    return s;
}

/* An app that goes on whatever jbz_server_poll says, for a while. */
static void serve_by_poll(void) {
    jbz_server *s = open_server();
    jbz_event ev;
    jbz_err err;
    int failed = 0;
    if (!s) return;
    while (!f.over) {
        err = jbz_server_poll(s, &ev, 2000);
        if (err == JBZ_E_OK) jbz_dispatch(&ev);
        else if (err == JBZ_E_SYS && ++failed > 3) { f.fatal = true; break; }
        else if (err == JBZ_E_GONE) break;
        else must(err == JBZ_E_TIMEOUT || err == JBZ_E_SYS);
    }
    jbz_server_close(s);
}

/*---- runs ----*/

static int fds_before;

/* One run; whether anything failed in it. */
static bool run_once(const scenario *sc, const char *host) {
    int i;
    memset(&f, 0, sizeof f);
    memset(&w, 0, sizeof w);
    heap_reset();
    plan.seen = plan.calls = 0;
    plan.struck = false;
    f.sc = sc;
    f.host = host;
    w.act = sc->act;
    dice_state = 88172645463325252u;
    for (i = 0; i < CLIENTS; i++) {
        cl[i].fd = -1;
        cl[i].n = cl[i].at = 0;
        if (!cl[i].buf) cl[i].buf = (uint8_t *)malloc(STREAM);
    }
    sc->serve();
    f.was_broken |= plan.struck;
    for (i = 0; i < CLIENTS; i++) hang_hard(&cl[i]);
    if (!f.opened) {
        must(f.was_broken);
        must(f.open_err == JBZ_E_SYS || f.open_err == JBZ_E_NOMEM);
        unlink(fault_path);
    } else if (f.fatal) {
        must(f.was_broken && plan.name && (strcmp(plan.name, "poll") == 0 || strcmp(plan.name, "epoll_wait") == 0));
    } else {
        must(f.good == 4);
    }
    must(heap.blocks == 0);
    must(open_fds() == fds_before);
    must(access(fault_path, F_OK) != 0 || f.was_broken);
    unlink(fault_path);
    return f.was_broken;
}

static void no_plan(void) { memset(&plan, 0, sizeof plan); }

static void plan_for(const char *name, long at, int error, bool for_ever) {
    no_plan();
    plan.name = name;
    plan.at = at;
    plan.error = error;
    plan.for_ever = for_ever;
}

/* How much of it all. FAULTS=full: everything; else each call fails, but not with each of its errors. */
static bool everything(void) {
    const char *how = getenv("FAULTS");
    return how && strcmp(how, "full") == 0;
}

/* With an emulator or valgrind in front (unit.sh's RUN) only one in 29 fails. */
static long stride(void) {
    const char *run = getenv("RUN");
    return run && *run ? 29 : 1;
}

static unsigned long runs;

static void torture(const scenario *sc, const char *host) {
    size_t i, k, turn = 0, errors;
    long n, part;
    int again;
    fds_before = open_fds();
    no_plan();
    must((f.sc = sc) != NULL);
    if (run_once(sc, host)) fail_msg("%s: something failed where nothing should", sc->name);
    runs++;
    for (i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (errors = 0; faults[i].errors[errors]; errors++) { }
        for (n = 1;; n += stride()) {
            bool struck = false;
            for (k = 0; k < errors; k++) {
                int error = faults[i].errors[k];
                if (!everything() && k != turn % errors) continue;
                for (again = 0; again < 2; again++) {
                    if (again && (error == EINTR || error == EAGAIN)) continue;
                    plan_for(faults[i].name, n, error, again);
                    struck = run_once(sc, host) || struck;
                    runs++;
                }
            }
            turn++;
            if (!struck) break;
            must(n < 3000);
        }
    }
    for (k = 0; k < 2; k++) { /* so much moves, then nothing for now */
        static const long parts[] = { 1, 2, 3, 5, 9, 30, 130 };
        for (n = 1;; n += stride()) {
            bool struck = false;
            for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                if (!everything() && i != turn % 7) continue;
                plan_for(k ? "send" : "recv", n, 0, false);
                plan.part = part = parts[i];
                struck = run_once(sc, host) || struck;
                runs++;
            }
            turn++;
            if (!struck) break;
        }
    }
    for (part = 1; part <= 130; part = part < 16 ? part + (everything() ? 1 : 4) : part * 2) { /* only so much at once, with interruptions */
        no_plan();
        plan.cap = part;
        plan.interrupts = part % 2 == 0;
        run_once(sc, host);
        runs++;
    }
    no_plan();
    plan.interrupts = true;
    run_once(sc, host);
    no_plan();
}

#endif
