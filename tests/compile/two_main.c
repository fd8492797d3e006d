/* Two files, one library: this one uses it, two_library.c is it. */
#include <stdio.h>
#include <string.h>
#include "jambonz_ws.h"

int main(void) {
    jbz_server_desc desc;
    jbz_error err;
    jbz_server *server;
    jbz_event ev;
    memset(&desc, 0, sizeof desc);
    desc.path = "/";
    desc.any_port = true;
    server = jbz_server_open(&desc, &err);
    if (!server) { printf("%s: %s\n", jbz_strerror(err.code), err.path); return 1; }
    if (jbz_version() != JBZ_VERSION || jbz_server_port(server) == 0) return 1;
    if (jbz_server_poll(server, &ev, 0) != JBZ_E_TIMEOUT) return 1;
    jbz_server_close(server);
    return 0;
}
