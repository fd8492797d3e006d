#!/bin/sh
# make lint: clang-tidy and cppcheck over the header, as one C file, and over the programs; clang-tidy's checks are in .clang-tidy.
# No finding is allowed but those of tests/lint.accepted.
ok=0 bad=0 skip=0
mkdir -p build/lint

tell() { if [ -s "build/lint/$1" ]; then bad=$((bad + 1)); echo "FAIL: $1"; head -n 60 "build/lint/$1"; else ok=$((ok + 1)); echo "    $1: nothing found"; fi; }

if command -v clang-tidy > /dev/null; then
    rm -f build/lint/*
    ls tests/compile/two_library.c examples/*.c | xargs -n 2 -P "$(nproc 2> /dev/null || echo 2)" sh -c '
        for f; do # the header once, the programs without it
            case $f in tests/*) filter=jambonz_ws.h ;; *) filter=examples/ ;; esac
            clang-tidy --quiet --header-filter="$filter" "$f" -- -std=c99 -D_GNU_SOURCE -I. > "$0/$(basename "$f").tidy" 2> "$0/$(basename "$f").err"
        done' build/lint
    grep -hE '(warning|error): ' build/lint/*.tidy | sed "s,^$PWD/,,; s,^\./,," | sort -u | sh tests/judge.sh > build/lint/clang-tidy
    grep -hE '^Error|error:' build/lint/*.err >> build/lint/clang-tidy
    tell clang-tidy
else skip=$((skip + 1)); echo 'SKIPPED: clang-tidy is not here'; fi

if command -v cppcheck > /dev/null; then
    # it does not understand the tables of the verbs, so they are cut off (gcc, clang and clang-tidy see them)
    cppcheck --quiet --std=c99 --platform=unix64 --enable=warning,performance,portability -I. -D__GNUC__=12 -D__linux__ -DJBZ_NO_VERBS \
        --suppress=missingIncludeSystem --template='{file}:{line}: {severity}: {message} [{id}]' tests/compile/two_library.c 2>&1 | sh tests/judge.sh > build/lint/cppcheck
    tell cppcheck
else skip=$((skip + 1)); echo 'SKIPPED: cppcheck is not here'; fi
if [ $skip -gt 0 ]; then echo "lint: $ok passed, $bad failed, $skip skipped"; else echo "lint: $ok passed, $bad failed"; fi
[ $bad -eq 0 ]
