/* libFuzzer, room 6: option structs with anything in them, of every verb. A second interpreter of the same tables, written here,
   says what must become of them: the values in jansson's terms, or the first thing that is wrong, with its path. What is written
   must also pass jbz_check_app, be the same in memory of just the right size, and be refused in any less; through a call, what is
   wrong sends nothing and leaves the message to be answered.
   With FUZZ_BARE defined there is no jansson (for MemorySanitizer): only what the library says of itself is compared. */
#define JBZ_NO_SERVER
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "fuzz.h"
#ifndef FUZZ_BARE
#include "model.h"
#endif
#include <math.h>

/*---- the tables, as data of this file ----*/

enum { STR, ENUM, RAW, OBJ, STRS, ENUMS, MAP, NUM, INT, TIMES, NUM_IN, INT_IN, BOOL, OFF, OBJS };
enum { MAY, MUST, OSS, V10, TWIN };
struct shape;
typedef struct row {
    const char *name;
    size_t at;
    int need, kind;
    const char *note; /* words, bounds, type */
    const struct shape *sub;
} row;
typedef struct shape { const row *rows; unsigned n; size_t size; } shape;

#define KIND_STR            STR, "", NULL
#define KIND_STRS           STRS, "", NULL
#define KIND_ENUM(words)    ENUM, #words, NULL
#define KIND_ENUMS(words)   ENUMS, #words, NULL
#define KIND_NUM            NUM, "", NULL
#define KIND_INT            INT, "", NULL
#define KIND_TIMES          TIMES, "", NULL
#define KIND_NUM_IN(lo, hi) NUM_IN, #lo ":" #hi, NULL
#define KIND_INT_IN(lo, hi) INT_IN, #lo ":" #hi, NULL
#define KIND_BOOL           BOOL, "", NULL
#define KIND_OFF            OFF, "", NULL
#define KIND_OBJ(x)         OBJ, "", &shape_##x
#define KIND_OBJS(x)        OBJS, "", &shape_##x
#define KIND_MAP            MAP, "", NULL
#define KIND_RAW(type)      RAW, #type, NULL
#define ROW(T, kind, property, suffix, need) { #property, offsetof(jbz_##T##_opts, property##suffix), need, KIND_##kind },
#define SHAPE(T) \
    static const row rows_##T[] = { JBZ_OPTS_##T(ROW, T) }; \
    static const shape shape_##T = { rows_##T, sizeof rows_##T / sizeof rows_##T[0], sizeof(jbz_##T##_opts) };
JBZ_PARTS(SHAPE)
#define VERB(name, wire, server) SHAPE(name) \
    static void put_##name(jbz_out *o, const void *opts) { jbz_put_##name(o, (const jbz_##name##_opts *)opts); }
JBZ_VERBS(VERB)

#define SERVER_OSS true
#define SERVER_NONE false
#define VERB_ROW(name, wire, server) { wire, &shape_##name, put_##name, SERVER_##server },
static const struct verb {
    const char *wire;
    const shape *s;
    void (*put)(jbz_out *o, const void *opts);
    bool oss;
} verbs[] = { JBZ_VERBS(VERB_ROW) };
#define COUNT(a) (sizeof (a) / sizeof (a)[0])

/*---- option structs ----*/

#define BLOCKS 2000
static struct { void *block[BLOCKS]; unsigned n; size_t bytes; } made; /* what this run's structs point to */

static void *make(size_t n) {
    void *p = calloc(n, 1);
    CHECK(p && made.n < BLOCKS);
    made.bytes += n;
    return made.block[made.n++] = p;
}
static bool crowded(void) { return made.n > BLOCKS - 300 || made.bytes > 400000; } /* the biggest struct has fewer */
static void drop_all(void) {
    while (made.n) free(made.block[--made.n]);
    made.bytes = 0;
}

static const char *text_of(input *in) {
    static const char *const some[] = { "x", "", "speech", "POST", "phone", "/hook", "hello \xC3\xA4", "\xFF", "\xE2\x82", "a\"b\\c\n", "forever",
        "10", "true", "\xED\xA0\x80", "\x01\x1f\x7f", "en-US" };
    unsigned how = take(in);
    size_t n;
    char *p;
    input part;
    if (how < 160 || crowded()) return some[how % COUNT(some)];
    if (how < 240) { /* from the input */
        part = take_bytes(in, how - 160);
        p = (char *)make(part.n + 1);
        if (part.n) memcpy(p, part.p, part.n);
        return p;
    }
    n = (how - 239u) * (1u + take(in)) * 8;
    p = (char *)make(n + 1);
    memset(p, how & 1 ? 'a' : 0x01, n);
    return p;
}

static const char *word_of(const char *words, input *in) {
    unsigned how = take(in), count = 1, i;
    const char *p;
    char *word;
    if (how % 5 == 4 || crowded()) return text_of(in);
    for (p = words; *p; p++) count += *p == '|';
    for (p = words, i = how / 5 % count; i; i--) p = strchr(p, '|') + 1;
    word = (char *)make(strlen(words) + 3);
    if (how % 5 == 3) { memcpy(word, words, strlen(words)); return word; } /* all of them: no word, but where there is just one */
    memcpy(word, p, strcspn(p, "|"));
    return word;
}

static const char *json_of(char first, input *in) {
    static const char *const some[] = { "{}", "[]", "{\"a\":1}", "[1,2]", " {\"a\" : [ {} ] } ", "\t[ \"x\" ]\n", "\"x\"", "1", "null", "", "{", "[1,]",
        "{\"a\":1}x", "{\"a\":\"\xFF\"}", "{\"a\":\"\\ud800\"}", "{\"\\u0000\":1e400}", "[{\"verb\":\"say\",\"text\":\"x\"}]", "{\"a\":1,\"a\":2}" };
    unsigned how = take(in);
    size_t n;
    char *p;
    input part;
    if (how < 80) return first == '[' ? some[1 + how % 5 / 2 * 2] : some[how % 5 / 2 * 2]; /* 0 2 4, 1 3 5 */
    if (how < 160 || crowded()) return some[how % COUNT(some)];
    if (how < 250) {
        part = take_bytes(in, how - 160);
        p = (char *)make(part.n + 1);
        if (part.n) memcpy(p, part.p, part.n);
        return p;
    }
    n = 60 + how % 2 * 2 + (unsigned)take(in) % 8; /* nested about as deep as may be */
    p = (char *)make(2 * n + 1);
    memset(p, '[', n);
    memset(p + n, ']', n);
    return p;
}

static double bound(const char *p, double open) { return *p == '-' || (*p >= '0' && *p <= '9') ? atof(p) : open; }

static double number_of(const row *r, input *in) {
    static const double some[] = { 1, 0.5, JBZ_ZERO, JBZ_FOREVER, -1, 100, 65536, 9007199254740991.0, 9007199254740992.0, -9007199254740992.0, 1e300, 1e-320 };
    unsigned how = take(in);
    double lo = bound(r->note, -5), hi = strchr(r->note, ':') ? bound(strchr(r->note, ':') + 1, 5) : 5, x;
    uint64_t bits;
    switch (how < 128 ? 0 : how % 8) {
    case 0: x = *r->note ? lo + (hi - lo) * (how % 16) / 15 : 1 + how % 30; return r->kind == INT_IN ? floor(x) : x;
    case 1: return lo - 1;
    case 2: return hi + 1;
    case 3: return (double)(int16_t)take2(in) / 8;
    case 4: return (double)(int32_t)take4(in) / (1 + take(in));
    case 5: return how & 64 ? NAN : how & 32 ? INFINITY : -INFINITY;
    case 6:
        bits = (uint64_t)take4(in) << 32 | take4(in);
        memcpy(&x, &bits, sizeof x);
        return x;
    default: return some[how / 8 % COUNT(some)];
    }
}

static void fill(const shape *s, char *opts, input *in);

static void fill_row(const row *r, char *to, input *in) {
    const char *text;
    double x;
    jbz_tri tri;
    jbz_pair pair;
    unsigned how, i, n;
    void *block;
    switch (r->kind) {
    case STR: text = text_of(in); break;
    case ENUM: text = word_of(r->note, in); break;
    case RAW: text = json_of(r->note[0] == 'o' ? '{' : '[', in); break;
    case NUM: case INT: case TIMES: case NUM_IN: case INT_IN: x = number_of(r, in); memcpy(to, &x, sizeof x); return;
    case BOOL: case OFF:
        how = take(in);
        tri = how < 128 ? JBZ_FALSE : how < 240 ? JBZ_TRUE : how < 250 ? (jbz_tri)3 : JBZ_UNSET;
        memcpy(to, &tri, sizeof tri);
        return;
    case OBJ:
        block = crowded() ? NULL : make(r->sub->size);
        if (block) fill(r->sub, (char *)block, in);
        memcpy(to, &block, sizeof block);
        return;
    default: /* lists: n elements; now and then one is skipped */
        how = take(in);
        n = how < 128 ? 1 + how % 3 : how % (JBZ_MAX_LIST + 1);
        for (i = 0; i < n; i++) {
            if (how >= 240 && take(in) % 2 == 0) continue;
            if (r->kind == OBJS) fill(r->sub, to + i * r->sub->size, in);
            else if (r->kind == MAP) {
                pair.name = text_of(in);
                pair.value = how % 16 == 15 && take(in) % 2 == 0 ? NULL : text_of(in);
                memcpy(to + i * sizeof pair, &pair, sizeof pair);
            } else {
                text = r->kind == ENUMS ? word_of(r->note, in) : text_of(in);
                memcpy(to + i * sizeof text, &text, sizeof text);
            }
        }
        return;
    }
    memcpy(to, &text, sizeof text);
}

static bool set(const row *r, const char *opts);
static bool empty(const shape *s, const char *opts) {
    unsigned i;
    for (i = 0; i < s->n; i++)
        if (set(&s->rows[i], opts)) return false;
    return true;
}

/* "What is zero is not sent": a list by its first element. */
static bool set(const row *r, const char *opts) {
    const void *p;
    double x;
    jbz_tri tri;
    opts += r->at;
    switch (r->kind) {
    case NUM: case INT: case TIMES: case NUM_IN: case INT_IN: memcpy(&x, opts, sizeof x); return !(x >= 0 && x <= 0);
    case BOOL: case OFF: memcpy(&tri, opts, sizeof tri); return tri != JBZ_UNSET;
    case OBJS: return !empty(r->sub, opts);
    default: memcpy(&p, opts, sizeof p); return p != NULL;
    }
}

/* Any of the forms of row `i`'s property? *i goes to the last of them. */
static bool set_somehow(const shape *s, unsigned *i, const char *opts) {
    bool is = set(&s->rows[*i], opts);
    while (*i + 1 < s->n && s->rows[*i + 1].need == TWIN) is = set(&s->rows[++*i], opts) || is;
    return is;
}

/* Some members, then what is required: mostly. */
static void fill(const shape *s, char *opts, input *in) {
    unsigned how = take(in), n = how & 15, i, first;
    input none = { NULL, 0 };
    for (i = 0; i < n && in->n; i++) {
        const row *r = &s->rows[take(in) % s->n];
        fill_row(r, opts + r->at, in);
    }
    for (i = 0; i < s->n && how < 240; i++) {
        first = i;
        if (!set_somehow(s, &i, opts) && (s->rows[first].need == MUST || s->rows[first].need == OSS))
            fill_row(&s->rows[first], opts + s->rows[first].at, in->n ? in : &none);
    }
}

/*---- what must become of them ----*/

static unsigned target; /* jbz_target */

#ifndef FUZZ_BARE
static struct {
    int code;           /* of the first thing that is wrong */
    char path[400];
    bool blind;         /* raw JSON that jansson cannot judge: the library's word counts */
} want;

static json_t *wrong(int code, const char *path) {
    if (want.code == JBZ_E_OK) { want.code = code; snprintf(want.path, sizeof want.path, "%s", path); }
    return json_null();
}

static unsigned deep(json_t *j) {
    unsigned most = 0, d;
    const char *key;
    json_t *v;
    size_t i;
    if (json_is_array(j)) json_array_foreach(j, i, v) if ((d = deep(v)) > most) most = d;
    if (json_is_object(j)) json_object_foreach(j, key, v) if ((d = deep(v)) > most) most = d;
    return json_is_array(j) || json_is_object(j) ? most + 1 : 0;
}

#define LOAD (JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)
static bool beyond_jansson(const json_error_t *e) {
    return strstr(e->text, "overflow") || strstr(e->text, "too big") || strstr(e->text, "invalid Unicode '\\") || strstr(e->text, "NUL byte in object");
}

static json_t *want_raw(const char *text, const char *type, const char *path) {
    json_error_t e;
    json_t *j = json_loads(text, LOAD, &e);
    bool fits = j && (type[0] == 'o' ? json_is_object(j) : strcmp(type, "array") == 0 ? json_is_array(j) : true);
    if (!j && beyond_jansson(&e)) { want.blind = true; return json_null(); }
    if (fits && deep(j) <= 64) return j;
    json_decref(j);
    return wrong(JBZ_E_RAW, path);
}

static json_t *want_word(const char *text, const char *words, const char *path) {
    size_t n = strlen(text);
    const char *p = words;
    for (; words; p = strchr(p, '|')) {
        if (p != NULL && p != words) p++;
        if (!p) return wrong(JBZ_E_VALUE, path);
        if (strcspn(p, "|") == n && strncmp(p, text, n) == 0) break;
        if (!strchr(p, '|')) return wrong(JBZ_E_VALUE, path);
    }
    return repaired(text, n);
}

static json_t *want_number(const row *r, double x, const char *path) {
    bool bounded = r->kind == NUM_IN || r->kind == INT_IN;
    if (x >= JBZ_FOREVER && x <= JBZ_FOREVER) return r->kind == TIMES ? json_string("forever") : wrong(JBZ_E_VALUE, path);
    if (x >= JBZ_ZERO && x <= JBZ_ZERO) x = 0;
    if (isnan(x) || isinf(x)) return wrong(JBZ_E_VALUE, path);
    if ((r->kind == INT || r->kind == INT_IN) && (floor(x) < x || fabs(x) > 9007199254740991.0)) return wrong(JBZ_E_VALUE, path);
    if (bounded && (x < bound(r->note, x) || x > bound(strchr(r->note, ':') + 1, x))) return wrong(JBZ_E_VALUE, path);
    return json_real(x);
}

static json_t *want_object(const shape *s, const char *opts, const char *path);

static json_t *want_value(const row *r, const char *opts, const char *path) {
    const char *p = opts + r->at, *text = NULL;
    double x;
    jbz_tri tri;
    jbz_pair pair;
    json_t *list;
    unsigned i;
    char inner[400];
    if (r->kind < NUM) memcpy(&text, p, sizeof text);
    switch (r->kind) {
    case STR: return want_word(text, NULL, path);
    case ENUM: return want_word(text, r->note, path);
    case RAW: return want_raw(text, r->note, path);
    case OBJ: return want_object(r->sub, text, path);
    case NUM: case INT: case TIMES: case NUM_IN: case INT_IN: memcpy(&x, p, sizeof x); return want_number(r, x, path);
    case BOOL: case OFF:
        memcpy(&tri, p, sizeof tri);
        if (tri == JBZ_FALSE) return json_false();
        return tri == JBZ_TRUE && r->kind == BOOL ? json_true() : wrong(JBZ_E_VALUE, path);
    default: break;
    }
    list = r->kind == MAP ? json_object() : json_array();
    for (i = 0; i < JBZ_MAX_LIST; i++) {
        snprintf(inner, sizeof inner, "%s[%u]", path, i);
        if (r->kind == OBJS) {
            if (empty(r->sub, p + i * r->sub->size)) break;
            json_array_append_new(list, want_object(r->sub, p + i * r->sub->size, inner));
        } else if (r->kind == MAP) {
            json_t *name;
            memcpy(&pair, p + i * sizeof pair, sizeof pair);
            if (!pair.name) break;
            if (!pair.value) { wrong(JBZ_E_MISSING, inner); continue; }
            name = repaired(pair.name, strlen(pair.name));
            json_object_set_new(list, json_string_value(name), repaired(pair.value, strlen(pair.value)));
            json_decref(name);
        } else {
            memcpy(&text, p + i * sizeof text, sizeof text);
            if (!text) break;
            json_array_append_new(list, want_word(text, r->kind == ENUMS ? r->note : NULL, inner));
        }
    }
    return list;
}

static json_t *want_object(const shape *s, const char *opts, const char *path) {
    json_t *j = json_object();
    unsigned i, k, last;
    char inner[400];
    for (i = 0; i < s->n; i = last + 1) {
        const row *r = &s->rows[i];
        unsigned forms = 0;
        last = i;
        snprintf(inner, sizeof inner, "%s.%s", path, r->name);
        if (!(opts && set_somehow(s, &last, opts))) {
            while (last + 1 < s->n && s->rows[last + 1].need == TWIN) last++;
            if (r->need == MUST || (r->need == OSS && target == JBZ_OSS)) wrong(JBZ_E_MISSING, inner);
            continue;
        }
        for (k = i; k <= last; k++) {
            if (!set(&s->rows[k], opts)) continue;
            if (forms++) { wrong(JBZ_E_CONFLICT, inner); continue; }
            if (r->need == V10 && target == JBZ_OSS) wrong(JBZ_E_TARGET, inner);
            json_object_set_new(j, r->name, want_value(&s->rows[k], opts, inner));
        }
    }
    return j;
}

/* The path of an error is what of it there is room for. */
static void check_error(const jbz_error *e) {
    size_t n = strlen(want.path);
    if (n >= JBZ_PATH_SIZE) n = JBZ_PATH_SIZE - 1;
    if (want.blind) return;
    if ((int)e->code != want.code || strlen(e->path) != n || memcmp(e->path, want.path, n) != 0)
        fprintf(stderr, "says %d at %s, should say %d at %s\n", (int)e->code, e->path, want.code, want.path);
    CHECK((int)e->code == want.code && strlen(e->path) == n && memcmp(e->path, want.path, n) == 0);
}
#endif

/*---- a run ----*/

#define MOST 4
static struct { const struct verb *v; const void *opts; } app[MOST];
static unsigned napp;
static char big[1 << 20];

static void put_all(jbz_out *o) {
    unsigned i;
    for (i = 0; i < napp; i++) app[i].v->put(o, app[i].opts);
}

static const char *finish(jbz_out *o, void *mem, size_t size, size_t *n) {
    jbz_out_init(o, mem, size);
    o->target = (uint8_t)target;
    put_all(o);
    return jbz_out_finish(o, n);
}

static unsigned levels(const char *p) {
    unsigned now = 0, most = 0;
    bool quoted = false;
    for (; *p; p++) {
        if (*p == '"') quoted = !quoted;
        if (quoted && *p == '\\') p++;
        if (quoted) continue;
        if ((*p == '{' || *p == '[') && ++now > most) most = now;
        if (*p == '}' || *p == ']') now--;
    }
    return most;
}

/* The text is JSON, and the library itself would take it. Raw JSON may have 64 levels of its own; read, all of it counts. */
static void check_text(const char *text, size_t n) {
    static jbz_tok toks[60000];
    static char other[1 << 20];
    jbz_error e;
    jbz_doc doc;
    jbz_out o;
    size_t k = 0;
    CHECK(strlen(text) == n && jbz_utf8_valid(text, n));
    if (levels(text) > 64) return;
    CHECK(jbz_check_app(text, n, (jbz_target)target, &e) == JBZ_E_OK || (fprintf(stderr, "%s: %s\n", e.path, text), false));
    jbz_out_init(&o, other, sizeof other); /* as raw JSON it is the same */
    jbz_raw(&o, text);
    CHECK(jbz_out_finish(&o, &k) && k == n && memcmp(other, text, n) == 0);
    memcpy(other, text, n + 1);
    CHECK(jbz_json_parse(&doc, other, n, toks, 60000, NULL) != JBZ_E_JSON);
}

/* Memory of any size: all of it, or JBZ_E_TOO_BIG. */
static void check_room(const char *text, size_t n, size_t room) {
    char *mem = (char *)malloc(room);
    jbz_out o;
    size_t k = 1;
    const char *got;
    CHECK(mem);
    got = finish(&o, mem, room, &k);
    if (room > n) CHECK(got && k == n && memcmp(got, text, n) == 0);
    else CHECK(!got && o.error.code == JBZ_E_TOO_BIG && k == 0);
    free(mem);
}

/*---- through a call ----*/

static jbz_core *core;
static jbz_conn *conn;
static bool served;
static jbz_err sent_err;
static char sent_path[JBZ_PATH_SIZE];

static size_t pending(char *to, size_t cap) {
    const void *bytes = NULL;
    size_t n, all = 0;
    while ((n = jbz_conn_pending(conn, &bytes)) != 0) {
        CHECK(all + n <= cap);
        memcpy(to + all, bytes, n);
        all += n;
        jbz_conn_sent(conn, n);
    }
    return all;
}

static void note_log(jbz_level level, int item, const char *text, const char *detail, void *user) {
    (void)level; (void)text; (void)detail; (void)user;
    CHECK(item >= 0 && item < JBZ_LOG_COUNT_);
}

static void on_session(const jbz_event *ev, void *user) {
    static char out[40000];
    jbz_out *o = jbz_reply(ev);
    const char *path;
    (void)user;
    served = true;
    put_all(o);
    jbz_last_error(o, &path);
    snprintf(sent_path, sizeof sent_path, "%s", path);
    sent_err = jbz_send(o);
    if (sent_err == JBZ_E_OK) return;
    CHECK(pending(out, sizeof out) == 0);
    o = jbz_reply(ev); /* it may be answered again */
    jbz_pause(o, .length = 1);
    CHECK(jbz_send(o) == JBZ_E_OK);
}

static void feed(unsigned first, const char *text, size_t n) {
    uint8_t frame[400];
    size_t i, head = n < 126 ? 2 : 4;
    if (!first) { CHECK(jbz_conn_feed(conn, text, n) == n); return; }
    CHECK(n < sizeof frame - 8);
    frame[0] = (uint8_t)first;
    frame[1] = (uint8_t)(0x80 | (head == 2 ? n : 126u));
    if (head == 4) { frame[2] = (uint8_t)(n >> 8); frame[3] = (uint8_t)n; }
    for (i = 0; i < 4; i++) frame[head + i] = (uint8_t)i;
    for (i = 0; i < n; i++) frame[head + 4 + i] = (uint8_t)(text[i] ^ (int)(i & 3));
    CHECK(jbz_conn_feed(conn, frame, head + 4 + n) == head + 4 + n);
}

static void open_call(uint32_t out_limit) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\n\r\n";
    static const char hello[] = "{\"type\":\"session:new\",\"msgid\":\"m1\",\"call_sid\":\"c0ffee00-0000-4000-8000-00000000000a\",\"data\":{\"direction\":\"inbound\"}}";
    jbz_server_desc d;
    jbz_event ev;
    static char out[1000];
    memset(&d, 0, sizeof d);
    d.on_session = on_session;
    d.log.fn = note_log;
    d.log.level = JBZ_LOG_DEBUG;
    d.alloc.fn = heap_fn;
    d.seed[0] = 1;
    d.target = (jbz_target)target;
    d.max_conns = 1;
    d.pool = 1024 * 1024;
    d.receive = 1024;
    d.tokens = 64;
    d.request = 512;
    d.max_message = 1024;
    d.max_out = out_limit;
    core = jbz_core_open(&d, NULL);
    CHECK(core);
    jbz_core_tick(core, 1000000);
    conn = jbz_conn_open(core);
    CHECK(conn);
    feed(0, request, sizeof request - 1);
    CHECK(!jbz_core_next(core, &ev) && pending(out, sizeof out) > 100 && memcmp(out, "HTTP/1.1 101", 12) == 0);
    feed(0x81, hello, sizeof hello - 1);
}

static void close_call(void) {
    jbz_event ev;
    jbz_conn_eof(conn);
    while (jbz_core_next(core, &ev)) { }
    jbz_conn_closed(conn);
    while (jbz_core_next(core, &ev)) { }
    jbz_core_close(core);
    CHECK(heap.blocks == 0);
}

/* The frame that leaves is the ack with these verbs, or the one of the second answer. */
static void check_sent(const jbz_error *e, const char *text, size_t n, uint32_t most) {
    static const char ack[] = "{\"type\":\"ack\",\"msgid\":\"m1\",\"data\":", pause[] = "[{\"verb\":\"pause\",\"length\":1}]";
    static char out[80000];
    size_t head, len, whole = n + sizeof ack;
    jbz_event ev;
    open_call(most);
    served = false;
    while (jbz_core_next(core, &ev)) jbz_dispatch(&ev);
    CHECK(served);
    if (e->code == JBZ_E_OK && whole > most) {
        CHECK(sent_err == JBZ_E_TOO_BIG);
    } else {
        if (sent_err != JBZ_E_TOO_BIG || e->code == JBZ_E_OK) CHECK(sent_err == e->code && strcmp(sent_path, e->path) == 0);
        CHECK(sent_err == JBZ_E_OK || sent_path[0] || e->path[0] == 0);
    }
    if (sent_err != JBZ_E_OK) { text = pause; n = sizeof pause - 1; }
    len = pending(out, sizeof out);
    CHECK(len > 4 && (unsigned char)out[0] == 0x81);
    head = out[1] == 126 ? 4 : 2;
    CHECK(len == head + sizeof ack - 1 + n + 1 && out[len - 1] == '}');
    CHECK(memcmp(out + head, ack, sizeof ack - 1) == 0 && memcmp(out + head + sizeof ack - 1, text, n) == 0);
    close_call();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input in = { NULL, 0 };
    unsigned flags, i;
    jbz_out o;
    jbz_error e;
    size_t n = 1, room;
    const char *text, *path;
    in.p = data;
    in.n = size;
    memset(&heap, 0, sizeof heap);
    flags = take(&in);
    room = take(&in);
    target = flags % 3;
    napp = 1 + (flags >> 2) % MOST;
    for (i = 0; i < napp && (i == 0 || in.n); i++) {
        const struct verb *v = &verbs[take(&in) % COUNT(verbs)];
        char *opts = NULL;
        if (take(&in) < 250) {
            opts = (char *)make(v->s->size);
            fill(v->s, opts, &in);
        }
        app[i].v = v;
        app[i].opts = opts;
    }
    napp = i;
    text = finish(&o, big, sizeof big, &n);
    e = o.error;
    CHECK(jbz_last_error(&o, &path) && strlen(path) < JBZ_PATH_SIZE);
#ifndef FUZZ_BARE
    {
        json_t *all = json_array(), *j;
        json_error_t why;
        memset(&want, 0, sizeof want);
        for (i = 0; i < napp; i++) {
            if (target == JBZ_OSS && !app[i].v->oss) wrong(JBZ_E_TARGET, app[i].v->wire);
            j = want_object(app[i].v->s, (const char *)app[i].opts, app[i].v->wire);
            json_object_set_new(j, "verb", json_string(app[i].v->wire));
            json_array_append_new(all, j);
        }
        check_error(&e);
        if (text) {
            j = json_loadb(text, n, LOAD, &why);
            CHECK(j || want.blind);
            CHECK(want.blind || same(all, j));
            json_decref(j);
        }
        json_decref(all);
    }
#endif
    if (text) {
        CHECK(e.code == JBZ_E_OK && text == big);
        check_text(text, n);
        text = exact(text, n, 1);
        if (n < 20000) { check_room(text, n, n); check_room(text, n, n + 1); check_room(text, n, 1 + n * room / 256); }
    } else {
        CHECK(e.code != JBZ_E_OK && e.path[0] && n == 0);
    }
    if (flags & 0x80) check_sent(&e, text, n, 600 + (uint32_t)room * 90);
    free((void *)(uintptr_t)text);
    drop_all();
    return 0;
}
