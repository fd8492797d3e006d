/* transcribe - connects the caller with an adviser, writes down what both say while they say it (standard output), and whispers
 * to the adviser when the caller says something that matters.
 *
 *   /heard    somebody has said something
 *   /dialed   they have talked, or the adviser was not reached
 */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const jbz_env settings[] = {
    { .name = "ADVISER", .description = "Number of the adviser", .fallback = "+15085550100" },
    { .name = NULL }
};

/* What matters, and what the adviser should know then. */
static const struct { const char *word, *advice; } advices[] = {
    { "cancel", "The caller wants to cancel. Offer three months for free." },
    { "lawyer", "The caller is angry. Offer to call your manager." }
};

static bool hears(const char *text, const char *word) { /* in capitals, too */
    while (*text && strncasecmp(text, word, strlen(word)) != 0) text++;
    return *text || !*word;
}

/* One whisper per call; the user pointer is a flag. Only the dialled leg hears it. */
static void advise(jbz_call *call, const char *text) {
    const char *adviser = jbz_call_leg(call, 0);
    size_t i;
    for (i = 0; i < sizeof advices / sizeof *advices; i++)
        if (adviser && !jbz_call_user(call) && hears(text, advices[i].word)
            && jbz_cmd_whisper(call, adviser, JBZ_LIT(say_opts, .text = advices[i].advice), NULL) == JBZ_E_OK)
            jbz_call_set_user(call, (void *)(uintptr_t)&advices[i]);
}

static void on_session(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    jbz_say(o, .text = "Welcome. This call is written down.");
    jbz_dial(o, .target = { { .type = "phone", .number = jbz_call_env(ev->call, "ADVISER") } }, .actionHook = "/dialed",
             .timeout = 30,
             .transcribe = JBZ_LIT(transcribe_opts, .transcriptionHook = "/heard",
                                   .recognizer = JBZ_LIT(c_recognizer_opts, .vendor = "default",
                                                         .separateRecognitionPerChannel = JBZ_TRUE)));
    jbz_hangup(o);
    jbz_send(o);
}

static void on_heard(const jbz_event *ev, void *user) {
    const char *text = jbz_ev_transcript(ev);
    bool adviser = jbz_ev_channel(ev) == 2;
    (void)user;
    jbz_send(jbz_reply(ev)); /* nothing to do instead of what goes on */
    if (!jbz_ev_is_final(ev) || !*text) return; /* partial results, if the account asks for them */
    printf("%s %s: %s\n", jbz_call_sid(ev->call), adviser ? "adviser" : "caller", text);
    fflush(stdout);
    if (!adviser) advise(ev->call, text);
}

static void on_dialed(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (strcmp(jbz_ev_dial_status(ev), "completed") != 0)
        jbz_say(o, .text = "No adviser is free. Please call again later.");
    jbz_hangup(o);
    jbz_send(o);
}

/* The call goes on without its transcript: somebody should know. */
static void on_other(const jbz_event *ev, void *user) {
    (void)user;
    if (ev->type != JBZ_EV_JAMBONZ_ERROR) return;
    fprintf(stderr, "%s %s: %s\n", ev->call ? jbz_call_sid(ev->call) : "-", jbz_ev_error(ev), jbz_ev_details(ev));
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/transcribe", .on_session = on_session,
                                        .on_hook = { { "/heard", on_heard }, { "/dialed", on_dialed } },
                                        .on_other = on_other, .env = settings));
}
