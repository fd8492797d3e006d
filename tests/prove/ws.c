/* eva: LONGEST=75
   Room 9: frame heads of every length, unmasking, heads and Close frames written and read. */
#include "prove.h"

static void head(size_t n) {
    char *t = any_text(n, false);
    jbzi_ws_frame f;
    int got = jbzi_ws_head((const uint8_t *)t, n, Frama_C_interval(0, 1) != 0, &f);
    //@ assert got <= 14;
    if (got < 0) (void)jbzi_ws_why(got);
    //@ slevel merge;
    free(t);
}

static void unmask(size_t n) {
    char *t = any_text(n, false), *to = any_text(n, false);
    uint32_t mask = any32();
    (void)jbzi_ws_unmask(to, t, n, mask);
    jbzi_ws_unmask_here(t, n, mask);
    (void)jbzi_ws_turn(mask, n);
    //@ slevel merge;
    free(t);
    free(to);
}

static void put_close(size_t n) {
    char *reason = any_text(n, true), *to = any_text(4 + (n < 123 ? n : 123), false);
    (void)jbzi_ws_put_close((uint8_t *)to, (unsigned)Frama_C_interval(0, 65535), reason);
    //@ slevel merge;
    free(reason);
    free(to);
}

static void get_close(size_t n) {
    char *t = any_text(n, false);
    unsigned code;
    (void)jbzi_ws_get_close((const uint8_t *)t, n, &code);
    //@ slevel merge;
    free(t);
}

int main(void) {
    uint8_t room[JBZI_WS_GAP];
    size_t n;
    Frama_C_make_unknown((char *)&n, sizeof n);
    (void)jbzi_ws_put_head(room + JBZI_WS_GAP, (unsigned)Frama_C_interval(0, 15), n);
    Frama_C_make_unknown((char *)&n, sizeof n);
    (void)jbzi_ws_fits(n, n, n);
    EACH_LENGTH(head, 0, 15);
    EACH_LENGTH(unmask, 0, LONGEST);
    EACH_LENGTH(get_close, 0, 5);
    EACH_LENGTH(put_close, 0, 8);
    EACH_LENGTH(put_close, 122, 124);
    return 0;
}
