/* The library's inner loops once more, compiled without vectors (tests/fuzz/plain.c), to be compared with those of the target. */
#ifndef PLAIN_H
#define PLAIN_H
extern bool plain_utf8_valid(const void *p, size_t n);
extern bool plain_utf8_feed(uint32_t *state, const void *p, size_t n);
extern jbz_err plain_json_parse(jbz_doc *doc, char *text, size_t n, jbz_tok *toks, uint32_t cap, size_t *at);
extern const char *plain_json_strn(jbz_json v, size_t *n);
extern bool plain_ws_unmask(void *dst, const void *src, size_t n, uint32_t mask);
extern void plain_out_strn(jbz_out *o, const char *text, size_t n);
#endif
