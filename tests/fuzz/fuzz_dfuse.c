/*
 * DfuSe files: as they come, and with the suffix put right. A fuzzer does not guess a
 * CRC, and without one it would see little of the rest.
 */
#include "fuzz.h"

static void put_right(uint8_t *bytes, size_t len)
{
	static const uint8_t suffix[] = { 0,    0, 0x11, 0xdf, 0x83, 4,
					  0x1a, 1, 'U',  'F',  'D',  16 };
	uint32_t crc = 0xffffffff;
	size_t i;
	int bit;

	memcpy(bytes + len, suffix, sizeof(suffix));
	for (i = 0; i < 4 && len >= 11; i++)
		bytes[6 + i] = (uint8_t)(len >> 8 * i);
	for (i = 0; i < len + 12; i++) {
		crc ^= bytes[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	for (i = 0; i < 4; i++)
		bytes[len + 12 + i] = (uint8_t)(crc >> 8 * i);
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
	put_right(copy, len);
	check_file(copy, len + 16, &opts);
	free(copy);
	return 0;
}
