#!/bin/sh
# sh tests/e2e/lws.sh     build/audio_echo against libwebsockets' client, which is what jambonz' media server is built on.
mkdir -p build/e2e
flags=$(pkg-config --cflags --libs libwebsockets 2> /dev/null || echo -lwebsockets)
# shellcheck disable=SC2086
if ! printf '#include <libwebsockets.h>\nint main(void) { return 0; }\n' | ${CC:-cc} -x c - -o build/e2e/probe $flags 2> /dev/null; then
    echo 'SKIPPED: lws: libwebsockets is not here (Debian: libwebsockets-dev)'
    echo 'lws: 0 passed, 0 failed, 1 skipped'
    exit 0
fi
# shellcheck disable=SC2086
${CC:-cc} -std=gnu99 -O1 -Wall -Wextra tests/e2e/lws_audio.c -o build/e2e/lws_audio $flags || exit 1
out=$(mktemp)
${PROGRAM:-build/audio_echo} --port 0 > "$out" 2> "$out.err" &
app=$!
trap 'kill $app 2> /dev/null; rm -f "$out" "$out.err"' EXIT
until grep -q '^listening' "$out"; do sleep 0.05; kill -0 $app || exit 1; done
timeout 60 build/e2e/lws_audio "$(sed -n 's|^listening on ws://[^/]*:\([0-9]*\)/.*|\1|p' "$out")"
status=$?
[ $status -eq 0 ] || cat "$out.err"
exit $status
