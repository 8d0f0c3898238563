/*
 * From reset to rule(), and what comes of it: by semihosting to whoever runs the board.
 */
#include "rule.h"

#include <stddef.h>

#define STACK             0x20020000u
#define EXCEPTIONS        (16 + IRQS)
#define SYS_WRITE0        0x04
#define SYS_SYSTEM        0x12
#define SYS_EXIT_EXTENDED 0x20
#define ADP_STOPPED       0x20026u
#define MOST_TO_TELL      10 /* a board that is not there would fail everything */
#define AIRCR_VECTKEY     0x05FA0000u

extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[];

static void (*handlers[EXCEPTIONS])(void);
static unsigned failures;

/* -- telling ------------------------------------------------------------------------ */

static uint32_t semihost(uint32_t operation, const void *argument)
{
	register uint32_t r0 __asm__("r0") = operation;
	register const void *r1 __asm__("r1") = argument;

	__asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
	return r0;
}

static void tell(const char *text)
{
	semihost(SYS_WRITE0, text);
}

static void tell_hex(uint32_t value)
{
	char text[11] = "0x";

	for (int i = 0; i < 8; i++)
		text[2 + i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
	text[10] = '\0';
	tell(text);
}

static void tell_line(unsigned line)
{
	char text[8] = { 0 };
	char *at = text + sizeof(text) - 1;

	do
		*--at = (char)('0' + line % 10);
	while ((line /= 10));
	tell("line ");
	tell(at);
	tell(": ");
}

static bool count(void)
{
	return failures++ < MOST_TO_TELL;
}

bool expect_of(unsigned line, const char *what, const char *name, uint32_t got,
	       uint32_t want)
{
	if (got == want)
		return true;
	if (!count())
		return false;
	tell_line(line);
	tell(what);
	if (name) {
		tell(" of ");
		tell(name);
	}
	tell(" is ");
	tell_hex(got);
	tell(", not ");
	tell_hex(want);
	tell("\n");
	return false;
}

bool expect(unsigned line, const char *what, uint32_t got, uint32_t want)
{
	return expect_of(line, what, NULL, got, want);
}

bool expect_within(unsigned line, const char *what, uint32_t got, uint32_t from,
		   uint32_t to)
{
	if (got >= from && got <= to)
		return true;
	if (!count())
		return false;
	tell_line(line);
	tell(what);
	tell(" is ");
	tell_hex(got);
	tell(", not within ");
	tell_hex(from);
	tell(" and ");
	tell_hex(to);
	tell("\n");
	return false;
}

void finish(void)
{
	const uint32_t block[2] = { ADP_STOPPED, failures };

	semihost(SYS_EXIT_EXTENDED, block);
	for (;;)
		;
}

void by_hand(const char *what)
{
	uint32_t len = 0;

	while (what[len])
		len++;
	semihost(SYS_SYSTEM, (uint32_t[2]){ (uint32_t)(uintptr_t)what, len });
}

/* -- exceptions --------------------------------------------------------------------- */

/* What the exception has pushed: R0 to R3, R12, LR, PC, xPSR */
static uint32_t *frame;

void skip_fault(void)
{
	frame[6] += HALFWORD(frame[6]) >> 11 >= 0x1D ? 4 : 2;
	SCB_CFSR = SCB_CFSR;
}

__attribute__((used)) static void take(uint32_t *pushed)
{
	uint32_t number;

	frame = pushed;
	__asm__ volatile("mrs %0, ipsr" : "=r"(number));
	if (handlers[number]) {
		handlers[number]();
		return;
	}
	failures++;
	tell("exception ");
	tell_hex(number);
	tell(", which nobody expects; CFSR ");
	tell_hex(SCB_CFSR);
	tell(", BFAR ");
	tell_hex(SCB_BFAR);
	tell("\n");
	finish();
}

__attribute__((naked)) static void dispatch(void)
{
	__asm__ volatile("mov r0, sp\n\tb take");
}

void on_exception(unsigned number, void (*handler)(void))
{
	handlers[number] = handler;
}

void on_irq(unsigned irq, void (*handler)(void))
{
	on_exception(16 + irq, handler);
	NVIC_ISER(irq / 32) = BIT(irq % 32);
}

void irqs_off(void)
{
	__asm__ volatile("cpsid i" ::: "memory");
}

void irqs_on(void)
{
	__asm__ volatile("cpsie i\n\tisb" ::: "memory");
}

void barrier(void)
{
	__asm__ volatile("dsb\n\tisb" ::: "memory");
}

void sleep(void)
{
	__asm__ volatile("dsb\n\twfi" ::: "memory");
}

void system_reset(void)
{
	SCB_AIRCR = AIRCR_VECTKEY | BIT(2);
	barrier();
	for (;;)
		;
}

bool fresh(void)
{
	return RCC_CSR & RCC_CSR_PORRSTF;
}

/* -- the chip ----------------------------------------------------------------------- */

void wait_cycles(uint32_t cycles)
{
	uint32_t since = DWT_CYCCNT;

	while (DWT_CYCCNT - since < cycles)
		;
}

void clock_168_mhz(void)
{
	RCC_CR |= RCC_CR_HSEON;
	EXPECT(COMES(RCC_CR & RCC_CR_HSERDY, 16000 * 10), true);
	RCC_PLLCFGR = 8 | 336u << 6 | 0u << 16 | BIT(22) | 7u << 24;
	RCC_CR |= RCC_CR_PLLON;
	EXPECT(COMES(RCC_CR & RCC_CR_PLLRDY, 16000 * 2), true);
	FLASH_ACR = 0x705;
	RCC_CFGR = 5u << 10 | 4u << 13;
	RCC_CFGR |= 2;
	EXPECT(COMES((RCC_CFGR & RCC_CFGR_SWS) == 2u << 2, 1000), true);
}

void flash_unlock(void)
{
	FLASH_KEYR = 0x45670123;
	FLASH_KEYR = 0xCDEF89AB;
}

/* Both from flash: the bus holds the program up until it is done. */
void flash_erase(unsigned sector)
{
	FLASH_CR = FLASH_CR_SER | FLASH_CR_SNB(sector) | FLASH_CR_PSIZE_32;
	FLASH_CR |= FLASH_CR_STRT;
	while (FLASH_SR & FLASH_SR_BSY)
		;
	FLASH_CR = 0;
}

void flash_program(uint32_t address, uint32_t word)
{
	FLASH_CR = FLASH_CR_PG | FLASH_CR_PSIZE_32;
	REG(address) = word;
	while (FLASH_SR & FLASH_SR_BSY)
		;
	FLASH_CR = 0;
}

void option_write(uint32_t optcr)
{
	FLASH_OPTKEYR = 0x08192A3B;
	FLASH_OPTKEYR = 0x4C5D6E7F;
	FLASH_OPTCR = optcr;
	FLASH_OPTCR |= FLASH_OPTCR_OPTSTRT;
	while (FLASH_SR & FLASH_SR_BSY)
		;
}

void rtc_on_lsi(void)
{
	RCC_APB1ENR |= BIT(28);
	PWR_CR |= PWR_CR_DBP;
	RCC_CSR |= RCC_CSR_LSION;
	EXPECT(COMES(RCC_CSR & RCC_CSR_LSIRDY, 16000), true);
	RCC_BDCR = 2u << 8 | BIT(15);
}

void pin_mode(uint32_t port, unsigned pin, unsigned mode)
{
	GPIO_MODER(port) = (GPIO_MODER(port) & ~(3u << 2 * pin)) | mode << 2 * pin;
}

void pin_function(uint32_t port, unsigned pin, unsigned af)
{
	volatile uint32_t *afr = pin < 8 ? &GPIO_AFRL(port) : &GPIO_AFRH(port);

	*afr = (*afr & ~(15u << pin % 8 * 4)) | af << pin % 8 * 4;
	pin_mode(port, pin, 2);
}

/* -- from reset --------------------------------------------------------------------- */

__attribute__((used)) static void boot(void)
{
	for (uint32_t *from = data_load, *to = data_start; to < data_end;)
		*to++ = *from++;
	for (uint32_t *at = bss_start; at < bss_end;)
		*at++ = 0;
	DEMCR = BIT(24);
	DWT_CTRL = 1;
	rule();
	finish();
}

__attribute__((section(".vectors"),
	       used)) static void (*const vectors[EXCEPTIONS])(void) = {
	(void (*)(void))STACK,
	boot,
	[2 ... EXCEPTIONS - 1] = dispatch,
};
