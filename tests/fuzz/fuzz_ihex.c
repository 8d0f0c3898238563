/* Intel HEX. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct dfu_image_opts opts = { .format = DFU_FORMAT_IHEX };

	check_file(bytes, len, &opts);
	return 0;
}
