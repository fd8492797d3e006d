/* transfer - warm transfer: the expert is told who calls and why, and may refuse; the caller hears music meanwhile.
 *
 *   /about    the caller has said what it is about
 *   /brief    the expert has picked up and is told (dial:confirm)
 *   /take     the expert has pressed 1, or not
 *   /dialed   they have talked, or the expert was not reached or refused */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdio.h>
#include <string.h>

#define MUSIC "https://example.com/hold.mp3"

static const jbz_env settings[] = {
    { .name = "EXPERT", .description = "Number of the expert", .fallback = "+15085550100" },
    { .name = NULL }
};

static const char unreachable[] = "I am sorry, nobody can take your call right now. We will call you back. Goodbye.";

static void on_session(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    jbz_gather(o, .actionHook = "/about", .input = { "speech" }, .timeout = 8,
               .say = JBZ_LIT(say_opts, .text = "Welcome. Please tell me in a few words what it is about."));
    jbz_redirect(o, .actionHook = "/about"); /* only if our answer is lost: then without knowing what it is about */
    jbz_send(o);
}

static void on_about(const jbz_event *ev, void *user) {
    const char *about = jbz_ev_transcript(ev);
    jbz_out *o = jbz_reply(ev);
    (void)user;
    jbz_say(o, .text = "One moment, I will connect you.");
    jbz_dial(o, .target = { { .type = "phone", .number = jbz_call_env(ev->call, "EXPERT") } }, .actionHook = "/dialed",
             .timeout = 30, .confirmHook = "/brief", .dialMusic = MUSIC,
             .tag = { { "about", *about ? about : "something they did not say" } }); /* the expert's leg carries it to /brief */
    jbz_say(o, .text = unreachable);
    jbz_hangup(o);
    jbz_send(o);
}

/* Heard by the expert only. What is left at the end connects them, so a hangup stands there until /take replaces it. */
static void on_brief(const jbz_event *ev, void *user) {
    char text[512];
    jbz_out *o = jbz_reply(ev);
    (void)user;
    snprintf(text, sizeof text, "Call from %s, about: %s. Press 1 to take it.", jbz_call_from(ev->call),
             jbz_json_str(jbz_ev_customer_data(ev), "/about", "something unknown"));
    jbz_gather(o, .actionHook = "/take", .input = { "digits" }, .numDigits = 1, .timeout = 10,
               .say = JBZ_LIT(say_opts, .text = text));
    jbz_hangup(o);
    jbz_send(o);
}

static void on_take(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (*jbz_ev_digits(ev) == '1') {
        jbz_call_set_user(ev->call, ev->core); /* any pointer will do: taken */
        jbz_say(o, .text = "You are connected.");
    }
    jbz_send(o); /* without a verb: go on, to the hangup */
}

/* dial_call_status alone does not tell whether somebody who picked up also took the call. */
static void on_dialed(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (!jbz_call_user(ev->call) || strcmp(jbz_ev_dial_status(ev), "completed") != 0) jbz_say(o, .text = unreachable);
    jbz_hangup(o);
    jbz_send(o);
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/transfer", .on_session = on_session,
                                        .on_hook = { { "/about", on_about }, { "/brief", on_brief }, { "/take", on_take },
                                                     { "/dialed", on_dialed } },
                                        .env = settings));
}
