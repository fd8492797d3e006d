/* bench_ack - acks whatever wants an ack with one say, sends binary messages back. What load tools measure. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

static void on_event(const jbz_event *ev, void *user) {
    jbz_out *o;
    (void)user;
    if (!jbz_event_wants_ack(ev->type)) return;
    o = jbz_reply(ev);
    jbz_say(o, .text = "Hello");
    jbz_send(o);
}

static void on_message(const jbz_event *ev, void *user) {
    (void)user;
    jbz_conn_send(ev->conn, ev->type == JBZ_EV_TEXT ? JBZ_TEXT : JBZ_BINARY, ev->bytes, ev->len);
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .on_session = on_event, .on_other = on_event, .on_message = on_message,
                                        .max_conns = 16384, .pool = 32u << 20));
}
