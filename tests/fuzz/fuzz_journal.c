/* A journal as a disk or somebody may have left it. */
#include "fuzz.h"
#include "journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct dfu_error err;
	struct journal j;
	int rc = journal_parse((const char *)bytes, len, &j, &err);
	volatile uint8_t sum = 0;

	if (rc < 0) {
		check_error(&err, rc);
		must(j.n == 0 && j.pieces == NULL);
		return 0;
	}
	for (size_t i = 0; i < j.n; i++) {
		must((j.pieces[i].data != NULL) == (j.pieces[i].len > 0));
		for (uint32_t k = 0; k < j.pieces[i].len; k++)
			sum ^= j.pieces[i].data[k];
	}
	(void)sum;
	journal_clear(&j);
	return 0;
}
