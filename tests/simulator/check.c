/* check.c - judges verbs and commands as the server would: by name, by JSON type, by enumeration, by what is required.
 *
 * The open-source server refuses a whole array for one unknown property, so this does too. Type checks there are plain
 * JavaScript `typeof`: null and arrays count as objects where an object is allowed. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <stdlib.h>
#include <string.h>

bool check_v10;

/* The verbs the open-source server has a task for; its table also names components, which are no verbs. */
static const char *const oss_verbs[] = {
    "alert", "answer", "conference", "config", "dequeue", "dial", "dialogflow", "dtmf", "dub", "enqueue", "gather", "hangup",
    "leave", "lex", "listen", "llm", "message", "pause", "play", "rasa", "redirect", "rest:dial", "say", "sip:decline",
    "sip:refer", "sip:request", "tag", "transcribe", NULL
};

static const char *plain(const char *spec_name) { return strncmp(spec_name, "verb ", 5) == 0 ? spec_name + 5 : spec_name; }

static const spec *find_spec(const char *name, size_t n) {
    const spec *s = check_v10 ? v10_specs : oss_specs;
    for (; s->name; s++)
        if (strlen(s->name) == n && memcmp(s->name, name, n) == 0) return s;
    return NULL;
}

static bool check_object(const spec *s, const jnode *o, const char *path, bool verb_key, buf *why);

static void one_value(buf *why, const jnode *v) {
    buf b = { NULL, 0, 0 };
    json_write(&b, v);
    buf_fmt(why, "%.60s%s", buf_cstr(&b), b.n > 60 ? "..." : "");
    buf_free(&b);
}

static bool one_of(const char *list, size_t n, const char *value) {
    size_t len = strlen(value);
    const char *end = list + n;
    while (list <= end) {
        const char *comma = (const char *)memchr(list, ',', (size_t)(end - list));
        size_t item = (size_t)((comma ? comma : end) - list);
        if (item == len && memcmp(list, value, len) == 0) return true;
        list += item + 1;
    }
    return false;
}

/* One alternative of a type. 1 fits, 0 does not, -1 does not and `why` already says where. */
static int fits(const char *t, size_t n, const jnode *v, const char *path, buf *why) {
    switch (*t) {
    case '*': return 1;
    case 's': return v->type == J_STRING;
    case 'n': return v->type == J_NUMBER;
    case 'i': return v->type == J_NUMBER && !strpbrk(v->text, ".eE");
    case 'b': return v->type == J_TRUE || v->type == J_FALSE;
    case 'a': return v->type == J_ARRAY;
    case 'o': return v->type == J_OBJECT || (!check_v10 && (v->type == J_ARRAY || v->type == J_NULL));
    case '=': return v->type == J_STRING && one_of(t + 1, n - 1, v->text);
    case '#': {
        const spec *s = find_spec(t + 1, n - 1);
        if (!s && check_v10) return 1;
        if (!s) {                                    /* a slip in the server's own table: what names it is always refused */
            buf_fmt(why, "invalid instruction: %.*s", (int)(n - 1), t + 1);
            return -1;
        }
        if (s->any_of && v->type == J_STRING) return 1;
        if (s->any_of) s = find_spec("actionHook-object", 17);
        if (v->type != J_OBJECT) return 0;
        return check_object(s, v, path, strncmp(s->name, "verb ", 5) == 0, why) ? 1 : -1;
    }
    case '[': {
        const jnode *k;
        size_t i = 0;
        if (v->type != J_ARRAY) return 0;
        for (k = v->first; k; k = k->next, i++) {
            char *sub = xprintf("%s[%lu]", path, (unsigned long)i);
            const char *alt = t + 1, *end = t + n - 1;
            int ok = 0;
            while (!ok && alt < end) {
                const char *bar = (const char *)memchr(alt, '|', (size_t)(end - alt));
                size_t len = (size_t)((bar ? bar : end) - alt);
                ok = fits(alt, len, k, sub, why);
                alt += len + 1;
            }
            if (ok == 0) {
                buf_fmt(why, "%s has a wrong value: ", sub);
                one_value(why, k);
            }
            free(sub);
            if (ok != 1) return -1;
        }
        return 1;
    }
    default: return 1;
    }
}

static void type_words(buf *why, const char *t) {
    while (*t) {
        size_t n = *t == '[' ? strcspn(t, "]") + 1 : strcspn(t, "|");
        if (*t == '=') buf_fmt(why, "one of %.*s", (int)(n - 1), t + 1);
        else buf_str(why, *t == 's' ? "a string" : *t == 'n' ? "a number" : *t == 'i' ? "an integer" : *t == 'b' ? "a boolean"
                     : *t == 'a' || *t == '[' ? "an array" : "an object");
        t += n;
        if (*t == '|') { t++; buf_str(why, " or "); }
    }
}

static bool check_value(const spec_prop *p, const jnode *v, const char *path, buf *why) {
    const char *t = p->type;
    size_t start = why->n;
    int worst = 0;
    while (*t) {
        size_t n = *t == '[' ? strcspn(t, "]") + 1 : strcspn(t, "|");
        int ok = fits(t, n, v, path, why);
        if (ok == 1) { if (why->p) why->p[why->n = start] = 0; return true; }
        if (ok == -1) worst = -1;
        t += n;
        if (*t == '|') t++;
    }
    if (worst == -1) return false;
    buf_fmt(why, "%s must be ", path);
    type_words(why, p->type);
    buf_fmt(why, ", is %s ", json_typeof(v));
    one_value(why, v);
    return false;
}

static const spec_prop *find_prop(const spec *s, const char *name) {
    size_t i;
    for (i = 0; i < s->count; i++)
        if (strcmp(s->props[i].name, name) == 0) return &s->props[i];
    return NULL;
}

/* A property that differs by case or by one letter: typos are what this finds most. */
static const char *nearest(const spec *s, const char *name) {
    size_t i, len = strlen(name);
    for (i = 0; i < s->count; i++) {
        const char *p = s->props[i].name;
        size_t pl = strlen(p), a = 0, b = 0;
        if (strlen(p) == len && contains_nocase(p, name)) return p;
        while (a < len && a < pl && name[a] == p[a]) a++;
        while (b < len - a && b + a < pl && name[len - 1 - b] == p[pl - 1 - b]) b++;
        if (len >= 3 && (len > pl ? len : pl) - a - b <= 1) return p;
    }
    return NULL;
}

static bool check_object(const spec *s, const jnode *o, const char *path, bool verb_key, buf *why) {
    const jnode *k;
    size_t i;
    for (k = o->first; k; k = k->next) {
        const spec_prop *p = find_prop(s, k->key);
        char *sub;
        bool ok;
        if ((verb_key && strcmp(k->key, "verb") == 0) || strcmp(k->key, "_") == 0) continue;
        if (!p && verb_key && strcmp(k->key, "id") == 0) continue;
        if (!p) {
            const char *near = nearest(s, k->key);
            buf_fmt(why, "%s: unknown property %s", path, k->key);
            if (near) buf_fmt(why, " (did you mean %s?)", near);
            return false;
        }
        sub = xprintf("%s.%s", path, k->key);
        ok = check_value(p, k, sub, why);
        free(sub);
        if (!ok) return false;
    }
    for (i = 0; i < s->count; i++)
        if (s->props[i].required && !json_get(o, s->props[i].name)) {
            buf_fmt(why, "%s: missing value for %s", path, s->props[i].name);
            return false;
        }
    return true;
}

const char *verb_name(const jnode *element, const jnode **options) {
    const jnode *v = json_get(element, "verb");
    *options = element;
    if (v) return v->type == J_STRING ? v->text : NULL;
    if (!element || element->type != J_OBJECT || element->count != 1) return NULL;
    *options = element->first;
    return element->first->key;
}

static bool is_oss_verb(const char *name) {
    size_t i;
    for (i = 0; oss_verbs[i]; i++)
        if (strcmp(oss_verbs[i], name) == 0) return true;
    return false;
}

static bool check_verb(const jnode *element, size_t at, buf *why) {
    const jnode *options;
    const char *name, *canonical, *vendor = NULL;
    const spec_alias *a;
    const spec *s;
    char *key, *path;
    bool ok;
    if (element->type != J_OBJECT) {
        buf_fmt(why, "verb [%lu] is %s, must be an object", (unsigned long)at, json_typeof(element));
        return false;
    }
    name = verb_name(element, &options);
    if (!name) { buf_fmt(why, "verb [%lu] has no verb property", (unsigned long)at); return false; }
    canonical = name;
    for (a = oss_aliases; !check_v10 && a->name; a++)
        if (strcmp(a->name, name) == 0) { canonical = a->verb; vendor = a->vendor; }
    key = check_v10 ? xprintf("verb %s", canonical) : xstrdup(canonical);
    s = find_spec(key, strlen(key));
    free(key);
    if (!s || (!check_v10 && !is_oss_verb(canonical))) {
        buf_fmt(why, "verb [%lu]: invalid instruction: %s%s", (unsigned long)at, name,
                check_v10 ? "" : " (the open-source server does not know it)");
        return false;
    }
    if (options->type != J_OBJECT) {
        buf_fmt(why, "verb [%lu]: the options of %s are %s", (unsigned long)at, name, json_typeof(options));
        return false;
    }
    path = xprintf("[%lu] %s", (unsigned long)at, plain(name));
    if (vendor && !json_get(options, "vendor")) {    /* the shortcut verbs fill in their vendor */
        jnode fake;
        jnode *o = (jnode *)xmalloc(sizeof *o);
        *o = *options;
        memset(&fake, 0, sizeof fake);
        fake.type = J_STRING;
        fake.key = "vendor";
        fake.text = vendor;
        fake.next = o->first;
        o->first = &fake;
        ok = check_object(s, o, path, true, why);
        free(o);
    } else ok = check_object(s, options, path, true, why);
    free(path);
    return ok;
}

bool check_verbs(const jnode *array, buf *why) {
    const jnode *k;
    size_t i = 0;
    if (!array || array->type != J_ARRAY) {
        buf_fmt(why, "malformed jambonz payload: must be an array, is %s", json_typeof(array));
        return false;
    }
    for (k = array->first; k; k = k->next, i++)
        if (!check_verb(k, i, why)) return false;
    return true;
}

/* ---- commands --------------------------------------------------------------------------------------------- */

typedef struct { const char *name, *keys; int v10; } command;

/* keys: members of data of which one must be there, '/' between alternatives; "*" any data; "" none needed */
static const command commands[] = {
    { "redirect", "*", 0 }, { "call:status", "call_status", 0 }, { "config", "*", 0 }, { "dial", "to", 0 },
    { "dub", "action", 0 },
    { "record", "action", 0 }, { "mute:status", "*", 0 }, { "conf:mute-status", "conf_mute_status", 0 },
    { "conf:hold-status", "conf_hold_status", 0 }, { "conf:participant-action", "action", 0 },
    { "listen:status", "listen_status", 0 }, { "stream:status", "stream_status/listen_status", 0 },
    { "transcribe:status", "transcribe_status", 0 }, { "whisper", "whisper", 0 }, { "sip:request", "sip_request", 0 },
    { "dtmf", "dtmf", 0 }, { "boostAudioSignal", "*", 0 }, { "media:path", "*", 0 }, { "llm:tool-output", "", 0 },
    { "llm:update", "*", 0 }, { "tts:tokens", "tokens", 0 }, { "tts:flush", "", 0 }, { "tts:clear", "", 0 },
    { "tag", "*", 0 },
    { "noiseIsolation:status", "noise_isolation_status", 1 }, { "room:say", "text", 1 }, { "room:play", "url", 1 },
    { "agent:update", "type", 1 }, { "stt:reconfigure", "languageHints", 1 }, { NULL, NULL, 0 }
};

static bool has_one(const jnode *data, const char *keys) {
    char key[40];
    while (*keys) {
        size_t n = strcspn(keys, "/");
        if (n < sizeof key) {
            memcpy(key, keys, n);
            key[n] = 0;
            if (json_get(data, key)) return true;
        }
        keys += n + (keys[n] == '/');
    }
    return false;
}

static bool check_redirect(const jnode *data, buf *why) {
    if (data->type == J_ARRAY) return check_verbs(data, why);
    if (json_get(data, "child_call")) {
        buf_str(why, "child_call always fails in the server, and parent_call is lost with it");
        return false;
    }
    if (json_get(data, "parent_call")) return check_verbs(json_get(data, "parent_call"), why);
    if (has_one(data, "call_hook/child_call_hook")) return true;
    buf_str(why, "data must be an array of verbs or have call_hook, child_call_hook or parent_call");
    return false;
}

/* The command's data as the options of a verb of that name. */
static bool check_as_verb(const char *name, const jnode *data, buf *why) {
    char *key = check_v10 ? xprintf("verb %s", name) : xstrdup(name);
    const spec *s = find_spec(key, strlen(key));
    free(key);
    if (data->type != J_OBJECT) { buf_fmt(why, "data is %s, must be an object", json_typeof(data)); return false; }
    return !s || check_object(s, data, name, false, why);
}

bool check_command(const jnode *m, buf *why) {
    const char *name = json_str(m, "command", NULL);
    const jnode *data = json_get(m, "data");
    const command *c = commands;
    if (!name) { buf_str(why, "command property not supplied"); return false; }
    while (c->name && strcmp(c->name, name) != 0) c++;
    if (!c->name || (c->v10 && !check_v10)) {
        buf_fmt(why, "unknown command %s%s", name, c->name ? " (the open-source server does not know it)" : "");
        return false;
    }
    if (*c->keys && !json_truthy(data)) {
        buf_fmt(why, "command %s: data property not supplied (0, \"\", false and null count as missing)", name);
        return false;
    }
    if (json_get(m, "call_sid")) {
        buf_fmt(why, "command %s: call_sid is ignored, the leg is chosen by callSid", name);
        return false;
    }
    if (strcmp(name, "llm:tool-output") == 0 && !json_truthy(json_get(m, "tool_call_id"))) {
        buf_str(why, "command llm:tool-output: tool_call_id is missing at the top level");
        return false;
    }
    if (strcmp(name, "tts:tokens") == 0 && !json_get(data, "id")) {
        buf_str(why, "command tts:tokens: without id it is dropped");
        return false;
    }
    if (check_v10 && ((strcmp(name, "dtmf") == 0 && json_get(data, "digit"))
                      || (strcmp(name, "sip:request") == 0 && json_get(data, "method")))) return true;   /* flat, as the SDK */
    if (strcmp(c->keys, "*") != 0 && *c->keys && !has_one(data, c->keys)) {
        buf_fmt(why, "command %s: data must have %s, and does nothing without it", name, c->keys);
        return false;
    }
    if (strcmp(name, "redirect") == 0) return check_redirect(data, why);
    if (strcmp(name, "config") == 0 || strcmp(name, "dub") == 0) return check_as_verb(name, data, why);
    if (strcmp(name, "whisper") == 0) {
        const jnode *w = json_get(data, "whisper");
        if (w->type == J_ARRAY) return check_verbs(w, why);
        return check_verb(w, 0, why);
    }
    return true;
}
