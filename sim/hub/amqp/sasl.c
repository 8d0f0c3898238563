/*
 * SASL, by proton's plug-in: Debian's proton serves no PLAIN of its own. ANONYMOUS comes
 * before $cbs, and so does MSSBCBS, its name with uamqp. With EXTERNAL, which is what
 * clients with a certificate choose, the certificate speaks for them.
 */
#include <proton/sasl_plugin.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "amqp/connection.h"
#include "amqp/server.h"

static const char mechanisms[] = "MSSBCBS PLAIN ANONYMOUS EXTERNAL";

/* Never less than a token, and what is around it. */
#define CREDENTIALS_MAX 4096

static void succeed(pn_transport_t *transport, struct connection *connection,
		    const char *user)
{
	snprintf(connection->sasl_user, sizeof(connection->sasl_user), "%s", user);
	pnx_sasl_set_succeeded(transport, connection->sasl_user, NULL);
	pnx_sasl_set_desired_state(transport, SASL_POSTED_OUTCOME);
}

static void refuse(pn_transport_t *transport, struct connection *connection,
		   const char *why)
{
	if (why != connection->sasl_why)
		snprintf(connection->sasl_why, sizeof(connection->sasl_why), "%s", why);
	pnx_sasl_set_failed(transport);
	pnx_sasl_set_desired_state(transport, SASL_POSTED_OUTCOME);
}

/* [authzid] NUL user NUL password, RFC 4616. */
static bool split(char *bytes, size_t len, const char **user, const char **password)
{
	char *first = memchr(bytes, '\0', len);
	char *second =
		first ? memchr(first + 1, '\0', len - (size_t)(first + 1 - bytes)) : NULL;

	bytes[len] = '\0';
	if (!second || strlen(second + 1) != len - (size_t)(second + 1 - bytes))
		return false;
	*user = first + 1;
	*password = second + 1;
	return **user && **password;
}

static void judge(pn_transport_t *transport, struct connection *connection,
		  const pn_bytes_t *received)
{
	char bytes[CREDENTIALS_MAX + 1];
	const char *user, *password;

	if (received->size > CREDENTIALS_MAX) {
		refuse(transport, connection, "what PLAIN sends is too long");
		return;
	}
	memcpy(bytes, received->start, received->size);
	if (!split(bytes, received->size, &user, &password))
		refuse(transport, connection, "what PLAIN sends is malformed");
	else if (claims_put_plain(&connection->claims, connection->server->hub, user,
				  password, connection->sasl_why,
				  sizeof(connection->sasl_why)) != ERROR_NONE)
		refuse(transport, connection, connection->sasl_why);
	else
		succeed(transport, connection, user);
	explicit_bzero(bytes, sizeof(bytes));
}

/* -- proton's entry points ----------------------------------------------------------- */

static const char *list_mechanisms(pn_transport_t *transport)
{
	(void)transport;
	return mechanisms;
}

static bool init_server(pn_transport_t *transport)
{
	pnx_sasl_set_desired_state(transport, SASL_POSTED_MECHANISMS);
	return true;
}

static void process_init(pn_transport_t *transport, const char *mechanism,
			 const pn_bytes_t *received)
{
	struct connection *connection = pnx_sasl_get_context(transport);

	if (strcasecmp(mechanism, "PLAIN") != 0) {
		succeed(transport, connection, "anonymous");
	} else if (received->size > 0) {
		judge(transport, connection, received);
	} else {
		connection->sasl_asked = true;
		pnx_sasl_set_bytes_out(transport, pn_bytes(0, ""));
		pnx_sasl_set_desired_state(transport, SASL_POSTED_CHALLENGE);
	}
}

/* It also comes without a process_init() before it. */
static void process_response(pn_transport_t *transport, const pn_bytes_t *received)
{
	struct connection *connection = pnx_sasl_get_context(transport);

	pnx_sasl_set_bytes_out(transport, pn_bytes_null);
	if (connection->sasl_asked)
		judge(transport, connection, received);
	else
		refuse(transport, connection, "a SASL response that nobody asked for");
	connection->sasl_asked = false;
}

static void ignore(pn_transport_t *transport)
{
	(void)transport;
}

static bool is_no_client(pn_transport_t *transport)
{
	(void)transport;
	return false;
}

static bool take_mechanisms(pn_transport_t *transport, const char *offered)
{
	(void)transport;
	(void)offered;
	return false;
}

static void ignore_bytes(pn_transport_t *transport, const pn_bytes_t *received)
{
	(void)transport;
	(void)received;
}

static ssize_t no_size(pn_transport_t *transport)
{
	(void)transport;
	return 0;
}

static ssize_t no_layer(pn_transport_t *transport, pn_bytes_t in, pn_bytes_t *out)
{
	(void)transport;
	(void)in;
	(void)out;
	return 0;
}

static const pnx_sasl_implementation implementation = {
	.free = ignore,
	.list_mechanisms = list_mechanisms,
	.init_server = init_server,
	.init_client = is_no_client,
	.prepare_write = ignore,
	.process_init = process_init,
	.process_response = process_response,
	.process_mechanisms = take_mechanisms,
	.process_challenge = ignore_bytes,
	.process_outcome = ignore_bytes,
	.can_encrypt = is_no_client,
	.max_encrypt_size = no_size,
	.encode = no_layer,
	.decode = no_layer,
};

void sasl_prepare(struct connection *connection, pn_transport_t *transport)
{
	pn_sasl_t *sasl = pn_sasl(transport);

	pnx_sasl_set_implementation(transport, &implementation, connection);
	pn_sasl_allowed_mechs(sasl, mechanisms);
	/* azure-iot-device-amqp skips SASL; the claims of links are what counts */
	pn_transport_require_auth(transport, false);
}
