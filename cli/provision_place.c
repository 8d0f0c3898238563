/* What a record says of a hub that boards cannot find by its name and Azure's roots. */
#include "provisioning.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEM_BYTES_MAX 65536
#define MQTT_PORT     8883
#define BEGIN         "-----BEGIN CERTIFICATE-----"
#define END           "-----END CERTIFICATE-----"

/* The base64 between the two lines, without its line ends. */
static bool decode(const char *from, const char *to, struct prov_x509_cert *out)
{
	struct prov_secret *der = NULL;
	char text[4 * sizeof(out->der) / 3 + 8];
	const uint8_t *bytes;
	size_t n = 0;

	for (; from < to; from++) {
		if (strchr(" \t\r\n", *from))
			continue;
		if (n == sizeof(text))
			return false;
		text[n++] = *from;
	}
	if (!n || prov_secret_from_base64(text, n, &der, NULL) < 0)
		return false;
	bytes = prov_secret_bytes(der, &out->bytes);
	if (out->bytes <= sizeof(out->der))
		memcpy(out->der, bytes, out->bytes);
	prov_secret_free(der);
	return out->bytes <= sizeof(out->der);
}

static int bad_roots(const char *path, const char *what)
{
	complain("%s: %s", clean(path), what);
	return EXIT_BAD_DATA;
}

static int add_roots(const char *path, const char *text, struct provision_place *out)
{
	const char *at = text;

	while ((at = strstr(at, BEGIN)) != NULL) {
		const char *end = strstr(at, END);

		at += strlen(BEGIN);
		if (out->n_roots == RECORD_CERTS_MAX)
			return bad_roots(path, "more certificates than a board's record "
					       "has room for");
		if (!end || !decode(at, end, &out->roots[out->n_roots]))
			return bad_roots(path, "holds a certificate that is malformed or "
					       "longer than 2048 bytes");
		out->n_roots++;
		at = end;
	}
	return out->n_roots ? EXIT_DONE : bad_roots(path, "holds no certificate in PEM");
}

static int read_roots(const char *path, struct provision_place *out)
{
	char *text = sys_read_file(path, PEM_BYTES_MAX, NULL);
	int status;

	if (!text) {
		complain("%s: %s", clean(path), strerror(errno));
		return EXIT_FAILED;
	}
	status = add_roots(path, text, out);
	free(text);
	return status;
}

/* Where devices connect to when it is not the hub's own name and port. */
static void find_gateway(const struct hub *hub, struct provision_place *out)
{
	const char *to = hub->connect_to ? hub->connect_to : hub->connstr.host;
	const char *colon = hub->connect_to ? strrchr(to, ':') : NULL;
	int host = colon ? (int)(colon - to) : (int)strlen(to);

	if (hub->connect_to || hub->ports.mqtt)
		snprintf(out->gateway, sizeof(out->gateway), "%.*s:%u", host, to,
			 hub->ports.mqtt ? hub->ports.mqtt : MQTT_PORT);
}

int provision_place_of(const struct hub *hub, struct provision_place *out)
{
	*out = (struct provision_place){ 0 };
	snprintf(out->host, sizeof(out->host), "%s", hub->connstr.host);
	find_gateway(hub, out);
	return hub->ca_file ? read_roots(hub->ca_file, out) : EXIT_DONE;
}
