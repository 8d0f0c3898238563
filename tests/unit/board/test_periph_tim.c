/*
 * The timers: RM0090 sections 17 to 20. HCLK, and so every timer, runs at 16 MHz: a tick
 * is a cycle times the prescaler.
 */
#include "one_bench.h"

#include "periph/pins.h"

#define TIM1  0x40010000u
#define TIM2  0x40000000u
#define TIM3  0x40000400u
#define TIM4  0x40000800u
#define TIM6  0x40001000u
#define TIM9  0x40014000u
#define TIM10 0x40014400u

#define CR1   0x00u
#define CR2   0x04u
#define SMCR  0x08u
#define DIER  0x0Cu
#define SR    0x10u
#define EGR   0x14u
#define CCMR1 0x18u
#define CCMR2 0x1Cu
#define CCER  0x20u
#define CNT   0x24u
#define PSC   0x28u
#define ARR   0x2Cu
#define RCR   0x30u
#define CCR1  0x34u
#define CCR2  0x38u
#define BDTR  0x44u
#define DCR   0x48u
#define DMAR  0x4Cu

#define GPIOA 0x40020000u
#define GPIOD 0x40020C00u

#define START_DELAY 1 /* cycles from CEN to the first that counts */

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	for (unsigned bit = 0; bit < 9; bit++) {
		mcu_periph_clock(bench.mcu, PERIPH_AHB1, bit, true);
		mcu_periph_clock(bench.mcu, PERIPH_APB1, bit, true);
	}
	for (unsigned bit = 0; bit < 19; bit++)
		mcu_periph_clock(bench.mcu, PERIPH_APB2, bit, true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

static void run(int64_t cycles)
{
	bench_run(&bench, cycles);
}

static void start(uint32_t tim, uint32_t cr1)
{
	wr(tim + CR1, cr1 | 1);
	run(START_DELAY);
}

static void reset_values(void **state)
{
	(void)state;
	for (uint32_t at = 0; at <= 0x50; at += 4) {
		assert_int_equal(rd(TIM1 + at), at == ARR ? 0xFFFF : 0);
		assert_int_equal(rd(TIM2 + at), at == ARR ? 0xFFFFFFFF : 0);
		assert_int_equal(rd(TIM6 + at), at == ARR ? 0xFFFF : 0);
	}
}

static void counts_up_at_its_clock(void **state)
{
	(void)state;
	wr(TIM3 + PSC, 15);
	wr(TIM3 + EGR, 1); /* loads the prescaler */
	wr(TIM3 + SR, 0);
	start(TIM3, 0);
	run(16 * 100 - 1);
	assert_int_equal(rd(TIM3 + CNT), 99);
	run(1);
	assert_int_equal(rd(TIM3 + CNT), 100);
	assert_int_equal(rd(TIM3 + SR), 0);
}

static void update_interrupt_to_the_cycle(void **state)
{
	(void)state;
	wr(TIM2 + ARR, 99);
	wr(TIM2 + DIER, 1);
	start(TIM2, 0);
	run(99);
	assert_false(bench.irq[28]);
	run(1);
	assert_true(bench.irq[28]);
	assert_int_equal(rd(TIM2 + CNT), 0);
	wr(TIM2 + SR, ~1u);
	assert_false(bench.irq[28]);
	run(100 * 7);
	assert_int_equal(bench.rises[28], 2); /* the flag stayed set */
}

static void a_long_while_is_worked_out_at_once(void **state)
{
	(void)state;
	wr(TIM3 + ARR, 9);
	wr(TIM3 + EGR, 1);
	wr(TIM3 + SR, 0);
	start(TIM3, 0);
	run((int64_t)16000000 * 3600 * 24 + 7);
	assert_int_equal(rd(TIM3 + CNT), 7);
	assert_int_equal(rd(TIM3 + SR) & 1, 1);
}

static void preloads_wait_for_the_update(void **state)
{
	(void)state;
	wr(TIM3 + ARR, 9);
	start(TIM3, 0x80); /* ARPE */
	wr(TIM3 + ARR, 4);
	wr(TIM3 + PSC, 1);
	run(8);
	assert_int_equal(rd(TIM3 + CNT), 8);
	run(2); /* update: from here ARR 4, two cycles a tick */
	assert_int_equal(rd(TIM3 + CNT), 0);
	run(8);
	assert_int_equal(rd(TIM3 + CNT), 4);
	run(2);
	assert_int_equal(rd(TIM3 + CNT), 0);
}

static void one_pulse_stops(void **state)
{
	(void)state;
	wr(TIM6 + ARR, 49);
	wr(TIM6 + DIER, 1);
	start(TIM6, 8);
	run(50);
	assert_true(bench.irq[54]);
	assert_int_equal(rd(TIM6 + CR1), 8);
	run(1000);
	assert_int_equal(rd(TIM6 + CNT), 0);
}

static void software_update_and_its_mask(void **state)
{
	(void)state;
	wr(TIM6 + EGR, 1);
	assert_int_equal(rd(TIM6 + SR), 1);
	wr(TIM6 + SR, 0);
	wr(TIM6 + CR1, 4); /* URS */
	wr(TIM6 + EGR, 1);
	assert_int_equal(rd(TIM6 + SR), 0);
	wr(TIM6 + CR1, 2); /* UDIS */
	wr(TIM6 + ARR, 9);
	start(TIM6, 2);
	run(25);
	assert_int_equal(rd(TIM6 + CNT), 5);
	assert_int_equal(rd(TIM6 + SR), 0);
}

static void counts_down(void **state)
{
	(void)state;
	wr(TIM4 + ARR, 9);
	wr(TIM4 + CR1, 0x10);
	wr(TIM4 + EGR, 1);
	wr(TIM4 + SR, 0);
	assert_int_equal(rd(TIM4 + CNT), 9);
	start(TIM4, 0x10);
	run(9);
	assert_int_equal(rd(TIM4 + CNT), 0);
	assert_int_equal(rd(TIM4 + SR) & 1, 0);
	run(1);
	assert_int_equal(rd(TIM4 + CNT), 9);
	assert_int_equal(rd(TIM4 + SR) & 1, 1);
}

static void counts_centred(void **state)
{
	static const uint8_t expected[] = { 1, 2, 3, 4, 3, 2, 1, 0, 1, 2 };

	(void)state;
	wr(TIM4 + ARR, 4);
	start(TIM4, 0x60);
	for (size_t i = 0; i < sizeof(expected); i++) {
		run(1);
		assert_int_equal(rd(TIM4 + CNT), expected[i]);
		assert_int_equal(!!(rd(TIM4 + CR1) & 0x10), i >= 3 && i < 7);
	}
}

static void repetitions_hold_the_update_back(void **state)
{
	(void)state;
	wr(TIM1 + ARR, 9);
	wr(TIM1 + RCR, 2);
	wr(TIM1 + EGR, 1);
	wr(TIM1 + SR, 0);
	wr(TIM1 + DIER, 1);
	start(TIM1, 0);
	run(29);
	assert_false(bench.irq[25]);
	run(1);
	assert_true(bench.irq[25]);
	wr(TIM1 + SR, 0);
	wr(TIM1 + DIER, 0);
	run(300000);
	assert_int_equal(rd(TIM1 + SR) & 1, 1);
	wr(TIM1 + SR, 0);
	run(29);
	assert_int_equal(rd(TIM1 + SR) & 1, 0);
	run(1);
	assert_int_equal(rd(TIM1 + SR) & 1, 1);
}

static void compare_interrupt(void **state)
{
	(void)state;
	wr(TIM1 + ARR, 99);
	wr(TIM1 + CCR1, 40);
	wr(TIM1 + DIER, 2);
	start(TIM1, 0);
	run(39);
	assert_false(bench.irq[27]);
	run(1);
	assert_true(bench.irq[27]);
	wr(TIM1 + SR, ~2u);
	run(99);
	assert_false(bench.irq[27]);
	run(1);
	assert_true(bench.irq[27]);
}

/* -- pins --------------------------------------------------------------------------------- */

static unsigned edges;

static void count_edge(void *ctx, unsigned pin, bool level)
{
	(void)ctx;
	(void)level;
	edges += pin == PIN('D', 12);
}

static void route_pd12(void)
{
	wr(GPIOD, 2u << 24);
	wr(GPIOD + 0x24, 2u << 16); /* AF2: TIM4_CH1 */
}

static void pwm_at_a_pin(void **state)
{
	(void)state;
	route_pd12();
	wr(TIM4 + ARR, 999);
	wr(TIM4 + CCR1, 250);
	wr(TIM4 + CCMR1, 0x68);
	wr(TIM4 + CCER, 1);
	wr(TIM4 + EGR, 1);
	assert_true(pins_level(bench.mcu, PIN('D', 12)));
	start(TIM4, 0x80);
	assert_true(pins_duty(bench.mcu, PIN('D', 12)) == 0.25);
	run(249);
	assert_true(pins_level(bench.mcu, PIN('D', 12)));
	run(1);
	assert_false(pins_level(bench.mcu, PIN('D', 12)));
	assert_int_equal(rd(GPIOD + 0x10), 0);
	wr(TIM4 + CCMR1, 0x78); /* PWM mode 2 */
	assert_true(pins_duty(bench.mcu, PIN('D', 12)) == 0.75);
	wr(TIM4 + CCER, 3); /* inverted */
	assert_true(pins_duty(bench.mcu, PIN('D', 12)) == 0.25);
	wr(TIM4 + CCMR1, 0x40); /* forced low, inverted */
	assert_true(pins_level(bench.mcu, PIN('D', 12)));
	wr(TIM4 + CCER, 0);
	assert_true(pins_duty(bench.mcu, PIN('D', 12)) == 0);
}

static void slow_outputs_show_each_edge(void **state)
{
	(void)state;
	edges = 0;
	route_pd12();
	pins_watch(bench.mcu, count_edge, NULL);
	wr(TIM4 + PSC, 15999); /* 1 kHz */
	wr(TIM4 + ARR, 499);
	wr(TIM4 + CCMR1, 0x30); /* toggle */
	wr(TIM4 + CCER, 1);
	wr(TIM4 + EGR, 1);
	start(TIM4, 0);
	run(16000000);
	assert_int_equal(edges, 2);
	run(16000000);
	assert_int_equal(edges, 4);
}

static void the_main_output_enable(void **state)
{
	(void)state;
	wr(GPIOA, 0xA8000000u | 2u << 16); /* PA8: TIM1_CH1 */
	wr(GPIOA + 0x24, 1);
	wr(TIM1 + CCMR1, 0x50); /* forced high */
	wr(TIM1 + CCER, 1);
	assert_false(pins_level(bench.mcu, PIN('A', 8)));
	wr(TIM1 + BDTR, 0x8000);
	assert_true(pins_level(bench.mcu, PIN('A', 8)));
	wr(TIM1 + EGR, 0x80); /* a break takes it away */
	assert_false(pins_level(bench.mcu, PIN('A', 8)));
	assert_int_equal(rd(TIM1 + BDTR), 0);
}

static void button(bool down)
{
	pins_drive(bench.mcu, PIN('A', 0), down ? PIN_HIGH : PIN_LOW);
}

static void route_button(void)
{
	wr(GPIOA, 0xA8000000u | 2);
	wr(GPIOA + 0x20, 1); /* AF1: TIM2_CH1 and its ETR */
}

static void captures_the_button(void **state)
{
	(void)state;
	route_button();
	wr(TIM2 + CCMR1, 1);
	wr(TIM2 + CCER, 1);
	wr(TIM2 + DIER, 2);
	start(TIM2, 0);
	run(1234);
	button(true);
	assert_true(bench.irq[28]);
	run(100);
	button(false); /* not this edge */
	assert_int_equal(rd(TIM2 + CCR1), 1234);
	assert_false(bench.irq[28]); /* reading clears the flag */
	button(true);
	button(false);
	button(true);
	assert_int_equal(rd(TIM2 + SR) & 0x202, 0x202); /* captured over */
	wr(TIM2 + CCR1, 5);
	assert_int_equal(rd(TIM2 + CCR1), 1334);
	wr(TIM2 + CCMR1, 1 | 3 << 2); /* every eighth edge */
	wr(TIM2 + SR, 0);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(rd(TIM2 + SR) & 2, 0);
		button(false);
		button(true);
	}
	assert_int_equal(rd(TIM2 + SR) & 2, 2);
}

static void counts_edges_of_a_pin(void **state)
{
	(void)state;
	route_button();
	wr(TIM2 + CCMR1, 1);
	wr(TIM2 + SMCR, 0x57); /* external clock 1 on TI1FP1 */
	wr(TIM2 + CR1, 1);
	for (int i = 0; i < 5; i++) {
		button(true);
		button(false);
	}
	run(1000);
	assert_int_equal(rd(TIM2 + CNT), 5);
	wr(TIM2 + SMCR, 0x4000); /* external clock 2: ETR, the same pin */
	wr(TIM2 + CCMR1, 0);
	button(true);
	assert_int_equal(rd(TIM2 + CNT), 6);
}

static void slave_modes(void **state)
{
	(void)state;
	route_button();
	wr(TIM2 + CCMR1, 1);
	wr(TIM2 + SMCR, 0x54); /* reset */
	start(TIM2, 0);
	run(500);
	button(true);
	assert_int_equal(rd(TIM2 + CNT), 0);
	assert_int_equal(rd(TIM2 + SR) & 0x41, 0x41);
	button(false);
	wr(TIM2 + SMCR, 0x55); /* gated */
	run(100);
	assert_int_equal(rd(TIM2 + CNT), 0);
	button(true);
	run(100 + START_DELAY);
	button(false);
	run(100);
	assert_int_equal(rd(TIM2 + CNT), 100);
	wr(TIM2 + CR1, 0);
	wr(TIM2 + SMCR, 0x56); /* trigger */
	wr(TIM2 + CNT, 0);
	button(true);
	assert_int_equal(rd(TIM2 + CR1), 1);
	run(10 + START_DELAY);
	assert_int_equal(rd(TIM2 + CNT), 10);
}

static void an_encoder(void **state)
{
	static const uint8_t forward[] = { 1, 3, 2, 0 }; /* TI1 leads: bit 0 */

	(void)state;
	wr(GPIOA, 0xA8000000u | 2 | 2 << 2);
	wr(GPIOA + 0x20, 0x11);
	wr(TIM2 + CCMR1, 0x101);
	wr(TIM2 + SMCR, 3);
	wr(TIM2 + CNT, 100);
	wr(TIM2 + CR1, 1);
	for (int turn = 0; turn < 2; turn++)
		for (int i = 0; i < 4; i++) {
			pins_drive(bench.mcu, PIN('A', 0),
				   forward[i] & 1 ? PIN_HIGH : PIN_LOW);
			pins_drive(bench.mcu, PIN('A', 1),
				   forward[i] & 2 ? PIN_HIGH : PIN_LOW);
		}
	assert_int_equal(rd(TIM2 + CNT), 108);
	pins_drive(bench.mcu, PIN('A', 1), PIN_HIGH);
	pins_drive(bench.mcu, PIN('A', 0), PIN_HIGH);
	assert_int_equal(rd(TIM2 + CNT), 106);
	assert_int_equal(rd(TIM2 + CR1) & 0x10, 0x10);
}

/* -- others ------------------------------------------------------------------------------- */

static void one_timer_clocks_another(void **state)
{
	(void)state;
	wr(TIM3 + ARR, 9);
	wr(TIM3 + CR2, 0x20);  /* TRGO is the update */
	wr(TIM4 + SMCR, 0x27); /* external clock from ITR2: TIM3 */
	wr(TIM4 + CR1, 1);
	start(TIM3, 0);
	run(1005);
	assert_int_equal(rd(TIM3 + CNT), 5);
	assert_int_equal(rd(TIM4 + CNT), 100);
}

static void a_timer_without_trgo_lends_its_channel(void **state)
{
	(void)state;
	wr(TIM10 + ARR, 99);
	wr(TIM10 + CCR1, 50);
	wr(TIM10 + DIER, 2);
	wr(TIM9 + SMCR, 0x27); /* ITR2: TIM10's OC1 */
	wr(TIM9 + CR1, 1);
	start(TIM10, 0);
	run(1000);
	assert_int_equal(rd(TIM9 + CNT), 10);
}

static void asks_the_dma(void **state)
{
	(void)state;
	wr(TIM1 + ARR, 99);
	wr(TIM1 + DIER, 0x100);
	start(TIM1, 0);
	run(100);
	assert_true(mcu_dma_requested(bench.mcu, MCU_DMA_TIM1_UP));
	mcu_dma_served(bench.mcu, MCU_DMA_TIM1_UP);
	assert_false(mcu_dma_requested(bench.mcu, MCU_DMA_TIM1_UP));
	/* and its burst address walks over the registers */
	wr(TIM1 + DCR, 13 | 2 << 8);
	for (uint32_t i = 1; i <= 4; i++)
		wr(TIM1 + DMAR, i);
	assert_int_equal(rd(TIM1 + CCR1), 4);
	assert_int_equal(rd(TIM1 + CCR2), 2);
	assert_int_equal(rd(TIM1 + 0x3C), 3);
}

static void clocks_change_on_the_way(void **state)
{
	uint32_t hz[MCU_CLOCKS] = { 0 };

	(void)state;
	for (unsigned i = MCU_SYSCLK; i <= MCU_TIMCLK2; i++)
		hz[i] = 168000000;
	hz[MCU_TIMCLK1] = 84000000;
	start(TIM2, 0);
	run(1000);
	mcu_set_clocks(bench.mcu, hz);
	run(2000); /* now two cycles of HCLK a tick */
	assert_int_equal(rd(TIM2 + CNT), 2000);
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 0, false);
	run(1000);
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 0, true);
	assert_int_equal(rd(TIM2 + CNT), 2000);
}

static void bits_that_are_not_there(void **state)
{
	static const struct {
		uint32_t address, kept;
	} rows[] = {
		{ TIM6 + CR2, 0x70 },        { TIM6 + DIER, 0x101 },
		{ TIM6 + CCER, 0 },          { TIM6 + SMCR, 0 },
		{ TIM10 + DIER, 3 },         { TIM10 + CCMR2, 0 },
		{ TIM2 + BDTR, 0 },          { TIM2 + RCR, 0 },
		{ TIM9 + CR2, 0 },           { TIM1 + PSC, 0xFFFF },
		{ TIM1 + RCR, 0xFF },        { TIM3 + CCR1, 0xFFFF },
		{ TIM2 + CCR1, 0xFFFFFFFF }, { TIM3 + ARR, 0xFFFF },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wr(rows[i].address, 0xFFFFFFFF);
		assert_int_equal(rd(rows[i].address), rows[i].kept);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset_values),
		TEST(counts_up_at_its_clock),
		TEST(update_interrupt_to_the_cycle),
		TEST(a_long_while_is_worked_out_at_once),
		TEST(preloads_wait_for_the_update),
		TEST(one_pulse_stops),
		TEST(software_update_and_its_mask),
		TEST(counts_down),
		TEST(counts_centred),
		TEST(repetitions_hold_the_update_back),
		TEST(compare_interrupt),
		TEST(pwm_at_a_pin),
		TEST(slow_outputs_show_each_edge),
		TEST(the_main_output_enable),
		TEST(captures_the_button),
		TEST(counts_edges_of_a_pin),
		TEST(slave_modes),
		TEST(an_encoder),
		TEST(one_timer_clocks_another),
		TEST(a_timer_without_trgo_lends_its_channel),
		TEST(asks_the_dma),
		TEST(clocks_change_on_the_way),
		TEST(bits_that_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
