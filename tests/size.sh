#!/bin/sh
# make size: bytes of code and data of each cut, gcc -Os, unused sections collected; and of hello as a static musl program.
cc=${CC:-cc}
mkdir -p build/size
flags='-std=c99 -Os -ffunction-sections -fdata-sections -Wl,--gc-sections -I.'
row() { set -- "$1" $(size "$2" | tail -n 1); printf '%-44s %8s %7s %7s\n' "$1" "$2" "$3" "$4"; }
printf '%-44s %8s %7s %7s\n' '' text data bss
for cut in '' JBZ_NO_SERVER JBZ_NO_CONN; do
    # shellcheck disable=SC2086
    $cc -std=c99 -Os -I. ${cut:+-D$cut} -c tests/compile/two_library.c -o build/size/library.o || exit 1
    row "whole library, every verb${cut:+, $cut}" build/size/library.o
done
for program in bench_ack hello menu; do
    # shellcheck disable=SC2086
    $cc $flags examples/$program.c -o build/size/$program || exit 1
    row "$program (with C start-up)" build/size/$program
done
last="bench_ack $(size build/size/bench_ack | awk 'NR == 2 { print $1 }') bytes of text"
if command -v musl-gcc > /dev/null; then
    # shellcheck disable=SC2086
    musl-gcc $flags -static -s -Wl,-z,noseparate-code examples/hello.c -o build/size/hello-musl || exit 1
    row 'hello, static musl, stripped' build/size/hello-musl
    last="$last, hello static musl $(wc -c < build/size/hello-musl) bytes of file"
else echo 'SKIPPED: musl-gcc is not here'; fi
echo "size: $last"
