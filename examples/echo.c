/* echo - a plain WebSocket echo server on every path, for protocol conformance tools. No jambonz in it. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

static void on_message(const jbz_event *ev, void *user) {
    (void)user;
    jbz_conn_send(ev->conn, ev->type == JBZ_EV_TEXT ? JBZ_TEXT : JBZ_BINARY, ev->bytes, ev->len);
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .on_message = on_message, .origins = "*", .subprotocols = "echo,chat",
                                        .max_message = 16 * 1024 * 1024));
}
