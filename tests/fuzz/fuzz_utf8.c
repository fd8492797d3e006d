/* libFuzzer: the incremental check cut anywhere, the whole check and a decoder written from the definition must agree.
   clang -g -O1 -fsanitize=fuzzer,address,undefined -I. tests/fuzz/fuzz_utf8.c -o fuzz_utf8 */

#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

#include <stdlib.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t state = 0, by_byte = 0;
    size_t n, at = 0, taken = 0, k = 1;
    uint8_t *p;
    bool ok = true;
    if (size < 2) return 0;
    n = size - 2; /* the first two bytes say how to cut */
    p = (uint8_t *)malloc(n + !n);
    if (!p) return 0;
    memcpy(p, data + 2, n);
    if (jbz_utf8_valid(p, n) != slow(p, n)) abort();
    while (taken < n && jbzi_utf8_feed(&by_byte, p + taken, 1)) taken++;
    while (ok && at < n) {
        size_t piece = data[k & 1] % 67;
        if (piece > n - at) piece = n - at;
        ok = jbzi_utf8_feed(&state, p + at, piece);
        if (ok != (taken >= at + piece)) abort(); /* refused with the piece that has the bad byte in it, and not earlier */
        at += piece ? piece : 1;
        if (!piece) { ok = jbzi_utf8_feed(&state, p + at - 1, 1); if (ok != (taken >= at)) abort(); }
        k++;
    }
    if ((ok && state == 0) != slow(p, n)) abort();
    free(p);
    return 0;
}
