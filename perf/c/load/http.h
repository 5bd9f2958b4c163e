/* Answers to HTTP requests. */

static size_t on_answer(conn *c, char *in, size_t count) {
    size_t used = 0;
    while (used < count) {
        char *at = in + used, *stop = memmem(at, count - used, "\r\n\r\n", 4);
        if (!stop)
            break;
        size_t head = (size_t)(stop - at) + 4;
        int status = atoi(at + 9);
        long body = -1;
        for (char *line = at; line < stop; line = (char *)memchr(line, '\n', head) + 1)
            if (!strncasecmp(line, "content-length:", 15))
                body = atol(line + 15);
        if (status == 204 && body < 0)
            body = 0;
        if (body < 0)
            fail("an answer has no Content-Length");
        if (count - used < head + (size_t)body)
            break;
        used += head + (size_t)body;
        int64_t now = now_ns();
        if (job.what != RUNNING)
            continue;
        if (status < 0 || status > 599)
            status = 0;
        job.status[status]++;
        if ((status < 200 || status > 299) && !job.trouble[0])
            snprintf(job.trouble, sizeof job.trouble, "%.*s", (int)(body < 200 ? body : 200), at + head);
        if (c->kind == SIDE) {
            note(&job.side, now - c->sent);
            send_side(c);
            continue;
        }
        int64_t i = c->message;
        if (i < 0)
            fail("an answer without a request");
        message *m = &job.messages[i];
        m->acked = 1;
        job.acked++;
        note(&job.ack, now - m->since);
        if (job.rate)
            c->message = -1; /* open loop: free for the next that is due */
        if (m->left <= 0)
            settle(i, now);
    }
    return used;
}
