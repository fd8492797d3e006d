# ci: fault
FAULTS_BUILDS = test_fault test_fault_poll
# Every call with every errno; sanitized, every call.
fault:
	@mkdir -p build/fault
	@$(SUB) $(FAULTS_BUILDS:%=build/fault/%) $(FAULTS_BUILDS:%=build/asan/%)
	@FAULTS=full LIMIT=170 sh tests/unit.sh fault $(FAULTS_BUILDS:%=build/fault/%) > build/fault/full.log; status=$$?; cat build/fault/full.log; \
	 LIMIT=170 sh tests/unit.sh fault $(FAULTS_BUILDS:%=build/asan/%) > build/fault/asan.log || status=1; cat build/fault/asan.log; \
	 cat build/fault/*.log | awk '/^fault: / { ok += $$2; bad += $$4 } END { printf "fault: %d passed, %d failed\n", ok, bad }'; exit $$status

build/fault/%: tests/%.c $(HEADER)
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -g -O1 -I. -o $@ $< $(LDFLAGS) -lcmocka -lm

.PHONY: fault
