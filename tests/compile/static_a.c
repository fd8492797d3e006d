/* Two files that each have the library to themselves. */
#define JBZ_STATIC
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

#ifdef __cplusplus
extern "C"
#endif
int other_version(void);
int main(void) { return jbz_version() == other_version() ? 0 : 1; }
