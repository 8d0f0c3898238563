/* `device send`: messages to a device, and what becomes of them. */
#include "device.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define W          device_wishes
#define WAIT_S     60
#define WAIT_MAX_S (2 * 86400) /* longer than any message waits for its device */
#define EXPIRY_MAX (2 * 86400)
#define ID_BYTES   16

/* One that was sent, while feedback on it is waited for. */
struct sent {
	char id[PROV_ID_MAX + 1];
	struct sent *next;
};

struct sending {
	const char *device_id;
	struct prov_c2d *c2d;
	struct prov_c2d_message message;
	struct device_properties properties;
	uint32_t expiry_s, wait_s;
	unsigned n_sent;
	struct sent *waiting;
	int status;
};

/* -- options ------------------------------------------------------------------------- */

static const char *const ack_words[] = { "none", "positive", "negative", "full" };

/* A hub hangs up on what is no UTF-8. */
static int check_texts(void)
{
	const struct {
		const char *option, *text;
	} texts[] = {
		{ "message-id", W.message_id },
		{ "correlation-id", W.correlation_id },
		{ "content-type", W.content_type },
		{ "content-encoding", W.content_encoding },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].text && !text_is_utf8(texts[i].text))
			return usage_error("--%s %s: not UTF-8", texts[i].option,
					   clean(texts[i].text));
	for (size_t i = 0; i < W.properties.n; i++)
		if (!text_is_utf8(W.properties.items[i]))
			return usage_error("--property %s: not UTF-8",
					   clean(W.properties.items[i]));
	return EXIT_DONE;
}

/* "NAME=VALUE", or a name alone. */
int device_take_properties(struct device_properties *to)
{
	size_t bytes = 1, i;
	char *at;

	if (check_texts() != EXIT_DONE)
		return EXIT_USAGE;
	for (i = 0; i < W.properties.n; i++)
		bytes += strlen(W.properties.items[i]) + 1;
	to->names = at = malloc(bytes);
	if (!at) {
		complain("no memory for properties");
		return EXIT_FAILED;
	}
	for (i = 0; i < W.properties.n; i++) {
		const char *item = W.properties.items[i];
		size_t len = strcspn(item, "=");

		if (len == 0)
			return usage_error("--property %s: not NAME=VALUE", clean(item));
		memcpy(at, item, len);
		at[len] = '\0';
		to->at[i].name = at;
		to->at[i].value = item[len] ? item + len + 1 : NULL;
		at += len + 1;
	}
	to->n = i;
	return EXIT_DONE;
}

static int check(int argc, char **argv)
{
	struct prov_error err;

	if (argc < 1 || argc > 2)
		return usage_error(
			"device send takes a device id, and perhaps a body, or "
			"- for a line each of standard input");
	if (argc == 2 && strcmp(argv[1], "-") == 0 && W.message_id)
		return usage_error("--message-id is one message's; '-' sends many");
	if (W.connection_string || W.cert || W.private_key)
		return usage_error(
			"--connection-string-file, --cert and --private-key are "
			"a device's: they go with --as-device");
	if (W.wait && W.ack && strcmp(W.ack, "none") == 0)
		return usage_error("--wait is for the feedback that --ack asks for");
	if (W.timeout && !W.wait)
		return usage_error("device send: --timeout goes with --wait");
	if (W.message_id && strlen(W.message_id) > PROV_ID_MAX)
		return usage_error("--message-id: %d characters at most", PROV_ID_MAX);
	if (prov_device_id_check(argv[0], &err) < 0)
		return report_prov("device send", &err);
	return EXIT_DONE;
}

static int take_options(struct sending *s)
{
	const char *ack = W.ack ? W.ack : W.wait ? "full" : "none";
	int status = device_take_time("expiry", W.expiry, 1, EXPIRY_MAX, &s->expiry_s);

	s->wait_s = WAIT_S;
	if (status == EXIT_DONE)
		status =
			device_take_time("timeout", W.timeout, 1, WAIT_MAX_S, &s->wait_s);
	while (strcmp(ack_words[s->message.ack], ack) != 0)
		s->message.ack++;
	s->message.device_id = s->device_id;
	s->message.correlation_id = W.correlation_id;
	s->message.content_type = W.content_type;
	s->message.content_encoding = W.content_encoding;
	if (status == EXIT_DONE)
		status = device_take_properties(&s->properties);
	s->message.properties = s->properties.at;
	s->message.n_properties = s->properties.n;
	return status;
}

/* -- connecting ---------------------------------------------------------------------- */

/* Unless there is one. */
static int open_link(struct sending *s)
{
	struct prov_c2d_opts opts;
	struct prov_hub_opts set;
	char amqp[HUB_ADDRESS_MAX];
	struct prov_error err;
	struct hub hub;
	int status;

	if (s->c2d)
		return EXIT_DONE;
	status = hubs_find(NULL, &hub);
	if (status != EXIT_DONE)
		return status;
	hub_settings(&hub, &set);
	opts = (struct prov_c2d_opts){
		.ca_file = set.ca_file,
		.connect_to = hub_amqp(&hub, amqp, sizeof(amqp)),
		.connect_ms = set.connect_ms,
		.answer_ms = set.request_ms,
		.cancel = set.cancel,
		.trace = set.trace,
	};
	if (prov_c2d_open(&hub.connstr, &opts, &s->c2d, &err) < 0)
		status = report_prov("device send", &err);
	hub_clear(&hub);
	return status;
}

/* -- sending ------------------------------------------------------------------------- */

/* Feedback names a message by its id: who waits needs one. */
static bool make_id(char to[PROV_ID_MAX + 1])
{
	struct prov_secret *random = NULL;
	const uint8_t *bytes;

	if (prov_secret_random(ID_BYTES, &random, NULL) < 0)
		return false;
	bytes = prov_secret_bytes(random, NULL);
	for (size_t i = 0; i < ID_BYTES; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
	prov_secret_free(random);
	return true;
}

static bool await_feedback(struct sending *s, const char *id)
{
	struct sent *sent = calloc(1, sizeof(*sent));

	if (!sent)
		return false;
	strcpy(sent->id, id);
	sent->next = s->waiting;
	s->waiting = sent;
	return true;
}

static int tell_sent(const struct sending *s, const char *id)
{
	struct json *j;

	if (!globals.json)
		return EXIT_DONE;
	j = json_object();
	json_add_text(j, "event", "sent");
	json_add_text(j, "device", s->device_id);
	json_add_text(j, "message_id", *id ? id : NULL);
	return json_print_line(j);
}

static int send_one(struct sending *s, const char *body, size_t len)
{
	int status = open_link(s);
	char id[PROV_ID_MAX + 1] = "";
	struct prov_error err;

	if (status != EXIT_DONE)
		return status;
	if (W.message_id)
		strcpy(id, W.message_id);
	if ((W.wait && !*id && !make_id(id)) || (W.wait && !await_feedback(s, id))) {
		complain("no memory, or no randomness, for a message");
		return EXIT_FAILED;
	}
	s->message.message_id = *id ? id : NULL;
	s->message.body = body;
	s->message.len = len;
	s->message.expires_unix = s->expiry_s ? (int64_t)time(NULL) + s->expiry_s : 0;
	if (prov_c2d_send(s->c2d, &s->message, &err) < 0) {
		status = report_prov("device send", &err);
		return err.code == PROV_ERR_ARG ? EXIT_BAD_DATA : status;
	}
	s->n_sent++;
	return tell_sent(s, id);
}

static int on_line(void *ctx, const char *line, size_t len)
{
	return send_one(ctx, line, len);
}

/*
 * A hub hangs up on who is silent for minutes. Nothing is under way: where the connection
 * is lost nevertheless, the next line has another one.
 */
static int on_idle(void *ctx)
{
	struct sending *s = ctx;
	struct prov_error err;

	if (!s->c2d || prov_c2d_keep(s->c2d, &err) == 0)
		return EXIT_DONE;
	if (err.code != PROV_ERR_GONE)
		return report_prov("device send", &err);
	debug("%s; connecting again for the next message", err.msg);
	prov_c2d_close(s->c2d);
	s->c2d = NULL;
	return EXIT_DONE;
}

/* -- feedback ------------------------------------------------------------------------ */

/* Somebody else's may come too; it is let go. */
static bool take_sent(struct sending *s, const char *id)
{
	struct sent **at, *sent;

	for (at = &s->waiting; (sent = *at); at = &sent->next) {
		if (strcmp(sent->id, id) != 0)
			continue;
		*at = sent->next;
		free(sent);
		return true;
	}
	return false;
}

static int tell_feedback(void *ctx, const struct prov_feedback *f)
{
	struct sending *s = ctx;
	struct json *j;

	if (strcmp(f->device_id, s->device_id) != 0 || !take_sent(s, f->message_id))
		return 0;
	if (strcmp(f->status, "Success") != 0)
		s->status = EXIT_FAILED;
	if (globals.json) {
		j = json_object();
		json_add_text(j, "event", "feedback");
		json_add_text(j, "device", f->device_id);
		json_add_text(j, "message_id", f->message_id);
		json_add_text(j, "status", f->status);
		json_add_text(j, "description", f->description);
		json_add_text(j, "time", f->time);
		json_print_line(j);
	} else {
		out("%s  %s  %s\n", *f->time ? clean(f->time) : "-", clean(f->message_id),
		    clean(f->status));
	}
	return !s->waiting || out_closed();
}

static int await_all(struct sending *s)
{
	int rc, status = open_link(s);
	struct prov_error err;

	if (status != EXIT_DONE)
		return status;
	rc = prov_c2d_feedback(s->c2d, s->wait_s * 1000, tell_feedback, s, &err);
	if (rc == PROV_ERR_TIMEOUT && s->waiting) {
		complain("device send: no feedback in %u s: either '%s' has not taken "
			 "the message, or --ack leaves that out, or the hub has yet to "
			 "tell, which it does about every 15 s\n"
			 "--timeout waits for longer, --expiry ends it earlier",
			 s->wait_s, clean(s->device_id));
		return EXIT_FAILED;
	}
	return rc < 0 ? report_prov("device send", &err) : s->status;
}

int device_send(int argc, char **argv)
{
	struct sending s = { .n_sent = 0 };
	const struct device_lines lines = { PROV_C2D_MAX, on_line, on_idle, &s };
	int status = check(argc, argv);

	if (status != EXIT_DONE)
		return status;
	s.device_id = argv[0];
	status = take_options(&s);
	/* Where it fails nothing is to be read first. */
	if (status == EXIT_DONE)
		status = open_link(&s);
	if (status == EXIT_DONE && argc == 2 && strcmp(argv[1], "-") == 0)
		status = device_read_lines(&lines);
	else if (status == EXIT_DONE)
		status = send_one(&s, argc == 2 ? argv[1] : "",
				  argc == 2 ? strlen(argv[1]) : 0);
	if (s.n_sent > 0)
		note("sent %u message%s to '%s'", s.n_sent, s.n_sent == 1 ? "" : "s",
		     clean(argv[0]));
	if (status == EXIT_DONE && W.wait && s.waiting)
		status = await_all(&s);
	prov_c2d_close(s.c2d);
	while (s.waiting)
		take_sent(&s, s.waiting->id);
	free(s.properties.names);
	return status;
}
