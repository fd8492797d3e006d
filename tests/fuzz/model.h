/* Values as jansson has them, for targets that compare what was written with what it should be. */
#ifndef MODEL_H
#define MODEL_H
#include "fuzz.h"
#include <stdbool.h>
#include <jansson.h>

HELPER json_t *utf8(const char *p, size_t n) { json_t *j = json_stringn(p, n); CHECK(j); return j; }

/* How many bytes are one U+FFFD: the longest beginning of a character (Unicode 3.9, table 3-7), else one. */
HELPER size_t spoilt(const uint8_t *p, size_t n) {
    unsigned more = p[0] < 0xC2 || p[0] > 0xF4 ? 0 : p[0] < 0xE0 ? 1 : p[0] < 0xF0 ? 2 : 3;
    unsigned lo = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80, hi = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    size_t k = 1;
    if (!more || n < 2 || p[1] < lo || p[1] > hi) return 1;
    for (k = 2; k < more && k < n && (p[k] & 0xC0) == 0x80; k++) { }
    return k;
}

/* What a string must come out as: what is not UTF-8 is U+FFFD. */
HELPER json_t *repaired(const char *text, size_t n) {
    char *to = (char *)malloc(3 * n + 1);
    size_t at = 0, len = 0;
    json_t *j;
    while (at < n) {
        size_t k;
        for (k = 1; k <= 4 && k <= n - at; k++) {
            json_t *one = json_stringn(text + at, k); /* jansson says whether this is a character */
            json_decref(one);
            if (one) break;
        }
        if (k <= 4 && k <= n - at) { memcpy(to + len, text + at, k); len += k; at += k; }
        else { memcpy(to + len, "\xEF\xBF\xBD", 3); len += 3; at += spoilt((const uint8_t *)text + at, n - at); }
    }
    j = utf8(to, len);
    free(to);
    return j;
}

HELPER bool same(json_t *a, json_t *b) {
    const char *key;
    json_t *v;
    size_t i;
    if (json_is_number(a) && json_is_number(b)) {
        if (json_is_integer(a) && json_is_integer(b)) return json_integer_value(a) == json_integer_value(b);
        return json_number_value(a) == json_number_value(b);
    }
    if (json_typeof(a) != json_typeof(b)) return false;
    if (json_is_array(a)) {
        if (json_array_size(a) != json_array_size(b)) return false;
        json_array_foreach(a, i, v) if (!same(v, json_array_get(b, i))) return false;
        return true;
    }
    if (json_is_object(a)) {
        if (json_object_size(a) != json_object_size(b)) return false;
        json_object_foreach(a, key, v) if (!json_object_get(b, key) || !same(v, json_object_get(b, key))) return false;
        return true;
    }
    return json_equal(a, b);
}
#endif
