/* ws.h - the simulator's own WebSocket client (RFC 6455, no extensions), non-blocking, driven by ws_poll(). */
#ifndef SIM_WS_H
#define SIM_WS_H

#include "util.h"

typedef struct ws ws;

typedef enum {
    WSF_REFUSED,                                     /* the connection could not be made or was reset: retried ("ct") */
    WSF_HTTP,                                        /* an HTTP answer other than 101 */
    WSF_TIMEOUT,                                     /* no 101 within 1.5 s */
    WSF_HANDSHAKE                                    /* a 101 that is wrong: subprotocol, accept key ... */
} ws_failure;

typedef struct {
    void (*on_open)(void *ctx);
    void (*on_message)(void *ctx, bool text, const char *p, size_t n);      /* p is NUL-terminated */
    void (*on_fail)(void *ctx, ws_failure kind, int http_status, const char *why);
    /* After on_open, exactly once. code: as npm ws reports it (1005 no code, 1006 no close frame). own_code: the code
     * this side had closed with, 0 if it had not. detail: "" or what the peer did wrong. */
    void (*on_close)(void *ctx, int code, const char *reason, int own_code, const char *detail);
} ws_handler;

typedef struct {
    char *scheme, *host, *port, *path, *user, *pass, *fragment, *shown;   /* shown: without the password */
} ws_url;

bool ws_url_parse(ws_url *u, const char *url, char *why, size_t why_size);
void ws_url_free(ws_url *u);

typedef struct { const char *subprotocol; size_t max_payload; bool bare; } ws_options;   /* bare: as libwebsockets asks */

ws *ws_connect(const ws_url *u, const ws_options *o, const ws_handler *h, void *ctx);
void ws_send(ws *w, bool text, const void *p, size_t n);
void ws_send_raw(ws *w, const void *p, size_t n);    /* bytes as they are, framed or not */
void ws_close(ws *w, int code);                      /* close handshake; on_close follows */
void ws_drop(ws *w);                                 /* the network goes away; no callback follows, w is gone */
bool ws_can_send(const ws *w);

/* One turn of the loop for all sockets, plus one extra descriptor (-1: none); *extra_ready says whether it is readable. */
void ws_poll(int timeout_ms, int extra_fd, bool *extra_ready);

#endif
