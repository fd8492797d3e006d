#!/bin/sh
# sh tests/sanitize/suite.sh NAME 'PROGRAM...' COMPILER...     unit tests as they are, then planted faults, which must be seen.
name=$1 programs=$2
shift 2
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=0 exitcode=66 second_deadlock_stack=1}" MSAN_OPTIONS="${MSAN_OPTIONS:-allocator_may_return_null=1}"
export JBZ_MESSAGES=tests/fixtures/messages
{
    # shellcheck disable=SC2086
    LIMIT=170 sh tests/unit.sh "$name-unit" $programs
    /usr/bin/python3 tests/sanitize/planted.py "$name" "$@"
} | tee "$log"
awk -v name="$name" '/^[a-z-]+: [0-9]+ passed, [0-9]+ failed$/ { ok += $2; bad += $4; n++ }
    END { printf "%s: %d passed, %d failed\n", name, ok, bad; exit bad > 0 || n != 2 }' "$log"
