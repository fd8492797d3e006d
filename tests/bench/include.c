/* The header alone, with or without JAMBONZ_WS_IMPLEMENTATION: what it costs to compile. */
#include "jambonz_ws.h"
extern int jbz_bench_nothing;
