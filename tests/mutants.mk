# nightly: mutants
# Faults in the header, one at a time: does a test notice each? ONLY= names one.
mutants:
	@/usr/bin/python3 tests/mutants/mutants.py $(ONLY)

.PHONY: mutants
