/* The load: gateway sessions, IRC members and HTTP clients in one thread, told what to do by lines.
 *
 * load HOST PORT          HOST is an IPv4 address. Each line of standard input is one command,
 * "name key=value …"; each is answered by one line of JSON with "ok". Between commands sessions
 * go on reading and sending heartbeats. At the end of standard input it exits.
 *
 * open n= tokens= [offset=0 guilds=0 window=64 compress=0 intents=… wait=120]
 *     opens n gateway sessions with the tokens (one a line) from line `offset` on; a session is
 *     open after READY and `guilds` GUILD_CREATE. compress=1 asks for zlib-stream: frames are then
 *     counted, not read, and cannot be used for deliveries.
 * irc n= [posters=4 window=64 wait=120]
 *     opens n members of #room and posters that stay outside (so #room must not be +n).
 * run requests= [conns=1 expect=0 count= | seconds= | rate= seconds=] [size=400 wait=30]
 *     [side= side_conns=0] [capture=]
 *     sends messages over `conns` keep-alive HTTP connections. `requests` is a file of lines
 *     "METHOD PATH AUTHORIZATION", used in turn; a POST carries a message whose content of `size`
 *     bytes begins with a mark. Closed loop (no rate): a connection sends its next when its last
 *     was answered and delivered `expect` times. Open loop: one message each 1/rate s, whether or
 *     not the earlier ones are done; all times then count from the moment it was due.
 *     `side` is a second file whose requests go out without pause until the run is over.
 *     `capture` stores one frame as delivered. "gaps" counts deliveries whose `s` did not follow
 *     the last one of their session (all of them with a floor, which never counts). With irc sessions `requests` is not given and
 *     `size` is the text of a PRIVMSG.
 * idle seconds=           reads and beats for so long
 * stall k= [bytes=4096] | unstall
 *     stops reading (and beating) the first k open sessions (receive buffer cut to `bytes`); reads them again.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MARK_BYTES 12
#define READ_BYTES (8 << 20)
#define SECOND 1000000000LL

/* ---- figures: a histogram with steps below 1 % ---- */

typedef struct {
    uint64_t count;
    int64_t most;
    uint32_t steps[58 << 7];
} figures;

static void note(figures *f, int64_t ns) {
    uint64_t v = ns < 0 ? 0 : (uint64_t)ns;
    int e = v < 128 ? 0 : 63 - __builtin_clzll(v) - 7;
    f->steps[v < 128 ? v : (uint64_t)((e + 1) << 7) + (v >> e) - 128]++;
    f->count++;
    if (ns > f->most)
        f->most = ns;
}

static double quantile_ms(const figures *f, double q) {
    uint64_t seen = 0, want = (uint64_t)(q * (double)f->count);
    for (unsigned i = 0; i < sizeof f->steps / sizeof *f->steps; i++) {
        seen += f->steps[i];
        if (seen > want) {
            uint64_t v = i < 256 ? i : (uint64_t)((i & 127) + 128) << ((i >> 7) - 1);
            return (double)v / 1e6;
        }
    }
    return (double)f->most / 1e6;
}

static void print_figures(const char *name, const figures *f) {
    printf(",\"%s\":{\"count\":%lu,\"p50\":%.4f,\"p90\":%.4f,\"p99\":%.4f,\"max\":%.4f}", name,
           f->count, quantile_ms(f, .5), quantile_ms(f, .9), quantile_ms(f, .99),
           (double)f->most / 1e6);
}

/* ---- connections ---- */

enum kind { CONTROL, GATEWAY, MEMBER, SPEAKER, MAIN, SIDE };
enum state { WAIT_101, WAIT_HELLO, WAIT_READY, LIVE, GONE };

typedef struct conn {
    int fd;
    unsigned char kind, state, compress, stalled;
    int token, guilds, frames;   /* GATEWAY: line of its token; GUILD_CREATEs and frames seen */
    int64_t s, next_beat;
    char *stash;                 /* the beginning of what has not arrived whole */
    size_t stash_bytes, stash_room;
    int64_t message;             /* MAIN, SPEAKER: index in flight or -1 */
    int64_t sent;                /* SIDE */
} conn;

typedef struct {
    int64_t since;
    int32_t left;
    unsigned char acked;
    conn *from;
} message;

static int poller;
static struct sockaddr_in server;
static char host[64];
static char *input;              /* where every read lands */
static conn **sessions;
static int session_count, session_room, live_count, gone_count, told_off;
static int64_t interval = 41250000000LL;
static uint32_t dice = 2463534242u;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static uint32_t roll(void) {
    dice ^= dice << 13;
    dice ^= dice >> 17;
    return dice ^= dice << 5;
}

static void fail(const char *why) {
    printf("{\"ok\":false,\"error\":\"%s\",\"errno\":\"%s\"}\n", why, errno ? strerror(errno) : "");
    exit(1);
}

static void put(conn *c, const void *bytes, size_t count) {
    if (c->state == GONE || write(c->fd, bytes, count) == (ssize_t)count)
        return;
    if (errno == EPIPE || errno == ECONNRESET)
        return; /* the read that follows sees the end */
    fail("a server took no bytes");
}

static void watch(conn *c) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
}

static conn *dial(enum kind kind) {
    int one = 1;
    conn *c = calloc(1, sizeof *c);
    c->kind = kind;
    c->message = -1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&server, sizeof server))
        fail("connect");
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    watch(c);
    return c;
}

static void keep(conn *c) {
    if (session_count == session_room) {
        session_room = session_room ? session_room * 2 : 1024;
        sessions = realloc(sessions, (size_t)session_room * sizeof *sessions);
    }
    sessions[session_count++] = c;
}

/* ---- what is going on: one command at a time ---- */

static struct {
    enum { NOTHING, OPENING, RUNNING, IDLING } what;
    int64_t begun, deadline;
    /* opening */
    int n, posters, opened, window, first, offset, guilds, compress, irc, wanted;
    long intents;
    char **tokens;
    int token_count;
    /* running */
    char **lines, **side_lines;
    int line_count, side_count, conns, side_conns, size, expect;
    int64_t count, sent, acked, done, delivered, surplus, late, gaps, rate, until, last_done;
    message *messages;
    int64_t room;
    conn **senders, **sides;
    figures ack, delivery, side;
    int64_t status[600];
    int64_t side_next;
    char capture[512], trouble[256];
} job;

static uint32_t mark_base; /* marks go on rising from run to run, so a late one is known as late */

static char **lines_of(const char *path, int *count) {
    FILE *file = fopen(path, "r");
    if (!file)
        fail("cannot read a file of lines");
    char **lines = NULL, *line = NULL;
    size_t room = 0;
    ssize_t got;
    *count = 0;
    while ((got = getline(&line, &room, file)) >= 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (!*line)
            continue;
        lines = realloc(lines, (size_t)(*count + 1) * sizeof *lines);
        lines[(*count)++] = strdup(line);
    }
    free(line);
    fclose(file);
    if (!*count)
        fail("a file of lines is empty");
    return lines;
}

static void free_lines(char **lines, int count) {
    for (int i = 0; i < count; i++)
        free(lines[i]);
    free(lines);
}

/* ---- sending ---- */

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

static void delivered(const char *mark, int64_t now) {
    if (job.what != RUNNING)
        return;
    int64_t i = (int64_t)strtoul(mark + 1, NULL, 10) - (int64_t)mark_base;
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

/* ---- receiving: each parser returns how many bytes it used ---- */

static void became_live(conn *c) {
    c->state = LIVE;
    live_count++;
    c->next_beat = now_ns() + (int64_t)((double)interval * (roll() & 0xffff) / 65536);
}

static int64_t number_after(const char *text, size_t bytes, const char *key) {
    char *at = memmem(text, bytes, key, strlen(key));
    return at ? strtol(at + strlen(key), NULL, 10) : 0;
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

static void end(conn *c);

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

static void end(conn *c) {
    if (c->state == GONE)
        return;
    if (c->kind == MAIN || c->kind == SIDE)
        fail("the server closed an HTTP connection");
    if (c->state == LIVE)
        live_count--;
    c->state = GONE;
    gone_count++;
    close(c->fd);
    c->fd = -1;
    free(c->stash);
    c->stash = NULL;
    c->stash_bytes = c->stash_room = 0;
}

static void on_readable(conn *c) {
    if (c->state == GONE)
        return;
    size_t had = c->stash_bytes;
    memcpy(input, c->stash ? c->stash : "", had);
    ssize_t got = read(c->fd, input + had, READ_BYTES - had);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        end(c);
        return;
    }
    size_t count = had + (size_t)got, used;
    if (c->kind == GATEWAY)
        used = on_gateway(c, input, count);
    else if (c->kind == MAIN || c->kind == SIDE)
        used = on_answer(c, input, count);
    else
        used = on_irc(c, input, count);
    if (c->state == GONE)
        return;
    c->stash_bytes = count - used;
    if (c->stash_bytes > c->stash_room) {
        c->stash_room = c->stash_bytes;
        c->stash = realloc(c->stash, c->stash_room);
    }
    if (c->stash_bytes) {
        memcpy(c->stash, input + used, c->stash_bytes);
    } else if (c->stash_room) {
        free(c->stash);
        c->stash = NULL;
        c->stash_room = 0;
    }
}

/* ---- commands ---- */

static char command[4096];

static const char *word(const char *key, const char *otherwise) {
    static char found[8][512];
    static int turn;
    char pattern[64];
    snprintf(pattern, sizeof pattern, " %s=", key);
    char *at = strstr(command, pattern);
    if (!at)
        return otherwise;
    char *to = found[turn++ & 7];
    snprintf(to, 512, "%.*s", (int)strcspn(at + strlen(pattern), " \n"), at + strlen(pattern));
    return to;
}

static double number(const char *key, double otherwise) {
    const char *text = word(key, NULL);
    return text ? atof(text) : otherwise;
}

static void finish(const char *error) {
    job.what = NOTHING;
    printf("{\"ok\":%s", error || job.trouble[0] ? "false" : "true");
    if (error)
        printf(",\"error\":\"%s\"", error);
    if (job.trouble[0]) {
        printf(",\"trouble\":\"");
        for (char *p = job.trouble; *p; p++)
            if (*p == '"' || *p == '\\')
                printf("\\%c", *p);
            else if ((unsigned char)*p >= ' ')
                putchar(*p);
        putchar('"');
    }
    printf(",\"live\":%d,\"gone\":%d,\"told_off\":%d", live_count, gone_count, told_off);
}

static void open_more(void) {
    while (job.opened < job.n && job.opened - (live_count - job.first) < job.window) {
        char text[512];
        conn *c = dial(!job.irc ? GATEWAY : job.opened < job.n - job.posters ? MEMBER : SPEAKER);
        if (job.irc) {
            c->state = WAIT_HELLO;
            int bytes = sprintf(text, "NICK u%d\r\nUSER u 0 * :u\r\n", session_count);
            put(c, text, (size_t)bytes);
        } else {
            c->compress = (unsigned char)job.compress;
            c->token = job.offset + job.opened;
            int bytes = sprintf(text, "GET /gateway/?v=10&encoding=json%s HTTP/1.1\r\nHost: %s\r\n"
                                      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                      "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
                                      "Sec-WebSocket-Version: 13\r\n\r\n",
                                job.compress ? "&compress=zlib-stream" : "", host);
            put(c, text, (size_t)bytes);
        }
        keep(c);
        job.opened++;
    }
}

static void begin_open(int irc) {
    job.irc = irc;
    job.posters = irc ? (int)number("posters", 4) : 0;
    job.n = (int)number("n", 1) + job.posters;
    job.window = (int)number("window", 64);
    job.guilds = (int)number("guilds", 0);
    job.offset = (int)number("offset", 0);
    job.compress = (int)number("compress", 0);
    job.intents = (long)number("intents", 33281); /* guilds, guild messages, message content */
    job.first = live_count;
    job.opened = 0;
    job.wanted = live_count + job.n;
    if (!irc) {
        if (job.tokens)
            free_lines(job.tokens, job.token_count);
        job.tokens = lines_of(word("tokens", ""), &job.token_count);
    }
    job.what = OPENING;
    open_more();
}

static void begin_run(void) {
    int speakers = 0;
    for (int i = 0; i < session_count; i++)
        speakers += sessions[i]->kind == SPEAKER;
    if (word("requests", NULL))
        job.lines = lines_of(word("requests", ""), &job.line_count);
    else if (!speakers)
        fail("run needs requests");
    if (word("side", NULL))
        job.side_lines = lines_of(word("side", ""), &job.side_count);
    job.conns = job.lines ? (int)number("conns", 1) : speakers;
    job.side_conns = job.side_lines ? (int)number("side_conns", 4) : 0;
    job.expect = (int)number("expect", 0);
    job.size = (int)number("size", 400);
    if (job.size < MARK_BYTES || job.size > 4000)
        fail("size");
    job.rate = (int64_t)number("rate", 0);
    double seconds = number("seconds", 0);
    job.count = job.rate ? (int64_t)((double)job.rate * seconds) : (int64_t)number("count", 0);
    snprintf(job.capture, sizeof job.capture, "%s", word("capture", ""));
    job.sent = job.acked = job.done = job.delivered = job.surplus = job.late = job.gaps = 0;
    job.side_next = 0;
    memset(&job.ack, 0, sizeof job.ack);
    memset(&job.delivery, 0, sizeof job.delivery);
    memset(&job.side, 0, sizeof job.side);
    memset(job.status, 0, sizeof job.status);
    job.senders = calloc((size_t)job.conns, sizeof *job.senders);
    job.sides = calloc((size_t)job.side_conns + 1, sizeof *job.sides);
    for (int i = 0, next = 0; i < job.conns; i++) {
        if (job.lines) {
            job.senders[i] = dial(MAIN);
            continue;
        }
        while (sessions[next]->kind != SPEAKER)
            next++;
        job.senders[i] = sessions[next++];
    }
    for (int i = 0; i < job.side_conns; i++)
        job.sides[i] = dial(SIDE);
    job.what = RUNNING;
    job.begun = job.last_done = now_ns();
    job.until = job.begun + (int64_t)(seconds * 1e9);
    job.deadline = job.until + (int64_t)(number("wait", 30) * 1e9);
    for (int i = 0; i < job.side_conns; i++)
        send_side(job.sides[i]);
    for (int i = 0; i < job.conns && !job.rate && may_send(job.begun); i++)
        send_message(job.senders[i], now_ns());
}

static void hang_up(conn *c) {
    close(c->fd);
    free(c->stash);
    free(c);
}

static void end_run(const char *error) {
    if (!error && (job.surplus || job.late))
        error = "more deliveries than there should be";
    if (!error && job.acked != (job.lines ? (int64_t)job.ack.count : job.sent))
        error = "answers missing";
    for (int i = 100; i < 600; i++)
        if (!error && i / 100 != 2 && job.status[i])
            error = "refused";
    finish(error);
    double seconds = (double)(job.last_done - job.begun) / 1e9;
    printf(",\"messages\":%ld,\"acked\":%ld,\"deliveries\":%ld,\"seconds\":%.6f,\"gaps\":%ld", job.sent,
           job.acked, job.delivered, seconds, job.gaps);
    print_figures("ack", &job.ack);
    print_figures("delivery", &job.delivery);
    print_figures("side", &job.side);
    printf(",\"status\":{");
    const char *comma = "";
    for (int i = 0; i < 600; i++)
        if (job.status[i]) {
            printf("%s\"%d\":%ld", comma, i, job.status[i]);
            comma = ",";
        }
    printf("}}\n");
    for (int i = 0; job.lines && i < job.conns; i++)
        hang_up(job.senders[i]);
    for (int i = 0; i < job.side_conns; i++)
        hang_up(job.sides[i]);
    free(job.senders);
    free(job.sides);
    if (job.lines)
        free_lines(job.lines, job.line_count);
    if (job.side_lines)
        free_lines(job.side_lines, job.side_count);
    job.lines = job.side_lines = NULL;
    mark_base += (uint32_t)job.sent;
}

static void stall(int k, int bytes) {
    for (int i = 0; k > 0 && i < session_count; i++) {
        conn *c = sessions[i];
        if (c->state != LIVE || c->stalled)
            continue;
        k--;
        c->stalled = 1;
        setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
    }
}

static void unstall(void) {
    int bytes = 1 << 20;
    for (int i = 0; i < session_count; i++) {
        conn *c = sessions[i];
        if (!c->stalled)
            continue;
        c->stalled = 0;
        setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        setsockopt(c->fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &bytes, sizeof bytes);
        watch(c);
    }
}

static void begin(void) {
    job.trouble[0] = 0;
    job.begun = now_ns();
    job.deadline = job.begun + (int64_t)(number("wait", 120) * 1e9);
    if (!strncmp(command, "open ", 5)) {
        begin_open(0);
    } else if (!strncmp(command, "irc ", 4)) {
        begin_open(1);
    } else if (!strncmp(command, "run ", 4)) {
        begin_run();
    } else if (!strncmp(command, "idle ", 5)) {
        job.what = IDLING;
        job.deadline = job.begun + (int64_t)(number("seconds", 1) * 1e9);
    } else if (!strncmp(command, "stall ", 6)) {
        stall((int)number("k", 1), (int)number("bytes", 4096));
        finish(NULL);
        printf("}\n");
    } else if (!strncmp(command, "unstall", 7)) {
        unstall();
        finish(NULL);
        printf("}\n");
    } else {
        fail("no such command");
    }
}

/* What time brings: messages that are due, heartbeats, ends. Returns ns until it must be called. */
static int64_t tick(void) {
    static int64_t next_sweep;
    int64_t now = now_ns(), wake = now + 100000000;
    if (now >= next_sweep) {
        next_sweep = now + 100000000;
        for (int i = 0; i < session_count; i++) {
            conn *c = sessions[i];
            if (c->kind == GATEWAY && c->state == LIVE && !c->stalled && c->next_beat <= now)
                beat(c, now);
        }
    }
    if (job.what == OPENING) {
        open_more();
        if (live_count >= job.wanted || now > job.deadline) {
            finish(live_count >= job.wanted ? NULL : "not all sessions opened");
            printf(",\"seconds\":%.3f}\n", (double)(now - job.begun) / 1e9);
        }
    } else if (job.what == RUNNING) {
        for (int i = 0; job.rate && i < job.conns && job.sent < job.count; i++) {
            int64_t due = job.begun + (int64_t)((double)job.sent * 1e9 / (double)job.rate);
            if (due > now) {
                wake = due < wake ? due : wake;
                break;
            }
            if (job.senders[i]->message < 0)
                send_message(job.senders[i], due);
        }
        int over = job.count ? job.sent == job.count : now >= job.until;
        if (over && job.done == job.sent)
            end_run(NULL);
        else if (now > job.deadline)
            end_run(job.acked < job.sent ? "answers missing" : "deliveries missing");
        else if (!over && !job.count && job.until < wake)
            wake = job.until;
    } else if (job.what == IDLING && now >= job.deadline) {
        finish(NULL);
        printf("}\n");
    }
    return wake > now ? wake - now : 0;
}

static void on_control(void) {
    static size_t have;
    ssize_t got = read(0, command + have, sizeof command - 1 - have);
    if (got <= 0)
        exit(0);
    have += (size_t)got;
    command[have] = 0;
    if (!strchr(command, '\n'))
        return;
    if (job.what != NOTHING)
        fail("one command at a time");
    have = 0;
    begin();
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: load HOST PORT\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1 ||
        (ntohl(server.sin_addr.s_addr) >> 24) != 127)
        fail("HOST must be within 127.0.0.0/8");
    snprintf(host, sizeof host, "%s:%s", argv[1], argv[2]);
    input = malloc(READ_BYTES);
    poller = epoll_create1(0);
    conn control = {.kind = CONTROL};
    watch(&control);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        static struct epoll_event events[512];
        int64_t left = tick();
        struct timespec most = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
        /* While a job runs it never sleeps: waking this process, which no real client's machine is
         * part of, would be charged to whichever server writes, and most to the one that is slow
         * enough to let it fall asleep. */
        if (job.what != NOTHING)
            most = (struct timespec){0};
        int ready = epoll_pwait2(poller, events, 512, &most, NULL);
        for (int i = 0; i < ready; i++) {
            conn *c = events[i].data.ptr;
            if (c->kind == CONTROL)
                on_control();
            else
                on_readable(c);
        }
    }
}
