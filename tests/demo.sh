#!/bin/sh
# make run: build/menu serves, build/simulator is jambonz and calls it. On a terminal the keyboard is the caller, and the app keeps
# serving afterwards; with ONCE=1, or without a terminal, a scripted caller talks and that is all.
# HOST and PORT: where the app listens, default 127.0.0.1 and a free port.
dir=$(mktemp -d) || exit 1
build/menu --host "${HOST:-127.0.0.1}" --port "${PORT:-0}" > "$dir/out" 2> "$dir/err" &
app=$!
ended() { kill "$app" 2> /dev/null; wait "$app" 2> /dev/null; rm -rf "$dir"; }
trap ended EXIT
trap 'exit 130' INT TERM

tries=0
until grep -q '^listening on ' "$dir/out"; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ] || ! kill -0 "$app" 2> /dev/null; then cat "$dir/err"; echo "run: build/menu does not listen"; exit 1; fi
    sleep 0.05
done
url=$(sed -n 's/^listening on //p' "$dir/out")
local=$(echo "$url" | sed 's,^ws://\(0\.0\.0\.0\|\[::\]\|\*\):,ws://127.0.0.1:,')
echo "build/menu is $url"

if [ -n "${ONCE:-}" ] || [ ! -t 0 ] || [ ! -t 1 ]; then
    for script in menu-speech-support menu-busy; do
        [ ! -f "tests/calls/$script.call" ] || { said=$(sed -n '1s/^# //p' "tests/calls/$script.call"); break; }
    done
    echo "A scripted call, tests/calls/$script.call: $said"
    echo
    build/simulator --fast --script "tests/calls/$script.call" "$local" < /dev/null
    status=$?
    cat "$dir/err"
    exit $status
fi

echo "You are the caller. Digits and Enter press keys, other text is what you say, /hangup hangs up."
echo
build/simulator "$local"
status=$?
cat "$dir/err"
echo
echo "The app keeps serving. Give jambonz this call hook:  $url"
[ "${HOST:-127.0.0.1}" != 127.0.0.1 ] || echo "(from another machine: make run HOST='*' PORT=3000, and this machine's name in the URL)"
echo "Ctrl-C ends it; another call:  build/simulator $local"
trap 'exit $status' INT TERM
wait "$app"
exit $status
