# nightly: fuzz-selftest
# Do fuzz_verbs and fuzz_server notice faults that are put in?
fuzz-selftest:
	@sh tests/fuzz/selftest.sh

.PHONY: fuzz-selftest
