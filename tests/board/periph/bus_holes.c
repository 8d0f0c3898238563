/*
 * Where nothing is, is a bus fault that names the address (RM0090 2.3, table 1). Of blocks
 * that are reserved on an APB the manual does not say it: there it is the board's reading.
 */
#include "rule.h"

static volatile uint32_t bfar;
static volatile unsigned faults;

static void on_fault(void)
{
	faults++;
	bfar = SCB_BFAR;
	EXPECT(SCB_CFSR & 0xFF00, 0x8200); /* BFARVALID, PRECISERR */
	skip_fault();
}

void rule(void)
{
	static const uint32_t holes[] = {
		0x40006000,          /* between I2C3 and CAN1 */
		0x40013400,          /* behind SPI1; SPI4 of others */
		0x40015000,          /* behind TIM11 */
		0x40024000 + 0x1000, /* behind the backup SRAM */
		0x4001F000,          0x50061000, 0x20020000, 0x10010000,
		0x08100000,          0x1FFF8000, 0x60000000,
	};
	unsigned n = sizeof(holes) / sizeof(holes[0]);

	on_exception(3, on_fault);
	for (unsigned i = 0; i < n; i++) {
		REG(holes[i]);
		EXPECT(faults, i + 1);
		EXPECT(bfar, holes[i]);
	}
}
