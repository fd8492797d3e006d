/* The phone menu that menu.c and menu_own_loop.c serve: what is said, and what each answer leads to.
 *
 *   session:new --> gather --/menu--> sales or support --> dial --/dialed--> completed: hang up
 *                     ^                    |                                 else: sorry, hang up
 *                     +--- not understood -+   (three times, then goodbye)
 */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define MENU_TRIES 3

static const char menu_busy[] = "Nobody is free right now. Goodbye.";

static void menu_ask(jbz_out *o) {
    jbz_gather(o, .actionHook = "/menu", .input = { "digits", "speech" }, .numDigits = 1, .timeout = 8,
               .say = JBZ_LIT(say_opts, .text = "Welcome. For sales press 1, for support press 2."));
}

/* Whether `word`, in lower case, was said somewhere in `speech`. */
static bool menu_heard(const char *speech, const char *word) {
    size_t n;
    for (; *speech; speech++) {
        for (n = 0; word[n] && tolower((unsigned char)speech[n]) == word[n]; n++) { }
        if (!word[n]) return true;
    }
    return false;
}

/* "1" or "sales" ..., whichever way it was said; NULL: neither. */
static const char *menu_department(const jbz_event *ev) {
    const char *digits = jbz_json_str(ev->data, "/digits", "");
    const char *speech = jbz_json_str(ev->data, "/speech/alternatives/0/transcript", "");
    if (*digits == '1' || menu_heard(speech, "sales")) return "sales";
    if (*digits == '2' || menu_heard(speech, "support")) return "support";
    return NULL;
}

/* An answer of ours did not reach jambonz (the socket was lost just then): it has nothing left to do and must be told anew. */
static bool menu_answer_lost(const jbz_event *ev) {
    return ev->type == JBZ_EV_JAMBONZ_ERROR && strstr(jbz_json_str(ev->data, "/msg", ""), "actionHook") != NULL;
}

static void menu_dial(jbz_out *o, const char *department) {
    jbz_dial(o, .target = { { .type = "user", .name = department } }, .actionHook = "/dialed", .timeout = 20,
             .answerOnBridge = JBZ_TRUE);
}

#ifndef MENU_WORDS_ONLY /* menu_blocking.c has the rest as a script */

/* How often the caller was asked; kept in the call itself, since there is nothing else to remember. */
static intptr_t menu_tries(const jbz_call *call) { return (intptr_t)jbz_call_user(call); }
static void menu_set_tries(jbz_call *call, intptr_t n) { jbz_call_set_user(call, (void *)n); }

static void menu_on_session(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    menu_ask(o);
    jbz_send(o);
}

static void menu_on_menu(const jbz_event *ev, void *user) {
    const char *department = menu_department(ev);
    jbz_out *o = jbz_reply(ev);
    (void)user;
    menu_set_tries(ev->call, menu_tries(ev->call) + 1);
    if (department) {
        menu_dial(o, department);
    } else if (menu_tries(ev->call) < MENU_TRIES) {
        jbz_say(o, .text = "Sorry, I did not get that.");
        menu_ask(o);
    } else {
        jbz_say(o, .text = "Sorry, I did not get that. Goodbye.");
        jbz_hangup(o);
    }
    jbz_send(o);
}

static void menu_on_dialed(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (strcmp(jbz_json_str(ev->data, "/dial_call_status", ""), "completed") != 0)
        jbz_say(o, .text = menu_busy);
    jbz_hangup(o);
    jbz_send(o);
}

static void menu_on_other(const jbz_event *ev, void *user) {
    jbz_out *o;
    (void)user;
    if (!menu_answer_lost(ev)) return;
    o = jbz_cmd_redirect(ev->call);
    menu_ask(o);
    jbz_send(o);
}

#define MENU_APP .path = "/menu", .on_session = menu_on_session, \
                 .on_hook = { { "/menu", menu_on_menu }, { "/dialed", menu_on_dialed } }, .on_other = menu_on_other

#endif
