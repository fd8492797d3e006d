# ci: siege
# Attacks on running programs, plain and under sanitizers, while a well-behaved client makes calls. ONLY= names one scenario.
SIEGED = agent bench_ack echo menu
siege:
	@sh tests/setup.sh npm
	@$(SUB) $(SIEGED:%=build/%) $(SIEGED:%=build/asan/%)
	@/usr/bin/python3 tests/siege/siege.py $(if $(ONLY),--only $(ONLY)) $(if $(JOBS_SIEGE),--jobs $(JOBS_SIEGE))

# nightly: siege-selftest
# Faults put into the header, each against the scenario that must notice. ONLY= names one.
siege-selftest:
	@sh tests/setup.sh npm
	@/usr/bin/python3 tests/siege/selftest.py $(ONLY)

.PHONY: siege siege-selftest
