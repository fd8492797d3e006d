/* call.c - one call: how it starts, its stack of verbs, commands, how it ends; and the judgement of the app. */
#define _POSIX_C_SOURCE 200809L
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- judgement -------------------------------------------------------------------------------------------- */

void call_problem(call *c, const char *fmt, ...) {
    buf b = { NULL, 0, 0 };
    va_list ap;
    char text[1024];
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_str(&b, text);
    c->problems++;
    ui_problem(c, text);
    if (!c->problem) c->problem = b.p;
    else buf_free(&b);
}

void call_note(call *c, const char *fmt, ...) {
    va_list ap;
    char text[1024];
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ui_plain(c, "%s", text);
}

event *call_event(call *c, event_class cls, const char *name, const char *text, const jnode *node, long parent) {
    event *e;
    if (!the_script) return NULL;
    if (c->event_n == c->event_cap) {
        c->event_cap = c->event_cap ? c->event_cap * 2 : 32;
        c->events = (event *)xrealloc(c->events, c->event_cap * sizeof *c->events);
    }
    e = &c->events[c->event_n++];
    e->cls = cls;
    e->name = xstrdup(name);
    e->text = xstrdup(text);
    e->node = node;
    e->parent = parent;
    e->used = false;
    return e;
}

void call_keep(call *c, jdoc *d) {
    d->next = c->docs;
    c->docs = d;
}

/* ---- payloads --------------------------------------------------------------------------------------------- */

static void member(buf *b, const char *key, const char *value) {
    if (!value) return;
    buf_fmt(b, "\"%s\":", key);
    buf_json(b, value, strlen(value));
    buf_str(b, ",");
}

/* The J shape (PROTOCOL 2.3): what every message but the first carries. */
void call_info(buf *b, const call *c, const leg *g) {
    const jnode *s = c->session;
    member(b, "call_sid", g->sid);
    member(b, "direction", g->direction);
    member(b, "from", g->from);
    member(b, "to", g->to);
    member(b, "call_id", json_str(s, "call_id", "4c1f7be2-90ab-123d-7f86-0a1b2c3d4e5f"));
    member(b, "sbc_callid", json_str(s, "sbc_callid", "8f14e45f-ea2b-4d4b-9c1e@198.51.100.7"));
    buf_fmt(b, "\"sip_status\":%d,", g->sip_status);
    member(b, "sip_reason", g->sip_reason);
    member(b, "call_status", g->status);
    member(b, "account_sid", json_str(s, "account_sid", "6a1f0c52-2f0e-4f0a-9f0e-8d2b7a4c1e90"));
    member(b, "trace_id", c->trace);
    member(b, "application_sid", json_str(s, "application_sid", NULL));
    member(b, "fs_sip_address", json_str(s, "local_sip_address", json_str(s, "fs_sip_address", "10.20.30.40:5060")));
    member(b, "originating_sip_ip", json_str(s, "originating_sip_ip", NULL));
    member(b, "originating_sip_trunk_name", json_str(s, "originating_sip_trunk_name", NULL));
    if (g->b_leg) member(b, "parent_call_sid", c->a.sid);
    if (g->b_leg ? g->tag != NULL : c->customer_data != NULL) {
        buf_str(b, "\"customerData\":");
        if (g->b_leg) json_write(b, g->tag);
        else buf_str(b, c->customer_data);
        buf_str(b, ",");
    }
    member(b, "api_base_url", "https://api.example.net/v1");
    member(b, "fs_public_ip", json_str(s, "public_ip", json_str(s, "fs_public_ip", "198.51.100.20")));
    b->p[--b->n] = 0;                                /* the last comma */
}

char *call_payload(const call *c, const leg *g, const char *extra_fmt, ...) {
    buf b = { NULL, 0, 0 };
    va_list ap;
    va_list again;
    int n;
    buf_str(&b, "{");
    call_info(&b, c, g);
    va_start(ap, extra_fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, extra_fmt, ap);
    va_end(ap);
    if (n > 0) {
        char *extra = (char *)xmalloc((size_t)n + 1);
        vsnprintf(extra, (size_t)n + 1, extra_fmt, again);
        if (extra[0] != ',') buf_str(&b, ",");
        buf_add(&b, extra, (size_t)n);
        free(extra);
    }
    va_end(again);
    buf_str(&b, "}");
    return b.p;
}

void call_status(call *c, const leg *g, const char *extra) {
    if (c->call_status_off || c->closing) return;
    link_request(c->notifier, "call:status", NULL, call_payload(c, g, "%s", extra), NULL, NULL);
}

void call_set_status(call *c, const char *status, int sip, const char *reason) {
    c->a.status = status;
    c->a.sip_status = sip;
    c->a.sip_reason = reason;
}

/* ---- life ------------------------------------------------------------------------------------------------- */

static void on_lifetime(void *ctx) {
    call *c = (call *)ctx;
    call_problem(c, "the call still runs after 10 minutes: given up");
    call_hangup(c, "caller");
}

call *call_new(long number) {
    call *c = (call *)xcalloc(1, sizeof *c);
    buf b = { NULL, 0, 0 };
    char why[120];
    c->number = number;
    c->first_ack_ms = -1;
    c->outbound = opt.outbound;
    make_uuid(c->a.sid);
    make_hex(c->trace, 32);
    json_write(&b, opt.session->root);
    c->session_doc = json_parse(b.p, b.n, why);
    buf_free(&b);
    json_set_str(c->session_doc, c->session_doc->root, "call_sid", c->a.sid);
    c->session = c->session_doc->root;
    c->a.direction = c->outbound ? "outbound" : "inbound";
    c->a.from = xstrdup(json_str(c->session, "from", ""));
    c->a.to = xstrdup(json_str(c->session, "to", ""));
    call_set_status(c, "trying", 100, "Trying");
    c->outbound_result = "answer";
    return c;
}

peer *call_open_link(call *c, const ws_url *url) {
    peer *l = link_new(c, url);
    if (c->link_count == sizeof c->links / sizeof *c->links)
        die(1, "more than %lu application sockets in one call", (unsigned long)c->link_count);
    return c->links[c->link_count++] = l;
}

void call_free(call *c) {
    size_t i;
    task_kill(c);
    background_stop(c);
    timer_stop(&c->script_timer); timer_stop(&c->give_up); timer_stop(&c->lifetime); timer_stop(&c->end_timer);
    speech_free(c);
    audio_free(c);
    for (i = 0; i < c->link_count; i++) link_free(c->links[i]);
    while (c->docs) {
        jdoc *next = c->docs->next;
        json_free(c->docs);
        c->docs = next;
    }
    json_free(c->session_doc);
    for (i = 0; i < c->event_n; i++) { free(c->events[i].name); free(c->events[i].text); }
    free(c->events);
    free(c->stack);
    free(c->customer_data);
    free(c->problem);
    free(c->a.from);
    free(c->a.to);
    free(c);
}

static void send_session_new(call *c) {
    buf b = { NULL, 0, 0 };
    if (c->outbound) {                               /* J shape plus what the session brings: no sip, no caller_name */
        const jnode *k;
        buf_str(&b, "{");
        call_info(&b, c, &c->a);
        for (k = c->session->first; k; k = k->next)
            if (strcmp(k->key, "env_vars") == 0 || strcmp(k->key, "defaults") == 0
                || (strcmp(k->key, "customerData") == 0 && !c->customer_data)) {
                buf_fmt(&b, ",\"%s\":", k->key);
                json_write(&b, k);
            }
        buf_str(&b, "}");
    } else json_write(&b, c->session);
    c->started_session = true;
    link_request(c->control, "session:new", NULL, b.p, call_session_ack, NULL);
}

static void outbound_answered(void *ctx) {
    call *c = (call *)ctx;
    if (c->gone) return;
    if (strcmp(c->outbound_result, "answer") != 0) {
        bool busy = strcmp(c->outbound_result, "busy") == 0, none = strcmp(c->outbound_result, "no-answer") == 0;
        call_set_status(c, c->outbound_result, busy ? 486 : none ? 487 : 503, busy ? "Busy Here"
                        : none ? "Request Terminated" : "Service Unavailable");
        ui_person(c, "the called party does not take the call: %s", c->outbound_result);
        call_hangup(c, "outdial");
        return;
    }
    c->answered = true;
    ui_person(c, "the called party answers");
    call_set_status(c, "in-progress", 200, "OK");
    call_status(c, &c->a, "");
    send_session_new(c);
    script_kick(c);
}

static void outbound_ringing(void *ctx) {
    call *c = (call *)ctx;
    if (c->gone) return;
    call_set_status(c, "ringing", 180, "Ringing");
    call_status(c, &c->a, "");
    timer_set_scaled(&c->end_timer, 2000, outbound_answered, c);
    script_kick(c);
}

void call_start(call *c) {
    c->started = now_us();
    c->control = c->notifier = call_open_link(c, &opt.parsed);
    script_kick(c);                                  /* "set" lines and "drop before-ack" come before the first frame */
    if (c->over) return;
    timer_set(&c->lifetime, 600000, on_lifetime, c);
    ui_person(c, c->outbound ? "%s calls %s" : "%s calls %s", c->a.from, c->a.to);
    json_set_str(c->session_doc, c->session_doc->root, "from", c->a.from);
    json_set_str(c->session_doc, c->session_doc->root, "to", c->a.to);
    if (c->outbound) {
        link_request(c->notifier, "call:status", NULL, call_payload(c, &c->a, "%s", ""), NULL, NULL);
        timer_set_scaled(&c->end_timer, 500, outbound_ringing, c);
    } else send_session_new(c);
}

static void session_ready(void *ctx) {
    call *c = (call *)ctx;
    c->setting_up = false;
    call_status(c, &c->a, "");                       /* trying */
    call_replace(c, c->first_verbs);
}

void call_session_ack(call *c, void *arg, outcome how, const jnode *data, const char *invalid) {
    (void)arg;
    if (c->gone) return;
    if (!c->outbound) {
        if (how == FAILED || !data || data->type != J_ARRAY || data->count == 0 || invalid) {
            call_abort(c, 480, 1001);
            return;
        }
        c->first_verbs = data;                       /* the server sets the session up now and hears no command meanwhile */
        c->setting_up = true;
        timer_set(&c->end_timer, 2, session_ready, c);
        return;
    }
    if (how == ACKED && data && data->type == J_ARRAY && !invalid && data->count) call_replace(c, data);
    else call_next(c);
}

void call_answer(call *c) {
    if (c->answered) return;
    c->answered = true;
    call_set_status(c, "in-progress", 200, "OK");
    call_status(c, &c->a, "");
}

/* ---- the stack -------------------------------------------------------------------------------------------- */

void call_replace(call *c, const jnode *verbs) {
    const jnode *k;
    if (c->gone) return;
    c->stack_n = c->stack_at = 0;
    c->stack = (const jnode **)xrealloc(c->stack, (verbs->count + 1) * sizeof *c->stack);
    for (k = verbs->first; k; k = k->next) c->stack[c->stack_n++] = k;
    if (c->cur) task_kill(c);                        /* the next verb follows when the killed one is done */
    else call_next(c);
}

static void append_verbs(call *c, const jnode *verbs) {
    const jnode *k;
    c->stack = (const jnode **)xrealloc(c->stack, (c->stack_n + verbs->count + 1) * sizeof *c->stack);
    for (k = verbs->first; k; k = k->next) c->stack[c->stack_n++] = k;
    if (c->idle) call_next(c);
}

static void give_up_idle(void *ctx) {
    call *c = (call *)ctx;
    if (!c->idle || c->gone) return;
    ui_person(c, "the caller hears nothing more and hangs up");
    call_hangup(c, "caller");
}

static void next_verb(void *ctx) {
    call *c = (call *)ctx;
    if (c->gone || c->cur) return;
    if (c->stack_at < c->stack_n) {
        c->idle = false;
        task_start(c, c->stack[c->stack_at++]);
        script_kick(c);
        return;
    }
    if (link_graceful(c->control)) {                 /* nothing more can come */
        if (c->idle) return;
        ui_plain(c, "the verbs have run out and the app has closed with 1000: jambonz hangs up");
        call_hangup(c, "jambonz");
        return;
    }
    if (!c->idle) {
        c->idle = true;
        ui_plain(c, "no verbs left: the call stays up in silence until a command comes");
        call_event(c, EV_IDLE, "idle", "", NULL, -1);
    }
    if (!the_script && !c->gone) timer_set_scaled(&c->give_up, 20000, give_up_idle, c);
    main_prompt(c);
    script_kick(c);
}

void call_next(call *c) { timer_set(&c->give_up, 0, next_verb, c); }

bool call_will_hang_up(const call *c) {
    size_t i;
    const jnode *o, *k;
    if (c->gone || c->hangup_pending) return true;
    for (i = c->stack_at; i < c->stack_n; i++) {
        const char *verb = verb_name(c->stack[i], &o);
        if (verb && strcmp(verb, "hangup") == 0) return true;
    }
    for (k = c->setting_up ? c->first_verbs->first : NULL; k; k = k->next)
        if (strcmp(verb_name(k, &o), "hangup") == 0) return true;
    return false;
}

/* ---- the end ---------------------------------------------------------------------------------------------- */

static void call_over(void *ctx) {
    call *c = (call *)ctx;
    if (c->over) return;
    c->over = true;
    c->ended = now_us();
    timer_stop(&c->lifetime);
    script_kick(c);                                  /* what it still expects can never come */
    main_call_over(c);
}

static void maybe_over(call *c) {
    size_t i;
    if (!c->closing) return;
    for (i = 0; i < c->link_count; i++)
        if (!link_finished(c->links[i]) || link_connected(c->links[i])) return;
    timer_set(&c->end_timer, 0, call_over, c);
}

static void close_links(call *c, int code) {
    size_t i;
    c->closing = true;
    for (i = 0; i < c->link_count; i++) link_close(c->links[i], code);
    maybe_over(c);
}

static void stop_everything(call *c) {
    c->gone = true;
    c->idle = false;
    timer_stop(&c->give_up);
    timer_stop(&c->end_timer);
    task_kill(c);
    background_stop(c);
    speech_stop(c, false);
    audio_stop(c);
    c->stack_n = c->stack_at = 0;
}

void call_hangup(call *c, const char *by) {
    double seconds = (double)(now_us() - c->started) / 1e6 * sim_speed;
    char extra[120];
    if (c->gone) return;
    stop_everything(c);
    if (strcmp(by, "outdial") == 0) extra[0] = 0;
    else if (c->answered) {
        call_set_status(c, "completed", 200, "OK");
        snprintf(extra, sizeof extra, ",\"call_termination_by\":\"%s\",\"duration\":%d", by, (int)seconds);
    } else {
        call_set_status(c, "no-answer", 487, "Request Terminated");
        snprintf(extra, sizeof extra, ",\"call_termination_by\":\"%s\"", by);
    }
    call_event(c, EV_END, by, c->a.status, NULL, -1);
    ui_plain(c, "the call is over (%s, ended by %s)", c->a.status, strcmp(by, "outdial") == 0 ? "the called party" : by);
    if (link_connected(c->notifier)) call_status(c, &c->a, extra);
    close_links(c, 1000);
}

void call_abort(call *c, int sip_status, int close_code) {
    if (c->gone) return;
    stop_everything(c);
    call_set_status(c, "failed", sip_status, "Temporarily Unavailable");
    call_event(c, EV_END, "jambonz", "failed", NULL, -1);
    ui_plain(c, "jambonz answers the caller with SIP %d", sip_status);
    close_links(c, close_code);
}

void call_link_closed(call *c, peer *l) {
    (void)l;
    maybe_over(c);
}

/* A socket is gone and jambonz does not try again. */
void call_link_lost(call *c, peer *l, const char *why, bool never_connected) {
    if (c->gone) { maybe_over(c); return; }
    if (l != c->control && l != c->notifier) return;
    if (never_connected && l == c->control && c->link_count == 1) {
        c->cannot_connect = true;
        c->problem = c->problem ? c->problem : xprintf("cannot connect to %s: %s", link_url(l)->shown, why);
        stop_everything(c);
        call_event(c, EV_END, "jambonz", "failed", NULL, -1);
        c->closing = true;
        maybe_over(c);
        return;
    }
    if (never_connected) {
        call_problem(c, "cannot connect to %s: %s", link_url(l)->shown, why);
        call_hangup(c, "jambonz");
        return;
    }
    /* queued verbs run to the end, then jambonz hangs up; an idle call just sits */
    if (link_graceful(l)) {
        if (c->idle) {
            ui_plain(c, "the caller is left in silence and hangs up");
            call_hangup(c, "caller");
        }
        return;
    }
    call_note(c, "no way back to the app (%s): the verbs it sent run to their end", why);
    if (c->idle) call_hangup(c, "caller");
}

/* ---- commands --------------------------------------------------------------------------------------------- */

static void redirect_ack(call *c, void *arg, outcome how, const jnode *data, const char *invalid) {
    (void)arg;
    if (c->gone || how == FAILED || invalid) return;
    if (!data) { if (c->cur) task_kill(c); }
    else if (data->count == 0 && c->idle) call_hangup(c, "jambonz");
    else call_replace(c, data);
}

static void command_redirect(call *c, peer *l, const jnode *data, bool queue) {
    const jnode *hook = json_get(data, "call_hook"), *parent = json_get(data, "parent_call");
    const char *url = hook && hook->type == J_STRING ? hook->text : json_str(hook, "url", NULL);
    if (data->type == J_ARRAY) {
        if (data->count == 0 && c->idle) {
            call_problem(c, "command redirect with [] on an idle call: jambonz ends the call");
            call_hangup(c, "jambonz");
        } else if (queue) append_verbs(c, data);
        else call_replace(c, data);
    } else if (url && strncmp(url, "http", 4) == 0) {
        call_note(c, "redirect to a webhook: the session leaves the socket");
        link_close(l, 1000);
        call_hangup(c, "jambonz");
    } else if (url) link_request(l, "session:redirect", url, call_payload(c, &c->a, "%s", ""), redirect_ack, NULL);
    else if (parent && parent->type == J_ARRAY) call_replace(c, parent);
}

static void command_call_status(call *c, const jnode *data) {
    const char *s = json_str(data, "call_status", "");
    if (strcmp(s, "completed") == 0 && c->answered) { c->ending_by_app = true; call_hangup(c, "jambonz"); }
    else if (strcmp(s, "no-answer") == 0 && !c->answered) { c->ending_by_app = true; call_hangup(c, "jambonz"); }
    else if (strcmp(s, "completed") != 0 && strcmp(s, "no-answer") != 0)
        call_problem(c, "command call:status: call_status is \"%.40s\", only completed and no-answer exist", s);
    else call_note(c, "call:status %s has no effect on %s call", s, c->answered ? "an answered" : "an unanswered");
}

void call_command(call *c, peer *l, const jnode *m) {
    const char *name = json_str(m, "command", "");
    const jnode *data = json_get(m, "data");
    if (c->gone) return;
    if (!c->outbound && (c->setting_up || !c->first_verbs)) {
        call_problem(c, "command %s arrived %s the ack of session:new: jambonz does not listen yet and loses it", name,
                     c->setting_up ? "with" : "before");
        return;
    }
    if (strcmp(name, "redirect") == 0) command_redirect(c, l, data, json_truthy(json_get(m, "queueCommand")));
    else if (strcmp(name, "call:status") == 0) command_call_status(c, data);
    else if (strcmp(name, "config") == 0) task_apply_config(c, data);
    else if (strncmp(name, "tts:", 4) == 0) speech_command(c, name, data);
    else if (strcmp(name, "listen:status") == 0 || strcmp(name, "stream:status") == 0)
        audio_pause(c, strcmp(json_str(data, "listen_status", json_str(data, "stream_status", "")), "pause") == 0);
    else if (strcmp(name, "transcribe:status") == 0)
        c->transcribe_paused = strcmp(json_str(data, "transcribe_status", ""), "pause") == 0;
    else if (strcmp(name, "llm:tool-output") == 0) task_tool_output(c, m);
    else if (strcmp(name, "tag") == 0 && !check_v10)
        call_note(c, "command tag has no effect over a WebSocket on the open-source server");
}
