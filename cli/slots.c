#include "slots.h"

#include <stdio.h>
#include <string.h>

#define COMMIT_VALID 0xa5 /* each byte of the slot's last word */

enum slot_state slot_state(const uint8_t *content)
{
	static const uint8_t commit[4] = { COMMIT_VALID, COMMIT_VALID, COMMIT_VALID,
					   COMMIT_VALID };
	size_t i = 0;

	if (memcmp(content, "STMI", 4) == 0 &&
	    memcmp(content + SLOT_BYTES - sizeof(commit), commit, sizeof(commit)) == 0)
		return SLOT_RECORD;
	while (i < SLOT_BYTES && content[i] == 0xff)
		i++;
	return i == SLOT_BYTES ? SLOT_BLANK : SLOT_OTHER;
}

const char *slot_state_name(enum slot_state state)
{
	static const char *const names[] = { "blank", "credential record",
					     "something else" };

	return names[state];
}

int slot_guard(void *ctx, const struct dfu_sector *sector, const uint8_t *content,
	       struct dfu_error *err)
{
	(void)ctx;
	if (sector->bytes != SLOT_BYTES ||
	    (sector->addr != SLOT_A_ADDR && sector->addr != SLOT_B_ADDR))
		return 0;
	if (!content)
		return 1;
	if (slot_state(content) != SLOT_RECORD)
		return 0;
	*err = (struct dfu_error){ .code = DFU_ERR_REFUSED };
	snprintf(err->msg, sizeof(err->msg),
		 "sector %u at 0x%08x holds a credential record: nothing was changed",
		 sector->index, sector->addr);
	snprintf(err->hint, sizeof(err->hint),
		 "--overwrite-credentials gives it up; the device then needs a new "
		 "identity");
	return DFU_ERR_REFUSED;
}
