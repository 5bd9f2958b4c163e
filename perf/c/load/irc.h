/* Members of an IRC channel. */

static size_t on_irc(conn *c, char *in, size_t count) {
    size_t used = 0;
    char *stop;
    while ((stop = memchr(in + used, '\n', count - used))) {
        char *line = in + used;
        size_t bytes = (size_t)(stop - line) + 1;
        used += bytes;
        if (c->state == LIVE) {
            char *mark = memchr(line, '~', bytes);
            if (mark && mark + MARK_BYTES <= stop && memmem(line, bytes, " PRIVMSG #room ", 15)) {
                delivered(mark, now_ns());
                continue;
            }
        }
        if (!memcmp(line, "PING ", 5)) {
            line[1] = 'O';
            put(c, line, bytes);
        } else if (c->state == WAIT_HELLO && memmem(line, bytes, " 001 ", 5)) {
            if (c->kind == SPEAKER) {
                became_live(c);
            } else {
                put(c, "JOIN #room\r\n", 12);
                c->state = WAIT_READY;
            }
        } else if (c->state == WAIT_READY && memmem(line, bytes, " 366 ", 5)) {
            became_live(c);
        } else if (!memcmp(line, "ERROR ", 6)) {
            snprintf(job.trouble, sizeof job.trouble, "%.*s", (int)(bytes < 120 ? bytes - 2 : 120), line);
        }
    }
    return used;
}
