/*
 * The suffix of a DFU file, [DFU] appendix B. Its fields count from the end of the file,
 * so that a later version may put more in front of them and give a greater bLength.
 */
#include "image.h"
#include "le.h"

#include <string.h>

/* Where the fields begin, in bytes before the end. */
enum {
	BCD_DEVICE = 16,
	ID_PRODUCT = 14,
	ID_VENDOR = 12,
	BCD_DFU = 10,
	UFD = 8,
	LENGTH = 5,
	CRC = 4
};

/* CRC-32 with the polynomial 0xedb88320, four bits a step, and no inversion at the end.
 */
static uint32_t crc32_dfu(const uint8_t *bytes, size_t len)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = 0xffffffff;
	size_t i;

	for (i = 0; i < len; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

bool suffix_present(const struct file *file)
{
	return file->len >= DFU_SUFFIX_BYTES &&
	       memcmp(file->bytes + file->len - UFD, "UFD", 3) == 0;
}

int suffix_read(struct dfu_image *image, const struct file *file, struct dfu_error *err)
{
	const uint8_t *end = file->bytes + file->len;
	uint32_t crc;

	if (!suffix_present(file))
		return 0;
	if (end[-LENGTH] < DFU_SUFFIX_BYTES || end[-LENGTH] > file->len)
		return malformed(err, file->len - LENGTH,
				 "the suffix says it is %u bytes long, of a file of %zu",
				 end[-LENGTH], file->len);
	crc = crc32_dfu(file->bytes, file->len - CRC);
	if (crc != get_le32(end - CRC))
		return malformed(err, file->len - CRC,
				 "the suffix has the CRC 0x%08" PRIx32
				 ", the bytes before it have 0x%08" PRIx32,
				 get_le32(end - CRC), crc);
	image->info.has_suffix = true;
	image->info.bcdDevice = get_le16(end - BCD_DEVICE);
	image->info.idProduct = get_le16(end - ID_PRODUCT);
	image->info.idVendor = get_le16(end - ID_VENDOR);
	image->info.bcdDFU = get_le16(end - BCD_DFU);
	return end[-LENGTH];
}

void suffix_write(uint8_t *bytes, size_t len)
{
	uint8_t *end = bytes + len + DFU_SUFFIX_BYTES;

	put_le16(end - BCD_DEVICE, 0);
	put_le16(end - ID_PRODUCT, 0xdf11);
	put_le16(end - ID_VENDOR, 0x0483);
	put_le16(end - BCD_DFU, 0x011a);
	memcpy(end - UFD, "UFD", 3);
	end[-LENGTH] = DFU_SUFFIX_BYTES;
	put_le32(end - CRC, crc32_dfu(bytes, len + DFU_SUFFIX_BYTES - CRC));
}
