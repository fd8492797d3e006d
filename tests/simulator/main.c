/* main.c - command line, the loop, the keyboard, many calls at once, the verdict.
 *
 * simulator URL: a jambonz that lives in the terminal. It opens the WebSocket, sends session:new, runs the verbs it gets the
 * way jambonz does, and says in one line what the app did wrong. --help tells the rest. */
#define _POSIX_C_SOURCE 200809L
#include "sim.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

options opt;

static const char usage[] =
"usage: simulator [options] ws://HOST:PORT/PATH\n"
"Places a phone call to a jambonz WebSocket application and plays jambonz for it.\n\n"
"  --script FILE        run this call script (below) instead of the keyboard\n"
"  --fast               times of the call run 50 times as fast (protocol deadlines do not); --speed N: N times\n"
"  --session FILE       the session:new to start with, or only its data\n"
"  --outbound           a call placed by REST: call:status first, session:new once it is answered\n"
"  --v10                verbs and properties of jambonz 10; default: what the open-source server accepts\n"
"  --calls N            place N calls ...      --concurrency C   ... at most C at a time (default 100)\n"
"  --auth USER:PASS     Basic auth (or ws://USER:PASS@HOST/)\n"
"  --timeout SECONDS    how long a script line waits (default 10)\n"
"  --no-reconnect       do not reconnect, and do not retry the first connection\n"
"  --transcript FILE    write everything as JSON lines (- for stdout)\n"
"  --seed N             the same ids every time\n"
"  --stdin              take the caller's input from stdin also where it is no terminal\n"
"  --verbose            print whole messages      --quiet   print only the verdict\n"
"  --help\n\n"
"Exit code: 0 the app behaved and the script was met; 1 it did not, and the last line says why; 2 usage; 3 cannot connect.\n"
"The app misbehaves with: a late, missing or second ack; an ack for what wants none; an unknown verb or property, a wrong\n"
"type; a message over 24576 bytes or one that is no JSON; a command that jambonz would lose or ignore; close 1000 on a call\n"
"that was not hung up; any other close but 1012 (and 1002, 1007, 1009 where the script provoked them).\n"
"Keyboard: digits and Enter press keys, other text is speech, /hangup and /drop do what they say.\n\n";

/* ---- calls in progress ------------------------------------------------------------------------------------ */

static long placed, done, failed, unreachable, running;
static double *latencies;
static long latency_n;
static call *only;                                   /* with one call: the keyboard belongs to it */
static int verdict;
static call **finished;
static size_t finished_n, finished_cap;
static volatile sig_atomic_t interrupted;

void main_call_over(call *c) {
    running--;
    done++;
    if (c->first_ack_ms >= 0) latencies[latency_n++] = c->first_ack_ms;
    if (c->cannot_connect) unreachable++;
    if (c->problem) failed++;
    if (finished_n == finished_cap) {
        finished_cap = finished_cap ? finished_cap * 2 : 16;
        finished = (call **)xrealloc(finished, finished_cap * sizeof *finished);
    }
    finished[finished_n++] = c;                      /* freed from the loop: it is still in use up the stack */
    if (opt.calls > 1) return;
    verdict = c->cannot_connect ? 3 : c->problem ? 1 : 0;
    fflush(stdout);
    if (c->problem) {
        fprintf(stderr, "%sFAILED%s: %s", ui_colour ? "\033[1;31m" : "", ui_colour ? "\033[0m" : "", c->problem);
        if (c->problems > 1) fprintf(stderr, " (and %ld more)", c->problems - 1);
        fputc('\n', stderr);
    } else if (c->first_ack_ms >= 0) printf("%sok%s: session:new acked in %.1f ms, call of %.1f s\n",
                                            ui_colour ? "\033[1;32m" : "", ui_colour ? "\033[0m" : "",
                                            c->first_ack_ms, (double)(c->ended - c->started) / 1e6);
    else printf("ok\n");
}

static void free_finished(void) {
    while (finished_n) {
        call *c = finished[--finished_n];
        if (c == only) only = NULL;
        call_free(c);
    }
}

/* ---- keyboard --------------------------------------------------------------------------------------------- */

static buf keyboard;
static bool keyboard_on, keyboard_eof;

static void type_line(call *c, const char *text) {
    size_t n = strlen(text);
    if (!n) return;
    if (strcmp(text, "/hangup") == 0) { ui_person(c, "the caller hangs up"); call_hangup(c, "caller"); }
    else if (strcmp(text, "/drop") == 0) link_drop(c->control);
    else if (strspn(text, "0123456789*#") == n) {
        if (task_wants_input(c, false)) task_press(c, text);
        else ui_plain(c, "nobody listens for digits now");
    } else if (task_wants_input(c, true)) task_speak(c, text, 0.94);
    else ui_plain(c, "nobody listens for speech now");
}

/* A line that is there is used when somebody listens; commands at once. */
static void use_keyboard(void) {
    char *nl;
    while (only && !only->gone && keyboard.n && (nl = (char *)memchr(keyboard.p, '\n', keyboard.n)) != NULL) {
        char *text = xstrndup(keyboard.p, (size_t)(nl - keyboard.p));
        bool speech = strspn(text, "0123456789*#") != strlen(text);
        if (!isatty(0) && *text != '/' && *text && !task_wants_input(only, speech)) { free(text); return; }
        buf_drop(&keyboard, (size_t)(nl - keyboard.p) + 1);
        type_line(only, text);
        free(text);
    }
}

static void read_keyboard(void) {
    char chunk[512];
    ssize_t n = read(0, chunk, sizeof chunk);
    if (n > 0) { buf_add(&keyboard, chunk, (size_t)n); return; }
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    keyboard_eof = true;
    if (isatty(0) && only && !only->gone) { ui_person(only, "the caller hangs up"); call_hangup(only, "caller"); }
}

void main_prompt(call *c) {
    if (!keyboard_on || c != only || !isatty(0) || c->gone || opt.quiet) return;
    printf("          %s\n", task_wants_input(c, true) ? "[digits or text, Enter]"
           : task_wants_input(c, false) ? "[digits, Enter]" : "[/hangup]");
}

/* ---- results ---------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double percentile(double p) {
    long i = (long)(p * (double)(latency_n - 1) + 0.5);
    return latencies[i];
}

static void print_load(double seconds) {
    printf("%ld calls in %.2f s, %.1f calls/s", done, seconds, (double)done / seconds);
    if (latency_n) {
        qsort(latencies, (size_t)latency_n, sizeof *latencies, by_value);
        printf("; session:new -> ack p50 %.2f ms, p90 %.2f, p99 %.2f, max %.2f", percentile(0.5), percentile(0.9),
               percentile(0.99), latencies[latency_n - 1]);
    }
    printf("; %ld failed\n", failed);
}

/* ---- command line ----------------------------------------------------------------------------------------- */

static void wrong(const char *what, const char *arg) {
    fprintf(stderr, "simulator: %s %s\n", what, arg);
    fputs("simulator --help lists the options\n", stderr);
    exit(2);
}

static double number(const char *flag, const char *text, double min) {
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || v < min) wrong("a number is expected behind", flag);
    return v;
}

static void read_options(int argc, char **argv) {
    int i;
    opt.calls = 1;
    opt.concurrency = 100;
    opt.timeout_s = 10;
    rng_seed((uint64_t)now_us() * 2654435761u ^ (uint64_t)getpid());
    for (i = 1; i < argc; i++) {
        const char *a = argv[i], *value = NULL;
        static const char *const with_value[] = { "--script", "--session", "--calls", "--concurrency", "--auth",
                                                 "--timeout", "--transcript", "--seed", "--speed", NULL };
        char *eq = NULL;
        size_t k;
        if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
            printf("%s%s", usage, script_help);
            exit(0);
        }
        if (*a != '-') {
            if (opt.url) wrong("one URL is enough:", a);
            opt.url = a;
            continue;
        }
        if ((eq = strchr(argv[i], '=')) != NULL) { *eq = 0; value = eq + 1; }
        for (k = 0; with_value[k] && strcmp(with_value[k], a) != 0; k++) { }
        if (with_value[k] && !value) {
            if (i + 1 >= argc) wrong("something is missing behind", a);
            value = argv[++i];
        }
        if (!with_value[k] && eq) wrong("unknown option", a);
        if (strcmp(a, "--script") == 0) opt.script_file = value;
        else if (strcmp(a, "--session") == 0) opt.session_file = value;
        else if (strcmp(a, "--calls") == 0) opt.calls = (long)number(a, value, 1);
        else if (strcmp(a, "--concurrency") == 0) opt.concurrency = (long)number(a, value, 1);
        else if (strcmp(a, "--auth") == 0) opt.auth = value;
        else if (strcmp(a, "--timeout") == 0) opt.timeout_s = number(a, value, 0.001);
        else if (strcmp(a, "--transcript") == 0) opt.transcript_file = value;
        else if (strcmp(a, "--seed") == 0) rng_seed((uint64_t)number(a, value, 0));
        else if (strcmp(a, "--speed") == 0) sim_speed = number(a, value, 0.01);
        else if (strcmp(a, "--fast") == 0) sim_speed = 50;
        else if (strcmp(a, "--outbound") == 0) opt.outbound = true;
        else if (strcmp(a, "--v10") == 0) check_v10 = true;
        else if (strcmp(a, "--no-reconnect") == 0) opt.no_reconnect = true;
        else if (strcmp(a, "--stdin") == 0) opt.keys_from_stdin = true;
        else if (strcmp(a, "--verbose") == 0) opt.verbose = true;
        else if (strcmp(a, "--quiet") == 0) opt.quiet = true;
        else wrong("unknown option", a);
    }
    if (!opt.url) { fputs(usage, stderr); exit(2); }
}

static void load_session(void) {
    buf b = { NULL, 0, 0 };
    char why[120];
    if (opt.session_file) {
        FILE *f = fopen(opt.session_file, "rb");
        char chunk[4096];
        size_t n;
        if (!f) die(2, "cannot read %s", opt.session_file);
        while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) buf_add(&b, chunk, n);
        fclose(f);
    } else {
        size_t i;
        for (i = 0; default_session[i]; i++) buf_str(&b, default_session[i]);
    }
    opt.session = json_parse(buf_cstr(&b), b.n, why);
    if (!opt.session) die(2, "%s: %s", opt.session_file ? opt.session_file : "the built-in session", why);
    if (opt.session->root->type != J_OBJECT) die(2, "%s: an object is expected", opt.session_file);
    {
        const jnode *data = json_get(opt.session->root, "data");
        if (data && data->type == J_OBJECT && json_get(opt.session->root, "type")) {
            jnode *k;
            for (k = opt.session->root->first; k; k = k->next)
                if (k == data) { opt.session->root = k; break; }
        }
    }
    buf_free(&b);
}

static void on_signal(int sig) {
    (void)sig;
    interrupted = 1;
}

static void raise_file_limit(void) {
    struct rlimit r;
    if (opt.concurrency > opt.calls) opt.concurrency = opt.calls;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0) return;
    if (r.rlim_cur < (rlim_t)opt.concurrency * 2 + 32) {
        r.rlim_cur = r.rlim_max < (rlim_t)opt.concurrency * 2 + 32 ? r.rlim_max : (rlim_t)opt.concurrency * 2 + 32;
        setrlimit(RLIMIT_NOFILE, &r);
        if (r.rlim_cur < (rlim_t)opt.concurrency + 32)
            die(2, "--concurrency %ld needs more open files than the limit of %ld", opt.concurrency, (long)r.rlim_cur);
    }
}

int main(int argc, char **argv) {
    char why[200];
    int64_t begin;
    read_options(argc, argv);
    ui_init();
    if (!ws_url_parse(&opt.parsed, opt.url, why, sizeof why)) wrong(why, "");
    if (opt.auth) {
        const char *colon = strchr(opt.auth, ':');
        if (!colon) wrong("USER:PASS is expected behind", "--auth");
        free(opt.parsed.user);
        free(opt.parsed.pass);
        opt.parsed.user = xstrndup(opt.auth, (size_t)(colon - opt.auth));
        opt.parsed.pass = xstrdup(colon + 1);
    }
    load_session();
    if (opt.script_file) the_script = script_load(opt.script_file);
    if (opt.transcript_file) ui_open_transcript(opt.transcript_file);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    raise_file_limit();
    latencies = (double *)xmalloc((size_t)opt.calls * sizeof *latencies);
    keyboard_on = opt.calls == 1 && !the_script && (opt.keys_from_stdin || (isatty(0) && tcgetpgrp(0) == getpgrp()));
    begin = now_us();
    while (done < opt.calls) {
        int wait;
        bool typed = false;
        while (running < opt.concurrency && placed < opt.calls && !interrupted) {
            call *c = call_new(++placed);
            running++;
            if (opt.calls == 1) only = c;
            call_start(c);
        }
        wait = timers_run();
        free_finished();
        if (done >= opt.calls || (interrupted && running == 0)) break;
        if (running < opt.concurrency && placed < opt.calls) wait = 0;
        ws_poll(wait, keyboard_on && !keyboard_eof ? 0 : -1, &typed);
        if (typed) read_keyboard();
        if (keyboard_on) use_keyboard();
        if (opt.calls > 1) ui_progress(done, opt.calls, failed, false);
        if (interrupted == 1) {
            interrupted = 2;
            if (only && !only->gone) { ui_person(only, "the caller hangs up"); call_hangup(only, "caller"); }
            else if (opt.calls > 1) break;
        }
    }
    if (opt.calls > 1) {
        ui_progress(done, opt.calls, failed, true);
        print_load((double)(now_us() - begin) / 1e6);
        verdict = unreachable ? 3 : failed || done < opt.calls ? 1 : 0;
    }
    free_finished();
    ui_close();
    return verdict;
}
