/* The credential slots, sectors 2 and 3 (the flash map): what a command must not lose. */
#ifndef SLOTS_H
#define SLOTS_H

#include "dfu.h"

#define SLOT_A_ADDR 0x08008000u
#define SLOT_B_ADDR 0x0800c000u
#define SLOT_BYTES  0x4000u

enum slot_state { SLOT_BLANK, SLOT_RECORD, SLOT_OTHER };

/* What a slot's SLOT_BYTES hold, by the record's magic and its commit word. */
enum slot_state slot_state(const uint8_t *content);
const char *slot_state_name(enum slot_state state);

/* A dfu_guard: refuses to touch a sector with a valid credential record. */
int slot_guard(void *ctx, const struct dfu_sector *sector, const uint8_t *content,
	       struct dfu_error *err);

#endif
