/* Connections, and what is being done with them. */

enum kind { CONTROL, GATEWAY, MEMBER, SPEAKER, OCCUPANT, MAIN, SIDE };
enum state { WAIT_101, WAIT_HELLO, WAIT_READY, LIVE, GONE };

typedef struct conn {
    int fd;
    unsigned char kind, state, compress, stalled, posts, step; /* step: OCCUPANT, of its log-in */
    int token, guilds, frames;   /* GATEWAY: line of its token; GUILD_CREATEs and frames seen */
    int64_t s, next_beat;
    char *stash;                 /* the beginning of what has not arrived whole */
    size_t stash_bytes, stash_room;
    int64_t message;             /* MAIN, and who posts: index in flight or -1 */
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

/* What is going on: one command at a time. */
static struct {
    enum { NOTHING, OPENING, RUNNING, IDLING } what;
    int64_t begun, deadline;
    /* opening */
    int n, posters, opened, window, first, offset, guilds, compress, wanted;
    enum { DISCORD, IRC, XMPP } speaks;
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
