/* eva: LONGEST=2 -eva-reduction-depth 0 -eva-split-return full
   Room 8: where a head ends; heads with 1 or LONGEST bytes of anything in each of their places; what is asked of them; answers. */
#include "prove.h"

static void hopeless(size_t n) {
    char *t = any_text(n, false);
    (void)jbzi_http_hopeless(t, n);
    //@ slevel merge;
    free(t);
}

static void scan(size_t n) { /* in two pieces */
    char *t = any_text(n + 5, false);
    size_t scanned = 0;
    const char *why;
    memcpy(t, "GET /", 5);
    if (jbzi_http_scan(t, 5, n + 4, &scanned, &why) == 0) (void)jbzi_http_scan(t, n + 5, n + 4, &scanned, &why);
    //@ slevel merge;
    scanned = 0;
    (void)jbzi_http_scan(t, n + 5, 100, &scanned, &why);
    //@ slevel merge;
    free(t);
}

static jbzi_http_req req;

/* The head of `before`, `n` bytes and `behind`, parsed; the caller frees it. */
static char *parsed(const char *before, size_t n, const char *behind) {
    size_t a = strlen(before), b = strlen(behind);
    char *t = any_text(a + n + b, false);
    memcpy(t, before, a);
    memcpy(t + a + n, behind, b);
    (void)jbzi_http_parse(&req, t, a + n + b, 3);
    return t;
}

static void parse(size_t n) {
    char *t = parsed("", n, "\r\n\r\n");
    //@ slevel merge;
    free(t);
}

static void target(size_t n) {
    char *t = parsed("GET /", n, " HTTP/1.1\r\nHost: a\r\n\r\n");
    //@ slevel merge;
    free(t);
}

static void authority(size_t n) {
    char *t = parsed("GET http://", n, "/ HTTP/1.1\r\nHost: a\r\n\r\n");
    //@ slevel merge;
    free(t);
}

static void line(size_t n) {
    char *t = parsed("GET / HTTP/1.1\r\nHost: a\r\n", n, ":\r\n\r\n");
    //@ slevel merge;
    free(t);
}

static void host(size_t n) {
    char *t = parsed("GET / HTTP/1.1\r\nHost: ", n, "\r\n\r\n");
    //@ slevel merge;
    free(t);
}

static void upgrade(size_t n) {
    char *t = parsed("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: ", n, "websocket \r\n\r\n");
    //@ slevel merge;
    free(t);
}

#define SHAKE "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"

static void key(size_t n) {
    char buf[200], *t = any_text(300, false);
    const size_t a = sizeof SHAKE - 1;
    memcpy(t, SHAKE "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA", a + 39);
    memcpy(t + a + 39 + n, "\r\n\r\n", 4);
    if (jbzi_http_parse(&req, t, a + n + 43, 9) == 0 && req.ws_status == 0) (void)jbzi_http_101(buf, sizeof buf, &req, "p");
    //@ slevel merge;
    free(t);
}

static void same_origin(size_t n) {
    char *t = parsed("GET / HTTP/1.1\r\nHost: a:80\r\nOrigin: http://", n, "\r\n\r\n");
    (void)jbzi_http_same_origin(&req);
    //@ slevel merge;
    (void)jbzi_http_origin_is(&req, "https://b");
    //@ slevel merge;
    free(t);
}

static void offers(size_t n) {
    char *t = parsed("GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Protocol: ", n, "\r\n\r\n");
    (void)jbzi_http_offers(&req, "a");
    //@ slevel merge;
    free(t);
}

static void basic(size_t n) {
    char *t = parsed("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic", n, "\r\n\r\n");
    (void)jbzi_http_basic(&req, "a:b");
    //@ slevel merge;
    free(t);
}

static void same(size_t n) {
    char *t = any_text(n, false);
    (void)jbzi_http_same(t, "sec-websocket-protocol", n);
    (void)jbzi_http_known(t, n);
    //@ slevel merge;
    free(t);
}

static void token(size_t n) {
    char *t = any_text(n, true);
    (void)jbzi_http_is_token(t);
    //@ slevel merge;
    free(t);
}

static void answer(size_t n) {
    static const int status[4] = { 200, 405, 426, 999 };
    char *to = any_text(n, false), *body = any_text(7, false);
    int i;
    //@ loop unroll 4;
    for (i = 0; i < 4; i++) {
        (void)jbzi_http_answer(to, n, status[i], NULL, body, 7, NULL, JBZI_HTTP_OPTS);
        //@ slevel merge;
        (void)jbzi_http_answer(to, n, status[i], "a/b", body, 7, "X: y\r\n", JBZI_HTTP_KEEP | JBZI_HTTP_NO_BODY);
        //@ slevel merge;
    }
    //@ slevel merge;
    free(to);
    free(body);
}

int main(void) {
    EACH_LENGTH(hopeless, 0, 20);
    EACH_LENGTH(scan, 0, LONGEST);
    EACH_LENGTH(parse, 0, LONGEST);
    EACH_LENGTH(target, 0, 1);
    EACH_LENGTH(authority, 0, 1);
    EACH_LENGTH(line, 0, 1);
    EACH_LENGTH(host, 0, LONGEST);
    EACH_LENGTH(upgrade, 0, LONGEST);
    EACH_LENGTH(key, 4, 4);
    EACH_LENGTH(same_origin, 0, 1);
    EACH_LENGTH(offers, 0, 1);
    EACH_LENGTH(basic, 0, 1);
    EACH_LENGTH(same, 0, 22);
    EACH_LENGTH(token, 0, LONGEST);
    EACH_LENGTH(answer, 0, 3);
    EACH_LENGTH(answer, 120, 121);
    EACH_LENGTH(answer, 250, 250);
    return 0;
}
