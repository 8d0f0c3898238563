/* The SPI masters (RM0090 section 28) and the accelerometer on SPI1. */
#include "one_bench.h"

#include "parts/lis3dsh.h"
#include "periph/pins.h"
#include "periph/spi.h"

#define SPI1  0x40013000u
#define CR1   0x00u
#define CR2   0x04u
#define SR    0x08u
#define DR    0x0Cu
#define RXCRC 0x14u
#define TXCRC 0x18u
#define GPIOA 0x40020000u
#define GPIOE 0x40021000u
#define BSRR  0x18u

#define RXNE   0x01u
#define TXE    0x02u
#define CRCERR 0x10u
#define MODF   0x20u
#define OVR    0x40u
#define BSY    0x80u

#define MASTER 0x344u /* SSM, SSI, SPE, MSTR; half of PCLK2 */
#define FRAME  16     /* cycles */

static struct lis3dsh *part;

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 0, true);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 4, true);
	mcu_periph_clock(bench.mcu, PERIPH_APB2, 12, true);
	part = lis3dsh_new(bench.mcu);
	assert_non_null(part);
	wr(GPIOA, 0xA8000000u | 0xA800); /* PA5 to PA7: AF5 */
	wr(GPIOA + 0x20, 0x55500000);
	wr(GPIOE + BSRR, 8); /* PE3 is an output, and high */
	wr(GPIOE, 1u << 6);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lis3dsh_free(part);
	bench_close(&bench);
	return 0;
}

static uint16_t transfer(uint16_t out)
{
	wr(SPI1 + DR, out);
	bench_run(&bench, FRAME * 2);
	assert_int_equal(rd(SPI1 + SR) & RXNE, RXNE);
	return (uint16_t)rd(SPI1 + DR);
}

static void selected(bool yes)
{
	wr(GPIOE + BSRR, yes ? 8u << 16 : 8);
}

static uint8_t read_part(uint8_t address)
{
	uint8_t value;

	selected(true);
	transfer(0x80 | address);
	value = (uint8_t)transfer(0);
	selected(false);
	return value;
}

static void reset_values(void **state)
{
	(void)state;
	assert_int_equal(rd(SPI1 + CR1), 0);
	assert_int_equal(rd(SPI1 + SR), TXE);
	assert_int_equal(rd(SPI1 + 0x10), 7);
	assert_int_equal(rd(SPI1 + 0x20), 2);
}

static void a_frame_takes_its_time(void **state)
{
	(void)state;
	wr(SPI1 + CR1, MASTER);
	wr(SPI1 + DR, 1);
	wr(SPI1 + DR, 2);
	assert_int_equal(rd(SPI1 + SR), BSY);
	bench_run(&bench, FRAME - 1);
	assert_int_equal(rd(SPI1 + SR), BSY);
	bench_run(&bench, 1);
	assert_int_equal(rd(SPI1 + SR), BSY | TXE | RXNE);
	rd(SPI1 + DR);
	bench_run(&bench, FRAME);
	assert_int_equal(rd(SPI1 + SR), TXE | RXNE);
	assert_int_equal(rd(SPI1 + DR), 0xFF); /* nobody was selected */
}

static void the_accelerometer_says_who_it_is(void **state)
{
	(void)state;
	wr(SPI1 + CR1, MASTER);
	assert_int_equal(read_part(0x0F), 0x3F);
	wr(GPIOA + 0x20, 0); /* not routed: no clock reaches it */
	assert_int_equal(read_part(0x0F), 0xFF);
}

static void it_lies_flat(void **state)
{
	(void)state;
	wr(SPI1 + CR1, MASTER);
	assert_int_equal(read_part(0x2D), 0); /* asleep */
	selected(true);
	transfer(0x20);
	transfer(0x67);
	selected(false);
	assert_int_equal(read_part(0x20), 0x67);
	selected(true);
	transfer(0x80 | 0x28);
	assert_int_equal(transfer(0), 0);
	assert_int_equal(transfer(0), 0);
	assert_int_equal(transfer(0), 0);
	assert_int_equal(transfer(0), 0);
	assert_int_equal(transfer(0), 0);
	assert_int_equal(transfer(0), 16384 >> 8); /* 1 g of 2 */
	selected(false);
	selected(true);
	transfer(0x23);
	transfer(1); /* back to what it was */
	selected(false);
	assert_int_equal(read_part(0x20), 0x07);
}

static void sixteen_bits_and_the_other_end_first(void **state)
{
	(void)state;
	wr(SPI1 + CR1, MASTER | 0x800);
	selected(true);
	assert_int_equal(transfer(0x8F00), 0x003F);
	selected(false);
	wr(SPI1 + CR1, MASTER | 0x80);
	selected(true);
	transfer(0xF1); /* 0x8F reversed */
	assert_int_equal(transfer(0), 0xFC);
}

static void overrun(void **state)
{
	(void)state;
	wr(SPI1 + CR1, MASTER);
	wr(SPI1 + DR, 1);
	bench_run(&bench, FRAME);
	wr(SPI1 + DR, 2);
	bench_run(&bench, FRAME);
	assert_int_equal(rd(SPI1 + SR) & OVR, OVR);
	rd(SPI1 + DR);
	rd(SPI1 + SR);
	assert_int_equal(rd(SPI1 + SR) & OVR, 0);
}

static void a_low_nss_takes_the_bus_away(void **state)
{
	(void)state;
	wr(SPI1 + CR1, MASTER & ~0x100u);
	assert_int_equal(rd(SPI1 + SR) & MODF, MODF);
	assert_int_equal(rd(SPI1 + CR1) & 0x44, 0);
	wr(SPI1 + CR1, MASTER);
	assert_int_equal(rd(SPI1 + SR) & MODF, 0);
}

static void checks_of_the_data(void **state)
{
	(void)state;
	wr(SPI1 + CR1, MASTER & ~0x40u);
	wr(SPI1 + CR1, (MASTER & ~0x40u) | 0x2000);
	wr(SPI1 + CR1, MASTER | 0x2000);
	transfer(0x31);
	assert_int_equal(rd(SPI1 + TXCRC), 0x97); /* x8+x2+x+1 of 0x31, from 0 */
	wr(SPI1 + CR1, MASTER | 0x3000);          /* the CRC goes next */
	bench_run(&bench, FRAME);
	assert_int_equal(rd(SPI1 + SR) & (RXNE | CRCERR), RXNE | CRCERR);
	wr(SPI1 + SR, ~CRCERR);
	assert_int_equal(rd(SPI1 + SR) & CRCERR, 0);
}

static void interrupts_and_dma(void **state)
{
	(void)state;
	wr(SPI1 + CR1, MASTER);
	assert_false(bench.irq[35]);
	wr(SPI1 + CR2, 0x80);
	assert_true(bench.irq[35]);
	wr(SPI1 + CR2, 0x43); /* RXNEIE, both DMA requests */
	assert_false(bench.irq[35]);
	assert_true(mcu_dma_requested(bench.mcu, MCU_DMA_SPI1_TX));
	wr(SPI1 + DR, 0);
	bench_run(&bench, FRAME);
	assert_true(bench.irq[35]);
	assert_true(mcu_dma_requested(bench.mcu, MCU_DMA_SPI1_RX));
	rd(SPI1 + DR);
	assert_false(bench.irq[35]);
	assert_false(mcu_dma_requested(bench.mcu, MCU_DMA_SPI1_RX));
}

/* -- I2S ---------------------------------------------------------------------------------- */

#define SPI3    0x40003C00u
#define I2SCFGR 0x1Cu
#define I2SPR   0x20u
#define I2SE    0x400u
#define SENDS   0x200u
#define I2SMOD  0x800u
#define CHSIDE  4u
#define WORD    128 /* 96 MHz / (32 * 6 * 8) are 62.5 kHz of two channels, at 16 MHz */

/* HSI / 16 * 192 / 2 */
static void audio_clock(void)
{
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 15, true);
	wr(0x40023884, 2u << 28 | 192u << 6);
	wr(0x40023800, 1u << 26 | 1);
	bench_run_ns(&bench, 1000000);
	assert_int_equal(mcu_hz(bench.mcu, MCU_I2SCLK), 96000000);
}

static void a_word_of_audio_takes_its_time(void **state)
{
	(void)state;
	wr(SPI3 + I2SPR, 3u | 0x200);
	wr(SPI3 + I2SCFGR, I2SMOD | SENDS | I2SE);
	wr(SPI3 + DR, 0x1111); /* no clock yet */
	bench_run(&bench, 10000);
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 15, true);
	wr(SPI3 + I2SPR, 3u | 0x200);
	wr(SPI3 + I2SCFGR, I2SMOD | SENDS | I2SE);
	wr(SPI3 + DR, 0x1111);
	bench_run(&bench, 10000);
	assert_int_equal(rd(SPI3 + SR), 0);
	audio_clock(); /* and now it goes on by itself */
	assert_int_equal(rd(SPI3 + SR), TXE | CHSIDE);
	wr(SPI3 + DR, 0x2222);
	assert_int_equal(rd(SPI3 + SR), TXE | CHSIDE | BSY);
	wr(SPI3 + DR, 0x3333);
	assert_int_equal(rd(SPI3 + SR), CHSIDE | BSY);
	bench_run(&bench, WORD - 1);
	assert_int_equal(rd(SPI3 + SR), CHSIDE | BSY);
	bench_run(&bench, 1);
	assert_int_equal(rd(SPI3 + SR), TXE | BSY);
	bench_run(&bench, WORD);
	assert_int_equal(rd(SPI3 + SR), TXE | CHSIDE);
	wr(SPI3 + I2SCFGR, I2SMOD | SENDS);
	assert_int_equal(rd(SPI3 + SR), TXE);
}

/* A word of 24 bits is two half-words, each as long as one of 16 in a channel of 16. */
static void a_long_word_has_two_halves(void **state)
{
	(void)state;
	audio_clock();
	wr(SPI3 + I2SPR, 6u);
	wr(SPI3 + CR2, 2); /* TXDMAEN */
	assert_false(mcu_dma_requested(bench.mcu, MCU_DMA_SPI3_TX));
	wr(SPI3 + I2SCFGR, I2SMOD | SENDS | I2SE | 3);
	assert_true(mcu_dma_requested(bench.mcu, MCU_DMA_SPI3_TX));
	for (unsigned half = 1; half <= 4; half++) {
		wr(SPI3 + DR, half);
		bench_run(&bench, WORD / 4); /* 96 MHz / 12: 16 bits are 32 cycles */
		assert_int_equal(rd(SPI3 + SR), half / 2 % 2 ? TXE | CHSIDE : TXE);
	}
}

static void a_microphone_hears_silence(void **state)
{
	(void)state;
	audio_clock();
	wr(SPI3 + I2SPR, 3u | 0x200);
	wr(SPI3 + CR2, 0x40);
	wr(SPI3 + I2SCFGR, I2SMOD | SENDS | I2SE | 0x100);
	bench_run(&bench, WORD);
	assert_true(bench.irq[51]);
	assert_int_equal(rd(SPI3 + DR), 0);
	assert_false(bench.irq[51]);
	bench_run(&bench, 2 * WORD);
	assert_int_equal(rd(SPI3 + SR) & 0x40, 0x40);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset_values),
		TEST(a_frame_takes_its_time),
		TEST(the_accelerometer_says_who_it_is),
		TEST(it_lies_flat),
		TEST(sixteen_bits_and_the_other_end_first),
		TEST(overrun),
		TEST(a_low_nss_takes_the_bus_away),
		TEST(checks_of_the_data),
		TEST(interrupts_and_dma),
		TEST(a_word_of_audio_takes_its_time),
		TEST(a_long_word_has_two_halves),
		TEST(a_microphone_hears_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
