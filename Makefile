# jambonz_ws.h: `make run` shows a call, `make test` tests. POSIX make; CC, CXX and CFLAGS are respected.
CFLAGS = -O2
EXAMPLES = build/hello build/menu build/menu_blocking build/menu_own_loop build/echo build/bench_ack

all: examples

examples: $(EXAMPLES) build/simulator

build/%: examples/%.c jambonz_ws.h examples/menu_app.h
	@mkdir -p build
	$(CC) -std=c99 $(CFLAGS) -I. -o $@ $<

build/simulator: tests/simulator/*.c tests/simulator/*.h
	@mkdir -p build
	$(CC) -std=c99 $(CFLAGS) -o $@ tests/simulator/*.c -lm

clean:
	rm -rf build

.PHONY: all examples clean
