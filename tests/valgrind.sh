#!/bin/sh
# sh tests/valgrind.sh build/unit/test_x ...     unit tests and calls under valgrind's memcheck. No error, no leak.
grind='valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect --error-exitcode=9'
command -v valgrind > /dev/null || { echo 'SKIPPED: valgrind is not here'; echo 'valgrind: 0 passed, 0 failed, 1 skipped'; exit 0; }
# not these two: their kernel and their clock do not go together with valgrind's; the calls exercise the server
programs=$(printf '%s\n' "$@" | grep -v -e test_server -e test_json)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
RUN=$grind LIMIT=600 sh tests/unit.sh unit-valgrind $programs | tee "$log"
BEFORE=$grind SIM_FLAGS='--fast --timeout 30' ONLY="${ONLY:-menu-s}" sh tests/calls.sh calls-valgrind build build/simulator | tee -a "$log"
sed -n 's/^\(unit\|calls\)-valgrind: //p' "$log" | awk '{ ok += $1; bad += $3 } END { print "valgrind: " ok + 0 " passed, " bad + 0 " failed"; exit bad + 0 > 0 || NR != 2 }'
