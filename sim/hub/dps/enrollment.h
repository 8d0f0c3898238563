/*
 * Enrolments: which devices, or whole groups of them, the Device Provisioning Service
 * lets in, and what becomes of them ("Individual Enrollment" and "Enrollment Group" of
 * Microsoft's REST API, version 2021-10-01).
 */
#ifndef HUB_DPS_ENROLLMENT_H
#define HUB_DPS_ENROLLMENT_H

#include "device.h"
#include "json.h"

#define DPS_ETAG_TEXT 49
#define DPS_KEY_BYTES 64 /* of the keys that the service makes; 16 to 64 are taken */
#define DPS_KEY_TEXT  89 /* one of them in base64, with its NUL */

enum attestation {
	ATTEST_KEYS,        /* symmetricKey */
	ATTEST_CERTIFICATE, /* x509, clientCertificates: of individual enrolments alone */
	ATTEST_SIGNER,      /* x509, signingCertificates: of groups alone */
	ATTEST_CA, /* x509, caReferences: a CA of device-cas.pem, by common name */
	ATTESTATIONS
};

struct enrollment {
	int64_t row; /* of the roll, 0 while it is not in it */
	bool group;
	char id[ID_MAX + 1]; /* registration id, or id of the group */
	char etag[DPS_ETAG_TEXT];
	int64_t created_ms;
	int64_t updated_ms;
	enum attestation by;
	/* Keys in base64, certificates in PEM, or names, by `by`; NULL: none. */
	char *primary;
	char *secondary;
	/* All else, with what was not said as the service takes it. */
	struct json *rest;
};

/* Also of one that is all zeros. Wipes the keys. */
void enrollment_free(struct enrollment *enrollment);

/*
 * Ids of registrations and groups: 1 to 128 letters, digits and : . _ -, none of those
 * at either end. They are the same whatever the case of their letters is.
 */
bool enrollment_id_valid(const char *id);

/*
 * Makes it what `body` says, as PUT does, for a hub of that name. What is missing there
 * gets its default; but keys and certificates, which answers do not show, stay as they
 * are, or keys are made. NULL, or a sentence that says what is wrong, and then it is as
 * before or half changed.
 */
const char *enrollment_apply(struct enrollment *enrollment, const struct json *body,
			     const char *hub_host, int64_t now_ms);

/* A new etag. False: there is no randomness. */
bool enrollment_new_etag(char to[DPS_ETAG_TEXT]);

/* As GET gives it: without keys and certificates, but with what the latter say. */
struct json *enrollment_json(const struct enrollment *enrollment);
/* Its attestation, with the keys. */
struct json *enrollment_attestation(const struct enrollment *enrollment, bool with_keys);

bool enrollment_enabled(const struct enrollment *enrollment);
/* When it names none, the registration id is the device's id too. NULL: none. */
const char *enrollment_device(const struct enrollment *enrollment);

#endif
