/*
 * In the manner of a hardware abstraction library: each wait has a time-out by SysTick,
 * bits are set through their alias or a byte of the register, the clock tree is set up in
 * steps that look back at what was written; then the board's parts, as its demonstrations
 * use them, and what is not there, which must end in a time-out.
 */
#include "style.h"

enum { OK = 0, TIMEOUT = 1 };

static volatile uint32_t ticks;

void systick_handler(void)
{
	ticks++;
}

static unsigned wait(uint32_t address, uint32_t mask, uint32_t want, uint32_t ms)
{
	uint32_t since = ticks;

	while ((REG(address) & mask) != want)
		if (ticks - since > ms)
			return TIMEOUT;
	return OK;
}

/* -- the clock ---------------------------------------------------------------------------- */

static void systick(uint32_t hz)
{
	SYST_RVR = hz / 1000 - 1;
	SCB_SHPR[15 - 4] = 0xF0;
	SYST_CVR = 0;
	SYST_CSR = 7;
}

static void clock(void)
{
	systick(16000000);
	BIT(RCC + APB1ENR, 28) = 1;
	REG(PWR) = (REG(PWR) & ~(3u << 14)) | 3u << 14;
	BYTE(RCC + CR + 2) = 1; /* HSEON, and no bypass */
	EXPECT(wait(RCC + CR, 1u << 17, 1u << 17, 100), OK);
	BIT(RCC + CR, 24) = 0;
	EXPECT(wait(RCC + CR, 1u << 25, 0, 2), OK);
	REG(RCC + PLLCFGR) = 8 | 336 << 6 | 1u << 22 | 7u << 24;
	BIT(RCC + CR, 24) = 1;
	EXPECT(wait(RCC + CR, 1u << 25, 1u << 25, 2), OK);
	BYTE(FLASH) = FLASH_5_WS;
	EXPECT(REG(FLASH) & 7, FLASH_5_WS);
	REG(RCC + CFGR) |= 7u << 10 | 7u << 13; /* as slow as can be over the switch */
	REG(RCC + CFGR) = (REG(RCC + CFGR) & ~3u) | 2;
	EXPECT(wait(RCC + CFGR, 0xC, 0x8, 5000), OK);
	REG(RCC + CFGR) =
		(REG(RCC + CFGR) & ~(7u << 10 | 7u << 13)) | 5u << 10 | 4u << 13;
	systick(168000000);
	EXPECT(wait(PWR + 4, 1u << 14, 1u << 14, 1000), OK);
}

/* X3 is empty: the calendar goes by the internal oscillator instead. */
static void calendar(void)
{
	BIT(PWR, 8) = 1;
	EXPECT(wait(PWR, 1u << 8, 1u << 8, 2), OK);
	REG(RCC + BDCR) |= 1;
	EXPECT(wait(RCC + BDCR, 2, 2, 20), TIMEOUT);
	REG(RCC + BDCR) &= ~1u;
	BIT(RCC + CSR, 0) = 1;
	EXPECT(wait(RCC + CSR, 2, 2, 2), OK);
	REG(RCC + BDCR) |= 2u << 8 | 1u << 15;
	REG(RTC + 0x24) = 0xCA;
	REG(RTC + 0x24) = 0x53;
	REG(RTC + 0x0C) = 0xFFFFFFFF;
	EXPECT(wait(RTC + 0x0C, 1u << 6, 1u << 6, 1000), OK);
	REG(RTC + 0x10) = 255;
	REG(RTC + 0x10) |= 127u << 16;
	REG(RTC) = 0x235958;
	REG(RTC + 4) = 0x24C231;
	REG(RTC + 0x0C) &= ~(1u << 7);
	REG(RTC + 0x0C) &= ~(1u << 5);
	EXPECT(wait(RTC + 0x0C, 1u << 5, 1u << 5, 1000), OK);
	EXPECT(REG(RTC), 0x235958);
	EXPECT(REG(RTC + 4), 0x24C231);
}

/* -- the codec ------------------------------------------------------------------------------- */

enum {
	I2C_CR1 = 0x00,
	I2C_CR2 = 0x04,
	I2C_DR = 0x10,
	SR1 = 0x14,
	SR2 = 0x18,
	CCR = 0x1C,
	TRISE = 0x20
};
enum { SB = 1, ADDR = 2, BTF = 4, RXNE = 0x40, TXE = 0x80, AF = 0x400 };
enum { PE = 1, START = 0x100, STOP = 0x200, ACK = 0x400, POS = 0x800 };

#define CODEC 0x94u

static unsigned address(uint32_t byte)
{
	uint32_t since = ticks;

	REG(I2C1 + I2C_CR1) |= START;
	if (wait(I2C1 + SR1, SB, SB, 10))
		return TIMEOUT;
	REG(I2C1 + I2C_DR) = byte;
	while (!(REG(I2C1 + SR1) & ADDR)) {
		if (REG(I2C1 + SR1) & AF) {
			REG(I2C1 + I2C_CR1) |= STOP;
			REG(I2C1 + SR1) = ~(uint32_t)AF;
			return AF;
		}
		if (ticks - since > 10)
			return TIMEOUT;
	}
	return OK;
}

static void clear_address(void)
{
	(void)REG(I2C1 + SR1);
	(void)REG(I2C1 + SR2);
}

static unsigned codec_write(uint8_t at, uint8_t value)
{
	unsigned wrong = wait(I2C1 + SR2, 2, 0, 25) | address(CODEC);

	clear_address();
	wrong |= wait(I2C1 + SR1, TXE, TXE, 10);
	REG(I2C1 + I2C_DR) = at;
	wrong |= wait(I2C1 + SR1, TXE, TXE, 10);
	REG(I2C1 + I2C_DR) = value;
	wrong |= wait(I2C1 + SR1, BTF, BTF, 10);
	REG(I2C1 + I2C_CR1) |= STOP;
	return wrong;
}

/* One byte: the NACK is set before ADDR is cleared; two: with POS; else the last three. */
static unsigned codec_read(uint8_t at, uint8_t *to, unsigned count)
{
	unsigned wrong = wait(I2C1 + SR2, 2, 0, 25);

	REG(I2C1 + I2C_CR1) &= ~(uint32_t)POS;
	REG(I2C1 + I2C_CR1) |= ACK;
	wrong |= address(CODEC);
	clear_address();
	wrong |= wait(I2C1 + SR1, TXE, TXE, 10);
	REG(I2C1 + I2C_DR) = at;
	wrong |= wait(I2C1 + SR1, TXE, TXE, 10);
	wrong |= address(CODEC | 1);
	if (count == 1) {
		REG(I2C1 + I2C_CR1) &= ~(uint32_t)ACK;
		clear_address();
		REG(I2C1 + I2C_CR1) |= STOP;
	} else if (count == 2) {
		REG(I2C1 + I2C_CR1) |= POS;
		clear_address();
		REG(I2C1 + I2C_CR1) &= ~(uint32_t)ACK;
	} else {
		clear_address();
	}
	for (; count > 3; count--) {
		wrong |= wait(I2C1 + SR1, RXNE, RXNE, 10);
		*to++ = (uint8_t)REG(I2C1 + I2C_DR);
	}
	if (count == 3) {
		wrong |= wait(I2C1 + SR1, BTF, BTF, 10);
		REG(I2C1 + I2C_CR1) &= ~(uint32_t)ACK;
		*to++ = (uint8_t)REG(I2C1 + I2C_DR);
		count = 2;
	}
	if (count == 2) {
		wrong |= wait(I2C1 + SR1, BTF, BTF, 10);
		REG(I2C1 + I2C_CR1) |= STOP;
		*to++ = (uint8_t)REG(I2C1 + I2C_DR);
	} else {
		wrong |= wait(I2C1 + SR1, RXNE, RXNE, 10);
	}
	*to = (uint8_t)REG(I2C1 + I2C_DR);
	return wrong;
}

static void codec(void)
{
	uint8_t got[6];

	REG(RCC + AHB1ENR) |= 1u << 1 | 1u << 3;
	REG(RCC + APB1ENR) |= 1u << 21;
	REG(GPIOB + MODER) |= 2u << 12 | 2u << 18;
	REG(GPIOB + OTYPER) |= 1u << 6 | 1u << 9;
	REG(GPIOB + AFRL) |= 4u << 24;
	REG(GPIOB + AFRH) |= 4u << 4;
	REG(GPIOD + MODER) |= 1u << 8;
	REG(GPIOD + BSRR) = 1u << 20; /* its reset */
	wait(RCC, 0, 1, 4);
	REG(GPIOD + BSRR) = 1u << 4;
	wait(RCC, 0, 1, 4);
	REG(I2C1 + I2C_CR2) = 42;
	REG(I2C1 + CCR) = 210;
	REG(I2C1 + TRISE) = 43;
	REG(I2C1 + I2C_CR1) = PE;
	EXPECT(address(0x30), AF); /* nobody */
	EXPECT(codec_read(0x01, got, 1), OK);
	EXPECT(got[0] & 0xF8, 0xE0);
	EXPECT(codec_write(0x20, 0x12), OK);
	EXPECT(codec_write(0x21, 0x34), OK);
	EXPECT(codec_write(0x22, 0x56), OK);
	EXPECT(codec_write(0x23, 0x78), OK);
	for (unsigned count = 1; count <= 4; count++) {
		for (unsigned i = 0; i < sizeof(got); i++)
			got[i] = 0;
		EXPECT(codec_read(0x80 | 0x20, got, count), OK);
		EXPECT(got[0], 0x12);
		EXPECT(got[1], count > 1 ? 0x34 : 0);
		EXPECT(got[2], count > 2 ? 0x56 : 0);
		EXPECT(got[3], count > 3 ? 0x78 : 0);
		EXPECT(got[4], 0);
	}
	EXPECT(wait(I2C1 + SR2, 2, 0, 25), OK);
}

/* -- the accelerometer ------------------------------------------------------------------------ */

static uint8_t exchange(uint8_t byte)
{
	EXPECT(wait(SPI1 + 8, 2, 2, 10), OK);
	BYTE(SPI1 + 0x0C) = byte;
	EXPECT(wait(SPI1 + 8, 1, 1, 10), OK);
	return (uint8_t)REG(SPI1 + 0x0C);
}

static uint8_t accelerometer(uint8_t at, uint8_t value)
{
	uint8_t got;

	REG(GPIOE + BSRR) = 1u << 19;
	exchange(at);
	got = exchange(value);
	EXPECT(wait(SPI1 + 8, 1u << 7, 0, 10), OK);
	REG(GPIOE + BSRR) = 1u << 3;
	return got;
}

static void tilt(void)
{
	REG(RCC + AHB1ENR) |= 1u << 4;
	REG(RCC + APB2ENR) |= 1u << 12;
	REG(GPIOA + MODER) |= 2u << 10 | 2u << 12 | 2u << 14;
	REG(GPIOA + AFRL) |= 5u << 20 | 5u << 24 | 5u << 28;
	REG(GPIOE + BSRR) = 1u << 3;
	REG(GPIOE + MODER) |= 1u << 6;
	REG(SPI1) = 1u << 2 | 3u << 3 | 3u << 8 | 3;
	REG(SPI1) |= 1u << 6;
	EXPECT(accelerometer(0x80 | 0x0F, 0), 0x3F); /* LIS3DSH */
	accelerometer(0x20, 0x67);
	EXPECT(accelerometer(0x80 | 0x20, 0), 0x67);
}

/* -- a wave ---------------------------------------------------------------------------------- */

/* TIM6 starts the DAC, the DMA feeds it, and the ADC looks at the same pin. */
static void wave(void)
{
	static const uint16_t steps[] = { 0, 1000, 2000, 3000, 4000, 3000, 2000, 1000 };
	uint32_t seen = 0;

	REG(RCC + AHB1ENR) |= 1u << 21;
	REG(RCC + APB1ENR) |= 1u << 4 | 1u << 29;
	REG(RCC + APB2ENR) |= 1u << 8;
	REG(GPIOA + MODER) |= 3u << 8;
	REG(TIM6 + 0x28) = 84 - 1;
	REG(TIM6 + 0x2C) = 1000 - 1;
	REG(TIM6 + 0x04) = 2u << 4;
	REG(DMA1 + 0x90) = DAC + 0x08; /* stream 5, channel 7, circular */
	REG(DMA1 + 0x94) = (uint32_t)steps;
	REG(DMA1 + 0x8C) = sizeof(steps) / sizeof(steps[0]);
	REG(DMA1 + 0x88) =
		7u << 25 | 1u << 13 | 1u << 11 | 1u << 10 | 1u << 8 | 1u << 6 | 1;
	REG(DAC) = 1u << 12 | 1u << 2 | 1;
	REG(TIM6) = 1;
	REG(ADC1 + 0x34) = 4;
	REG(ADC1 + 0x08) = 1;
	for (uint32_t since = ticks; ticks - since < 20;) {
		BIT(ADC1 + 0x08, 30) = 1;
		if (!EXPECT(wait(ADC1, 2, 2, 10), OK))
			return;
		seen |= 1u << REG(ADC1 + 0x4C) / 1000;
	}
	EXPECT(seen, 0x1F);
	EXPECT(REG(DAC + 0x34), 0);
}

/* -- sound ----------------------------------------------------------------------------------- */

/* 48 kHz for the codec by I2S3, 10 times a millisecond of it from memory */
static void sound(void)
{
	static const int16_t silence[96];
	uint32_t since;

	REG(RCC + 0x84) = 3u << 28 | 258u << 6;
	BIT(RCC + CR, 26) = 1;
	EXPECT(wait(RCC + CR, 1u << 27, 1u << 27, 2), OK);
	REG(RCC + APB1ENR) |= 1u << 15;
	REG(SPI3 + 0x20) = 1u << 9 | 1u << 8 | 3;
	REG(SPI3 + 0x1C) = 1u << 11 | 2u << 8;
	REG(DMA1 + 0xC0) = SPI3 + 0x0C; /* stream 7, channel 0, circular */
	REG(DMA1 + 0xC4) = (uint32_t)silence;
	REG(DMA1 + 0xBC) = sizeof(silence) / sizeof(silence[0]);
	REG(DMA1 + 0xB8) = 1u << 13 | 1u << 11 | 1u << 10 | 1u << 8 | 1u << 6 | 1;
	REG(SPI3 + 0x04) = 2;
	since = ticks;
	REG(SPI3 + 0x1C) |= 1u << 10;
	for (unsigned i = 0; i < 10; i++) {
		EXPECT(wait(DMA1 + 4, 1u << 27, 1u << 27, 5), OK);
		REG(DMA1 + 0x0C) = 1u << 27;
	}
	EXPECT_WITHIN(ticks - since, 9, 11);
}

/* -- no cable ------------------------------------------------------------------------------- */

static void usb(void)
{
	REG(RCC + AHB2ENR) |= 1u << 7;
	REG(OTG_FS + 0x0C) |= 1u << 6;
	EXPECT(wait(OTG_FS + 0x10, 1u << 31, 1u << 31, 50), OK);
	REG(OTG_FS + 0x10) |= 1;
	EXPECT(wait(OTG_FS + 0x10, 1, 0, 50), OK);
	REG(OTG_FS + 0x0C) |= 1u << 30;
	EXPECT(wait(OTG_FS + 0x14, 1, 0, 50), OK);
	REG(OTG_FS + 0x10) = 1u << 5 | 16u << 6;
	EXPECT(wait(OTG_FS + 0x10, 1u << 5, 0, 50), OK);
	EXPECT(REG(OTG_FS + 0x14) & 0x3000, 0); /* neither reset nor enumerated */
}

int main(void)
{
	clock();
	style_console();
	calendar();
	codec();
	tilt();
	wave();
	sound();
	usb();
	return 0;
}
