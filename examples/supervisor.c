/* supervisor - customer and agent talk in a conference; a supervisor listens, whispers to the agent, or joins in.
 * Who dials AGENT_LINE is the agent, who dials SUPERVISOR_LINE the supervisor; everybody else is a customer.
 *   /music    what a customer hears until the agent is there
 *   /status   the customer is in: no longer waiting
 *   /over     the conference has ended (it does when the agent leaves)
 *   /mode     the supervisor has pressed a key: 1 listen, 2 whisper, 3 join in */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <string.h>

#define ROOM "desk"
#define AGENT "agent" /* tag of the member who hears the whisper */

static const jbz_env settings[] = {
    { .name = "AGENT_LINE", .description = "Number that the agent dials", .fallback = "7001" },
    { .name = "SUPERVISOR_LINE", .description = "Number that the supervisor dials", .fallback = "7002" },
    { .name = "MUSIC", .description = "URL of what waiting customers hear", .fallback = "https://example.com/hold.mp3" },
    { .name = "PATIENCE", .type = "number", .description = "Longest wait in seconds", .fallback = "120" },
    { .name = NULL }
};

static bool dialled(const jbz_call *call, const char *line) { return strcmp(jbz_call_to(call), jbz_call_env(call, line)) == 0; }

/* In a conference nothing hears keys, so a gather in the background does: it takes the supervisor out and asks /mode, which
   puts them in again, in another role. */
static void supervise(jbz_out *o, char mode) {
    jbz_conference(o, .name = ROOM, .speakOnlyTo = mode == '2' ? AGENT : NULL, .startConferenceOnEnter = JBZ_FALSE,
                   .joinMuted = mode == '2' || mode == '3' ? JBZ_UNSET : JBZ_TRUE, .actionHook = "/over");
    jbz_hangup(o);
}

static void on_session(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (dialled(ev->call, "SUPERVISOR_LINE")) {
        jbz_config(o, .bargeIn = JBZ_LIT(config_bargeIn_opts, .enable = JBZ_TRUE, .sticky = JBZ_TRUE, .actionHook = "/mode",
                                         .input = { "digits" }, .numDigits = 1));
        jbz_say(o, .text = "You are listening. Press 2 to whisper to the agent, 3 to join in, 1 to only listen.");
        supervise(o, '1');
    } else if (dialled(ev->call, "AGENT_LINE")) {
        jbz_conference(o, .name = ROOM, .memberTag = AGENT, .startConferenceOnEnter = JBZ_TRUE,
                       .endConferenceOnExit = JBZ_TRUE, .actionHook = "/over");
        jbz_hangup(o);
    } else {
        jbz_say(o, .text = "Welcome. You will be connected in a moment.");
        jbz_conference(o, .name = ROOM, .startConferenceOnEnter = JBZ_FALSE, .actionHook = "/over", .waitHook = "/music",
                       .statusEvents = { "join" }, .statusHook = "/status");
        jbz_hangup(o);
        jbz_call_timer(ev->call, (uint32_t)jbz_call_env_int(ev->call, "PATIENCE", 120) * 1000, 0);
    }
    jbz_send(o);
}

static void on_mode(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    supervise(o, *jbz_ev_digits(ev));
    jbz_send(o);
}

static void on_music(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    jbz_play(o, .url = jbz_call_env(ev->call, "MUSIC"));
    jbz_send(o);
}

static void on_status(const jbz_event *ev, void *user) {
    (void)user;
    jbz_send(jbz_reply(ev));
    jbz_call_timer(ev->call, 0, 0);
}

static void on_over(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    jbz_call_timer(ev->call, 0, 0);
    jbz_say(o, .text = "The conversation has ended. Goodbye.");
    jbz_hangup(o);
    jbz_send(o);
}

/* The customer has waited long enough. */
static void on_other(const jbz_event *ev, void *user) {
    jbz_out *o;
    (void)user;
    if (ev->type != JBZ_EV_TIMER) return;
    o = jbz_cmd_redirect(ev->call);
    jbz_say(o, .text = "Nobody can talk to you right now. Please call again later.");
    jbz_hangup(o);
    jbz_send(o);
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/supervisor", .on_session = on_session,
                                        .on_hook = { { "/music", on_music }, { "/status", on_status }, { "/over", on_over },
                                                     { "/mode", on_mode } },
                                        .on_other = on_other, .env = settings));
}
