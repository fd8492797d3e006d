#!/bin/sh
# make schema: the header's verb tables against the published schemas, random options through the writer, and unused verbs.
ok=0 bad=0
check() { if "$@"; then ok=$((ok + 1)); else bad=$((bad + 1)); echo "FAIL: $*"; fi; }
check node tests/schema/schema.mjs
check node tests/schema/random.mjs "${ROUNDS:-200}"
check sh tests/schema/unused.sh
echo "schema: $ok passed, $bad failed"
[ $bad -eq 0 ]
