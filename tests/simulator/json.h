/* json.h - the simulator's own JSON reader: what JavaScript's JSON.parse accepts, as a tree. */
#ifndef SIM_JSON_H
#define SIM_JSON_H

#include "util.h"

typedef enum { J_NULL, J_FALSE, J_TRUE, J_NUMBER, J_STRING, J_ARRAY, J_OBJECT } jtype;

typedef struct jnode jnode;
struct jnode {
    jtype type;
    const char *key;                                 /* in an object: the member's name, else NULL */
    const char *text;                                /* string: decoded, NUL-terminated; number: as written */
    size_t len;                                      /* of text */
    double num;
    size_t count;                                    /* array, object: number of children */
    jnode *first, *last, *next;
};

typedef struct jdoc { struct jdoc *next; jnode *root; void *blocks; } jdoc;

/* NULL on malformed input, then `why` (at least 120 bytes) says what and at which byte. */
jdoc *json_parse(const char *p, size_t n, char *why);
void json_free(jdoc *d);

/* Lookups take NULL nodes. Of duplicate keys the last one counts, as in JavaScript. */
const jnode *json_get(const jnode *o, const char *key);
const jnode *json_at(const jnode *a, size_t i);
const char *json_str(const jnode *o, const char *key, const char *otherwise);
double json_num(const jnode *o, const char *key, double otherwise);
bool json_bool(const jnode *o, const char *key, bool otherwise);
bool json_truthy(const jnode *n);                    /* as JavaScript sees it */
const char *json_typeof(const jnode *n);             /* "string", "number", "boolean", "object", "array", "null" */

/* Changing a tree: adds or replaces a string member. */
jnode *json_add_object(jdoc *d, jnode *o, const char *key);           /* the member `key`, made if it is not there */
void json_set_str(jdoc *d, jnode *o, const char *key, const char *value);

void json_write(buf *b, const jnode *n);             /* compact; numbers as they were written */

#endif
