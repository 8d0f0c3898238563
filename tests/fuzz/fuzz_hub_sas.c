/* Authorization headers. What is read stays within the bounds of its fields. */
#include "fuzz_hub.h"

#include "sas.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1);
	struct sas sas;

	must(text != NULL);
	memcpy(text, bytes, len);
	text[len] = '\0';
	if (!sas_parse(&sas, text)) {
		must(sas.sr >= text && sas.sr + sas.sr_len <= text + len);
		must(sas.se >= text && sas.se + sas.se_len <= text + len);
		must(strlen(sas.resource) < sizeof(sas.resource));
		must(strlen(sas.policy) < sizeof(sas.policy));
		sas_signed_by(&sas, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
		sas_covers(&sas, "myhub.azure-devices.net", "/devices/dev1");
		sas_expired(&sas, 0);
	}
	free(text);
	return 0;
}
