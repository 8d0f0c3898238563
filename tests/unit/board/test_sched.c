/* The chip's virtual time: what is due when, and what a change of HCLK does to it. */
#include "mcu_bench.h"

struct noted {
	struct sched *sched;
	struct sched_event event;
	int64_t fired_at;
	unsigned times;
	int64_t again; /* asks for another so much later, 0: does not */
};

static void note(void *ctx)
{
	struct noted *noted = ctx;

	noted->fired_at = noted->sched->cycle;
	noted->times++;
	if (noted->again)
		sched_at_cycle(noted->sched, &noted->event,
			       noted->event.cycle + noted->again);
}

static struct noted *noted_new(struct noted *noted, struct sched *sched)
{
	*noted = (struct noted){ .sched = sched, .event = { .fire = note } };
	noted->event.ctx = noted;
	return noted;
}

static void run_to(struct sched *sched, int64_t cycle)
{
	while (sched_due(sched) <= cycle) {
		sched->cycle = sched_due(sched);
		sched_run(sched);
	}
	sched->cycle = cycle;
}

static void events_fire_in_order(void **state)
{
	struct sched sched;
	struct noted noted[20];

	(void)state;
	sched_init(&sched, 16000000);
	for (int i = 0; i < 20; i++) {
		noted_new(&noted[i], &sched);
		sched_at_cycle(&sched, &noted[i].event, 7 * i % 20 * 10);
	}
	sched_cancel(&sched, &noted[3].event); /* due at 10 */
	sched_at_cycle(&sched, &noted[4].event, 500);
	assert_false(sched_waits(&noted[3].event));
	run_to(&sched, 499);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(noted[i].times, i != 3 && i != 4);
		if (noted[i].times)
			assert_int_equal(noted[i].fired_at, 7 * i % 20 * 10);
	}
	run_to(&sched, 1000);
	assert_int_equal(noted[4].fired_at, 500);
	assert_true(sched_due(&sched) == SCHED_NEVER);
}

static void an_event_may_ask_again(void **state)
{
	struct sched sched;
	struct noted tick;

	(void)state;
	sched_init(&sched, 16000000);
	noted_new(&tick, &sched)->again = 100;
	sched_at_cycle(&sched, &tick.event, 100);
	run_to(&sched, 1000);
	assert_int_equal(tick.times, 10);
}

static void nanoseconds_outlive_a_change_of_hclk(void **state)
{
	struct sched sched;
	struct noted in_ns, in_cycles;

	(void)state;
	sched_init(&sched, 16000000);
	noted_new(&in_ns, &sched);
	noted_new(&in_cycles, &sched);
	sched_at_ns(&sched, &in_ns.event, 1000000);        /* 1 ms: 16,000 cycles */
	sched_at_cycle(&sched, &in_cycles.event, 1000000); /* whatever they last */
	run_to(&sched, 8000);
	assert_int_equal(sched_ns(&sched), 500000);
	sched_set_hz(&sched, 168000000);
	assert_int_equal(sched_due(&sched), 8000 + 84000);
	run_to(&sched, 1000000);
	assert_int_equal(in_ns.fired_at, 92000);
	assert_int_equal(in_cycles.fired_at, 1000000);
	assert_int_equal(sched_ns_at(&sched, 92000), 1000000);
}

static void days_do_not_overflow(void **state)
{
	const int64_t year_ns = (int64_t)365 * 86400 * 1000000000;
	struct sched sched;

	(void)state;
	sched_init(&sched, 168000000);
	sched.cycle = sched_cycle_at(&sched, year_ns);
	assert_int_equal(sched.cycle, (int64_t)365 * 86400 * 168000000);
	assert_int_equal(sched_ns(&sched), year_ns);
}

static void registers_of_nobody(void **state)
{
	struct bench bench;
	struct mcu_unmodelled seen[4];
	uint32_t value = 1;

	(void)state;
	bench_open(&bench);
	assert_false(mcu_read(bench.mcu, 0x40016000, 4, &value));
	assert_false(mcu_write(bench.mcu, 0x08000000, 4, 0));
	assert_int_equal(bench_read(&bench, 0x40006400), 0); /* CAN1 */
	assert_int_equal(bench_read(&bench, 0x40006400), 0);
	assert_int_equal(mcu_unmodelled(bench.mcu, seen, 4), 1);
	assert_int_equal(seen[0].address, 0x40006400);
	assert_int_equal(seen[0].count, 2);
	/* with its clock at its reset value, whatever is written */
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 25, true);
	bench_write(&bench, 0x40006400, 1);
	assert_int_equal(bench_read(&bench, 0x40006400), 0x00010002);
	assert_int_equal(bench_read(&bench, 0x40006404), 0x00000C02);
	assert_int_equal(bench_read(&bench, 0x400067FC), 0);
	bench_close(&bench);
}

static void memories(void **state)
{
	struct bench bench;
	uint32_t value;

	(void)state;
	bench_open(&bench);
	assert_int_equal(bench_read(&bench, 0x1FFF7A10), 0x00340025); /* unique id */
	assert_int_equal(bench_read(&bench, 0x1FFF7A18), 0x35333938);
	assert_true(mcu_read(bench.mcu, 0x1FFF7A22, 2, &value));
	assert_int_equal(value, 1024);
	/* what the factory measured at 3.3 V: VREFINT, and the temperature sensor twice */
	assert_true(mcu_read(bench.mcu, 0x1FFF7A2A, 2, &value));
	assert_int_equal(value, 1501);
	assert_true(mcu_read(bench.mcu, 0x1FFF7A2C, 2, &value));
	assert_int_equal(value, 958);
	assert_true(mcu_read(bench.mcu, 0x1FFF7A2E, 2, &value));
	assert_int_equal(value, 1206);
	assert_int_equal(bench_read(&bench, 0x1FFF7A1C), 0xFFFFFFFF);
	assert_false(mcu_read(bench.mcu, 0x1FFF7A30, 4, &value));
	assert_int_equal(bench_read(&bench, 0x08000000), 0xFFFFFFFF);
	bench_write(&bench, 0x2001FFFC, 0x12345678);
	assert_true(mcu_read(bench.mcu, 0x2001FFFE, 1, &value));
	assert_int_equal(value, 0x34);
	assert_false(mcu_read(bench.mcu, 0x20020000, 4, &value));
	bench_write(&bench, 0x1000FFFC, 1);
	assert_int_equal(bench_read(&bench, 0x1000FFFC), 1);
	bench_close(&bench);
}

static void chance_follows_the_seed(void **state)
{
	struct bench bench;
	uint64_t first, second;

	(void)state;
	bench_open(&bench);
	mcu_seed(bench.mcu, 7);
	first = mcu_random(bench.mcu);
	second = mcu_random(bench.mcu);
	assert_true(first != second);
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 0);
	assert_true(mcu_random(bench.mcu) != first);
	mcu_seed(bench.mcu, 7);
	assert_true(mcu_random(bench.mcu) == first);
	mcu_seed(bench.mcu, 8);
	assert_true(mcu_random(bench.mcu) != first);
	bench_close(&bench);
}

static void heard(void *ctx, enum mcu_exti line, bool high)
{
	int *last = ctx;

	*last = high ? (int)line : -(int)line;
}

static void lines_from_within(void **state)
{
	struct bench bench;
	int last = 0;

	(void)state;
	bench_open(&bench);
	mcu_watch_exti(bench.mcu, heard, &last);
	mcu_exti_set(bench.mcu, MCU_EXTI_PVD, false);
	assert_int_equal(last, 0);
	mcu_exti_set(bench.mcu, MCU_EXTI_PVD, true);
	assert_int_equal(last, 16);
	mcu_exti_set(bench.mcu, MCU_EXTI_RTC_WAKEUP, true);
	mcu_exti_set(bench.mcu, MCU_EXTI_PVD, false);
	assert_int_equal(last, -16);
	mcu_nmi(bench.mcu, true);
	assert_true(bench.nmi);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_fire_in_order),
		cmocka_unit_test(an_event_may_ask_again),
		cmocka_unit_test(nanoseconds_outlive_a_change_of_hclk),
		cmocka_unit_test(days_do_not_overflow),
		cmocka_unit_test(registers_of_nobody),
		cmocka_unit_test(memories),
		cmocka_unit_test(chance_follows_the_seed),
		cmocka_unit_test(lines_from_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
