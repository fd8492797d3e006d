/* libFuzzer: room 9, against a decoder that takes RFC 6455 5.2 by the letter, one byte at a time. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdlib.h>

#define CHECK(c) do { if (!(c)) abort(); } while (0)

/* The header's length, 0: more, -1: refuse. */
static int by_the_letter(const uint8_t *p, size_t n, bool in_message, uint64_t *len) {
    int op, k, size;
    if (n < 1) return 0;
    op = p[0] & 0x0f;
    if ((p[0] >> 4 & 7) != 0 || (op > 2 && op < 8) || op > 10) return -1;
    if (op >= 8 && p[0] < 0x80) return -1;
    if (op == 0 && !in_message) return -1;
    if ((op == 1 || op == 2) && in_message) return -1;
    if (n < 2) return 0;
    if (p[1] < 0x80 || (op >= 8 && (p[1] & 0x7f) > 125)) return -1;
    size = (p[1] & 0x7f) == 126 ? 2 : (p[1] & 0x7f) == 127 ? 8 : 0;
    if (size == 8 && n > 2 && p[2] & 0x80) return -1;
    if (n < 2 + (size_t)size) return 0;
    *len = size ? 0 : p[1] & 0x7f;
    for (k = 0; k < size; k++) *len = *len * 256 + p[2 + k];
    if ((size == 2 && *len <= 125) || (size == 8 && *len <= 65535)) return -1;
    return n < 6 + (size_t)size ? 0 : 6 + size;
}

/* A stream of frames, each header seen at every length, payloads unmasked in two pieces and by the formula. */
static void stream(const uint8_t *p, size_t n, unsigned cut) {
    bool in_message = false;
    while (n) {
        jbzi_ws_frame f;
        uint64_t len = 0;
        size_t k, part;
        int r = 0, want = 0;
        for (k = 1; k <= n && k <= JBZI_WS_HEAD_MAX && r == 0; k++) {
            uint8_t *copy = (uint8_t *)malloc(k);
            memcpy(copy, p, k);
            r = jbzi_ws_head(copy, k, in_message, &f);
            want = by_the_letter(p, k, in_message, &len);
            CHECK((r < 0) == (want < 0) && (r < 0 || r == want));
            free(copy);
        }
        if (r < 0) CHECK(jbzi_ws_why(r));
        if (r <= 0) return;
        CHECK(f.len == len && f.opcode == (p[0] & 15) && f.fin == (p[0] > 127) && memcmp(&f.mask, p + r - 4, 4) == 0);
        p += r;
        n -= (size_t)r;
        part = len < n ? (size_t)len : n;
        {
            uint8_t *src = (uint8_t *)malloc(part + 1), *dst = (uint8_t *)malloc(part + 1), *ref = (uint8_t *)malloc(part + 1);
            size_t a = part ? cut % (part + 1) : 0;
            bool ascii = true, head, tail;
            unsigned code, fail;
            if (part) memcpy(src, p, part);
            for (k = 0; k < part; k++) {
                ref[k] = (uint8_t)(p[k] ^ (p - 4)[k % 4]);
                ascii = ascii && ref[k] < 0x80;
            }
            head = jbzi_ws_unmask(dst, src, a, f.mask);
            tail = jbzi_ws_unmask(dst + a, src + a, part - a, jbzi_ws_turn(f.mask, a));
            CHECK((head && tail) == ascii);
            CHECK(part == 0 || memcmp(dst, ref, part) == 0);
            CHECK(jbzi_ws_unmask(src, src, part, f.mask) == ascii);
            CHECK(part == 0 || memcmp(src, ref, part) == 0);
            fail = jbzi_ws_get_close(src, part, &code);
            if (fail == 0) CHECK(part == 0 ? code == 1005 : code >= 1000 && code < 5000 && code != 1005 && code != 1006);
            free(src);
            free(dst);
            free(ref);
        }
        p += part;
        n -= part;
        if (f.opcode < 8) in_message = !f.fin;
        cut = cut * 31 + 7;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 1) stream(data + 1, size - 1, data[0]);
    return 0;
}
