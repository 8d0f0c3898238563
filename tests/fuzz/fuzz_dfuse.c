/*
 * DfuSe files: as they come, and with the suffix put right. A fuzzer does not guess a
 * CRC, and without one it would see little of the rest.
 */
#include "fuzz.h"

static void put_image_size(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < 4 && len >= 11; i++)
		bytes[6 + i] = (uint8_t)(len >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct dfu_image_opts opts = { .format = DFU_FORMAT_DFUSE };
	uint8_t *copy;

	check_file(bytes, len, &opts);
	copy = malloc(len + 16);
	must(copy != NULL);
	if (len)
		memcpy(copy, bytes, len);
	put_image_size(copy, len);
	put_suffix(copy, len, 0x011a);
	check_file(copy, len + 16, &opts);
	free(copy);
	return 0;
}
