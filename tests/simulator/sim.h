/* sim.h - what a simulated call is made of. Files, from the bottom: util, json, ws, check (is it valid?), link (one app URL as
 * jambonz's requestor treats it), call (the session), verbs (what each verb does), script, ui, main. */
#ifndef SIM_H
#define SIM_H

#include "check.h"
#include "json.h"
#include "util.h"
#include "ws.h"

#define ACK_MS      5000                             /* JAMBONES_WS_API_MSG_RESPONSE_TIMEOUT */
#define MAX_PAYLOAD 24576                            /* JAMBONES_WS_MAX_PAYLOAD */

typedef struct call call;
typedef struct peer peer;
typedef struct task task;
typedef struct script script;

/* ---- command line ----------------------------------------------------------------------------- */

typedef struct {
    const char *url, *script_file, *session_file, *transcript_file, *auth;
    bool fast, verbose, quiet, no_reconnect, outbound, keys_from_stdin;
    long calls, concurrency;
    double timeout_s;
    ws_url parsed;
    jdoc *session;                                   /* data of session:new */
} options;
extern options opt;
extern const char *const default_session[];

/* ---- link.c: one application URL, as jambonz's WsRequestor treats it ----------------------------- */

typedef enum { ACKED, FAILED } outcome;
/* data: the ack's data, NULL if it had none. Where the verbs in it are invalid, `invalid` says why. */
typedef void reply_fn(call *c, void *arg, outcome how, const jnode *data, const char *invalid);

peer *link_new(call *c, const ws_url *url);
void link_free(peer *l);
/* data: the text of a JSON object, taken over. hook, reply may be NULL. */
void link_request(peer *l, const char *type, const char *hook, char *data, reply_fn *reply, void *arg);
void link_close(peer *l, int code);                  /* the normal end of a call, or 1001 */
void link_drop(peer *l);                             /* the network fails */
void link_drop_before_ack(peer *l);                  /* ... right after the next message that wants an ack */
void link_send_raw(peer *l, const char *p, size_t n, bool framed);
bool link_quiet(const peer *l);                      /* nothing waits for an ack */
bool link_connected(const peer *l);
bool link_finished(const peer *l);
bool link_resumed(const peer *l);                    /* open again, its session:reconnect acked */
bool link_drop_pending(const peer *l);
bool link_graceful(const peer *l);                   /* the app closed with 1000 */
int link_number(const peer *l);
const ws_url *link_url(const peer *l);

/* ---- call.c ------------------------------------------------------------------------------------ */

typedef enum { EV_VERB, EV_ACK, EV_COMMAND, EV_SENT, EV_CLOSE, EV_IDLE, EV_END, EV_CLASSES } event_class;
typedef struct {
    event_class cls;
    char *name, *text;                               /* verb and its text; type and hook; command; close code ... */
    const jnode *node;                               /* the verb's options, the command */
    long parent;                                     /* a prompt inside a gather: index of the gather, else -1 */
    bool used;
} event;

typedef struct {
    char sid[37];
    const char *direction, *sip_reason, *status;
    char *from, *to;
    int sip_status;
    bool b_leg;
    const jnode *tag;                                /* of a dialled leg: its customerData */
} leg;

struct call {
    long number;                                     /* 1 ... with --calls */
    int64_t started, ended;
    leg a;
    char trace[33];
    const jnode *session;                            /* data of session:new as sent */
    jdoc *session_doc;
    jdoc *docs;                                      /* every reply whose verbs may still be used */
    peer *control, *notifier, *links[8];
    size_t link_count;
    bool reached, answered, early_media, gone, closing, over, started_session, ending_by_app, hangup_pending, idle;
    bool notify_events, call_status_off, tts_fails;
    char *customer_data;                             /* JSON text */
    const jnode *transcribe;                         /* of config: background transcription */
    bool transcribe_paused;
    int queue_ahead;                                 /* callers in front of this one when it is put into a queue */
    /* the verb stack */
    const jnode *first_verbs;
    bool setting_up;
    const jnode **stack;
    size_t stack_n, stack_at;
    task *cur, *background;
    unsigned serial;
    /* streaming speech, section 4 of the protocol */
    struct speech *speech;
    struct audio *audio;
    /* judgement */
    char *problem;                                   /* the first one: why the exit code is 1 */
    long problems;
    bool cannot_connect;
    double first_ack_ms;                             /* session:new -> ack, < 0: none */
    /* the script */
    event *events;
    size_t event_n, event_cap;
    size_t cursor[EV_CLASSES];
    size_t pc;
    bool script_failed, script_done, kicking, kick_again;
    bool timed_out, waiting;
    unsigned no_input_for;
    timer script_timer, give_up, lifetime, end_timer;
    bool outbound;
    const char *outbound_result, *reconnect_url;
};

call *call_new(long number);
void call_free(call *c);
void call_start(call *c);
void call_problem(call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void call_note(call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
event *call_event(call *c, event_class cls, const char *name, const char *text, const jnode *node, long parent);
void call_hangup(call *c, const char *by);           /* by: "caller" or "jambonz" */
void call_abort(call *c, int sip_status, int close_code);           /* before it was answered */
void call_command(call *c, peer *l, const jnode *message);
void call_link_closed(call *c, peer *l);             /* a socket is finally gone */
void call_link_lost(call *c, peer *l, const char *why, bool never_connected);
void call_keep(call *c, jdoc *d);
void call_info(buf *b, const call *c, const leg *g); /* the members of a J payload, without braces */
char *call_payload(const call *c, const leg *g, const char *extra_fmt, ...) PRINTF_LIKE(3, 4);
void call_status(call *c, const leg *g, const char *extra);
void call_set_status(call *c, const char *status, int sip, const char *reason);
void call_replace(call *c, const jnode *verbs);      /* a new stack; kills what runs */
void call_next(call *c);                             /* the next verb of the stack */
void call_answer(call *c);
bool call_will_hang_up(const call *c);               /* over, or a hangup is queued */
void call_session_ack(call *c, void *arg, outcome how, const jnode *data, const char *invalid);
peer *call_open_link(call *c, const ws_url *url);

/* ---- verbs.c ----------------------------------------------------------------------------------- */

void task_start(call *c, const jnode *element);
void task_kill(call *c);                             /* replaced, or the call is gone */
void background_stop(call *c);
bool task_wants_input(const call *c, bool speech);   /* a gather (or the like) that listens now */
bool task_press(call *c, const char *digits);
bool task_speak(call *c, const char *text, double confidence);
bool task_far_speak(call *c, const char *text);      /* the dialled party, where that is transcribed */
bool task_dial_outcome(call *c, const char *how, double talk_ms);
bool task_far_hangup(call *c);
bool task_finish(call *c, const char *extra);
bool task_event(call *c, const char *what, const char *name, const char *json);
bool task_can_time_out(const call *c);
bool task_tool_output(call *c, const jnode *message);
void task_apply_config(call *c, const jnode *o);
const char *task_name(const call *c);
char *verb_text(const char *verb, const jnode *o);   /* what a person would want to see of it */

/* ---- speech.c: streamed text to speech ---------------------------------------------------------- */

void speech_start(call *c, bool background);
void speech_stop(call *c, bool announce);
void speech_free(call *c);
bool speech_running(const call *c);
bool speech_background(const call *c);
bool speech_empty(const call *c);
void speech_interrupt(call *c);
void speech_command(call *c, const char *name, const jnode *data);
bool speech_spoken(call *c, const char *text);
const char *speech_unused(const call *c);
bool speech_said(const call *c);

/* ---- audio.c: the audio socket of listen --------------------------------------------------------- */

typedef void audio_over_fn(call *c);
void audio_start(call *c, const jnode *o, audio_over_fn *over);
void audio_stop(call *c);
void audio_free(call *c);
void audio_dtmf(call *c, char digit);
void audio_pause(call *c, bool paused);
bool audio_heard_ms(const call *c, double ms);       /* that much has come from the app */
bool audio_mark_seen(call *c, const char *name);
double audio_received_ms(const call *c);

/* ---- script.c ---------------------------------------------------------------------------------- */

script *script_load(const char *path);               /* exits 2 on a mistake in it */
void script_kick(call *c);                           /* something happened: go on */
bool script_has_outcome_ahead(const call *c);
extern script *the_script;
extern const char script_help[];

/* ---- ui.c -------------------------------------------------------------------------------------- */

void ui_init(void);
void ui_open_transcript(const char *path);
void ui_sent(call *c, peer *l, const char *type, const char *hook, const char *text, size_t n);
void ui_received(call *c, peer *l, const jnode *message, const char *raw, size_t n, const char *about);
void ui_socket(call *c, peer *l, const char *what, int code, const char *detail);
void ui_verb(call *c, const char *verb, const char *text, bool nested);
void ui_person(call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ui_plain(call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ui_audio(call *c, bool sent, const char *text);
void ui_problem(call *c, const char *text);
void ui_progress(long done, long total, long failed, bool last);
void ui_close(void);
extern bool ui_colour;

/* ---- main.c ------------------------------------------------------------------------------------ */

void main_call_over(call *c);
void main_prompt(call *c);                           /* a gather listens: the keyboard may speak */

#endif
