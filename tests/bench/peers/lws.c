/* The bench's server in libwebsockets with jansson: acks what has a msgid with one say, sends binary messages back. */
#include <jansson.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct session { /* one per connection, zeroed by the library */
    char *in;    /* a message so far */
    size_t in_len;
    unsigned char *out; /* LWS_PRE bytes of room, then the message to send */
    size_t out_len;
    int binary;
};

static int stop;

static void on_signal(int sig) {
    (void)sig;
    stop = 1;
}

static void reply(struct session *s, const void *text, size_t n, int binary) {
    free(s->out);
    s->out = malloc(LWS_PRE + n);
    if (!s->out) abort();
    memcpy(s->out + LWS_PRE, text, n);
    s->out_len = n;
    s->binary = binary;
}

static void on_text(struct session *s) {
    json_t *m = json_loadb(s->in, s->in_len, 0, NULL), *ack;
    const char *id = json_string_value(json_object_get(m, "msgid"));
    if (id && json_string_value(json_object_get(m, "type"))) {
        ack = json_pack("{s:s,s:s,s:[{s:s,s:s}]}", "type", "ack", "msgid", id, "data", "verb", "say", "text", "Hello");
        char *text = json_dumps(ack, JSON_COMPACT);
        if (text) reply(s, text, strlen(text), 0);
        free(text);
        json_decref(ack);
    }
    json_decref(m);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len) {
    struct session *s = user;
    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        s->in = realloc(s->in, s->in_len + len + 1);
        if (!s->in) abort();
        memcpy(s->in + s->in_len, in, len);
        s->in_len += len;
        if (lws_remaining_packet_payload(wsi) || !lws_is_final_fragment(wsi)) return 0;
        if (lws_frame_is_binary(wsi)) reply(s, s->in, s->in_len, 1);
        else on_text(s);
        free(s->in); /* an idle connection holds nothing */
        s->in = NULL;
        s->in_len = 0;
        if (s->out) lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (!s->out) return 0;
        if (lws_write(wsi, s->out + LWS_PRE, s->out_len, s->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT) < (int)s->out_len)
            return -1;
        free(s->out);
        s->out = NULL;
        return 0;
    case LWS_CALLBACK_CLOSED:
        free(s->in);
        free(s->out);
        return 0;
    default: return 0;
    }
}

int main(int argc, char **argv) {
    static const struct lws_protocols protocols[] = { { "ws.jambonz.org", on_event, sizeof(struct session), 65536, 0, NULL, 0 },
                                                      { NULL, NULL, 0, 0, 0, NULL, 0 } };
    struct lws_context_creation_info info = { .port = argc > 1 ? atoi(argv[1]) : 3000,
                                              .iface = "127.0.0.1",
                                              .protocols = protocols,
                                              .pt_serv_buf_size = 65536,
                                              .gid = -1,
                                              .uid = -1 };
    struct lws_context *context;
    signal(SIGTERM, on_signal);
    lws_set_log_level(LLL_ERR, NULL);
    context = lws_create_context(&info);
    if (!context) return 1;
    while (!stop && lws_service(context, 0) >= 0) {}
    lws_context_destroy(context);
    return 0;
}
