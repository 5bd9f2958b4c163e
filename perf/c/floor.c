/* The floor: what the kernel alone costs to give one message to N connections.
 *
 * One thread, epoll, loopback. It answers just enough HTTP and WebSocket for load.c to drive it as
 * it drives a chat server: an upgrade gets HELLO, the first client frame after it READY and
 * GUILD_CREATE, later frames are thrown away. A POST takes the 12-byte mark ("~" 10 digits "~") of
 * its body, copies it into one prepared frame and writes this frame once to every gateway
 * connection; then it answers 200.
 *
 * floor PORT [FRAME_FILE]   the frame (header and payload, a mark inside) as captured by load.c;
 *                           without a file a made-up one of 950 bytes of payload.
 * Prints "ready http://127.0.0.1:PORT" when it accepts and ends when its standard input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARK_BYTES 12
#define MAX_FD 65536

enum { CLOSED, HTTP, UPGRADED, LIVE };

static unsigned char state[MAX_FD];
static int live[MAX_FD], live_index[MAX_FD], live_count;
static unsigned char frame[65536];
static size_t frame_bytes, mark_at;

static const char UPGRADE[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\n\r\n";
static const char HELLO[] = "{\"op\":10,\"d\":{\"heartbeat_interval\":41250}}";
static const char READY[] = "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{}}";
static const char GUILD[] = "{\"t\":\"GUILD_CREATE\",\"s\":2,\"op\":0,\"d\":{}}";
static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             "Content-Length: 2\r\n\r\n{}";

static void die(const char *what) {
    perror(what);
    exit(1);
}

static size_t put_frame(unsigned char *to, const char *text, size_t bytes) {
    size_t head = 2;
    to[0] = 0x81;
    if (bytes < 126) {
        to[1] = (unsigned char)bytes;
    } else {
        to[1] = 126;
        to[2] = (unsigned char)(bytes >> 8);
        to[3] = (unsigned char)bytes;
        head = 4;
    }
    memcpy(to + head, text, bytes);
    return head + bytes;
}

static void make_frame(void) {
    static const char START[] = "{\"t\":\"MESSAGE_CREATE\",\"s\":         3,\"op\":0,\"d\":{\"content\":\"";
    char text[950];
    memset(text, 'x', sizeof text);
    memcpy(text, START, sizeof START - 1);
    memcpy(text + sizeof START - 1, "~0000000000~", MARK_BYTES);
    memcpy(text + sizeof text - 3, "\"}}", 3);
    frame_bytes = put_frame(frame, text, sizeof text);
}

static void drop(int fd) {
    if (state[fd] == LIVE) {
        int last = live[--live_count];
        live[live_index[fd]] = last;
        live_index[last] = live_index[fd];
    }
    state[fd] = CLOSED;
    close(fd);
}

/* All or nothing: a connection that cannot take its bytes at once is dropped and the driver's
 * count fails, so a floor that delivered less than it should is never taken for a fast one. */
static int put(int fd, const void *bytes, size_t count) {
    if (write(fd, bytes, count) == (ssize_t)count)
        return 1;
    drop(fd);
    return 0;
}

static void fan_out(const unsigned char *mark) {
    memcpy(frame + mark_at, mark, MARK_BYTES);
    for (int i = 0; i < live_count;)
        i += put(live[i], frame, frame_bytes); /* drop() moves the last one to place i */
}

static void on_bytes(int fd, unsigned char *in, size_t count) {
    unsigned char out[512];
    size_t used = 0;
    switch (state[fd]) {
    case HTTP:
        if (memmem(in, count, "Upgrade:", 8) || memmem(in, count, "upgrade:", 8)) {
            memcpy(out, UPGRADE, sizeof UPGRADE - 1);
            used = sizeof UPGRADE - 1;
            used += put_frame(out + used, HELLO, sizeof HELLO - 1);
            state[fd] = UPGRADED;
            put(fd, out, used);
            return;
        }
        unsigned char *body = memmem(in, count, "\r\n\r\n", 4);
        unsigned char *mark = body ? memchr(body, '~', count - (size_t)(body - in)) : NULL;
        if (mark && mark + MARK_BYTES <= in + count)
            fan_out(mark);
        put(fd, ANSWER, sizeof ANSWER - 1);
        return;
    case UPGRADED:
        used = put_frame(out, READY, sizeof READY - 1);
        used += put_frame(out + used, GUILD, sizeof GUILD - 1);
        state[fd] = LIVE;
        live_index[fd] = live_count;
        live[live_count++] = fd;
        put(fd, out, used);
        return;
    default: /* a heartbeat */
        return;
    }
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fputs("usage: floor PORT [FRAME_FILE]\n", stderr);
        return 2;
    }
    if (argc > 2) {
        FILE *file = fopen(argv[2], "rb");
        if (!file)
            die(argv[2]);
        frame_bytes = fread(frame, 1, sizeof frame, file);
        fclose(file);
    } else {
        make_frame();
    }
    size_t head = frame[1] < 126 ? 2 : 4; /* 126 is "~" too */
    unsigned char *mark = frame_bytes > 4 ? memchr(frame + head, '~', frame_bytes - head) : NULL;
    if (!mark || mark + MARK_BYTES > frame + frame_bytes) {
        fputs("floor: the frame has no mark\n", stderr);
        return 2;
    }
    mark_at = (size_t)(mark - frame);

    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096))
        die("listen");
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[1024];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = 0;
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event); /* a regular file is refused: then it runs on */
    printf("ready http://127.0.0.1:%s\n", argv[1]);
    fflush(stdout);

    static unsigned char in[65536];
    for (;;) {
        int ready = epoll_wait(poll, events, 1024, -1);
        if (ready < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int client;
                while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    if (client >= MAX_FD) {
                        close(client);
                        continue;
                    }
                    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    state[client] = HTTP;
                    event.data.fd = client;
                    epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
                }
                continue;
            }
            ssize_t count = read(fd, in, sizeof in);
            if (fd == 0) {
                if (count <= 0)
                    return 0;
                continue;
            }
            if (state[fd] == CLOSED || (count < 0 && errno == EAGAIN))
                continue;
            if (count <= 0)
                drop(fd);
            else
                on_bytes(fd, in, (size_t)count);
        }
    }
}
