#!/bin/sh
# sh tests/judge.sh     stdin: findings of an analyser, FILE:LINE: ..., the check's name in [brackets] at the end; prints those that are
# not accepted. tests/lint.accepted says what is, and why.
while IFS= read -r finding; do
    file=$(echo "$finding" | cut -d: -f1) line=$(echo "$finding" | cut -d: -f2)
    check=$(echo "$finding" | sed 's/.*\[\([^]]*\)\]$/\1/; s/,.*//')
    source=$(sed -n "${line}s/^ *//p" "$file")
    grep -qF "$check | $source | " tests/lint.accepted || printf '%s\n    %s\n' "$finding" "$source"
done
