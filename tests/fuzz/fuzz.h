/* What the fuzz targets share: checks that say where, input taken byte by byte, an allocator that counts and fails on demand. */
#ifndef FUZZ_H
#define FUZZ_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(c) do { if (!(c)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c); abort(); } } while (0)
#if defined(__GNUC__)
#define HELPER static __attribute__((unused))
#else
#define HELPER static
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*---- the input, taken from the front; zeros behind its end ----*/

typedef struct input { const uint8_t *p; size_t n; } input;

HELPER unsigned take(input *in) {
    if (!in->n) return 0;
    in->n--;
    return *in->p++;
}
HELPER unsigned take2(input *in) { unsigned hi = take(in); return hi << 8 | take(in); }
HELPER unsigned take4(input *in) { unsigned hi = take2(in); return hi << 16 | take2(in); }
/* Up to `n` bytes, where they are. */
HELPER input take_bytes(input *in, size_t n) {
    input part;
    part.p = in->p;
    part.n = n < in->n ? n : in->n;
    in->p += part.n;
    in->n -= part.n;
    return part;
}
/* A copy in a block of just that size, so that a byte too many shows; NUL-terminated by one byte more if asked for. */
HELPER char *exact(const void *p, size_t n, int nul) {
    char *copy = (char *)malloc(n + (nul ? 1 : 0) + !n);
    CHECK(copy);
    if (n) memcpy(copy, p, n);
    if (nul) copy[n] = 0;
    return copy;
}

/*---- an allocator that counts, and fails when told ----*/

static struct { long calls, fail_at, blocks; size_t bytes, peak; } heap;

HELPER void *heap_fn(void *user, void *p, size_t old_size, size_t new_size) {
    (void)user;
    CHECK(!p || old_size);
    if (new_size == 0) {
        if (!p) return NULL;
        heap.blocks--;
        heap.bytes -= old_size;
        free(p);
        return NULL;
    }
    if (heap.fail_at && ++heap.calls == heap.fail_at) return NULL;
    CHECK(!p); /* the library only takes and gives back */
    p = malloc(new_size);
    CHECK(p);
    memset(p, 0xCD, new_size < 4096 ? new_size : 4096);
    heap.blocks++;
    heap.bytes += new_size;
    if (heap.bytes > heap.peak) heap.peak = heap.bytes;
    return p;
}

#endif
