/* agent - a voice agent: speaks while its text is still being written, falls silent when the caller speaks, calls tools.
 *   /heard    the caller has said something (to a gather in the background, which also cuts short what is being said)
 *   /dialed   the talk with a person is over, or did not come about
 * Its language model is a table of canned answers that come word by word: put yours in the place of `model` and on_token. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdlib.h>
#include <strings.h>

enum { TOKEN = 1, SILENCE }; /* timers: the model's next word is due; nobody says anything */
enum { TOKEN_MS = 40, CHARACTER_MS = 65, PATIENCE_MS = 5000 };

typedef const char *(*tool_fn)(jbz_call *call); /* returns what to say next; NULL: it has taken the call over */
typedef struct talk {
    const char *text, *next; /* what is being said, and what of it is still to be written */
    tool_fn     tool;        /* called when all is written */
    int         silences;    /* in a row */
} talk;

static void speak(jbz_call *call, talk *t, const char *text, tool_fn tool) {
    t->text = t->next = text;
    t->tool = tool;
    jbz_call_timer(call, TOKEN_MS, TOKEN);
}

static const char *order_status(jbz_call *call) { (void)call; return "Your order left us on Monday. Is there anything else?"; }

static jbz_out *take_over(jbz_call *call) {
    jbz_out *o = jbz_cmd_redirect(call);
    jbz_config(o, .bargeIn = JBZ_LIT(config_bargeIn_opts, .enable = JBZ_FALSE)); /* else a word would end what follows */
    jbz_call_timer(call, 0, 0);
    return o;
}
static const char *for_good(jbz_out *o) { jbz_hangup(o); jbz_send(o); return NULL; }

static const char *hang_up(jbz_call *call) {
    jbz_out *o = take_over(call);
    jbz_say(o, .text = "Thank you for calling. Goodbye."); /* a verb: no event tells when streamed words have been heard */
    return for_good(o);
}

static const char *transfer(jbz_call *call) {
    jbz_out *o = take_over(call);
    jbz_say(o, .text = "I will connect you.");
    jbz_dial(o, .target = { { .type = "user", .name = "support" } }, .actionHook = "/dialed", .timeout = 20);
    jbz_say(o, .text = "Nobody is there right now. Please call again later.");
    return for_good(o);
}

static const struct { const char *heard, *says; tool_fn tool; } model[] = {
    { "order", "Let me look that up for you.", order_status },
    { "person", "", transfer },
    { "bye", "", hang_up },
    { "", "I can tell you about your order, or connect you with a person. What would you like?", NULL }
};

static bool hears(const char *text, const char *word) { /* in capitals, too */
    while (*text && strncasecmp(text, word, strlen(word)) != 0) text++;
    return *text || !*word;
}

/* Writes the model's next word. Behind the last one its tool is called, or it is the caller's turn. */
static void on_token(jbz_call *call, talk *t) {
    size_t n = strcspn(t->next, " ");
    n += t->next[n] == ' ';
    if (n && jbz_tts_write(call, t->next, n, NULL) != JBZ_E_OK) return; /* TTS_WRITABLE or TTS_CLOSED will come */
    t->next += n;
    if (!n && *t->text) jbz_tts_flush(call);
    if (n) jbz_call_timer(call, TOKEN_MS, TOKEN);
    else if (!t->tool) jbz_call_timer(call, PATIENCE_MS + CHARACTER_MS * (uint32_t)strlen(t->text), SILENCE);
    else if ((t->text = t->tool(call)) != NULL) speak(call, t, t->text, NULL);
}

static void on_session(const jbz_event *ev, void *user) {
    talk *t = (talk *)jbz_call_user(ev->call); /* after a reconnect there may be one */
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (!t && ev->call) jbz_call_set_user(ev->call, t = (talk *)calloc(1, sizeof *t));
    jbz_answer(o);
    jbz_config(o, .bargeIn = JBZ_LIT(config_bargeIn_opts, .enable = JBZ_TRUE, .sticky = JBZ_TRUE, .actionHook = "/heard",
               .input = { "speech" }), .ttsStream = JBZ_LIT(config_ttsStream_opts, .enable = JBZ_TRUE));
    if (jbz_send(o) == JBZ_E_OK && t) speak(ev->call, t, "Hello, how can I help you?", NULL);
}

static void on_heard(const jbz_event *ev, void *user) {
    talk *t = (talk *)jbz_call_user(ev->call);
    size_t i = 0;
    (void)user;
    jbz_send(jbz_reply(ev));
    if (!t || !t->text || !*jbz_ev_transcript(ev)) return;
    while (!hears(jbz_ev_transcript(ev), model[i].heard)) i++;
    t->silences = 0;
    speak(ev->call, t, model[i].says, model[i].tool);
}

static void on_dialed(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    (void)user;
    if (strcmp(jbz_ev_dial_status(ev), "completed") == 0) jbz_hangup(o); /* else on with what stands behind the dial */
    jbz_send(o);
}

static void on_other(const jbz_event *ev, void *user) {
    talk *t = ev->call ? (talk *)jbz_call_user(ev->call) : NULL;
    (void)user;
    if (!t || !t->text) return; /* a tool has taken over */
    if (ev->type == JBZ_EV_TTS_INTERRUPTED) jbz_call_timer(ev->call, PATIENCE_MS, SILENCE); /* writes no more; /heard comes */
    if (ev->type == JBZ_EV_TTS_WRITABLE || (ev->type == JBZ_EV_TIMER && ev->tag == TOKEN)) on_token(ev->call, t);
    if (ev->type == JBZ_EV_TTS_CLOSED && ev->reason != JBZ_E_OK) t->text = transfer(ev->call); /* the voice does not work */
    if (ev->type != JBZ_EV_TIMER || ev->tag != SILENCE) return;
    if (t->silences++ == 0) speak(ev->call, t, "Are you still there?", NULL);
    else t->text = hang_up(ev->call);
}
static void on_end(const jbz_event *ev, void *user) { free(jbz_call_user(ev->call)); (void)user; }

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/agent", .on_session = on_session, .on_hook = {
                    { "/heard", on_heard }, { "/dialed", on_dialed } }, .on_other = on_other, .on_end = on_end));
}
