/* later - answers every other hook of a call only after a while, from a timer; what else wants an ack, at once. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdlib.h>

enum { MOST = 4 };

typedef struct open_replies {
    jbz_reply_id ids[MOST];
    unsigned     n, seen;
} open_replies;

static void put(jbz_out *o) {
    jbz_say(o, .text = "Thank you for waiting.");
    jbz_send(o);
}

static void on_event(const jbz_event *ev, void *user) {
    open_replies *r = ev->call ? (open_replies *)jbz_call_user(ev->call) : NULL;
    (void)user;
    if (!r && ev->call && ev->type != JBZ_EV_END) jbz_call_set_user(ev->call, r = (open_replies *)calloc(1, sizeof *r));
    if (r && ev->type == JBZ_EV_TIMER) {
        while (r->n) put(jbz_reply_to(ev->core, r->ids[--r->n]));
        return;
    }
    if (!jbz_event_wants_ack(ev->type)) return;
    if (r && ev->type == JBZ_EV_VERB_HOOK && r->n < MOST && r->seen++ % 2 && jbz_reply_later(ev, &r->ids[r->n]) == JBZ_E_OK) {
        if (r->n++ == 0) jbz_call_timer(ev->call, 20 + 40 * (r->seen % 8), 1);
        return;
    }
    put(jbz_reply(ev));
}

static void on_end(const jbz_event *ev, void *user) {
    free(jbz_call_user(ev->call));
    (void)user;
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/later", .on_session = on_event, .on_other = on_event,
                                        .on_end = on_end));
}
