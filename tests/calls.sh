#!/bin/sh
# sh tests/calls.sh NAME DIR SIMULATOR     plays every call script of tests/calls against the program its name begins with, in DIR:
# hello-x.call against hello, menu-x.call through each door of menu. A program serves all its scripts, must be alive afterwards,
# stop with status 0 on SIGTERM, and say nothing of sanitizers.
# BEFORE= goes before each program (valgrind ...), SIM_FLAGS= to the simulator (default --fast), ONLY= a part of the scripts' names.
name=$1 dir=$2 simulator=$3
ok=0 bad=0
tmp=$(mktemp -d) || exit 1
app=
trap '[ -z "$app" ] || kill "$app" 2> /dev/null; rm -rf "$tmp"' EXIT
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

pass() { ok=$((ok + 1)); }
fail() { bad=$((bad + 1)); echo "FAIL: $*"; }

# programs of which the scripts of $1 (hello, menu ...) are a test
doors() {
    case $1 in
    menu) echo menu menu_blocking menu_own_loop ;;
    *) echo "$1" ;;
    esac
}

serve() {
    : > "$tmp/out" # what the last one said must be gone before this one is forked
    # shellcheck disable=SC2086
    ${BEFORE:-} "$dir/$1" --port 0 > "$tmp/out" 2> "$tmp/err" &
    app=$!
    for i in $(seq 200); do
        grep -q '^listening on ' "$tmp/out" && break
        kill -0 "$app" 2> /dev/null || break
        sleep 0.05
    done
    url=$(sed -n 's/^listening on //p' "$tmp/out" | head -n 1)
    [ -n "$url" ]
}

stop() {
    kill -0 "$app" 2> /dev/null || { fail "$1 is not alive after its calls"; tail -n 40 "$tmp/err"; app=; return; }
    kill -TERM "$app"
    wait "$app"
    status=$?
    app=
    if [ $status -ne 0 ]; then fail "$1 ended with status $status"; tail -n 60 "$tmp/err"
    elif grep -qE 'runtime error|Sanitizer|ERROR SUMMARY: [1-9]' "$tmp/err"; then fail "$1 has something to say"; tail -n 60 "$tmp/err"
    else pass; fi
}

apps=$(ls tests/calls/*.call | sed 's,.*/,,; s/[-.].*//' | sort -u)
for base in $apps; do
    for door in $(doors "$base"); do
        if [ ! -x "$dir/$door" ]; then fail "$dir/$door: is not there"; continue; fi
        if ! serve "$door"; then fail "$door does not listen"; cat "$tmp/err"; kill "$app" 2> /dev/null; app=; continue; fi
        before=$bad count=0
        for script in tests/calls/"$base".call tests/calls/"$base"-*.call; do
            [ -f "$script" ] || continue
            case $script in *"${ONLY:-}"*) ;; *) continue ;; esac
            count=$((count + 1))
            # shellcheck disable=SC2086
            if timeout 120 "$simulator" ${SIM_FLAGS:---fast} --script "$script" "$url" > "$tmp/call" 2>&1 < /dev/null; then pass
            else fail "$door: $script"; tail -n 40 "$tmp/call"; echo "    the app's log:"; tail -n 15 "$tmp/err"; fi
        done
        stop "$door"
        printf '    %-20s %3d scripts %3d failed\n' "$door" "$count" $((bad - before))
    done
done
echo "$name: $ok passed, $bad failed"
[ $bad -eq 0 ] && [ $ok -gt 0 ]
