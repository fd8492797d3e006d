/* The same as test_fault.c, with poll() in the place of epoll: what other systems get. */
#define JBZ_NO_EPOLL
#include "test_fault.c"
