/* Compiled with each config macro, as C and as C++ (matrix.sh says which). What a macro promises is checked where C can. */
#ifdef TEST_ASSERT
#define JBZ_ASSERT(c) ((void)(c))
#endif
#ifdef TEST_API
#define JBZ_API __attribute__((visibility("default"))) extern
#endif
#ifdef TEST_SYS
#include <stddef.h>
#ifdef __cplusplus
extern "C"
#else
extern
#endif
long fewer(int fd, void *p, size_t n);
#define JBZ_SYS_recv(fd, p, n) fewer(fd, p, n)
#endif

#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "jambonz_ws.h" /* a second time changes nothing */

#ifndef JBZ_IMPLEMENTED
#error "JAMBONZ_WS_IMPLEMENTATION did not emit the implementation"
#endif
#ifdef JBZ_NO_SERVER
typedef int jbz_server; /* the names that were cut off are free */
enum { jbz_main = 1, jbz_run, jbz_wakeup };
#endif
#ifdef JBZ_NO_CONN
typedef int jbz_core;
enum { jbz_core_open = 1, jbz_conn_feed, jbz_reply };
#endif
#if defined(JBZ_NO_SHORTHAND) && defined(jbz_say)
#error "JBZ_NO_SHORTHAND left jbz_say"
#endif
#if defined(JBZ_NO_SIMD) && (defined(_EMMINTRIN_H_INCLUDED) || defined(__EMMINTRIN_H))
#error "JBZ_NO_SIMD left SSE2"
#endif
#if defined(JBZ_NO_EPOLL) && defined(_SYS_EPOLL_H)
#error "JBZ_NO_EPOLL left epoll"
#endif

#ifndef JBZ_NO_VERBS
extern const jbz_gather_opts lists;
typedef char as_many_as_told[sizeof lists.input / sizeof lists.input[0] == JBZ_MAX_LIST ? 1 : -1];
#endif

int config(void);
int config(void) {
    char mem[256];
    size_t n = 0;
    jbz_out o;
#ifndef JBZ_NO_VERBS
    static jbz_say_opts say;
    say.text = "Hello";
#endif
    jbz_out_init(&o, mem, sizeof mem);
    jbz_msg_ack(&o, "m", 1);
#ifndef JBZ_NO_VERBS
    jbz_put_say(&o, &say);
#if !defined(JBZ_NO_SHORTHAND) && (!defined(__cplusplus) || __cplusplus >= 202002L)
    jbz_gather(&o, .input = { "digits" }, .numDigits = 1, .say = JBZ_LIT(say_opts, .text = "Hi"));
    jbz_hangup(&o);
#endif
#endif
    return jbz_msg_end(&o, &n) != NULL;
}
