/* The load: gateway sessions, members of IRC and XMPP rooms and HTTP clients in one thread, told
 * what to do by lines.
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
 * xmpp n= [posters=4 window=64 wait=120]
 *     opens n occupants of the room "room" of conference.localhost, of whom so many post.
 * run requests= [conns=1 expect=0 count= | seconds= | rate= seconds=] [size=400 wait=30]
 *     [side= side_conns=0] [capture=]
 *     sends messages over `conns` keep-alive HTTP connections. `requests` is a file of lines
 *     "METHOD PATH AUTHORIZATION", used in turn; a POST carries a message whose content of `size`
 *     bytes begins with a mark. Closed loop (no rate): a connection sends its next when its last
 *     was answered and delivered `expect` times. Open loop: one message each 1/rate s, whether or
 *     not the earlier ones are done; all times then count from the moment it was due.
 *     `side` is a second file whose requests go out without pause until the run is over.
 *     `capture` stores one frame as delivered. "gaps" counts deliveries whose `s` did not follow
 *     the last one of their session (all of them with a floor, which never counts). With irc and xmpp
 *     sessions `requests` is not given and `size` is the text of a message; `conns` of those that
 *     post do.
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

#include "load/figures.h"
#include "load/connections.h"
#include "load/messages.h"
#include "load/gateway.h"
#include "load/irc.h"
#include "load/xmpp.h"
#include "load/http.h"

/* ---- the end, and what is read ---- */

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
    else if (c->kind == OCCUPANT)
        used = on_xmpp(c, input, count);
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
        int late = job.opened >= job.n - job.posters;
        conn *c = dial(job.speaks == DISCORD ? GATEWAY
                       : job.speaks == XMPP  ? OCCUPANT
                       : late                ? SPEAKER
                                             : MEMBER);
        c->posts = (unsigned char)late;
        if (job.speaks == XMPP) {
            c->token = session_count;
            put(c, STREAM, sizeof STREAM - 1);
        } else if (job.speaks == IRC) {
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

static void begin_open(int speaks) {
    job.speaks = speaks;
    job.posters = speaks == DISCORD ? 0 : (int)number("posters", 4);
    job.n = (int)number("n", 1) + (speaks == IRC ? job.posters : 0);
    job.window = (int)number("window", 64);
    job.guilds = (int)number("guilds", 0);
    job.offset = (int)number("offset", 0);
    job.compress = (int)number("compress", 0);
    job.intents = (long)number("intents", 33281); /* guilds, guild messages, message content */
    job.first = live_count;
    job.opened = 0;
    job.wanted = live_count + job.n;
    if (speaks == DISCORD) {
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
        speakers += sessions[i]->posts;
    if (word("requests", NULL))
        job.lines = lines_of(word("requests", ""), &job.line_count);
    else if (!speakers)
        fail("run needs requests");
    if (word("side", NULL))
        job.side_lines = lines_of(word("side", ""), &job.side_count);
    job.conns = (int)number("conns", job.lines ? 1 : speakers);
    if (!job.lines && job.conns > speakers)
        fail("conns");
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
        while (!sessions[next]->posts)
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
        begin_open(DISCORD);
    } else if (!strncmp(command, "irc ", 4)) {
        begin_open(IRC);
    } else if (!strncmp(command, "xmpp ", 5)) {
        begin_open(XMPP);
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
        /* In turn: a connection that nothing is asked on is closed after a while. */
        static int turn;
        for (int i = 0; job.rate && i < job.conns && job.sent < job.count; i++) {
            int64_t due = job.begun + (int64_t)((double)job.sent * 1e9 / (double)job.rate);
            if (due > now) {
                wake = due < wake ? due : wake;
                break;
            }
            turn = (turn + 1) % job.conns;
            if (job.senders[turn]->message < 0)
                send_message(job.senders[turn], due);
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
