# nightly: fuzz-selftest
# Do fuzz_verbs and fuzz_server notice faults that are put in?
fuzz-selftest:
	@sh tests/fuzz/selftest.sh

.PHONY: fuzz-selftest

# ci: fuzz-msan T=10
# Whole sessions, the server and the verbs under MemorySanitizer: the kept corpus, then a search.
BARE = fuzz_audio fuzz_conn fuzz_server fuzz_verbs
fuzz-msan:
	@$(SUB) $(BARE:%=build/fuzz-msan/%)
	@FUZZ_DIR=build/fuzz-msan sh tests/fuzz.sh $(BARE)

build/fuzz-msan/%: tests/fuzz/%.c $(wildcard tests/fuzz/*.h) $(HEADER)
	@mkdir -p $(@D)
	$(SANITIZE_CC) $(FUZZ_FLAGS) -DFUZZ_BARE -fsanitize=fuzzer,memory -w -o $@ $< -lm

.PHONY: fuzz-msan
