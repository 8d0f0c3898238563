#include "drivers/iwdg.h"

#include "drivers/wait.h"
#include "hw/reg.h"
#include "hw/regs_misc.h"

/*
 * [RM0090] 21.4.4: PVU and RVU take five periods of LSI; of the divided one, it seems, of
 * which five at 17 kHz are 75 ms.
 */
#define UPDATE_US 100000u

bool iwdg_start(uint32_t ms)
{
	uint32_t reload = ms / 8; /* a period of 32 kHz / 256 */

	/* Does not bite while a debugger holds the core. */
	reg_set(DBGMCU_APB1_FZ, DBGMCU_APB1_FZ_DBG_IWDG_STOP);
	reg_write(IWDG_KR, IWDG_KEY_START);
	reg_write(IWDG_KR, IWDG_KEY_WRITE);
	reg_write(IWDG_PR, IWDG_PR_DIV256);
	reg_write(IWDG_RLR, reload < IWDG_RLR_MAX ? reload : IWDG_RLR_MAX);
	if (!wait_for(IWDG_SR, IWDG_SR_PVU | IWDG_SR_RVU, 0, UPDATE_US))
		return false;
	iwdg_feed();
	return true;
}

void iwdg_feed(void)
{
	reg_write(IWDG_KR, IWDG_KEY_FEED);
}
