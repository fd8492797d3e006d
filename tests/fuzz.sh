#!/bin/sh
# sh tests/fuzz.sh fuzz_json ...     each fuzzer of build/fuzz (FUZZ_DIR) replays its corpus, then looks for more, T long (20, 10m, 1h; 20 s).
# Seeds: tests/fuzz/corpus/NAME, and jambonz' example frames. New inputs are kept in build/fuzz/corpus/NAME, inputs that crash in
# build/fuzz/NAME.crash-*. A dictionary tests/fuzz/NAME.dict is used where there is one. KEEP=1 merges what was found into the corpus.
# FUZZ_SEED=1 unless told otherwise, so that what stops a landing can be seen again; 0 is another search every time.
dir=${FUZZ_DIR:-build/fuzz}
case ${T:-20} in
*h) seconds=$((${T%h} * 3600)) ;;
*m) seconds=$((${T%m} * 60)) ;;
*) seconds=${T:-20} seconds=${seconds%s} ;;
esac
ok=0 bad=0
mkdir -p "$dir/corpus" "$dir/log"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:allocator_may_return_null=1}" UBSAN_OPTIONS=print_stacktrace=1

one() {
    name=$1
    new=$dir/corpus/$name kept=tests/fuzz/corpus/$name
    mkdir -p "$new"
    set -- "$new" tests/fixtures/messages
    [ ! -d "$kept" ] || set -- "$@" "$kept"
    dict=
    [ ! -f "tests/fuzz/$name.dict" ] || dict=-dict=tests/fuzz/$name.dict
    # shellcheck disable=SC2086
    "$dir/$name" -artifact_prefix="$dir/$name." -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -max_len=4096 -reload=0 $dict "$@" > "$dir/log/$name" 2>&1
    echo $? > "$dir/log/$name.status"
    if [ -n "${KEEP:-}" ]; then mkdir -p "$kept"; "$dir/$name" -set_cover_merge=1 -max_len=4096 "$kept" "$new" > /dev/null 2>&1; fi
}

# Longer runs tell every ten seconds how far they are.
progress() {
    while sleep 10; do
        for name in "$@"; do tail -n 1 "$dir/log/$name" 2> /dev/null | sed -n "s/^\\(#[0-9]*\\).*\\(cov: [0-9]*\\).*\\(exec.s: [0-9]*\\).*/$name \\1 \\2 \\3/p"; done |
            tr '\n' ';' | sed 's/;$//' | awk 'NF { print "    " $0 }'
    done
}
teller=
if [ "$seconds" -gt 60 ]; then progress "$@" & teller=$!; fi

running=0 jobs=
for name in "$@"; do
    one "$name" &
    running=$((running + 1))
    jobs="$jobs $!"
    if [ $((running % $(nproc 2> /dev/null || echo 2))) -eq 0 ]; then wait $jobs; jobs=; fi
done
[ -z "$jobs" ] || wait $jobs
[ -z "$teller" ] || kill "$teller" 2> /dev/null
for name in "$@"; do
    log=$dir/log/$name
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    found=$(sed -n 's/^stat::new_units_added: *//p' "$log")
    if [ "$(cat "$log.status")" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
        ok=$((ok + 1))
        printf '    %-20s %9d runs in %4d s, %5d new inputs\n' "$name" "$runs" "$seconds" "${found:-0}"
    else
        bad=$((bad + 1))
        echo "FAIL: $name"
        tail -n 50 "$log" | cut -c1-300
    fi
done
echo "fuzz: $ok passed, $bad failed"
[ $bad -eq 0 ] && [ $ok -gt 0 ]
