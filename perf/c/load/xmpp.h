/* Occupants of an XMPP room (RFC 6120, XEP-0045), logged in as nobody (XEP-0175). */

#define STREAM                                                                                     \
    "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' "      \
    "xmlns:stream='http://etherx.jabber.org/streams'>"

/* What each step of a log-in waits for, and sends then; %d is the number of the occupant. */
static const struct {
    const char *awaited, *answer;
} STEPS[] = {
    {"</stream:features>", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"},
    {"<success", STREAM},
    {"</stream:features>",
     "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"},
    {"</iq>", "<presence to='" ROOM "/u%d'><x xmlns='http://jabber.org/protocol/muc'>"
              "<history maxstanzas='0'/></x></presence>"},
    {"<subject", NULL}, /* the last that an occupant is told on entering */
};

static size_t log_in(conn *c, char *in, size_t count) {
    size_t used = 0;
    while (c->state != LIVE) {
        const char *awaited = STEPS[c->step].awaited, *answer = STEPS[c->step].answer;
        char *at = memmem(in + used, count - used, awaited, strlen(awaited)), text[512];
        if (!at) {
            char *no = memmem(in + used, count - used, "error", 5);
            if (no)
                snprintf(job.trouble, sizeof job.trouble, "%.*s", (int)(in + count - no), no);
            return count - used > 32 ? count - 32 : used;
        }
        used = (size_t)(at - in) + strlen(awaited);
        if (answer) {
            int bytes = snprintf(text, sizeof text, answer, c->token);
            put(c, text, (size_t)bytes);
            c->step++;
        } else {
            became_live(c);
        }
    }
    return used;
}

/* A poster's message is answered when it comes back to them: by then it is archived. */
static void heard(conn *c, const char *mark, int64_t now) {
    int64_t i = number_of(mark);
    if (job.what == RUNNING && i >= 0 && i < job.sent && job.messages[i].from == c) {
        job.messages[i].acked = 1;
        job.acked++;
        note(&job.ack, now - job.messages[i].since);
        if (job.rate)
            c->message = -1;
    }
    delivered(mark, now);
}

static size_t on_xmpp(conn *c, char *in, size_t count) {
    static const char END[] = "</message>";
    size_t used = c->state == LIVE ? 0 : log_in(c, in, count), bytes;
    if (c->state != LIVE)
        return used;
    char *stop;
    while ((stop = memmem(in + used, count - used, END, sizeof END - 1))) {
        bytes = (size_t)(stop - in) - used;
        char *mark = memchr(in + used, '~', bytes);
        if (mark && mark + MARK_BYTES <= stop)
            heard(c, mark, now_ns());
        used += bytes + sizeof END - 1;
    }
    if (count - used > 32 && !memmem(in + used, count - used, "<message", 8))
        used = count - 32; /* presences */
    return used;
}
