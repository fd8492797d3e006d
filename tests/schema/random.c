/* Random options for every verb, out of the tables, one JSON verb per line. `a ROUNDS SEED`
   The last line says how many of the tables' rows were set at least once; rows that never were come before it. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdio.h>
#include <stdlib.h>

static const jbzi_verb_shape *const shapes[] = {
#define JBZ_X(part) &jbzi_verb_shape_##part,
    JBZ_PARTS(JBZ_X)
#undef JBZ_X
#define JBZ_X(verb, wire, server) &jbzi_verb_shape_##verb,
    JBZ_VERBS(JBZ_X)
#undef JBZ_X
};
static const char *const names[] = {
#define JBZ_X(part) #part,
    JBZ_PARTS(JBZ_X)
#undef JBZ_X
#define JBZ_X(verb, wire, server) #verb,
    JBZ_VERBS(JBZ_X)
#undef JBZ_X
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static unsigned char hit[SHAPES][256];
static uint64_t seed;
static size_t used;
static union { double d; void *p; char bytes[1 << 20]; } arena;

static unsigned roll(unsigned n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 20) % n;
}

static char *get(size_t n) {
    char *p = arena.bytes + used;
    used += (n + 15) & ~(size_t)15;
    if (used > sizeof arena.bytes) exit(2);
    memset(p, 0, n);
    return p;
}

static const char *word(const char *name) {
    static const char *const any[] = { "x", "hello", "a\"b\\c\n\t", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "/hook", "https://example.org/a?b=c",
        "a somewhat longer text, more than sixteen bytes of it", "\x01\x7f", "\xFF\xFE not UTF-8" };
    return strcmp(name, "sessionId") == 0 ? "abc-123_X" : any[roll(sizeof any / sizeof any[0])];
}

static const char *one_of(const char *list) {
    unsigned n = 1, i;
    const char *p;
    char *out;
    for (p = list; *p; p++) n += *p == '|';
    for (i = roll(n); i > 0; i--) list = strchr(list, '|') + 1;
    out = get(strlen(list) + 1);
    memcpy(out, list, strcspn(list, "|"));
    return out;
}

static const char *raw(const char *name, const char *note) {
    if (note[1] == 'n') return roll(2) ? "[1,\"x\",null]" : "\"text\"";
    if (note[1] == 'r') return roll(2) ? "[]" : "[ {\"role\":\"user\",\"content\":\"x\",\"verb\":\"say\",\"text\":\"y\"} ]";
    if (strcmp(name, "gladiaOptions") == 0) return "{}"; /* an object without any property */
    if (strcmp(name, "responses") == 0) return "{\"model\":\"m\",\"more\":1}";
    if (strcmp(name, "headers") == 0) return "{\"X-A\":\"b\"}";
    if (strcmp(name, "languageConfig") == 0) return "{\"de-DE\":{\"tts\":{\"vendor\":\"google\"}}}";
    if (strcmp(name, "auth") == 0) return "{\"apiKey\":\"k\",\"agent_id\":\"a\"}";
    if (strcmp(name, "llmOptions") == 0) return "{\"session_update\":{\"x\":1},\"more\":[{}]}";
    return roll(2) ? "{}" : "{\"k\":[1,\"x\",{\"y\":null}]}";
}

static double number(const jbzi_verb_row *r, const char *note) {
    static const double any[] = { 1, 2, 20, 0.5, 1e6, 123.456, JBZ_ZERO, 3 };
    double lo = 0, hi = 100, v;
    if (r->kind == JBZI_VERB_TIMES && roll(3) == 0) return JBZ_FOREVER;
    if (r->kind == JBZI_VERB_INT) return (double)(1 + roll(1000));
    if (r->kind == JBZI_VERB_NUM || r->kind == JBZI_VERB_TIMES) return any[roll(sizeof any / sizeof any[0])];
    lo = jbzi_verb_bound(&note, -1000);
    note += 2;
    hi = jbzi_verb_bound(&note, lo + 1000);
    v = lo + (hi - lo) * roll(101) / 100;
    return jbz_exact(r->kind == JBZI_VERB_INT_IN ? (double)(int64_t)v : v);
}

static void fill(const jbzi_verb_shape *s, char *opts, unsigned depth);

/* Is there anything below this row that was never tried? */
static int deeper(const jbzi_verb_shape *s, unsigned row) {
    const jbzi_verb_shape *sub = s->rows[row].sub;
    unsigned i, id = 0;
    if (!sub) return 0;
    while (shapes[id] != sub) id++;
    for (i = 0; i < sub->count; i++)
        if (!hit[id][i] || deeper(sub, i)) return 1;
    return 0;
}

static void set(const jbzi_verb_shape *s, const jbzi_verb_row *r, char *opts, unsigned depth) {
    const char *name = s->text + r->name, *note = name + r->len + 1;
    char *m = opts + r->offset;
    unsigned n = 1 + roll(3), i;
    double d;
    jbz_tri tri;
    const void *p;
    switch (r->kind) {
    case JBZI_VERB_STR: p = word(name); memcpy(m, &p, sizeof p); break;
    case JBZI_VERB_ENUM: p = one_of(note); memcpy(m, &p, sizeof p); break;
    case JBZI_VERB_RAW: p = raw(name, note); memcpy(m, &p, sizeof p); break;
    case JBZI_VERB_OBJ: { char *sub = get(r->sub->size); fill(r->sub, sub, depth + 1); memcpy(m, &sub, sizeof sub); break; }
    case JBZI_VERB_STRS: for (i = 0; i < n; i++) { p = word(name); memcpy(m + i * sizeof p, &p, sizeof p); } break;
    case JBZI_VERB_ENUMS: for (i = 0; i < n; i++) { p = one_of(note); memcpy(m + i * sizeof p, &p, sizeof p); } break;
    case JBZI_VERB_MAP:
        for (i = 0; i < n; i++) {
            char *key = get(8);
            sprintf(key, "X-%u", i);
            ((jbz_pair *)(void *)m)[i].name = key;
            ((jbz_pair *)(void *)m)[i].value = word(name);
        }
        break;
    case JBZI_VERB_OBJS:
        for (i = 0; i < n; i++) do fill(r->sub, m + i * r->sub->size, depth + 1); while (!jbzi_verb_any(r->sub, m + i * r->sub->size));
        break;
    case JBZI_VERB_BOOL: tri = roll(2) ? JBZ_TRUE : JBZ_FALSE; memcpy(m, &tri, sizeof tri); break;
    case JBZI_VERB_OFF: tri = JBZ_FALSE; memcpy(m, &tri, sizeof tri); break;
    default: d = number(r, note); memcpy(m, &d, sizeof d); break;
    }
}

/* Of every property none or one of its forms; the deeper, the fewer, but those that were never tried come first. */
static void fill(const jbzi_verb_shape *s, char *opts, unsigned depth) {
    unsigned i, k, id, fresh;
    for (id = 0; shapes[id] != s; id++) { }
    for (i = 0; i < s->count; i = k) {
        for (k = i + 1; k < s->count && s->rows[k].need == JBZI_VERB_TWIN; k++) { }
        for (fresh = i; fresh < k && hit[id][fresh]; fresh++) { }
        if (s->rows[i].need != JBZI_VERB_MUST && roll(fresh < k || deeper(s, i) ? 2 : 2 + 2 * depth) != 0) continue;
        i = fresh < k ? fresh : i + roll(k - i);
        set(s, &s->rows[i], opts, depth);
        hit[id][i] = 1;
    }
}

int main(int argc, char **argv) {
    static char mem[262144];
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 100, i, k, all = 0, never = 0;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) * 2654435761u + 1 : 88172645463325252u;
    while (rounds-- > 0)
        for (i = 0; i < SHAPES; i++) {
            jbz_out o;
            const char *text;
            char *opts;
            size_t n;
            if (shapes[i]->start == 1) continue; /* no verb */
            used = 0;
            opts = get(shapes[i]->size);
            fill(shapes[i], opts, 0);
            jbz_out_init(&o, mem, sizeof mem);
            jbzi_verb_put(&o, shapes[i], opts);
            text = jbz_out_finish(&o, &n);
            if (!text) { printf("error %d at %s\n", (int)o.error.code, o.error.path); return 1; }
            if (jbz_check_app(text, n, JBZ_ANY, &o.error)) { printf("checked: %d at %s: %s\n", (int)o.error.code, o.error.path, text); return 1; }
            printf("%.*s\n", (int)n - 2, text + 1);
        }
    for (i = 0; i < SHAPES; i++)
        for (k = 0; k < shapes[i]->count; k++, all++)
            if (!hit[i][k]) { never++; printf("never: %s.%s\n", names[i], shapes[i]->text + shapes[i]->rows[k].name); }
    printf("coverage: %u of %u rows\n", all - never, all);
    return 0;
}
