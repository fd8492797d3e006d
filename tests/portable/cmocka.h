/* As much of cmocka's interface as our unit tests use, for machines that have a compiler and an emulator but no cmocka: 32 bits,
   big-endian. Written for this; include it through -Itests/portable. */
#ifndef JBZ_TEST_CMOCKA_H
#define JBZ_TEST_CMOCKA_H
#include <fnmatch.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef int (*CMFixtureFunction)(void **state);
struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    CMFixtureFunction setup_func, teardown_func;
    void *initial_state;
};

#if defined(__GNUC__)
#define CM_MAYBE __attribute__((unused)) static
#else
#define CM_MAYBE static
#endif

static jmp_buf cm_out;
static const char *cm_filter;

CM_MAYBE void cmocka_set_test_filter(const char *pattern) { cm_filter = pattern; }

CM_MAYBE void cm_fail(const char *file, int line, const char *fmt, ...) {
    va_list ap;
    printf("[  ERROR   ] --- %s:%d: ", file, line);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    longjmp(cm_out, 1);
}

CM_MAYBE void skip(void) { longjmp(cm_out, 2); }

#define CM_FAIL(...) cm_fail(__FILE__, __LINE__, __VA_ARGS__)
#define fail_msg(...) CM_FAIL(__VA_ARGS__)
#define fail() CM_FAIL("failed")
#define print_message printf
#define cm_number(x) ((uintmax_t)(x))
#define assert_true(c) do { if (!(c)) CM_FAIL("%s", #c); } while (0)
#define assert_false(c) do { if (c) CM_FAIL("not: %s", #c); } while (0)
#define assert_null(p) do { if ((p) != NULL) CM_FAIL("not NULL: %s", #p); } while (0)
#define assert_non_null(p) do { if ((p) == NULL) CM_FAIL("NULL: %s", #p); } while (0)
#define assert_ptr_equal(a, b) do { if ((const void *)(a) != (const void *)(b)) CM_FAIL("%s is not %s", #a, #b); } while (0)
#define assert_ptr_not_equal(a, b) do { if ((const void *)(a) == (const void *)(b)) CM_FAIL("%s is %s", #a, #b); } while (0)
CM_MAYBE void cm_equal(uintmax_t a, uintmax_t b, int want, const char *file, int line, const char *sa, const char *sb) {
    if ((a == b) != want) cm_fail(file, line, "%s (%" PRIuMAX ") %s %s (%" PRIuMAX ")", sa, a, want ? "is not" : "is", sb, b);
}
#define assert_int_equal(a, b) cm_equal(cm_number(a), cm_number(b), 1, __FILE__, __LINE__, #a, #b)
#define assert_int_not_equal(a, b) cm_equal(cm_number(a), cm_number(b), 0, __FILE__, __LINE__, #a, #b)
#define assert_in_range(v, lo, hi) assert_true(cm_number(v) >= cm_number(lo) && cm_number(v) <= cm_number(hi))
#define assert_float_equal(a, b, e) assert_true((a) - (b) <= (e) && (b) - (a) <= (e))
CM_MAYBE void cm_string(const char *a, const char *b, int want, const char *file, int line) {
    if ((strcmp(a, b) == 0) != want) cm_fail(file, line, "\"%s\" %s \"%s\"", a, want ? "is not" : "is", b);
}
#define assert_string_equal(a, b) cm_string((a), (b), 1, __FILE__, __LINE__)
#define assert_string_not_equal(a, b) cm_string((a), (b), 0, __FILE__, __LINE__)
#define assert_memory_equal(a, b, n) do { if (memcmp((a), (b), (n)) != 0) CM_FAIL("%s differs from %s", #a, #b); } while (0)
#define assert_memory_not_equal(a, b, n) do { if (memcmp((a), (b), (n)) == 0) CM_FAIL("%s is as %s", #a, #b); } while (0)

#define cmocka_unit_test(f) { #f, f, NULL, NULL, NULL }
#define cmocka_unit_test_setup_teardown(f, s, t) { #f, f, s, t, NULL }
#define cmocka_unit_test_setup(f, s) { #f, f, s, NULL, NULL }
#define cmocka_unit_test_teardown(f, t) { #f, f, NULL, t, NULL }
#define cmocka_unit_test_prestate(f, p) { #f, f, NULL, NULL, p }
#define cmocka_unit_test_prestate_setup_teardown(f, s, t, p) { #f, f, s, t, p }

static int cm_one(const struct CMUnitTest *t, void *group_state) {
    static void *state;
    volatile int ok = 1, skipped = 0;
    state = t->initial_state ? t->initial_state : group_state;
    printf("[ RUN      ] %s\n", t->name);
    fflush(stdout);
    if (t->setup_func && t->setup_func(&state) != 0) ok = 0;
    if (ok) {
        switch (setjmp(cm_out)) {
        case 0: t->test_func(&state); break;
        case 2: skipped = 1; break;
        default: ok = 0;
        }
    }
    if (t->teardown_func && t->teardown_func(&state) != 0) ok = 0;
    printf(!ok ? "[  FAILED  ] %s\n" : skipped ? "[  SKIPPED ] %s\n" : "[       OK ] %s\n", t->name);
    return ok;
}

static int cm_all(const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup, CMFixtureFunction teardown) {
    static void *state;
    size_t i;
    int failed = 0;
    if (setup && setup(&state) != 0) { printf("[  FAILED  ] group_setup\n"); return 1; }
    for (i = 0; i < n; i++) if ((!cm_filter || fnmatch(cm_filter, tests[i].name, 0) == 0) && !cm_one(&tests[i], state)) failed++;
    if (teardown && teardown(&state) != 0) failed++;
    return failed;
}
#define cmocka_run_group_tests_name(name, tests, s, t) cm_all(tests, sizeof (tests) / sizeof (tests)[0], s, t)
#define _cmocka_run_group_tests(name, tests, n, s, t) cm_all(tests, n, s, t)
#define cmocka_run_group_tests(tests, s, t) cm_all(tests, sizeof (tests) / sizeof (tests)[0], s, t)
#endif
