/* Several servers in several threads of one process, and what other threads may do to them: jbz_wakeup, from threads and from signal
   handlers, and nothing else; what they want they leave in a letter box of the app's, as here. `make tsan` runs this under
   ThreadSanitizer. Callers are threads of their own, with blocking sockets. Only the thread of main asserts: the others write down the
   first thing that was wrong. */

#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <cmocka.h>

enum { HOUSES = 4, CALLERS = 2, CALLS = 6, HOOKS = 3, LETTERS = 64, LINES = 16 };
enum { REDIRECT = 1, ANSWER, COUNT, STOP, DRAIN };

/*---- what is wrong, from whichever thread ----*/

static pthread_mutex_t wrong_lock = PTHREAD_MUTEX_INITIALIZER;
static char wrong[256];

static bool complain(int line, const char *what) {
    pthread_mutex_lock(&wrong_lock);
    if (!*wrong) snprintf(wrong, sizeof wrong, "line %d: %s", line, what);
    pthread_mutex_unlock(&wrong_lock);
    return false;
}
#define WANT(c) ((c) ? true : complain(__LINE__, #c))

static void nothing_is_wrong(void) {
    char text[sizeof wrong];
    pthread_mutex_lock(&wrong_lock);
    memcpy(text, wrong, sizeof text);
    wrong[0] = 0;
    pthread_mutex_unlock(&wrong_lock);
    if (*text) fail_msg("%s", text);
}

/*---- a house: a server, its thread, its letter box ----*/

typedef struct letter { int ask; unsigned line; jbz_reply_id reply; } letter;

typedef struct house {
    jbz_server_desc d;
    jbz_server *s;
    pthread_t thread;
    jbz_err end;               /* how its loop ended */
    char name[8];              /* callers hear it */

    pthread_mutex_t lock;      /* of the letter box, and of what is told to others */
    pthread_cond_t told;
    letter letters[LETTERS];
    unsigned nletters, counted;

    pthread_t worker;          /* thinks about what hooks should hear: an HTTP request in real life */
    bool working, at_work;
    pthread_cond_t work;
    jbz_reply_id thoughts[LETTERS];
    unsigned nthoughts;

    jbz_call_id lines[LINES];  /* from here on only the house's own thread: who is on the line */
    unsigned sessions, hooks, ends, wakeups;
} house;

static house houses[HOUSES];

/* Any thread. */
static void post(house *h, letter l) {
    bool room;
    pthread_mutex_lock(&h->lock);
    room = h->nletters < LETTERS;
    if (room) h->letters[h->nletters++] = l;
    pthread_mutex_unlock(&h->lock);
    WANT(room);
    jbz_wakeup(h->s);
}

static void ask(house *h, int what, unsigned line) {
    letter l;
    memset(&l, 0, sizeof l);
    l.ask = what;
    l.line = line;
    post(h, l);
}

/* The house's thread, for each letter. */
static void read_letter(house *h, jbz_core *core, const letter *l) {
    jbz_out *o;
    switch (l->ask) {
    case REDIRECT:
        WANT(jbz_cmd_redirect_hook(jbz_call_find(core, h->lines[l->line]), "/moved", NULL) == JBZ_E_OK);
        break;
    case ANSWER:
        o = jbz_reply_to(core, l->reply);
        jbz_say(o, .text = "I thought about it");
        WANT(jbz_send(o) == JBZ_E_OK);
        break;
    case COUNT:
        pthread_mutex_lock(&h->lock);
        h->counted++;
        pthread_cond_broadcast(&h->told);
        pthread_mutex_unlock(&h->lock);
        break;
    case STOP: jbz_stop(core); break;
    default: jbz_server_drain((jbz_server *)core); break;
    }
}

static void on_other(const jbz_event *ev, void *user) {
    house *h = (house *)user;
    letter todo[LETTERS];
    unsigned n, i;
    if (ev->type != JBZ_EV_WAKEUP) return;
    h->wakeups++;
    pthread_mutex_lock(&h->lock);
    n = h->nletters;
    memcpy(todo, h->letters, n * sizeof *todo);
    h->nletters = 0;
    pthread_mutex_unlock(&h->lock);
    for (i = 0; i < n; i++) read_letter(h, ev->core, &todo[i]);
}

static void on_session(const jbz_event *ev, void *user) {
    house *h = (house *)user;
    unsigned line = (unsigned)jbz_json_int(ev->data, "/line", 0);
    jbz_out *o = jbz_reply(ev);
    WANT(line < LINES);
    h->lines[line % LINES] = jbz_call_id_of(ev->call);
    h->sessions++;
    jbz_say(o, .text = h->name);
    WANT(jbz_send(o) == JBZ_E_OK);
}

static void on_think(const jbz_event *ev, void *user) {
    house *h = (house *)user;
    jbz_reply_id id;
    h->hooks++;
    if (!WANT(jbz_reply_later(ev, &id) == JBZ_E_OK)) return;
    pthread_mutex_lock(&h->lock);
    h->thoughts[h->nthoughts++ % LETTERS] = id;
    pthread_cond_signal(&h->work);
    pthread_mutex_unlock(&h->lock);
}

static void on_end(const jbz_event *ev, void *user) {
    (void)ev;
    ((house *)user)->ends++;
}

static void *think(void *arg) {
    house *h = (house *)arg;
    letter l;
    memset(&l, 0, sizeof l);
    l.ask = ANSWER;
    pthread_mutex_lock(&h->lock);
    while (h->working || h->nthoughts) {
        if (!h->nthoughts) { pthread_cond_wait(&h->work, &h->lock); continue; }
        l.reply = h->thoughts[--h->nthoughts];
        pthread_mutex_unlock(&h->lock);
        post(h, l);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

static void *live(void *arg) {
    house *h = (house *)arg;
    jbz_event ev;
    while ((h->end = jbz_server_poll(h->s, &ev, -1)) == JBZ_E_OK) jbz_dispatch(&ev);
    return NULL;
}

static void plan_house(house *h, int number) {
    memset(h, 0, sizeof *h);
    snprintf(h->name, sizeof h->name, "house%d", number);
    h->d.any_port = true;
    h->d.max_conns = 32;
    h->d.on_session = on_session;
    h->d.on_hook[0].hook = "/think";
    h->d.on_hook[0].fn = on_think;
    h->d.on_other = on_other;
    h->d.on_end = on_end;
    h->d.user = h;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->told, NULL);
    pthread_cond_init(&h->work, NULL);
}

static void employ(house *h) {
    h->working = h->at_work = true;
    assert_int_equal(pthread_create(&h->worker, NULL, think, h), 0);
}

/* Opened here, it lives in a thread of its own from then on. */
static void open_house(house *h) {
    jbz_error err;
    h->s = jbz_server_open(&h->d, &err);
    assert_non_null(h->s);
    employ(h);
    assert_int_equal(pthread_create(&h->thread, NULL, live, h), 0);
}

/* Returns when the house has read a letter that is posted now. */
static void wait_for(house *h) {
    pthread_mutex_lock(&h->lock);
    h->counted = 0;
    pthread_mutex_unlock(&h->lock);
    ask(h, COUNT, 0);
    pthread_mutex_lock(&h->lock);
    while (!h->counted) pthread_cond_wait(&h->told, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

static void dismiss(house *h) {
    if (!h->at_work) return;
    pthread_mutex_lock(&h->lock);
    h->working = false;
    pthread_cond_signal(&h->work);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->worker, NULL);
    h->at_work = false;
}

static void close_house(house *h) {
    dismiss(h);
    ask(h, DRAIN, 0);
    pthread_join(h->thread, NULL);
    assert_int_equal(h->end, JBZ_E_GONE);
    jbz_server_close(h->s);
    h->s = NULL;
}

static void open_street(bool one_port) {
    int i;
    for (i = 0; i < HOUSES; i++) {
        plan_house(&houses[i], i);
        houses[i].d.reuse_port = one_port;
        if (one_port && i > 0) {
            houses[i].d.any_port = false;
            houses[i].d.port = jbz_server_port(houses[0].s);
        }
        open_house(&houses[i]);
    }
}

static unsigned close_street(void) {
    unsigned sessions = 0;
    int i;
    for (i = 0; i < HOUSES; i++) {
        close_house(&houses[i]);
        sessions += houses[i].sessions;
    }
    nothing_is_wrong();
    return sessions;
}

/*---- callers ----*/

typedef struct caller {
    pthread_t thread;
    uint16_t port;
    house *h;                  /* whom it calls; NULL: who answers on that port */
    unsigned line, calls;      /* its own line; how many calls it makes */
    bool letters;              /* other threads' letters are part of the call */
    unsigned done;             /* calls that went as they should */
    char text[4096];           /* what came last */
} caller;

static int dial(uint16_t port) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\n\r\n";
    struct sockaddr_in to;
    struct timeval patience;
    char answer[1024];
    size_t n = 0;
    ssize_t k;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(&patience, 0, sizeof patience);
    patience.tv_sec = 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (!WANT(fd >= 0) || !WANT(connect(fd, (struct sockaddr *)&to, sizeof to) == 0)) return fd;
    WANT(send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)sizeof request - 1);
    do { /* byte by byte: what follows stays */
        k = recv(fd, answer + n, 1, 0);
        if (k == 1) n++;
    } while (k == 1 && n < sizeof answer - 1 && (n < 4 || memcmp(answer + n - 4, "\r\n\r\n", 4) != 0));
    answer[n] = 0;
    WANT(strncmp(answer, "HTTP/1.1 101 ", 13) == 0);
    return fd;
}

static bool tell(int fd, const char *text) {
    uint8_t frame[2048];
    size_t n = strlen(text), at = 2;
    frame[0] = 0x81;
    frame[1] = (uint8_t)(n < 126 ? 0x80 | n : 0x80 | 126);
    if (n >= 126) { frame[at++] = (uint8_t)(n >> 8); frame[at++] = (uint8_t)n; }
    memset(frame + at, 0, 4); /* masked with zero */
    memcpy(frame + at + 4, text, n);
    return send(fd, frame, at + 4 + n, MSG_NOSIGNAL) == (ssize_t)(at + 4 + n);
}

static bool hear(int fd, char *text, size_t cap) {
    uint8_t head[2], more[2];
    size_t n;
    *text = 0;
    if (recv(fd, head, 2, MSG_WAITALL) != 2 || head[0] != 0x81 || head[1] > 126) return false;
    n = head[1];
    if (n == 126) {
        if (recv(fd, more, 2, MSG_WAITALL) != 2) return false;
        n = (size_t)more[0] << 8 | more[1];
    }
    if (n >= cap || recv(fd, text, n, MSG_WAITALL) != (ssize_t)n) return false;
    text[n] = 0;
    return true;
}

static bool asks(int fd, caller *c, const char *type, const char *hook, const char *msgid, unsigned n) {
    char text[400], want[64];
    snprintf(text, sizeof text, "{\"type\":\"%s\",\"msgid\":\"%s\",\"call_sid\":\"line%u-%u\",%s%s%s\"data\":{\"direction\":\"inbound\",\"line\":%u}}",
        type, msgid, c->line, n, hook ? "\"hook\":\"" : "", hook ? hook : "", hook ? "\"," : "", c->line);
    snprintf(want, sizeof want, "\"msgid\":\"%s\"", msgid);
    return WANT(tell(fd, text)) && WANT(hear(fd, c->text, sizeof c->text)) && WANT(strstr(c->text, "\"ack\"")) && WANT(strstr(c->text, want));
}

/* Whose voice that was. */
static house *who(const char *text) {
    const char *name = strstr(text, "house");
    return name && name[5] >= '0' && name[5] < '0' + HOUSES ? &houses[name[5] - '0'] : NULL;
}

static bool call(caller *c, unsigned n) {
    char msgid[32];
    unsigned i;
    int fd = dial(c->port);
    house *h;
    bool ok = asks(fd, c, "session:new", NULL, "first", n);
    h = who(c->text);
    ok = ok && WANT(h && (!c->h || h == c->h));
    for (i = 0; ok && c->letters && i < HOOKS; i++) {
        snprintf(msgid, sizeof msgid, "m%u", i);
        ok = asks(fd, c, "verb:hook", "/think", msgid, n) && WANT(strstr(c->text, "I thought about it"));
        if (!ok) break;
        ask(h, REDIRECT, c->line);
        ok = WANT(hear(fd, c->text, sizeof c->text)) && WANT(strstr(c->text, "\"redirect\"")) && WANT(strstr(c->text, "/moved"));
    }
    if (ok) ok = WANT(send(fd, "\x88\x82\0\0\0\0\x03\xe8", 8, MSG_NOSIGNAL) == 8); /* 1000: the call is over */
    while (ok && recv(fd, msgid, sizeof msgid, 0) > 0) { }
    if (fd >= 0) close(fd);
    return ok;
}

static void *call_again_and_again(void *arg) {
    caller *c = (caller *)arg;
    unsigned i;
    for (i = 0; i < c->calls && call(c, i); i++) c->done++;
    return NULL;
}

static caller callers[HOUSES * CALLERS];

static void start_callers(bool one_port, bool letters) {
    int i;
    for (i = 0; i < HOUSES * CALLERS; i++) {
        caller *c = &callers[i];
        memset(c, 0, sizeof *c);
        c->h = one_port ? NULL : &houses[i / CALLERS];
        c->port = jbz_server_port(houses[i / CALLERS].s);
        c->line = (unsigned)i;
        c->calls = CALLS;
        c->letters = letters;
        assert_int_equal(pthread_create(&c->thread, NULL, call_again_and_again, c), 0);
    }
}

static void join_callers(void) {
    int i;
    for (i = 0; i < HOUSES * CALLERS; i++) pthread_join(callers[i].thread, NULL);
    nothing_is_wrong();
    for (i = 0; i < HOUSES * CALLERS; i++) assert_int_equal(callers[i].done, CALLS);
}

/*---- the tests ----*/

/* Servers share nothing: each has its port, thread, worker and callers. Workers' answers and callers' wishes come as letters. */
static void a_server_per_thread(void **state) {
    int i;
    (void)state;
    open_street(false);
    start_callers(false, true);
    join_callers();
    assert_int_equal(close_street(), HOUSES * CALLERS * CALLS);
    for (i = 0; i < HOUSES; i++) {
        assert_int_equal(houses[i].sessions, CALLERS * CALLS);
        assert_int_equal(houses[i].hooks, CALLERS * CALLS * HOOKS);
        assert_int_equal(houses[i].ends, CALLERS * CALLS);
        assert_true(houses[i].wakeups > 0);
    }
}

/* The same on one port: the kernel chooses who answers. */
static void one_port_for_all(void **state) {
    (void)state;
    open_street(true);
    start_callers(true, true);
    join_callers();
    assert_int_equal(close_street(), HOUSES * CALLERS * CALLS);
}

/* A wake-up is never lost: what was posted before it is read soon. A hundred thousand are not that many events. */
static house *stormed;
static void *storm(void *arg) {
    unsigned i;
    (void)arg;
    for (i = 0; i < 25000; i++) jbz_wakeup(stormed->s);
    return NULL;
}

static void wakeups_while_calls_run(void **state) {
    pthread_t thread[4];
    unsigned i;
    (void)state;
    open_street(false);
    start_callers(false, true);
    stormed = &houses[0];
    for (i = 0; i < 4; i++) assert_int_equal(pthread_create(&thread[i], NULL, storm, NULL), 0);
    for (i = 1; i <= 200; i++) wait_for(&houses[i % HOUSES]);
    for (i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    join_callers();
    close_street();
    assert_true(houses[0].wakeups < 100000);
}

/* Servers come and go beside others that take calls. */
static void *come_and_go(void *arg) {
    int i;
    for (i = 0; i < 30; i++) {
        jbz_server_desc d;
        jbz_server *s;
        jbz_event ev;
        memset(&d, 0, sizeof d);
        d.any_port = true;
        d.max_conns = 4;
        s = jbz_server_open(&d, NULL);
        if (!WANT(s)) break;
        jbz_wakeup(s);
        WANT(jbz_server_poll(s, &ev, 1000) == JBZ_E_OK && ev.type == JBZ_EV_WAKEUP);
        jbz_server_close(s);
    }
    return arg;
}

static void servers_come_and_go(void **state) {
    pthread_t thread[3];
    int i;
    (void)state;
    open_street(false);
    start_callers(false, true);
    for (i = 0; i < 3; i++) assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, NULL), 0);
    for (i = 0; i < 3; i++) pthread_join(thread[i], NULL);
    join_callers();
    close_street();
}

/* jbz_run ends when another thread wants it to: a letter, read by the handler, which calls jbz_stop. */
static void tell_the_server(const jbz_event *ev, void *user) {
    house *h = (house *)user;
    pthread_mutex_lock(&h->lock);
    h->s = (jbz_server *)ev->core; /* a server starts with its core */
    pthread_cond_broadcast(&h->told);
    pthread_mutex_unlock(&h->lock);
    on_session(ev, user);
}

static void *run_for_ever(void *arg) {
    house *h = (house *)arg;
    h->end = jbz_run(&h->d);
    return NULL;
}

static void stopped_by_another_thread(void **state) {
    house *h = &houses[0];
    struct sockaddr_in at;
    socklen_t n = sizeof at;
    caller c;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    plan_house(h, 0);
    h->d.fds = &fd;
    h->d.nfds = 1;
    h->d.on_session = tell_the_server;
    assert_int_equal(pthread_create(&h->thread, NULL, run_for_ever, h), 0);
    memset(&c, 0, sizeof c);
    c.port = ntohs(at.sin_port);
    assert_true(call(&c, 0));
    pthread_mutex_lock(&h->lock);
    while (!h->s) pthread_cond_wait(&h->told, &h->lock);
    pthread_mutex_unlock(&h->lock);
    ask(h, STOP, 0);
    pthread_join(h->thread, NULL);
    assert_int_equal(h->end, JBZ_E_OK);
    assert_int_equal(h->sessions, 1);
    nothing_is_wrong();
}

/* The app's own signal handler may wake any of its servers, in whichever thread the signal arrives. */
static void on_signal(int sig) {
    int i;
    (void)sig;
    for (i = 0; i < HOUSES; i++) jbz_wakeup(houses[i].s);
}

static void signals_wake_servers(void **state) {
    struct sigaction sa, before;
    int i;
    (void)state;
    open_street(false);
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    sa.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &sa, &before);
    start_callers(false, false);
    for (i = 0; i < 100; i++) {
        kill(getpid(), SIGUSR1);
        pthread_kill(houses[i % HOUSES].thread, SIGUSR1);
        usleep(500);
    }
    join_callers();
    sa.sa_handler = SIG_IGN;
    sigaction(SIGUSR1, &sa, NULL);
    for (i = 0; i < HOUSES; i++) { /* a handler may be at work yet; not after this */
        dismiss(&houses[i]);
        wait_for(&houses[i]);
    }
    close_street();
    sigaction(SIGUSR1, &before, NULL);
    for (i = 0; i < HOUSES; i++) assert_true(houses[i].wakeups > 0);
}

/* SIGTERM drains a server of jbz_main_open, whichever thread the kernel gives it to, and whatever else wakes the server meanwhile; its
   calls are told to go elsewhere. */
static void *wake_often(void *arg) {
    house *h = (house *)arg;
    bool enough;
    do {
        jbz_wakeup(h->s);
        pthread_mutex_lock(&h->lock);
        enough = h->counted > 0;
        pthread_mutex_unlock(&h->lock);
    } while (!enough);
    return NULL;
}

static char *program[] = { (char *)(uintptr_t)"p", (char *)(uintptr_t)"--port", (char *)(uintptr_t)"0", NULL };

static void sigterm_in_another_thread(void **state) {
    house *h = &houses[0];
    int i, status, out = dup(1), null = open("/dev/null", O_WRONLY);
    (void)state;
    for (i = 0; i < 10; i++) {
        pthread_t waker;
        caller c;
        int fd;
        plan_house(h, 0);
        h->d.log.level = JBZ_LOG_ERROR;
        fflush(stdout);
        dup2(null, 1);
        h->s = jbz_main_open(3, program, &h->d, &status);
        dup2(out, 1);
        assert_non_null(h->s);
        assert_int_equal(pthread_create(&h->thread, NULL, live, h), 0);
        memset(&c, 0, sizeof c);
        c.port = jbz_server_port(h->s);
        fd = dial(c.port);
        assert_true(asks(fd, &c, "session:new", NULL, "first", 0));
        assert_int_equal(pthread_create(&waker, NULL, wake_often, h), 0);
        pthread_kill(waker, SIGTERM);
        assert_int_equal(recv(fd, c.text, 4, MSG_WAITALL), 4);
        assert_int_equal((uint8_t)c.text[0], 0x88);
        assert_memory_equal(c.text + 2, "\x03\xf4", 2); /* 1012 */
        close(fd);
        pthread_join(h->thread, NULL);
        pthread_mutex_lock(&h->lock);
        h->counted = 1;
        pthread_mutex_unlock(&h->lock);
        pthread_join(waker, NULL);
        assert_int_equal(h->end, JBZ_E_GONE);
        jbz_server_close(h->s);
    }
    close(out);
    close(null);
    nothing_is_wrong();
}

/* A house that jbz_main_open built, without what that says on stdout. */
static void open_main(house *h) {
    int status, out = dup(1), null = open("/dev/null", O_WRONLY);
    plan_house(h, 0);
    fflush(stdout);
    dup2(null, 1);
    h->s = jbz_main_open(3, program, &h->d, &status);
    dup2(out, 1);
    close(out);
    close(null);
    assert_non_null(h->s);
}

/* A handler that is still at work in another thread when the server is closed is waited for: it writes to that server. */
static void *a_slow_handler(void *arg) {
    usleep(30000);
    jbz_wakeup((jbz_server *)arg);
    JBZI_SHARED_ADD(&jbzi_server_catching, -1);
    return NULL;
}

static void closed_under_a_signal(void **state) {
    house *h = &houses[0];
    pthread_t handler;
    (void)state;
    open_main(h);
    JBZI_SHARED_ADD(&jbzi_server_catching, 1);
    assert_int_equal(pthread_create(&handler, NULL, a_slow_handler, h->s), 0);
    jbz_server_close(h->s);
    assert_int_equal(JBZI_SHARED_GET(&jbzi_server_catching), 0);
    pthread_join(handler, NULL);
    jbzi_server_on_signal(SIGTERM); /* one that begins now finds nobody */
    assert_int_equal(JBZI_SHARED_GET(&jbzi_server_catching), 0);
}

/* One that never ends, as its thread was cancelled, is not waited for without end. */
static void closed_under_a_lost_handler(void **state) {
    house *h = &houses[0];
    struct timespec before, after;
    (void)state;
    open_main(h);
    JBZI_SHARED_ADD(&jbzi_server_catching, 1);
    clock_gettime(CLOCK_MONOTONIC, &before);
    jbz_server_close(h->s);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec > before.tv_sec); /* a second, or two */
    JBZI_SHARED_ADD(&jbzi_server_catching, -1);
}

/* Scripts: each thread takes calls from the one port, one after the other. */
static void *follow_script(void *arg) {
    house *h = (house *)arg;
    jbz_call *call;
    jbz_event ev;
    while ((call = jbz_server_accept(h->s, -1)) != NULL) {
        jbz_err err;
        WANT(jbz_wait(call, &ev, -1) == JBZ_E_OK && ev.type == JBZ_EV_SESSION_NEW);
        on_session(&ev, h);
        while ((err = jbz_wait(call, &ev, -1)) == JBZ_E_OK && ev.type != JBZ_EV_END)
            if (ev.type == JBZ_EV_VERB_HOOK) on_think(&ev, h);
        if (!WANT(err == JBZ_E_OK)) break;
        h->ends++;
    }
    return NULL;
}

static void scripts_side_by_side(void **state) {
    unsigned sessions = 0;
    int i;
    (void)state;
    for (i = 0; i < HOUSES; i++) {
        house *h = &houses[i];
        jbz_error err;
        plan_house(h, i);
        h->d.reuse_port = true;
        h->d.any_port = i == 0;
        h->d.port = i == 0 ? (uint16_t)0 : jbz_server_port(houses[0].s);
        h->s = jbz_server_open(&h->d, &err);
        assert_non_null(h->s);
        employ(h);
        assert_int_equal(pthread_create(&h->thread, NULL, follow_script, h), 0);
    }
    start_callers(true, true);
    join_callers();
    for (i = 0; i < HOUSES; i++) {
        dismiss(&houses[i]);
        ask(&houses[i], DRAIN, 0);
        pthread_join(houses[i].thread, NULL);
        assert_int_equal(houses[i].ends, houses[i].sessions);
        sessions += houses[i].sessions;
        jbz_server_close(houses[i].s);
    }
    nothing_is_wrong();
    assert_int_equal(sessions, HOUSES * CALLERS * CALLS);
}

/* All of them log to one descriptor: each line comes whole. */
static void *read_lines(void *arg) {
    FILE *f = fdopen(*(int *)arg, "r");
    char line[1024];
    uintptr_t n = 0;
    while (fgets(line, sizeof line, f)) {
        WANT(strncmp(line, "jambonz_ws: ", 12) == 0 && line[strlen(line) - 1] == '\n' && !strstr(line + 12, "jambonz_ws: "));
        n++;
    }
    fclose(f);
    return (void *)n;
}

static void *write_lines(void *arg) {
    int i;
    for (i = 0; i < 500; i++) jbz_log_stderr(JBZ_LOG_INFO, JBZ_LINE_ODD, "what the app itself has to say", (const char *)arg, NULL);
    return NULL;
}

static void log_lines_stay_whole(void **state) {
    int pair[2], kept = dup(2), i;
    pthread_t reader, writer[2];
    void *n;
    (void)state;
    assert_int_equal(pipe(pair), 0);
    fflush(stderr);
    dup2(pair[1], 2);
    close(pair[1]);
    for (i = 0; i < HOUSES; i++) {
        plan_house(&houses[i], i);
        houses[i].d.log.fn = jbz_log_stderr;
        houses[i].d.log.level = JBZ_LOG_DEBUG;
        open_house(&houses[i]);
    }
    assert_int_equal(pthread_create(&reader, NULL, read_lines, &pair[0]), 0);
    start_callers(false, true);
    for (i = 0; i < 2; i++) assert_int_equal(pthread_create(&writer[i], NULL, write_lines, (void *)(uintptr_t)"and more of it"), 0);
    for (i = 0; i < 2; i++) pthread_join(writer[i], NULL);
    join_callers();
    close_street();
    dup2(kept, 2);
    close(kept);
    pthread_join(reader, &n);
    nothing_is_wrong();
    assert_true((uintptr_t)n >= 2 * 500 + HOUSES);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_server_per_thread), cmocka_unit_test(one_port_for_all),
        cmocka_unit_test(wakeups_while_calls_run), cmocka_unit_test(servers_come_and_go), cmocka_unit_test(stopped_by_another_thread),
        cmocka_unit_test(signals_wake_servers), cmocka_unit_test(sigterm_in_another_thread), cmocka_unit_test(closed_under_a_signal), cmocka_unit_test(closed_under_a_lost_handler),
        cmocka_unit_test(scripts_side_by_side),
        cmocka_unit_test(log_lines_stay_whole) };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
