/* menu_blocking - the phone menu as a script, one call at a time: the dialogue reads from top to bottom. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#define MENU_WORDS_ONLY
#include "menu_app.h"

/* What came of a question: the hook it leads to, the end of the call, or a lost answer, which is to be given again. */
typedef enum outcome { HOOK, OVER, AGAIN } outcome;

static outcome ask(jbz_call *call, jbz_event *ev, jbz_out *o, const char *hook) {
    jbz_send(o);
    while (jbz_wait(call, ev, -1) == JBZ_E_OK && ev->type != JBZ_EV_END) {
        if (ev->type == JBZ_EV_VERB_HOOK && strcmp(ev->hook, hook) == 0) return HOOK;
        if (ev->again || menu_answer_lost(ev)) return AGAIN;
    }
    return OVER;
}

/* Where the next verbs go: a reply where one is wanted, else a command. */
static jbz_out *speak(jbz_call *call, const jbz_event *ev) {
    return jbz_event_wants_ack(ev->type) ? jbz_reply(ev) : jbz_cmd_redirect(call);
}

static void goodbye(jbz_call *call, jbz_event *ev, const char *text) {
    jbz_out *o = speak(call, ev);
    if (text) jbz_say(o, .text = text);
    jbz_hangup(o);
    ask(call, ev, o, "");
}

/* Asks until a department is understood; NULL: the call is over, or MENU_TRIES answers were not understood. */
static const char *choose(jbz_call *call, jbz_event *ev, outcome *got) {
    const char *department = NULL;
    int tries = 0;
    while (!department && tries < MENU_TRIES) {
        jbz_out *o = speak(call, ev);
        if (tries) jbz_say(o, .text = "Sorry, I did not get that.");
        menu_ask(o);
        *got = ask(call, ev, o, "/menu");
        if (*got == OVER) return NULL;
        if (*got == AGAIN) continue;
        department = menu_department(ev);
        tries++;
    }
    return department;
}

static void one_call(jbz_call *call, jbz_event *ev) {
    outcome got = AGAIN;
    while (got == AGAIN) {
        const char *department = choose(call, ev, &got);
        jbz_out *o;
        if (got == OVER) return;
        if (!department) {
            goodbye(call, ev, "Sorry, I did not get that. Goodbye.");
            return;
        }
        o = speak(call, ev);
        menu_dial(o, department);
        got = ask(call, ev, o, "/dialed");
    }
    if (got == HOOK) goodbye(call, ev, strcmp(jbz_json_str(ev->data, "/dial_call_status", ""), "completed") ? menu_busy : NULL);
}

int main(int argc, char **argv) {
    int status;
    jbz_call *call;
    jbz_event ev;
    jbz_server *server = jbz_main_open(argc, argv, JBZ_LIT(server_desc, .path = "/menu"), &status);
    if (!server) return status;
    while ((call = jbz_server_accept(server, -1)) != NULL)
        if (jbz_wait(call, &ev, -1) == JBZ_E_OK) one_call(call, &ev);
    jbz_server_close(server);
    return 0;
}
