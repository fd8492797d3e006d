# awk -f tests/rooms.awk jambonz_ws.h jambonz_ws.h     the first pass learns the rooms; the second checks that none uses a later
# one, that each is there twice, and that both halves have them in order.
/MARK: [0-9]+ / {
    for (i = 1; i <= NF; i++) if ($i == "MARK:") { n = $(i + 1); name = tolower($(i + 2)) }
    if (FNR == NR) {
        if (!(name in room)) rooms++
        if (n != marks % 13) { printf "%s:%d: room %s %s is out of order\n", FILENAME, FNR, n, name; bad = 1 }
        room[name] = n
        seen[name]++
        marks++
    }
    next
}
FNR == NR { next }
{
    s = $0
    while (match(s, /(jbzi|JBZI)_[a-zA-Z0-9]+_/)) {
        r = tolower(substr(s, RSTART + 5, RLENGTH - 6))
        s = substr(s, RSTART + RLENGTH)
        if (!(r in room)) continue
        uses++
        if (room[r] + 0 > n + 0) { printf "%s:%d: room %s uses later room %s (%s)\n", FILENAME, FNR, n, room[r], r; bad = 1 }
    }
}
END {
    for (r in seen) if (seen[r] != 2) { printf "room %s is there %d times, not twice\n", r, seen[r]; bad = 1 }
    if (rooms != 13 || uses < 1000) { printf "%d rooms, %d private names: is this the header?\n", rooms, uses; bad = 1 }
    printf "rooms: %d rooms, %d private names%s\n", rooms, uses, bad ? "" : ", none of a later room"
    exit bad
}
