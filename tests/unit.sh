#!/bin/sh
# sh tests/unit.sh NAME PROGRAM...     runs cmocka programs, a few at once (some of them mostly wait), and counts their tests; shows what
# failed. RUN= goes before each, LIMIT= is the seconds one may take. A program that dies is one failure, named by the test it was in.
name=$1
shift
ok=0 bad=0
export JBZ_MESSAGES="${JBZ_MESSAGES:-tests/fixtures/messages}"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:allocator_may_return_null=1}" UBSAN_OPTIONS=print_stacktrace=1
logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
printf '%s\n' "$@" | LOGS=$logs xargs -n 1 -P "$(($(nproc 2> /dev/null || echo 2) + 1))" sh -c '
    timeout "${LIMIT:-60}" ${RUN:-} "$0" > "$LOGS/${0##*/}" 2>&1
    echo $? > "$LOGS/${0##*/}.status"'
for program in "$@"; do
    log=$logs/${program##*/}
    status=$(cat "$log.status")
    good=$(grep -c '^\[       OK \]' "$log")
    # cmocka names a failed test twice, the second time in its closing list; a run that died has no such list
    lost=$(sed '/^\[==========\] .*test(s) run/,$d' "$log" | grep -c '^\[  FAILED  \] ')
    if [ "$status" -ne 0 ] && [ "$lost" -eq 0 ]; then
        lost=1
        [ "$status" -ne 124 ] || status="124, which is ${LIMIT:-60} s,"
        echo "$program: ended with status $status in or after $(sed -n 's/^\[ RUN      \] //p' "$log" | tail -n 1)"
    fi
    if [ "$good" -eq 0 ] && [ "$lost" -eq 0 ]; then
        lost=1
        echo "$program: ran no test"
    fi
    [ "$lost" -eq 0 ] || { echo "---- $program"; grep -vE '^\[( RUN     |       OK|=====|  PASSED)' "$log" | tail -n 120; }
    printf '    %-28s %4d passed %3d failed\n' "$program" "$good" "$lost"
    ok=$((ok + good)) bad=$((bad + lost))
done
echo "$name: $ok passed, $bad failed"
[ "$bad" -eq 0 ] && [ "$ok" -gt 0 ]
