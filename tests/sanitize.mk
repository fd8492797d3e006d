# ci: msan
# The unit tests under MemorySanitizer: no decision and no byte sent depends on memory that was never written.
MSAN_CC ?= clang-19
MSAN = -g -fsanitize=memory -fno-omit-frame-pointer
# Most take longer to compile than to run; these do not.
MSAN_LONG = test_conn test_fault test_fault_poll test_http test_json test_speech test_utf8 test_ws
MSAN_WRAP = -Wl,--wrap=_cmocka_run_group_tests,--wrap=_assert_memory_equal
msan:
	@$(SUB) $(UNITS:%=build/msan/%)
	@sh tests/unit.sh msan $(UNITS:%=build/msan/%)

build/msan/%: tests/%.c tests/sanitize/msan.c $(HEADER)
	@mkdir -p $(@D)
	$(MSAN_CC) $(STD) $(MSAN) $(if $(filter $*,$(MSAN_LONG)),-O1,-O0) -w -I. -o $@ $< tests/sanitize/msan.c $(MSAN_WRAP) -lcmocka -lm -pthread

.PHONY: msan
