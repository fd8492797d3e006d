#!/bin/sh
# sh tests/e2e/run.sh NAME DIR     the end-to-end tests with the programs in DIR: npm ws under node's test runner, then Python's
# websockets.
name=${1:-e2e} ok=0 bad=0
BUILD=$(cd "${2:-build}" && pwd) || exit 1
export BUILD
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# one runner per file, two at a time: each starts its own servers on free ports
ls tests/e2e/*.test.mjs | xargs -n 1 -P "$(nproc 2> /dev/null || echo 2)" sh -c '
    node --test --test-reporter=tap "$1" > "$0/$(basename "$1").tap" 2>&1' "$tmp"
for tap in "$tmp"/*.tap; do
    good=$(sed -n 's/^# pass //p' "$tap" | tail -n 1) lost=$(sed -n 's/^# fail //p' "$tap" | tail -n 1)
    cut=$(sed -n 's/^# cancelled //p' "$tap" | tail -n 1)
    good=${good:-0} lost=$((${lost:-1} + ${cut:-0}))
    grep -E '^# (round trip|drained [a-z]+ calls)' "$tap" | sed 's/^# /    /'
    [ "$lost" -eq 0 ] || grep -vE '^ *(# Subtest|ok |duration_ms|type:|\.\.\.|---|1\.\.)' "$tap" | head -n 150
    printf '    %-28s %4d passed %3d failed\n' "$(basename "$tap" .test.mjs.tap)" "$good" "$lost"
    ok=$((ok + good)) bad=$((bad + lost))
done

/usr/bin/python3 tests/e2e/peer_test.py > "$tmp/python" 2>&1
status=$?
set -- $(sed -n 's/^python: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$tmp/python")
good=${1:-0} lost=${2:-1}
[ "$status" -eq 0 ] || { [ "$lost" -gt 0 ] || lost=1; tail -n 100 "$tmp/python"; }
printf '    %-28s %4d passed %3d failed\n' "python websockets" "$good" "$lost"
ok=$((ok + good)) bad=$((bad + lost))

echo "$name: $ok passed, $bad failed"
[ "$bad" -eq 0 ] && [ "$ok" -gt 0 ]
