/* The bench's server in CivetWeb with json-c: acks what has a msgid with one say, sends binary messages back. One thread per
 * connection, as CivetWeb works. */
#include <civetweb.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int on_text(struct mg_connection *c, const char *text, size_t n) {
    struct json_tokener *t = json_tokener_new();
    struct json_object *m = json_tokener_parse_ex(t, text, (int)n), *id, *type;
    if (json_object_object_get_ex(m, "msgid", &id) && json_object_object_get_ex(m, "type", &type)) {
        struct json_object *ack = json_object_new_object(), *say = json_object_new_object(), *data = json_object_new_array();
        json_object_object_add(ack, "type", json_object_new_string("ack"));
        json_object_object_add(ack, "msgid", json_object_get(id));
        json_object_object_add(say, "verb", json_object_new_string("say"));
        json_object_object_add(say, "text", json_object_new_string("Hello"));
        json_object_array_add(data, say);
        json_object_object_add(ack, "data", data);
        const char *out = json_object_to_json_string_ext(ack, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        mg_websocket_write(c, MG_WEBSOCKET_OPCODE_TEXT, out, strlen(out));
        json_object_put(ack);
    }
    json_object_put(m);
    json_tokener_free(t);
    return 1;
}

static int on_message(struct mg_connection *c, int bits, char *data, size_t n, void *user) {
    (void)user;
    switch (bits & 15) {
    case MG_WEBSOCKET_OPCODE_TEXT: return on_text(c, data, n);
    case MG_WEBSOCKET_OPCODE_BINARY: mg_websocket_write(c, MG_WEBSOCKET_OPCODE_BINARY, data, n); return 1;
    case MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE: mg_websocket_write(c, MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE, data, n); return 0;
    default: return 1;
    }
}

int main(int argc, char **argv) {
    static const char *names[] = { "ws.jambonz.org" };
    struct mg_websocket_subprotocols subprotocols = { 1, names };
    struct mg_callbacks callbacks = { 0 };
    char port[32];
    const char *options[] = {
        "listening_ports",      port,    "num_threads", "1200", "tcp_nodelay", "1", "enable_websocket_ping_pong", "no",
        "websocket_timeout_ms", "60000", NULL
    };
    sigset_t set;
    int sig;
    snprintf(port, sizeof port, "127.0.0.1:%s", argc > 1 ? argv[1] : "3000");
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL); /* for all threads: main waits for it */
    mg_init_library(0);
    struct mg_context *ctx = mg_start(&callbacks, NULL, options);
    if (!ctx) return 1;
    mg_set_websocket_handler_with_subprotocols(ctx, "/", &subprotocols, NULL, NULL, on_message, NULL, NULL);
    sigwait(&set, &sig);
    _exit(0);
}
