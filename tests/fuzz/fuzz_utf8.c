/* libFuzzer, room 1: the incremental check cut anywhere, the whole check, the same without vectors, a decoder written from the
   definition (RFC 3629) and the C library's iconv must agree. */
#define JBZ_NO_CONN
#define JBZ_NO_VERBS
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "fuzz.h"
#include "plain.h"
#include <iconv.h>

static bool slow(const uint8_t *p, size_t n) {
    size_t i = 0, k;
    while (i < n) {
        size_t more = p[i] < 0x80 ? 0 : p[i] < 0xC0 ? 9 : p[i] < 0xE0 ? 1 : p[i] < 0xF0 ? 2 : p[i] < 0xF8 ? 3 : 9;
        unsigned long code = more == 0 ? p[i] : p[i] & (0x3Fu >> more);
        if (more == 9 || more >= n - i) return false;
        for (k = 1; k <= more; k++) {
            if ((p[i + k] & 0xC0) != 0x80) return false;
            code = code << 6 | (p[i + k] & 0x3Fu);
        }
        if (code < (more == 0 ? 0u : more == 1 ? 0x80u : more == 2 ? 0x800u : 0x10000u)) return false;
        if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
        i += more + 1;
    }
    return true;
}

static bool by_iconv(const uint8_t *p, size_t n) {
    static iconv_t cd;
    static char out[4 * 65536];
    char *from = (char *)(uintptr_t)p, *to = out;
    size_t left = n, room = sizeof out;
    if (!cd) cd = iconv_open("UTF-32LE", "UTF-8");
    CHECK(cd != (iconv_t)-1 && n <= 65536);
    iconv(cd, NULL, NULL, NULL, NULL);
    return iconv(cd, &from, &left, &to, &room) != (size_t)-1 && left == 0;
}

/* The pieces' lengths follow `cut`; refused with the piece that has the bad byte in it, and not earlier. */
static void in_pieces(const uint8_t *p, size_t n, const uint8_t *cut, bool valid) {
    uint32_t state = 0, by_byte = 0, plain = 0;
    size_t at = 0, taken = 0, k;
    bool ok = true;
    while (taken < n && jbzi_utf8_feed(&by_byte, p + taken, 1)) taken++;
    for (k = 0; ok && at < n; k++) {
        size_t piece = cut[k & 1] % 67 + (k > 1 && cut[0] % 67 + cut[1] % 67 == 0);
        if (piece > n - at) piece = n - at;
        ok = jbzi_utf8_feed(&state, p + at, piece);
        CHECK(ok == (taken >= at + piece));
        CHECK(plain_utf8_feed(&plain, p + at, piece) == ok && (!ok || plain == state));
        at += piece;
    }
    CHECK((ok && state == 0) == valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *p;
    bool valid;
    if (size < 2 || size > 65536) return 0;
    p = (uint8_t *)exact(data + 2, size - 2, 0);
    valid = slow(p, size - 2);
    CHECK(jbz_utf8_valid(p, size - 2) == valid);
    CHECK(plain_utf8_valid(p, size - 2) == valid);
    CHECK(by_iconv(p, size - 2) == valid);
    in_pieces(p, size - 2, data, valid);
    free(p);
    return 0;
}
