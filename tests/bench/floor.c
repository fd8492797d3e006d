/* tcpfloor - the least a server can do: raw TCP, no WebSocket, no JSON.
 *
 *   tcpfloor [--poll] PORT TX:RX[,TX:RX...][,close]
 *
 * The script is wsload's (mode tcp), seen from the client: on each connection,
 * for each TX bytes received, RX bytes are sent back; the last step repeats,
 * or, after "close", the connection is closed once its answer is sent.
 * One thread, level-triggered epoll, one recv and one send per exchange: the
 * cost of the kernel's TCP path with next to nothing on top, to which the cost
 * of a real server is put in proportion.  With --poll it waits with poll(2),
 * which looks at every connection on every call: the floor of a server that
 * has no epoll.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_STEPS 16
#define BUF_CAP (1u << 20)

static struct { size_t tx, rx; } step[MAX_STEPS];
static int steps, closes;
static uint8_t *buf;
struct conn {
    uint32_t step;
    size_t got;
}; /* indexed by descriptor */
static struct conn *conns;
static size_t conns_cap;

static void fatal(const char *what) {
    perror(what);
    exit(1);
}

static int parse(const char *s) {
    while (*s) {
        char *e;
        if (!strcmp(s, "close")) {
            closes = 1;
            break;
        }
        if (steps == MAX_STEPS) return -1;
        step[steps].tx = strtoul(s, &e, 10);
        if (e == s || *e != ':') return -1;
        step[steps].rx = strtoul(s = e + 1, &e, 10);
        if (e == s || !step[steps].tx || step[steps].rx > BUF_CAP || (*e && *e != ',')) return -1;
        steps++;
        s = *e ? e + 1 : e;
    }
    return steps ? 0 : -1;
}

/* Returns -1 once the connection is closed. */
static int on_readable(int fd) {
    struct conn *c = &conns[fd];
    ssize_t n = recv(fd, buf, BUF_CAP, 0);
    if (n <= 0) {
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
        close(fd);
        return -1;
    }
    c->got += (size_t)n;
    while (c->got >= step[c->step].tx) {
        size_t len = step[c->step].rx;
        c->got -= step[c->step].tx;
        /* The client keeps one request in flight: a full socket is a bug. */
        if (send(fd, buf, len, MSG_NOSIGNAL) != (ssize_t)len) {
            close(fd);
            return -1;
        }
        if (c->step + 1 < (uint32_t)steps) {
            c->step++;
        } else if (closes) {
            close(fd);
            return -1;
        }
    }
    return 0;
}

static int take_connection(int ls) {
    int one = 1, fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    conns[fd].step = 0;
    conns[fd].got = 0;
    return fd;
}

static void loop_epoll(int ls) {
    struct epoll_event ev[512], e = { .events = EPOLLIN };
    int ep = epoll_create1(EPOLL_CLOEXEC), fd;
    e.data.fd = ls;
    if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e) < 0) fatal("epoll");
    for (;;) {
        int n = epoll_wait(ep, ev, 512, -1);
        for (int i = 0; i < n; i++) {
            if (ev[i].data.fd != ls) {
                on_readable(ev[i].data.fd);
                continue;
            }
            while ((fd = take_connection(ls)) >= 0) { /* all that are waiting */
                e.data.fd = fd;
                if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0) fatal("epoll_ctl");
            }
        }
    }
}

static void loop_poll(int ls) {
    struct pollfd *pfd = calloc(conns_cap + 1, sizeof *pfd);
    nfds_t n = 1;
    int fd;
    if (!pfd) fatal("malloc");
    pfd[0].fd = ls;
    pfd[0].events = POLLIN;
    for (;;) {
        int left = poll(pfd, n, -1);
        for (nfds_t i = n; i-- > 1 && left > 0;) { /* backwards: the last fills gaps */
            if (!pfd[i].revents) continue;
            left--;
            if (on_readable(pfd[i].fd) < 0) pfd[i] = pfd[--n];
        }
        while (pfd[0].revents && (fd = take_connection(ls)) >= 0) {
            pfd[n].fd = fd;
            pfd[n].events = POLLIN;
            pfd[n++].revents = 0;
        }
    }
}

int main(int argc, char **argv) {
    struct sockaddr_in a = { .sin_family = AF_INET };
    struct rlimit rl;
    int one = 1, ls, use_poll = argc > 1 && !strcmp(argv[1], "--poll");
    argv += use_poll;
    if (argc - use_poll != 3 || parse(argv[2]) < 0) {
        fputs("usage: tcpfloor [--poll] PORT TX:RX[,TX:RX...][,close]\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &rl) < 0) fatal("getrlimit");
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);
    conns_cap = rl.rlim_cur;
    conns = calloc(conns_cap, sizeof *conns);
    buf = malloc(BUF_CAP);
    if (!conns || !buf) fatal("malloc");
    memset(buf, 'x', BUF_CAP);
    a.sin_port = htons((uint16_t)atoi(argv[1]));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ls < 0) fatal("socket");
    setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(ls, (struct sockaddr *)&a, sizeof a) < 0 || listen(ls, 4096) < 0) fatal("listen");
    if (use_poll) loop_poll(ls);
    else loop_epoll(ls);
}
