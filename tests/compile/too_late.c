/* A system header before ours, without _GNU_SOURCE, under -std=c99: must stop with the remedy, not with forty errors. */
#include <stdio.h>
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
