/* The I2C masters (RM0090 section 27) and the codec on I2C1. */
#include "one_bench.h"

#include "parts/cs43l22.h"
#include "periph/i2c.h"
#include "periph/pins.h"

#define I2C1  0x40005400u
#define CR1   0x00u
#define CR2   0x04u
#define DR    0x10u
#define SR1   0x14u
#define SR2   0x18u
#define CCR   0x1Cu
#define GPIOB 0x40020400u
#define GPIOD 0x40020C00u
#define BSRR  0x18u

#define PE    0x001u
#define START 0x100u
#define STOP  0x200u
#define ACK   0x400u
#define POS   0x800u

#define SB   0x0001u
#define ADDR 0x0002u
#define BTF  0x0004u
#define RXNE 0x0040u
#define TXE  0x0080u
#define AF   0x0400u

#define BIT  160 /* 100 kHz at 16 MHz */
#define BYTE (9 * BIT)

#define CODEC 0x94

static struct cs43l22 *part;

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 1, true);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 3, true);
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 21, true);
	part = cs43l22_new(bench.mcu);
	assert_non_null(part);
	wr(GPIOB + 0x04, 1u << 6 | 1u << 9); /* open drain */
	wr(GPIOB + 0x20, 4u << 24);
	wr(GPIOB + 0x24, 4u << 4);
	wr(GPIOB, 2u << 12 | 2u << 18); /* PB6 and PB9 */
	wr(GPIOD + BSRR, 1u << 4);
	wr(GPIOD, 1u << 8); /* PD4 high: out of reset */
	wr(I2C1 + CR2, 16);
	wr(I2C1 + CCR, 80);
	wr(I2C1 + CR1, PE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	cs43l22_free(part);
	bench_close(&bench);
	return 0;
}

static void start(uint8_t address)
{
	wr(I2C1 + CR1, rd(I2C1 + CR1) | START);
	bench_run(&bench, BIT);
	assert_int_equal(rd(I2C1 + SR1) & SB, SB);
	wr(I2C1 + DR, address);
	bench_run(&bench, BYTE);
}

static void clear_addr(void)
{
	assert_int_equal(rd(I2C1 + SR1) & ADDR, ADDR);
	rd(I2C1 + SR2);
	assert_int_equal(rd(I2C1 + SR1) & ADDR, 0);
}

static void send(uint8_t byte)
{
	assert_int_equal(rd(I2C1 + SR1) & TXE, TXE);
	wr(I2C1 + DR, byte);
	bench_run(&bench, BYTE);
	assert_int_equal(rd(I2C1 + SR1) & (TXE | BTF), TXE | BTF);
}

static void stop(void)
{
	wr(I2C1 + CR1, rd(I2C1 + CR1) | STOP);
	bench_run(&bench, BIT);
	assert_int_equal(rd(I2C1 + CR1) & STOP, 0);
	assert_int_equal(rd(I2C1 + SR2), 0);
}

static void write_registers(uint8_t map, const uint8_t *values, unsigned count)
{
	start(CODEC);
	clear_addr();
	send(map);
	for (unsigned i = 0; i < count; i++)
		send(values[i]);
	stop();
}

/* The sequences for one, two and more bytes of 27.3.3. */
static void read_registers(uint8_t map, uint8_t *values, unsigned count)
{
	start(CODEC);
	clear_addr();
	send(map);
	wr(I2C1 + CR1, PE | (count > 1 ? ACK : 0) | (count == 2 ? POS : 0));
	start(CODEC | 1);
	if (count == 1) {
		clear_addr();
		wr(I2C1 + CR1, PE | STOP);
		bench_run(&bench, BYTE);
		assert_int_equal(rd(I2C1 + SR1) & RXNE, RXNE);
		values[0] = (uint8_t)rd(I2C1 + DR);
	} else if (count == 2) {
		clear_addr();
		wr(I2C1 + CR1, PE | POS);
		bench_run(&bench, 2 * BYTE);
		assert_int_equal(rd(I2C1 + SR1) & BTF, BTF);
		wr(I2C1 + CR1, PE | STOP);
		values[0] = (uint8_t)rd(I2C1 + DR);
		values[1] = (uint8_t)rd(I2C1 + DR);
	} else {
		clear_addr();
		for (unsigned i = 0; i < count; i++) {
			if (i == count - 3) {
				bench_run(&bench, 2 * BYTE);
				assert_int_equal(rd(I2C1 + SR1) & BTF, BTF);
				wr(I2C1 + CR1, PE);
			} else if (i == count - 2) {
				bench_run(&bench, BYTE);
				wr(I2C1 + CR1, PE | STOP);
			} else if (i < count - 3) {
				bench_run(&bench, BYTE);
				assert_int_equal(rd(I2C1 + SR1) & RXNE, RXNE);
			}
			values[i] = (uint8_t)rd(I2C1 + DR);
		}
	}
	bench_run(&bench, BIT);
	assert_int_equal(rd(I2C1 + SR2), 0);
	assert_int_equal(rd(I2C1 + SR1) & (RXNE | BTF), 0);
	wr(I2C1 + CR1, PE);
}

static void reset_values(void **state)
{
	(void)state;
	mcu_periph_reset(bench.mcu, PERIPH_APB1, 21, true);
	mcu_periph_reset(bench.mcu, PERIPH_APB1, 21, false);
	for (uint32_t at = 0; at <= 0x24; at += 4)
		assert_int_equal(rd(I2C1 + at), at == 0x20 ? 2 : 0);
}

static void the_codec_says_who_it_is(void **state)
{
	uint8_t id = 0;

	(void)state;
	read_registers(0x01, &id, 1);
	assert_int_equal(id, 0xE3);
}

static void writes_and_reads_back(void **state)
{
	static const uint8_t values[] = { 0x11, 0x22, 0x33, 0x44, 0x55 };
	uint8_t back[5];

	(void)state;
	write_registers(0x80 | 0x10, values, 5);
	for (unsigned count = 1; count <= 5; count++) {
		read_registers(0x80 | 0x10, back, count);
		assert_memory_equal(back, values, count);
	}
	read_registers(0x10, back, 3); /* without the increment */
	assert_int_equal(back[2], 0x11);
}

static void nobody_answers(void **state)
{
	(void)state;
	start(0x20);
	assert_int_equal(rd(I2C1 + SR1) & (ADDR | AF), AF);
	wr(I2C1 + SR1, ~AF);
	stop();
	wr(GPIOD + BSRR, 1u << 20); /* in reset */
	start(CODEC);
	assert_int_equal(rd(I2C1 + SR1) & (ADDR | AF), AF);
	wr(I2C1 + SR1, ~AF);
	stop();
	wr(GPIOD + BSRR, 1u << 4);
	wr(GPIOB, 2u << 12); /* SDA is not routed */
	start(CODEC);
	assert_int_equal(rd(I2C1 + SR1) & (ADDR | AF), AF);
}

static void interrupts(void **state)
{
	(void)state;
	wr(I2C1 + CR2, 16 | 0x300);
	wr(I2C1 + CR1, PE | START);
	assert_false(bench.irq[31]);
	bench_run(&bench, BIT);
	assert_true(bench.irq[31]);
	rd(I2C1 + SR1);
	wr(I2C1 + DR, 0x20);
	assert_false(bench.irq[31]);
	bench_run(&bench, BYTE);
	assert_true(bench.irq[32]);
	wr(I2C1 + SR1, 0);
	assert_false(bench.irq[32]);
}

static void a_reset_of_the_unit_frees_the_bus(void **state)
{
	(void)state;
	start(CODEC);
	wr(I2C1 + CR1, 0x8000);
	wr(I2C1 + CR1, 0);
	assert_int_equal(rd(I2C1 + SR2), 0);
	assert_int_equal(rd(I2C1 + CCR), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset_values),
		TEST(the_codec_says_who_it_is),
		TEST(writes_and_reads_back),
		TEST(nobody_answers),
		TEST(interrupts),
		TEST(a_reset_of_the_unit_frees_the_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
