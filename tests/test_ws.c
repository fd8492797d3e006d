/* Room 9: RFC 6455 frames. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A page that nothing follows; at_edge() puts bytes at its end, so that reading one too many ends the test. */
static uint8_t *edge;

static int map_edge(void **state) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *p = (char *)mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    if (p == (char *)MAP_FAILED || mprotect(p + page, page, PROT_NONE) != 0) return -1;
    edge = (uint8_t *)p + page;
    return 0;
}

static uint8_t *at_edge(const void *src, size_t n) {
    if (n) memcpy(edge - n, src, n);
    return edge - n;
}

static int head(const void *bytes, size_t n, bool in_message, jbzi_ws_frame *f) {
    return jbzi_ws_head(at_edge(bytes, n), n, in_message, f);
}

/*---- headers ----*/

/* RFC 6455 5.7, the masked ones as they are, the others with a mask put in. */
static void rfc_examples(void **state) {
    static const uint8_t hello[] = { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
    static const uint8_t pong[] = { 0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
    static const uint8_t unmasked[] = { 0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f };
    static const uint8_t first[] = { 0x01, 0x83, 0, 0, 0, 0, 0x48, 0x65, 0x6c }, last[] = { 0x80, 0x82, 0, 0, 0, 0, 0x6c,
        0x6f };
    static const uint8_t b256[] = { 0x82, 0xfe, 0x01, 0x00, 1, 2, 3, 4 };
    static const uint8_t b64k[] = { 0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4 };
    jbzi_ws_frame f;
    uint8_t out[5];
    (void)state;
    assert_int_equal(head(hello, sizeof hello, false, &f), 6);
    assert_true(f.fin && f.opcode == JBZI_WS_TEXT && f.len == 5);
    assert_true(jbzi_ws_unmask(out, hello + 6, 5, f.mask));
    assert_memory_equal(out, "Hello", 5);
    assert_int_equal(head(pong, sizeof pong, true, &f), 6);
    assert_int_equal(f.opcode, JBZI_WS_PONG);
    assert_int_equal(head(unmasked, sizeof unmasked, false, &f), JBZI_WS_BAD_MASK);
    assert_int_equal(head(first, sizeof first, false, &f), 6);
    assert_true(!f.fin && f.opcode == JBZI_WS_TEXT && f.len == 3);
    assert_int_equal(head(last, sizeof last, true, &f), 6);
    assert_true(f.fin && f.opcode == JBZI_WS_CONT && f.len == 2);
    assert_int_equal(head(b256, sizeof b256, false, &f), 8);
    assert_true(f.len == 256 && memcmp(&f.mask, "\1\2\3\4", 4) == 0);
    assert_int_equal(head(b64k, sizeof b64k, false, &f), 14);
    assert_true(f.len == 65536 && memcmp(&f.mask, "\1\2\3\4", 4) == 0);
}

/* What RFC 6455 says of the first byte alone, in the words of sections 5.2, 5.4 and 5.5. */
static bool first_byte_ok(unsigned b, bool in_message) {
    bool fin = (b & 0x80) != 0;
    if (b & 0x40 || b & 0x20 || b & 0x10) return false;
    switch (b & 15) {
    case 0: return in_message;
    case 1: case 2: return !in_message;
    case 8: case 9: case 10: return fin;
    default: return false;
    }
}

/* All first bytes, refused or not with that byte alone; all second bytes behind the good ones. */
static void first_two_bytes(void **state) {
    unsigned a, b, in;
    (void)state;
    for (in = 0; in < 2; in++)
        for (a = 0; a < 256; a++) {
            uint8_t two[2];
            jbzi_ws_frame f;
            two[0] = (uint8_t)a;
            assert_int_equal(head(two, 1, in, &f) == 0, first_byte_ok(a, in));
            for (b = 0; b < 256; b++) {
                bool ok = first_byte_ok(a, in) && b >= 0x80 && !((a & 8) && (b & 0x7f) > 125);
                two[1] = (uint8_t)b;
                if (ok) assert_int_equal(head(two, 2, in, &f), 0);
                else assert_true(head(two, 2, in, &f) < 0);
            }
        }
}

static void reasons(void **state) {
    jbzi_ws_frame f;
    (void)state;
    assert_int_equal(head("\xc1", 1, false, &f), JBZI_WS_BAD_BITS);
    assert_int_equal(head("\x83", 1, false, &f), JBZI_WS_BAD_OPCODE);
    assert_int_equal(head("\x8b", 1, false, &f), JBZI_WS_BAD_OPCODE);
    assert_int_equal(head("\x80", 1, false, &f), JBZI_WS_BAD_ORDER);
    assert_int_equal(head("\x81", 1, true, &f), JBZI_WS_BAD_ORDER);
    assert_int_equal(head("\x09", 1, false, &f), JBZI_WS_BAD_CONTROL);
    assert_int_equal(head("\x89\xfe", 2, false, &f), JBZI_WS_BAD_CONTROL);
    assert_int_equal(head("\x89\x7e", 2, false, &f), JBZI_WS_BAD_MASK);
    assert_int_equal(head("\x81\xff\x80", 3, false, &f), JBZI_WS_BAD_LENGTH);
    int bad;
    for (bad = JBZI_WS_BAD_BITS; bad >= JBZI_WS_BAD_LENGTH; bad--) assert_true(strlen(jbzi_ws_why(bad)) > 10);
}

/* Every form at its edges, at every cut: more is wanted until the very last byte, then the length is right. */
static void lengths_and_cuts(void **state) {
    static const struct { uint64_t len; unsigned form; bool ok; } t[] = {
        { 0, 0, true }, { 1, 0, true }, { 125, 0, true },
        { 0, 2, false }, { 125, 2, false }, { 126, 2, true }, { 127, 2, true }, { 256, 2, true }, { 65535, 2, true },
        { 0, 8, false }, { 126, 8, false }, { 65535, 8, false }, { 65536, 8, true }, { 65537, 8, true },
        { 0x7fffffff, 8, true }, { 0x80000000u, 8, true }, { UINT64_C(0x100000000), 8, true }, { UINT64_C(0x100000005), 8,
        true },
        { UINT64_C(0x7fffffffffffffff), 8, true }, { UINT64_C(0x8000000000000000), 8, false },
        { UINT64_C(0xfffffffffffffff8), 8, false }, { UINT64_C(0xfffffffffffffff2), 8, false }, { UINT64_MAX, 8, false } };
    size_t i, cut, k;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        uint8_t h[14] = { 0x82, 0 };
        size_t size = 2 + t[i].form + 4;
        jbzi_ws_frame f;
        int r;
        h[1] = (uint8_t)(0x80 | (t[i].form == 8 ? 127 : t[i].form == 2 ? 126 : t[i].len));
        for (k = 0; k < t[i].form; k++) h[2 + k] = (uint8_t)(t[i].len >> 8 * (t[i].form - 1 - k));
        memcpy(h + size - 4, "\x11\x22\x33\x44", 4);
        for (cut = 0; cut < size; cut++) {
            r = head(h, cut, false, &f);
            if (t[i].ok) assert_int_equal(r, 0);
            else assert_true(r == 0 || r == JBZI_WS_BAD_LENGTH);
            if (!t[i].ok && cut >= 2 + t[i].form) assert_int_equal(r, JBZI_WS_BAD_LENGTH); /* without waiting for the mask */
            if (t[i].len >> 63 && cut >= 3) assert_int_equal(r, JBZI_WS_BAD_LENGTH);       /* at its first byte */
        }
        r = head(h, size, false, &f);
        if (!t[i].ok) {
            assert_int_equal(r, JBZI_WS_BAD_LENGTH);
            continue;
        }
        assert_int_equal(r, (int)size);
        assert_true(f.len == t[i].len);
        assert_memory_equal(&f.mask, "\x11\x22\x33\x44", 4);
    }
}

/* A limit is compared without ever adding to what a peer says. */
static void limits(void **state) {
    const uint64_t top = UINT64_C(0x7fffffffffffffff), max = 1000;
    (void)state;
    assert_true(jbzi_ws_fits(0, 1000, max));
    assert_false(jbzi_ws_fits(0, 1001, max));
    assert_true(jbzi_ws_fits(1000, 0, max));
    assert_false(jbzi_ws_fits(1000, 1, max));
    assert_true(jbzi_ws_fits(400, 600, max));
    assert_false(jbzi_ws_fits(400, 601, max));
    assert_false(jbzi_ws_fits(1, UINT64_MAX, max)); /* 0 if it were added */
    assert_false(jbzi_ws_fits(2, top, max));
    assert_false(jbzi_ws_fits(0, UINT64_C(0x100000005), max)); /* 5 if it were cut to 32 bits */
    assert_false(jbzi_ws_fits(max + 1, 0, max));
}

/*---- masks ----*/

static uint32_t noise = 1;
static uint8_t next(void) { return (uint8_t)((noise = noise * 1664525u + 1013904223u) >> 24); }

/* One payload, against the RFC's own formula (5.3): copied, in place, between guards. */
static void unmask_one(const uint8_t *plain, size_t n, size_t from, size_t to, const uint8_t key[4]) {
    static uint8_t src[600], dst[600];
    uint32_t mask;
    bool ascii = true;
    size_t i;
    memcpy(&mask, key, 4);
    for (i = 0; i < n; i++) {
        src[from + i] = plain[i] ^ key[i % 4];
        ascii = ascii && plain[i] < 0x80;
    }
    memset(dst, 0xa5, sizeof dst);
    assert_int_equal(jbzi_ws_unmask(dst + to, src + from, n, mask), ascii);
    assert_memory_equal(dst + to, plain, n);
    for (i = 0; i < to; i++) assert_int_equal(dst[i], 0xa5);
    for (i = to + n; i < sizeof dst; i++) assert_int_equal(dst[i], 0xa5);
    assert_int_equal(jbzi_ws_unmask(src + from, src + from, n, mask), ascii);
    assert_memory_equal(src + from, plain, n);
}

static void unmask_all_sizes_and_places(void **state) {
    uint8_t plain[300], key[4];
    size_t n, from, i;
    (void)state;
    for (n = 0; n <= 260; n++)
        for (from = 0; from < 17; from++) {
            for (i = 0; i < n; i++) plain[i] = next() & 0x7f;
            for (i = 0; i < 4; i++) key[i] = next();
            unmask_one(plain, n, from, 0, key);
            unmask_one(plain, n, 0, from, key);
            unmask_one(plain, n, from, next() % 32u, key);
        }
}

/* The only byte that is not ASCII is seen wherever it is; a mask of zeros and one of all ones are masks like any other. */
static void unmask_tells_ascii(void **state) {
    uint8_t plain[150];
    size_t n, at;
    (void)state;
    for (n = 1; n <= 150; n++)
        for (at = 0; at < n; at++) {
            memset(plain, 0x7f, n);
            plain[at] = 0x80;
            unmask_one(plain, n, at % 5, 0, (const uint8_t *)(at & 1 ? "\0\0\0\0" : "\xff\xff\xff\xff"));
        }
}

/* Cut anywhere, the turned mask goes on where it stopped. */
static void unmask_in_pieces(void **state) {
    uint8_t plain[200], masked[200], out[200], key[4] = { 0x37, 0xfa, 0x21, 0x3d };
    size_t i, a, b;
    (void)state;
    for (i = 0; i < 200; i++) masked[i] = (plain[i] = next()) ^ key[i % 4];
    for (a = 0; a <= 200; a += a < 70 ? 1 : 9)
        for (b = a; b <= 200; b += 3) {
            uint32_t m;
            memcpy(&m, key, 4);
            (void)jbzi_ws_unmask(out, masked, a, m);
            m = jbzi_ws_turn(m, a);
            (void)jbzi_ws_unmask(out + a, masked + a, b - a, m);
            m = jbzi_ws_turn(m, b - a);
            (void)jbzi_ws_unmask(out + b, masked + b, 200 - b, m);
            assert_memory_equal(out, plain, 200);
        }
}

static void unmask_reads_no_further(void **state) {
    uint8_t plain[200];
    size_t n;
    (void)state;
    for (n = 0; n <= 200; n++) {
        memset(plain, 'a', sizeof plain);
        assert_true(jbzi_ws_unmask(plain, at_edge(plain, n), n, 0));
        assert_true(jbzi_ws_unmask(at_edge(plain, n), plain, n, 0));
        assert_true(jbzi_ws_unmask(edge - n, edge - n, n, 0));
    }
}

/*---- what we write ----*/

static void put_head_edges(void **state) {
    static const struct { size_t n; size_t size; const char *bytes; } t[] = { { 0, 2, "\x81\x00" }, { 125, 2, "\x81\x7d" },
        { 126, 4, "\x81\x7e\x00\x7e" }, { 65535, 4, "\x81\x7e\xff\xff" }, { 65536, 10, "\x81\x7f\0\0\0\0\0\1\0\0" },
        { 0x12345678, 10, "\x81\x7f\0\0\0\0\x12\x34\x56\x78" } };
    uint8_t buf[16];
    size_t i, k, size;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        memset(buf, 0xee, sizeof buf);
        size = jbzi_ws_put_head(buf + 12, JBZI_WS_TEXT, t[i].n);
        assert_int_equal(size, t[i].size);
        assert_true(size <= JBZI_WS_GAP);
        assert_memory_equal(buf + 12 - size, t[i].bytes, size);
        for (k = 0; k < 12 - size; k++) assert_int_equal(buf[k], 0xee);
        for (k = 12; k < sizeof buf; k++) assert_int_equal(buf[k], 0xee);
    }
    (void)jbzi_ws_put_head(buf + 12, JBZI_WS_PONG, 3);
    assert_int_equal(buf[10], 0x8a);
}

static void put_close_forms(void **state) {
    uint8_t buf[200];
    char reason[200];
    (void)state;
    assert_int_equal(jbzi_ws_put_close(buf, JBZ_CLOSE_RESTART, ""), 4);
    assert_memory_equal(buf, "\x88\x02\x03\xf4", 4);
    assert_int_equal(jbzi_ws_put_close(buf, JBZ_CLOSE_NO_CODE, "ignored"), 2);
    assert_memory_equal(buf, "\x88\x00", 2);
    assert_int_equal(jbzi_ws_put_close(buf, JBZ_CLOSE_NORMAL, "bye"), 7);
    assert_memory_equal(buf, "\x88\x05\x03\xe8""bye", 7);
    memset(reason, 'r', sizeof reason);
    reason[199] = 0;
    memset(buf, 0xee, sizeof buf);
    assert_int_equal(jbzi_ws_put_close(buf, JBZ_CLOSE_NORMAL, reason), 127);
    assert_int_equal(buf[1], 125);
    assert_int_equal(buf[127], 0xee);
    memcpy(reason + 121, "\xe2\x82\xac", 3);
    assert_int_equal(jbzi_ws_put_close(buf, JBZ_CLOSE_NORMAL, reason), 125);
    reason[123] = 'r';
    memcpy(reason + 120, "\xe2\x82\xac", 3);
    assert_int_equal(jbzi_ws_put_close(buf, JBZ_CLOSE_NORMAL, reason), 127);
    memset(reason, 0x80, 199);
    assert_int_equal(jbzi_ws_put_close(buf, JBZ_CLOSE_NORMAL, reason), 4); /* nothing but tails: nothing */
}

/*---- Close frames that come in ----*/

static unsigned get_close(const void *p, size_t n, unsigned *code) { return jbzi_ws_get_close(at_edge(p, n), n, code); }

static void close_codes(void **state) {
    unsigned c, code;
    (void)state;
    for (c = 0; c < 65536; c++) {
        bool ok = (c >= 3000 && c <= 4999) || c == 1000 || c == 1001 || c == 1002 || c == 1003 || c == 1007 || c == 1008
            || c == 1009
            || c == 1010 || c == 1011 || c == 1012 || c == 1013 || c == 1014;
        uint8_t p[2];
        p[0] = (uint8_t)(c >> 8);
        p[1] = (uint8_t)c;
        assert_int_equal(get_close(p, 2, &code), ok ? 0 : JBZ_CLOSE_PROTOCOL);
        if (ok) assert_int_equal(code, c);
    }
}

static void close_payloads(void **state) {
    unsigned code;
    (void)state;
    assert_int_equal(get_close("", 0, &code), 0);
    assert_int_equal(code, JBZ_CLOSE_NO_CODE);
    assert_int_equal(get_close("\x03", 1, &code), JBZ_CLOSE_PROTOCOL);
    assert_int_equal(get_close("\x03\xe8gr\xc3\xbc\xc3\x9f", 8, &code), 0);
    assert_int_equal(code, 1000);
    assert_int_equal(get_close("\x03\xe8\xff", 3, &code), JBZ_CLOSE_BAD_UTF8);
    assert_int_equal(get_close("\x03\xe8gr\xc3", 5, &code), JBZ_CLOSE_BAD_UTF8); /* cut in a character */
    assert_int_equal(get_close("\x03\xed\xff", 3, &code), JBZ_CLOSE_PROTOCOL);   /* the code is judged first */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_examples),
        cmocka_unit_test(first_two_bytes),
        cmocka_unit_test(reasons),
        cmocka_unit_test(lengths_and_cuts),
        cmocka_unit_test(limits),
        cmocka_unit_test(unmask_all_sizes_and_places),
        cmocka_unit_test(unmask_tells_ascii),
        cmocka_unit_test(unmask_in_pieces),
        cmocka_unit_test(unmask_reads_no_further),
        cmocka_unit_test(put_head_edges),
        cmocka_unit_test(put_close_forms),
        cmocka_unit_test(close_codes),
        cmocka_unit_test(close_payloads),
    };
    return cmocka_run_group_tests_name("ws", tests, map_edge, NULL);
}
