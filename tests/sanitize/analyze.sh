#!/bin/sh
# sh tests/sanitize/analyze.sh [full]     scan-build (clang's analyser) and gcc -fanalyzer over the header, as one C file, and over the
# programs without it; then over planted leaks (planted.tsv), which they must find. gcc takes three minutes over the tables of the verbs, so it does that in full only. No finding is allowed but
# those of tests/lint.accepted.
box=build/analyze
mkdir -p $box
rm -rf $box/*
cut=$([ "${1:-}" = full ] || echo -DJBZ_NO_VERBS)
scan=$(command -v scan-build-19)
clang=$(command -v clang-19)
[ -n "$scan" ] && [ -n "$clang" ] || { echo 'analyze: scan-build is not here. Type:  sudo apt-get install clang-tools-19'; exit 1; }

by_clang() { # NAME FILE FLAG... ; FLAG @headers: those, too
    name=$1 file=$2
    shift 2
    headers=$([ "${1:-}" != @headers ] || echo -analyze-headers)
    [ -z "$headers" ] || shift
    "$scan" $headers -o $box/reports "$clang" -std=c99 -D_GNU_SOURCE -I. "$@" -c -o /dev/null "$file" > "$box/$name.clang.log" 2>&1
    grep -q 'scan-build: ' "$box/$name.clang.log" || echo "$file:1:1: warning: scan-build did not end [none]" >> "$box/$name.clang.log"
}
# gcc gives up on long ways through many functions unless it sums functions up, and then takes what a summed-up function writes through
# a pointer for unset (gcc 12). So both: with sums for what concerns memory taken and given back, and everything without.
sums='-fanalyzer-call-summaries -Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-null-dereference -Wno-analyzer-null-argument'
by_gcc() { # NAME FILE FLAG...
    name=$1 file=$2
    shift 2
    # shellcheck disable=SC2086
    { gcc -std=c99 -O1 -fanalyzer -fdiagnostics-plain-output -I. "$@" -c -o /dev/null "$file" &&
        gcc -std=c99 -O1 -fanalyzer $sums -fdiagnostics-plain-output -I. "$@" -c -o /dev/null "$file"; } > "$box/$name.gcc.log" 2>&1 ||
        echo "$file:1:1: warning: gcc did not end [none]" >> "$box/$name.gcc.log"
}
programs() {
    for f in examples/*.c; do # a copy that only declares what the header has
        name=$(basename "$f" .c)
        sed 's,^#define JAMBONZ_WS_IMPLEMENTATION,,' "$f" > "$box/$name.c"
        by_clang "$name" "$box/$name.c" -Iexamples -include string.h
        by_gcc "$name" "$box/$name.c" -Iexamples -D_GNU_SOURCE -include string.h
    done
}
by_clang header tests/compile/two_library.c @headers &
# shellcheck disable=SC2086
{ by_gcc header tests/compile/two_library.c $cut; programs; } &
wait

ok=0 bad=0
for tool in clang gcc; do
    for log in "$box"/*.$tool.log; do
        # clang: "... [core.X]", the names of clang-tidy have a word before that; gcc: "... [CWE-401] [-Wanalyzer-x]"
        grep -E '^[^ :]+:[0-9]+:[0-9]+: (warning|error): ' "$log" | sed "s,^$PWD/,,; s,^\./,,; s,\[\([a-z]*\.[A-Za-z.]*\)\]\$,[clang-analyzer-\1]," |
            sort -u | sh tests/judge.sh > "$log.left"
        if [ -s "$log.left" ]; then bad=$((bad + 1)); echo "FAIL: $tool: $(basename "$log" .$tool.log)"; head -n 40 "$log.left"; else ok=$((ok + 1)); fi
    done
done
planted() { # NAME COMPILER...
    /usr/bin/python3 tests/sanitize/planted.py "$@" > $box/planted && ok=$((ok + 1)) || bad=$((bad + 1))
    cat $box/planted
}
planted analyze-clang "$scan" -analyze-headers -o reports "$clang" -std=c99 -DJBZ_NO_CONN -DJBZ_NO_VERBS -I. -c -o /dev/null tests/compile/@.c
# shellcheck disable=SC2086
planted analyze-gcc gcc -std=c99 -O1 -fanalyzer $sums -fdiagnostics-plain-output -DJBZ_NO_CONN -DJBZ_NO_VERBS -I. -c -o /dev/null tests/compile/@.c
echo "analyze: $ok passed, $bad failed"
[ $bad -eq 0 ]
