/* libFuzzer, rooms 10 and 11: calls and raw sockets from the first byte to the last (session.h). */
#define JBZ_NO_SERVER
#define AUDIO_SESSION 0
#include "session.h"
