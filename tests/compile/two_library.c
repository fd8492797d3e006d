/* See two_main.c. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
