/* Programming clears bits and sets none; erasing sets all of one sector (RM0090 3.6). */
#include "rule.h"

void rule(void)
{
	flash_unlock();
	flash_program(0x080C0000, 0xFFFF0000);
	flash_program(0x080DFFFC, 0x00000000);
	flash_program(0x080E0000, 0x12345678);
	flash_program(0x080C0000, 0x00FF00FF);
	EXPECT(REG(0x080C0000), 0x00FF0000);
	flash_erase(10);
	EXPECT(REG(0x080C0000), 0xFFFFFFFF);
	EXPECT(REG(0x080DFFFC), 0xFFFFFFFF);
	EXPECT(REG(0x080E0000), 0x12345678); /* the next one */
	EXPECT(FLASH_SR, 0);
}
