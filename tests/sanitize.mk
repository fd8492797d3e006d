# ci: msan
# ci: tsan
# ci: analyze
# nightly: analyze-full
# The unit tests under MemorySanitizer: no decision and no byte sent depends on memory that was never written. Then faults that only
# it sees, planted in a copy (tests/sanitize/planted.tsv).
SANITIZE_CC ?= clang-19
# Most tests take longer to compile than to run; these do not.
MSAN_LONG = test_conn test_fault test_fault_poll test_http test_json test_speech test_utf8 test_ws
MSAN_FLAGS = $(STD) -g -fsanitize=memory -fno-omit-frame-pointer -DSLOWLY=4 -w -I.
MSAN_REST = tests/sanitize/msan.c -Wl,--wrap=_cmocka_run_group_tests,--wrap=_assert_memory_equal -lcmocka -lm -pthread
msan:
	@$(SUB) $(UNITS:%=build/msan/%)
	@sh tests/sanitize/suite.sh msan '$(UNITS:%=build/msan/%)' $(SANITIZE_CC) $(MSAN_FLAGS) -O0 -o program tests/@.c $(MSAN_REST)

build/msan/%: tests/%.c tests/support.h tests/sanitize/msan.c $(HEADER)
	@mkdir -p $(@D)
	$(SANITIZE_CC) $(MSAN_FLAGS) $(if $(filter $*,$(MSAN_LONG)),-O1,-O0) -o $@ $< $(MSAN_REST)

# What has threads and signal handlers under ThreadSanitizer, test_threads several times: a race is a matter of luck. Then as above.
THREADED = test_threads test_server test_server_poll
TSAN_FLAGS = $(STD) -g -O1 -fsanitize=thread -w -I.
tsan:
	@$(SUB) $(THREADED:%=build/tsan/%)
	@for i in 1 2 3 4 5 6 7 8 9; do cp build/tsan/test_threads build/tsan/test_threads_$$i; done
	@sh tests/sanitize/suite.sh tsan '$(THREADED:%=build/tsan/%) $(foreach i,1 2 3 4 5 6 7 8 9,build/tsan/test_threads_$(i))' \
		$(SANITIZE_CC) $(TSAN_FLAGS) -o program tests/@.c -lcmocka -lm -pthread

build/tsan/%: tests/%.c tests/support.h $(HEADER)
	@mkdir -p $(@D)
	$(SANITIZE_CC) $(TSAN_FLAGS) -o $@ $< -lcmocka -lm -pthread

# scan-build and gcc -fanalyzer over the header and the programs; -full: gcc over the tables of the verbs, too (three minutes more).
analyze:
	@sh tests/sanitize/analyze.sh

analyze-full:
	@sh tests/sanitize/analyze.sh full

.PHONY: msan tsan analyze analyze-full
