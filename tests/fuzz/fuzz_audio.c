/* libFuzzer, room 11: as fuzz_conn.c, but most sockets are audio sockets (session.h). */
#define JBZ_NO_SERVER
#define AUDIO_SESSION 1
#include "session.h"
