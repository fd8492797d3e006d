#!/bin/sh
# sh tests/setup.sh test|heavy|npm|bench     what the tests need: installed through apt-get and npm when that is allowed (root, apt),
# else one line to type is printed. Asks for nothing that is there already.
what=${1:-test}
missing=

need() { case " $missing " in *" $1 "*) ;; *) missing="$missing $1" ;; esac; }
has() { command -v "$1" > /dev/null 2>&1; }
compiles() { printf '%s\n' "$1" | ${CC:-cc} -x c -fsyntax-only - > /dev/null 2>&1; }

look() {
    missing=
    has "${CC:-cc}" || need gcc
    has "${CXX:-c++}" || need g++
    compiles 'int main(void) { return 0; }' || need libc6-dev
    compiles '#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>' || need libcmocka-dev
    has clang || need clang
    has node || need nodejs
    has npm || need npm
    has python3 || need python3
    /usr/bin/python3 -c 'import websockets' 2> /dev/null || need python3-websockets
    if [ "$what" = bench ]; then
        for lib in libwebsockets:libwebsockets.h libwslay:wslay/wslay.h libcivetweb:civetweb.h libjansson:jansson.h \
            libcjson:cjson/cJSON.h libjson-c:json-c/json.h libssl:openssl/sha.h; do
            printf '#include <stdio.h>\n#include <sys/types.h>\n#include <%s>\n' "${lib#*:}" |
                ${CC:-cc} -std=gnu11 -x c -fsyntax-only - > /dev/null 2>&1 || need "${lib%%:*}-dev"
        done
    fi
    [ "$what" = heavy ] || return 0
    printf 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p && n ? 0 : 0; }\n' > "$probe/f.c"
    has clang && { clang -fsanitize=fuzzer,address "$probe/f.c" -o "$probe/f" 2> /dev/null ||
        need "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"; }
    echo 'int main(void) { return 0; }' > "$probe/p.c"
    has clang-19 && { clang-19 -fprofile-instr-generate "$probe/p.c" -o "$probe/p" 2> /dev/null || need libclang-rt-19-dev; }
    compiles '#include <jansson.h>' || need libjansson-dev
    compiles '#include <wslay/wslay.h>' || need libwslay-dev
    compiles '#include <http_parser.h>' || need libhttp-parser-dev
    has valgrind || need valgrind
    has strace || need strace
    compiles '#include <libwebsockets.h>' || need libwebsockets-dev
    has musl-gcc || need musl-tools
    has clang-tidy || need clang-tidy
    has clang-19 || { need clang-19; need libclang-rt-19-dev; }
    has llvm-cov-19 || need llvm-19
    has scan-build-19 || need clang-tools-19
    has cppcheck || need cppcheck
    has mips-linux-gnu-gcc || need gcc-mips-linux-gnu
    has aarch64-linux-gnu-gcc || need gcc-aarch64-linux-gnu
    has arm-linux-gnueabihf-gcc || need gcc-arm-linux-gnueabihf
    ls /usr/lib/*/faketime/libfaketimeMT.so.1 > /dev/null 2>&1 || need faketime
    has qemu-mips || has qemu-mips-static || need qemu-user
    [ "$(uname -m)" != x86_64 ] || sh tests/m32.sh gcc > /dev/null || { need "gcc-$(gcc -dumpversion | cut -d. -f1)-multilib"; need libc6-dev-i386; }
}

install() {
    [ "$(id -u)" -eq 0 ] && has apt-get || return 1
    echo "setup: installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update > "$probe/apt.log" 2>&1
    # shellcheck disable=SC2086
    apt-get -qq -y --no-install-recommends install $missing >> "$probe/apt.log" 2>&1 || { tail -n 20 "$probe/apt.log"; return 1; }
}

# npm ci, when the lock file is newer than what is there
modules() {
    [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return 0
    echo "setup: npm ci in $1"
    (cd "$1" && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json)
}

probe=$(mktemp -d) || exit 1
trap 'rm -rf "$probe"' EXIT
if [ "$what" != npm ]; then
    look
    if [ -n "$missing" ] && ! install; then
        echo "The tests need packages that are not here. Type:  sudo apt-get install$missing"
        exit 1
    fi
    look
    if [ -n "$missing" ]; then echo "setup: still missing:$missing"; exit 1; fi
fi
for dir in tests tests/schema tests/sdk $([ "$what" != bench ] || echo tests/bench); do
    [ ! -f $dir/package.json ] || modules $dir || { echo "setup: npm ci failed in $dir. It needs the npm registry."; exit 1; }
done
