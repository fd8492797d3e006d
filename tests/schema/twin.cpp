// The same structs in C++: from C++20 on as in C, before that by assignment. Compiled, not run; with all warnings as errors.
#if __cplusplus >= 202002L
#include "twin.c"
#endif
#include "jambonz_ws.h"

void twin_assigned(jbz_out *o);
void twin_assigned(jbz_out *o) {
    jbz_c_synthesizer_opts voice = jbz_c_synthesizer_opts();
    voice.vendor = "google";
    jbz_say_opts say = jbz_say_opts();
    say.text = "Hello";
    say.loop = 2;
    say.synthesizer = &voice;
    jbz_put_say(o, &say);
    jbz_gather_opts gather = {};
    gather.actionHook = "/menu";
    gather.input[0] = "digits";
    gather.bargein = JBZ_TRUE;
    gather.say = &say;
    jbz_put_gather(o, &gather);
    jbz_dial_opts dial = {};
    dial.target[0].type = "user";
    dial.target[0].name = "bob";
    dial.headers[0].name = "X-A";
    dial.headers[0].value = "1";
    jbz_put_dial(o, &dial);
    jbz_put_hangup(o, nullptr);
    jbz_leave(o);
}
