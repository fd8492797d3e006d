/* libFuzzer: room 8. The first byte says how the rest is cut into pieces; all that can be asked of a request is asked. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdlib.h>

#define CHECK(c) do { if (!(c)) abort(); } while (0)
#define LIMIT 8192

static void inside(jbzi_http_str s, const char *head, size_t n) {
    CHECK(s.p ? s.p >= head && s.n <= n && s.p + s.n < head + n : s.n == 0); /* the byte behind belongs to the head too */
}

/* An answer is lines that end in CR LF, an empty one, and a body. */
static void sound(const char *p, size_t n) {
    size_t i;
    CHECK(n > 16 && memcmp(p, "HTTP/1.1 ", 9) == 0);
    for (i = 0; i + 4 <= n && memcmp(p + i, "\r\n\r\n", 4) != 0; i++) {
        CHECK(p[i] != '\r' || p[i + 1] == '\n');
        CHECK(p[i] != '\n' || p[i - 1] == '\r');
    }
    CHECK(i + 4 <= n);
}

static int scan_pieces(const char *text, size_t n, unsigned step, size_t *scanned) {
    size_t have = 0;
    int status = 0;
    const char *why;
    *scanned = 0;
    while (status == 0 && have < n) {
        size_t before = *scanned;
        char *copy; /* exactly as long as what there is, so that a byte too many shows */
        have += step < n - have ? step : n - have;
        copy = (char *)malloc(have);
        memcpy(copy, text, have);
        status = jbzi_http_scan(copy, have, LIMIT, scanned, &why);
        CHECK(*scanned >= before && *scanned <= have && why);
        free(copy);
    }
    return status;
}

static void ask(jbzi_http_req *r, char *head, size_t n) {
    char out[1024], *at = NULL;
    const char *protocol;
    size_t len, i;
    int hits = 0;
    inside(r->path, head, n);
    inside(r->query, head, n);
    inside(r->lines, head, n);
    for (i = 0; i < JBZI_HTTP_ONCE; i++) inside(r->field[i], head, n);
    CHECK(r->path.n > 0 && r->path.p[0] == '/' && r->field[JBZI_HTTP_HOST].n > 0);
    while (jbzi_http_next(r, "Host", &at).p) hits++;
    CHECK(hits == 1);
    (void)jbzi_http_same_origin(r);
    (void)jbzi_http_origin_is(r, "https://app.example");
    (void)jbzi_http_basic(r, "user:pass");
    protocol = jbzi_http_offers(r, "ws.jambonz.org") ? "ws.jambonz.org" : NULL;
    if (r->ws_status == 0) {
        CHECK(r->upgrade && r->connection && r->method == JBZI_HTTP_GET && r->field[JBZI_HTTP_KEY].n == 24);
        len = jbzi_http_101(out, sizeof out, r, protocol);
        sound(out, len);
    } else {
        len = jbzi_http_answer(out, sizeof out, r->ws_status, NULL, r->why, strlen(r->why), NULL, 0);
        sound(out, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    jbzi_http_req r;
    size_t scanned, again;
    int status;
    char *head;
    if (size < 2) return 0;
    status = scan_pieces((const char *)data + 1, size - 1, (unsigned)size, &scanned);
    CHECK(scan_pieces((const char *)data + 1, size - 1, data[0] % 16 + 1u, &again) == status);
    if (status == 200) CHECK(again == scanned);
    else scanned = size - 1; /* the parser must survive what is no head too */
    head = (char *)malloc(scanned);
    memcpy(head, data + 1, scanned);
    if (jbzi_http_parse(&r, head, scanned, 100) == 0) ask(&r, head, scanned);
    else CHECK((r.status == 400 || r.status == 431) && r.why);
    free(head);
    return 0;
}
