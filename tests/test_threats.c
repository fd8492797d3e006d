/* Threats that no other program has: a server next to an app's other business (descriptors, children, a full disk). */

#define _GNU_SOURCE 1
static int backlog_asked; /* what listen() was called with last */
#define JBZ_SYS_listen(fd, n) listen(fd, backlog_asked = (n))
#include "support.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void say_back(const jbz_event *ev, void *user) {
    (void)user;
    jbz_conn_send(ev->conn, ev->type == JBZ_EV_TEXT ? JBZ_TEXT : JBZ_BINARY, ev->bytes, ev->len);
}

static jbz_server *open_server(jbz_server_desc *d) {
    jbz_error error;
    jbz_server *s;
    memset(d, 0, sizeof *d);
    d->any_port = true;
    d->on_message = say_back;
    s = jbz_server_open(d, &error);
    assert_non_null(s);
    return s;
}

static void turn(jbz_server *s) {
    jbz_event ev;
    while (jbz_server_poll(s, &ev, 20) == JBZ_E_OK) jbz_dispatch(&ev);
}

static int join_server(jbz_server *s) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char answer[400];
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(jbz_server_port(s));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, request, sizeof request - 1, 0), sizeof request - 1);
    turn(s);
    assert_true(recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 100);
    assert_memory_equal(answer, "HTTP/1.1 101 ", 13);
    return fd;
}

static void echoes(jbz_server *s, int fd) {
    char got[8];
    assert_int_equal(send(fd, "\x81\x82\0\0\0\0hi", 8, 0), 8);
    turn(s);
    assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), 4);
    assert_memory_equal(got, "\x81\x02hi", 4);
}

/* 67: select() ends at 1024, this does not. */
static void descriptors_above_1024(void **state) {
    jbz_server_desc d;
    struct rlimit limit;
    jbz_server *s;
    int fill[1100], i, fd;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 1200) skip();
    if (limit.rlim_cur < 1200) limit.rlim_cur = 1200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (i = 0; i < 1100; i++) assert_true((fill[i] = dup(0)) >= 0);
    s = open_server(&d);
    fd = join_server(s);
    assert_true(fd > 1024);
    echoes(s, fd);
    close(fd);
    turn(s);
    jbz_server_close(s);
    for (i = 0; i < 1100; i++) close(fill[i]);
}

/* 84: a program that the app starts inherits nothing of it: a call would stay up as long as that runs. */
static void children_inherit_nothing(void **state) {
    bool before[256];
    jbz_server_desc d;
    jbz_server *s;
    int fd, i, ours = 0;
    (void)state;
    for (i = 0; i < 256; i++) before[i] = fcntl(i, F_GETFD) >= 0;
    s = open_server(&d);
    fd = join_server(s);
    for (i = 0; i < 256; i++) {
        int flags = fcntl(i, F_GETFD);
        if (before[i] || flags < 0 || i == fd) continue;
        ours++;
        assert_true(flags & FD_CLOEXEC);
    }
    assert_true(ours >= 3); /* the listener, the connection, and what wakes it */
    close(fd);
    turn(s);
    jbz_server_close(s);
}

/* 85: where log lines cannot be written, everything else goes on. */
static void nobody_reads_the_log(void **state) {
    jbz_server_desc d;
    jbz_server *s;
    int fd, kept = dup(2), full = open("/dev/full", O_WRONLY), pair[2];
    (void)state;
    assert_int_equal(pipe(pair), 0);
    close(pair[0]);
    signal(SIGPIPE, SIG_IGN); /* as jbz_main does; a program of its own decides that itself */
    dup2(full >= 0 ? full : pair[1], 2);
    s = open_server(&d);
    fd = join_server(s);
    jbz_log_stderr(JBZ_LOG_WARN, JBZ_LINE_ODD, "a disk is full", "", NULL);
    echoes(s, fd);
    dup2(pair[1], 2);
    jbz_log_stderr(JBZ_LOG_WARN, JBZ_LINE_ODD, "nobody reads", "", NULL);
    echoes(s, fd);
    close(2);
    jbz_log_stderr(JBZ_LOG_WARN, JBZ_LINE_ODD, "there is no stderr", "", NULL);
    dup2(kept, 2);
    echoes(s, fd);
    close(kept);
    close(pair[1]);
    if (full >= 0) close(full);
    close(fd);
    turn(s);
    jbz_server_close(s);
}

/* 85: a trace that meets a full disk is told of once; calls go on. */
static int trace_lines;
static void count_trace(jbz_level level, int item, const char *text, const char *detail, void *user) {
    (void)level; (void)text; (void)detail; (void)user;
    trace_lines += item == JBZ_LINE_TRACE;
}

static void a_full_disk_under_the_trace(void **state) {
    static char program[] = "p", flag[] = "--trace", path[] = "/dev/full";
    char *argv[] = { program, flag, path, NULL };
    jbz_server_desc d;
    jbz_server *s;
    int fd, i, status;
    (void)state;
    if (access(path, W_OK) != 0) skip();
    memset(&d, 0, sizeof d);
    d.any_port = true;
    d.on_message = say_back;
    d.log.fn = count_trace;
    s = jbz_main_open(3, argv, &d, &status);
    assert_non_null(s);
    fd = join_server(s);
    for (i = 0; i < 20; i++) echoes(s, fd);
    assert_int_equal(trace_lines, 1);
    close(fd);
    turn(s);
    jbz_server_close(s);
}

/* 69: a crowd that comes while the app is busy waits in the backlog and is served afterwards; how long that is can be chosen. */
static void a_crowd_waits_in_the_backlog(void **state) {
    enum { CROWD = 200 };
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in to;
    jbz_server_desc d;
    jbz_server *s;
    char answer[400];
    int fd[CROWD], i, tries;
    ssize_t n;
    (void)state;
    s = open_server(&d);
    assert_int_equal(backlog_asked, 511);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(jbz_server_port(s));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (i = 0; i < CROWD; i++) { /* nobody accepts meanwhile */
        assert_true((fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) >= 0);
        assert_true(connect(fd[i], (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS);
        assert_int_equal(send(fd[i], request, sizeof request - 1, 0), sizeof request - 1);
    }
    turn(s);
    for (i = 0; i < CROWD; i++) {
        for (tries = 0; (n = recv(fd[i], answer, sizeof answer, MSG_DONTWAIT)) < 0 && tries < 300; tries++) turn(s);
        assert_true(n > 100);
        assert_memory_equal(answer, "HTTP/1.1 101 ", 13);
        close(fd[i]);
    }
    jbz_server_close(s);
    d.backlog = 7;
    s = jbz_server_open(&d, NULL);
    assert_non_null(s);
    assert_int_equal(backlog_asked, 7);
    jbz_server_close(s);
}

/* 74: whoever writes to a peer that is gone gets no SIGPIPE, and what the app does about that signal is left alone. */
static int pipes_broken;
static void on_sigpipe(int sig) { pipes_broken += sig == SIGPIPE; }
static jbz_conn *said_last;
static void keep_conn(const jbz_event *ev, void *user) {
    (void)user;
    said_last = ev->conn;
}

static void no_signal_from_a_peer_that_is_gone(void **state) {
    struct linger at_once = { 1, 0 };
    struct sigaction sa, now, before;
    jbz_server_desc d;
    jbz_server *s;
    int fd, i;
    (void)state;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_sigpipe;
    sigaction(SIGPIPE, &sa, &before);
    memset(&d, 0, sizeof d);
    d.any_port = true;
    d.on_message = keep_conn;
    s = jbz_server_open(&d, NULL);
    assert_non_null(s);
    for (i = 0; i < 10; i++) {
        fd = join_server(s);
        said_last = NULL;
        assert_int_equal(send(fd, "\x81\x82\0\0\0\0hi", 8, 0), 8);
        turn(s);
        assert_non_null(said_last);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd); /* a reset: the next write fails with ECONNRESET, those behind it with EPIPE */
        assert_true(send(s->socks[jbz_conn_slot(said_last)].fd, "x", 1, MSG_NOSIGNAL) < 0);
        jbz_conn_send(said_last, JBZ_TEXT, "a", 1);
        turn(s);
    }
    jbz_server_close(s);
    assert_int_equal(pipes_broken, 0);
    sigaction(SIGPIPE, &before, &now);
    assert_true(now.sa_handler == on_sigpipe);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_crowd_waits_in_the_backlog), cmocka_unit_test(no_signal_from_a_peer_that_is_gone),
        cmocka_unit_test(descriptors_above_1024), cmocka_unit_test(children_inherit_nothing),
        cmocka_unit_test(nobody_reads_the_log), cmocka_unit_test(a_full_disk_under_the_trace) };
    return cmocka_run_group_tests_name("threats", tests, NULL, NULL);
}
