#!/bin/sh
# sh tests/compile/one.sh JOBS N     does the N-th job of a list made by matrix.sh; prints one line, and what was wrong.
line=$(sed -n "${2}p" "$1")
name=${line%% | *}
rest=${line#* | }
want=${rest%% | *}
command=${rest#* | }
out=$(mktemp)
trap 'rm -f "$out" "$out.o" "$out.log"' EXIT
export out
if [ "$want" != ok ] && [ "$want" != run ]; then
    sh -c "$command" > "$out.log" 2>&1
    if [ $? -ne 0 ] && grep -q "$want" "$out.log" && [ "$(grep -c 'error:' "$out.log")" -le 20 ]; then echo "pass | $name"; exit 0; fi
    echo "FAIL | $name: wanted an error that says '$want'"
elif sh -c "$command" > "$out.log" 2>&1 && [ ! -s "$out.log" ] && { [ "$want" = ok ] || "$out" >> "$out.log" 2>&1; }; then
    echo "pass | $name"
    exit 0
else
    echo "FAIL | $name: $command"
fi
head -n 12 "$out.log" | sed 's/^/       | /'
