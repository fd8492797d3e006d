# ci: lws
lws: build/audio_echo
	@sh tests/e2e/lws.sh

.PHONY: lws
