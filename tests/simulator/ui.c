/* ui.c - what a person sees, the progress bar, and the transcript that tests compare. */
#define _POSIX_C_SOURCE 200809L
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool ui_colour;
static FILE *transcript;
static bool progress_shown, err_tty;
static long problems_shown;

#define DIM    "2"
#define BOLD   "1"
#define RED    "31"
#define GREEN  "32"
#define YELLOW "33"
#define BLUE   "34"
#define CYAN   "36"

void ui_init(void) {
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    ui_colour = isatty(1) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
    err_tty = isatty(2);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

void ui_open_transcript(const char *path) {
    transcript = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (!transcript) die(2, "cannot write the transcript %s", path);
}

void ui_close(void) {
    if (transcript && transcript != stdout) fclose(transcript);
    transcript = NULL;
}

static bool silent(void) { return opt.quiet || opt.calls > 1; }

static void line(call *c, const char *colour, const char *mark, const char *text) {
    double s = (double)(now_us() - c->started) / 1e6;
    if (silent()) return;
    if (ui_colour) printf("\033[" DIM "m%8.3f\033[0m  \033[%sm%-2s %s\033[0m\n", s, colour, mark, text);
    else printf("%8.3f  %-2s %s\n", s, mark, text);
}

static void record(call *c, const peer *l, const char *direction, const char *fmt, ...) {
    va_list ap;
    if (!transcript) return;
    fprintf(transcript, "{\"call\":%ld,\"t\":%.6f,\"socket\":%d,\"dir\":\"%s\",", c->number,
            (double)(now_us() - c->started) / 1e6, l ? link_number(l) : 0, direction);
    va_start(ap, fmt);
    vfprintf(transcript, fmt, ap);
    va_end(ap);
    fputs("}\n", transcript);
}

static void record_text(call *c, const peer *l, const char *direction, const char *key, const char *value) {
    buf b = { NULL, 0, 0 };
    if (!transcript) return;
    buf_json(&b, value, strlen(value));
    record(c, l, direction, "\"%s\":%s", key, b.p);
    buf_free(&b);
}

static void sock_mark(buf *b, const call *c, const peer *l) {
    if (c->link_count > 1) buf_fmt(b, "[%d] ", link_number(l));
}

void ui_sent(call *c, peer *l, const char *type, const char *hook, const char *text, size_t n) {
    buf b = { NULL, 0, 0 };
    record(c, l, "send", "\"type\":\"%s\",\"message\":%.*s", type, (int)n, text);
    if (silent()) return;
    sock_mark(&b, c, l);
    buf_fmt(&b, "%s%s%s", type, hook ? " " : "", hook ? hook : "");
    if (!opt.verbose) {                              /* what tells one message from the next of its type */
        char why[120];
        jdoc *d = json_parse(text, n, why);
        const jnode *data = json_get(d ? d->root : NULL, "data");
        static const char *const keys[] = { "call_status", "reason", "digits", "event", "event_type", "dial_call_status",
                                           "queue_result", "status", "msg", "details", "name", NULL };
        const char *transcript_text = json_str(json_at(json_get(json_get(data, "speech"), "alternatives"), 0), "transcript",
                                               NULL);
        size_t i;
        for (i = 0; keys[i]; i++) {
            const char *v = json_str(data, keys[i], NULL);
            if (v && !(i == 0 && strcmp(type, "call:status") != 0)) buf_fmt(&b, "  %s=%.80s", keys[i], v);
        }
        if (transcript_text) buf_fmt(&b, "  \"%.80s\"", transcript_text);
        json_free(d);
    } else buf_fmt(&b, "  %.*s", (int)n, text);
    line(c, BLUE, "->", b.p);
    buf_free(&b);
}

void ui_received(call *c, peer *l, const jnode *m, const char *raw, size_t n, const char *about) {
    buf b = { NULL, 0, 0 };
    if (m) record(c, l, "recv", "\"type\":\"%s\",\"message\":%.*s", json_str(m, "type", ""), (int)n, raw);
    else record_text(c, l, "recv", "raw", raw);
    if (silent()) return;
    sock_mark(&b, c, l);
    buf_str(&b, about);
    if (strcmp(about, "command") == 0) buf_fmt(&b, " %s", json_str(m, "command", "?"));
    if (opt.verbose) buf_fmt(&b, "  %.*s", (int)n, raw);
    else {
        const jnode *data = json_get(m, "data"), *k, *o;
        if (data && data->type == J_ARRAY) {
            buf_str(&b, data->count ? ": " : ": no verbs");
            for (k = data->first; k; k = k->next) {
                const char *verb = verb_name(k, &o);
                buf_fmt(&b, "%s%s", k == data->first ? "" : ", ", verb ? verb : "?");
            }
        }
    }
    line(c, GREEN, "<-", b.p);
    buf_free(&b);
}

void ui_socket(call *c, peer *l, const char *what, int code, const char *detail) {
    buf b = { NULL, 0, 0 };
    record(c, l, "socket", "\"what\":\"%s\",\"code\":%d", what, code);
    if (silent()) return;
    sock_mark(&b, c, l);
    buf_str(&b, what);
    if (strcmp(what, "connected") == 0) buf_fmt(&b, " to %s", link_url(l)->shown);
    if (code) buf_fmt(&b, " %d", code);
    if (*detail) buf_fmt(&b, " (%s)", detail);
    line(c, DIM, "--", b.p);
    buf_free(&b);
}

void ui_verb(call *c, const char *verb, const char *text, bool nested) {
    buf b = { NULL, 0, 0 };
    bool spoken = strcmp(verb, "say") == 0;
    if (transcript) {
        buf_json(&b, text, strlen(text));
        record(c, NULL, "verb", "\"verb\":\"%s\",\"nested\":%s,\"text\":%s", verb, nested ? "true" : "false", b.p);
        b.n = 0;
    }
    if (silent()) { buf_free(&b); return; }
    buf_fmt(&b, "%s%-*s %s%s%s", nested ? "  " : "", nested ? 8 : 10, verb, spoken ? "\"" : "", text, spoken ? "\"" : "");
    line(c, spoken ? BOLD : "0", "  ", b.p);
    buf_free(&b);
}

static void vline(call *c, const char *colour, const char *mark, const char *fmt, va_list ap) {
    char text[1024];
    vsnprintf(text, sizeof text, fmt, ap);
    line(c, colour, mark, text);
}

void ui_person(call *c, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vline(c, YELLOW, "**", fmt, ap);
    va_end(ap);
}

void ui_plain(call *c, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vline(c, DIM, "--", fmt, ap);
    va_end(ap);
}

void ui_audio(call *c, bool sent, const char *text) {
    buf b = { NULL, 0, 0 };
    if (transcript) record_text(c, NULL, sent ? "audio-send" : "audio-recv", "text", text);
    if (silent()) return;
    buf_fmt(&b, "audio %.*s", opt.verbose ? 1000 : 110, text);
    line(c, sent ? BLUE : GREEN, sent ? "=>" : "<=", b.p);
    buf_free(&b);
}

void ui_problem(call *c, const char *text) {
    record_text(c, NULL, "problem", "text", text);
    if (!silent()) { line(c, RED, "!!", text); return; }
    if (opt.calls > 1 && ++problems_shown <= 5) {
        if (progress_shown) fputs(err_tty ? "\r\033[K" : "\n", stderr);
        progress_shown = false;
        fprintf(stderr, "call %ld: %s\n", c->number, text);
        if (problems_shown == 5) fprintf(stderr, "(further problems are only counted)\n");
    }
}

void ui_progress(long done, long total, long failed, bool last) {
    static int64_t shown;
    int64_t now = now_us();
    int i, width = 40, full = total ? (int)(done * width / total) : 0;
    if (!err_tty || opt.quiet || (!last && now - shown < 100000)) return;
    shown = now;
    fputs("\r[", stderr);
    for (i = 0; i < width; i++) fputc(i < full ? '#' : '.', stderr);
    fprintf(stderr, "] %ld/%ld calls%s", done, total, failed ? "" : "");
    if (failed) fprintf(stderr, ", %ld failed", failed);
    fputs("\033[K", stderr);
    progress_shown = true;
    if (last) { fputc('\n', stderr); progress_shown = false; }
}
