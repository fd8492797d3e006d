#!/bin/sh
# sh tests/m32.sh COMPILER     prints the flags with which it makes 32-bit programs; nothing, and status 1, where it cannot.
# Debian's gcc-multilib, which would make plain -m32 work, excludes the cross compilers; without it one include path is missing.
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for more in '' "-idirafter /usr/include/$(${1:-cc} -print-multiarch 2> /dev/null || gcc -print-multiarch)"; do
    # shellcheck disable=SC2086
    if printf '#include <errno.h>\nint main(void) { return 0; }\n' | ${1:-cc} -m32 $more -x c - -o "$out" 2> /dev/null && "$out"; then
        echo "-m32 $more"
        exit 0
    fi
done
exit 1
