/* menu_own_loop - the phone menu inside a loop that has other things to do: here it counts calls once a minute. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "menu_app.h"
#include <poll.h>
#include <stdio.h>

/* What else a gateway's main loop would do. */
static void housekeeping(jbz_server *server) {
    jbz_stats stats;
    jbz_server_stats(server, &stats);
    printf("calls now: %u, messages so far: %llu\n", stats.calls, (unsigned long long)stats.messages_in);
    fflush(stdout);
}

int main(int argc, char **argv) {
    int status, timeout_ms, n;
    struct pollfd fds[64];
    jbz_event ev;
    jbz_err err = JBZ_E_OK;
    jbz_server *server = jbz_main_open(argc, argv, JBZ_LIT(server_desc, MENU_APP), &status);
    if (!server) return status;
    while (err != JBZ_E_GONE) {
        n = jbz_server_fds(server, fds, 64, &timeout_ms); /* with epoll it is one, whatever the calls */
        if (poll(fds, (nfds_t)n, timeout_ms < 60000 ? timeout_ms : 60000) == 0 && timeout_ms >= 60000) housekeeping(server);
        while ((err = jbz_server_poll(server, &ev, 0)) == JBZ_E_OK) jbz_dispatch(&ev);
    }
    jbz_server_close(server);
    return 0;
}
