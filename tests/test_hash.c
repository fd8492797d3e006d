/* Room 7: SHA-1, base64, the compare for secrets, the seeded hash. */
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

/* The last `n` bytes of a page that nothing follows: reading or writing one too many ends the test. */
static char *at_edge(const void *src, size_t n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (n / page + 1) * page;
    char *p = (char *)mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(mprotect(p + room, page, PROT_NONE), 0);
    if (src && n) memcpy(p + room - n, src, n);
    return p + room - n;
}

static void edge_free(char *p, size_t n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (n / page + 1) * page;
    munmap(p + n - room, room + page);
}

static void sha1_is(const void *text, size_t n, const char *hex) {
    char *p = at_edge(text, n), got[41];
    uint8_t sum[20];
    size_t i;
    jbzi_hash_sha1(p, n, sum);
    for (i = 0; i < 20; i++) {
        got[2 * i] = "0123456789abcdef"[sum[i] >> 4];
        got[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
    }
    got[40] = 0;
    assert_string_equal(got, hex);
    edge_free(p, n);
}

static void sha1_vectors(void **state) {
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    char *million = (char *)malloc(1000000);
    (void)state;
    sha1_is("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    sha1_is("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
    sha1_is(two, 56, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    memset(million, 'a', 1000000);
    sha1_is(million, 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    free(million);
}

/* Every way in which text, mark and length can fall into blocks (digests from another implementation). */
static void sha1_block_edges(void **state) {
    static const struct { size_t n; const char *hex; } t[] = {
        { 55, "cef734ba81a024479e09eb5a75b6ddae62e6abf1" },
        { 56, "901305367c259952f4e7af8323f480d59f81335b" }, { 60, "06ced2e070e58c2c4ed9f2b8cb890f0c512ce60d" },
        { 63, "0ddc4e0cccd9a12850deb5abb0853a4425559fec" }, { 64, "bb2fa3ee7afb9f54c6dfb5d021f14b1ffe40c163" },
        { 65, "78c741ddc482e4cdf8c474a0876347a0905b6233" },
        { 119, "4300320394f7ee239bcdce7d3b8bcee173a0cd5c" },
        { 120, "ceb2821639c4b6dcb10bce0e522ca2e608ce056d" }, { 127, "e463484d274607e1897d4099497cbf2aedcf8206" },
        { 128, "150fa3fbdc899bd0b8f95a9fb6027f564d953762" }, { 129, "2699b675922cc84a9b0dfd926eb7f8211c78693d" }
    };
    char text[129];
    size_t i;
    (void)state;
    memset(text, 'x', sizeof text);
    for (i = 0; i < sizeof t / sizeof *t; i++) sha1_is(text, t[i].n, t[i].hex);
}

static void base64_vectors(void **state) {
    static const char *const t[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob",
        "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "+/+/" } };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof t / sizeof *t; i++) {
        size_t n = strlen(t[i][0]), m = strlen(t[i][1]), len = 99;
        char *src = at_edge(t[i][0], n), *text = at_edge(NULL, m), *back = at_edge(NULL, n);
        assert_int_equal(jbzi_hash_encode64(text, (uint8_t *)src, n), m);
        assert_memory_equal(text, t[i][1], m);
        assert_true(jbzi_hash_decode64((uint8_t *)back, n, text, m, &len));
        assert_int_equal(len, n);
        assert_memory_equal(back, t[i][0], n);
        if (n) assert_false(jbzi_hash_decode64((uint8_t *)back, n - 1, text, m, &len)); /* one byte too small */
        edge_free(src, n);
        edge_free(text, m);
        edge_free(back, n);
    }
}

static void base64_is_strict(void **state) {
    static const char *const bad[] = { "=", "==", "===", "====", "A", "AA", "AAA", "A===", "AA=A", "=AAA", "Zh==", "Zm9=",
        "Zg==Zg==",
        "Zm9v\n", "Zm 9", "Zm9v=", "Zm9v====", "Zg=", "-_-_", "Zm9\x80", "Zm9*", "Zm9[", "Zm9@", "Zm9`", "Zm9{", "Zm9:",
        "Zm9.", "Zm9," };
    uint8_t out[16];
    size_t i, len;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *p = at_edge(bad[i], strlen(bad[i]));
        len = 77;
        assert_false(jbzi_hash_decode64(out, sizeof out, p, strlen(bad[i]), &len));
        assert_int_equal(len, 77);
        edge_free(p, strlen(bad[i]));
    }
    assert_false(jbzi_hash_decode64(out, sizeof out, "Zm\0v", 4, &len));
}

/* Each byte value in each place of a group: exactly the 64 of the alphabet decode, and what decodes encodes to itself. */
static void base64_alphabet(void **state) {
    int c, at, good = 0;
    (void)state;
    for (at = 0; at < 4; at++)
        for (c = 0; c < 256; c++) {
            char text[4] = { 'A', 'A', 'A', 'A' }, again[4];
            uint8_t out[3];
            size_t len = 0;
            text[at] = (char)c;
            if (!jbzi_hash_decode64(out, 3, text, 4, &len)) continue;
            assert_int_equal(jbzi_hash_encode64(again, out, len), 4);
            assert_memory_equal(again, text, 4);
            good++;
        }
    assert_int_equal(good, 4 * 64 + 1); /* and "AAA=" */
}

static void accept_of_the_rfc(void **state) {
    char out[28];
    (void)state;
    jbzi_hash_accept("dGhlIHNhbXBsZSBub25jZQ==", out); /* RFC 6455 1.3 */
    assert_memory_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28);
}

static void equal_compares_all(void **state) {
    static const char secret[] = "user:pass";
    char sent[sizeof secret];
    size_t i;
    (void)state;
    assert_true(jbzi_hash_equal("user:pass", 9, secret, 9));
    assert_true(jbzi_hash_equal("", 0, "", 0));
    assert_false(jbzi_hash_equal("", 0, secret, 9));
    assert_false(jbzi_hash_equal("u", 1, "", 0));
    assert_false(jbzi_hash_equal("user:passs", 10, secret, 9)); /* the last byte again: length alone differs */
    assert_false(jbzi_hash_equal("user:pas", 8, secret, 9));
    assert_false(jbzi_hash_equal("user:pass\0", 10, secret, 9));
    for (i = 0; i < 9; i++) {
        memcpy(sent, secret, sizeof secret);
        sent[i] ^= 0x20;
        assert_false(jbzi_hash_equal(sent, 9, secret, 9));
    }
}

/* Reads neither text past its end, whatever the lengths. */
static void equal_stays_inside(void **state) {
    size_t n, m;
    (void)state;
    for (n = 0; n < 5; n++)
        for (m = 0; m < 5; m++) {
            char *a = at_edge("aaaa", n), *b = at_edge("aaaa", m);
            assert_int_equal(jbzi_hash_equal(a, n, b, m), n == m);
            edge_free(a, n);
            edge_free(b, m);
        }
}

/* Low halves of SipHash-1-3 with key 00..0f of 00, 0001, ...; from a second implementation that has 2-4's published vectors. */
static void seeded_vectors(void **state) {
    static const uint32_t want[] = { 0x050fc4dcu, 0x7d57ca93u, 0x4dc7d44du, 0xe7ddf7fbu, 0x88d38328u, 0x49533b67u, 0xc59f22a7u,
        0x9bb11140u, 0x8d299a8eu, 0x6c063de4u, 0x92ff097fu, 0xf94dc352u, 0x57b4d9a2u, 0x1229ffa7u, 0xc0f95d34u, 0x2a519956u,
        0x7d908b66u, 0x63dbd80cu, 0xb473e63eu, 0x8d297d1cu, 0xa6cce040u, 0x2b45f844u, 0xa320872eu, 0xdae6c123u, 0x67349c8cu };
    const uint64_t seed[2] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };
    char bytes[32];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bytes; i++) bytes[i] = (char)i;
    for (i = 0; i < sizeof want / sizeof *want; i++) {
        char *p = at_edge(bytes, i);
        assert_int_equal(jbzi_hash_seeded(seed, p, i), want[i]);
        edge_free(p, i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1_vectors),
        cmocka_unit_test(sha1_block_edges),
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(base64_alphabet),
        cmocka_unit_test(accept_of_the_rfc),
        cmocka_unit_test(equal_compares_all),
        cmocka_unit_test(equal_stays_inside),
        cmocka_unit_test(seeded_vectors),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
