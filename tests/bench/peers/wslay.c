/* The bench's server in wslay with cJSON, over epoll: acks what has a msgid with one say, sends binary messages back. The upgrade,
 * which wslay leaves to its user, is as simple as its examples have it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wslay/wslay.h>

struct session {
    int fd, upgraded, writing;
    size_t len;
    char *head; /* the request so far */
    wslay_event_context_ptr ctx;
};

static int ep;

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *user) {
    struct session *s = user;
    ssize_t n = recv(s->fd, buf, len, 0);
    (void)flags;
    if (n > 0) return n;
    wslay_event_set_error(ctx,
                          n < 0 && (errno == EAGAIN || errno == EINTR) ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *user) {
    struct session *s = user;
    ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL | (flags & WSLAY_MSG_MORE ? MSG_MORE : 0));
    if (n >= 0) return n;
    wslay_event_set_error(ctx, errno == EAGAIN || errno == EINTR ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static void on_text(wslay_event_context_ptr ctx, const char *text, size_t n) {
    cJSON *m = cJSON_ParseWithLength(text, n), *ack, *say;
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(m, "msgid"));
    if (id && cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(m, "type"))) {
        ack = cJSON_CreateObject();
        cJSON_AddStringToObject(ack, "type", "ack");
        cJSON_AddStringToObject(ack, "msgid", id);
        say = cJSON_CreateObject();
        cJSON_AddStringToObject(say, "verb", "say");
        cJSON_AddStringToObject(say, "text", "Hello");
        cJSON_AddItemToArray(cJSON_AddArrayToObject(ack, "data"), say);
        char *out = cJSON_PrintUnformatted(ack);
        struct wslay_event_msg msg = { WSLAY_TEXT_FRAME, (const uint8_t *)out, strlen(out) };
        wslay_event_queue_msg(ctx, &msg);
        free(out);
        cJSON_Delete(ack);
    }
    cJSON_Delete(m);
}

static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg, void *user) {
    struct wslay_event_msg msg = { WSLAY_BINARY_FRAME, arg->msg, arg->msg_length };
    (void)user;
    if (arg->opcode == WSLAY_BINARY_FRAME) wslay_event_queue_msg(ctx, &msg);
    if (arg->opcode == WSLAY_TEXT_FRAME) on_text(ctx, (const char *)arg->msg, arg->msg_length);
}

/* Waits for the whole request, answers it. 0: more is needed; -1: no WebSocket. */
static int upgrade(struct session *s) {
    static const struct wslay_event_callbacks callbacks = { on_recv, on_send, NULL, NULL, NULL, NULL, on_message };
    char text[256], accept[32], *key, *end;
    unsigned char hash[20];
    ssize_t n = recv(s->fd, s->head + s->len, 4095 - s->len, 0);
    if (n <= 0) return n < 0 && errno == EAGAIN ? 0 : -1;
    s->head[s->len += (size_t)n] = 0;
    if (!strstr(s->head, "\r\n\r\n")) return s->len < 4095 ? 0 : -1;
    key = strcasestr(s->head, "\r\nSec-WebSocket-Key: ");
    end = key ? strstr(key + 21, "\r\n") : NULL;
    if (!end || end - key - 21 != 24) return -1;
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 21);
    SHA1((unsigned char *)text, strlen(text), hash);
    EVP_EncodeBlock((unsigned char *)accept, hash, 20);
    n = snprintf(text, sizeof text,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\n\r\n",
                 accept);
    if (send(s->fd, text, (size_t)n, MSG_NOSIGNAL) != n) return -1;
    free(s->head);
    s->head = NULL;
    s->upgraded = 1;
    return wslay_event_context_server_init(&s->ctx, &callbacks, s) ? -1 : 0;
}

static int serve(struct session *s, uint32_t events) {
    if (!s->upgraded) return upgrade(s);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && wslay_event_recv(s->ctx)) return -1;
    if (wslay_event_want_write(s->ctx) && wslay_event_send(s->ctx)) return -1;
    if (wslay_event_want_write(s->ctx) != s->writing) {
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };
        s->writing = !s->writing;
        if (s->writing) e.events |= EPOLLOUT;
        epoll_ctl(ep, EPOLL_CTL_MOD, s->fd, &e);
    }
    return wslay_event_want_read(s->ctx) || wslay_event_want_write(s->ctx) ? 0 : -1;
}

static void leave(struct session *s) {
    if (s->ctx) wslay_event_context_free(s->ctx);
    close(s->fd);
    free(s->head);
    free(s);
}

static void take(int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct session *s = calloc(1, sizeof *s);
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };
        if (!s || !(s->head = malloc(4096))) abort();
        s->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    }
}

int main(int argc, char **argv) {
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct rlimit files;
    struct epoll_event ev[256], e = { .events = EPOLLIN, .data.ptr = NULL };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    a.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 3000));
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 4096)) return 1;
    ep = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int n = epoll_wait(ep, ev, 256, -1);
        for (int i = 0; i < n; i++) {
            struct session *s = ev[i].data.ptr;
            if (!s) take(listener);
            else if (serve(s, ev[i].events) < 0) leave(s);
        }
    }
}
