/* eva: LONGEST=66
   Room 7: SHA-1 with every padding, base64 both ways with every room for the output, the compare, the table's hash. */
#include "prove.h"

static void sha1(size_t n) {
    char *t = any_text(n, false);
    uint8_t sum[20];
    jbzi_hash_sha1(t, n, sum);
    //@ slevel merge;
    free(t);
}

static void encode64(size_t n) {
    char *t = any_text(n, false), *to = any_text((n + 2) / 3 * 4, false);
    (void)jbzi_hash_encode64(to, (const uint8_t *)t, n);
    //@ slevel merge;
    free(t);
    free(to);
}

static void decode64(size_t n) {
    size_t cap, len;
    //@ loop unroll 40;
    for (cap = 0; cap <= n; cap++) {
        char *t = any_text(n, false), *to = any_text(cap, false);
        (void)jbzi_hash_decode64((uint8_t *)to, cap, t, n, &len);
        //@ slevel merge;
        free(t);
        free(to);
    }
}

static void equal(size_t n) {
    size_t m;
    //@ loop unroll 40;
    for (m = 0; m <= 4; m++) {
        char *a = any_text(n, false), *b = any_text(m, false);
        (void)jbzi_hash_equal(a, n, b, m);
        //@ slevel merge;
        free(a);
        free(b);
    }
}

static void seeded(size_t n) {
    char *t = any_text(n, false);
    uint64_t seed[2];
    Frama_C_make_unknown((char *)seed, sizeof seed);
    (void)jbzi_hash_seeded(seed, t, n);
    //@ slevel merge;
    free(t);
}

static void accept(size_t n) {
    char *key = any_text(n, false), out[28];
    jbzi_hash_accept(key, out);
    //@ slevel merge;
    free(key);
}

int main(void) {
    EACH_LENGTH(accept, 24, 24);
    EACH_LENGTH(sha1, 0, LONGEST);
    EACH_LENGTH(encode64, 0, 12);
    EACH_LENGTH(decode64, 0, 12);
    EACH_LENGTH(equal, 0, 8);
    EACH_LENGTH(seeded, 0, 17);
    return 0;
}
