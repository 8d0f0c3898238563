/* Connection strings; what is read can be written and read again. */
#include "fuzz_prov.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = fuzz_text(bytes, len);
	struct prov_connstr cs = { 0 }, again = { 0 };
	struct prov_secret *formatted = NULL;
	struct prov_error err;

	if (prov_connstr_parse(text, &cs, &err) == 0) {
		if (prov_connstr_format(&cs, &formatted, &err) == 0 &&
		    prov_connstr_parse(prov_secret_text(formatted), &again, &err) < 0)
			abort();
	} else if (err.at > strlen(text)) {
		abort();
	}
	prov_secret_free(formatted);
	prov_connstr_clear(&cs);
	prov_connstr_clear(&again);
	free(text);
	return 0;
}
