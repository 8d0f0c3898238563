#include "monitor_mqtt.h"

#include "hubs.h"
#include "sys.h"

#include <stdlib.h>
#include <string.h>

#define VARIABLE "STMIOT_MQTT_PASSWORD"

bool mqtt_any(const struct mqtt_wishes *wishes)
{
	return wishes->topics.n || wishes->qos || wishes->user || wishes->password_file ||
	       wishes->ca || wishes->cert || wishes->private_key;
}

static int read_password(const struct mqtt_wishes *wishes, struct prov_secret **password)
{
	const char *text = getenv(VARIABLE);
	struct prov_error err;
	int rc = 0;

	if (wishes->password_file)
		rc = prov_secret_from_file(wishes->password_file, password, &err);
	else if (wishes->user && text && *text)
		rc = prov_secret_new(text, strlen(text), password, &err);
	return rc < 0 ? report_prov(NULL, &err) : EXIT_DONE;
}

int mqtt_options(const struct mqtt_wishes *wishes, struct prov_mqtt_opts *out,
		 struct prov_secret **password)
{
	int status;

	if (wishes->topics.n == 0)
		return usage_error("--mqtt needs a --topic: '#' is all of them");
	if (wishes->password_file && !wishes->user)
		return usage_error("--password-file needs --user");
	if (!wishes->cert != !wishes->private_key)
		return usage_error("--cert and --private-key go together");
	status = read_password(wishes, password);
	*out = (struct prov_mqtt_opts){
		.url = wishes->url,
		.topics = wishes->topics.items,
		.n_topics = wishes->topics.n,
		.qos = wishes->qos ? wishes->qos[0] - '0' : 1,
		.user = wishes->user,
		.password = *password,
		.ca_file = wishes->ca,
		.cert_file = wishes->cert,
		.key_file = wishes->private_key,
		.connect_ms = sys_timeout_ms(10000),
		.no_retry = globals.no_retry,
	};
	return status;
}
