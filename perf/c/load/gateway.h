/* Gateway sessions. Each parser, here and beside, returns how many bytes it used. */

static void put_text(conn *c, const char *text, size_t bytes) {
    static const unsigned char KEY[4] = {0x35, 0xa1, 0x7e, 0xc2};
    unsigned char out[4096 + 8], *at = out;
    *at++ = 0x81;
    if (bytes < 126) {
        *at++ = (unsigned char)(0x80 | bytes);
    } else {
        *at++ = 0x80 | 126;
        *at++ = (unsigned char)(bytes >> 8);
        *at++ = (unsigned char)bytes;
    }
    memcpy(at, KEY, 4);
    at += 4;
    for (size_t i = 0; i < bytes; i++)
        *at++ = (unsigned char)text[i] ^ KEY[i & 3];
    put(c, out, (size_t)(at - out));
}

static void put_pong(conn *c, const char *data, size_t bytes) {
    unsigned char out[131] = {0x8a, (unsigned char)(0x80 | bytes)}; /* the key is 0 */
    memcpy(out + 6, data, bytes);
    put(c, out, 6 + bytes);
}

static void beat(conn *c, int64_t now) {
    char text[64];
    int bytes = c->s ? sprintf(text, "{\"op\":1,\"d\":%ld}", (long)c->s)
                     : sprintf(text, "{\"op\":1,\"d\":null}");
    put_text(c, text, (size_t)bytes);
    c->next_beat = now + interval;
}

static void identify(conn *c) {
    char text[1024];
    int bytes = snprintf(text, sizeof text,
                         "{\"op\":2,\"d\":{\"token\":\"%s\",\"intents\":%ld,\"properties\":"
                         "{\"os\":\"linux\",\"browser\":\"perf\",\"device\":\"perf\"}}}",
                         job.tokens[c->token % job.token_count], job.intents);
    put_text(c, text, (size_t)bytes);
}

static void on_text(conn *c, const char *text, size_t bytes, const char *frame, size_t whole) {
    c->frames++;
    if (c->compress) { /* only `s` is read, where a stored block shows it in clear */
        int64_t s = number_after(text, bytes < 64 ? bytes : 64, "\"s\":");
        if (s > c->s)
            c->s = s;
        if (c->state == WAIT_HELLO) {
            identify(c);
            c->state = WAIT_READY;
        } else if (c->state == WAIT_READY && c->frames >= 2 + job.guilds) {
            became_live(c);
        }
        return;
    }
    if (c->state == LIVE && memmem(text, bytes, "\"t\":\"MESSAGE_CREATE\"", 20)) {
        char *mark = memchr(text, '~', bytes);
        if (mark && mark + MARK_BYTES <= text + bytes) {
            int64_t s = number_after(text, bytes, "\"s\":");
            job.gaps += s != c->s + 1;
            c->s = s;
            if (job.capture[0]) {
                FILE *file = fopen(job.capture, "wb");
                if (!file)
                    fail("capture");
                fwrite(frame, 1, whole, file);
                fclose(file);
                job.capture[0] = 0;
            }
            delivered(mark, now_ns());
            return;
        }
    }
    if (c->state == WAIT_HELLO) {
        int64_t ms = number_after(text, bytes, "\"heartbeat_interval\":");
        if (ms > 0)
            interval = ms * 1000000;
        identify(c);
        c->state = WAIT_READY;
        return;
    }
    if (memmem(text, bytes, "\"t\":\"", 5)) {
        int64_t s = number_after(text, bytes, "\"s\":");
        if (s > c->s)
            c->s = s;
        if (memmem(text, bytes, "\"t\":\"GUILD_CREATE\"", 18))
            c->guilds++;
        else if (memmem(text, bytes, "\"t\":\"READY\"", 11))
            c->guilds += 1 << 16;
        if (c->state == WAIT_READY && c->guilds >= (1 << 16) + job.guilds)
            became_live(c);
    } else if (bytes < 256 && (memmem(text, bytes, "\"op\":7", 6) || memmem(text, bytes, "\"op\":9", 6))) {
        told_off++;
    }
}

static size_t on_gateway(conn *c, char *in, size_t count) {
    size_t used = 0;
    if (c->state == WAIT_101) {
        char *stop = memmem(in, count, "\r\n\r\n", 4);
        if (!stop)
            return 0;
        if (count < 12 || memcmp(in + 9, "101", 3)) {
            snprintf(job.trouble, sizeof job.trouble, "upgrade: %.12s", in);
            end(c);
            return count;
        }
        c->state = WAIT_HELLO;
        used = (size_t)(stop - in) + 4;
    }
    while (count - used >= 2 && c->state != GONE) {
        unsigned char *at = (unsigned char *)in + used;
        uint64_t bytes = at[1] & 127;
        size_t head = 2;
        if (bytes == 126) {
            head = 4;
            if (count - used < head)
                break;
            bytes = (uint64_t)at[2] << 8 | at[3];
        } else if (bytes == 127) {
            head = 10;
            if (count - used < head)
                break;
            bytes = 0;
            for (int i = 2; i < 10; i++)
                bytes = bytes << 8 | at[i];
        }
        if (bytes > READ_BYTES / 2)
            fail("a frame is too large");
        if (count - used < head + bytes)
            break;
        char *text = (char *)at + head;
        switch (at[0] & 15) {
        case 1:
        case 2:
            on_text(c, text, bytes, (char *)at, head + bytes);
            break;
        case 9:
            put_pong(c, text, bytes < 125 ? bytes : 125);
            break;
        case 8:
            if (bytes >= 2)
                snprintf(job.trouble, sizeof job.trouble, "closed with %d",
                         (unsigned char)text[0] << 8 | (unsigned char)text[1]);
            end(c);
            break;
        }
        used += head + bytes;
    }
    return used;
}
