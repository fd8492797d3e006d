/* script.c - call scripts: what a caller does and what the app is expected to do, one statement a line.
 *
 * A script waits at every line until what it says has happened, at most --timeout seconds (default 10); lines that make the
 * caller do something wait until that is possible: `press 1` waits for a gather that takes digits. Behind the last line the
 * script waits for acks that are still due, then the caller hangs up. '#' starts a comment. Text is quoted with "", escapes as
 * in JSON. The lines starting with `set` and a `drop before-ack` at the top are in force before the first message is sent.
 *
 * The language is the text of --help, just below. Verbs are a strict sequence: `expect say "x"` fails if the next verb is
 * another one. Without influence on the sequence are answer, config, tag, pause, alert, dub and leave (skipped unless asked
 * for), and a gather whose prompt is asked for. Acks, commands, messages and closes are four streams of their own, in which an
 * expectation looks for the next that fits. */
#define _POSIX_C_SOURCE 200809L
#include "sim.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char script_help[] =
"Call scripts (--script FILE), one statement a line, # starts a comment:\n"
"  expect VERB [TEXT] [NAME=VALUE ...]  the next verb; TEXT must occur in what it says, plays, dials, ...;\n"
"                                       = \"text\" must be all of it; NAME=VALUE compares a property (a.b for nested ones)\n"
"      expect say \"Welcome\"    expect gather numDigits=1    expect dial user/sales    expect play = \"http://x/y.wav\"\n"
"  await VERB ...                       the same, but other verbs may come before it\n"
"  expect hangup                        the app hangs up (verb hangup, sip:decline, or command call:status)\n"
"  expect idle                          its verbs have run out and the call is silent\n"
"  expect end                           the call is over, whoever ended it\n"
"  expect ack [TYPE] [HOOK]             an ack has come (of verb:hook /menu)\n"
"  expect sent TYPE [HOOK]              jambonz has sent such a message\n"
"  expect command NAME [NAME=VALUE ...] the app has sent such a command\n"
"  expect no VERB ... | expect no command NAME ...    none like that has come so far\n"
"  expect tts \"TEXT\"                    streamed speech: spoken since the last such line\n"
"  expect audio 500ms | expect mark NAME    the app has sent that much audio; jambonz has reported that mark (listen)\n"
"  expect close CODE                    the socket was closed by the app (or by jambonz because of the app) with that code\n"
"  expect reconnect                     the socket is open again and its session:reconnect is acked\n"
"  press DIGITS                         waits for a gather (or dial with dtmfCapture, listen) that takes digits; the called\n"
"                                       party presses for a gather of dial:confirm\n"
"  say \"TEXT\" [CONFIDENCE]              waits for a gather that takes speech, or a transcription\n"
"  far-say \"TEXT\"                       ... the dialled party, while that is transcribed\n"
"  no-input                             the running gather times out\n"
"  wait 2s | wait 300ms                 time of the call: --fast shortens it\n"
"  answer [TALK]                        the dialled party answers and hangs up after TALK (default 3s)\n"
"  busy | no-answer | failed            ... or does not;   far-hangup   ... hangs up now\n"
"  finish [NAME=VALUE ...]              ends a conference, queue, dequeue, listen, llm, ...; the pairs go into its hook\n"
"  event JSON | tool NAME [JSON]        an llm verb reports an event, calls a tool\n"
"  event start                          the conference for which this member waits starts;  event NAME: another of its events\n"
"  hangup                               the caller hangs up\n"
"  drop                                 the network fails; jambonz reconnects as it really does\n"
"  drop before-ack                      ... right after the next message that wants an ack was sent\n"
"  send JSON | send @FILE               a text frame as it is, valid or not (@FILE: the content of a file)\n"
"  send-bytes HEX                       raw bytes on the wire, to provoke 1002, 1007 or 1009\n"
"  status NAME [SIP]                    a call:status message\n"
"  set NAME VALUE                       before the call: from, to, callstatus on|off, tts ok|fail,\n"
"                                       outbound answer|busy|no-answer|failed, env NAME=VALUE (an environment variable),\n"
"                                       queue N (callers ahead), reconnect URL (where jambonz finds another\n"
"                                       server after a drop, as behind a load balancer)\n"
"A script that lets a dial ring must name its outcome further down, else the dialled party answers.\n";

typedef struct { int line; char *text; int argc; char **argv; bool *quoted; char *rest; } statement;
struct script { char *path; statement *st; size_t n; };
script *the_script;

/* ---- reading ---------------------------------------------------------------------------------------------- */

static void syntax(const script *s, int line, const char *what, const char *about) {
    die(2, "%s:%d: %s%s%s", s->path, line, what, *about ? ": " : "", about);
}

static char *word(script *s, int line, const char **at, bool *quoted) {
    const char *p = *at;
    buf b = { NULL, 0, 0 };
    buf_str(&b, "");
    *quoted = *p == '"';
    if (*quoted) {
        const char *e = p + 1;
        char why[120];
        jdoc *d;
        while (*e && *e != '"') e += *e == '\\' && e[1] ? 2 : 1;
        if (!*e) syntax(s, line, "a quote is not closed", p);
        d = json_parse(p, (size_t)(e + 1 - p), why);
        if (!d) syntax(s, line, why, p);
        buf_add(&b, d->root->text, d->root->len);
        json_free(d);
        *at = e + 1;
        return b.p;
    }
    while (*p && !isspace((unsigned char)*p)) p++;
    buf_add(&b, *at, (size_t)(p - *at));
    *at = p;
    return b.p;
}

static bool one_of(const char *w, const char *list) {
    size_t n = strlen(w);
    const char *p;
    for (p = list; (p = strstr(p, w)) != NULL; p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return true;
    return false;
}

static void check_statement(script *s, statement *st) {
    static const char words[] = "expect await press say far-say no-input wait answer busy no-answer failed far-hangup finish "
                                "event tool hangup drop send send-bytes status set";
    const char *w = st->argv[0];
    if (!one_of(w, words)) syntax(s, st->line, "unknown statement (see --help)", w);
    if (one_of(w, "expect await press say far-say wait event tool send send-bytes status") && st->argc < 2)
        syntax(s, st->line, "something is missing behind", w);
    if (strcmp(w, "press") == 0 && strspn(st->argv[1], "0123456789*#ABCDabcd") != strlen(st->argv[1]))
        syntax(s, st->line, "not digits", st->argv[1]);
    if (strcmp(w, "wait") == 0 && (!isdigit((unsigned char)*st->argv[1])))
        syntax(s, st->line, "a time like 2s or 300ms is expected", st->argv[1]);
    if (strcmp(w, "drop") == 0 && st->argc > 1 && strcmp(st->argv[1], "before-ack") != 0)
        syntax(s, st->line, "drop, or drop before-ack", st->argv[1]);
    if (strcmp(w, "set") == 0 && (st->argc != 3 || !one_of(st->argv[1], "from to callstatus outbound tts env queue reconnect")))
        syntax(s, st->line, "set from|to|callstatus|outbound|tts|env|queue|reconnect VALUE", "");
    if (strcmp(w, "set") == 0 && strcmp(st->argv[1], "env") == 0 && !strchr(st->argv[2], '='))
        syntax(s, st->line, "set env NAME=VALUE", "");
    if (strcmp(w, "expect") == 0 && one_of(st->argv[1], "close command sent tts audio mark no") && st->argc < 3)
        syntax(s, st->line, "something is missing behind", st->argv[1]);
    if (strcmp(w, "send-bytes") == 0) {
        size_t n = strspn(st->rest, "0123456789abcdefABCDEF ");
        if (n != strlen(st->rest)) syntax(s, st->line, "not hexadecimal", st->rest + n);
    }
}

static void read_line(script *s, int line, char *text) {
    statement *st;
    char *e;
    const char *p;
    bool in = false;
    for (e = text; *e; e++) {                        /* a comment, but not inside quotes */
        if (*e == '\\' && in && e[1]) { e++; continue; }
        if (*e == '"') in = !in;
        if (*e == '#' && !in && (e == text || isspace((unsigned char)e[-1]))) { *e = 0; break; }
    }
    for (e = text + strlen(text); e > text && isspace((unsigned char)e[-1]); ) *--e = 0;
    while (isspace((unsigned char)*text)) text++;
    if (!*text) return;
    s->st = (statement *)xrealloc(s->st, (s->n + 1) * sizeof *s->st);
    st = &s->st[s->n++];
    memset(st, 0, sizeof *st);
    st->line = line;
    st->text = xstrdup(text);
    p = st->text + strcspn(st->text, " \t");
    st->rest = xstrdup(p + strspn(p, " \t"));
    for (p = st->text; *p; p += strspn(p, " \t")) {
        st->argv = (char **)xrealloc(st->argv, ((size_t)st->argc + 1) * sizeof *st->argv);
        st->quoted = (bool *)xrealloc(st->quoted, ((size_t)st->argc + 1) * sizeof *st->quoted);
        if (st->argc == 1 && one_of(st->argv[0], "send event tool")) {      /* JSON is not split into words */
            bool tool = st->argv[0][0] == 't';
            size_t n = tool ? strcspn(p, " \t") : strlen(p);
            st->argv[st->argc] = xstrndup(p, n);
            st->quoted[st->argc++] = false;
            p += n;
            if (tool && *p) {
                st->argv = (char **)xrealloc(st->argv, 3 * sizeof *st->argv);
                st->argv[st->argc++] = xstrdup(p + strspn(p, " \t"));
            }
            break;
        }
        st->argv[st->argc] = word(s, line, &p, &st->quoted[st->argc]);
        st->argc++;
    }
    check_statement(s, st);
}

static char *read_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    buf b = { NULL, 0, 0 };
    char chunk[4096];
    size_t got;
    if (!f) return NULL;
    buf_str(&b, "");
    while ((got = fread(chunk, 1, sizeof chunk, f)) > 0) buf_add(&b, chunk, got);
    fclose(f);
    *n = b.n;
    return b.p;
}

script *script_load(const char *path) {
    script *s = (script *)xcalloc(1, sizeof *s);
    size_t n;
    int line = 1;
    char *text = read_file(path, &n), *p, *next;
    if (!text) die(2, "cannot read the script %s", path);
    s->path = xstrdup(path);
    for (p = text; p && *p; p = next, line++) {
        next = strchr(p, '\n');
        if (next) *next++ = 0;
        read_line(s, line, p);
    }
    free(text);
    return s;
}

/* ---- failing ---------------------------------------------------------------------------------------------- */

static void fail(call *c, const statement *st, const char *fmt, ...) {
    char got[700];
    va_list ap;
    if (c->script_failed) return;
    c->script_failed = true;
    va_start(ap, fmt);
    vsnprintf(got, sizeof got, fmt, ap);
    va_end(ap);
    timer_stop(&c->script_timer);
    call_problem(c, "%s:%d: %s: got %s", the_script->path, st->line, st->text, got);
    if (!c->over) call_hangup(c, "caller");
}

static void describe(buf *b, const event *e) {
    buf_fmt(b, "%s", e->name);
    if (*e->text) buf_fmt(b, " \"%.120s%s\"", e->text, strlen(e->text) > 120 ? "..." : "");
}

/* What has happened last, for an expectation that waited in vain. */
static void fail_waiting(call *c, const statement *st, const char *why) {
    buf b = { NULL, 0, 0 };
    size_t i;
    buf_str(&b, why);
    if (strcmp(st->argv[0], "expect") == 0 && strcmp(st->argv[1], "tts") == 0)
        buf_fmt(&b, "; spoken and not expected yet: \"%.200s\"", speech_unused(c));
    if (strcmp(st->argv[0], "expect") == 0 && strcmp(st->argv[1], "audio") == 0)
        buf_fmt(&b, "; %.0f ms of audio have come", audio_received_ms(c));
    for (i = c->event_n; i > 0 && c->events[i - 1].cls != EV_VERB; i--) { }
    if (i > 0) {
        buf_str(&b, "; the last verb was ");
        describe(&b, &c->events[i - 1]);
    } else buf_str(&b, "; the app has sent no verb");
    fail(c, st, "%s", b.p);
    buf_free(&b);
}

/* ---- matching --------------------------------------------------------------------------------------------- */

static const jnode *by_path(const jnode *o, const char *path, size_t n) {
    char key[80];
    while (o && n) {
        size_t len = 0;
        while (len < n && path[len] != '.') len++;
        if (len >= sizeof key) return NULL;
        memcpy(key, path, len);
        key[len] = 0;
        o = o->type == J_ARRAY ? json_at(o, (size_t)atoi(key)) : json_get(o, key);
        path += len + (len < n);
        n -= len + (len < n);
    }
    return o;
}

static void value_text(buf *b, const jnode *v) {
    if (!v) buf_str(b, "(missing)");
    else if (v->type == J_STRING) buf_add(b, v->text, v->len);
    else json_write(b, v);
}

/* TEXT, = TEXT and NAME=VALUE behind the name. True if all fit; else `why` says which did not. */
static bool fits(const statement *st, int from, const event *e, buf *why) {
    int i;
    for (i = from; i < st->argc; i++) {
        const char *w = st->argv[i], *eq = strchr(w, '=');
        if (!st->quoted[i] && strcmp(w, "=") == 0 && i + 1 < st->argc) {
            if (strcmp(e->text, st->argv[++i]) != 0) return false;
        } else if (!st->quoted[i] && eq && eq > w) {
            buf v = { NULL, 0, 0 };
            bool same;
            value_text(&v, by_path(e->node, w, (size_t)(eq - w)));
            same = strcmp(buf_cstr(&v), eq + 1) == 0;
            if (!same) buf_fmt(why, "%s with %.*s=%s", e->name, (int)(eq - w), w, buf_cstr(&v));
            buf_free(&v);
            if (!same) return false;
        } else if (!contains_nocase(e->text, w)) return false;
    }
    return true;
}

static event *next_event(call *c, event_class cls, size_t *from) {
    for (; *from < c->event_n; (*from)++)
        if (c->events[*from].cls == cls) return &c->events[*from];
    return NULL;
}

typedef enum { WAIT, GO_ON, FAILED_NOW } verdict;

static verdict expect_verb(call *c, const statement *st) {
    const char *want = st->argv[1];
    size_t at = c->cursor[EV_VERB];
    buf why = { NULL, 0, 0 };
    event *e;
    if (strcmp(want, "gather") == 0 && at > 0) {     /* its prompt may have been asked for before it */
        event *last = &c->events[at - 1];
        if (last->cls == EV_VERB && last->parent >= 0 && !c->events[last->parent].used) {
            e = &c->events[last->parent];
            if (strcmp(e->name, "gather") == 0) {
                e->used = true;
                if (fits(st, 2, e, &why)) { buf_free(&why); return GO_ON; }
                fail(c, st, "%s", why.n ? why.p : e->text);
                buf_free(&why);
                return FAILED_NOW;
            }
        }
    }
    for (;; at++) {
        bool prompt_follows;
        e = next_event(c, EV_VERB, &at);
        if (!e) return WAIT;
        if (strcmp(e->name, want) == 0) {
            if (e->parent < 0 || !c->events[e->parent].used || fits(st, 2, e, &why)) break;
            why.n = 0;                               /* the prompt of a gather that was asked for, and not what is expected */
        }
        prompt_follows = strcmp(e->name, "gather") == 0 && (json_get(e->node, "say") || json_get(e->node, "play"));
        if (prompt_follows && one_of(want, "say play")) continue;
        if (e->parent >= 0 && c->events[e->parent].used) continue;         /* the prompt of a gather that was asked for */
        if (one_of(e->name, "answer config tag pause alert dub leave")) continue;
        describe(&why, e);
        fail(c, st, "%s", why.p);
        buf_free(&why);
        return FAILED_NOW;
    }
    c->cursor[EV_VERB] = at + 1;
    e->used = true;
    if (fits(st, 2, e, &why)) { buf_free(&why); return GO_ON; }
    if (!why.n) describe(&why, e);
    fail(c, st, "%s", why.p);
    buf_free(&why);
    return FAILED_NOW;
}

static verdict expect_in(call *c, const statement *st, event_class cls, int from) {
    size_t at = c->cursor[cls];
    event *e;
    for (; (e = next_event(c, cls, &at)) != NULL; at++) {
        buf why = { NULL, 0, 0 };
        bool ok = (from >= st->argc || strcmp(e->name, st->argv[from]) == 0) && fits(st, from + 1, e, &why);
        buf_free(&why);
        if (!ok && cls == EV_CLOSE) { fail(c, st, "close %s", e->name); return FAILED_NOW; }
        if (!ok) continue;
        c->cursor[cls] = at + 1;
        e->used = true;
        return GO_ON;
    }
    return WAIT;
}

static verdict expect_hangup(call *c, const statement *st) {
    size_t at = c->cursor[EV_VERB], end = 0;
    event *e;
    for (; (e = next_event(c, EV_VERB, &at)) != NULL; at++)
        if (one_of(e->name, "hangup sip:decline")) { c->cursor[EV_VERB] = at + 1; return GO_ON; }
        else if (!one_of(e->name, "answer config tag pause alert dub leave")) return expect_verb(c, st);
    e = next_event(c, EV_END, &end);
    if (e && c->ending_by_app) return GO_ON;
    if (e) { fail(c, st, "the call was ended by %s", e->name); return FAILED_NOW; }
    return WAIT;
}

static double milliseconds(const char *t) {
    char *end;
    double v = strtod(t, &end);
    return strcmp(end, "ms") == 0 ? v : v * 1000;
}

/* None has come so far. */
static verdict expect_no(call *c, const statement *st) {
    bool command = strcmp(st->argv[2], "command") == 0;
    const char *name = st->argv[command && st->argc > 3 ? 3 : 2];
    size_t i;
    for (i = 0; i < c->event_n; i++) {
        const event *e = &c->events[i];
        buf why = { NULL, 0, 0 };
        bool hit = e->cls == (command ? EV_COMMAND : EV_VERB) && strcmp(e->name, name) == 0
            && fits(st, command ? 4 : 3, e, &why);
        buf_free(&why);
        if (!hit) continue;
        fail(c, st, "one");
        return FAILED_NOW;
    }
    return GO_ON;
}

static verdict do_expect(call *c, const statement *st) {
    const char *what = st->argv[1];
    if (strcmp(what, "no") == 0) return expect_no(c, st);
    if (strcmp(st->argv[0], "await") == 0) return expect_in(c, st, EV_VERB, 1);
    if (strcmp(what, "hangup") == 0) return expect_hangup(c, st);
    if (strcmp(what, "end") == 0) return c->gone ? GO_ON : WAIT;
    if (strcmp(what, "idle") == 0) return expect_in(c, st, EV_IDLE, 1);
    if (strcmp(what, "ack") == 0) return expect_in(c, st, EV_ACK, 2);
    if (strcmp(what, "sent") == 0) return expect_in(c, st, EV_SENT, 2);
    if (strcmp(what, "command") == 0) return expect_in(c, st, EV_COMMAND, 2);
    if (strcmp(what, "close") == 0) return expect_in(c, st, EV_CLOSE, 2);
    if (strcmp(what, "tts") == 0) return speech_spoken(c, st->argv[2]) ? GO_ON : WAIT;
    if (strcmp(what, "audio") == 0) return audio_heard_ms(c, milliseconds(st->argv[2])) ? GO_ON : WAIT;
    if (strcmp(what, "mark") == 0) return audio_mark_seen(c, st->argv[2]) ? GO_ON : WAIT;
    if (strcmp(what, "reconnect") == 0) return link_resumed(c->control) ? GO_ON : WAIT;
    return expect_verb(c, st);
}

/* ---- doing ------------------------------------------------------------------------------------------------ */

static void do_send(call *c, const statement *st) {
    size_t n;
    char *text;
    if (*st->argv[1] == '@') {
        text = read_file(st->argv[1] + 1, &n);
        if (!text) { fail(c, st, "no such file: %s", st->argv[1] + 1); return; }
    } else {
        text = xstrdup(st->argv[1]);
        n = strlen(text);
    }
    ui_person(c, "the script sends %lu bytes of text", (unsigned long)n);
    link_send_raw(c->control, text, n, true);
    free(text);
}

static void do_send_bytes(call *c, const statement *st) {
    buf b = { NULL, 0, 0 };
    const char *p = st->rest;
    while (*p) {
        unsigned v;
        char byte;
        if (isspace((unsigned char)*p)) { p++; continue; }
        if (sscanf(p, "%2x", &v) != 1) break;
        byte = (char)v;
        buf_add(&b, &byte, 1);
        p += p[1] && isxdigit((unsigned char)p[1]) ? 2 : 1;
    }
    ui_person(c, "the script sends %lu raw bytes", (unsigned long)b.n);
    link_send_raw(c->control, buf_cstr(&b), b.n, false);
    buf_free(&b);
}

static void set_env(call *c, const char *pair) {
    const char *eq = strchr(pair, '=');
    char *name = xstrndup(pair, (size_t)(eq - pair));
    json_set_str(c->session_doc, json_add_object(c->session_doc, c->session_doc->root, "env_vars"), name, eq + 1);
    free(name);
}

static void do_set(call *c, const statement *st) {
    const char *name = st->argv[1], *value = st->argv[2];
    if (strcmp(name, "from") == 0) { free(c->a.from); c->a.from = xstrdup(value); }
    else if (strcmp(name, "to") == 0) { free(c->a.to); c->a.to = xstrdup(value); }
    else if (strcmp(name, "callstatus") == 0) c->call_status_off = strcmp(value, "off") == 0;
    else if (strcmp(name, "tts") == 0) c->tts_fails = strcmp(value, "fail") == 0;
    else if (strcmp(name, "reconnect") == 0) c->reconnect_url = value;
    else if (strcmp(name, "queue") == 0) c->queue_ahead = atoi(value);
    else if (strcmp(name, "env") == 0) set_env(c, value);
    else c->outbound_result = value;
}

static verdict do_finish(call *c, const statement *st) {
    buf b = { NULL, 0, 0 };
    int i;
    verdict v;
    buf_str(&b, "");
    for (i = 1; i < st->argc; i++) {
        const char *eq = strchr(st->argv[i], '='), *value = eq ? eq + 1 : "";
        bool plain = *value && (strspn(value, "-0123456789.") == strlen(value) || one_of(value, "true false null")
                                || *value == '{' || *value == '[');
        buf_fmt(&b, ",\"%.*s\":", (int)(eq ? eq - st->argv[i] : (long)strlen(st->argv[i])), st->argv[i]);
        if (plain) buf_str(&b, value);
        else buf_json(&b, value, strlen(value));
    }
    v = task_finish(c, b.p) ? GO_ON : WAIT;
    buf_free(&b);
    return v;
}

static verdict press_or_say(call *c, const statement *st, bool speech) {
    if (!task_wants_input(c, speech)) return WAIT;
    if (speech) task_speak(c, st->argv[1], st->argc > 2 ? strtod(st->argv[2], NULL) : 0.94);
    else task_press(c, st->argv[1]);
    return GO_ON;
}

static verdict step(call *c, const statement *st) {
    const char *w = st->argv[0];
    if (one_of(w, "expect await")) return do_expect(c, st);
    if (strcmp(w, "set") == 0) { do_set(c, st); return GO_ON; }
    if (strcmp(w, "drop") == 0 && st->argc > 1) { link_drop_before_ack(c->control); return GO_ON; }
    if (c->gone) { fail_waiting(c, st, "the call is over"); return FAILED_NOW; }
    if (strcmp(w, "press") == 0) return press_or_say(c, st, false);
    if (strcmp(w, "say") == 0) return press_or_say(c, st, true);
    if (strcmp(w, "far-say") == 0) return task_far_speak(c, st->argv[1]) ? GO_ON : WAIT;
    if (strcmp(w, "hangup") == 0) { ui_person(c, "the caller hangs up"); call_hangup(c, "caller"); return GO_ON; }
    if (strcmp(w, "far-hangup") == 0) return task_far_hangup(c) ? GO_ON : WAIT;
    if (one_of(w, "answer busy no-answer failed"))
        return task_dial_outcome(c, w, st->argc > 1 ? milliseconds(st->argv[1]) : 0) ? GO_ON : WAIT;
    if (strcmp(w, "finish") == 0) return do_finish(c, st);
    if (strcmp(w, "event") == 0) return task_event(c, "event", "", st->argv[1]) ? GO_ON : WAIT;
    if (strcmp(w, "tool") == 0) return task_event(c, "tool", st->argv[1], st->argc > 2 ? st->argv[2] : "{}") ? GO_ON : WAIT;
    if (!link_connected(c->control)) return WAIT;    /* from here on: needs an open socket */
    if (strcmp(w, "drop") == 0) { ui_person(c, "the network fails"); link_drop(c->control); return GO_ON; }
    if (strcmp(w, "send") == 0) { do_send(c, st); return c->script_failed ? FAILED_NOW : GO_ON; }
    if (strcmp(w, "send-bytes") == 0) { do_send_bytes(c, st); return GO_ON; }
    if (strcmp(w, "status") == 0) {
        call_set_status(c, st->argv[1], st->argc > 2 ? atoi(st->argv[2]) : c->a.sip_status, c->a.sip_reason);
        call_status(c, &c->a, "");
    }
    return GO_ON;
}

static void on_timeout(void *ctx) {
    call *c = (call *)ctx;
    char text[60];
    c->timed_out = true;
    snprintf(text, sizeof text, "nothing of the kind within %g s", opt.timeout_s);
    fail_waiting(c, &the_script->st[c->pc], text);
}

static void on_wait_over(void *ctx) {
    call *c = (call *)ctx;
    c->pc++;
    c->waiting = false;
    script_kick(c);
}

static void finish_script(call *c) {
    if (link_drop_pending(c->control)) {
        fail(c, &the_script->st[the_script->n - 1], "no message that wants an ack, so the drop before-ack never happened");
        return;
    }
    if (c->gone || c->closing || !link_quiet(c->control)) return;          /* acks that are due are waited for */
    c->script_done = true;
    ui_person(c, "the script is at its end: the caller hangs up");
    call_hangup(c, "caller");
}

static void run(call *c) {
    while (c->pc < the_script->n && !c->script_failed) {
        statement *st = &the_script->st[c->pc];
        verdict v;
        if (c->waiting) return;
        if (!c->reached && !c->over && strcmp(st->argv[0], "set") != 0 && !(strcmp(st->argv[0], "drop") == 0 && st->argc > 1))
            return;
        if (strcmp(st->argv[0], "wait") == 0) {
            if (c->gone) { c->pc++; continue; }
            c->waiting = true;
            timer_set_scaled(&c->script_timer, milliseconds(st->argv[1]), on_wait_over, c);
            return;
        }
        if (strcmp(st->argv[0], "no-input") == 0) {  /* the gather's own timer does it */
            if (c->gone) { fail_waiting(c, st, "the call is over"); return; }
            if (!c->no_input_for && task_can_time_out(c)) c->no_input_for = c->serial;
            v = c->no_input_for && (c->no_input_for != c->serial || !task_can_time_out(c)) ? GO_ON : WAIT;
            if (v == GO_ON) c->no_input_for = 0;
        } else v = step(c, st);
        if (v == FAILED_NOW) return;
        if (v == WAIT) {
            if (c->over || (c->gone && one_of(st->argv[0], "expect await") && !one_of(st->argv[1], "close"))) {
                fail_waiting(c, st, "the call is over");
                return;
            }
            if (!c->script_timer.slot) {
                double patience = opt.timeout_s * 1000;
                timer_set(&c->script_timer, patience, on_timeout, c);
            }
            return;
        }
        timer_stop(&c->script_timer);
        c->pc++;
    }
    if (!c->script_failed) finish_script(c);
}

/* Statements cause events and events kick the script: one level does the work, deeper ones only leave a mark. */
void script_kick(call *c) {
    if (!the_script || c->script_failed) return;
    if (c->kicking) { c->kick_again = true; return; }
    c->kicking = true;
    do {
        c->kick_again = false;
        run(c);
    } while (c->kick_again && !c->script_failed);
    c->kicking = false;
}

bool script_has_outcome_ahead(const call *c) {
    size_t i;
    if (!the_script) return false;
    for (i = c->pc; i < the_script->n; i++)
        if (one_of(the_script->st[i].argv[0], "answer busy no-answer failed")) return true;
    return false;
}
