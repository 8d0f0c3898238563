#include "sas.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400 };

static size_t decode(unsigned char *out, size_t room, const char *base64)
{
	size_t len = strlen(base64), pad = strspn(base64 + strcspn(base64, "="), "=");

	if (len / 4 * 3 > room ||
	    EVP_DecodeBlock(out, (const unsigned char *)base64, (int)len) < 0)
		return 0;
	return len / 4 * 3 - pad;
}

/* Base64 in a query: three of its characters are percent-encoded. */
static void encode(char *out, const unsigned char *data, size_t len)
{
	char base64[64];

	EVP_EncodeBlock((unsigned char *)base64, data, (int)len);
	for (const char *at = base64; *at; at++)
		out += *at == '+' || *at == '/' || *at == '='
			       ? sprintf(out, "%%%02X", (unsigned)*at)
			       : sprintf(out, "%c", *at);
}

void sas_of_device(char *out, size_t room, const char *host, const char *id,
		   const char *key)
{
	long long expires_unix = (long long)time(NULL) + DAY_S;
	unsigned char secret[96], hash[EVP_MAX_MD_SIZE];
	char resource[512], to_sign[600], signature[192];
	unsigned hash_len = 0;

	/* Names of devices in a load need no encoding. */
	snprintf(resource, sizeof(resource), "%s%%2Fdevices%%2F%s", host, id);
	snprintf(to_sign, sizeof(to_sign), "%s\n%lld", resource, expires_unix);
	HMAC(EVP_sha256(), secret, (int)decode(secret, sizeof(secret), key),
	     (const unsigned char *)to_sign, strlen(to_sign), hash, &hash_len);
	encode(signature, hash, hash_len);
	snprintf(out, room, "SharedAccessSignature sr=%s&sig=%s&se=%lld", resource,
		 signature, expires_unix);
}
