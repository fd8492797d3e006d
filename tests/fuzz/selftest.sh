#!/bin/sh
# sh tests/fuzz/selftest.sh     faults put into a copy of the header, one at a time: does the target notice, by its kept corpus alone?
# A line is: target, a tab, what is replaced (fixed text, which must be there), a tab, by what.
cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d) ok=0 bad=0
trap 'rm -rf "$dir"' EXIT
cat > "$dir/list" <<'LIST'
fuzz_verbs	if (written && written >= head) return JBZ_E_CONFLICT;	(void)written;
fuzz_verbs	return v >= lo && v <= hi;	return v >= lo;
fuzz_verbs	if (!pair.value) return jbzi_out_fail(o, JBZ_E_MISSING, "");	if (!pair.value) pair.value = "";
fuzz_server	if (was >= 0) JBZ_SYS_close(was);	if (was >= 0) { JBZ_SYS_close(was); JBZ_SYS_close(was); }
fuzz_server	 && !(net->rx_conn->flags & JBZI_CONN_EOF))	)
fuzz_server	if (JBZI_LIKELY((done += (size_t)sent) == n)) return n;	return n;
LIST
while IFS='	' read -r target from to; do
    FROM=$from TO=$to awk 'BEGIN { from = ENVIRON["FROM"]; to = ENVIRON["TO"] }
        (i = index($0, from)) && !done { $0 = substr($0, 1, i - 1) to substr($0, i + length(from)); done = 1 } { print } END { exit !done }' \
        jambonz_ws.h > "$dir/jambonz_ws.h" || { echo "FAIL: not in the header: $from"; bad=$((bad + 1)); continue; }
    if ! "${FUZZ_CC:-clang}" -std=c99 -O1 -g -D_GNU_SOURCE -w -fno-sanitize-recover=undefined -I"$dir" -fsanitize=fuzzer,address,undefined \
        -o "$dir/target" "tests/fuzz/$target.c" -ljansson -lm; then
        echo "FAIL: does not compile: $to"; bad=$((bad + 1)); continue
    fi
    if "$dir/target" -runs=0 -artifact_prefix="$dir/" "tests/fuzz/corpus/$target" > "$dir/log" 2>&1; then
        echo "FAIL: $target did not notice: $from"; bad=$((bad + 1))
    else
        ok=$((ok + 1))
        echo "    $target: $(grep -m 1 -o '[a-z_]*\.[ch]:[0-9:]* .*\|ERROR: .*Sanitizer: [a-z-]*' "$dir/log" | cut -c1-100)"
    fi
done < "$dir/list"
echo "fuzz-selftest: $ok passed, $bad failed"
[ $bad -eq 0 ] && [ $ok -gt 0 ]
