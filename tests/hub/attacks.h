/* What can be done to a hub by somebody who may connect to it, and by a bad device. */
#ifndef HUB_ATTACKS_H
#define HUB_ATTACKS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

enum port { HTTPS, MQTT, AMQP, PORTS };

struct target {
	unsigned ports[PORTS];
	const char *host;
	const char *ca;
	const char *id, *key; /* of a device: base64 */
	SSL_CTX *tls;         /* judges nobody */
};

struct attack {
	const char *name;
	void (*strike)(const struct target *target, const struct attack *attack);
	enum port port;
	size_t count;     /* of connections, packets or MiB */
	size_t limit_mib; /* what the hub's memory may grow by */
};

extern const struct attack attacks[];
extern const size_t attack_count;

#endif
