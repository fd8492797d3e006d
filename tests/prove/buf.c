/* eva: LONGEST=4 -eva-split-return full
   Room 2: every order of LONGEST steps with two buffers - append, send a part, drop - in a pool of fixed memory, and in one that
   asks for its chunks and may be refused. The memory starts uninitialised; all of it must be free again in the end. */
static int refuse;
#define JBZ_SYS_take() (!refuse)
#include "prove.h"

static void step(jbzi_pool *p, jbzi_blk **a, jbzi_blk **b, size_t n) {
    char bytes[256];
    Frama_C_make_unknown(bytes, sizeof bytes);
    switch (Frama_C_interval(0, 5)) {
    case 0: (void)jbzi_buf_append(p, a, bytes, n, 240, false); break;
    case 1: (void)jbzi_buf_append(p, b, bytes, n, 240, true); break;
    case 2: (void)jbzi_buf_append(p, b, bytes, n / 2 + 1, 240, false); break;
    case 3: if (*b) (*b)->off += jbzi_buf_left(*b) - jbzi_buf_left(*b) / 3; break; /* some went out */
    case 4: jbzi_buf_drop(p, a); break;
    default: jbzi_buf_drop(p, b);
    }
}

static void life(jbzi_pool *p, size_t n, int steps) {
    jbzi_blk *a = NULL, *b = NULL;
    int i;
    //@ loop unroll 8;
    for (i = 0; i < steps; i++) step(p, &a, &b, n);
    (void)jbzi_buf_append(p, &a, "", 1, 0, true);
    (void)jbzi_buf_available(p, false);
    (void)jbzi_buf_available(p, true);
    jbzi_buf_drop(p, &b);
    jbzi_buf_drop(p, &a);
    //@ assert all_free: p->used == 0;
    jbzi_buf_pool_close(p);
    //@ slevel merge;
    return;
}

static void fixed(size_t n) {
    jbzi_pool pool;
    char memory[1024];
    jbzi_buf_pool_open(&pool, NULL, memory, 1024, 240);
    life(&pool, n, LONGEST);
    //@ slevel merge;
    return;
}

static void *chunk(void *user, void *p, size_t old_size, size_t new_size) {
    (void)user, (void)old_size;
    if (new_size) return Frama_C_interval(0, 1) ? malloc(new_size) : NULL;
    free(p);
    return NULL;
}

static void grown(size_t n) {
    jbzi_pool pool;
    jbz_alloc alloc;
    alloc.fn = chunk;
    alloc.user = NULL;
    jbzi_buf_pool_open(&pool, &alloc, NULL, 1024, 240);
    life(&pool, n, LONGEST - 2);
    //@ slevel merge;
    return;
}

/* The pool filled with blocks of `n` bytes, every second of them dropped, larger ones asked for where none are whole. */
static void crowd(jbzi_pool *p, size_t n) {
    jbzi_blk *all[16];
    int i, have = 0;
    //@ loop unroll 16;
    while (have < 16 && (all[have] = jbzi_buf_take(p, n, true)) != NULL) have++;
    //@ loop unroll 16;
    for (i = 0; i < have; i += 2) jbzi_buf_drop(p, &all[i]);
    (void)jbzi_buf_available(p, true);
    refuse = 1;
    (void)jbzi_buf_take(p, n, true);
    refuse = 0;
    //@ loop unroll 16;
    for (i = 0; i < have; i += 2) all[i] = jbzi_buf_take(p, 4 * n, true);
    //@ loop unroll 16;
    for (i = 0; i < have; i++) jbzi_buf_drop(p, &all[i]);
    //@ assert all_free: p->used == 0;
    jbzi_buf_pool_close(p);
    //@ slevel merge;
    return;
}

static void fixed_full(size_t n) {
    jbzi_pool pool;
    char memory[768];
    jbzi_buf_pool_open(&pool, NULL, memory, 768, 240);
    crowd(&pool, n);
    //@ slevel merge;
    return;
}

static void grown_full(size_t n) {
    jbzi_pool pool;
    jbz_alloc alloc;
    alloc.fn = chunk;
    alloc.user = NULL;
    jbzi_buf_pool_open(&pool, &alloc, NULL, 768, 240);
    crowd(&pool, n);
    //@ slevel merge;
    return;
}

int main(void) {
    size_t limit, largest;
    Frama_C_make_unknown((char *)&limit, sizeof limit);
    Frama_C_make_unknown((char *)&largest, sizeof largest);
    (void)jbzi_buf_pool_size(limit, largest);
    EACH_LENGTH(fixed, 0, 1);
    EACH_LENGTH(fixed, 49, 49);
    EACH_LENGTH(fixed, 240, 240);
    EACH_LENGTH(grown, 48, 48);
    EACH_LENGTH(fixed_full, 48, 48);
    EACH_LENGTH(fixed_full, 112, 112);
    EACH_LENGTH(grown_full, 112, 112);
    return 0;
}
