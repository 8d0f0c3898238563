#include "mock_bus.h"

#include "drivers/usart.h"
#include "hw/cpu.h"
#include "hw/memory.h"
#include "hw/regs_core.h"
#include "hw/regs_flash.h"
#include "hw/regs_gpio.h"
#include "hw/regs_misc.h"
#include "hw/regs_rcc.h"
#include "hw/regs_usart.h"

#include <stdio.h>
#include <string.h>

struct mock mock;

static uint8_t flash[FLASH_BYTES], ram[RAM_BYTES], rom[0x10000];
static uint8_t apb1[0x8000], apb2[0x8000], ahb1[0x8000], rng[0x400], scs[0x1000],
	dbg[0x400];

static const struct region {
	uint32_t base;
	size_t bytes;
	uint8_t *mem;
} regions[] = {
	{ FLASH_BASE, sizeof(flash), flash }, { RAM_BASE, sizeof(ram), ram },
	{ ROM_BASE, sizeof(rom), rom },       { 0x40000000, sizeof(apb1), apb1 },
	{ 0x40010000, sizeof(apb2), apb2 },   { 0x40020000, sizeof(ahb1), ahb1 },
	{ RNG_BASE, sizeof(rng), rng },       { 0xe000e000, sizeof(scs), scs },
	{ DBGMCU_BASE, sizeof(dbg), dbg },
};

uint8_t *mock_memory(uint32_t addr)
{
	for (size_t i = 0; i < ROWS(regions); i++)
		if (addr - regions[i].base < regions[i].bytes)
			return regions[i].mem + (addr - regions[i].base);
	fail_msg("nothing is at 0x%08x", addr);
	return NULL;
}

uint32_t mock_get(uint32_t addr)
{
	uint32_t value;

	if (addr % 4)
		fail_msg("0x%08x is no address of a word", addr);
	memcpy(&value, mock_memory(addr), 4);
	return value;
}

void mock_set(uint32_t addr, uint32_t value)
{
	memcpy(mock_memory(addr), &value, 4);
}

static void set_bits(uint32_t addr, uint32_t mask, uint32_t value)
{
	mock_set(addr, (mock_get(addr) & ~mask) | (value & mask));
}

/* -- clocks: [RM0090] 7.3 ----------------------------------------------------------- */

static void write_cr(uint32_t addr, uint32_t value)
{
	uint32_t ready = 0;

	if (value & RCC_CR_HSION && !mock.no_hsi)
		ready |= RCC_CR_HSIRDY;
	if (value & RCC_CR_HSEON && !mock.no_hse)
		ready |= RCC_CR_HSERDY;
	if (value & RCC_CR_PLLON && !mock.no_pll)
		ready |= RCC_CR_PLLRDY;
	set_bits(addr, RCC_CR_HSIRDY | RCC_CR_HSERDY | RCC_CR_PLLRDY, ready);
	set_bits(addr, ~(RCC_CR_HSIRDY | RCC_CR_HSERDY | RCC_CR_PLLRDY), value);
}

static void write_cfgr(uint32_t addr, uint32_t value)
{
	if (!mock.no_switch)
		set_bits(addr, RCC_CFGR_SWS, (value & RCC_CFGR_SW) << 2);
	set_bits(addr, ~RCC_CFGR_SWS, value);
}

static void write_cir(uint32_t addr, uint32_t value)
{
	if (value & RCC_CIR_CSSC)
		set_bits(addr, RCC_CIR_CSSF, 0);
	set_bits(addr, 0x3f00, value);
}

static void write_csr(uint32_t addr, uint32_t value)
{
	if (value & RCC_CSR_RMVF)
		set_bits(addr, 0xfe000000u, 0);
	set_bits(addr, 1, value);
}

/* -- flash: [RM0090] 3.6 ------------------------------------------------------------ */

static unsigned keys;

static void write_acr(uint32_t addr, uint32_t value)
{
	if (mock.no_wait_states)
		value &= ~FLASH_ACR_LATENCY;
	mock_set(addr, value);
}

static void write_keyr(uint32_t addr, uint32_t value)
{
	(void)addr;
	if (value == FLASH_KEY1 && keys == 0)
		keys = 1;
	else if (value == FLASH_KEY2 && keys == 1 && !mock.flash_deaf)
		set_bits(FLASH_CR, FLASH_CR_LOCK, 0);
	else
		keys = 2; /* until the next reset */
}

static void write_sr(uint32_t addr, uint32_t value)
{
	mock_set(addr, mock_get(addr) & ~(value & 0xf3u));
}

/* True when the operation leaves nothing behind. */
static bool flash_fails(void)
{
	if (mock.power_cut && --mock.power_cut == 0)
		mock.flash_stuck = true;
	if (mock.flash_stuck)
		set_bits(FLASH_SR, FLASH_SR_BSY, FLASH_SR_BSY);
	set_bits(FLASH_SR, mock.flash_error, mock.flash_error);
	return mock.flash_error || mock.flash_stuck || mock.flash_forgets;
}

static uint32_t sector_addr(unsigned n)
{
	return n < 4    ? FLASH_BASE + n * 0x4000
	       : n == 4 ? FLASH_BASE + 0x10000
			: FLASH_BASE + 0x20000 * (n - 4);
}

static uint32_t sector_bytes(unsigned n)
{
	return n < 4 ? 0x4000 : n == 4 ? 0x10000 : 0x20000;
}

static void write_flash_cr(uint32_t addr, uint32_t value)
{
	unsigned sector = value >> 3 & 15;

	if (mock_get(addr) & FLASH_CR_LOCK)
		return;
	mock_set(addr, value & ~FLASH_CR_STRT);
	if (value & FLASH_CR_LOCK)
		keys = 0;
	if (!(value & FLASH_CR_STRT))
		return;
	assert_true(value & FLASH_CR_SER && sector < 12);
	mock.erases[sector]++;
	if (!flash_fails())
		memset(mock_memory(sector_addr(sector)), 0xff, sector_bytes(sector));
}

static void write_flash(uint32_t addr, uint32_t value)
{
	/* [RM0090] 3.6.4: PG, and words for PSIZE x32. */
	assert_int_equal(mock_get(FLASH_CR) & (FLASH_CR_LOCK | FLASH_CR_PG | 3u << 8),
			 FLASH_CR_PG | FLASH_CR_PSIZE_X32);
	mock.programmed++;
	if (!flash_fails())
		mock_set(addr, mock_get(addr) & value);
}

/* -- the others --------------------------------------------------------------------- */

static void write_bsrr(uint32_t addr, uint32_t value)
{
	uint32_t odr = addr - 0x18 + 0x14;

	mock_set(odr, (mock_get(odr) & ~(value >> 16)) | (value & 0xffff));
}

static void write_exti_pr(uint32_t addr, uint32_t value)
{
	mock_set(addr, mock_get(addr) & ~value);
}

static void write_usart_dr(uint32_t addr, uint32_t value)
{
	(void)addr;
	assert_true(mock_get(USART3_CR1) & USART_CR1_TE);
	if (mock.n_sent + 1 < sizeof(mock.sent))
		mock.sent[mock.n_sent++] = (char)value;
}

static unsigned starts_of_rng, next_number;

static void write_rng_cr(uint32_t addr, uint32_t value)
{
	if (value & ~mock_get(addr) & RNG_CR_RNGEN && mock.rng_recover &&
	    ++starts_of_rng >= mock.rng_recover)
		mock.rng_error = 0;
	mock_set(addr, value);
}

/* [RM0090] 24.4.2: only the two latched flags can be cleared. */
static void write_rng_sr(uint32_t addr, uint32_t value)
{
	set_bits(addr, (RNG_SR_SEIS | RNG_SR_CEIS) & ~value, 0);
}

static void write_iwdg_kr(uint32_t addr, uint32_t value)
{
	(void)addr;
	if (value == IWDG_KEY_START)
		mock.iwdg_running = true;
	if (value == IWDG_KEY_FEED)
		mock.iwdg_fed++;
	mock_set(IWDG_SR, mock.iwdg_stuck ? IWDG_SR_PVU | IWDG_SR_RVU : 0);
}

static void write_aircr(uint32_t addr, uint32_t value)
{
	(void)addr;
	if (value == (SCB_AIRCR_VECTKEY | SCB_AIRCR_SYSRESETREQ))
		mock.resets++;
}

static void write_clear(uint32_t addr, uint32_t value)
{
	mock_set(addr, 0);
	(void)value;
}

static uint32_t read_usart_sr(uint32_t value)
{
	return mock.usart_stuck ? value & ~(USART_SR_TXE | USART_SR_TC)
				: value | USART_SR_TXE | USART_SR_TC;
}

static uint32_t read_rng_sr(uint32_t value)
{
	bool runs = mock_get(RNG_CR) & RNG_CR_RNGEN && !mock.rng_silent;

	return value | mock.rng_error | (runs && !mock.rng_error ? RNG_SR_DRDY : 0);
}

static uint32_t read_rng_dr(uint32_t value)
{
	(void)value;
	if (next_number < ROWS(mock.numbers) && mock.numbers[next_number])
		return mock.numbers[next_number++];
	return 0x1000 + next_number++;
}

/* -- the bus ------------------------------------------------------------------------ */

static const struct writing {
	uint32_t addr;
	void (*write)(uint32_t addr, uint32_t value);
} writings[] = {
	{ RCC_CR, write_cr },          { RCC_CFGR, write_cfgr },
	{ RCC_CIR, write_cir },        { RCC_CSR, write_csr },
	{ FLASH_ACR, write_acr },      { FLASH_KEYR, write_keyr },
	{ FLASH_SR, write_sr },        { FLASH_CR, write_flash_cr },
	{ GPIO_BSRR(0), write_bsrr },  { GPIO_BSRR(3), write_bsrr },
	{ GPIO_BSRR(4), write_bsrr },  { EXTI_PR, write_exti_pr },
	{ USART3_DR, write_usart_dr }, { RNG_CR, write_rng_cr },
	{ RNG_SR, write_rng_sr },      { IWDG_KR, write_iwdg_kr },
	{ SCB_AIRCR, write_aircr },    { STK_VAL, write_clear },
};

static const struct reading {
	uint32_t addr;
	uint32_t (*read)(uint32_t value);
} readings[] = {
	{ USART3_SR, read_usart_sr },
	{ RNG_SR, read_rng_sr },
	{ RNG_DR, read_rng_dr },
};

uint32_t reg_read(uint32_t addr)
{
	uint32_t value = mock_get(addr);

	if (addr == USART3_DR)
		set_bits(USART3_SR,
			 USART_SR_RXNE | USART_SR_ORE | USART_SR_NF | USART_SR_FE, 0);
	for (size_t i = 0; i < ROWS(readings); i++)
		if (readings[i].addr == addr)
			return readings[i].read(value);
	return value;
}

void reg_write(uint32_t addr, uint32_t value)
{
	if (mock.n_writes < ROWS(mock.writes))
		mock.writes[mock.n_writes++] = (struct mock_write){ addr, value };
	for (size_t i = 0; i < ROWS(writings); i++)
		if (writings[i].addr == addr) {
			writings[i].write(addr, value);
			return;
		}
	if (addr - FLASH_BASE < FLASH_BYTES)
		write_flash(addr, value);
	else
		mock_set(addr, value);
}

const uint8_t *mem_at(uint32_t addr)
{
	return mock_memory(addr);
}

int mock_find(uint32_t addr, size_t from)
{
	for (; from < mock.n_writes; from++)
		if (mock.writes[from].addr == addr)
			return (int)from;
	return -1;
}

void mock_receive(uint8_t byte, uint32_t errors)
{
	set_bits(USART3_SR, USART_SR_RXNE | errors, USART_SR_RXNE | errors);
	mock_set(USART3_DR, byte);
	usart_receive();
}

const char *mock_sent(void)
{
	mock.sent[mock.n_sent] = '\0';
	mock.n_sent = 0;
	return mock.sent;
}

int mock_reset(void **state)
{
	(void)state;
	memset(&mock, 0, sizeof(mock));
	for (size_t i = 0; i < ROWS(regions); i++)
		memset(regions[i].mem, 0, regions[i].bytes);
	memset(flash, 0xff, sizeof(flash));
	memset(mock_memory(ID_BASE), 0xff, 0x210);
	mock_set(RCC_CR, 0x83);
	mock_set(RCC_PLLCFGR, RCC_PLLCFGR_RESET);
	mock_set(RCC_AHB1ENR, RCC_AHB1ENR_RESET);
	mock_set(RCC_CSR, RCC_CSR_PORRSTF | RCC_CSR_BORRSTF | RCC_CSR_PINRSTF);
	mock_set(PWR_CR, PWR_CR_VOS);
	mock_set(FLASH_CR, FLASH_CR_LOCK);
	mock_set(GPIO_MODER(0), 0xa8000000);
	mock_set(DBGMCU_IDCODE, 0x100f0413);
	mock_set(UID_BASE, 0x00580027);
	mock_set(UID_BASE + 4, 0x3331500b);
	mock_set(UID_BASE + 8, 0x20333153);
	mock_set(UID_BASE + 0x10, 1024u << 16); /* the flash's size, a half-word */
	keys = starts_of_rng = next_number = 0;
	return 0;
}

/* -- the core ----------------------------------------------------------------------- */

void cpu_irq_on(void)
{
}

void cpu_barrier(void)
{
}

void cpu_sleep(void)
{
}

void cpu_halt(void)
{
	mock.halts++;
}

void cpu_start(uint32_t sp, uint32_t pc)
{
	mock.started_sp = sp;
	mock.started_pc = pc;
}
