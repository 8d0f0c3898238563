#include "amqp.h"

#include "hub.h"

#include <errno.h>
#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/connection_driver.h>
#include <proton/delivery.h>
#include <proton/disposition.h>
#include <proton/event.h>
#include <proton/link.h>
#include <proton/sasl.h>
#include <proton/session.h>
#include <proton/terminus.h>
#include <proton/transport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_BYTES  65536
#define READ_BYTES   32768 /* two records of TLS */
#define READS_A_STEP 16
#define GOODBYE_MS   200

struct amqp_link {
	struct amqp *amqp;
	pn_link_t *pn;
	enum amqp_state state;
	unsigned credit;
	amqp_got *got;
	amqp_settled *settled;
	void *ctx;
	struct amqp_fault fault;
	struct amqp_link *next;
};

struct amqp {
	pn_connection_driver_t driver;
	bool has_driver;
	pn_session_t *session;
	struct tls *tls;
	struct amqp_link *links;
	char host[PROV_HOST_MAX + 1];
	bool opened, closed; /* by the other end */
	bool lost, busy;
	struct amqp_fault fault;
	unsigned long next_tag;
	struct amqp_codec *codec;
	char *room; /* for a message */
	size_t room_bytes;
};

/* -- why ----------------------------------------------------------------------------- */

static void copy(char *to, size_t bytes, pn_bytes_t from)
{
	snprintf(to, bytes, "%.*s", (int)from.size, from.start ? from.start : "");
}

/* The keys that a redirect has; proton's own reading of them does not find the port. */
static void read_redirect(pn_data_t *info, struct amqp_fault *to)
{
	char network_host[sizeof(to->host)] = "";

	pn_data_rewind(info);
	if (!pn_data_next(info) || pn_data_type(info) != PN_MAP || !pn_data_enter(info))
		return;
	while (pn_data_next(info)) {
		pn_bytes_t key = pn_data_get_atom(info).u.as_bytes;
		bool text = pn_data_type(info) == PN_SYMBOL ||
			    pn_data_type(info) == PN_STRING;
		pn_type_t type;

		if (!pn_data_next(info))
			break;
		type = pn_data_type(info);
		if (!text || (type != PN_STRING && type != PN_SYMBOL))
			continue;
		if (key.size == 8 && memcmp(key.start, "hostname", 8) == 0)
			copy(to->host, sizeof(to->host),
			     pn_data_get_atom(info).u.as_bytes);
		else if (key.size == 12 && memcmp(key.start, "network-host", 12) == 0)
			copy(network_host, sizeof(network_host),
			     pn_data_get_atom(info).u.as_bytes);
		else if (key.size == 7 && memcmp(key.start, "address", 7) == 0)
			copy(to->address, sizeof(to->address),
			     pn_data_get_atom(info).u.as_bytes);
	}
	if (!*to->host)
		memcpy(to->host, network_host, sizeof(to->host));
}

static void keep_fault(pn_condition_t *from, struct amqp_fault *to)
{
	const char *text;

	if (!from || !pn_condition_is_set(from) || *to->condition)
		return;
	text = pn_condition_get_name(from);
	snprintf(to->condition, sizeof(to->condition), "%s", text ? text : "");
	text = pn_condition_get_description(from);
	snprintf(to->description, sizeof(to->description), "%s", text ? text : "");
	read_redirect(pn_condition_info(from), to);
}

static int say_lost(struct amqp *a, struct prov_error *err)
{
	if (*a->fault.condition)
		return amqp_words(a->host, &a->fault, err);
	return hint(err, fail(err, PROV_ERR_GONE, "%s: the connection was lost", a->host),
		    "try again");
}

/* -- events of proton ---------------------------------------------------------------- */

static bool room_for(struct amqp *a, size_t len)
{
	char *more;

	if (len <= a->room_bytes)
		return true;
	more = realloc(a->room, len + 4096);
	if (!more)
		return false;
	a->room = more;
	a->room_bytes = len + 4096;
	return true;
}

static void hand_on(struct amqp_link *link, ssize_t n)
{
	struct prov_bytes bytes = { link->amqp->room, (size_t)n };
	struct amqp_message message;
	enum amqp_reading reading = AMQP_READ_NOMEM;

	if (n >= 0)
		reading = amqp_message_read(link->amqp->codec, bytes, &message);
	link->got(link->ctx, reading, reading == AMQP_READ_OK ? &message : NULL);
}

/* A whole message came; its sender settles, or we accept it. */
static void take_message(struct amqp_link *link, pn_delivery_t *d)
{
	size_t len = pn_delivery_pending(d);
	ssize_t n = -1;

	if (room_for(link->amqp, len))
		n = pn_link_recv(link->pn, link->amqp->room, len);
	pn_link_advance(link->pn);
	if (!pn_delivery_settled(d))
		pn_delivery_update(d, PN_ACCEPTED);
	pn_delivery_settle(d);
	if (pn_link_credit(link->pn) < (int)link->credit / 2)
		pn_link_flow(link->pn, (int)link->credit - pn_link_credit(link->pn));
	hand_on(link, n);
}

static void end_sent(struct amqp_link *link, pn_delivery_t *d)
{
	bool taken = pn_delivery_remote_state(d) == PN_ACCEPTED;
	struct amqp_fault fault = { .condition = "" };

	keep_fault(pn_disposition_condition(pn_delivery_remote(d)), &fault);
	pn_delivery_settle(d);
	if (link->settled)
		link->settled(link->ctx, taken ? NULL : &fault);
}

static void on_delivery(struct amqp_link *link, pn_delivery_t *d)
{
	if (!link)
		return;
	if (pn_link_is_sender(link->pn)) {
		if (pn_delivery_updated(d) && pn_delivery_remote_state(d))
			end_sent(link, d);
		return;
	}
	while (d && pn_delivery_readable(d) && !pn_delivery_partial(d)) {
		if (pn_delivery_aborted(d))
			pn_delivery_settle(d);
		else
			take_message(link, d);
		d = pn_link_current(link->pn);
	}
}

/* Who refuses answers with an end that has no node, and closes then. */
static void on_link_open(struct amqp_link *link)
{
	pn_terminus_t *end;

	if (!link)
		return;
	end = pn_link_is_sender(link->pn) ? pn_link_remote_target(link->pn)
					  : pn_link_remote_source(link->pn);
	if (pn_terminus_get_type(end) != PN_UNSPECIFIED && link->state == AMQP_OPENING)
		link->state = AMQP_OPEN;
}

static void on_link_close(struct amqp_link *link)
{
	if (!link)
		return;
	keep_fault(pn_link_remote_condition(link->pn), &link->fault);
	link->state = AMQP_CLOSED;
	pn_link_close(link->pn);
}

static void on_event(struct amqp *a, pn_event_t *event)
{
	pn_link_t *pn = pn_event_link(event);
	struct amqp_link *link = pn ? pn_link_get_context(pn) : NULL;

	switch (pn_event_type(event)) {
	case PN_CONNECTION_REMOTE_OPEN:
		a->opened = true;
		break;
	case PN_CONNECTION_REMOTE_CLOSE:
		keep_fault(pn_connection_remote_condition(a->driver.connection),
			   &a->fault);
		a->closed = true;
		pn_connection_close(a->driver.connection);
		break;
	case PN_SESSION_REMOTE_CLOSE:
		keep_fault(pn_session_remote_condition(a->session), &a->fault);
		a->lost = true;
		break;
	case PN_LINK_REMOTE_OPEN:
		on_link_open(link);
		break;
	case PN_LINK_REMOTE_DETACH:
	case PN_LINK_REMOTE_CLOSE:
		on_link_close(link);
		break;
	case PN_DELIVERY:
		on_delivery(link, pn_event_delivery(event));
		break;
	case PN_TRANSPORT_ERROR:
		keep_fault(pn_transport_condition(a->driver.transport), &a->fault);
		break;
	case PN_TRANSPORT_CLOSED:
		a->lost = true;
		break;
	default: /* what we did ourselves, and credit, which proton minds */
		break;
	}
}

static void dispatch(struct amqp *a)
{
	pn_event_t *event;

	while ((event = pn_connection_driver_next_event(&a->driver)))
		on_event(a, event);
}

/* -- bytes --------------------------------------------------------------------------- */

/* False when nothing more can be written now. */
static bool write_some(struct amqp *a)
{
	pn_bytes_t out = pn_connection_driver_write_buffer(&a->driver);
	ssize_t n;

	if (out.size == 0)
		return false;
	n = tls_write(a->tls, out.start, out.size);
	if (n < 0)
		a->lost = true;
	if (n <= 0)
		return false;
	pn_connection_driver_write_done(&a->driver, (size_t)n);
	dispatch(a);
	return true;
}

static bool read_some(struct amqp *a)
{
	pn_rwbytes_t in = pn_connection_driver_read_buffer_sized(&a->driver, READ_BYTES);
	ssize_t n;

	/* A frame of more than that fills it; only this call makes room for the rest. */
	if (in.size == 0)
		in = pn_connection_driver_read_buffer(&a->driver);
	if (in.size == 0)
		return false;
	n = tls_read(a->tls, in.start, in.size);
	if (n < 0) {
		pn_connection_driver_read_close(&a->driver);
		a->lost = true;
	}
	if (n > 0)
		pn_connection_driver_read_done(&a->driver, (size_t)n);
	dispatch(a);
	return n > 0;
}

static void move(struct amqp *a)
{
	unsigned reads = 0;

	dispatch(a);
	pn_transport_tick(a->driver.transport, steady_ms());
	while (!a->lost && reads < READS_A_STEP && read_some(a))
		reads++;
	a->busy = reads > 0;
	dispatch(a);
	while (!a->lost && write_some(a))
		;
}

int amqp_step(struct amqp *a, int wait_ms, struct prov_error *err)
{
	move(a);
	if (!a->busy && !a->lost && !a->closed && wait_ms > 0) {
		bool more = pn_connection_driver_write_buffer(&a->driver).size > 0;

		if (tls_wait(a->tls, more, wait_ms))
			move(a);
	}
	return a->lost || a->closed ? say_lost(a, err) : 0;
}

bool amqp_busy(const struct amqp *a)
{
	return a->busy;
}

/* -- the connection ------------------------------------------------------------------ */

static int start(struct amqp *a, const struct amqp_opts *opts, struct prov_error *err)
{
	char container[64];
	pn_transport_t *t;
	pn_connection_t *c;

	a->codec = amqp_codec_new();
	if (!a->codec || pn_connection_driver_init(&a->driver, NULL, NULL) != 0)
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	a->has_driver = true;
	t = a->driver.transport;
	c = a->driver.connection;
	pn_sasl_allowed_mechs(pn_sasl(t), "ANONYMOUS");
	pn_transport_set_max_frame(t, FRAME_BYTES);
	pn_transport_set_idle_timeout(t, opts->idle_ms);
	snprintf(container, sizeof(container), "stmiot-%ld-%lx", (long)getpid(),
		 (unsigned long)steady_ms());
	pn_connection_set_container(c, container);
	pn_connection_set_hostname(c, a->host);
	pn_connection_driver_bind(&a->driver);
	pn_connection_open(c);
	a->session = pn_session(c);
	if (!a->session)
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	pn_session_open(a->session);
	return 0;
}

static int await_open(struct amqp *a, const struct amqp_opts *opts,
		      struct prov_error *err)
{
	int64_t until = steady_ms() + opts->tls.connect_ms;
	int rc;

	while (!a->opened) {
		rc = amqp_step(a, 100, err);
		if (rc < 0)
			return rc;
		if (opts->tls.cancel && *opts->tls.cancel)
			return fail(err, PROV_ERR_CANCELLED, "cancelled");
		if (steady_ms() >= until)
			return fail(err, PROV_ERR_TIMEOUT,
				    "%s: what answers does not speak AMQP", a->host);
	}
	return 0;
}

int amqp_open(const struct amqp_opts *opts, struct amqp **out, struct prov_error *err)
{
	struct amqp *a = calloc(1, sizeof(*a));
	int rc;

	if (!a)
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	snprintf(a->host, sizeof(a->host), "%s", opts->tls.host);
	rc = tls_open(&opts->tls, &a->tls, err);
	if (rc == 0)
		rc = start(a, opts, err);
	if (rc == 0)
		rc = await_open(a, opts, err);
	if (rc < 0) {
		amqp_close(a);
		return rc;
	}
	*out = a;
	return 0;
}

static void say_goodbye(struct amqp *a)
{
	int64_t until = steady_ms() + GOODBYE_MS;

	for (struct amqp_link *link = a->links; link; link = link->next)
		link->state = AMQP_CLOSED;
	pn_connection_close(a->driver.connection);
	while (!a->lost && !a->closed && steady_ms() < until)
		amqp_step(a, 50, NULL);
}

void amqp_close(struct amqp *a)
{
	if (!a)
		return;
	if (a->opened && !a->lost && !a->closed)
		say_goodbye(a);
	tls_close(a->tls);
	if (a->has_driver)
		pn_connection_driver_destroy(&a->driver);
	while (a->links) {
		struct amqp_link *link = a->links;

		a->links = link->next;
		free(link);
	}
	amqp_codec_free(a->codec);
	free(a->room);
	free(a);
}

/* -- links --------------------------------------------------------------------------- */

static struct amqp_link *add_link(struct amqp *a, const struct amqp_link_opts *opts,
				  pn_link_t *pn)
{
	struct amqp_link *link = pn ? calloc(1, sizeof(*link)) : NULL;

	if (!link)
		return NULL;
	*link = (struct amqp_link){
		.amqp = a,
		.pn = pn,
		.got = opts->got,
		.settled = opts->settled,
		.ctx = opts->ctx,
		.next = a->links,
	};
	a->links = link;
	pn_link_set_context(pn, link);
	return link;
}

struct amqp_link *amqp_sender(struct amqp *a, const struct amqp_link_opts *opts)
{
	struct amqp_link *link = add_link(a, opts, pn_sender(a->session, opts->name));

	if (!link)
		return NULL;
	pn_terminus_set_address(pn_link_target(link->pn), opts->address);
	pn_terminus_set_address(pn_link_source(link->pn), opts->name);
	pn_link_open(link->pn);
	return link;
}

/* { symbol: described symbol, text } ([EH] "Filters") */
static void put_filter(pn_terminus_t *source, const char *selector)
{
	static const char name[] = "apache.org:selector-filter:string";
	pn_data_t *filter = pn_terminus_filter(source);
	pn_bytes_t symbol = pn_bytes(sizeof(name) - 1, name);

	pn_data_put_map(filter);
	pn_data_enter(filter);
	pn_data_put_symbol(filter, symbol);
	pn_data_put_described(filter);
	pn_data_enter(filter);
	pn_data_put_symbol(filter, symbol);
	pn_data_put_string(filter, pn_bytes(strlen(selector), selector));
	pn_data_exit(filter);
	pn_data_exit(filter);
}

struct amqp_link *amqp_receiver(struct amqp *a, const struct amqp_link_opts *opts)
{
	struct amqp_link *link = add_link(a, opts, pn_receiver(a->session, opts->name));

	if (!link)
		return NULL;
	pn_terminus_set_address(pn_link_source(link->pn), opts->address);
	pn_terminus_set_address(pn_link_target(link->pn),
				opts->own ? opts->own : opts->name);
	if (opts->filter)
		put_filter(pn_link_source(link->pn), opts->filter);
	/* Nothing would be done with an event that could not be settled. */
	pn_link_set_snd_settle_mode(link->pn, PN_SND_SETTLED);
	pn_link_open(link->pn);
	return link;
}

void amqp_credit(struct amqp_link *link, unsigned credit)
{
	link->credit = credit;
	pn_link_flow(link->pn, (int)credit - pn_link_credit(link->pn));
}

int amqp_send(struct amqp_link *link, const struct amqp_outgoing *message,
	      struct prov_error *err)
{
	struct amqp *a = link->amqp;
	unsigned long tag = a->next_tag++;
	struct prov_bytes bytes = amqp_message_write(a->codec, message);
	bool sent;

	sent = bytes.at &&
	       pn_delivery(link->pn, pn_dtag((const char *)&tag, sizeof(tag))) &&
	       pn_link_send(link->pn, bytes.at, bytes.len) == (ssize_t)bytes.len;
	amqp_message_wipe(a->codec); /* a token may be in it */
	if (!sent)
		return fail(err, PROV_ERR_NOMEM, "no memory for a message");
	pn_link_advance(link->pn);
	return 0;
}

enum amqp_state amqp_link_state(const struct amqp_link *link)
{
	return link->state;
}

const struct amqp_fault *amqp_link_fault(const struct amqp_link *link)
{
	return &link->fault;
}
