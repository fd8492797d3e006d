/* probe - an app whose hooks do what the examples do not: answer late, never, or by command; hang up from outside; tell what the
   environment says. Its deadlines are short, so that tests need not wait. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdio.h>

enum { ANSWER = 1, HELD };

static const jbz_env env[] = {
    { .name = "GREETING", .description = "What is said first", .fallback = "Hello", .choices = "Hello,Welcome" },
    { .name = "RETRIES", .type = "number", .description = "How often", .fallback = "3", .required = JBZ_TRUE },
    { .name = "LOUD", .type = "boolean", .description = "Or not", .fallback = "true" },
    { .name = "SECRET", .description = "Not for all", .fallback = "sesame", .obscure = JBZ_TRUE, .uiHint = "textarea" },
    { .name = NULL }
};

/* The one deferred reply of a call; nothing here is ever given back, a test has few calls. */
static void defer(const jbz_event *ev) {
    static jbz_reply_id ids[256];
    static int used;
    if (used < 256 && jbz_reply_later(ev, &ids[used]) == JBZ_E_OK) jbz_call_set_user(ev->call, &ids[used++]);
}

static void say(jbz_out *o, const char *text) {
    jbz_say(o, .text = text);
    jbz_send(o);
}

static void on_session(const jbz_event *ev, void *user) {
    const char *to = jbz_call_to(ev->call);
    char text[128];
    (void)user;
    if (strcmp(to, "silent") == 0) return;
    if (strcmp(to, "late") == 0 && !ev->again) {
        defer(ev);
        jbz_call_timer(ev->call, 200, ANSWER);
        return;
    }
    snprintf(text, sizeof text, "%s %s %s %s", jbz_call_env(ev->call, "GREETING"), jbz_call_env(ev->call, "RETRIES"),
             jbz_call_env(ev->call, "LOUD"), jbz_call_env(ev->call, "SECRET"));
    say(jbz_reply(ev), text);
}

static void on_late(const jbz_event *ev, void *user) {
    (void)user;
    defer(ev);
    jbz_call_timer(ev->call, 200, ANSWER);
}

static void on_never(const jbz_event *ev, void *user) {
    (void)user;
    defer(ev);
}

static void on_silent(const jbz_event *ev, void *user) {
    (void)ev;
    (void)user;
}

static void on_held(const jbz_event *ev, void *user) {
    (void)user;
    jbz_call_timer(ev->call, 200, HELD);
}

static void on_hangup(const jbz_event *ev, void *user) {
    (void)user;
    jbz_hangup_call(ev->call);
}

/* A verb that jambonz would refuse, then one that is right: the first error costs nothing. */
static void on_wrong(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    jbz_dial(o, .target = { { .name = "nobody" } });
    if (jbz_send(o) != JBZ_E_OK) {
        const char *path;
        char text[128];
        jbz_last_error(o, &path);
        snprintf(text, sizeof text, "wrong: %s", path);
        say(jbz_reply(ev), text);
    }
}

static void on_other(const jbz_event *ev, void *user) {
    (void)user;
    if (ev->type != JBZ_EV_TIMER) return;
    if (ev->tag == HELD) say(jbz_cmd_redirect(ev->call), "held");
    else if (jbz_call_user(ev->call)) say(jbz_reply_to(ev->core, *(jbz_reply_id *)jbz_call_user(ev->call)), "late");
}

static void on_resume(const jbz_event *ev, void *user) {
    (void)user;
    say(jbz_cmd_redirect(ev->call), "welcome back");
}

static void on_end(const jbz_event *ev, void *user) {
    (void)user;
    fprintf(stderr, "end: %s\n", jbz_strerror(ev->reason));
}

static void on_http(jbz_http *http, void *user) {
    (void)user;
    if (strcmp(http->path, "/health") != 0) return;
    http->status = 200;
    http->body = "fine\n";
    http->len = 5;
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/probe", .on_session = on_session, .on_hook = { { "/late", on_late },
        { "/never", on_never }, { "/silent", on_silent }, { "/held", on_held }, { "/hangup", on_hangup }, { "/wrong", on_wrong } },
        .on_resume = on_resume, .on_other = on_other, .on_end = on_end, .env = env, .on_http = on_http, .ack_ms = 600, .resume_ms = 1500,
        .drain_ms = 1500, .close_ms = 300));
}
