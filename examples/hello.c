#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
static void on_session(const jbz_event *ev, void *user) {
    jbz_out *o = jbz_reply(ev);
    jbz_say(o, .text = "Hello from C.");
    jbz_hangup(o);
    jbz_send(o);
    (void)user;
}
int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/hello", .on_session = on_session));
}
