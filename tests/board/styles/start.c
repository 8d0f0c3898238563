#include "style.h"

extern uint32_t style_data_from[], style_data[], style_data_end[], style_bss[],
	style_bss_end[], style_stack[];

int main(void);
void reset_handler(void);

static bool failed;

static void unexpected(void)
{
	style_say("an exception that nobody expects\n");
	failed = true;
	style_end();
}

#define HANDLER(name) __attribute__((weak, alias("unexpected"))) void name(void)
HANDLER(svc_handler);
HANDLER(pendsv_handler);
HANDLER(systick_handler);
HANDLER(exti0_handler);
HANDLER(tim2_handler);
HANDLER(dma2_stream0_handler);

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const vector vectors[VECTORS] = {
	(vector)style_stack,
	reset_handler,
	unexpected,
	unexpected,
	unexpected,
	unexpected,
	unexpected,
	0,
	0,
	0,
	0,
	svc_handler,
	unexpected,
	0,
	pendsv_handler,
	systick_handler,
	[16 + EXTI0_IRQ] = exti0_handler,
	[16 + TIM2_IRQ] = tim2_handler,
	[16 + DMA2_STREAM0_IRQ] = dma2_stream0_handler,
};

void reset_handler(void)
{
	uint32_t *from = style_data_from, *to;

	for (to = style_data; to < style_data_end; to++)
		*to = *from++;
	for (to = style_bss; to < style_bss_end; to++)
		*to = 0;
	SCB_CPACR |= 0xFu << 20;
	__asm volatile("dsb\n\tisb");
	main();
	style_end();
}

/* In the order of ST's SystemInit */
void style_start(void)
{
	REG(RCC + CR) |= 1u << 16;
	while (!(REG(RCC + CR) & 1u << 17))
		;
	REG(RCC + APB1ENR) |= 1u << 28;
	REG(PWR) |= 3u << 14;
	REG(RCC + CFGR) |= 5u << 10 | 4u << 13;
	REG(RCC + PLLCFGR) = 8 | 336 << 6 | 1u << 22 | 7u << 24;
	REG(RCC + CR) |= 1u << 24;
	while (!(REG(RCC + CR) & 1u << 25))
		;
	REG(FLASH) = 7u << 8 | FLASH_5_WS;
	REG(RCC + CFGR) |= 2;
	while ((REG(RCC + CFGR) & 0xC) != 0x8)
		;
	style_console();
}

void style_console(void)
{
	REG(RCC + APB1ENR) |= 1u << 17;
	REG(RCC + AHB1ENR) |= 1;
	REG(GPIOA + MODER) |= 2u << 4;
	REG(GPIOA + AFRL) |= 7u << 8;
	REG(USART2 + 0x08) = 42000000 / 115200;
	REG(USART2 + 0x0C) = 1u << 13 | 1u << 3;
}

void style_say(const char *words)
{
	for (; *words && REG(USART2 + 0x0C); words++) {
		while (!(REG(USART2) & 1u << 7))
			;
		REG(USART2 + 4) = (uint8_t)*words;
	}
}

static void say_number(uint32_t value)
{
	char digits[9];

	for (unsigned i = 0; i < 8; i++)
		digits[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
	digits[8] = 0;
	style_say(digits);
}

bool style_expect(unsigned line, const char *what, uint32_t got, uint32_t from,
		  uint32_t to)
{
	if (got >= from && got <= to)
		return true;
	failed = true;
	style_say("line ");
	say_number(line);
	style_say(": ");
	style_say(what);
	style_say(" is ");
	say_number(got);
	style_say("\n");
	return false;
}

void style_end(void)
{
	style_say(failed ? "failed\n" : "passed\n");
	for (;;)
		__asm volatile("cpsid i\n\twfi");
}
