/* json FILE TIMES - parse a message, look six strings up, free; CPU time each and what was asked of malloc, as JSON. Built once per
 * parser (-DOURS, -DCJSON, -DJSONC, -DJANSSON), as two of them have the same names for different things. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char source[65536];
static size_t length, found, allocations, allocated;

#if defined(OURS)
#define JBZ_NO_CONN
#define JBZ_NO_VERBS
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"

static void parse(void) {
    static const char *const wanted[6] = { "/type",      "/msgid",   "/call_sid",
                                           "/data/from", "/data/to", "/data/sip/headers/user-agent" };
    static char text[sizeof source];
    static jbz_tok toks[1024];
    jbz_doc doc;
    size_t n;
    memcpy(text, source, length + 1); /* strings are decoded in place */
    if (jbz_json_parse(&doc, text, length, toks, sizeof toks / sizeof *toks, NULL)) return;
    for (int i = 0; i < 6; i++) found += jbz_json_strn(jbz_json_root(&doc), wanted[i], &n) != NULL;
}
#else
static const char *const wanted[6][4] = { { "type" },         { "msgid" },      { "call_sid" },
                                          { "data", "from" }, { "data", "to" }, { "data", "sip", "headers", "user-agent" } };
#endif

#if defined(CJSON)
#include <cjson/cJSON.h>

static void parse(void) {
    cJSON *root = cJSON_ParseWithLength(source, length);
    for (int i = 0; i < 6; i++) {
        cJSON *v = root;
        for (int k = 0; k < 4 && wanted[i][k]; k++) v = cJSON_GetObjectItemCaseSensitive(v, wanted[i][k]);
        found += cJSON_GetStringValue(v) != NULL;
    }
    cJSON_Delete(root);
}
#elif defined(JSONC)
#include <json-c/json.h>

static void parse(void) {
    struct json_tokener *t = json_tokener_new();
    struct json_object *root = json_tokener_parse_ex(t, source, (int)length);
    for (int i = 0; i < 6; i++) {
        struct json_object *v = root;
        for (int k = 0; k < 4 && wanted[i][k] && v; k++)
            if (!json_object_object_get_ex(v, wanted[i][k], &v)) v = NULL;
        found += json_object_get_string(v) != NULL;
    }
    json_object_put(root);
    json_tokener_free(t);
}
#elif defined(JANSSON)
#include <jansson.h>

static void parse(void) {
    json_t *root = json_loadb(source, length, 0, NULL);
    for (int i = 0; i < 6; i++) {
        json_t *v = root;
        for (int k = 0; k < 4 && wanted[i][k]; k++) v = json_object_get(v, wanted[i][k]);
        found += json_string_value(v) != NULL;
    }
    json_decref(root);
}
#endif

/* Stand before the C library's and count. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *malloc(size_t n) {
    allocations++;
    allocated += n;
    return __libc_malloc(n);
}
void *calloc(size_t k, size_t n) {
    allocations++;
    allocated += k * n;
    return __libc_calloc(k, n);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    FILE *f = argc == 3 ? fopen(argv[1], "rb") : NULL;
    int times = argc == 3 ? atoi(argv[2]) : 0;
    double start;
    if (!f || times < 1) return 2;
    length = fread(source, 1, sizeof source - 1, f);
    fclose(f);
    for (int i = 0; i < 100; i++) parse(); /* warm */
    start = seconds();
    for (int i = 0; i < times; i++) parse();
    start = (seconds() - start) / times;
    if (found != 6 * (100u + (unsigned)times)) return 1; /* a string was not found */
    allocations = allocated = 0;
    parse();
    printf("{\"ns\":%.1f,\"mallocs\":%zu,\"bytes\":%zu}\n", start * 1e9, allocations, allocated);
    return 0;
}
