# awk -v dir=DIR -f tests/snippets.awk jambonz_ws.h README.md     puts every piece of C they show into a file of its own:
#   readme-N.c        a ```c block of README.md
#   quick-start.c     the indented program under QUICK START in the header's top comment
#   manual-LINE.c     any other indented run there that begins with a call of the library
# A piece without #include is made a file: whole functions as they are, statements inside a function that has the usual names.
function flush_piece(name,    file, i) {
    if (!lines) return
    file = dir "/" name ".c"
    if (text[1] ~ /^#define JAMBONZ_WS_IMPLEMENTATION|^#include/) {
        for (i = 1; i <= lines; i++) print text[i] > file
    } else {
        print "#include \"jambonz_ws.h\"" > file
        if (text[1] !~ /^(static|void|int|typedef|struct)/) print "void piece(const jbz_event *ev, jbz_call *call, jbz_server *server, jbz_out *o);\nvoid piece(const jbz_event *ev, jbz_call *call, jbz_server *server, jbz_out *o) {" > file
        for (i = 1; i <= lines; i++) print text[i] > file
        if (text[1] !~ /^(static|void|int|typedef|struct)/) print "}" > file
    }
    close(file)
    lines = 0
}
FNR == 1 { manual = FILENAME ~ /jambonz_ws\.h$/; block = 0; lines = 0 }

manual && !over {
    if ($0 ~ /^ \*\/$/) { over = 1; next }
    if ($0 ~ /^ \* QUICK START/) { quick = 1; next }
    if ($0 ~ /^ \*     [^ ]/ && !lines && (quick || $0 ~ /^ \*     jbz_[a-z_]+\(.*[,;]$/)) { keep = 1; from = FNR }
    if (keep && $0 ~ /^ \*     /) { text[++lines] = substr($0, 8); next }
    if (keep) { flush_piece(quick ? "quick-start" : "manual-" from); keep = quick = 0 }
    next
}
!manual && /^```c$/ { block = ++blocks; lines = 0; next }
!manual && /^```$/ { if (block) flush_piece("readme-" block); block = 0; next }
!manual && block { text[++lines] = $0 }
