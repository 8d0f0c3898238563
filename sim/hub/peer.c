#include "peer.h"

#include <gnutls/gnutls.h>

#include "text.h"

/* No names of authorities are sent: some clients choose by them. */
void peer_ask(void *session)
{
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	gnutls_certificate_send_x509_rdn_sequence(session, 1);
}

static char *write_pem(const gnutls_datum_t *list, unsigned from, unsigned to)
{
	struct text text = { 0 };

	for (unsigned i = from; i < to; i++) {
		gnutls_datum_t pem = { 0 };

		if (gnutls_pem_base64_encode2("CERTIFICATE", &list[i], &pem) == 0)
			text_put(&text, (const char *)pem.data, pem.size);
		gnutls_free(pem.data);
	}
	if (text.failed)
		text_free(&text);
	return text.at;
}

char *peer_certificate(void *session)
{
	unsigned count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);

	return list && count > 0 ? write_pem(list, 0, 1) : NULL;
}

char *peer_chain(void *session)
{
	unsigned count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);

	return list && count > 1 ? write_pem(list, 1, count) : NULL;
}
