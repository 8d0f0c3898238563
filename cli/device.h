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
	const char *timeout;         /* call */
	bool disabled, yes, show_keys, secondary, hub_only, finish;
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

/* Print a device, as text or as JSON; its keys only when asked for by name. */
int device_print(const struct prov_device *device, bool keys);

/* A SHA-256 thumbprint, colons allowed, as 64 upper-case hex digits; else false. */
bool parse_thumbprint(const char *text, char to[PROV_THUMBPRINT_MAX + 1]);

#endif
