/* queue - callers wait with music until somebody is free; the staff fetch them one after the other.
 *
 *   callers   /wait   what is heard meanwhile: the place in the queue and music; too long, and they leave it
 *             /left   out of the queue: they talked to somebody, waited too long, or something failed
 *   staff     /next   who dials STAFF_LINE gets caller after caller until they hang up
 */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdio.h>
#include <string.h>

#define QUEUE "support"

static const jbz_env settings[] = {
    { .name = "STAFF_LINE", .description = "Number that the staff dial", .fallback = "7000" },
    { .name = "MUSIC", .description = "URL of what waiting callers hear", .fallback = "https://example.com/hold.mp3" },
    { .name = "PATIENCE", .type = "number", .description = "Longest wait in seconds", .fallback = "600" },
    { .name = NULL }
};

static void sorry(jbz_out *o) {
    jbz_say(o, .text = "Nobody is free right now. We will call you back. Goodbye.");
    jbz_hangup(o);
}

/* The hook of dequeue takes no verbs, so what follows it asks for more. */
static void serve_next(jbz_out *o) {
    jbz_say(o, .text = "Waiting for the next caller.");
    jbz_dequeue(o, .name = QUEUE, .timeout = 60, .beep = JBZ_TRUE);
    jbz_redirect(o, .actionHook = "/next");
}

static void on_session(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (strcmp(jbz_call_to(ev->call), jbz_call_env(ev->call, "STAFF_LINE")) == 0) {
        serve_next(o);
    } else {
        jbz_say(o, .text = "Welcome. The next free person will talk to you.");
        jbz_enqueue(o, .name = QUEUE, .actionHook = "/left", .waitHook = "/wait");
        sorry(o); /* only if our answer to /left is lost: a hook that gets verbs replaces what stands behind it */
    }
    jbz_send(o);
}

static void on_next(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    serve_next(o);
    jbz_send(o);
}

/* Asked again whenever its verbs have run out; somebody who gets free cuts them short. */
static void on_wait(const jbz_event *ev, void *user) {
    int position = jbz_ev_queue_position(ev);
    char place[64] = "You are next.";
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (jbz_ev_queue_time(ev) >= jbz_call_env_int(ev->call, "PATIENCE", 600)) {
        jbz_leave(o);
    } else {
        if (position > 0) snprintf(place, sizeof place, "You are number %d in the queue.", position + 1);
        jbz_say(o, .text = place);
        jbz_play(o, .url = jbz_call_env(ev->call, "MUSIC"), .timeoutSecs = 30);
    }
    jbz_send(o);
}

static void on_left(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (strcmp(jbz_ev_result(ev), "bridged") == 0) jbz_hangup(o); /* "leave", "error", "hangup" are the others */
    else sorry(o);
    jbz_send(o);
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/queue", .on_session = on_session,
                                        .on_hook = { { "/wait", on_wait }, { "/left", on_left }, { "/next", on_next } },
                                        .env = settings));
}
