/* See static_a.c. */
#define JBZ_STATIC
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

#ifdef __cplusplus
extern "C"
#endif
int other_version(void);
int other_version(void) { return jbz_version(); }
