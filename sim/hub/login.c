#include "login.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "token.h"
#include "x509.h"

/* What is being judged, and the place for the reason. */
struct judged {
	struct hub *hub;
	const struct login *login;
	struct identity *identity;
	char *why;
	size_t why_bytes;
};

static enum error refuse_login(const struct judged *judged, enum error error,
			       const char *reason)
{
	const struct login *login = judged->login;

	snprintf(judged->why, judged->why_bytes, "%s: device '%s'%s%s%s", reason,
		 login->device, *login->module ? ", module '" : "", login->module,
		 *login->module ? "'" : "");
	return error;
}

/* "Create and read IoT Hub messages": {"scope":"device","type":"sas",...} */
static void set_method(struct identity *identity, const char *scope, const char *type,
		       const char *issuer)
{
	snprintf(identity->auth_method, sizeof(identity->auth_method),
		 "{\"scope\":\"%s\",\"type\":\"%s\",\"issuer\":\"%s\","
		 "\"acceptingIpFilterRule\":null}",
		 scope, type, issuer);
}

static const char *scope_of(const struct login *login)
{
	return *login->module ? "module" : "device";
}

/* -- by a token ---------------------------------------------------------------------- */

static bool path_of(const struct login *login, char *path, size_t bytes)
{
	int len = snprintf(path, bytes,
			   *login->module ? "/devices/%s/modules/%s" : "/devices/%s",
			   login->device, login->module);

	return len > 0 && (size_t)len < bytes;
}

static enum error judge_signature(const struct judged *judged, const struct token *token,
				  const struct device *device)
{
	if (token->policy) {
		if (!(token->policy->rights & RIGHT_DEVICE_CONNECT))
			return refuse_login(judged, ERROR_ACCESS,
					    "the policy of the token lacks the right "
					    "DeviceConnect");
		set_method(judged->identity, "hub", "sas", "iothub");
		return ERROR_NONE;
	}
	if (device->auth != AUTH_SAS)
		return refuse_login(judged, ERROR_UNAUTHORIZED,
				    "the identity has no keys, but certificates");
	if (!sas_signed_by(&token->sas, device->primary) &&
	    !sas_signed_by(&token->sas, device->secondary))
		return refuse_login(judged, ERROR_UNAUTHORIZED,
				    "the token is not signed with a key of the identity");
	set_method(judged->identity, scope_of(judged->login), "sas", "iothub");
	return ERROR_NONE;
}

static enum error judge_token(const struct judged *judged, const struct device *device)
{
	struct token token;
	char path[2 * ID_MAX + 32];
	enum error error = token_read(judged->hub, judged->login->token, clock_unix_ms(),
				      &token, judged->why, judged->why_bytes);

	if (error != ERROR_NONE)
		return error;
	if (!path_of(judged->login, path, sizeof(path)) ||
	    !token_covers(judged->hub, &token, path)) {
		snprintf(judged->why, judged->why_bytes,
			 "the token is for %s, not for %s%s", token.sas.resource,
			 judged->hub->host, path);
		return ERROR_ACCESS;
	}
	error = judge_signature(judged, &token, device);
	judged->identity->expires_ms = token.sas.expires_unix > INT64_MAX / 1000
					       ? INT64_MAX
					       : (int64_t)token.sas.expires_unix * 1000;
	return error;
}

/* -- by a certificate ---------------------------------------------------------------- */

static bool thumbprint_is(const char *registered, const char *certificate)
{
	char found[THUMBPRINT_TEXT];

	return *registered && x509_thumbprint(certificate, strlen(registered), found) &&
	       strcasecmp(registered, found) == 0;
}

/* "CN=<deviceid>/<moduleid>" is a module's ("Authenticate with X.509 certificates"). */
static enum error judge_certificate(const struct judged *judged,
				    const struct device *device)
{
	const struct login *login = judged->login;
	char name[2 * ID_MAX + 2];

	switch (device->auth) {
	case AUTH_SELF_SIGNED:
		if (!thumbprint_is(device->primary, login->certificate) &&
		    !thumbprint_is(device->secondary, login->certificate))
			return refuse_login(judged, ERROR_UNAUTHORIZED,
					    "the certificate has neither of the "
					    "registered thumbprints");
		set_method(judged->identity, scope_of(login), "x509Certificate",
			   "iothub");
		return ERROR_NONE;
	case AUTH_CA:
		snprintf(name, sizeof(name), "%s%s%s", login->device,
			 *login->module ? "/" : "", login->module);
		if (!x509_subject_is(login->certificate, name))
			return refuse_login(judged, ERROR_UNAUTHORIZED,
					    "the certificate's common name is not the "
					    "id");
		if (!judged->hub->device_cas ||
		    !x509_leads(login->certificate, login->chain, judged->hub->device_cas,
				clock_unix_ms()))
			return refuse_login(judged, ERROR_UNAUTHORIZED,
					    "the certificate does not lead to a CA in "
					    "device-cas.pem");
		set_method(judged->identity, scope_of(login), "x509CA", "external");
		return ERROR_NONE;
	default:
		return refuse_login(judged, ERROR_UNAUTHORIZED,
				    "the identity has no certificates, but keys");
	}
}

/* -- the whole ----------------------------------------------------------------------- */

/* A module is as its device is. */
static bool enabled(const struct judged *judged, const struct device *device)
{
	struct device parent;
	bool is = device->enabled;

	if (*device->module &&
	    store_get(judged->hub->store, device->id, "", &parent) == 1) {
		is = is && parent.enabled;
		device_free(&parent);
	}
	return is;
}

static enum error judge(const struct judged *judged, const struct device *device)
{
	const struct login *login = judged->login;
	enum error error;

	if (login->token && *login->token)
		error = judge_token(judged, device);
	else
		error = judge_certificate(judged, device);
	if (error == ERROR_NONE && !enabled(judged, device))
		error = refuse_login(judged, ERROR_UNAUTHORIZED,
				     "the identity is disabled");
	return error;
}

enum error login_check(struct hub *hub, const struct login *login,
		       struct identity *identity, char *why, size_t why_bytes)
{
	struct judged judged = { hub, login, identity, why, why_bytes };
	struct device device;
	enum error error;
	int rc;

	*identity = (struct identity){ .expires_ms = INT64_MAX };
	if (!(login->token && *login->token) && !login->certificate)
		return refuse_login(&judged, ERROR_ACCESS,
				    "there is neither a token nor a certificate");
	rc = store_get(hub->store, login->device, login->module, &device);
	if (rc < 0)
		return refuse_login(&judged, ERROR_SERVER, "the store fails");
	if (rc == 0)
		return refuse_login(&judged, ERROR_NO_DEVICE,
				    "the identity is not registered");
	snprintf(identity->device, sizeof(identity->device), "%s", device.id);
	snprintf(identity->module, sizeof(identity->module), "%s", device.module);
	snprintf(identity->generation, sizeof(identity->generation), "%s",
		 device.generation);
	identity->row = device.row;
	error = judge(&judged, &device);
	device_free(&device);
	return error;
}

void identity_sign(const struct identity *identity, struct message *message)
{
	message->texts[MESSAGE_DEVICE] = identity->device;
	message->texts[MESSAGE_MODULE] = *identity->module ? identity->module : NULL;
	message->texts[MESSAGE_AUTH_METHOD] = identity->auth_method;
	message->texts[MESSAGE_GENERATION] = identity->generation;
	message->texts[MESSAGE_SOURCE] = "Telemetry";
}
