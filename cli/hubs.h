/*
 * Hubs by name, a file each in the user's configuration folder, and the way from a name
 * to an open hub.
 */
#ifndef HUBS_H
#define HUBS_H

#include "cli.h"
#include "prov.h"

#define HUB_NAME_MAX 63

/* A hub with how to reach it. Texts are NULL and ports 0 where nothing was said. */
struct hub {
	char name[HUB_NAME_MAX + 1]; /* empty: it came from the environment */
	/* Of the service kind; with a `token_command` it may have its host alone. */
	struct prov_connstr connstr;
	char *ca_file;    /* trust these certificates alone */
	char *connect_to; /* "127.0.0.1:8443" in place of the host's own port 443 */
	char *token_command;
	char *sim_dir;           /* `sim up` made it, and `sim down` there removes it */
	struct prov_ports ports; /* of MQTT and AMQP, where they are not the usual ones */
	/* The provisioning service that assigns devices to it; without a key: none. */
	struct prov_connstr dps;
	char *id_scope;
};

/* Frees what it holds, not the struct itself. */
void hub_clear(struct hub *hub);

/* -- the files (hub_file.c, hubs.c). They fail with PROV_ERR_ARG, FORMAT, FILE, NOTFOUND, EXISTS,
 * NOMEM. */

/* Letters, digits, and "-_." behind the first. */
bool hubs_name_fits(const char *name);

/* What a hub's file holds; PROV_ERR_FORMAT with the offset of the line. */
int hub_parse(const char *text, struct hub *out, struct prov_error *err);
int hub_format(const struct hub *hub, struct prov_secret **out, struct prov_error *err);

/* "HOST:PORT" or "[V6]:PORT" */
bool hub_address_fits(const char *address);

/* Set one of the texts above; NULL unsets it. False without memory. */
bool hub_set(char **text, const char *value);

int hubs_load(const char *name, struct hub *out, struct prov_error *err);
/* Without `replace`, PROV_ERR_EXISTS when there is one of that name. */
int hubs_save(const struct hub *hub, bool replace, struct prov_error *err);
int hubs_remove(const char *name, struct prov_error *err);

/* All names, in order. The caller frees the names and the list. */
int hubs_names(char ***out, size_t *n, struct prov_error *err);
void hubs_names_free(char **names, size_t n);

/* The name that `hub use` set, empty when none; NULL unsets it. */
void hubs_default(char name[HUB_NAME_MAX + 1]);
int hubs_set_default(const char *name, struct prov_error *err);

/* Fill an error (NULL is fine); gives its code. */
int hub_fail(struct prov_error *err, enum prov_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* -- from a name to a hub (hub_open.c). They give an exit status, after saying why. */

/*
 * The hub of this name, or, with NULL, that of --hub, of STMIOT_HUB_CONNECTION_STRING,
 * or of `hub use`. Clear it.
 */
int hubs_find(const char *name, struct hub *out);

/* Is one named by any of these ways? */
bool hubs_any(void);

/* Open it as every command does: interrupted by signals, traced by -v. */
int hub_open(const struct hub *hub, struct prov_hub **out);

/* Both in one. */
int hubs_open(const char *name, struct prov_hub **out);

/*
 * The provisioning service of --hub, of STMIOT_DPS_CONNECTION_STRING, or of `hub use`:
 * its connection string and how to reach it. Clear it. (hub_dps.c)
 */
int dps_find(struct hub *out);
/* Both in one. */
int dps_open(struct prov_dps **out);

/* How devices reach the service: of --hub or `hub use`, else as all do. Clear it. */
void dps_way(struct hub *out);

/* What every handle of a hub or its provisioning service is opened with. */
void hub_settings(const struct hub *hub, struct prov_hub_opts *out);

/* A connection string of this kind; what is wrong with it is said, but not the string. */
int hub_parse_connstr_of(enum prov_connstr_kind kind, const char *text,
			 const char *source, struct prov_connstr *out);
int hub_parse_connstr(const char *text, const char *source, struct prov_connstr *out);

/* Where the hub has AMQP or MQTT, when that is not where it would be; else NULL. */
#define HUB_ADDRESS_MAX (PROV_HOST_MAX + 8)
const char *hub_amqp(const struct hub *hub, char *to, size_t bytes);
const char *hub_mqtt(const struct hub *hub, char *to, size_t bytes);

/* Print an error of libprov with its hint, behind `where` (may be NULL). The exit status
 * for it. */
int report_prov(const char *where, const struct prov_error *err);
int prov_exit_status(enum prov_err code);

#endif
