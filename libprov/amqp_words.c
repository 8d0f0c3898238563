/* Words for what a service says over AMQP ([AMQP] 2.8, [EH] "Errors"). */
#include "amqp.h"

#include <string.h>

static const struct {
	const char *condition; /* NULL: any */
	const char *saying;    /* in the description; NULL: anything */
	enum prov_err code;
	const char *words, *hint;
} table[] = {
	{ NULL, "epoch", PROV_ERR_TAKEN,
	  "another reader has the consumer group for itself (by an epoch)",
	  "read by a consumer group of your own" },
	{ "amqp:link:stolen", NULL, PROV_ERR_TAKEN,
	  "another reader has taken the consumer group for itself",
	  "read by a consumer group of your own" },
	{ "amqp:resource-limit-exceeded", "receivers", PROV_ERR_TAKEN,
	  "the consumer group is full: it has as many readers as it may have (five)",
	  "end one of them, or read by a consumer group of your own" },
	{ "amqp:resource-limit-exceeded", "idle", PROV_ERR_GONE,
	  "the connection went silent", NULL },
	{ "amqp:resource-limit-exceeded", NULL, PROV_ERR_QUOTA,
	  "the service has no room for another connection", NULL },
	{ NULL, "expired", PROV_ERR_CLOCK, "the token that was just signed has expired",
	  "check the clock of this machine: timedatectl set-ntp true" },
	{ NULL, "ExpiredToken", PROV_ERR_CLOCK,
	  "the token that was just signed has expired",
	  "check the clock of this machine: timedatectl set-ntp true" },
	{ "amqp:unauthorized-access", NULL, PROV_ERR_RIGHT,
	  "this policy may not read events",
	  "take a policy with ServiceConnect, such as \"service\"; at an Event Hub, one "
	  "with "
	  "Listen" },
	{ "com.microsoft:auth-failed", NULL, PROV_ERR_KEY,
	  "this key or policy is not known there",
	  "copy the connection string anew from \"Shared access policies\"" },
	{ "amqp:not-found", NULL, PROV_ERR_NOTFOUND,
	  "there is no such consumer group or Event Hub",
	  "the groups are in the portal under \"Built-in endpoints\"" },
	{ "com.microsoft:argument-error", NULL, PROV_ERR_CHANGED,
	  "the position to read from is not one of this Event Hub", NULL },
	{ "com.microsoft:argument-out-of-range", NULL, PROV_ERR_CHANGED,
	  "the position to read from is not one of this Event Hub", NULL },
	{ "com.microsoft:server-busy", NULL, PROV_ERR_THROTTLED, "the service is busy",
	  NULL },
	{ "com.microsoft:timeout", NULL, PROV_ERR_TIMEOUT,
	  "the service did not answer in time", NULL },
	{ "amqp:connection:forced", NULL, PROV_ERR_GONE,
	  "the service closed the connection", NULL },
	{ "amqp:link:detach-forced", NULL, PROV_ERR_GONE, "the service closed the link",
	  NULL },
	{ "amqp:connection:framing-error", NULL, PROV_ERR_GONE, "the connection was lost",
	  NULL },
	/* The two that proton itself says. */
	{ "proton:io", NULL, PROV_ERR_GONE, "the connection was lost", NULL },
	{ NULL, NULL, PROV_ERR_SERVICE, "the service refuses", NULL },
};

int amqp_words(const char *host, const struct amqp_fault *fault, struct prov_error *err)
{
	char said[200];
	size_t i = 0;

	while ((table[i].condition &&
		strcmp(table[i].condition, fault->condition) != 0) ||
	       (table[i].saying && !strstr(fault->description, table[i].saying)))
		i++;
	copy_clean(said, sizeof(said), fault->description);
	fail(err, table[i].code, "%s: %s%s%s%s", host, table[i].words, *said ? " (" : "",
	     said, *said ? ")" : "");
	if (err)
		copy_clean(err->service_code, sizeof(err->service_code),
			   fault->condition);
	return table[i].hint ? hint(err, table[i].code, "%s", table[i].hint)
			     : (int)table[i].code;
}
