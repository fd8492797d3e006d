/* json.c - recursive descent over RFC 8259, nodes from blocks that live as long as the document. */
#define _POSIX_C_SOURCE 200809L
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 200

typedef struct block { struct block *next; size_t used, cap; } block;
typedef struct { const char *p, *begin, *end; jdoc *doc; char *why; int depth; } reader;

static void *take(jdoc *d, size_t n) {
    block *b = (block *)d->blocks;
    n = (n + 15) & ~(size_t)15;
    if (!b || b->cap - b->used < n) {
        size_t cap = n > 4000 ? n : 4000;
        b = (block *)xmalloc(sizeof *b + 16 + cap);
        b->next = (block *)d->blocks;
        b->used = 0;
        b->cap = cap;
        d->blocks = b;
    }
    b->used += n;
    return (char *)b + ((sizeof *b + 15) & ~(size_t)15) + b->used - n;
}

static jnode *fail(reader *r, const char *what) {
    if (!*r->why) snprintf(r->why, 120, "%s at byte %ld", what, (long)(r->p - r->begin));
    return NULL;
}

static void space(reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r')) r->p++;
}

static int hex4(const char *p) {
    int v = 0, i;
    for (i = 0; i < 4; i++) {
        int c = p[i];
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

static char *put_utf8(char *o, unsigned long c) {
    if (c < 0x80) *o++ = (char)c;
    else if (c < 0x800) { *o++ = (char)(0xc0 | c >> 6); *o++ = (char)(0x80 | (c & 0x3f)); }
    else if (c < 0x10000) {
        *o++ = (char)(0xe0 | c >> 12); *o++ = (char)(0x80 | (c >> 6 & 0x3f)); *o++ = (char)(0x80 | (c & 0x3f));
    } else {
        *o++ = (char)(0xf0 | c >> 18); *o++ = (char)(0x80 | (c >> 12 & 0x3f));
        *o++ = (char)(0x80 | (c >> 6 & 0x3f)); *o++ = (char)(0x80 | (c & 0x3f));
    }
    return o;
}

/* \u and four digits, a surrogate pair joined; a lone surrogate becomes U+FFFD. */
static char *unescape_u(reader *r, char *o) {
    int hi, lo;
    if (r->end - r->p < 4 || (hi = hex4(r->p)) < 0) { fail(r, "bad \\u escape"); return NULL; }
    r->p += 4;
    if (hi >= 0xd800 && hi <= 0xdbff && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u'
        && (lo = hex4(r->p + 2)) >= 0xdc00 && lo <= 0xdfff) {
        r->p += 6;
        return put_utf8(o, 0x10000ul + (((unsigned long)hi & 0x3ff) << 10) + ((unsigned long)lo & 0x3ff));
    }
    return put_utf8(o, hi >= 0xd800 && hi <= 0xdfff ? 0xfffdul : (unsigned long)hi);
}

static const char *string(reader *r, size_t *len) {
    const char *q = ++r->p;
    char *out, *o;
    while (q < r->end && *q != '"') q += *q == '\\' && r->end - q > 1 ? 2 : 1;
    if (q >= r->end) { r->p = r->end; fail(r, "unterminated string"); return NULL; }
    o = out = (char *)take(r->doc, (size_t)(q - r->p) + 1);
    while (r->p < q) {
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *esc;
        if ((unsigned char)*r->p < 0x20) { fail(r, "control character in a string"); return NULL; }
        if (*r->p != '\\') { *o++ = *r->p++; continue; }
        r->p++;
        if (*r->p == 'u') {
            r->p++;
            if (!(o = unescape_u(r, o))) return NULL;
            continue;
        }
        esc = *r->p ? strchr(from, *r->p) : NULL;
        if (!esc) { fail(r, "bad escape"); return NULL; }
        *o++ = to[esc - from];
        r->p++;
    }
    r->p = q + 1;
    *o = 0;
    *len = (size_t)(o - out);
    return out;
}

static size_t digits(reader *r) {
    const char *from = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
    return (size_t)(r->p - from);
}

static jnode *number(reader *r, jnode *n) {
    const char *from = r->p;
    char *text;
    if (*r->p == '-') r->p++;
    if (r->p < r->end && *r->p == '0') r->p++;
    else if (!digits(r)) return fail(r, "unexpected character");
    if (r->p < r->end && *r->p == '.') { r->p++; if (!digits(r)) return fail(r, "digit expected"); }
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        r->p++;
        if (r->p < r->end && (*r->p == '+' || *r->p == '-')) r->p++;
        if (!digits(r)) return fail(r, "digit expected");
    }
    n->type = J_NUMBER;
    n->len = (size_t)(r->p - from);
    text = (char *)memcpy(take(r->doc, n->len + 1), from, n->len);
    text[n->len] = 0;
    n->text = text;
    n->num = strtod(text, NULL);
    return n;
}

static jnode *value(reader *r);

static void adopt(jnode *parent, jnode *kid) {
    if (parent->last) parent->last->next = kid;
    else parent->first = kid;
    parent->last = kid;
    parent->count++;
}

static jnode *container(reader *r, jnode *n, char close) {
    bool object = close == '}';
    n->type = object ? J_OBJECT : J_ARRAY;
    if (++r->depth > MAX_DEPTH) return fail(r, "nested too deeply");
    r->p++;
    space(r);
    if (r->p < r->end && *r->p == close) { r->p++; r->depth--; return n; }
    for (;;) {
        const char *key = NULL;
        jnode *kid;
        size_t key_len;
        space(r);
        if (object) {
            if (r->p >= r->end || *r->p != '"') return fail(r, "member name expected");
            if (!(key = string(r, &key_len))) return NULL;
            space(r);
            if (r->p >= r->end || *r->p != ':') return fail(r, "':' expected");
            r->p++;
        }
        if (!(kid = value(r))) return NULL;
        kid->key = key;
        adopt(n, kid);
        space(r);
        if (r->p < r->end && *r->p == ',') { r->p++; continue; }
        if (r->p < r->end && *r->p == close) { r->p++; r->depth--; return n; }
        return fail(r, object ? "',' or '}' expected" : "',' or ']' expected");
    }
}

static jnode *word(reader *r, jnode *n, const char *w, jtype t) {
    size_t len = strlen(w);
    if ((size_t)(r->end - r->p) < len || memcmp(r->p, w, len) != 0) return fail(r, "unexpected character");
    r->p += len;
    n->type = t;
    return n;
}

static jnode *value(reader *r) {
    jnode *n = (jnode *)memset(take(r->doc, sizeof(jnode)), 0, sizeof(jnode));
    space(r);
    if (r->p >= r->end) return fail(r, "unexpected end");
    switch (*r->p) {
    case '{': return container(r, n, '}');
    case '[': return container(r, n, ']');
    case '"': n->type = J_STRING; n->text = string(r, &n->len); return n->text ? n : NULL;
    case 't': return word(r, n, "true", J_TRUE);
    case 'f': return word(r, n, "false", J_FALSE);
    case 'n': return word(r, n, "null", J_NULL);
    default: return number(r, n);
    }
}

jdoc *json_parse(const char *p, size_t n, char *why) {
    jdoc *d = (jdoc *)xcalloc(1, sizeof *d);
    reader r;
    *why = 0;
    memset(&r, 0, sizeof r);
    r.p = r.begin = p;
    r.end = p + n;
    r.doc = d;
    r.why = why;
    d->root = value(&r);
    if (d->root) {
        space(&r);
        if (r.p < r.end) d->root = fail(&r, "something follows the value");
    }
    if (d->root) return d;
    json_free(d);
    return NULL;
}

void json_free(jdoc *d) {
    block *b = d ? (block *)d->blocks : NULL, *next;
    for (; b; b = next) {
        next = b->next;
        free(b);
    }
    free(d);
}

const jnode *json_get(const jnode *o, const char *key) {
    const jnode *k, *found = NULL;
    if (!o || o->type != J_OBJECT) return NULL;
    for (k = o->first; k; k = k->next)
        if (strcmp(k->key, key) == 0) found = k;
    return found;
}

const jnode *json_at(const jnode *a, size_t i) {
    const jnode *k = a ? a->first : NULL;
    while (k && i--) k = k->next;
    return k;
}

const char *json_str(const jnode *o, const char *key, const char *otherwise) {
    const jnode *n = json_get(o, key);
    return n && n->type == J_STRING ? n->text : otherwise;
}

double json_num(const jnode *o, const char *key, double otherwise) {
    const jnode *n = json_get(o, key);
    return n && n->type == J_NUMBER ? n->num : otherwise;
}

bool json_bool(const jnode *o, const char *key, bool otherwise) {
    const jnode *n = json_get(o, key);
    return n && n->type == J_TRUE ? true : n && n->type == J_FALSE ? false : otherwise;
}

bool json_truthy(const jnode *n) {
    if (!n) return false;
    switch (n->type) {
    case J_NULL: case J_FALSE: return false;
    case J_NUMBER: return n->num > 0 || n->num < 0;
    case J_STRING: return n->len > 0;
    default: return true;
    }
}

const char *json_typeof(const jnode *n) {
    static const char *const names[] = { "null", "boolean", "boolean", "number", "string", "array", "object" };
    return n ? names[n->type] : "missing";
}

static jnode *add_member(jdoc *d, jnode *o, const char *key, bool *fresh) {
    size_t len = strlen(key) + 1;
    jnode *k;
    for (k = o->first; k && strcmp(k->key, key) != 0; k = k->next) { }
    *fresh = !k;
    if (k) return k;
    k = (jnode *)memset(take(d, sizeof *k), 0, sizeof *k);
    k->key = (char *)memcpy(take(d, len), key, len);
    adopt(o, k);
    return k;
}

jnode *json_add_object(jdoc *d, jnode *o, const char *key) {
    bool fresh;
    jnode *k = add_member(d, o, key, &fresh);
    if (fresh) k->type = J_OBJECT;
    return k;
}

void json_set_str(jdoc *d, jnode *o, const char *key, const char *value) {
    bool fresh;
    jnode *k = add_member(d, o, key, &fresh);
    size_t n = strlen(value);
    k->type = J_STRING;
    k->text = (char *)memcpy(take(d, n + 1), value, n + 1);
    k->len = n;
}

void json_write(buf *b, const jnode *n) {
    const jnode *k;
    if (!n) { buf_str(b, "null"); return; }
    switch (n->type) {
    case J_NULL: buf_str(b, "null"); break;
    case J_FALSE: buf_str(b, "false"); break;
    case J_TRUE: buf_str(b, "true"); break;
    case J_NUMBER: buf_add(b, n->text, n->len); break;
    case J_STRING: buf_json(b, n->text, n->len); break;
    case J_ARRAY: case J_OBJECT:
        buf_str(b, n->type == J_ARRAY ? "[" : "{");
        for (k = n->first; k; k = k->next) {
            if (k != n->first) buf_str(b, ",");
            if (k->key) { buf_json(b, k->key, strlen(k->key)); buf_str(b, ":"); }
            json_write(b, k);
        }
        buf_str(b, n->type == J_ARRAY ? "]" : "}");
        break;
    }
}
