/*
 * I2C1 as a master asks the codec for its identity; nobody at an address is AF; the flags
 * come and go as they are read (RM0090 27.3.3, 27.6.6; CS43L22 6.1).
 */
#include "i2c_codec.h"

static void start(uint32_t address)
{
	I2C_CR1(I2C1) |= START;
	EXPECT(flag(SB), true);
	EXPECT(I2C_SR2(I2C1) & 3, 3); /* MSL, BUSY */
	I2C_DR(I2C1) = address;
}

static uint32_t read_register(uint32_t number)
{
	uint32_t value;

	start(CODEC);
	EXPECT(flag(ADDR), true);
	(void)I2C_SR1(I2C1);
	EXPECT(I2C_SR2(I2C1) & BIT(2), BIT(2)); /* TRA; and ADDR goes */
	EXPECT(I2C_SR1(I2C1) & ADDR, 0);
	I2C_DR(I2C1) = number;
	EXPECT(flag(BTF), true);
	start(CODEC | 1);
	EXPECT(flag(ADDR), true);
	I2C_CR1(I2C1) &= ~ACK;
	(void)I2C_SR2(I2C1);
	I2C_CR1(I2C1) |= STOP;
	EXPECT(flag(RXNE), true);
	value = I2C_DR(I2C1);
	EXPECT(I2C_SR1(I2C1) & RXNE, 0);
	EXPECT(COMES(!(I2C_CR1(I2C1) & STOP), 20000), true);
	EXPECT(COMES(!(I2C_SR2(I2C1) & BIT(1)), 20000), true);
	return value;
}

static void set_up(void)
{
	RCC_AHB1ENR |= BIT(1) | BIT(3);
	RCC_APB1ENR |= BIT(21);
	GPIO_OTYPER(GPIOB) |= BIT(6) | BIT(9);
	pin_function(GPIOB, 6, 4);
	pin_function(GPIOB, 9, 4);
	pin_mode(GPIOD, 4, 1); /* the codec's reset, low */
	I2C_CR2(I2C1) = 16;
	I2C_CCR(I2C1) = 80; /* 100 kHz */
	I2C_TRISE(I2C1) = 17;
	I2C_CR1(I2C1) = PE;
}

void rule(void)
{
	uint32_t since;

	set_up();
	start(CODEC); /* in reset it does not answer */
	EXPECT(flag(AF), true);
	EXPECT(I2C_SR1(I2C1) & ADDR, 0);
	I2C_SR1(I2C1) = (uint32_t)~AF;
	EXPECT(I2C_SR1(I2C1) & AF, 0);
	I2C_CR1(I2C1) |= STOP;
	EXPECT(COMES(!(I2C_SR2(I2C1) & 2), 20000), true);
	GPIO_BSRR(GPIOD) = BIT(4);
	EXPECT(read_register(0x01) & 0xF8, 0xE0);
	EXPECT(read_register(0x02), 0x01);
	start(0x20);
	since = DWT_CYCCNT;
	EXPECT(flag(AF), true);
	EXPECT_WITHIN(DWT_CYCCNT - since, 9 * 140, 9 * 180); /* nine bits of 160 */
	I2C_CR1(I2C1) |= STOP;
}
