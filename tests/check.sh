#!/bin/sh
# make check: is the file what it says it is, whatever it is compiled with? COMPILERS= names others than gcc and
# clang, FULL=1 takes a longer compile matrix.
ok=0 bad=0 skip=0
mkdir -p build/check
pass() { ok=$((ok + 1)); echo "    $*"; }
fail() { bad=$((bad + 1)); echo "FAIL: $*"; }
pass_if() { status=$?; what=$1; shift; if [ $status -eq 0 ]; then pass "$what${1:+: $1}"; else fail "$what${1:+: $1}"; fi; }
skipped() { skip=$((skip + 1)); echo "SKIPPED: $*"; }
cc=${CC:-cc}
jobs=$(nproc 2> /dev/null || echo 2)

# -- the compile matrix --
if [ -z "${COMPILERS:-}" ]; then
    for c in gcc clang; do
        if command -v $c > /dev/null; then COMPILERS="$COMPILERS $c"; else skipped "compile matrix of $c: not installed"; fi
    done
fi
M32=$(sh tests/m32.sh "$cc") || skipped "-m32: no 32-bit libc here"
export COMPILERS M32
sh tests/compile/matrix.sh > build/check/jobs
n=$(wc -l < build/check/jobs)
seq "$n" | xargs -n 1 -P "$jobs" sh tests/compile/one.sh build/check/jobs > build/check/matrix.log
grep -v '^pass' build/check/matrix.log
good=$(grep -c '^pass' build/check/matrix.log)
ok=$((ok + good)) bad=$((bad + n - good))
echo "    compile matrix ($(echo $COMPILERS)${M32:+, -m32}): $good of $n"

# -- rooms --
said=$(awk -f tests/rooms.awk jambonz_ws.h jambonz_ws.h); pass_if "rooms" "${said#rooms: }"
printf '/*==== MARK: 1 A - x\nint jbzi_later_x;\n' > build/check/planted.h
! awk -f tests/rooms.awk build/check/planted.h build/check/planted.h > /dev/null; pass_if "rooms.awk notices what is no header"
awk '/^\/\*==== MARK: 3 JSON - impl/ { print; print "static int x = jbzi_server_no(1);"; next } { print }' jambonz_ws.h > build/check/planted.h
! awk -f tests/rooms.awk build/check/planted.h build/check/planted.h > /dev/null; pass_if "rooms.awk notices a call of a later room"

# -- symbols and state --
object() { $cc -std=c99 -Os -fno-pic -fno-pie -I. "$@" -c tests/compile/two_library.c -o build/check/library.o; }
if command -v nm > /dev/null; then
    object
    extra=$(nm -g --defined-only build/check/library.o | awk '{ print $3 }' | grep -v '^jbz_')
    count=$(nm -g --defined-only build/check/library.o | grep -c ' jbz_')
    [ -z "$extra" ] && [ "$count" -gt 50 ]; pass_if "symbols: $count exported, all jbz_" "$(echo $extra)"
    called=$(nm -u build/check/library.o | awk '{ print $2 }' |
        grep -E '^(.*printf|.*scanf|puts|fopen|fwrite|malloc|calloc|strto.*|ato[ifl]|setlocale|getaddrinfo|gethostby.*|exit|abort|time|rand|signal)$')
    [ -z "$called" ]; pass_if "no stdio, locale, resolver, malloc, exit" "$(echo $called)"
    object -DJBZ_NO_SERVER
    state=$(nm build/check/library.o | awk '$2 ~ /^[bBdDcC]$/ { print $3 }')
    [ -z "$state" ]; pass_if "rooms 0 to 11 have no mutable globals" "$(echo $state)"
    called=$(nm -u build/check/library.o | awk '{ print $2 }' |
        grep -vE '^(mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp|chr|spn|cspn)|realloc|free|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(u?div|u?mod).*)$')
    [ -z "$called" ]; pass_if "rooms 0 to 11 want of libc only mem*, str*, realloc, free, assert" "$(echo $called)"
    for cut in -DJBZ_NO_SERVER -DJBZ_NO_CONN; do # what the declarations promise is there
        object $cut
        nm -g --defined-only build/check/library.o | awk '{ print $3 }' > build/check/defined
        lost=$($cc -E -P -std=c99 -I. $cut -DJBZ_API=JBZ_PROMISED tests/compile/two_library.c | grep -o 'JBZ_PROMISED [^;{(]*jbz_[a-z0-9_]*(' |
            sed 's/.*\(jbz_[a-z0-9_]*\)($/\1/' | sort -u | grep -vxFf build/check/defined)
        [ -z "$lost" ]; pass_if "$cut: what is declared is defined" "$(echo $lost)"
    done
    object -DJBZ_NO_MALLOC
    called=$(nm -u build/check/library.o | awk '{ print $2 }' | grep -E '^(malloc|calloc|realloc|free)$')
    [ -z "$called" ]; pass_if "JBZ_NO_MALLOC leaves no allocation" "$(echo $called)"
    object -DJBZ_STATIC
    extra=$(nm -g --defined-only build/check/library.o)
    [ -z "$extra" ]; pass_if "JBZ_STATIC exports nothing" "$(echo $extra)"
else
    skipped "symbols: no nm here"
fi

# -- what README and manual show --
rm -rf build/check/snippets
mkdir -p build/check/snippets
awk -v dir=build/check/snippets -f tests/snippets.awk jambonz_ws.h $(ls README.md 2> /dev/null)
[ -f README.md ] || skipped "snippets of README.md: there is none yet"
for snippet in build/check/snippets/*.c; do
    [ -f "$snippet" ] || continue
    said=$($cc -std=gnu99 -Wall -Wno-unused -I. -Iexamples -fsyntax-only "$snippet" 2>&1)
    pass_if "snippet $(basename "$snippet" .c) compiles" "$(echo "$said" | head -n 5)"
done
if grep -q '^ \* QUICK START' jambonz_ws.h; then
    cmp -s build/check/snippets/quick-start.c examples/hello.c
    pass_if "QUICK START is examples/hello.c" "$(diff build/check/snippets/quick-start.c examples/hello.c 2>&1 | head -n 5)"
else skipped "QUICK START: not in the header yet"; fi
if [ -f README.md ]; then
    cmp -s build/check/snippets/readme-1.c examples/hello.c
    pass_if "README's first program is examples/hello.c" "$(diff build/check/snippets/readme-1.c examples/hello.c 2>&1 | head -n 5)"
fi
[ "$(wc -l < examples/hello.c)" -eq 12 ]; pass_if "hello.c has 12 lines"
[ "$(wc -l < examples/bench_ack.c)" -le 40 ]; pass_if "bench_ack.c has at most 40 lines"

odd=$(grep -nE '\b(strcasestr|asprintf|memmem|strchrnul|qsort_r|reallocarray)\b' examples/*.[ch] | head -n 3)
[ -z "$odd" ]; pass_if "examples call nothing that POSIX has not" "$odd"
for f in examples/*.c; do [ "$(wc -l < "$f")" -lt 120 ] || echo "$f"; done > build/check/long
[ ! -s build/check/long ]; pass_if "each example is shorter than 120 lines" "$(echo $(cat build/check/long))"

# -- text --
long=$(awk 'length($0) > 128 { print FILENAME ":" FNR; n++ } END { if (n > 5) print n " lines" }' jambonz_ws.h examples/*.[ch] | tail -n 6)
[ -z "$long" ]; pass_if "no line over 128 columns" "$(echo $long)"
odd=$(LC_ALL=C grep -n "$(printf '[\t\r]')\| \$" jambonz_ws.h examples/*.[ch] | head -n 3)
[ -z "$odd" ]; pass_if "no tabs, carriage returns or spaces at the end of lines" "$(echo "$odd" | cut -c1-60)"
odd=$(grep -nE '\b(TODO|FIXME|XXX)\b' jambonz_ws.h examples/*.[ch] | head -n 3)
[ -z "$odd" ]; pass_if "nothing left to do in the source" "$odd"

if [ $skip -gt 0 ]; then echo "check: $ok passed, $bad failed, $skip skipped"; else echo "check: $ok passed, $bad failed"; fi
[ $bad -eq 0 ]
