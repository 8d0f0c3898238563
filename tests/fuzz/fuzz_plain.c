/* Plain DFU files and raw ones: bytes behind which a suffix is put right, and those without. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct dfu_image_opts plain = { .format = DFU_FORMAT_PLAIN };
	struct dfu_image_opts raw = { .format = DFU_FORMAT_RAW };
	uint8_t *copy;

	if (len == 0)
		return 0;
	plain.has_address = raw.has_address = bytes[0] & 1;
	plain.address = raw.address = 0x08000000u + (uint32_t)(bytes[0] >> 1) * 0x4000;
	bytes++;
	len--;
	check_file(bytes, len, &raw);
	check_file(bytes, len, &plain);
	copy = malloc(len + 16);
	must(copy != NULL);
	if (len)
		memcpy(copy, bytes, len);
	put_suffix(copy, len, 0x0110);
	check_file(copy, len + 16, &plain);
	free(copy);
	return 0;
}
