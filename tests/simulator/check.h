/* check.h - is what the app sent something jambonz can use? Tables: specs.c. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "json.h"

typedef struct { const char *name, *type; int required; } spec_prop;
typedef struct { const char *name, *any_of; const spec_prop *props; size_t count; } spec;
typedef struct { const char *name, *verb, *vendor; } spec_alias;
extern const spec oss_specs[], v10_specs[];
extern const spec_alias oss_aliases[];

extern bool check_v10;                               /* --v10: the commercial server's view instead of the open-source one */

/* An array of verbs. False: `why` says what jambonz would say, with the path of the culprit. */
bool check_verbs(const jnode *array, buf *why);
/* A command: the whole message. False as above. */
bool check_command(const jnode *message, buf *why);

/* "say" and the options of one element of a verb array, in either form ({"verb":"say",...} or {"say":{...}}). */
const char *verb_name(const jnode *element, const jnode **options);

#endif
