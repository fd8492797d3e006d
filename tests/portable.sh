#!/bin/sh
# sh tests/portable.sh test_utf8 ...     the unit tests on other machines than this: 32 bits; big-endian MIPS and, for NEON, ARM64
# under qemu; portable code instead of vectors; poll instead of epoll; -O2. tests/json_digest.c must print the same number everywhere.
# A machine whose compiler or emulator is not here is skipped. MACHINES= names one, FULL=1 takes all.
ok=0 bad=0 skip=0 digest=
units=$*
jobs=$(nproc 2> /dev/null || echo 2)
export LIMIT="${LIMIT:-150}"

# machine NAME EMULATOR COMPILER AND FLAGS
machine() {
    name=$1 run=$2 cc=$3 dir=build/portable/$1
    case ",${MACHINES:-$name}," in *",$name,"*) ;; *) return ;; esac
    mkdir -p "$dir"
    if ! printf '#include <errno.h>\nint main(void) { return 0; }\n' | $cc -x c - -o "$dir/probe" 2> /dev/null || ! $run "$dir/probe" 2> /dev/null; then
        skip=$((skip + 1))
        echo "SKIPPED: $name: compiler, libraries or emulator not here"
        return
    fi
    if $cc -std=c99 -O2 -w -I. tests/json_digest.c -o "$dir/digest" && said=$($run "$dir/digest") && [ "$said" = "${digest:=$said}" ]; then
        ok=$((ok + 1))
    else
        bad=$((bad + 1))
        echo "FAIL: $name: json_digest says $said, elsewhere $digest"
    fi
    programs=
    for unit in $units; do programs="$programs $dir/$unit"; rm -f "$dir/$unit"; done
    # shellcheck disable=SC2086
    printf '%s\n' $units | CC_LINE="$cc" DIR="$dir" OPT="${OPT:-}" xargs -n 1 -P "$jobs" sh -c \
        '$CC_LINE -std=c99 ${OPT:--O1} -g -Wall -Wextra -D_FILE_OFFSET_BITS=64 -Itests/portable -I. "tests/$0.c" -o "$DIR/$0" -lm -pthread'
    # shellcheck disable=SC2086
    RUN="$run" sh tests/unit.sh "$name" $programs > "$dir/log"
    said=$(tail -n 1 "$dir/log")
    good=$(echo "$said" | awk '{ print $2 + 0 }') lost=$(echo "$said" | awk '{ print $4 + 0 }')
    [ "$lost" -eq 0 ] || cat "$dir/log"
    echo "    $said"
    ok=$((ok + good)) bad=$((bad + lost))
}

qemu() { for q in "qemu-$1" "qemu-$1-static"; do command -v "$q" && return; done; echo "qemu-$1"; }

cc=${CC:-cc}
OPT=-O2
machine o2 '' "$cc"
OPT=
machine plain '' "$cc -DJBZ_NO_SIMD -DJBZ_NO_EPOLL="
m32=$(sh tests/m32.sh "$cc" || echo -m32)
# not the 387: it rounds doubles twice, so that numbers read may be 1 ulp off
machine m32 '' "$cc $m32 -msse2 -mfpmath=sse"
machine mips "$(qemu mips)" 'mips-linux-gnu-gcc -static'
machine arm64 "$(qemu aarch64)" 'aarch64-linux-gnu-gcc -static'
[ -z "${FULL:-}${MACHINES:-}" ] || {
    machine m32-plain '' "$cc $m32 -msse2 -mfpmath=sse -DJBZ_NO_SIMD -DJBZ_NO_EPOLL="
    machine armv7 "$(qemu arm)" 'arm-linux-gnueabihf-gcc -static -mcpu=cortex-a7 -mthumb'
}

if [ $skip -gt 0 ]; then echo "portable: $ok passed, $bad failed, $skip skipped"; else echo "portable: $ok passed, $bad failed"; fi
[ $bad -eq 0 ] && [ $ok -gt 0 ]
