/* Prints the tables of the header, one row per line, as the compiler sees them. */
#include "jambonz_ws.h"
#include <stdio.h>

#define ROW(T, kind, property, suffix, need) { #T, #kind, #property, #suffix, #need },
#define PART(part) JBZ_OPTS_##part(ROW, part)
#define VERB(verb, wire, server) { #verb, wire, #server, "", "VERB" }, JBZ_OPTS_##verb(ROW, verb)

static const struct { const char *owner, *kind, *property, *suffix, *need; } rows[] = { JBZ_PARTS(PART) JBZ_VERBS(VERB) };

int main(void) {
    size_t i;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
        printf("%s\t%s\t%s\t%s\t%s\n", rows[i].owner, rows[i].kind, rows[i].property, rows[i].suffix, rows[i].need);
    return 0;
}
