/* Any file, its format found out. The first byte says whether an address is given. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct dfu_image_opts opts = { .format = DFU_FORMAT_AUTO };

	if (len == 0)
		return 0;
	opts.has_address = bytes[0] & 1;
	opts.address = 0x08000000u + (uint32_t)(bytes[0] >> 1) * 0x4000;
	check_file(bytes + 1, len - 1, &opts);
	return 0;
}
