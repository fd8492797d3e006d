/* two_stage - two-stage dialling: the caller dials in, gives a PIN, then the number to be connected with; and the next one.
 *
 *   /pin      four digits
 *   /number   a number, ended by # or a pause; * starts it anew
 *   /dialed   that conversation is over, or did not come about
 *   /again    an answer of ours was lost: asks for what is still missing */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdio.h>
#include <string.h>

#define TRIES 3

static const jbz_env settings[] = {
    { .name = "PIN", .description = "Four digits that callers must know", .fallback = "1234", .obscure = JBZ_TRUE },
    { .name = "PREFIXES", .description = "Where calls may go, separated by commas", .fallback = "+1,+44,+49" },
    { .name = NULL }
};

/* Is the PIN given, and how often in a row was the caller not understood: kept in the user pointer, so nothing is allocated. */
enum { PIN_GIVEN = 16 };
static int state(const jbz_call *call) { return (int)(intptr_t)jbz_call_user(call); }
static void set_state(jbz_call *call, int value) { jbz_call_set_user(call, (void *)(intptr_t)value); }

static void ask(jbz_out *o, const jbz_call *call) {
    if (state(call) & PIN_GIVEN)
        jbz_gather(o, .actionHook = "/number", .input = { "digits" }, .finishOnKey = "#", .minDigits = 4, .maxDigits = 20,
                   .interDigitTimeout = 4, .timeout = 10,
                   .say = JBZ_LIT(say_opts, .text = "Please dial the number, then the pound key."));
    else
        jbz_gather(o, .actionHook = "/pin", .input = { "digits" }, .numDigits = 4, .timeout = 10,
                   .say = JBZ_LIT(say_opts, .text = "Please enter your PIN."));
    jbz_redirect(o, .actionHook = "/again"); /* only if our answer to the hook is lost */
}

/* Once more, or goodbye after TRIES in a row. */
static void complain(jbz_out *o, jbz_call *call, const char *text) {
    set_state(call, state(call) + 1);
    jbz_say(o, .text = text);
    if ((state(call) & ~PIN_GIVEN) < TRIES) {
        ask(o, call);
    } else {
        jbz_say(o, .text = "Goodbye.");
        jbz_hangup(o);
    }
}

/* session:new and /again */
static void on_start(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    ask(o, ev->call);
    jbz_send(o);
}

static void on_pin(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (strcmp(jbz_ev_digits(ev), jbz_call_env(ev->call, "PIN")) == 0) {
        set_state(ev->call, PIN_GIVEN);
        ask(o, ev->call);
    } else {
        complain(o, ev->call, *jbz_ev_digits(ev) ? "That PIN is not right." : "I did not get a PIN.");
    }
    jbz_send(o);
}

/* "0044 20..." to "+4420...", without what was dialled before a *. False: too short or too long. */
static bool international(const char *digits, char *number, size_t size) {
    const char *star = strrchr(digits, '*');
    if (star) digits = star + 1;
    if (strncmp(digits, "00", 2) == 0) digits += 2;
    return strlen(digits) >= 7 && (size_t)snprintf(number, size, "+%s", digits) < size;
}

static bool allowed(const char *number, const char *prefixes) {
    size_t n;
    for (; *prefixes; prefixes += n + (prefixes[n] == ',')) {
        n = strcspn(prefixes, ",");
        if (n && strncmp(number, prefixes, n) == 0) return true;
    }
    return false;
}

static void on_number(const jbz_event *ev, void *user) {
    char number[17];
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (!(state(ev->call) & PIN_GIVEN) || !international(jbz_ev_digits(ev), number, sizeof number)) {
        complain(o, ev->call, "That is not a number I know.");
    } else if (!allowed(number, jbz_call_env(ev->call, "PREFIXES"))) {
        complain(o, ev->call, "Calls to that number are not allowed.");
    } else {
        set_state(ev->call, PIN_GIVEN);
        jbz_dial(o, .target = { { .type = "phone", .number = number } }, .actionHook = "/dialed", .timeout = 40,
                 .timeLimit = 7200);
        jbz_redirect(o, .actionHook = "/again");
    }
    jbz_send(o);
}

static void on_dialed(const jbz_event *ev, void *user) {
    const char *status = jbz_ev_dial_status(ev);
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (strcmp(status, "busy") == 0) jbz_say(o, .text = "The number is busy.");
    else if (strcmp(status, "no-answer") == 0) jbz_say(o, .text = "Nobody answers.");
    else if (strcmp(status, "completed") != 0) jbz_say(o, .text = "The number cannot be reached.");
    ask(o, ev->call);
    jbz_send(o);
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/two_stage", .on_session = on_start,
                                        .on_hook = { { "/pin", on_pin }, { "/number", on_number }, { "/dialed", on_dialed },
                                                     { "/again", on_start } },
                                        .env = settings));
}
