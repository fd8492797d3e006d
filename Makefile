# jambonz_ws.h is one file and needs no building. This makes the programs beside it, and everything that checks it.
# CC, CXX and CFLAGS are respected; `make help` lists the targets. Suites end with a line "N passed, N failed".

CC ?= cc
CXX ?= c++
CFLAGS ?= -O2
STD = -std=c99
HEADER = jambonz_ws.h
JOBS := $(shell nproc 2>/dev/null || echo 2)
# Where a target builds others it does so on all cores, unless make was told how many already.
SUB = $(MAKE) --no-print-directory -s $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
SUITES = sh tests/suites.sh

PROGRAMS := $(patsubst examples/%.c,%,$(wildcard examples/*.c))
# The longest first, so that no core has to wait for it at the end.
UNITS := $(patsubst tests/%.c,%,$(shell ls -S tests/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
SIMULATOR := $(wildcard tests/simulator/*.c tests/simulator/*.h)
SANITIZE = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
UNIT_SANITIZE = -O0 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined
WARN = -Wall -Wextra -Wpedantic

all: examples

help:
	@echo 'make run           a phone call: build/menu is the app, build/simulator is jambonz, your keyboard is the caller'
	@echo '     run ONCE=1    ... a scripted call, then ends     (HOST= and PORT= choose where the app listens)'
	@echo 'make test          everything below up to "e2e"; installs what it needs when it may, else prints the line to type'
	@echo 'make examples      builds the programs into build/'
	@echo 'make unit asan     unit tests; the same under AddressSanitizer and UBSan'
	@echo 'make check         how the file is built: compile matrix, rooms, symbols, snippets of README and manual'
	@echo 'make calls         call scripts through each door; calls-asan: sanitized'
	@echo 'make e2e           end to end with npm ws and with Python websockets'
	@echo 'make schema        the verb tables against @jambonz/schema'
	@echo 'make fuzz T=20     every fuzzer for T (20, 10m, 1h) after its corpus'
	@echo 'make fuzz-msan     sessions, the server and the verbs under MemorySanitizer'
	@echo 'make fuzz-selftest do fuzz_verbs and fuzz_server notice faults put into the header?'
	@echo 'make size          code size of each cut'
	@echo 'make bench         beside plain TCP and other libraries, 20 minutes (QUICK=1: half a minute); writes what README shows'
	@echo 'make bench-gate    instructions, bytes and system calls against tests/bench/targets.tsv   (UPDATE=1 records them)'
	@echo 'make profile       instructions per message by function: WHAT=m4k, m600, call, audio, ..., LINES=1 by line'
	@echo 'make lint fmt      clang-tidy and cppcheck; formats examples and tests'
	@echo 'make analyze       scan-build and gcc -fanalyzer; analyze-full: the tables of the verbs, too'
	@echo 'make portable      unit tests with -m32, on a big-endian machine, without SIMD'
	@echo 'make msan tsan     unit tests under MemorySanitizer; servers in threads under ThreadSanitizer (clang 19)'
	@echo 'make valgrind      calls and unit tests under valgrind'
	@echo 'make selftest      do the simulator and the schema check notice what they should?'
	@echo 'make fault         failure loops: whole scenarios while each system call and allocation fails, with each errno'
	@echo 'make coverage mcdc lines and branches of the header that the tests reach, by room; decisions, too (clang 19)'
	@echo 'make sdk readme    frame by frame against the official SDK; the tables of the README'
	@echo 'make siege         attacks on running programs while a client makes calls beside (ONLY=name)'
	@echo 'make soak T=1m     mixed load with faults injected: flat memory, descriptors back, no ack lost (ONLY=row SEED=n)'
	@echo 'make mutants       faults in the header, one at a time: does a test notice each?'
	@echo 'make threats       does every case of the threat model have a test that notices it?'
	@echo 'make conform       wsconform against build/echo, where it is at hand'
	@echo 'make prove         Frama-C: memory safety of the lower rooms up to stated lengths; prove-selftest: does it notice faults?'
	@echo 'make clean'

# -- programs ---------------------------------------------------------------------------------------------------------

examples: $(PROGRAMS:%=build/%) build/simulator

build/%: examples/%.c $(HEADER) $(wildcard examples/*.h)
	@mkdir -p $(@D)
	$(CC) $(STD) $(CFLAGS) $(WARN) -I. -o $@ $< $(LDFLAGS)

build/simulator: $(SIMULATOR)
	@mkdir -p $(@D)
	$(CC) $(STD) $(CFLAGS) -o $@ $(filter %.c,$^) $(LDFLAGS) -lm

build/asan/%: examples/%.c $(HEADER) $(wildcard examples/*.h)
	@mkdir -p $(@D)
	$(CC) $(STD) $(SANITIZE) $(WARN) -I. -o $@ $<

build/probe: tests/e2e/probe.c $(HEADER)
	@mkdir -p $(@D)
	$(CC) $(STD) $(CFLAGS) $(WARN) -I. -o $@ $< $(LDFLAGS)

build/asan/probe: tests/e2e/probe.c $(HEADER)
	@mkdir -p $(@D)
	$(CC) $(STD) $(SANITIZE) $(WARN) -I. -o $@ $<

build/asan/simulator: $(SIMULATOR)
	@mkdir -p $(@D)
	$(CC) $(STD) $(SANITIZE) -o $@ $(filter %.c,$^) -lm

run:
	@$(SUB) build/menu build/simulator
	@sh tests/demo.sh

# -- suites -----------------------------------------------------------------------------------------------------------

test: setup
	@$(SUITES) unit asan check e2e calls

setup:
	@sh tests/setup.sh test

unit:
	@$(SUB) $(UNITS:%=build/unit/%)
	@sh tests/unit.sh unit $(UNITS:%=build/unit/%)

asan:
	@$(SUB) $(UNITS:%=build/asan/%)
	@sh tests/unit.sh asan $(UNITS:%=build/asan/%)

# Not optimised: compiling takes longer than running. `make portable` has a pass with -O2.
build/unit/%: tests/%.c $(HEADER)
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -g $(filter-out -O%,$(CFLAGS)) -O0 -I. -o $@ $< $(LDFLAGS) -lcmocka -lm -pthread

build/asan/test_%: tests/test_%.c $(HEADER)
	@mkdir -p $(@D)
	$(CC) $(STD) $(UNIT_SANITIZE) $(WARN) -I. -o $@ $< -lcmocka -lm -pthread

check:
	@sh tests/check.sh

calls:
	@$(SUB) examples
	@sh tests/calls.sh calls build build/simulator

calls-asan:
	@$(SUB) $(PROGRAMS:%=build/asan/%) build/asan/simulator
	@sh tests/calls.sh calls-asan build/asan build/asan/simulator

e2e:
	@$(SUB) examples build/probe
	@sh tests/setup.sh npm
	@sh tests/e2e/run.sh e2e build

e2e-asan:
	@$(SUB) $(PROGRAMS:%=build/asan/%) build/asan/simulator build/asan/probe
	@sh tests/setup.sh npm
	@sh tests/e2e/run.sh e2e-asan build/asan

schema:
	@sh tests/setup.sh npm
	@sh tests/schema.sh

selftest: build/simulator
	@sh tests/setup.sh npm
	@node tests/simulator/selftest.mjs build/simulator
	@node tests/schema/selftest.mjs

fuzz:
	@$(SUB) $(FUZZERS:%=build/fuzz/%)
	@sh tests/fuzz.sh $(FUZZERS)

FUZZ_CC ?= clang
FUZZ_FLAGS = $(STD) -O1 -g -D_GNU_SOURCE -fno-sanitize-recover=undefined -I.
FUZZ_LIBS = -ljansson -lwslay -lhttp_parser -lm
# The library once more, without vectors: what the targets compare themselves with.
build/fuzz/plain.o: tests/fuzz/plain.c tests/fuzz/plain.h $(HEADER)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

build/fuzz/%: tests/fuzz/%.c $(wildcard tests/fuzz/*.h) build/fuzz/plain.o $(HEADER)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $< build/fuzz/plain.o $(FUZZ_LIBS)

portable:
	@sh tests/portable.sh $(filter-out test_fault%,$(UNITS))

valgrind:
	@$(SUB) examples
	@$(SUB) $(UNITS:%=build/unit/%)
	@sh tests/valgrind.sh $(patsubst %,build/unit/%,$(filter-out test_fault%,$(UNITS)))

conform: build/echo
	@sh tests/conform.sh

lint:
	@sh tests/lint.sh

fmt:
	clang-format -i $(wildcard examples/*.[ch] tests/*.c tests/compile/*.[ch] tests/fuzz/*.c)

clean:
	rm -rf build

.PHONY: all help examples run test setup unit asan check calls calls-asan e2e e2e-asan schema selftest fuzz portable valgrind conform \
        lint fmt clean

# Whoever adds a suite (bench, coverage, ...) puts it into a file tests/NAME.mk; a line "# ci: NAME" in it makes .ci/run run it.
-include $(sort $(wildcard tests/*.mk))
