/* Room 1 UTF8: tables of RFC 3629, every two-, three- and four-byte start, pieces cut everywhere, the fast path against a slow
   checker, and the end of the text against memory that must not be touched. */

#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

/* A second opinion, written from the definition: decode, then look at the value. The index of the first byte after which no
   continuation makes the text valid, or n. */
static size_t slow_prefix(const unsigned char *p, size_t n, bool *whole) {
    size_t i = 0, k, need;
    *whole = true;
    while (i < n) {
        unsigned long low, high, code, min;
        if (p[i] < 0x80) { i++; continue; }
        if (p[i] >= 0xC0 && p[i] < 0xE0) { need = 1; code = p[i] & 0x1Fu; min = 0x80; }
        else if (p[i] >= 0xE0 && p[i] < 0xF0) { need = 2; code = p[i] & 0x0Fu; min = 0x800; }
        else if (p[i] >= 0xF0 && p[i] < 0xF8) { need = 3; code = p[i] & 0x07u; min = 0x10000; }
        else return i;
        for (k = 0; k <= need; k++) {
            /* all values that are still possible with the rest unknown: is any of them a character? */
            unsigned left = (unsigned)(6 * (need - k));
            low = code << left;
            high = low | ((1ul << left) - 1);
            if (low < min) low = min;
            if (high > 0x10FFFF) high = 0x10FFFF;
            if (low > high || (low >= 0xD800 && high <= 0xDFFF)) return i + k;
            if (k == need) break;
            if (i + k + 1 >= n) { *whole = false; return n; }
            if ((p[i + k + 1] & 0xC0) != 0x80) return i + k + 1;
            code = code << 6 | (p[i + k + 1] & 0x3Fu);
        }
        i += need + 1;
    }
    return n;
}

/* How many bytes the incremental checker takes when it gets them one by one. */
static size_t fast_prefix(const unsigned char *p, size_t n, bool *whole) {
    uint32_t state = 0;
    size_t i;
    for (i = 0; i < n; i++) if (!jbzi_utf8_feed(&state, p + i, 1)) break;
    *whole = state == 0;
    return i;
}

static void check(const unsigned char *p, size_t n) {
    bool whole, slow_whole;
    size_t slow = slow_prefix(p, n, &slow_whole), cut;
    size_t fast = fast_prefix(p, n, &whole);
    assert_int_equal(fast, slow); /* both name the byte after which the text was hopeless */
    if (slow == n) assert_int_equal(whole, slow_whole);
    assert_int_equal(jbz_utf8_valid(p, n), slow == n && slow_whole);
    for (cut = 0; cut <= n; cut++) {
        uint32_t state = 0;
        bool ok = jbzi_utf8_feed(&state, p, cut) && jbzi_utf8_feed(&state, p + cut, n - cut);
        assert_int_equal(ok, slow == n);
        if (ok) assert_int_equal(state == 0, slow_whole);
    }
}

static void utf8_table(void **unused) {
    static const struct { const char *text; bool valid; } table[] = {
        { "", true }, { "hello", true }, { "\x7F", true }, { "\xC2\x80", true }, { "\xDF\xBF", true }, { "\xE0\xA0\x80", true },
        { "\xED\x9F\xBF", true }, { "\xEE\x80\x80", true }, { "\xEF\xBF\xBF", true }, { "\xEF\xBB\xBF", true },
        { "\xF0\x90\x80\x80", true }, { "\xF4\x8F\xBF\xBF", true }, { "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5", true },
        { "\x80", false }, { "\xBF", false }, { "\xC0\x80", false }, { "\xC1\xBF", false }, { "\xE0\x9F\xBF", false },
        { "\xF0\x8F\xBF\xBF", false }, { "\xED\xA0\x80", false }, { "\xED\xBF\xBF", false }, { "\xF4\x90\x80\x80", false },
        { "\xF5\x80\x80\x80", false }, { "\xF8\x88\x80\x80\x80", false }, { "\xFE", false }, { "\xFF", false },
        { "\xC2", false }, { "\xE1\x80", false }, { "\xF1\x80\x80", false }, { "\xC2\x41", false }, { "\xE1\x80\xC0", false },
        { "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80" "edited", false }, { "\xC3\xA9\x80", false },
    };
    size_t i;
    (void)unused;
    for (i = 0; i < sizeof table / sizeof *table; i++) {
        if (jbz_utf8_valid(table[i].text, strlen(table[i].text)) != table[i].valid) fail_msg("row %u", (unsigned)i);
        check((const unsigned char *)table[i].text, strlen(table[i].text));
    }
    assert_true(jbz_utf8_valid(NULL, 0));
    assert_true(jbz_utf8_valid("a\0b", 3));
}

/* Every code point is accepted in its shortest form, written and read. */
static void utf8_every_code_point(void **unused) {
    uint32_t code;
    (void)unused;
    for (code = 0; code <= 0x10FFFF; code++) {
        unsigned char out[4];
        unsigned n;
        if (code == 0xD800) code = 0xE000;
        n = jbzi_utf8_put(out, code);
        assert_int_equal(n, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
        if (!jbz_utf8_valid(out, n)) fail_msg("U+%04X", (unsigned)code);
        if (code >= 0x80) assert_int_equal(jbzi_utf8_length(out), n);
    }
}

/* All starts of up to three bytes, and four-byte ones with a choice of tails, with and without something around them. */
static void utf8_every_start(void **unused) {
    static const unsigned char tails[] = { 0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF };
    unsigned a, b, c, d;
    (void)unused;
    for (a = 0; a < 256; a++) {
        for (b = 0; b < 256; b++) {
            unsigned char t[12] = { 'x', 0, 0, 0, 0, 'y', 'y', 'y', 'y', 0, 0, 0 };
            t[1] = (unsigned char)a;
            t[2] = (unsigned char)b;
            check(t + 1, 1);
            check(t + 1, 2);
            if (a < 0xC0) continue;
            for (c = 0; c < sizeof tails; c++) {
                t[3] = tails[c];
                check(t + 1, 3);
                for (d = 0; d < sizeof tails; d++) {
                    t[4] = tails[d];
                    check(t, 9);
                }
            }
        }
    }
}

/* RFC 6455 8.1 wants bad text refused; a good server does so at once (Autobahn 6.4). */
static void utf8_fails_at_once(void **unused) {
    static const struct { const char *text; size_t bad; } table[] = { /* index of the first byte that must be refused */
        { "\xF4\x90\x80\x80", 1 }, { "\xED\xA0\x80", 1 }, { "\xE0\x80\x80", 1 }, { "\xF0\x80\x80\x80", 1 }, { "\xC0\x80", 0 },
        { "\xF5\x80\x80\x80", 0 }, { "\xE1\x80\x41", 2 }, { "\xF1\x80\x80\x41", 3 }, { "ok\x80", 2 },
        { "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF4\x90\x80\x80" "edited", 12 },
    };
    size_t i;
    (void)unused;
    for (i = 0; i < sizeof table / sizeof *table; i++) {
        uint32_t state = 0;
        size_t k;
        for (k = 0; k < table[i].bad; k++) assert_true(jbzi_utf8_feed(&state, table[i].text + k, 1));
        assert_false(jbzi_utf8_feed(&state, table[i].text + k, 1));
        assert_false(jbzi_utf8_feed(&state, "a", 1)); /* and for ever */
        assert_false(jbzi_utf8_feed(&state, "", 0));
    }
}

/* Long texts with one odd byte at every place, so that every branch of the fast path meets it. */
static void utf8_fast_path(void **unused) {
    unsigned char t[420];
    size_t n, at;
    (void)unused;
    for (n = 0; n < 400; n += n < 150 ? 1 : 37) {
        for (at = 0; at < n; at++) {
            memset(t, 'a', n);
            t[at] = 0x80;
            if (jbz_utf8_valid(t, n)) fail_msg("0x80 at %u of %u", (unsigned)at, (unsigned)n);
            t[at] = 0xC3;
            if (at + 1 < n) t[at + 1] = 0xA9;
            assert_int_equal(jbz_utf8_valid(t, n), at + 1 < n);
            memset(t, 'a', n);
            if (at + 4 > n) continue;
            memcpy(t + at, "\xF0\x9F\x98\x80", 4);
            assert_true(jbz_utf8_valid(t, n));
            t[at + 3] = 'a';
            assert_false(jbz_utf8_valid(t, n));
        }
    }
}

/* Nothing is read behind the end: the text ends where a page without any right begins. */
static void utf8_at_a_page_end(void **unused) {
    static const char *const texts[] = { "", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF0\x9F\x98", "\xE2\x82", "\xC3" };
    size_t page = (size_t)sysconf(_SC_PAGESIZE), i, pad;
    unsigned char *map = (unsigned char *)mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)unused;
    assert_true(map != MAP_FAILED);
    assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t n = strlen(texts[i]);
        for (pad = 0; pad < 300; pad++) {
            unsigned char *p = map + page - pad - n;
            memset(p, 'a', pad);
            memcpy(p + pad, texts[i], n);
            assert_int_equal(jbz_utf8_valid(p, pad + n), i < 5);
        }
    }
    munmap(map, 2 * page);
}

static void utf8_random(void **unused) {
    static const unsigned char odd[] = { 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xE1, 0xED, 0xEE, 0xF0, 0xF1, 0xF4, 0xF5 };
    uint32_t r = 1;
    int round;
    (void)unused;
    for (round = 0; round < 60000; round++) {
        unsigned char t[40];
        size_t n = 0, end;
        r = r * 1103515245u + 12345u;
        end = r >> 16 & 31;
        while (n < end) {
            r = r * 1103515245u + 12345u;
            if ((r >> 20 & 7) == 0) t[n++] = odd[(r >> 24) % sizeof odd];
            else if ((r >> 20 & 7) < 4) t[n++] = 'a';
            else n += jbzi_utf8_put(t + n, (r >> 8 & 0xFFFF) % 0xD800 + ((r >> 28 & 1) ? 0x10000 : 0));
        }
        check(t, n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_table), cmocka_unit_test(utf8_every_code_point), cmocka_unit_test(utf8_every_start),
        cmocka_unit_test(utf8_fails_at_once), cmocka_unit_test(utf8_fast_path), cmocka_unit_test(utf8_at_a_page_end),
        cmocka_unit_test(utf8_random),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
