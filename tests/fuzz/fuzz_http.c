/* libFuzzer, room 8. The first byte says how the rest is cut into pieces; all that can be asked of a request is asked. What is
   accepted must be accepted by http_parser, a parser that is known for taking more, with the same method, target and fields. */
#define JBZ_NO_SERVER
#define JBZ_NO_VERBS
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "fuzz.h"
#include <http_parser.h>

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
        copy = exact(text, have, 0);
        status = jbzi_http_scan(copy, have, LIMIT, scanned, &why);
        CHECK(*scanned >= before && *scanned <= have && why);
        free(copy);
    }
    return status;
}

/*---- the other parser: the same fields, put side by side ----*/

typedef struct other { char text[3 * LIMIT]; size_t n, at; char url[LIMIT + 1]; size_t url_n; bool value, ended; } other;

static void put(other *o, const char *p, size_t n) { CHECK(n <= sizeof o->text - o->n); memcpy(o->text + o->n, p, n); o->n += n; }
static int on_url(http_parser *p, const char *at, size_t n) {
    other *o = (other *)p->data;
    CHECK(n <= LIMIT - o->url_n);
    memcpy(o->url + o->url_n, at, n);
    o->url_n += n;
    return 0;
}
static void end_of_value(other *o) {
    while (o->n > o->at && (o->text[o->n - 1] == ' ' || o->text[o->n - 1] == '\t')) o->n--; /* it keeps white space at the end */
    put(o, "\n", 1);
    o->value = false;
}
static int on_field(http_parser *p, const char *at, size_t n) {
    other *o = (other *)p->data;
    if (o->value) end_of_value(o);
    put(o, at, n);
    return 0;
}
static int on_value(http_parser *p, const char *at, size_t n) {
    other *o = (other *)p->data;
    if (!o->value) { put(o, ":", 1); o->at = o->n; }
    o->value = true;
    put(o, at, n);
    return 0;
}
static int on_complete(http_parser *p) {
    other *o = (other *)p->data;
    if (o->value) end_of_value(o);
    o->ended = true;
    return 1; /* no body */
}

static void against_http_parser(const jbzi_http_req *r, const char *head, size_t n) {
    static other o;
    static char lines[3 * LIMIT];
    http_parser_settings settings;
    http_parser parser;
    size_t used, i, k = 0;
    memset(&o, 0, sizeof o);
    http_parser_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_complete;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &o;
    used = http_parser_execute(&parser, &settings, head, n);
    if (!o.ended && r->method == JBZI_HTTP_OTHER && HTTP_PARSER_ERRNO(&parser) == HPE_INVALID_METHOD) return; /* a list of its own */
    CHECK(o.ended && used <= n && parser.http_major == 1);
    CHECK((r->method == JBZI_HTTP_GET) == (parser.method == HTTP_GET) && (r->method == JBZI_HTTP_HEAD) == (parser.method == HTTP_HEAD));
    CHECK((r->method == JBZI_HTTP_OPTIONS) == (parser.method == HTTP_OPTIONS));
    CHECK(r->path.n <= o.url_n);
    for (i = 0; i + r->path.n <= o.url_n && memcmp(o.url + i, r->path.p, r->path.n) != 0; i++) { } /* behind an authority */
    CHECK(i + r->path.n <= o.url_n && (o.url[0] != '/' || i == 0));
    if (r->query.p) CHECK(o.url_n >= r->query.n && memcmp(o.url + o.url_n - r->query.n, r->query.p, r->query.n) == 0);
    for (i = 0; i < r->lines.n;) { /* "Name: value" to "Name:value" */
        const char *line = r->lines.p + i, *end = (const char *)memchr(line, '\r', r->lines.n - i), *colon, *from;
        CHECK(end);
        i += (size_t)(end - line) + 2;
        colon = (const char *)memchr(line, ':', (size_t)(end - line));
        CHECK(colon);
        for (from = colon + 1; from < end && (*from == ' ' || *from == '\t'); from++) { }
        while (end > from && (end[-1] == ' ' || end[-1] == '\t')) end--;
        memcpy(lines + k, line, (size_t)(colon + 1 - line));
        k += (size_t)(colon + 1 - line);
        memcpy(lines + k, from, (size_t)(end - from));
        k += (size_t)(end - from);
        lines[k++] = '\n';
    }
    CHECK(k == o.n && memcmp(lines, o.text, k) == 0);
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
    head = exact(data + 1, scanned, 0);
    if (jbzi_http_parse(&r, head, scanned, 100) == 0) {
        ask(&r, head, scanned);
        if (status == 200) against_http_parser(&r, (const char *)data + 1, scanned);
    } else {
        CHECK((r.status == 400 || r.status == 431) && r.why);
    }
    free(head);
    return 0;
}
