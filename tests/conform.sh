#!/bin/sh
# make conform: a conformance checker against build/echo. It is not part of this repository: CONFORM= says where it is.
checker=${CONFORM:-../shared/tools/conform/wsconform.py}
if [ ! -f "$checker" ]; then
    echo "SKIPPED: conform: no $checker"
    echo 'conform: 0 passed, 0 failed, 1 skipped'
    exit 0
fi
out=$(mktemp)
build/echo --port 0 > "$out" &
app=$!
trap 'kill $app 2> /dev/null; rm -f "$out"' EXIT
until grep -q '^listening' "$out"; do sleep 0.05; kill -0 $app || exit 1; done
/usr/bin/python3 "$checker" "$(sed -n 's/^listening on //p' "$out")" > "$out.log" 2>&1
status=$?
grep -iE '^ *fail' "$out.log" | head -n 40
tail -n 3 "$out.log"
passed=$(grep -oE '[0-9]+ pass(ed)?' "$out.log" | tail -n 1 | grep -oE '[0-9]+') failed=$(grep -oE '[0-9]+ fail(ed|ures?)?' "$out.log" | tail -n 1 | grep -oE '[0-9]+')
rm -f "$out.log"
echo "conform: ${passed:-0} passed, ${failed:-1} failed"
[ $status -eq 0 ]
