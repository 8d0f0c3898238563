/* SAS tokens and registration ids. */
#include "fuzz_prov.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = fuzz_text(bytes, len);
	struct prov_sas_info info;
	struct prov_error err;

	if (prov_sas_parse(text, &info, &err) < 0 && err.at > strlen(text))
		abort();
	(void)prov_registration_id_check(text, &err);
	(void)prov_device_id_check(text, &err);
	free(text);
	return 0;
}
