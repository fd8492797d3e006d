# ci: soak
# Mixed load with faults injected, for T (1m; nightly, with FULL=1, 30m): flat memory, descriptors back, no ack lost, nothing for a sanitizer to say.
SOAKED = agent bench_ack audio_echo menu
soak: build/soak/faults.so
	@$(SUB) $(SOAKED:%=build/%) $(SOAKED:%=build/asan/%) build/soak/later build/asan/soak/later
	@python3 tests/soak/soak.py $(or $(T),$(if $(FULL),30m,1m)) $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED))

build/soak/faults.so: tests/soak/faults.c
	@mkdir -p $(@D)
	@$(CC) -std=gnu99 -O2 -Wall -Wextra -shared -fPIC -o $@ $< -ldl

build/soak/%: tests/soak/%.c $(HEADER)
	@mkdir -p $(@D)
	$(CC) $(STD) $(CFLAGS) $(WARN) -I. -o $@ $< $(LDFLAGS)

build/asan/soak/%: tests/soak/%.c $(HEADER)
	@mkdir -p $(@D)
	$(CC) $(STD) $(SANITIZE) $(WARN) -I. -o $@ $<

.PHONY: soak
