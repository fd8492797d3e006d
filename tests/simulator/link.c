/* link.c - one application URL as jambonz's WsRequestor treats it: connect, request, ack, queue, reconnect.
 *
 * The odd corners are the real client's (PROTOCOL 1.2-1.4, 9.1), kept on purpose, because apps meet them:
 *  - a drop before the first ack moves the waiting session:new to the session:reconnect; its ack is then the answer to
 *    session:new, but everything sent later stays queued until the socket is dropped once more;
 *  - any ack, even of a wrong msgid, ends that special state;
 *  - while a session:reconnect waits for its ack everything queues, notifications too;
 *  - close 1000 makes every later request resolve at once without verbs. */
#define _POSIX_C_SOURCE 200809L
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { S_WAITING, S_ACKED, S_LATE, S_ABANDONED, S_NOTIFICATION } sent_state;
typedef struct { char msgid[23]; const char *type; char *hook; sent_state state; int64_t at; } sent;

typedef struct request request;
struct request {
    request *next;
    peer *l;
    const char *type;
    char *hook, *data;
    bool wants_ack;
    reply_fn *reply;
    void *arg;
    char msgid[23];
    size_t sent_at;                                  /* index in l->sent */
    timer timer;
};

struct peer {
    call *c;
    int number;
    ws_url url;
    ws *ws;
    bool open, connecting, graceful, finished, provoked, drop_armed, sid_known, quiet_close;
    int connections, max_connections, tries;
    unsigned retry_on;                               /* rp: bit 0 ct, 1 4xx, 2 5xx, 3 all */
    double backoff_ms;
    timer again;
    request *first;                                  /* the request whose sending opens the socket */
    request *queue, *flight;
    char *session_data;
    char init_msgid[23];                             /* session:new that was never acked, or "" */
    bool unacked_reconnect;                          /* the session:reconnect on the wire has no ack yet */
    bool reconnect_pending;                          /* messages wait for the ack of a session:reconnect */
    int own_code;
    sent *sent;
    size_t sent_n, sent_cap;
};

static const char *const no_ack_types[] = {
    "call:status", "verb:status", "jambonz:error", "llm:event", "llm:tool-call", "tts:tokens-result", "tts:streaming-event",
    "agent:event", "agent:tool-call", NULL
};

static bool type_wants_ack(const char *type) {
    size_t i;
    for (i = 0; no_ack_types[i]; i++)
        if (strcmp(no_ack_types[i], type) == 0) return false;
    return true;
}

static void do_request(peer *l, request *r);
static const ws_handler handler;

/* ---- life ------------------------------------------------------------------------------------------------- */

/* #rc=3&rp=ct,5xx behind the URL: how often and after which failures the real client tries again. */
static void read_fragment(peer *l) {
    const char *rc = strstr(l->url.fragment, "rc="), *rp = strstr(l->url.fragment, "rp=");
    int n = rc ? abs(atoi(rc + 3)) : 5;
    l->max_connections = n == 0 || n > 5 ? 5 : n;
    l->retry_on = 1;
    if (rp) {
        l->retry_on = 0;
        if (strstr(rp, "ct")) l->retry_on |= 1;
        if (strstr(rp, "4xx")) l->retry_on |= 2;
        if (strstr(rp, "5xx")) l->retry_on |= 4;
        if (strstr(rp, "all")) l->retry_on |= 8;
    }
}

peer *link_new(call *c, const ws_url *url) {
    peer *l = (peer *)xcalloc(1, sizeof *l);
    char why[200];
    char *text = xprintf("%s#%s", url->shown, url->fragment);
    ws_url_parse(&l->url, text, why, sizeof why);
    free(text);
    if (url->user) { l->url.user = xstrdup(url->user); l->url.pass = xstrdup(url->pass); }
    l->c = c;
    l->number = (int)c->link_count + 1;
    l->backoff_ms = 500;
    read_fragment(l);
    return l;
}

static void request_free(request *r) {
    timer_stop(&r->timer);
    free(r->hook);
    free(r->data);
    free(r);
}

static void list_free(request *r) {
    while (r) {
        request *next = r->next;
        request_free(r);
        r = next;
    }
}

void link_free(peer *l) {
    size_t i;
    if (!l) return;
    timer_stop(&l->again);
    ws_drop(l->ws);
    list_free(l->queue);
    list_free(l->flight);
    list_free(l->first);
    for (i = 0; i < l->sent_n; i++) free(l->sent[i].hook);
    free(l->sent);
    free(l->session_data);
    ws_url_free(&l->url);
    free(l);
}

int link_number(const peer *l) { return l->number; }
const ws_url *link_url(const peer *l) { return &l->url; }
bool link_quiet(const peer *l) { return !l->flight; }
bool link_connected(const peer *l) { return l->open; }
bool link_finished(const peer *l) { return l->finished; }
bool link_resumed(const peer *l) { return l->open && l->connections > 1 && !l->unacked_reconnect; }
bool link_drop_pending(const peer *l) { return l->drop_armed; }
bool link_graceful(const peer *l) { return l->graceful; }

/* ---- sending ---------------------------------------------------------------------------------------------- */

static void append(request **list, request *r) {
    while (*list) list = &(*list)->next;
    r->next = NULL;
    *list = r;
}

static void take_out(request **list, request *r) {
    while (*list && *list != r) list = &(*list)->next;
    if (*list) *list = r->next;
}

/* a request after close 1000: "no verbs", but never from inside the caller */
static void resolve_later(void *ctx) {
    request *r = (request *)ctx;
    peer *l = r->l;
    call *c = l->c;
    take_out(&l->flight, r);
    if (r->reply) r->reply(c, r->arg, ACKED, NULL, NULL);
    request_free(r);
    script_kick(c);
}

static void reject(peer *l, request *r) {
    if (r->reply && !l->finished) r->reply(l->c, r->arg, FAILED, NULL, NULL);
    request_free(r);
}

static void reject_list(peer *l, request **list) {
    request *r = *list;
    *list = NULL;
    while (r) {
        request *next = r->next;
        if (r->sent_at < l->sent_n && l->sent[r->sent_at].state == S_WAITING) l->sent[r->sent_at].state = S_ABANDONED;
        reject(l, r);
        r = next;
    }
}

static void on_ack_timeout(void *ctx) {
    request *r = (request *)ctx;
    peer *l = r->l;
    call *c = l->c;
    bool reconnect = strcmp(r->type, "session:reconnect") == 0;
    take_out(&l->flight, r);
    l->sent[r->sent_at].state = S_LATE;
    call_problem(c, "no ack for %s%s%s within 5000 ms", r->type, r->hook ? " " : "", r->hook ? r->hook : "");
    if (reconnect) {
        reject_list(l, &l->queue);
        request_free(r);
        if (c->answered || !c->outbound) call_hangup(c, "jambonz");       /* reconnect-error: jambonz hangs up */
        return;
    }
    reject(l, r);
    script_kick(c);
}

static bool shows_hook(const char *type) {
    static const char *const types[] = { "verb:hook", "dial:confirm", "session:redirect", "llm:event", "llm:tool-call",
                                         "agent:event", "agent:tool-call", NULL };
    size_t i;
    for (i = 0; types[i]; i++)
        if (strcmp(types[i], type) == 0) return true;
    return false;
}

static size_t remember(peer *l, const request *r, sent_state state) {
    sent *s;
    if (l->sent_n == l->sent_cap) {
        l->sent_cap = l->sent_cap ? l->sent_cap * 2 : 16;
        l->sent = (sent *)xrealloc(l->sent, l->sent_cap * sizeof *l->sent);
    }
    s = &l->sent[l->sent_n];
    memcpy(s->msgid, r->msgid, sizeof s->msgid);
    s->type = r->type;
    s->hook = r->hook ? xstrdup(r->hook) : NULL;
    s->state = state;
    s->at = now_us();
    return l->sent_n++;
}

static void put_on_wire(peer *l, request *r) {
    buf b = { NULL, 0, 0 };
    buf_fmt(&b, "{\"type\":\"%s\",\"msgid\":\"%s\"", r->type, r->msgid);
    if (l->sid_known) buf_fmt(&b, ",\"call_sid\":\"%s\"", l->c->a.sid);
    if (shows_hook(r->type) && r->hook) {
        buf_str(&b, ",\"hook\":");
        buf_json(&b, r->hook, strlen(r->hook));
    }
    buf_fmt(&b, ",\"data\":%s", r->data);
    if (strncmp(r->type, "verb:hook", 9) == 0 || strcmp(r->type, "session:new") == 0) {
        char span[17];
        make_hex(span, 16);
        buf_fmt(&b, ",\"b3\":\"%s-%s-1\"", l->c->trace, span);
    }
    buf_str(&b, "}");
    ui_sent(l->c, l, r->type, r->hook, b.p, b.n);
    ws_send(l->ws, true, b.p, b.n);
    buf_free(&b);
    call_event(l->c, EV_SENT, r->type, r->hook ? r->hook : "", NULL, -1);
}

static void send_queued(peer *l) {
    request *r = l->queue;
    l->queue = NULL;
    while (r) {
        request *next = r->next;
        r->next = NULL;
        do_request(l, r);
        r = next;
    }
}

static void lost_socket(peer *l);

static void send_now(peer *l, request *r) {
    bool takes_over = false, wants_ack = r->wants_ack;
    make_msgid(r->msgid);
    if (strcmp(r->type, "session:new") == 0 || strcmp(r->type, "session:adulting") == 0) {
        free(l->session_data);
        l->session_data = xstrdup(r->data);
        if (r->type[8] == 'n') memcpy(l->init_msgid, r->msgid, sizeof l->init_msgid);
    }
    if (strcmp(r->type, "session:reconnect") == 0 && *l->init_msgid) {
        request *first = l->flight;                  /* the waiting session:new lives on under this msgid, without a timer */
        while (first && strcmp(first->msgid, l->init_msgid) != 0) first = first->next;
        if (first) {
            timer_stop(&first->timer);
            l->sent[first->sent_at].state = S_ABANDONED;
            memcpy(first->msgid, r->msgid, sizeof first->msgid);
            first->sent_at = remember(l, r, S_WAITING);
        }
        memcpy(l->init_msgid, r->msgid, sizeof l->init_msgid);
        takes_over = true;
    }
    if (!r->wants_ack || takes_over) {
        if (!takes_over) r->sent_at = remember(l, r, S_NOTIFICATION);
        put_on_wire(l, r);
        request_free(r);
    } else {
        r->sent_at = remember(l, r, S_WAITING);
        append(&l->flight, r);
        timer_set(&r->timer, ACK_MS, on_ack_timeout, r);
        put_on_wire(l, r);
    }
    if (l->drop_armed && wants_ack) {
        l->drop_armed = false;
        call_note(l->c, "the network drops before the ack");
        link_drop(l);
        return;
    }
    if (!l->reconnect_pending || takes_over) send_queued(l);
}

static void start_connecting(peer *l) {
    ws_options o;
    ws_url u;
    char why[200];
    if (l->connections > 0 && l->c->reconnect_url && l->number == 1 && ws_url_parse(&u, l->c->reconnect_url, why, sizeof why)) {
        ws_url_free(&l->url);
        l->url = u;
    }
    memset(&o, 0, sizeof o);
    o.subprotocol = "ws.jambonz.org";
    o.max_payload = MAX_PAYLOAD;
    l->connecting = true;
    timer_stop(&l->again);
    l->ws = ws_connect(&l->url, &o, &handler, l);
}

static void do_request(peer *l, request *r) {
    bool reconnect = strcmp(r->type, "session:reconnect") == 0;
    if (l->graceful || l->finished) {
        if (!r->wants_ack) { request_free(r); return; }
        append(&l->flight, r);
        timer_set(&r->timer, 0, resolve_later, r);
        return;
    }
    if (strcmp(r->type, "session:new") == 0) l->sid_known = true;
    if (!l->open) {
        if (l->connecting || l->first) { append(&l->queue, r); return; }
        if (l->connections >= l->max_connections || (opt.no_reconnect && l->connections > 0)) { reject(l, r); return; }
        l->first = r;
        start_connecting(l);
        return;
    }
    if (!reconnect && l->reconnect_pending) { append(&l->queue, r); return; }
    send_now(l, r);
}

void link_request(peer *l, const char *type, const char *hook, char *data, reply_fn *reply, void *arg) {
    request *r = (request *)xcalloc(1, sizeof *r);
    r->l = l;
    r->type = type;
    r->hook = hook ? xstrdup(hook) : NULL;
    r->data = data;
    r->reply = reply;
    r->arg = arg;
    r->wants_ack = type_wants_ack(type);
    r->sent_at = (size_t)-1;
    do_request(l, r);
}

/* ---- the socket's life ------------------------------------------------------------------------------------ */

static void on_open(void *ctx) {
    peer *l = (peer *)ctx;
    request *first = l->first;
    l->connecting = false;
    l->open = l->c->reached = true;
    l->connections++;
    l->first = NULL;
    ui_socket(l->c, l, l->connections > 1 ? "reconnected" : "connected", 0, "");
    if (l->connections > 1) {
        request *r = (request *)xcalloc(1, sizeof *r);
        r->l = l;
        r->type = "session:reconnect";
        r->wants_ack = true;
        r->data = xstrdup(l->session_data ? l->session_data : "{}");
        l->reconnect_pending = l->unacked_reconnect = true;
        do_request(l, r);
    }
    if (first) do_request(l, first);
    else if (!l->reconnect_pending) send_queued(l);
    script_kick(l->c);
}

static void connect_again(void *ctx) {
    peer *l = (peer *)ctx;
    if (!l->open && !l->connecting && !l->finished) start_connecting(l);
}

static double next_backoff(peer *l) {
    double ms = l->backoff_ms;
    l->backoff_ms = ms < 2000 ? ms * 2 : ms + 2000;
    return ms;
}

static void schedule_again(peer *l) { timer_set_scaled(&l->again, next_backoff(l), connect_again, l); }

static void on_fail(void *ctx, ws_failure kind, int status, const char *why) {
    peer *l = (peer *)ctx;
    call *c = l->c;
    bool first_time = l->connections == 0;
    request *r;
    l->ws = NULL;
    l->connecting = false;
    ui_socket(c, l, "connect failed", status, why);
    if (first_time) {
        bool again = !opt.no_reconnect && l->tries < l->max_connections
            && ((l->retry_on & 8) || ((l->retry_on & 1) && kind == WSF_REFUSED) || ((l->retry_on & 2) && status / 100 == 4)
                || ((l->retry_on & 4) && status / 100 == 5));
        l->tries++;
        if (again && !c->over) {
            call_note(c, "jambonz tries again in %.0f ms", l->backoff_ms);
            schedule_again(l);
            return;
        }
        r = l->first;
        l->first = NULL;
        l->finished = true;
        if (r) request_free(r);
        call_link_lost(c, l, why, true);
        return;
    }
    r = l->first;
    l->first = NULL;
    if (kind != WSF_HTTP && l->connections < l->max_connections && !l->graceful) schedule_again(l);
    else if (!r) { call_link_lost(c, l, why, false); return; }
    if (r) reject(l, r);
    script_kick(c);
}

/* What the real client does after any close but 1000. */
static void lost_socket(peer *l) {
    bool unacked_reconnect = !*l->init_msgid && l->reconnect_pending && l->flight
        && strcmp(l->flight->type, "session:reconnect") == 0;
    if (!*l->init_msgid) reject_list(l, &l->flight);
    if (unacked_reconnect && !l->finished && !l->c->closing) {
        call_note(l->c, "the connection was lost while session:reconnect had no ack: jambonz hangs up");
        call_hangup(l->c, "jambonz");
        return;
    }
    if (l->finished || l->graceful || l->c->closing) return;
    if (opt.no_reconnect || l->connections >= l->max_connections) {
        call_note(l->c, "jambonz does not reconnect any more (%d connections)", l->connections);
        call_link_lost(l->c, l, "no reconnect left", false);
        return;
    }
    l->reconnect_pending = false;
    schedule_again(l);
}

static void judge_close(peer *l, int code, const char *reason, int own_code, const char *detail) {
    call *c = l->c;
    if (*detail && own_code != 1000) {
        call_problem(c, own_code == 1009 ? "the app sent %s (jambonz closes with 1009, the message is lost)"
                     : "the app broke RFC 6455: %s (jambonz closes)", detail);
        return;
    }
    if (own_code == 1000 || own_code == 1001) {      /* we had closed: the echo is expected */
        if (code == 1006) call_problem(c, "the app dropped the connection without answering close %d", own_code);
        else if (code != own_code && code != 1000 && code != 1012)
            call_problem(c, "the app answered close %d with %d", own_code, code);
        return;
    }
    if (code == 1000) {
        if (!call_will_hang_up(c))
            call_problem(c, "close 1000 on a call that was not hung up: the caller is left in silence; send hangup first");
        return;
    }
    if (code == 1012) return;
    if (l->provoked && (code == 1002 || code == 1007 || code == 1009)) return;
    if (code == 1006) call_problem(c, "the app dropped the connection without a close frame (1006)");
    else call_problem(c, "the app closed with %d%s%s%s: jambonz reconnects after any code but 1000", code, *reason ? " \""
                      : "", reason, *reason ? "\"" : "");
}

static void on_close(void *ctx, int code, const char *reason, int own_code, const char *detail) {
    peer *l = (peer *)ctx;
    call *c = l->c;
    char text[24];
    l->open = false;
    l->ws = NULL;
    snprintf(text, sizeof text, "%d", code);
    ui_socket(c, l, own_code ? (code == 1006 ? "gone" : "close answered") : code == 1006 ? "dropped by the app"
              : "closed by the app", code, *detail ? detail : reason);
    judge_close(l, code, reason, own_code, detail);
    if (own_code && own_code != 1000) snprintf(text, sizeof text, "%d", own_code);
    call_event(c, EV_CLOSE, text, reason, NULL, -1);
    l->provoked = false;
    if (own_code == 1000 || own_code == 1001 || l->finished) {
        l->finished = true;
        call_link_closed(c, l);
    } else if (code == 1000) {
        l->graceful = true;
        l->reconnect_pending = false;
        call_link_lost(c, l, "closed with 1000", false);
    } else lost_socket(l);
    script_kick(c);
}

void link_drop(peer *l) {
    if (!l->ws) return;
    ws_drop(l->ws);
    l->ws = NULL;
    if (!l->open) { l->connecting = false; return; }
    l->open = false;
    ui_socket(l->c, l, "network lost", 1006, "by the script");
    lost_socket(l);
}

void link_drop_before_ack(peer *l) { l->drop_armed = true; }

void link_close(peer *l, int code) {
    if (l->finished) return;
    timer_stop(&l->again);
    reject_list(l, &l->queue);
    if (!l->open) {
        if (l->ws) ws_drop(l->ws);
        l->ws = NULL;
        l->finished = true;
        list_free(l->flight);
        l->flight = NULL;
        call_link_closed(l->c, l);
        return;
    }
    l->finished = true;                              /* replies that still come are not read any more */
    list_free(l->flight);
    l->flight = NULL;
    l->own_code = code;
    ui_socket(l->c, l, "jambonz closes", code, "");
    ws_close(l->ws, code);
}

void link_send_raw(peer *l, const char *p, size_t n, bool framed) {
    l->provoked = true;
    if (framed) ws_send(l->ws, true, p, n);
    else ws_send_raw(l->ws, p, n);
}

/* ---- what the app sends ----------------------------------------------------------------------------------- */

static void invalid_message(peer *l, const char *details, const char *p, size_t n) {
    buf b = { NULL, 0, 0 };
    call_problem(l->c, "invalid message: %s: %.80s%s", details, p, n > 80 ? "..." : "");
    buf_str(&b, "{\"msg\":\"InvalidMessage\",\"details\":");
    buf_json(&b, details, strlen(details));
    buf_str(&b, ",\"content\":");
    buf_json(&b, p, n);
    buf_str(&b, "}");
    link_request(l, "jambonz:error", NULL, b.p, NULL, NULL);
}

static void unexpected_ack(peer *l, const char *msgid) {
    call *c = l->c;
    size_t i = l->sent_n;
    sent *s = NULL;
    while (i > 0 && !s)
        if (strcmp(l->sent[--i].msgid, msgid) == 0) s = &l->sent[i];
    if (!s) call_problem(c, "an ack for msgid %.40s, which jambonz never sent on this socket", msgid);
    else if (s->state == S_ACKED)
        call_problem(c, "a second ack for %s%s%s (msgid %s)", s->type, s->hook ? " " : "", s->hook ? s->hook : "", msgid);
    else if (s->state == S_NOTIFICATION) call_problem(c, "an ack for %s, which wants none (msgid %s)", s->type, msgid);
    else if (s->state == S_LATE)
        call_problem(c, "a late ack for %s%s%s: after %.0f ms", s->type, s->hook ? " " : "", s->hook ? s->hook : "",
                     (double)(now_us() - s->at) / 1000);
    else call_note(c, "an ack for %s of a connection that was lost: ignored", s->type);
}

static void got_ack(peer *l, jdoc *d, const jnode *m, const char *p, size_t n) {
    call *c = l->c;
    const char *msgid = json_str(m, "msgid", "");
    const jnode *data = json_get(m, "data");
    request *r = l->flight;
    buf why = { NULL, 0, 0 };
    char about[160];
    double ms;
    bool valid = true, reconnect, inbound_new;
    *l->init_msgid = 0;
    while (r && strcmp(r->msgid, msgid) != 0) r = r->next;
    if (!r) {
        ui_received(c, l, m, p, n, "ack that nothing waits for");
        unexpected_ack(l, msgid);
        json_free(d);
        return;
    }
    ms = (double)(now_us() - l->sent[r->sent_at].at) / 1000;
    l->sent[r->sent_at].state = S_ACKED;
    take_out(&l->flight, r);
    timer_stop(&r->timer);
    reconnect = strcmp(l->sent[r->sent_at].type, "session:reconnect") == 0;
    inbound_new = strcmp(r->type, "session:new") == 0 && !c->outbound;
    if (strcmp(r->type, "session:new") == 0) c->first_ack_ms = ms;
    if (data && data->type == J_NULL) data = NULL;
    if (data && !reconnect) valid = check_verbs(data, &why);
    else if (data && strcmp(r->type, "session:new") == 0) valid = check_verbs(data, &why);
    snprintf(about, sizeof about, "ack of %.60s%s%.60s after %.1f ms%s", r->type, r->hook ? " " : "", r->hook ? r->hook : "",
             ms, data && reconnect && r->type[8] == 'r' ? ", its verbs do not count" : "");
    ui_received(c, l, m, p, n, about);
    call_keep(c, d);
    call_event(c, EV_ACK, r->type, r->hook ? r->hook : "", data, -1);
    if (!valid)
        call_problem(c, "invalid verbs in the ack of %s%s%s: %s", r->type, r->hook ? " " : "", r->hook ? r->hook : "",
                     buf_cstr(&why));
    else if (inbound_new && (!data || data->count == 0))
        call_problem(c, "the ack of session:new has no verbs: jambonz answers 480 and closes with 1001");
    if (reconnect) l->unacked_reconnect = false;
    if (reconnect && r->type[8] == 'r') {            /* a real reconnect; a taken-over session:new leaves the queue stuck */
        l->reconnect_pending = false;
        send_queued(l);
    }
    if (r->reply) r->reply(c, r->arg, ACKED, data, valid ? NULL : buf_cstr(&why));
    request_free(r);
    buf_free(&why);
}

static void got_command(peer *l, jdoc *d, const jnode *m, const char *p, size_t n) {
    call *c = l->c;
    buf why = { NULL, 0, 0 };
    const char *name = json_str(m, "command", "?");
    bool valid = check_command(m, &why);
    ui_received(c, l, m, p, n, "command");
    call_keep(c, d);
    call_event(c, EV_COMMAND, name, "", m, -1);
    if (!valid && strstr(buf_cstr(&why), "command")) call_problem(c, "%s", buf_cstr(&why));
    else if (!valid) call_problem(c, "command %s: %s", name, buf_cstr(&why));
    if (strstr(buf_cstr(&why), "not supplied")) {
        buf b = { NULL, 0, 0 };
        buf_str(&b, "{\"msg\":\"InvalidMessage\",\"details\":\"data property not supplied\",\"content\":");
        buf_json(&b, p, n);
        buf_str(&b, "}");
        link_request(l, "jambonz:error", NULL, b.p, NULL, NULL);
    } else if (valid) call_command(c, l, m);
    buf_free(&why);
}

static void on_message(void *ctx, bool text, const char *p, size_t n) {
    peer *l = (peer *)ctx;
    call *c = l->c;
    char why[120];
    jdoc *d;
    const char *type;
    if (l->finished) return;
    if (!text) call_note(c, "the app sent a binary frame; it is read as text, as jambonz does");
    d = json_parse(p, n, why);
    if (!d) { ui_received(c, l, NULL, p, n, "not JSON"); invalid_message(l, why, p, n); script_kick(c); return; }
    type = json_str(d->root, "type", NULL);
    if (!type || !*type) invalid_message(l, "type property not supplied", p, n);
    else if (strcmp(type, "ack") == 0 && !*json_str(d->root, "msgid", "")) invalid_message(l, "msgid not supplied", p, n);
    else if (strcmp(type, "ack") == 0) { got_ack(l, d, d->root, p, n); d = NULL; }
    else if (strcmp(type, "command") == 0 && !*json_str(d->root, "command", ""))
        invalid_message(l, "command property not supplied", p, n);
    else if (strcmp(type, "command") == 0) { got_command(l, d, d->root, p, n); d = NULL; }
    else {
        char *text_of = xprintf("invalid type property: %.60s", type);
        invalid_message(l, text_of, p, n);
        free(text_of);
    }
    json_free(d);
    script_kick(c);
}

static const ws_handler handler = { on_open, on_message, on_fail, on_close };
