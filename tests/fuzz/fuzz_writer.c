/* libFuzzer, room 4: calls of the writer in any order and with anything in them, into memory of any size. A model in jansson's
   values grows beside it; what comes out must be JSON to jansson and be the model. Strings without vectors are the same. */
#define JBZ_NO_CONN
#define JBZ_NO_VERBS
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "fuzz.h"
#include "plain.h"
#include "model.h"
#include <math.h>

#define LEVELS 80
static struct {
    json_t *top, *open[LEVELS];
    char *key;
    unsigned depth, values;
    bool list, twice; /* twice: a key came again in its object, so the model cannot hold both */
} model;

static void put(json_t *j) {
    json_t *in = model.depth ? model.open[model.depth - 1] : NULL;
    CHECK(j);
    model.values++;
    if (!in) {
        CHECK(!model.top || model.list);
        if (model.list) CHECK(json_array_append_new(model.top, j) == 0);
        else model.top = j;
    } else if (json_is_array(in)) {
        CHECK(json_array_append_new(in, j) == 0);
    } else {
        CHECK(model.key);
        if (json_object_get(in, model.key)) model.twice = true;
        CHECK(json_object_set_new(in, model.key, j) == 0);
        free(model.key);
        model.key = NULL;
    }
}

static void opened(json_t *j) {
    put(j);
    CHECK(model.depth < 64);
    model.open[model.depth++] = j;
}

static void closed(bool array) {
    CHECK(model.depth && !model.key && json_is_array(model.open[model.depth - 1]) == array);
    model.depth--;
}

/* Raw JSON as the app gives it; what jansson takes is taken, but for depth and the numbers it cannot hold. */
static void raw(jbz_out *o, input *in) {
    input part = take_bytes(in, take(in));
    char *text = exact(part.p, part.n, 1);
    json_t *j = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool before = o->error.code == JBZ_E_OK;
    size_t was = o->len;
    jbz_out_json(o, text);
    if (o->error.code == JBZ_E_OK && !j) j = json_loadb(o->buf + was, o->len - was, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (before && o->error.code == JBZ_E_RAW) CHECK(!j);
    if (o->error.code == JBZ_E_OK && j) put(j);
    else json_decref(j);
    if (o->error.code == JBZ_E_OK && !j) put(json_null()), model.twice = true; /* a number or half a surrogate: jansson cannot say */
    free(text);
}

/* A value of a parsed text, with some strings decoded before. */
static void value(jbz_out *o, input *in) {
    static jbz_tok toks[256];
    unsigned how = take(in);
    input part = take_bytes(in, take(in));
    char *text = exact(part.p, part.n, 1);
    jbz_doc doc;
    jbz_json v;
    json_t *j = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    if (jbz_json_parse(&doc, text, part.n, toks, 256, NULL) != JBZ_E_OK) doc.count = 0;
    v.doc = &doc;
    for (v.at = 0; v.at < doc.count; v.at++) {
        if ((how >> v.at % 8 & 1) == 0) continue;
        jbz_json_str(v, "", NULL);
        jbz_json_key(v);
    }
    jbz_out_value(o, jbz_json_root(&doc));
    if (o->error.code == JBZ_E_OK) {
        if (j) put(json_incref(j));
        else put(json_null()), model.twice = true;
    }
    json_decref(j);
    free(text);
}

static void twin(const char *text, size_t n, size_t room) {
    char *a = (char *)calloc(room, 1), *b = (char *)calloc(room, 1);
    jbz_out x, y;
    CHECK(a && b);
    jbz_out_init(&x, a, room);
    jbz_out_init(&y, b, room);
    jbz_out_strn(&x, text, n);
    plain_out_strn(&y, text, n);
    CHECK(x.error.code == y.error.code && (x.error.code || (x.len == y.len && memcmp(a, b, x.len) == 0)));
    free(a);
    free(b);
}

static void step(jbz_out *o, input *in) {
    unsigned op = take(in) % 16;
    input part = { NULL, 0 };
    char *text = NULL;
    if (op >= 4 && op <= 6) {
        part = take_bytes(in, take(in));
        text = exact(part.p, part.n, 1);
    }
    switch (op) {
    case 0: jbz_out_open_object(o); if (!o->error.code) opened(json_object()); break;
    case 1: jbz_out_close_object(o); if (!o->error.code) closed(false); break;
    case 2: jbz_out_open_array(o); if (!o->error.code) opened(json_array()); break;
    case 3: jbz_out_close_array(o); if (!o->error.code) closed(true); break;
    case 4:
        jbz_out_key(o, text);
        if (o->error.code) break;
        CHECK(model.depth && json_is_object(model.open[model.depth - 1]) && !model.key);
        {
            json_t *j = repaired(text, strlen(text));
            model.key = strdup(json_string_value(j));
            json_decref(j);
        }
        break;
    case 5: jbz_out_str(o, text); if (!o->error.code) put(repaired(text, strlen(text))); break;
    case 6: {
        char *bytes = exact(part.p, part.n, 0);
        jbz_out_strn(o, bytes, part.n);
        if (!o->error.code) put(repaired(bytes, part.n));
        twin(bytes, part.n, part.n * (take(in) % 7) + 3);
        free(bytes);
        break;
    }
    case 7: {
        int64_t x = (int64_t)((uint64_t)take4(in) << 32 | take4(in)) >> take(in) % 64;
        jbz_out_int(o, x);
        if (!o->error.code) put(json_integer(x));
        break;
    }
    case 8: {
        uint64_t bits = (uint64_t)take4(in) << 32 | take4(in);
        double x;
        memcpy(&x, &bits, sizeof x);
        jbz_out_num(o, x);
        if (isnan(x) || isinf(x)) CHECK(o->error.code);
        else if (!o->error.code) put(json_real(x));
        break;
    }
    case 9: {
        double x = (double)(int32_t)take4(in) / (double)(1 + take(in) % 200) * pow(10, (double)(take(in) % 40) - 20);
        jbz_out_num(o, x);
        if (!o->error.code) put(json_real(x));
        break;
    }
    case 10: jbz_out_bool(o, true); if (!o->error.code) put(json_true()); break;
    case 11: jbz_out_null(o); if (!o->error.code) put(json_null()); break;
    case 12: raw(o, in); break;
    case 13: value(o, in); break;
    case 14:
        jbz_out_list(o);
        if (o->error.code) break;
        CHECK(!model.depth && (!model.top || model.list));
        if (!model.top) model.top = json_array();
        model.list = true;
        break;
    default: /* what must be refused, whatever the state */
        switch (take(in) % 4) {
        case 0: jbz_out_str(o, NULL); break;
        case 1: jbz_out_key(o, NULL); break;
        case 2: jbz_out_strn(o, NULL, 1); break;
        default: jbz_out_json(o, NULL); break;
        }
        CHECK(o->error.code);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input in;
    jbz_out o;
    jbz_error first;
    const char *text, *path;
    size_t room, n = 1;
    char *mem;
    in.p = data;
    in.n = size;
    memset(&model, 0, sizeof model);
    memset(&first, 0, sizeof first);
    room = take(&in) * take(&in);
    mem = (char *)malloc(room + !room);
    jbz_out_init(&o, mem, room);
    while (in.n) {
        step(&o, &in);
        CHECK(o.len <= o.cap && (room == 0 || o.cap < room));
        if (first.code) CHECK(memcmp(&first, &o.error, sizeof first) == 0); /* the first one sticks */
        else first = o.error;
    }
    text = jbz_out_finish(&o, &n);
    jbz_last_error(&o, &path);
    CHECK(strlen(path) < JBZ_PATH_SIZE);
    if (text) {
        json_t *j = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        CHECK(o.error.code == JBZ_E_OK && strlen(text) == n && n < room && text == mem);
        CHECK(!model.depth && !model.key && model.top);
        CHECK(jbz_utf8_valid(text, n));
        if (!model.twice) {
            if (!j) j = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL); /* beyond 64 bits */
            CHECK(j && same(model.top, j));
        }
        json_decref(j);
    } else {
        CHECK(o.error.code && n == 0);
    }
    free(model.key);
    json_decref(model.top);
    free(mem);
    return 0;
}
