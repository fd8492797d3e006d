/* See plain.h. JBZ_STATIC keeps the two copies apart. */
#define JBZ_STATIC
#define JBZ_NO_SIMD
#define JBZ_NO_SERVER
#define JBZ_NO_VERBS
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "plain.h"

bool plain_utf8_valid(const void *p, size_t n) { return jbz_utf8_valid(p, n); }
bool plain_utf8_feed(uint32_t *state, const void *p, size_t n) { return jbzi_utf8_feed(state, (const uint8_t *)p, n); }
jbz_err plain_json_parse(jbz_doc *doc, char *text, size_t n, jbz_tok *toks, uint32_t cap, size_t *at) {
    return jbz_json_parse(doc, text, n, toks, cap, at);
}
const char *plain_json_strn(jbz_json v, size_t *n) { return jbz_json_strn(v, "", n); }
bool plain_ws_unmask(void *dst, const void *src, size_t n, uint32_t mask) { return jbzi_ws_unmask(dst, src, n, mask); }
void plain_out_strn(jbz_out *o, const char *text, size_t n) { jbz_out_strn(o, text, n); }
