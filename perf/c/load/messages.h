/* Messages: made, sent, and counted as they arrive. */

#define ROOM "room@conference.localhost" /* for XMPP */

static void fill(char *to, int bytes, uint32_t mark) {
    sprintf(to, "~%010u~", mark);
    for (int i = MARK_BYTES; i < bytes; i++)
        to[i] = (char)(i % 7 == 0 && i < bytes - 1 ? ' ' : 'a' + (i * i + i / 3) % 26);
}

/* One request; returns its bytes. A line is "METHOD PATH AUTHORIZATION". */
static int request(char *out, const char *line, int size, uint32_t mark) {
    char method[16], path[512];
    int at = 0;
    if (sscanf(line, "%15s %511s %n", method, path, &at) < 2)
        fail("a request line is METHOD PATH AUTHORIZATION");
    int used = sprintf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: perf\r\n", method, path, host);
    if (at && line[at])
        used += sprintf(out + used, "Authorization: %s\r\n", line + at);
    if (strcmp(method, "POST"))
        return used + sprintf(out + used, "\r\n");
    static const char BEFORE[] = "{\"content\":\"", AFTER[] = "\"}";
    int body = (int)(sizeof BEFORE - 1 + sizeof AFTER - 1) + size;
    used += sprintf(out + used, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                    body, BEFORE);
    fill(out + used, size, mark);
    used += size;
    return used + sprintf(out + used, "%s", AFTER);
}

static void send_message(conn *c, int64_t since) {
    char out[8192];
    if (job.sent == job.room) {
        job.room = job.room ? job.room * 2 : 4096;
        job.messages = realloc(job.messages, (size_t)job.room * sizeof *job.messages);
    }
    int64_t i = job.sent++;
    job.messages[i] = (message){.since = since, .left = job.expect, .from = c};
    c->message = i;
    uint32_t mark = mark_base + (uint32_t)i;
    if (c->kind == OCCUPANT) {
        int used = sprintf(out, "<message to='" ROOM "' type='groupchat' id='m%u'><body>", mark);
        fill(out + used, job.size, mark);
        used += job.size;
        used += sprintf(out + used, "</body></message>");
        put(c, out, (size_t)used);
        return;
    }
    if (c->kind == SPEAKER) {
        int used = sprintf(out, "PRIVMSG #room :");
        fill(out + used, job.size, mark);
        used += job.size;
        used += sprintf(out + used, "\r\n");
        job.messages[i].acked = 1; /* IRC acknowledges nothing */
        job.acked++;
        put(c, out, (size_t)used);
        return;
    }
    put(c, out, (size_t)request(out, job.lines[i % job.line_count], job.size, mark));
}

static void send_side(conn *c) {
    char out[8192];
    int64_t i = job.side_next++;
    c->sent = now_ns();
    put(c, out, (size_t)request(out, job.side_lines[i % job.side_count], job.size, 0));
}

static int may_send(int64_t now) {
    return job.count ? job.sent < job.count : now < job.until;
}

/* The message is answered and delivered as often as it should: its sender is free (closed loop). */
static void settle(int64_t i, int64_t now) {
    conn *c = job.messages[i].from;
    job.done++;
    job.last_done = now;
    if (job.rate)
        return;
    c->message = -1;
    if (may_send(now))
        send_message(c, now);
}

static int64_t number_of(const char *mark) {
    return (int64_t)strtoul(mark + 1, NULL, 10) - (int64_t)mark_base;
}

static void delivered(const char *mark, int64_t now) {
    if (job.what != RUNNING)
        return;
    int64_t i = number_of(mark);
    if (i < 0 || i >= job.sent) {
        job.late++;
        return;
    }
    message *m = &job.messages[i];
    job.delivered++;
    note(&job.delivery, now - m->since);
    if (--m->left < 0)
        job.surplus++;
    else if (m->left == 0 && m->acked)
        settle(i, now);
}

static void became_live(conn *c) {
    c->state = LIVE;
    live_count++;
    c->next_beat = now_ns() + (int64_t)((double)interval * (roll() & 0xffff) / 65536);
}

static int64_t number_after(const char *text, size_t bytes, const char *key) {
    char *at = memmem(text, bytes, key, strlen(key));
    return at ? strtol(at + strlen(key), NULL, 10) : 0;
}

static void end(conn *c);
