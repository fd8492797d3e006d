/* util.c - memory, buffers, clock, timer heap, random ids. */
#define _POSIX_C_SOURCE 200809L
#include "util.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(int exit_code, const char *fmt, ...) {
    va_list ap;
    fflush(stdout);
    fputs("simulator: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(exit_code);
}

void *xmalloc(size_t n) {
    void *p = malloc(n ? n : 1);
    if (!p) die(4, "out of memory");
    return p;
}

void *xcalloc(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p) die(4, "out of memory");
    return p;
}

void *xrealloc(void *p, size_t n) {
    void *q = realloc(p, n ? n : 1);
    if (!q) die(4, "out of memory");
    return q;
}

char *xstrndup(const char *s, size_t n) {
    char *p = (char *)xmalloc(n + 1);
    memcpy(p, s, n);
    p[n] = 0;
    return p;
}

char *xstrdup(const char *s) { return xstrndup(s, strlen(s)); }

/* ---- buffers ---------------------------------------------------------------------------------------------- */

static void buf_room(buf *b, size_t n) {
    size_t cap = b->cap ? b->cap : 256;
    if (n < b->cap - b->n && b->cap) return;
    while (cap - b->n <= n) cap *= 2;
    b->p = (char *)xrealloc(b->p, cap);
    b->cap = cap;
}

void buf_add(buf *b, const void *p, size_t n) {
    buf_room(b, n);
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = 0;
}

void buf_str(buf *b, const char *s) { buf_add(b, s, strlen(s)); }

static void buf_vfmt(buf *b, const char *fmt, va_list ap) {
    va_list again;
    int n;
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    if (n > 0) {
        buf_room(b, (size_t)n + 1);
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_fmt(buf *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(b, fmt, ap);
    va_end(ap);
}

char *xprintf(const char *fmt, ...) {
    buf b = { NULL, 0, 0 };
    va_list ap;
    buf_add(&b, "", 0);
    va_start(ap, fmt);
    buf_vfmt(&b, fmt, ap);
    va_end(ap);
    return b.p;
}

void buf_json(buf *b, const char *s, size_t n) {
    size_t i, from = 0;
    buf_add(b, "\"", 1);
    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        const char *esc = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r"
            : c == '\t' ? "\\t" : NULL;
        if (!esc && c >= 0x20) continue;
        buf_add(b, s + from, i - from);
        if (esc) buf_str(b, esc);
        else buf_fmt(b, "\\u%04x", c);
        from = i + 1;
    }
    buf_add(b, s + from, n - from);
    buf_add(b, "\"", 1);
}

void buf_drop(buf *b, size_t n) {
    if (n >= b->n) b->n = 0;
    else {
        memmove(b->p, b->p + n, b->n - n);
        b->n -= n;
    }
    if (b->p) b->p[b->n] = 0;
}

void buf_free(buf *b) {
    free(b->p);
    b->p = NULL;
    b->n = b->cap = 0;
}

const char *buf_cstr(const buf *b) { return b->p ? b->p : ""; }

/* ---- clock and timers ------------------------------------------------------------------------------------- */

double sim_speed = 1;

int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static timer **heap;                                 /* heap[0] is unused; heap[1] is due first */
static size_t heap_n, heap_cap;

static void heap_put(size_t i, timer *t) {
    heap[i] = t;
    t->slot = i;
}

static void heap_up(size_t i, timer *t) {
    while (i > 1 && heap[i / 2]->due > t->due) {
        heap_put(i, heap[i / 2]);
        i /= 2;
    }
    heap_put(i, t);
}

static void heap_down(size_t i, timer *t) {
    for (;;) {
        size_t kid = i * 2;
        if (kid > heap_n) break;
        if (kid < heap_n && heap[kid + 1]->due < heap[kid]->due) kid++;
        if (heap[kid]->due >= t->due) break;
        heap_put(i, heap[kid]);
        i = kid;
    }
    heap_put(i, t);
}

void timer_stop(timer *t) {
    size_t i = t->slot;
    timer *last;
    if (!i) return;
    t->slot = 0;
    last = heap[heap_n--];
    if (last == t) return;
    if (i > 1 && heap[i / 2]->due > last->due) heap_up(i, last);
    else heap_down(i, last);
}

void timer_set(timer *t, double ms, timer_fn *fn, void *ctx) {
    timer_stop(t);
    if (heap_n + 2 > heap_cap) {
        heap_cap = heap_cap ? heap_cap * 2 : 64;
        heap = (timer **)xrealloc(heap, heap_cap * sizeof *heap);
    }
    t->due = now_us() + (int64_t)(ms * 1000);
    t->fn = fn;
    t->ctx = ctx;
    heap_up(++heap_n, t);
}

void timer_set_scaled(timer *t, double ms, timer_fn *fn, void *ctx) { timer_set(t, ms / sim_speed, fn, ctx); }

int timers_run(void) {
    int64_t now = now_us(), left;
    while (heap_n && heap[1]->due <= now) {
        timer *t = heap[1];
        timer_stop(t);
        t->fn(t->ctx);
    }
    if (!heap_n) return -1;
    left = heap[1]->due - now_us();
    if (left <= 0) return 0;
    left = (left + 999) / 1000;
    return left > 60000 ? 60000 : (int)left;
}

/* ---- ids -------------------------------------------------------------------------------------------------- */

static uint64_t rng_state = 0x9e3779b97f4a7c15u;

void rng_seed(uint64_t seed) {
    rng_state = seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u;
    if (!rng_state) rng_state = 1;
    (void)rng_u32();
}

uint32_t rng_u32(void) {                             /* xorshift64*: plenty for ids and masking keys of a test tool */
    rng_state ^= rng_state >> 12;
    rng_state ^= rng_state << 25;
    rng_state ^= rng_state >> 27;
    return (uint32_t)((rng_state * 0x2545f4914f6cdd1du) >> 32);
}

void make_msgid(char out[23]) {
    static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    size_t i;
    for (i = 0; i < 22; i++) out[i] = base58[rng_u32() % 58];
    out[22] = 0;
}

void make_hex(char *out, size_t digits) {
    size_t i;
    for (i = 0; i < digits; i++) out[i] = "0123456789abcdef"[rng_u32() >> 28];
    out[digits] = 0;
}

void make_uuid(char out[37]) {
    make_hex(out, 36);
    out[8] = out[13] = out[18] = out[23] = '-';
    out[14] = '4';
    out[19] = "89ab"[rng_u32() >> 30];
}

/* ---- text ------------------------------------------------------------------------------------------------- */

bool utf8_valid(const unsigned char *p, size_t n) {
    size_t i = 0;
    while (i < n) {
        unsigned char c = p[i++];
        size_t more;
        uint32_t cp, min;
        if (c < 0x80) continue;
        if (c >= 0xc2 && c <= 0xdf) { more = 1; cp = c & 0x1fu; min = 0x80; }
        else if ((c & 0xf0) == 0xe0) { more = 2; cp = c & 0x0fu; min = 0x800; }
        else if (c >= 0xf0 && c <= 0xf4) { more = 3; cp = c & 0x07u; min = 0x10000; }
        else return false;
        if (n - i < more) return false;
        while (more--) {
            if ((p[i] & 0xc0) != 0x80) return false;
            cp = cp << 6 | (p[i++] & 0x3fu);
        }
        if (cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) return false;
    }
    return true;
}

bool contains_nocase(const char *hay, const char *needle) {
    size_t n = strlen(needle), i;
    for (; ; hay++) {
        for (i = 0; i < n && hay[i] && tolower((unsigned char)hay[i]) == tolower((unsigned char)needle[i]); i++) { }
        if (i == n) return true;
        if (!*hay) return false;
    }
}
