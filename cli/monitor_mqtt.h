/* The options of `stmiot monitor` for a broker. */
#ifndef MONITOR_MQTT_H
#define MONITOR_MQTT_H

#include "cli.h"
#include "prov.h"

struct mqtt_wishes {
	const char *url;
	struct opt_list topics;
	const char *qos; /* "0" or "1"; NULL: 1 */
	const char *user, *password_file;
	const char *ca, *cert, *private_key; /* files */
};

/* Is one given that a broker alone needs? */
bool mqtt_any(const struct mqtt_wishes *wishes);

/* What libprov is to be told, and the password, to be freed. An exit status. */
int mqtt_options(const struct mqtt_wishes *wishes, struct prov_mqtt_opts *out,
		 struct prov_secret **password);

#endif
