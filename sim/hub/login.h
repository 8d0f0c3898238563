/*
 * Is a device, or a module of one, who it says it is? Judged alike for MQTT, AMQP and
 * HTTPS: by a token of its own key or of a policy that may connect devices, or by the
 * certificate that the client showed in the TLS handshake.
 */
#ifndef HUB_LOGIN_H
#define HUB_LOGIN_H

#include "errors.h"
#include "hub.h"
#include "message.h"

#define AUTH_METHOD_MAX 160

/* What is shown. */
struct login {
	const char *device;
	const char *module;      /* empty: the device itself */
	const char *token;       /* "SharedAccessSignature ..."; NULL or empty: none */
	const char *certificate; /* of the client, PEM; NULL: none */
	const char *chain;       /* what it sent besides, PEM; NULL: none */
};

/* Who it is, when it was let in. */
struct identity {
	char device[ID_MAX + 1];
	char module[ID_MAX + 1];
	char generation[32];
	int64_t row;                       /* of the store */
	char auth_method[AUTH_METHOD_MAX]; /* iothub-connection-auth-method, JSON */
	int64_t expires_ms; /* when the token does, by clock_unix_ms(); INT64_MAX: never */
};

/* ERROR_NONE, or what is wrong; `why` is for the log, without a secret. */
enum error login_check(struct hub *hub, const struct login *login,
		       struct identity *identity, char *why, size_t why_bytes);

/* Sets what the hub says of a message's sender; the texts are the identity's. */
void identity_sign(const struct identity *identity, struct message *message);

#endif
