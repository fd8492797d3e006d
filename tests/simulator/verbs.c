/* verbs.c - what jambonz does for each verb: time that passes, messages it sends, what it makes of the answer.
 *
 * say and play take as long as a voice would (--fast divides it), gather follows the server's rules for digits and speech, dial
 * gets its outcome from the script or is answered. Every other verb runs as a named step and calls its hook with a payload of
 * the documented shape. To give a verb more life: a row in `kinds` and a start function; ends and hooks are shared. */
#define _POSIX_C_SOURCE 200809L
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { ANY_STATE, NEEDS_MEDIA, NEEDS_ANSWERED, NEEDS_UNANSWERED } need;
typedef enum { RUNNING, HOOK_OPEN } task_state;

/* Plays a list of say, play and pause one after the other: prompts of gather, hold music, whispers. */
typedef struct {
    call *c;
    const jnode *at;                                 /* the element that plays, NULL: nothing */
    const char *single;                              /* a nested prompt: its options are `at`, this is its verb */
    long parent;
    bool active, left, hung_up;
    const jnode *gather;                             /* dial:confirm: the called party is asked for a key, NULL: not now */
    timer t;
    void (*done)(call *c);
} player;

typedef struct kind kind;

struct task {
    call *c;
    unsigned serial;
    const kind *k;
    const char *verb, *id;
    const jnode *o;
    task_state state;
    bool killed, background, streams;
    long event;                                      /* index of its event in the script's log, -1 */
    timer main, extra;
    player play;
    int64_t began;
    /* gather */
    char digits[80];
    size_t digit_n;
    bool takes_digits, takes_speech, prompt_over, resolved;
    /* dial */
    leg b;
    bool ringing, bridged;
    double talk_ms;
    char dtmf[32];
    /* waiting in a queue or conference */
    const char *wait_hook;
    int rounds;
    bool outside;                                    /* of a conference that has not started */
};

struct kind {
    const char *verb;
    need needs;
    void (*start)(call *c, task *t);
    /* what the actionHook gets beyond the call info, when it ends by itself */
    const char *payload;
    double ms;                                       /* how long it runs if nothing else is said; 0: done at once */
};

static void task_done(call *c);
static void task_action(call *c, const char *extra);

/* ---- small helpers ---------------------------------------------------------------------------------------- */

static const char *hook_of(const jnode *o, const char *name) {
    const jnode *h = json_get(o, name);
    return h && h->type == J_STRING ? h->text : json_str(h, "url", NULL);
}

static bool is_webhook(const char *hook) { return strncmp(hook, "http://", 7) == 0 || strncmp(hook, "https://", 8) == 0; }

static void status_event(call *c, const task *t, const char *what, const char *extra) {
    buf b = { NULL, 0, 0 };
    if (!c->notify_events || c->gone) return;
    buf_fmt(&b, "{\"event\":\"%s\"%s", what, extra);
    if (t->id) { buf_str(&b, ",\"id\":"); buf_json(&b, t->id, strlen(t->id)); }
    buf_fmt(&b, ",\"%s\":\"%s\"}", strcmp(what, "starting") == 0 || strcmp(what, "finished") == 0 ? "name" : "verb", t->verb);
    link_request(c->control, "verb:status", NULL, b.p, NULL, NULL);
}

static void jambonz_error(call *c, const task *t, const char *msg, const char *details) {
    buf b = { NULL, 0, 0 };
    buf_fmt(&b, "{\"msg\":\"%s\",\"details\":", msg);
    buf_json(&b, details, strlen(details));
    buf_fmt(&b, ",\"verb\":\"%s\"", t->verb);
    if (t->id) { buf_str(&b, ",\"id\":"); buf_json(&b, t->id, strlen(t->id)); }
    buf_str(&b, "}");
    link_request(c->control, "jambonz:error", NULL, b.p, NULL, NULL);
}

static void text_of(buf *b, const jnode *n) {        /* a string, or an array of strings joined by blanks */
    const jnode *k;
    if (!n) return;
    if (n->type == J_STRING) buf_add(b, n->text, n->len);
    else if (n->type == J_ARRAY)
        for (k = n->first; k; k = k->next) {
            if (k != n->first) buf_str(b, " ");
            text_of(b, k);
        }
    else if (n->type == J_NUMBER) buf_add(b, n->text, n->len);
}

static void target_text(buf *b, const jnode *targets) {
    const jnode *k;
    for (k = targets && targets->type == J_ARRAY ? targets->first : NULL; k; k = k->next) {
        const char *type = json_str(k, "type", "?");
        const char *who = json_str(k, strcmp(type, "sip") == 0 ? "sipUri" : strcmp(type, "user") == 0 ? "name" : "number",
                                   "?");
        if (k != targets->first) buf_str(b, ", ");
        buf_fmt(b, "%s/%s", type, who);
    }
}

char *verb_text(const char *verb, const jnode *o) {
    static const char *const one[][2] = {
        { "redirect", "actionHook" }, { "conference", "name" }, { "room", "name" }, { "enqueue", "name" },
        { "dequeue", "name" },
        { "listen", "url" }, { "stream", "url" }, { "dtmf", "dtmf" }, { "alert", "message" }, { "sip:refer", "referTo" },
        { "sip:request", "method" }, { "sip:decline", "status" }, { "message", "text" }, { "llm", "vendor" },
        { "s2s", "vendor" },
        { "dub", "action" }, { "pause", "length" }, { "play", "url" }, { "say", "text" }, { "dialogflow", "project" },
        { NULL, NULL }
    };
    buf b = { NULL, 0, 0 };
    size_t i;
    buf_str(&b, "");
    if (strcmp(verb, "dial") == 0 || strcmp(verb, "transfer") == 0) target_text(&b, json_get(o, "target"));
    else if (strcmp(verb, "gather") == 0) {
        const jnode *in = json_get(o, "input");
        if (in) text_of(&b, in);
        else buf_str(&b, "digits");
    } else if (strcmp(verb, "tag") == 0) json_write(&b, json_get(o, "data"));
    else if (strcmp(verb, "config") == 0) {
        const jnode *k;
        for (k = o->first; k; k = k->next)
            if (strcmp(k->key, "verb") != 0) buf_fmt(&b, "%s%s", b.n ? " " : "", k->key);
    } else
        for (i = 0; one[i][0]; i++)
            if (strcmp(one[i][0], verb) == 0) text_of(&b, json_get(o, one[i][1]));
    if (strcmp(verb, "say") == 0 && json_bool(o, "stream", false)) buf_str(&b, "(streamed)");
    if (strcmp(verb, "redirect") == 0 && !b.n && hook_of(o, "actionHook")) buf_str(&b, hook_of(o, "actionHook"));
    return b.p;
}

static double speech_ms(const char *text) {          /* about 15 characters a second, markup not counted */
    size_t n = 0;
    bool tag = false;
    for (; *text; text++) {
        if (*text == '<') tag = true;
        if (!tag) n++;
        if (*text == '>') tag = false;
    }
    return 300 + 65.0 * (double)n;
}

static double verb_ms(const char *verb, const jnode *o) {
    const jnode *loop = json_get(o, "loop");
    double times = !loop ? 1 : loop->type == J_NUMBER ? loop->num : loop->text && strcmp(loop->text, "forever") == 0 ? 0
        : strtod(loop->text ? loop->text : "1", NULL);
    double ms = 3000;
    if (strcmp(verb, "pause") == 0) return json_num(o, "length", 1) * 1000;
    if (strcmp(verb, "say") == 0) {
        char *t = verb_text("say", o);
        ms = speech_ms(t);
        free(t);
    } else if (json_get(o, "url") && json_get(o, "url")->type == J_ARRAY) ms = 3000 * (double)json_get(o, "url")->count;
    if (json_num(o, "timeoutSecs", 0) > 0 && ms > json_num(o, "timeoutSecs", 0) * 1000)
        ms = json_num(o, "timeoutSecs", 0) * 1000;
    return times < 1 ? 1e9 : ms * times;
}

/* ---- the player ------------------------------------------------------------------------------------------- */

static void player_step(void *ctx);
static void confirm_gather(player *p, const jnode *o, long event);

static void player_item(player *p, const char *verb, const jnode *o) {
    call *c = p->c;
    char *text = verb_text(verb, o);
    double ms = 0;
    ui_verb(c, verb, text, true);
    call_event(c, EV_VERB, verb, text, o, p->parent);
    free(text);
    if (!p->single && strcmp(verb, "gather") == 0) {
        confirm_gather(p, o, the_script ? (long)c->event_n - 1 : -1);
        return;
    }
    if (strcmp(verb, "say") == 0 || strcmp(verb, "play") == 0 || strcmp(verb, "pause") == 0) ms = verb_ms(verb, o);
    else if (strcmp(verb, "leave") == 0) p->left = true;
    else if (strcmp(verb, "hangup") == 0) p->hung_up = true;
    timer_set_scaled(&p->t, ms, player_step, p);
}

static void player_stop(player *p) {
    timer_stop(&p->t);
    p->active = false;
    p->at = p->gather = NULL;
}

static void player_show(player *p) {
    const jnode *o;
    const char *verb = p->single;
    if (verb) player_item(p, verb, p->at);
    else {
        verb = verb_name(p->at, &o);
        if (verb) player_item(p, verb, o);
    }
    script_kick(p->c);
}

static void player_step(void *ctx) {
    player *p = (player *)ctx;
    p->at = p->single || p->left || p->hung_up ? NULL : p->at->next;
    if (p->at) { player_show(p); return; }
    p->active = false;
    p->done(p->c);
}

static void player_start(player *p, call *c, const char *single, const jnode *first, long parent, void (*done)(call *)) {
    p->c = c;
    p->single = single;
    p->at = first;
    p->parent = parent;
    p->done = done;
    p->active = true;
    p->left = p->hung_up = false;
    p->gather = NULL;
    player_show(p);
}

/* ---- the end of a task ------------------------------------------------------------------------------------ */

static void task_free(task *t) {
    if (strcmp(t->verb, "listen") == 0) audio_stop(t->c);
    timer_stop(&t->main);
    timer_stop(&t->extra);
    player_stop(&t->play);
    free(t->b.from);
    free(t->b.to);
    free(t);
}

static void task_done(call *c) {
    task *t = c->cur;
    c->cur = NULL;
    if (!c->gone) status_event(c, t, "finished", "");
    task_free(t);
    if (!c->gone) call_next(c);
}

void task_kill(call *c) {
    task *t = c->cur;
    if (!t) return;
    if (t->state == HOOK_OPEN && !c->gone) { t->killed = true; return; }   /* its hook's answer is still awaited */
    if (t->play.active || strcmp(t->verb, "say") == 0 || strcmp(t->verb, "play") == 0)
        status_event(c, t, "kill-playback", "");
    if (t->streams && !speech_background(c)) speech_stop(c, true);
    if (t->bridged || t->ringing) {
        t->b.status = t->bridged ? "completed" : "no-answer";
        t->b.sip_status = t->bridged ? 200 : 487;
        t->b.sip_reason = t->bridged ? "OK" : "Request Terminated";
        if (!c->gone || link_connected(c->notifier)) call_status(c, &t->b, "");
    }
    task_done(c);
}

void background_stop(call *c) {
    if (c->background) task_free(c->background);
    c->background = NULL;
}

const char *task_name(const call *c) { return c->cur ? c->cur->verb : NULL; }

/* The answer to an actionHook: verbs replace the stack, anything else lets it go on. */
static void on_action(call *c, void *arg, outcome how, const jnode *data, const char *invalid) {
    task *t = c->cur;
    const char *verb;
    bool gather, fatal;
    if (c->gone || !t || t->serial != (unsigned)(uintptr_t)arg) return;
    verb = t->verb;
    gather = strcmp(verb, "gather") == 0;
    fatal = strcmp(verb, "llm") == 0 || strcmp(verb, "redirect") == 0 || (invalid && !gather);
    if ((how == FAILED || invalid) && gather) {
        buf b = { NULL, 0, 0 };
        const char *details = invalid ? invalid : "timeout from far end";
        jambonz_error(c, t, "invalid actionHook response", details);
        buf_str(&b, ",\"error\":\"invalid actionHook response\",\"reason\":");
        buf_json(&b, details, strlen(details));
        call_status(c, &c->a, b.p);
        buf_free(&b);
    } else if ((how == FAILED || invalid) && fatal) {
        call_note(c, "%s: without a usable answer jambonz ends the call", verb);
        call_hangup(c, "jambonz");
        return;
    } else if (strcmp(verb, "redirect") == 0 && (!data || data->type != J_ARRAY)) data = NULL;
    t->state = RUNNING;
    if (how == ACKED && !invalid && data && data->type == J_ARRAY && data->count) {
        c->cur = NULL;                               /* not to be killed again by the replacement */
        status_event(c, t, "finished", "");
        task_free(t);
        call_replace(c, data);
    } else task_done(c);
}

static void send_action(call *c, task *t, const char *type, const char *hook, const char *extra) {
    buf b = { NULL, 0, 0 };
    buf_str(&b, extra);
    if (t->id) { buf_str(&b, ",\"verb_id\":"); buf_json(&b, t->id, strlen(t->id)); }
    t->state = HOOK_OPEN;
    link_request(c->control, type, hook, call_payload(c, &c->a, "%s", buf_cstr(&b)), on_action, (void *)(uintptr_t)t->serial);
    buf_free(&b);
}

static void task_action(call *c, const char *extra) {
    task *t = c->cur;
    const char *hook = hook_of(t->o, "actionHook");
    timer_stop(&t->main);
    timer_stop(&t->extra);
    player_stop(&t->play);
    if (strcmp(t->verb, "listen") == 0) audio_stop(c);
    if (!hook || c->gone) { task_done(c); return; }
    if (is_webhook(hook)) {
        call_note(c, "actionHook %s is a webhook: jambonz posts it there, not over the socket", hook);
        task_done(c);
        return;
    }
    send_action(c, t, "verb:hook", hook, extra);
}

static void ignore_reply(call *c, void *arg, outcome how, const jnode *data, const char *invalid) {
    (void)c; (void)arg; (void)how; (void)data; (void)invalid;
}

static void send_hook(call *c, const char *hook, const char *extra) {
    if (hook && !is_webhook(hook))
        link_request(c->control, "verb:hook", hook, call_payload(c, &c->a, "%s", extra), ignore_reply, NULL);
}

static void when_over(void *ctx) {
    call *c = (call *)ctx;
    task_action(c, c->cur->k->payload ? c->cur->k->payload : "");
}

/* ---- say, play, pause ------------------------------------------------------------------------------------- */

static void sound_over(void *ctx) {
    call *c = (call *)ctx;
    task *t = c->cur;
    double ms = verb_ms(t->verb, t->o);
    char *extra;
    status_event(c, t, "stop-playback", "");
    if (strcmp(t->verb, "play") != 0) { task_done(c); return; }
    extra = xprintf(",\"playback_seconds\":%d,\"playback_milliseconds\":%d,\"playback_last_offset_pos\":\"%d\","
                    "\"reason\":\"playCompleted\"",
                    (int)(ms / 1000), (int)ms, (int)ms * 8);
    task_action(c, extra);
    free(extra);
}

/* say {stream:true} ends when the stream has run empty, not before it has spoken. */
static void stream_check(void *ctx) {
    call *c = (call *)ctx;
    task *t = c->cur;
    if (!speech_empty(c) || !speech_said(c)) {
        if ((double)(now_us() - t->began) / 1000 * sim_speed < 30000) {
            timer_set_scaled(&t->main, 1500, stream_check, c);
            return;
        }
    }
    task_done(c);
}

static void start_say(call *c, task *t) {
    if (json_bool(t->o, "stream", false)) {
        t->streams = true;
        speech_start(c, false);
        timer_set_scaled(&t->main, 3000, stream_check, c);
        return;
    }
    if (c->notify_events) {
        char *text = verb_text("say", t->o);
        char *extra = xprintf(",\"vendor\":\"google\",\"language\":\"en-GB\",\"characters\":%lu,\"elapsed_time\":318,"
                              "\"served_from_cache\":false", (unsigned long)strlen(text));
        status_event(c, t, "synthesized-audio", extra);
        free(extra);
        free(text);
    }
    status_event(c, t, "start-playback", "");
    timer_set_scaled(&t->main, verb_ms("say", t->o), sound_over, c);
}

static void start_play(call *c, task *t) {
    status_event(c, t, "start-playback", "");
    timer_set_scaled(&t->main, verb_ms("play", t->o), sound_over, c);
}

static void start_pause(call *c, task *t) { timer_set_scaled(&t->main, verb_ms("pause", t->o), when_over, c); }

/* ---- gather ----------------------------------------------------------------------------------------------- */

static bool input_has(const jnode *o, const char *what) {
    const jnode *in = json_get(o, "input"), *k;
    if (!in || in->type != J_ARRAY) return strcmp(what, "digits") == 0;
    for (k = in->first; k; k = k->next)
        if (k->type == J_STRING && strcmp(k->text, what) == 0) return true;
    return false;
}

static task *gatherer(const call *c) {
    if (c->cur && c->cur->state == RUNNING && strcmp(c->cur->verb, "gather") == 0) return c->cur;
    return c->background;
}

static void on_barge_in(call *c, void *arg, outcome how, const jnode *data, const char *invalid) {
    (void)arg;
    if (!c->gone && how == ACKED && !invalid && data && data->type == J_ARRAY && data->count) call_replace(c, data);
}

/* The background gather heard something: what runs is killed, the rest of the stack is dropped, the hook decides. */
static void barge_in(call *c, const char *extra) {
    task *t = c->background;
    const char *hook = hook_of(t->o, "actionHook");
    bool sticky = json_bool(t->o, "sticky", false);
    ui_plain(c, "barge-in");
    speech_interrupt(c);
    c->stack_n = c->stack_at = 0;
    if (hook) link_request(c->control, "verb:hook", hook, call_payload(c, &c->a, "%s", extra), on_barge_in, NULL);
    if (sticky) { t->digit_n = 0; t->digits[0] = 0; }
    else background_stop(c);
    task_kill(c);
}

static void gather_resolve(call *c, task *t, const char *extra) {
    if (t->background) { barge_in(c, extra); return; }
    t->resolved = true;
    task_action(c, extra);
}

static void gather_timeout(void *ctx) {
    call *c = (call *)ctx;
    task *t = c->cur;
    const jnode *min = json_get(t->o, "minDigits");
    char *extra;
    if (t->extra.slot) return;                       /* the inter-digit timer decides */
    ui_person(c, "nothing is pressed or said: the gather times out");
    if (min && t->digit_n >= (size_t)min->num) {
        extra = xprintf(",\"digits\":\"%s\",\"reason\":\"dtmfDetected\"", t->digits);
        gather_resolve(c, t, extra);
        free(extra);
    } else gather_resolve(c, t, ",\"reason\":\"timeout\"");
}

static void gather_start_timer(call *c, task *t) {
    double s = json_num(t->o, "timeout", 15);
    if (t->background || s <= 0) return;
    timer_set_scaled(&t->main, s * 1000, gather_timeout, c);
}

static void prompt_over(call *c) {
    task *t = c->cur;
    t->prompt_over = true;
    t->takes_speech = input_has(t->o, "speech");
    gather_start_timer(c, t);
    main_prompt(c);
}

static void start_gather(call *c, task *t) {
    const jnode *say = json_get(t->o, "say"), *play = json_get(t->o, "play");
    bool prompt = (say || play) && !t->background;
    t->takes_digits = input_has(t->o, "digits");
    t->takes_speech = input_has(t->o, "speech") && (!prompt || json_bool(t->o, "listenDuringPrompt", true));
    if (prompt) {
        player_start(&t->play, c, say ? "say" : "play", say ? say : play, t->event, prompt_over);
        if (c->cur == t && t->state == RUNNING && !t->resolved) main_prompt(c);
        return;
    }
    t->prompt_over = true;
    gather_start_timer(c, t);
    main_prompt(c);
}

static void stop_prompt(call *c, task *t, const char *why) {
    if (!t->play.active) return;
    player_stop(&t->play);
    status_event(c, t, why, "");
    t->prompt_over = true;
    t->takes_speech = input_has(t->o, "speech");
    gather_start_timer(c, t);
}

static void digits_pause(void *ctx) {
    call *c = (call *)ctx;
    task *t = c->cur;
    char *extra = xprintf(",\"digits\":\"%s\",\"reason\":\"dtmfDetected\"", t->digits);
    gather_resolve(c, t, extra);
    free(extra);
}

static bool gather_digit(call *c, task *t, char digit) {           /* true: that was the last one */
    const char *finish = json_str(t->o, "finishOnKey", "");
    size_t num = (size_t)json_num(t->o, "numDigits", 0), max = (size_t)json_num(t->o, "maxDigits", 0);
    const jnode *min = json_get(t->o, "minDigits");
    double pause = json_num(t->o, "interDigitTimeout", 0);
    char *extra;
    timer_stop(&t->extra);
    if (json_bool(t->o, "dtmfBargein", true)) stop_prompt(c, t, "dtmf-bargein-detected");
    if (*finish != digit || !*finish) {
        if (t->digit_n + 1 < sizeof t->digits) t->digits[t->digit_n++] = digit;
        t->digits[t->digit_n] = 0;
        if (!(t->digit_n == num || t->digit_n == max)) {
            if (pause > 0 && min && t->digit_n >= (size_t)min->num && !t->background)
                timer_set_scaled(&t->extra, pause * 1000, digits_pause, c);
            return false;
        }
    }
    extra = xprintf(",\"digits\":\"%s\",\"reason\":\"dtmfDetected\"", t->digits);
    gather_resolve(c, t, extra);
    free(extra);
    return true;
}

static void speech_payload(buf *b, const char *text, double confidence, bool final, int channel) {
    buf_fmt(b, "\"speech\":{\"language_code\":\"en-GB\",\"channel_tag\":%d,\"is_final\":%s,\"alternatives\":"
            "[{\"confidence\":%.2f,\"transcript\":", channel, final ? "true" : "false", confidence);
    buf_json(b, text, strlen(text));
    buf_fmt(b, "}],\"vendor\":{\"name\":\"deepgram\",\"evt\":{\"type\":\"Results\",\"channel_index\":[0,1],\"duration\":1.62,"
            "\"is_final\":%s,\"speech_final\":%s,\"channel\":{\"alternatives\":[{\"transcript\":",
            final ? "true" : "false", final ? "true" : "false");
    buf_json(b, text, strlen(text));
    buf_fmt(b, ",\"confidence\":%.2f,\"words\":[]}]}}}}", confidence);
}

static size_t words_in(const char *s) {
    size_t n = 1;
    for (; *s; s++) n += *s == ' ';
    return n;
}

static bool gather_speech(call *c, task *t, const char *text, double confidence) {
    const char *partial = hook_of(t->o, "partialResultHook");
    bool bargein = json_bool(t->o, "bargein", false);
    double min_words = json_num(t->o, "minBargeinWordCount", 1);
    double min_confidence = json_num(json_get(t->o, "recognizer"), "minConfidence", 0);
    unsigned serial = t->serial;
    buf b = { NULL, 0, 0 };
    if (partial) {
        buf_str(&b, ",");
        speech_payload(&b, text, confidence, false, 1);
        send_hook(c, partial, b.p);
        b.n = 0;
    }
    if (c->cur != t && c->background != t) { buf_free(&b); return true; }
    if (t->serial != serial) { buf_free(&b); return true; }
    if (bargein && (double)words_in(text) < min_words) {
        ui_plain(c, "fewer words than minBargeinWordCount: the gather goes on");
        buf_free(&b);
        return true;
    }
    stop_prompt(c, t, "speech-bargein-detected");
    buf_str(&b, ",");
    speech_payload(&b, text, confidence, true, 1);
    buf_fmt(&b, ",\"reason\":\"%s\"", confidence < min_confidence ? "stt-low-confidence" : "speechDetected");
    gather_resolve(c, t, b.p);
    buf_free(&b);
    return true;
}

/* ---- dial ------------------------------------------------------------------------------------------------- */

static void b_status(call *c, task *t, const char *status, int sip, const char *reason, const char *extra) {
    t->b.status = status;
    t->b.sip_status = sip;
    t->b.sip_reason = reason;
    call_status(c, &t->b, extra);
}

static void dial_over(call *c, const char *status, int sip) {
    task *t = c->cur;
    char *extra = xprintf(",\"dial_call_status\":\"%s\",\"dial_sip_status\":%d,\"dial_call_sid\":\"%s\"%s", status, sip,
                          t->b.sid,
                          sip == 200 ? ",\"dial_sbc_callid\":\"c9f0f895-fb98-4b91@198.51.100.7\"" : "");
    t->ringing = t->bridged = false;
    task_action(c, extra);
    free(extra);
}

static void talk_over(void *ctx) {
    call *c = (call *)ctx;
    task *t = c->cur;
    ui_person(c, "%s hangs up", t->b.to);
    b_status(c, t, "completed", 200, "OK", ",\"call_termination_by\":\"caller\",\"duration\":5");
    dial_over(c, "completed", 200);
    script_kick(c);
}

static void dial_bridge(call *c) {
    task *t = c->cur;
    double limit = json_num(t->o, "timeLimit", 0) * 1000;
    t->bridged = true;
    call_answer(c);
    ui_plain(c, "bridged with %s", t->b.to);
    if (limit > 0 && limit < t->talk_ms) t->talk_ms = limit;
    timer_set_scaled(&t->main, t->talk_ms, talk_over, c);
    script_kick(c);
}

/* Verbs for the called party before they are connected: a gather among them. A key goes to its hook with the called leg's data;
 * verbs in the answer replace what follows, except that the server lets only some through there (PROTOCOL 2.2). */
static void on_confirm_gather(call *c, void *arg, outcome how, const jnode *data, const char *invalid) {
    task *t = c->cur;
    const jnode *k, *o;
    if (c->gone || !t || t->serial != (unsigned)(uintptr_t)arg || !t->play.active) return;
    if (how != ACKED || invalid || !data || data->type != J_ARRAY || !data->count) { player_step(&t->play); return; }
    for (k = data->first; k; k = k->next)
        if (!strstr(" config gather say tag ", verb_name(k, &o)) && strcmp(verb_name(k, &o), "play") != 0)
            call_problem(c, "%s in the answer to a gather of dial:confirm: jambonz drops it there", verb_name(k, &o));
    player_start(&t->play, c, NULL, data->first, t->event, t->play.done);
}

static void confirm_gather_over(call *c, const char *extra) {
    task *t = c->cur;
    const char *hook = hook_of(t->play.gather, "actionHook");
    timer_stop(&t->play.t);
    t->play.gather = NULL;
    if (!hook || is_webhook(hook)) { player_step(&t->play); return; }
    link_request(c->control, "verb:hook", hook, call_payload(c, &t->b, "%s", extra), on_confirm_gather,
                 (void *)(uintptr_t)t->serial);
}

static void confirm_timeout(void *ctx) {
    ui_person((call *)ctx, "%s presses nothing", ((call *)ctx)->cur->b.to);
    confirm_gather_over((call *)ctx, ",\"reason\":\"timeout\"");
}

static void confirm_gather(player *p, const jnode *o, long event) {
    const jnode *say = json_get(o, "say"), *play = json_get(o, "play"), *prompt = say ? say : play;
    double ms = json_num(o, "timeout", 15) * 1000;
    p->gather = o;
    if (prompt) {
        char *text = verb_text(say ? "say" : "play", prompt);
        ui_verb(p->c, say ? "say" : "play", text, true);
        call_event(p->c, EV_VERB, say ? "say" : "play", text, prompt, event);
        free(text);
        ms += verb_ms(say ? "say" : "play", prompt);
    }
    timer_set_scaled(&p->t, ms, confirm_timeout, p->c);
    main_prompt(p->c);
}

static void confirm_played(call *c) {
    task *t = c->cur;
    if (!t->play.hung_up) { dial_bridge(c); return; }
    b_status(c, t, "completed", 200, "OK", "");
    dial_over(c, "no-answer", 487);
}

static void on_confirm(call *c, void *arg, outcome how, const jnode *data, const char *invalid) {
    task *t = c->cur;
    if (c->gone || !t || t->serial != (unsigned)(uintptr_t)arg) return;
    t->state = RUNNING;
    if (t->killed) { task_done(c); return; }
    if (how == FAILED || invalid) {
        b_status(c, t, "completed", 200, "OK", "");
        dial_over(c, "failed", 603);
    } else if (data && data->count) player_start(&t->play, c, NULL, data->first, t->event, confirm_played);
    else dial_bridge(c);
}

static void dial_answered(void *ctx) {
    call *c = (call *)ctx;
    task *t = c->cur;
    const jnode *target = json_at(json_get(t->o, "target"), 0);
    const char *confirm = hook_of(t->o, "confirmHook");
    if (!confirm) confirm = hook_of(target, "confirmHook");
    timer_stop(&t->extra);
    t->ringing = false;
    ui_person(c, "%s answers", t->b.to);
    b_status(c, t, "in-progress", 200, "OK", "");
    if (confirm && !is_webhook(confirm)) {
        t->state = HOOK_OPEN;
        link_request(c->control, "dial:confirm", confirm, call_payload(c, &t->b, "%s", ""), on_confirm,
                     (void *)(uintptr_t)t->serial);
    } else dial_bridge(c);
    script_kick(c);
}

static void dial_no_answer(void *ctx) {
    call *c = (call *)ctx;
    task *t = c->cur;
    ui_person(c, "%s does not answer", t->b.to);
    b_status(c, t, "no-answer", 487, "Request Terminated", "");
    dial_over(c, "no-answer", 487);
    script_kick(c);
}

static void dial_ringing(void *ctx) {
    call *c = (call *)ctx;
    task *t = c->cur;
    double timeout = json_num(t->o, "timeout", 60) * 1000;
    b_status(c, t, "ringing", 180, "Ringing", "");
    timer_set_scaled(&t->extra, timeout, dial_no_answer, c);
    if (!script_has_outcome_ahead(c)) timer_set_scaled(&t->main, timeout < 1500 ? timeout / 2 : 1500, dial_answered, c);
    script_kick(c);
}

static void start_dial(call *c, task *t) {
    char *text = verb_text("dial", t->o), *slash = strchr(text, '/');
    make_uuid(t->b.sid);
    t->b.direction = "outbound";
    t->b.from = xstrdup(json_str(t->o, "callerId", c->a.from));
    t->b.to = xstrdup(slash ? slash + 1 : text);
    t->b.b_leg = true;
    t->b.tag = json_get(t->o, "tag");
    free(text);
    t->talk_ms = 3000;
    t->ringing = true;
    b_status(c, t, "trying", 100, "Trying", "");
    timer_set_scaled(&t->main, 200, dial_ringing, c);
}

bool task_dial_outcome(call *c, const char *how, double talk_ms) {
    task *t = c->cur;
    if (!t || !t->ringing) return false;
    timer_stop(&t->main);
    timer_stop(&t->extra);
    if (talk_ms > 0) t->talk_ms = talk_ms;
    if (strcmp(how, "answer") == 0) { dial_answered(c); return true; }
    if (strcmp(how, "no-answer") == 0) { dial_no_answer(c); return true; }
    ui_person(c, "%s is %s", t->b.to, strcmp(how, "busy") == 0 ? "busy" : "not reachable");
    if (strcmp(how, "busy") == 0) b_status(c, t, "busy", 486, "Busy Here", "");
    else b_status(c, t, "failed", 503, "Service Unavailable", "");
    dial_over(c, strcmp(how, "busy") == 0 ? "busy" : "failed", strcmp(how, "busy") == 0 ? 486 : 503);
    return true;
}

bool task_far_hangup(call *c) {
    if (!c->cur || !c->cur->bridged) return false;
    timer_stop(&c->cur->main);
    talk_over(c);
    return true;
}

static bool dial_digit(call *c, task *t, char digit) {             /* dtmfCapture: a pattern that has just been completed */
    const jnode *patterns = json_get(t->o, "dtmfCapture"), *k;
    size_t n = strlen(t->dtmf);
    if (n + 1 == sizeof t->dtmf) { memmove(t->dtmf, t->dtmf + 1, n); n--; }
    t->dtmf[n++] = digit;
    t->dtmf[n] = 0;
    if (patterns && patterns->type == J_OBJECT) patterns = json_get(patterns, "parentCall");
    for (k = patterns ? patterns->first : NULL; k; k = k->next)
        if (k->type == J_STRING && k->len <= n && strcmp(t->dtmf + n - k->len, k->text) == 0) {
            char *extra = xprintf(",\"dtmf\":\"%s\"", k->text);
            send_hook(c, hook_of(t->o, "dtmfHook"), extra);
            free(extra);
            t->dtmf[0] = 0;
        }
    return true;
}

/* ---- queues and conferences: music on a hook -------------------------------------------------------------- */

static void wait_round(call *c);

static void on_wait(call *c, void *arg, outcome how, const jnode *data, const char *invalid) {
    task *t = c->cur;
    if (c->gone || !t || t->serial != (unsigned)(uintptr_t)arg || t->state != RUNNING) return;
    if (strcmp(t->verb, "conference") == 0 && !t->outside) return;                 /* it has started meanwhile */
    if (how == ACKED && !invalid && data && data->count) player_start(&t->play, c, NULL, data->first, t->event, wait_round);
}

static void wait_round(call *c) {
    task *t = c->cur;
    char *data;
    if (t->play.left) { task_action(c, strcmp(t->verb, "enqueue") == 0 ? ",\"queue_result\":\"leave\"" : ""); return; }
    if (strcmp(t->verb, "enqueue") == 0) {           /* the sparse shape */
        const char *name = json_str(t->o, "name", "");
        int ahead = c->queue_ahead > t->rounds ? c->queue_ahead - t->rounds : 0;
        t->rounds++;
        data = xprintf("{\"queue_sid\":\"queue:%s:%s\",\"queue_time\":%d,\"queue_size\":%d,\"queue_position\":%d,"
                       "\"call_sid\":\"%s\",\"call_id\":\"%s\",\"customerData\":%s}",
                       json_str(c->session, "account_sid", "6a1f0c52-2f0e-4f0a-9f0e-8d2b7a4c1e90"), name,
                           (int)((double)(now_us() - t->began) / 1e6 * sim_speed), ahead + 1, ahead,
                       c->a.sid, json_str(c->session, "call_id", ""), c->customer_data ? c->customer_data : "{}");
    } else data = call_payload(c, &c->a, ",\"has_recording\":false,\"caller_name\":\"\"");
    link_request(c->control, "verb:hook", t->wait_hook, data, on_wait, (void *)(uintptr_t)t->serial);
}

static void conf_event(call *c, task *t, const char *what, int members) {
    const jnode *events = json_get(t->o, "statusEvents"), *k;
    const char *hook = hook_of(t->o, "statusHook"), *name = json_str(t->o, "name", "");
    for (k = events ? events->first : NULL; k; k = k->next)
        if (hook && k->type == J_STRING && strcmp(k->text, what) == 0) {
            char *extra = xprintf(",\"event\":\"%s\",\"duration\":%.3f,\"time\":\"2026-01-01T10:00:00.000Z\",\"members\":%d,"
                                  "\"conference_sid\":\"conf:%s:%s\",\"friendly_name\":\"%s\"",
                                  what, (double)(now_us() - t->began) / 1e6, members,
                                      json_str(c->session, "account_sid", ""), name, name);
            send_hook(c, hook, extra);
            free(extra);
        }
}

static void conference_over(void *ctx) {
    call *c = (call *)ctx;
    if (!c->cur->outside) conf_event(c, c->cur, "leave", 0);
    if (!c->cur->outside) conf_event(c, c->cur, "end", 0);
    task_action(c, "");
}

/* Who may not start it waits outside, with music, until somebody else does: `event start`, or 5 s without a script. */
static void conference_starts(void *ctx) {
    call *c = (call *)ctx;
    task *t = c->cur;
    bool waited = t->outside;
    timer_stop(&t->extra);
    player_stop(&t->play);
    t->outside = false;
    conf_event(c, t, "start", waited ? 1 : 0);
    conf_event(c, t, "join", waited ? 2 : 1);
    script_kick(c);
}

static void start_conference(call *c, task *t) {
    t->wait_hook = hook_of(t->o, "waitHook");
    t->outside = !json_bool(t->o, "startConferenceOnEnter", true);
    if (!t->outside) conference_starts(c);
    else {
        if (t->wait_hook) wait_round(c);
        if (!the_script) timer_set_scaled(&t->extra, 5000, conference_starts, c);
    }
    timer_set_scaled(&t->main, the_script ? 60000 : 10000, conference_over, c);
}

static void queue_bridged(void *ctx) {
    call *c = (call *)ctx;
    char *extra = xprintf(",\"queue_sid\":\"queue:%s:%s\",\"queue_time\":%d,\"queue_result\":\"bridged\"",
                          json_str(c->session, "account_sid", ""),
                          json_str(c->cur->o, "name", ""), (int)((double)(now_us() - c->cur->began) / 1e6 * sim_speed));
    task_action(c, extra);
    free(extra);
}

static void start_enqueue(call *c, task *t) {
    t->wait_hook = hook_of(t->o, "waitHook");
    if (t->wait_hook) wait_round(c);
    timer_set_scaled(&t->main, the_script ? 60000 : 10000, queue_bridged, c);
}

/* ---- the call itself -------------------------------------------------------------------------------------- */

static void start_hangup(call *c, task *t) {
    (void)t;
    c->hangup_pending = true;
    call_hangup(c, "jambonz");
}

static void start_answer(call *c, task *t) {
    (void)t;
    call_answer(c);
    task_done(c);
}

static void start_decline(call *c, task *t) {
    int status = (int)json_num(t->o, "status", 480);
    char extra[] = "";
    c->hangup_pending = true;
    call_set_status(c, status == 486 || status == 600 ? "busy" : "failed", status, json_str(t->o, "reason", "Declined"));
    ui_plain(c, "jambonz answers the caller with SIP %d", status);
    call_status(c, &c->a, extra);
    call_hangup(c, "outdial");
}

static void start_alert(call *c, task *t) {
    (void)t;
    call_set_status(c, "ringing", 180, "Ringing");
    call_status(c, &c->a, "");
    task_done(c);
}

static void start_tag(call *c, task *t) {
    buf b = { NULL, 0, 0 };
    json_write(&b, json_get(t->o, "data"));
    free(c->customer_data);
    c->customer_data = b.p;
    task_done(c);
}

static void on_redirect(call *c, void *arg, outcome how, const jnode *data, const char *invalid) {
    on_action(c, arg, how, data, invalid);
}

static void start_redirect(call *c, task *t) {
    const char *hook = hook_of(t->o, "actionHook");
    if (strncmp(hook, "ws://", 5) == 0 || strncmp(hook, "wss://", 6) == 0) {
        ws_url u;
        char why[200];
        if (!ws_url_parse(&u, hook, why, sizeof why)) {
            call_problem(c, "redirect: %s", why);
            call_hangup(c, "jambonz");
            return;
        }
        free(u.user); free(u.pass);                  /* the new client object has no credentials */
        u.user = u.pass = NULL;
        c->control = call_open_link(c, &u);          /* the old socket stays as the notifier */
        ws_url_free(&u);
    } else if (is_webhook(hook)) {
        call_note(c, "redirect to the webhook %s: the session leaves the socket", hook);
        call_hangup(c, "jambonz");
        return;
    }
    t->state = HOOK_OPEN;
    link_request(c->control, "session:redirect", hook, call_payload(c, &c->a, t->id ? ",\"verb_id\":\"%s\"" : "%s",
        t->id ? t->id : ""), on_redirect, (void *)(uintptr_t)t->serial);
}

void task_apply_config(call *c, const jnode *o) {
    const jnode *barge = json_get(o, "bargeIn"), *reset = json_get(o, "reset"), *stream = json_get(o, "ttsStream");
    if (json_bool(o, "notifyEvents", false)) c->notify_events = true;      /* false does not switch it off again */
    if (stream && json_bool(stream, "enable", false)) speech_start(c, true);
    else if (stream) speech_stop(c, true);
    if (reset) background_stop(c);
    if (json_get(o, "transcribe")) {
        c->transcribe = json_get(o, "transcribe");
        if (!json_bool(c->transcribe, "enable", false)) c->transcribe = NULL;
        c->transcribe_paused = false;
    }
    if (barge) {
        background_stop(c);
        if (json_bool(barge, "enable", false)) {
            task *t = (task *)xcalloc(1, sizeof *t);
            t->c = c;
            t->serial = ++c->serial;
            t->verb = "gather";
            t->o = barge;
            t->background = true;
            t->event = -1;
            c->background = t;
            start_gather(c, t);
        }
    }
}

static void start_config(call *c, task *t) {
    task_apply_config(c, t->o);
    if (c->cur == t) task_done(c);
}

static void start_refer(call *c, task *t) {
    const char *events = hook_of(t->o, "eventHook");
    if (events && !is_webhook(events))
        link_request(c->control, "verb:hook", events, xstrdup("{\"event\":\"transfer-status\",\"call_status\":100}"),
                     ignore_reply, NULL);
    timer_set_scaled(&t->main, 500, when_over, c);
}

static void start_message(call *c, task *t) {
    char sid[37];
    char *extra;
    make_uuid(sid);
    extra = xprintf(",\"message_sid\":\"%s\",\"carrier\":\"acme-smpp\",\"carrier_message_id\":\"9981-22\","
                    "\"message_status\":\"success\"", sid);
    (void)t;
    task_action(c, extra);
    free(extra);
}

static void dequeue_over(call *c, const char *extra) {         /* its hook is fire and forget */
    timer_stop(&c->cur->main);
    send_hook(c, hook_of(c->cur->o, "actionHook"), extra);
    task_done(c);
}

static void dequeue_timeout(void *ctx) {
    ui_plain((call *)ctx, "nobody is in the queue");
    dequeue_over((call *)ctx, ",\"dequeue_result\":\"timeout\"");
}

static void start_dequeue(call *c, task *t) {        /* somebody is there when the script says `finish` */
    timer_set_scaled(&t->main, json_num(t->o, "timeout", 60) * 1000, dequeue_timeout, c);
}

static void start_timed(call *c, task *t) {
    double ms = t->k->ms, max = json_num(t->o, "maxLength", 0) * 1000;
    if (max > 0) ms = max;
    else if (ms >= 5000 && the_script) ms = 60000;   /* a script says when it is finished */
    if (ms > 0) timer_set_scaled(&t->main, ms, when_over, c);
    else task_action(c, t->k->payload ? t->k->payload : "");
}

static void listen_over(call *c) {                   /* the app closed the audio socket, or it could not be opened */
    if (c->cur && strcmp(c->cur->verb, "listen") == 0 && c->cur->state == RUNNING) {
        timer_stop(&c->cur->main);
        when_over(c);
        script_kick(c);
    }
}

static void start_listen(call *c, task *t) {
    audio_start(c, t->o, listen_over);
    start_timed(c, t);
}

static const kind kinds[] = {
    { "say", NEEDS_MEDIA, start_say, NULL, 0 },
    { "play", NEEDS_MEDIA, start_play, NULL, 0 },
    { "pause", ANY_STATE, start_pause, NULL, 0 },
    { "gather", NEEDS_MEDIA, start_gather, NULL, 0 },
    { "dial", NEEDS_MEDIA, start_dial, NULL, 0 },
    { "hangup", NEEDS_ANSWERED, start_hangup, NULL, 0 },
    { "redirect", ANY_STATE, start_redirect, NULL, 0 },
    { "tag", ANY_STATE, start_tag, NULL, 0 },
    { "config", ANY_STATE, start_config, NULL, 0 },
    { "answer", NEEDS_UNANSWERED, start_answer, NULL, 0 },
    { "alert", NEEDS_UNANSWERED, start_alert, NULL, 0 },
    { "sip:decline", NEEDS_UNANSWERED, start_decline, NULL, 0 },
    { "conference", NEEDS_MEDIA, start_conference, NULL, 0 },
    { "room", NEEDS_MEDIA, start_conference, NULL, 0 },
    { "enqueue", NEEDS_MEDIA, start_enqueue, NULL, 0 },
    { "dequeue", NEEDS_MEDIA, start_dequeue, NULL, 0 },
    { "sip:refer", NEEDS_ANSWERED, start_refer, ",\"refer_status\":202,\"final_referred_call_status\":200", 0 },
    { "sip:request", NEEDS_ANSWERED, start_timed, ",\"result\":\"success\",\"sip_status\":200", 100 },
    { "message", ANY_STATE, start_message, NULL, 0 },
    { "dtmf", NEEDS_MEDIA, start_timed, NULL, 500 },
    { "listen", NEEDS_MEDIA, start_listen, ",\"dial_call_duration\":5", 5000 },
    { "transcribe", NEEDS_MEDIA, start_timed, NULL, 10000 },
    { "llm", NEEDS_MEDIA, start_timed, ",\"completion_reason\":\"normal conversation end\"", 10000 },
    { "agent", NEEDS_MEDIA, start_timed, ",\"completion_reason\":\"normal conversation end\"", 10000 },
    { "transfer", NEEDS_ANSWERED, start_timed, ",\"transfer_result\":\"bridged\",\"transfer_reason\":\"completed\"", 2000 },
    { "dialogflow", NEEDS_MEDIA, start_timed, ",\"dialogflow_result\":\"completed\"", 10000 },
    { "lex", NEEDS_MEDIA, start_timed, NULL, 10000 },
    { "rasa", NEEDS_MEDIA, start_timed, ",\"rasa_result\":\"completed\"", 10000 },
    { "", ANY_STATE, start_timed, NULL, 0 }          /* dub, leave, rest:dial and whatever else the table lets through */
};

static const kind *find_kind(const char *verb) {
    const kind *k = kinds;
    if (strcmp(verb, "stream") == 0) verb = "listen";
    else if (strlen(verb) >= 3 && strcmp(verb + strlen(verb) - 3, "s2s") == 0) verb = "llm";
    while (*k->verb && strcmp(k->verb, verb) != 0) k++;
    return k;
}

/* May it run now? Answers the call where the verb needs media; false: jambonz skips the verb. */
static bool ready(call *c, const kind *k, const jnode *o) {
    switch (k->needs) {
    case NEEDS_MEDIA:
        if (c->answered) return true;
        if (json_bool(o, "earlyMedia", false) || (strcmp(k->verb, "dial") == 0 && json_bool(o, "answerOnBridge", false))) {
            if (!c->early_media) {
                c->early_media = true;
                call_set_status(c, "early-media", 183, "Session Progress");
                call_status(c, &c->a, "");
            }
        } else call_answer(c);
        return true;
    case NEEDS_ANSWERED: return c->answered;
    case NEEDS_UNANSWERED: return !c->answered;
    default: return true;
    }
}

void task_start(call *c, const jnode *element) {
    const jnode *o;
    const char *verb = verb_name(element, &o);
    const kind *k = find_kind(verb);
    task *t;
    char *text = verb_text(verb, o);
    bool ok = ready(c, k, o);
    ui_verb(c, verb, text, false);
    t = (task *)xcalloc(1, sizeof *t);
    t->c = c;
    t->serial = ++c->serial;
    t->k = k;
    t->verb = *k->verb ? k->verb : verb;
    t->o = o;
    t->id = json_str(o, "id", NULL);
    t->began = now_us();
    c->cur = t;
    if (!ok) {
        free(text);
        call_note(c, "%s is skipped: the call is %s", verb, c->answered ? "answered already" : "not answered");
        task_done(c);
        return;
    }
    t->event = call_event(c, EV_VERB, verb, text, o, -1) ? (long)c->event_n - 1 : -1;
    free(text);
    status_event(c, t, "starting", "");
    if (c->cur == t && !c->gone) k->start(c, t);
}

/* ---- what people do --------------------------------------------------------------------------------------- */

/* What transcribes the call now: verb transcribe, a dial while two people talk, or config in the background. */
static const jnode *transcriber(const call *c) {
    const task *t = c->cur;
    if (c->transcribe_paused || c->gone) return NULL;
    if (t && t->state == RUNNING && strcmp(t->verb, "transcribe") == 0) return t->o;
    if (t && t->bridged && json_get(t->o, "transcribe")) return json_get(t->o, "transcribe");
    return c->answered ? c->transcribe : NULL;
}

static void transcript(call *c, const char *text, double confidence, bool final, int channel) {
    buf b = { NULL, 0, 0 };
    buf_str(&b, ",");
    speech_payload(&b, text, confidence, final, channel);
    send_hook(c, hook_of(transcriber(c), "transcriptionHook"), b.p);
    buf_free(&b);
}

static void transcribed(call *c, const char *text, double confidence, int channel) {
    if (json_bool(json_get(transcriber(c), "recognizer"), "interim", false)) transcript(c, text, confidence, false, channel);
    transcript(c, text, confidence, true, channel);
}

bool task_wants_input(const call *c, bool speech) {
    const task *t = gatherer(c);
    if (c->gone) return false;
    if (t && (speech ? t->takes_speech : t->takes_digits)) return true;
    t = c->cur;
    if (!t || t->state != RUNNING) return speech && c->transcribe && transcriber(c);
    if (!speech && t->play.gather) return true;
    if (!speech && t->bridged && json_get(t->o, "dtmfCapture")) return true;
    if (!speech && strcmp(t->verb, "listen") == 0 && (json_get(t->o, "finishOnKey") || json_bool(t->o, "passDtmf", false)))
        return true;
    return speech && transcriber(c);
}

bool task_can_time_out(const call *c) {
    const task *t = c->cur;
    return t && !c->gone && t->state == RUNNING && strcmp(t->verb, "gather") == 0 && json_num(t->o, "timeout", 15) > 0;
}

static bool press_one(call *c, char digit) {
    task *t = gatherer(c);
    if (t && t->takes_digits) return !gather_digit(c, t, digit);
    t = c->cur;
    if (!t || t->state != RUNNING) return false;
    if (t->play.gather) {
        char *extra = xprintf(",\"digits\":\"%c\",\"reason\":\"dtmfDetected\"", digit);
        confirm_gather_over(c, extra);
        free(extra);
        return false;
    }
    if (t->bridged) return dial_digit(c, t, digit);
    if (strcmp(t->verb, "listen") == 0 && *json_str(t->o, "finishOnKey", "") == digit) {
        char *extra = xprintf(",\"digits\":\"%c\",\"dial_call_duration\":5", digit);
        task_action(c, extra);
        free(extra);
    } else if (json_bool(t->o, "passDtmf", false)) audio_dtmf(c, digit);
    return true;
}

bool task_press(call *c, const char *digits) {
    if (c->cur && c->cur->play.gather) ui_person(c, "%s presses %s", c->cur->b.to, digits);
    else ui_person(c, "the caller presses %s", digits);
    while (*digits && press_one(c, *digits)) digits++;
    return true;
}

bool task_speak(call *c, const char *text, double confidence) {
    task *t = gatherer(c);
    ui_person(c, "the caller says \"%s\"", text);
    if (t && t->takes_speech) return gather_speech(c, t, text, confidence);
    if (transcriber(c)) transcribed(c, text, confidence, 1);
    return true;
}

bool task_far_speak(call *c, const char *text) {
    if (!c->cur || !c->cur->bridged || !transcriber(c)) return false;
    ui_person(c, "%s says \"%s\"", c->cur->b.to, text);
    transcribed(c, text, 0.94, 2);
    return true;
}

bool task_finish(call *c, const char *extra) {
    task *t = c->cur;
    if (!t || t->state != RUNNING) return false;
    if (t->bridged) return task_far_hangup(c);
    if (strcmp(t->verb, "dequeue") == 0) dequeue_over(c, *extra ? extra : ",\"dequeue_result\":\"complete\"");
    else if (*extra) task_action(c, extra);
    else if (t->main.slot) {
        timer_fn *fn = t->main.fn;
        timer_stop(&t->main);
        fn(c);
    } else task_action(c, t->k->payload ? t->k->payload : "");
    return true;
}

/* event, tool: what an LLM verb or a conference reports while it runs. */
bool task_event(call *c, const char *what, const char *name, const char *json) {
    task *t = c->cur;
    bool agent, tool = strcmp(what, "tool") == 0;
    const char *hook;
    char *data;
    if (t && t->state == RUNNING && !tool && strcmp(t->verb, "conference") == 0) {
        if (strcmp(json, "start") != 0) conf_event(c, t, json, 2);
        else if (t->outside) conference_starts(c);
        else return false;
        return true;
    }
    if (!t || t->state != RUNNING || (strcmp(t->verb, "llm") != 0 && strcmp(t->verb, "agent") != 0)) return false;
    agent = strcmp(t->verb, "agent") == 0;
    hook = hook_of(t->o, tool ? "toolHook" : "eventHook");
    if (!hook) return false;
    if (tool) {
        char id[23];
        make_msgid(id);
        data = xprintf("{\"tool_call_id\":\"%s\",\"name\":\"%s\",\"%s\":%s}", id, name, agent ? "arguments" : "args", json);
    } else data = xstrdup(json);
    link_request(c->control, agent ? (tool ? "agent:tool-call" : "agent:event") : tool ? "llm:tool-call" : "llm:event",
                 hook, data, NULL, NULL);
    return true;
}

bool task_tool_output(call *c, const jnode *m) {
    (void)m;
    if (c->cur && (strcmp(c->cur->verb, "llm") == 0 || strcmp(c->cur->verb, "agent") == 0)) return true;
    call_problem(c, "command llm:tool-output while %s runs: it has no effect", c->cur ? c->cur->verb : "no verb");
    return false;
}
