#!/bin/sh
# sh tests/coverage.sh     lines and branches of the header reached by unit tests, failure loops, call scripts and end-to-end tests,
# merged over its builds: vectors and none, epoll and poll, without the server. tests/coverage.py tells what is not reached.
# clang's figures: of conditions as they are written. gcc counts jumps, and joins or adds some. PART= unit|programs does that part only
# (the other's figures are those of the last run). MCDC=1 has the decisions, too.
here=$(pwd)
dir=$here/build/coverage
version=${LLVM:-19}
export JBZ_MESSAGES="${JBZ_MESSAGES:-$here/tests/fixtures/messages}"
jobs=$(($(nproc 2> /dev/null || echo 2) + 1))
if ! command -v "clang-$version" > /dev/null || ! command -v "llvm-cov-$version" > /dev/null; then
    echo "SKIPPED: no clang-$version and llvm-$version"
    echo "coverage: 0 passed, 0 failed, 1 skipped"
    exit 0
fi
mkdir -p "$dir" || exit 1
flags="-std=c99 -O0 -w -fcoverage-mapping ${MCDC:+-fcoverage-mcdc -Xclang -fmcdc-max-conditions=32}"

# build NAME SOURCE FLAGS...     the program writes its figures to NAME.profraw, however many of it run at once
build() {
    name=$1 source=$2
    shift 2
    # shellcheck disable=SC2086
    echo "clang-$version $flags -fprofile-instr-generate=$dir/$name.%m.profraw -DTEST_COVERAGE -I. $* -o $dir/$name $source -lm -pthread"
}

units() {
    for source in tests/test_*.c; do
        unit=$(basename "$source" .c)
        build "$unit" "$source" -lcmocka
    done
    for unit in json utf8 ws out conn http; do build "plain_$unit" "tests/test_$unit.c" -DJBZ_NO_SIMD -DJBZ_NO_EPOLL -lcmocka; done
    for unit in conn cmd; do build "noserver_$unit" "tests/test_$unit.c" -DJBZ_NO_SERVER -lcmocka; done
}
programs() {
    for source in examples/*.c tests/e2e/probe.c; do build "programs/$(basename "$source" .c)" "$source"; done
}
bad=0
make_all() { tr '\n' '\0' | xargs -0 -n 1 -P "$jobs" sh -c 'sh -c "$0" || { echo "FAIL: $0"; exit 255; }' || exit 1; }

if [ "${PART:-unit}" = unit ]; then
    rm -f "$dir"/*.profraw
    units | make_all
    # shellcheck disable=SC2046
    LIMIT=150 sh tests/unit.sh unit $(units | sed 's/.* -o \([^ ]*\) .*/\1/') > "$dir/unit.log" || { cat "$dir/unit.log"; bad=1; }
fi
if [ "${PART:-programs}" = programs ]; then
    mkdir -p "$dir/programs"
    rm -f "$dir"/programs/*.profraw
    programs | make_all
    ${MAKE:-make} --no-print-directory -s build/simulator
    cp build/simulator "$dir/programs/simulator"
    sh tests/calls.sh calls "$dir/programs" build/simulator > "$dir/calls.log" || { cat "$dir/calls.log"; bad=1; }
    sh tests/e2e/run.sh e2e "$dir/programs" > "$dir/e2e.log" || { cat "$dir/e2e.log"; bad=1; }
fi

rm -f "$dir"/*.json "$dir"/programs/*.json
for raw in "$dir"/*.profraw "$dir"/programs/*.profraw; do
    program=$(echo "$raw" | sed 's/\.[0-9_]*\.profraw$//')
    "llvm-profdata-$version" merge -sparse "$raw" -o "$program.profdata" &&
        "llvm-cov-$version" export -instr-profile "$program.profdata" "$program" "$here/jambonz_ws.h" > "$program.json" 2> "$dir/cov.log" ||
        { echo "FAIL: no figures of $program"; cat "$dir/cov.log"; bad=1; }
done
/usr/bin/env python3 tests/coverage.py jambonz_ws.h tests/coverage.open "$dir"/*.json "$dir"/programs/*.json > "$dir/report" || bad=1
cat "$dir/report"
exit $bad
