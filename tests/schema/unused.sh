#!/bin/sh
# A verb that is not used costs nothing: one verb against all of them, with unused sections dropped.
# HEADER_DIR names another directory than ../.. ; CC another compiler than cc.
here=$(cd "$(dirname "$0")" && pwd)
include=${HEADER_DIR:-$here/../..}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cat > "$dir/p.c" <<'P'
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
static char mem[1000];
int main(void) {
    jbz_out o;
    jbz_out_init(&o, mem, sizeof mem);
    jbz_say(&o, .text = "x");
#ifdef ALL
#define JBZ_X(verb, wire, server) jbz_put_##verb(&o, 0);
    JBZ_VERBS(JBZ_X)
#endif
    return (int)o.len;
}
P
flags="-std=gnu99 -Os -ffunction-sections -fdata-sections -Wl,--gc-sections -w -I$include"
# shellcheck disable=SC2086
${CC:-cc} $flags "$dir/p.c" -o "$dir/one" && ${CC:-cc} $flags -DALL "$dir/p.c" -o "$dir/all" || exit 1
one=$(size "$dir/one" | awk 'NR == 2 { print $1 + $2 }')
all=$(size "$dir/all" | awk 'NR == 2 { print $1 + $2 }')
stray=$(grep -a -c -E 'numDigits|houndify|speechmatics|answerOnBridge|jbzi_verb_rows_dial' "$dir/one")
echo "unused verbs: $one bytes with one verb, $all with all, $stray traces of others in the first"
[ "$stray" -eq 0 ] && [ "$one" -lt $((all - 30000)) ]
