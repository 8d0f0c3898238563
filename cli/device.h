/* What the files of `stmiot device` share. */
#ifndef DEVICE_H
#define DEVICE_H

#include "cli.h"
#include "hubs.h"
#include "json.h"

/* The options of all verbs. */
struct device_wishes {
	const char *where;           /* list */
	const char *auth;            /* create */
	struct opt_list thumbprints; /* create */
	const char *reason;          /* create, enable, disable */
	const char *key;             /* rotate: "primary" or "secondary" */
	const char *patch, *replace; /* twin */
	const char *desired;         /* twin */
	struct opt_list tags;        /* twin: KEY=VALUE */
	const char *interval;        /* twin --watch */
	uint32_t count;              /* twin --watch: 0 is no end */
	bool count_given;            /* then it is 1 or more */
	const char *timeout;         /* call, twin --watch */
	const char *connect_timeout; /* call */
	const char *group;           /* enroll, enrolled, unenroll */
	const char *certificate;     /* enroll */
	const char *ca_name;         /* enroll */
	const char *device_id;       /* enroll */
	const char *assign_to;       /* enroll */
	bool groups;                 /* enrolled */
	/* send */
	struct opt_list properties; /* NAME=VALUE */
	const char *content_type, *content_encoding, *message_id, *correlation_id;
	const char *connection_string, *cert, *private_key; /* files */
	bool as_device;
	const char *ack, *expiry;
	bool wait;
	bool disabled, yes, show_keys, secondary, hub_only, finish, watch;
};
extern struct device_wishes device_wishes;

/* The verbs: arguments behind the verb, with an open hub; an exit status. */
int device_list(struct prov_hub *hub, int argc, char **argv);
int device_show(struct prov_hub *hub, int argc, char **argv);
int device_connection_string(struct prov_hub *hub, int argc, char **argv);
int device_create(struct prov_hub *hub, int argc, char **argv);
int device_delete(struct prov_hub *hub, int argc, char **argv);
int device_enable(struct prov_hub *hub, int argc, char **argv);
int device_disable(struct prov_hub *hub, int argc, char **argv);
int device_rotate(struct prov_hub *hub, int argc, char **argv);
int device_twin(struct prov_hub *hub, int argc, char **argv);
int device_call(struct prov_hub *hub, int argc, char **argv);
int device_purge(struct prov_hub *hub, int argc, char **argv);

/* `send`, which needs AMQP and no open hub (device_send.c). */
int device_send(int argc, char **argv);

/* Standard input, a line a message, for both ways of `send` (device_lines.c). */
struct device_lines {
	size_t most; /* bytes of a line, without its end */
	int (*each)(void *ctx, const char *line, size_t len); /* an exit status */
	int (*idle)(void *ctx); /* the same, five times a second while none comes */
	void *ctx;
};
int device_read_lines(const struct device_lines *lines);

/* The properties of a message, by --property; free `names`. The other texts are checked too. */
struct device_properties {
	struct prov_property at[64];
	size_t n;
	char *names; /* the properties' own, cut at their '=' */
};
int device_take_properties(struct device_properties *to);

/* The same, at a provisioning service (device_enroll.c). */
int device_enroll(struct prov_dps *dps, int argc, char **argv);
int device_enrolled(struct prov_dps *dps, int argc, char **argv);
int device_unenroll(struct prov_dps *dps, int argc, char **argv);

/* For those that show a device or an enrolment: "NAME   text", a line of it. */
void device_line(const char *name, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A key is shown when asked for, else how to ask. */
void device_key_line(const char *name, const struct prov_secret *key, bool show);
void device_add_key(struct json *j, const char *name, const struct prov_secret *key);

/* Print what changes in the twin from now on, until it is to end (device_watch.c). */
int device_watch(struct prov_hub *hub, const char *id);

/*
 * What is in JSON text `is` and not in `was`, or the other way round, a call of `tell` for
 * each value: `part` is "desired", "reported" or "tags", `path` the keys with dots, a
 * value NULL where there is none. False when one of them is no twin, or without memory.
 */
struct twin_change {
	const char *part, *path;
	const struct json *was, *is;
	const char *time; /* of the change, as the hub tells it; NULL when it does not */
	double version;   /* of the part; 0 for tags, which have none */
};
typedef void twin_tell(void *ctx, const struct twin_change *change);
bool twin_compare(const char *was, const char *is, twin_tell *tell, void *ctx);

/* JSON itself, or a file with it; `source` is for messages. NULL after saying why. */
char *device_take_json(const char *word, bool may_be_file, const char **source);
/* An error whose text was ours to name; the message has the position in it. */
int device_report_json(const char *verb, const char *source,
		       const struct prov_error *err);
/* A time of an option, `least` to `most` seconds; what is not given stays as it is. */
int device_take_time(const char *option, const char *text, uint32_t least, uint32_t most,
		     uint32_t *seconds);

/* `send --as-device`, which needs no open hub. */
int device_send_telemetry(int argc, char **argv);

/* Print a device, as text or as JSON; its keys only when asked for by name. */
int device_print(const struct prov_device *device, bool keys);

/* A SHA-256 thumbprint, colons allowed, as 64 upper-case hex digits; else false. */
bool parse_thumbprint(const char *text, char to[PROV_THUMBPRINT_MAX + 1]);

#endif
