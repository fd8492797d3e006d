/* record - connects the caller with the office and records it, unless the caller objects.
 *
 *   /consent   9 was pressed: no recording; anything else, or nothing: recorded
 *   /keys      during the call, either side: *1 pauses the recording (card numbers!), *2 goes on with it
 *   /dialed    the office hung up or was not reached
 */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <string.h>

static const jbz_env settings[] = {
    { .name = "OFFICE", .description = "Number of the office", .fallback = "+15085550100" },
    { .name = "SIPREC", .description = "SIPREC server (sip: URI); empty: the account's cloud storage", .fallback = "" },
    { .name = NULL }
};

/* Kept in the call's user pointer, so that there is nothing to allocate and nothing to miss. */
enum { UNASKED, RECORDED, REFUSED };
static bool recorded(const jbz_call *call) { return (intptr_t)jbz_call_user(call) == RECORDED; }

/* Where recordings go; NULL: the cloud. */
static const char *siprec(const jbz_call *call) {
    const char *uri = jbz_call_env(call, "SIPREC");
    return *uri ? uri : NULL;
}

static void ask(jbz_out *o) {
    jbz_gather(o, .actionHook = "/consent", .input = { "digits" }, .numDigits = 1, .timeout = 3,
               .say = JBZ_LIT(say_opts, .text = "This call will be recorded. If you do not want that, press 9 now."));
    jbz_redirect(o, .actionHook = "/again"); /* only if our answer to /consent is lost: then ask anew, never guess */
}

static void connect_office(jbz_out *o, jbz_call *call) {
    const char *server = siprec(call);
    if (recorded(call))
        jbz_config(o, .record = JBZ_LIT(config_record_opts, .action = "startCallRecording", .type = server ? "siprec" : "cloud",
                                        .recordingID = jbz_call_sid(call), .siprecServerURL = server));
    jbz_dial(o, .target = { { .type = "phone", .number = jbz_call_env(call, "OFFICE") } }, .actionHook = "/dialed",
             .timeout = 30, .dtmfCapture = { "*1", "*2" }, .dtmfHook = "/keys");
    jbz_hangup(o);
}

/* session:new and /again */
static void on_start(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    ask(o);
    jbz_send(o);
}

static void on_consent(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    bool refused = *jbz_ev_digits(ev) == '9';
    (void)user;
    jbz_call_set_user(ev->call, (void *)(intptr_t)(refused ? REFUSED : RECORDED));
    if (refused) jbz_say(o, .text = "Thank you. This call is not recorded.");
    connect_office(o, ev->call);
    jbz_send(o);
}

static void on_keys(const jbz_event *ev, void *user) {
    bool pause = strcmp(jbz_ev_digits(ev), "*1") == 0;
    (void)user;
    jbz_send(jbz_reply(ev)); /* nothing to do instead of what goes on */
    if (recorded(ev->call))
        jbz_cmd_record(ev->call, JBZ_LIT(cmd_record_opts, .action = pause ? "pauseCallRecording" : "resumeCallRecording",
                                         .type = siprec(ev->call) ? "siprec" : "cloud"));
}

static void on_dialed(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (strcmp(jbz_ev_dial_status(ev), "completed") != 0)
        jbz_say(o, .text = "The office cannot be reached right now. Please try again later.");
    jbz_hangup(o); /* which ends the recording, too */
    jbz_send(o);
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/record", .on_session = on_start,
                                        .on_hook = { { "/again", on_start }, { "/consent", on_consent },
                                                     { "/keys", on_keys }, { "/dialed", on_dialed } },
                                        .env = settings));
}
