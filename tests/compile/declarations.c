/* Only the declaration half, as an app's other files see it. */
#include "jambonz_ws.h"
#ifdef JBZ_IMPLEMENTED
#error "the implementation came unasked"
#endif

static const char *on_hook(const jbz_event *ev) { return jbz_json_str(ev->data, "/digits", ""); }
const char *declarations(const jbz_event *ev);
const char *declarations(const jbz_event *ev) { return jbz_event_wants_ack(ev->type) ? on_hook(ev) : jbz_event_name(ev->type); }
