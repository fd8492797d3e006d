/* tokens FILE N - tokenizes FILE N times: what the tokenizer alone costs. */
#define JBZ_NO_CONN
#define JBZ_NO_VERBS
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdio.h>
#include <stdlib.h>

static char text[65536];
static jbz_tok toks[4096];

int main(int argc, char **argv) {
    FILE *f = argc == 3 ? fopen(argv[1], "rb") : NULL;
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    jbz_doc doc;
    if (!n) return 2;
    for (int i = atoi(argv[2]); i > 0; i--) {
        if (jbz_json_parse(&doc, text, n, toks, sizeof toks / sizeof *toks, NULL)) return 1;
    }
    fclose(f);
    return 0;
}
