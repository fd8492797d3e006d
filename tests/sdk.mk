# ci: sdk
# Frame by frame against the official SDK: the same call of each of its methods, there and here.
build/sdk-frames: tests/sdk/frames.c tests/support.h $(HEADER)
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -Wno-missing-braces -g -O0 -I. -o $@ $< $(LDFLAGS) -lcmocka -lm

sdk: build/sdk-frames
	@sh tests/setup.sh npm
	@node tests/sdk/compare.mjs build/sdk-frames

.PHONY: sdk
