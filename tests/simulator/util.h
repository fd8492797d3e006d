/* util.h - what every file of the simulator needs: memory, byte buffers, the clock, timers, random ids. */
#ifndef SIM_UTIL_H
#define SIM_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#else
#define PRINTF_LIKE(f, a)
#endif

/* Memory: a test tool that runs out of memory stops with exit code 4. */
void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
void die(int exit_code, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A growing byte buffer. `p` is always NUL-terminated once something was added. */
typedef struct { char *p; size_t n, cap; } buf;
void buf_add(buf *b, const void *p, size_t n);
void buf_str(buf *b, const char *s);
void buf_fmt(buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_json(buf *b, const char *s, size_t n);      /* a JSON string with its quotes */
void buf_drop(buf *b, size_t n);                     /* removes n bytes from the front */
void buf_free(buf *b);
const char *buf_cstr(const buf *b);

/* Time: monotonic microseconds. Call times are divided by the speed (--fast); protocol deadlines are not. */
int64_t now_us(void);
extern double sim_speed;                             /* 1, or 50 with --fast */

typedef struct timer timer;
typedef void timer_fn(void *ctx);
struct timer { int64_t due; timer_fn *fn; void *ctx; size_t slot; };   /* slot 0: not running */
void timer_set(timer *t, double ms, timer_fn *fn, void *ctx);          /* real milliseconds; restarts */
void timer_set_scaled(timer *t, double ms, timer_fn *fn, void *ctx);   /* milliseconds of the call's time */
void timer_stop(timer *t);
int timers_run(void);                                /* runs what is due; returns ms until the next one, -1 if none */

/* Randomness: seeded, so that --seed makes the ids of a run repeatable. */
void rng_seed(uint64_t seed);
uint32_t rng_u32(void);
void make_msgid(char out[23]);                       /* 22 characters of base58, as short-uuid makes them */
void make_uuid(char out[37]);
void make_hex(char *out, size_t digits);

bool utf8_valid(const unsigned char *p, size_t n);
bool contains_nocase(const char *hay, const char *needle);

#endif
