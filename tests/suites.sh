#!/bin/sh
# sh tests/suites.sh "unit" "fuzz T=60" ...     runs `make ...` for each, whatever becomes of the others, and adds up.
# A suite ends with "N passed, N failed" (", N skipped" may follow); one that ends otherwise counts as one failure.
# What it prints is kept in build/log/ and shown when it fails, or always with V=1.
mkdir -p build/log
total_ok=0 total_bad=0 total_skip=0 lost=

for suite in "$@"; do
    name=$(echo "$suite" | tr ' /=' '---')
    log=build/log/$name.log
    start=$(date +%s)
    if [ -n "${V:-}" ]; then
        echo "== make $suite"
        { ${MAKE:-make} --no-print-directory -s $suite 2>&1; echo $? > "$log.status"; } | tee "$log"
        status=$(cat "$log.status")
    else
        ${MAKE:-make} --no-print-directory -s $suite > "$log" 2>&1
        status=$?
    fi
    rm -f "$log.status"
    line=$(grep -E '^([a-z0-9-]+: )?[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1)
    read -r ok bad skip << NUMBERS
$(echo "${line#*: }" | awk '{ print $1 + 0, $3 + 0, $5 + 0 }')
NUMBERS
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ "$status" -eq 0 ] && [ -z "$line" ]; then ok=1; fi
    if [ "$bad" -ne 0 ]; then
        lost="$lost $name"
        [ -n "${V:-}" ] || { echo "---- make $suite:"; tail -n 200 "$log"; echo "----"; }
    fi
    [ -n "${V:-}" ] || grep -iE '^(skipped|note):' "$log"
    printf '%-24s %5d passed  %3d failed  %3d skipped  %4d s\n' "$suite" "$ok" "$bad" "$skip" $(($(date +%s) - start))
    total_ok=$((total_ok + ok)) total_bad=$((total_bad + bad)) total_skip=$((total_skip + skip))
done

[ -z "$lost" ] || echo "failed:$lost (build/log/NAME.log has it all)"
if [ "$total_skip" -gt 0 ]; then
    echo "$total_ok passed, $total_bad failed, $total_skip skipped"
else
    echo "$total_ok passed, $total_bad failed"
fi
[ "$total_bad" -eq 0 ]
