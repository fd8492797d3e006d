/* LD_PRELOAD=faults.so SOAK_SEED=n SOAK_RATE=n SOAK_COUNTS=file: about one in `rate` calls of recv, send, accept4 and epoll_wait
 * fails, or moves fewer bytes than it was asked to. The file receives how often each did, as 64-bit numbers in the order of
 * `kind`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { RECV_EINTR, RECV_EAGAIN, RECV_SHORT, RECV_RESET, SEND_EINTR, SEND_EAGAIN, SEND_SHORT, SEND_RESET, ACCEPT_EINTR,
            ACCEPT_EAGAIN, ACCEPT_ABORTED, ACCEPT_EMFILE, WAIT_EINTR, WAIT_NOTHING, KINDS };

static uint64_t state, rate, spare[KINDS], *counts = spare;

static uint64_t draw(void) { /* xorshift64* */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dull >> 11;
}

__attribute__((constructor)) static void start(void) {
    const char *seed = getenv("SOAK_SEED"), *one_in = getenv("SOAK_RATE"), *path = getenv("SOAK_COUNTS");
    int fd = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
    void *p;
    state = (seed ? strtoull(seed, NULL, 10) : 0) * 2 + 1;
    rate = one_in ? strtoull(one_in, NULL, 10) : 0;
    if (fd < 0) return;
    p = ftruncate(fd, sizeof spare) == 0 ? mmap(NULL, sizeof spare, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (p != MAP_FAILED) counts = p;
    close(fd);
}

static int hit(void) { return rate && draw() % rate == 0; }

static int fail(enum kind kind, int error) {
    counts[kind]++;
    errno = error;
    return -1;
}

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)

ssize_t recv(int fd, void *p, size_t n, int flags) {
    REAL(ssize_t, recv, int, void *, size_t, int);
    if (!hit()) return real(fd, p, n, flags);
    switch (draw() % 16) {
    case 0: return fail(RECV_RESET, ECONNRESET);
    case 1: case 2: case 3: case 4: return fail(RECV_EINTR, EINTR);
    case 5: case 6: case 7: case 8: return fail(RECV_EAGAIN, EAGAIN);
    default: counts[RECV_SHORT]++; return real(fd, p, n > 1 ? 1 + draw() % (n < 64 ? n : 64) : n, flags);
    }
}

ssize_t send(int fd, const void *p, size_t n, int flags) {
    REAL(ssize_t, send, int, const void *, size_t, int);
    if (!hit()) return real(fd, p, n, flags);
    switch (draw() % 16) {
    case 0: return fail(SEND_RESET, ECONNRESET);
    case 1: case 2: case 3: case 4: return fail(SEND_EINTR, EINTR);
    case 5: case 6: case 7: case 8: return fail(SEND_EAGAIN, EAGAIN);
    default: counts[SEND_SHORT]++; return real(fd, p, n > 1 ? 1 + draw() % (n - 1) : n, flags);
    }
}

int accept4(int fd, struct sockaddr *address, socklen_t *n, int flags) {
    REAL(int, accept4, int, struct sockaddr *, socklen_t *, int);
    if (!hit()) return real(fd, address, n, flags);
    switch (draw() % 4) {
    case 0: return fail(ACCEPT_EINTR, EINTR);
    case 1: return fail(ACCEPT_EAGAIN, EAGAIN);
    case 2: return fail(ACCEPT_ABORTED, ECONNABORTED);
    default: return fail(ACCEPT_EMFILE, EMFILE);
    }
}

int epoll_wait(int ep, struct epoll_event *events, int max, int ms) {
    REAL(int, epoll_wait, int, struct epoll_event *, int, int);
    if (!hit()) return real(ep, events, max, ms);
    if (draw() % 2) return fail(WAIT_EINTR, EINTR);
    counts[WAIT_NOTHING]++;
    return 0;
}
