/* What MemorySanitizer needs to know of cmocka, a library it has not compiled: what cmocka passes to a test was written (it is, but
   MSan has not seen it), and what a test has compared with memory must have been written, too. Linked into each test of `make msan`,
   with -Wl,--wrap for the functions that begin with __wrap_. */

#include <sanitizer/msan_interface.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FROM_CMOCKA __attribute__((no_sanitize("memory")))

int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup, CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup, CMFixtureFunction teardown);
void __real__assert_memory_equal(const void *a, const void *b, size_t n, const char *file, int line);
void __wrap__assert_memory_equal(const void *a, const void *b, size_t n, const char *file, int line);

static const struct CMUnitTest *running;

/* A test begins: the state in its copy is the entry it was made from. */
FROM_CMOCKA static void begins(void **state) {
    running = (const struct CMUnitTest *)*state;
    *state = running->initial_state;
    __msan_unpoison(state, sizeof *state);
}

FROM_CMOCKA static int sets_up(void **state) { begins(state); return running->setup_func(state); }
FROM_CMOCKA static void tests(void **state) { running->test_func(state); }
FROM_CMOCKA static void begins_and_tests(void **state) { begins(state); running->test_func(state); }
FROM_CMOCKA static int tears_down(void **state) { return running->teardown_func(state); }

FROM_CMOCKA int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *all, size_t n, CMFixtureFunction setup, CMFixtureFunction teardown) {
    struct CMUnitTest *copies = (struct CMUnitTest *)calloc(n, sizeof *copies);
    size_t i;
    int status;
    if (!copies) abort();
    for (i = 0; i < n; i++) {
        copies[i].name = all[i].name;
        copies[i].test_func = all[i].setup_func ? tests : begins_and_tests;
        copies[i].setup_func = all[i].setup_func ? sets_up : NULL;
        copies[i].teardown_func = all[i].teardown_func ? tears_down : NULL;
        copies[i].initial_state = (void *)(uintptr_t)&all[i];
    }
    status = __real__cmocka_run_group_tests(name, copies, n, setup, teardown); /* a state of the group's would take the place of ours; no program has one */
    free(copies);
    return status;
}

void __wrap__assert_memory_equal(const void *a, const void *b, size_t n, const char *file, int line) {
    __msan_check_mem_is_initialized(a, n);
    __msan_check_mem_is_initialized(b, n);
    __real__assert_memory_equal(a, b, n, file, line);
}
