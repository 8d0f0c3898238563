/*
 * Whatever a program writes into the registers, the chip goes on: for the sanitizers, and
 * for the assertions on clocks and events.
 */
#include "mcu_bench.h"

#include "periph/pins.h"
#include "periph/pwr.h"
#include "periph/rcc.h"
#include "periph/usart.h"

#define ROUNDS 200000

static const char *const names[] = {
	"RCC", "PWR", "FLASH",  "IWDG", "WWDG",   "RTC",  "BKPSRAM",
	"CRC", "RNG", "DBGMCU", "DAC",  "OTG_FS", "CAN1",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* The same of those whose reset values differ from port to port, or timer to timer */
static const char *const others[] = {
	"GPIOA", "GPIOB", "GPIOC",  "GPIOD",  "GPIOE",  "SYSCFG", "EXTI",
	"DMA1",  "DMA2",  "ADC",    "TIM1",   "TIM2",   "TIM3",   "TIM4",
	"TIM5",  "TIM6",  "TIM7",   "TIM8",   "TIM9",   "TIM10",  "TIM11",
	"TIM12", "TIM13", "TIM14",  "SPI1",   "SPI2",   "SPI3",   "I2C1",
	"I2C2",  "I2C3",  "USART1", "USART2", "USART3", "UART4",  "USART6",
};
#define OTHERS (sizeof(others) / sizeof(others[0]))

static uint32_t draw(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* All clocks on and all doors open, so that what follows gets in. */
static void open_doors(struct bench *bench)
{
	static const uint32_t writes[][2] = {
		{ 0x40023830, 0xFFFFFFFF }, { 0x40023834, 0xFFFFFFFF },
		{ 0x40023840, 0xFFFFFFFF }, { 0x40023844, 0xFFFFFFFF },
		{ 0x40007000, 0x00004100 }, { 0x40023C04, 0x45670123 },
		{ 0x40023C04, 0xCDEF89AB }, { 0x40023C08, 0x08192A3B },
		{ 0x40023C08, 0x4C5D6E7F }, { 0x40002824, 0x000000CA },
		{ 0x40002824, 0x00000053 }, { 0x40003000, 0x00005555 },
		{ 0x40023874, 0x00000001 }, { 0x40023870, 0x00008200 },
	};

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		mcu_write(bench->mcu, writes[i][0], 4, writes[i][1]);
}

static void access_register(struct bench *bench, uint32_t *seed)
{
	const char *name =
		draw(seed) % 2 ? names[draw(seed) % NAMES] : others[draw(seed) % OTHERS];
	const struct periph_row *row = periph_find(name);
	unsigned bytes = 1u << draw(seed) % 3;
	uint32_t offset =
		draw(seed) % (draw(seed) % 4 ? 0x50 : row->bytes) & ~(bytes - 1);
	uint32_t value = draw(seed);

	if (draw(seed) % 2)
		value &= draw(seed) & draw(seed);
	if (draw(seed) % 3)
		mcu_write(bench->mcu, row->base + offset, bytes, value);
	else
		mcu_read(bench->mcu, row->base + offset, bytes, &value);
}

static void act(struct bench *bench, uint32_t *seed)
{
	uint32_t what = draw(seed) % 1024;

	if (what == 0)
		mcu_reset_periphs(bench->mcu, draw(seed) % (MCU_RESET_STANDBY + 1), 0);
	else if (what == 1)
		rcc_crystals(bench->mcu, draw(seed) % 2 ? 8000000 : 0,
			     draw(seed) % 2 ? 32768 : 0);
	else if (what == 2)
		pwr_deep_sleep(bench->mcu);
	else if (what == 3)
		pwr_wake(bench->mcu);
	else if (what == 4)
		pins_drive(bench->mcu, draw(seed) % PINS, draw(seed) % 3);
	else if (what == 5)
		usart_give(bench->mcu, 1 + draw(seed) % USARTS, (uint8_t)draw(seed));
	else if (what < 16)
		open_doors(bench);
	else if (what < 64)
		mcu_flash_store(bench->mcu, FLASH_BASE + (draw(seed) & 0xFFFFC), 4,
				draw(seed));
	else
		access_register(bench, seed);
	bench_run(bench, draw(seed) % (what % 64 ? 16 : 100000));
}

static void anything_goes(void **state)
{
	uint32_t seed = 2463534242u;
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (int i = 0; i < ROUNDS; i++) {
		act(&bench, &seed);
		assert_true(mcu_hz(bench.mcu, MCU_HCLK) > 0);
		assert_true(mcu_hz(bench.mcu, MCU_HCLK) <= 216000000);
	}
	/* and after a reset it is as good as new */
	mcu_reset_periphs(bench.mcu, MCU_RESET_POWER, 0);
	for (size_t i = 0; i < NAMES; i++) {
		const struct periph_row *row = periph_find(names[i]);
		const struct periph_reg *reg = row->class->regs;

		mcu_periph_clock(bench.mcu, row->bus, (unsigned)row->rcc_bit, true);
		for (; reg->name; reg++)
			if (row->base + reg->offset != 0x40023C14) /* the options stay */
				assert_int_equal(
					bench_read(&bench, row->base + reg->offset),
					reg->reset);
	}
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
