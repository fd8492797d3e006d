#!/bin/sh
# sh tests/compile/matrix.sh     prints the compile matrix, one job a line: NAME | what must happen | command.
# FULL=1: a longer one. What must happen: ok (silent, status 0), run (the same, then $out is run), or a text that the error must contain.
all='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual -Werror'
c="$all -Wstrict-prototypes -I."
cpp="$all -I. -x c++"
more='-Wmissing-prototypes -Wwrite-strings -Wvla -Wformat=2 -Wold-style-definition'
dir=tests/compile
job() { echo "$1 | $2 | $3"; }

for cc in $COMPILERS; do
    cxx=$(echo "$cc" | sed 's/^gcc/g++/; s/^clang/clang++/')
    # every standard, with and without feature macros of the user's
    for std in c99 c11 c17 c2x gnu17; do
        for macro in '' -D_GNU_SOURCE -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700; do
            job "$cc $std $macro" ok "$cc -std=$std $macro $c -fsyntax-only $dir/config.c"
        done
        job "$cc $std declarations" ok "$cc -std=$std $c $more -fsyntax-only $dir/declarations.c"
    done
    for std in c++11 c++14 c++17 c++20; do
        for macro in '' -D_POSIX_C_SOURCE=200809L; do
            job "$cxx $std $macro" ok "$cxx -std=$std $macro $cpp -fsyntax-only $dir/config.c"
        done
        job "$cxx $std declarations" ok "$cxx -std=$std $cpp -Wold-style-cast -fsyntax-only $dir/declarations.c"
    done
    # every config macro, as C and as C++
    for macro in JBZ_NO_SERVER JBZ_NO_CONN JBZ_NO_SHORTHAND JBZ_NO_VERBS JBZ_NO_SIMD JBZ_NO_EPOLL JBZ_STATIC JBZ_NO_MALLOC \
        JBZ_MAX_LIST=3 JBZ_MAX_LIST=40 JBZ_MAX_ROUTES=1 JBZ_MAX_ROUTES=64 JBZ_MAX_APPS=1 JBZ_MAX_APPS=40 JBZ_JSON_DEPTH=8 \
        TEST_ASSERT TEST_API TEST_SYS NDEBUG 'JBZ_NO_SERVER -DJBZ_NO_MALLOC -DJBZ_NO_SIMD' 'JBZ_NO_CONN -DJBZ_STATIC -DJBZ_NO_MALLOC' \
        'JBZ_STATIC -DJBZ_NO_EPOLL -DJBZ_NO_SIMD -DJBZ_NO_SHORTHAND -DNDEBUG'; do
        job "$cc $macro" ok "$cc -std=c99 -D$macro $c -fsyntax-only $dir/config.c"
        job "$cxx $macro" ok "$cxx -std=c++11 -D$macro $cpp -fsyntax-only $dir/config.c"
        [ -z "${FULL:-}" ] || job "$cxx c++20 $macro" ok "$cxx -std=c++20 -D$macro $cpp -fsyntax-only $dir/config.c"
    done
    # what only the optimiser sees
    job "$cc c99 -O2" ok "$cc -std=c99 -O2 $c -c $dir/config.c -o \$out"
    job "$cc c99 -Os cut" ok "$cc -std=c99 -Os -DJBZ_NO_CONN $c -c $dir/config.c -o \$out"
    if [ -n "${FULL:-}" ]; then
        job "$cc c2x -O3" ok "$cc -std=c2x -O3 $c -c $dir/config.c -o \$out"
        job "$cxx c++20 -O2" ok "$cxx -std=c++20 -O2 $cpp -c $dir/config.c -o \$out"
        job "$cc c99 -O2 portable poll" ok "$cc -std=c99 -O2 -DJBZ_NO_SIMD -DJBZ_NO_EPOLL -DJBZ_NO_MALLOC $c -c $dir/config.c -o \$out"
        job "$cc c99 -O2 no server" ok "$cc -std=c99 -O2 -DJBZ_NO_SERVER $c -c $dir/config.c -o \$out"
    fi
    if [ -n "${M32:-}" ]; then
        job "$cc -m32" ok "$cc $M32 -std=c99 $c -fsyntax-only $dir/config.c"
        [ -z "${FULL:-}" ] || job "$cc -m32 -O2" ok "$cc $M32 -std=c99 -O2 $c -c $dir/config.c -o \$out"
        job "$cxx -m32" ok "$cxx $M32 -std=c++17 $cpp -fsyntax-only $dir/config.c"
    fi
    # several files
    job "$cc two files" run "$cc -std=c99 $c $dir/two_main.c $dir/two_library.c -o \$out"
    job "$cxx two files" run "$cxx -std=c++11 $cpp $dir/two_main.c $dir/two_library.c -o \$out"
    job "$cxx app, $cc library" run "$cc -std=c99 $c -c $dir/two_library.c -o \$out.o && $cxx -std=c++11 $all -I. -x c++ $dir/two_main.c -x none \$out.o -o \$out"
    job "$cc app, $cxx library" run "$cxx -std=c++11 $cpp -c $dir/two_library.c -o \$out.o && $cc -std=c99 $c $dir/two_main.c \$out.o -o \$out"
    job "$cc two static" run "$cc -std=c99 $c $dir/static_a.c $dir/static_b.c -o \$out"
    job "$cxx two static" run "$cxx -std=c++17 $cpp $dir/static_a.c $dir/static_b.c -o \$out"
    job "$cc too late" 'include it before any system header' "$cc -std=c99 -I. -fsyntax-only $dir/too_late.c"
    job "$cc in time by flag" ok "$cc -std=c99 -D_GNU_SOURCE $c -fsyntax-only $dir/too_late.c"
    # many verbs in every notation
    job "$cc twin.c" ok "$cc -std=c99 $c -fsyntax-only tests/schema/twin.c"
    for std in c++11 c++17 c++20; do job "$cxx $std twin.cpp" ok "$cxx -std=$std $cpp -fsyntax-only tests/schema/twin.cpp"; done
    # programs that build alone with the flags of the README
    for program in examples/*.c; do job "$cc $program" ok "$cc -Wall -Wextra -I. -fsyntax-only $program"; done
    for program in hello bench_ack; do job "$cc -I. $program" ok "$cc -I. examples/$program.c -o \$out"; done
    for program in examples/*.c; do job "$cxx $program" ok "$cxx -std=c++20 -Wall -Wextra -I. -x c++ -fsyntax-only $program"; done
done
