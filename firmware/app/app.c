#include "app/app.h"

#include "app/click.h"
#include "app/console.h"
#include "app/fault.h"
#include "app/log.h"
#include "app/progress.h"
#include "app/status.h"
#include "board/board.h"
#include "board/button.h"
#include "board/leds.h"
#include "drivers/core.h"
#include "drivers/iwdg.h"
#include "drivers/systick.h"
#include "drivers/usart.h"

/* The longest stand-still is the erase of a sector, 2 s; LSI may be half as fast again. */
#define WATCHDOG_MS 8000u

struct status status;

static struct progress progress;
static struct button button;
static volatile bool button_edge, clock_lost;

/* -- the start ---------------------------------------------------------------------- */

/* Also after a change of the clock: what depends on it. */
static void start_timing(void)
{
	systick_start();
	usart_start();
}

static enum reset_cause cause_of_start(void)
{
	enum reset_cause cause = rcc_reset_cause();

	rcc_reset_cause_clear();
	return noinit.start == NOINIT_START_ROM_RAN ? RESET_BOOTLOADER : cause;
}

/* First how the last run ended: should this one end in the same way, that has been told. */
static void look_back(void)
{
	const char *stuck = progress_stuck();
	char words[160];

	status.cause = cause_of_start();
	status.faulted = fault_take(&status.fault);
	log_say("start: reset %s", rcc_reset_words(status.cause));
	if (status.cause == RESET_WATCHDOG)
		log_say("watchdog: it ended a stall in: %s", stuck ? stuck : "unknown");
	if (!status.faulted)
		return;
	fault_words(&status.fault, words, sizeof(words));
	log_say("fault: %s", words);
}

static void look_around(void)
{
	chip_serial(status.serial);
	log_say("serial: %s", status.serial);
	if (status.clock != CLOCK_PLL)
		log_say("clock: 16 MHz from HSI: %s", rcc_clock_words(status.clock));
	if (!status.watched)
		log_say("watchdog: it does not take its time");
	status.rng = rng_start();
	if (status.rng != RNG_OK)
		log_say("random: no numbers: %s", rng_words(status.rng));
	status.start = store_begin();
	if (status.start.why)
		log_say("store: %s", status.start.why);
}

void app_start(void)
{
	core_faults_enable();
	status.clock = rcc_clock_start();
	board_pins();
	start_timing();
	board_button_watch();
	status.watched = iwdg_start(WATCHDOG_MS);
	console_put("\n" FIRMWARE_NAME " ");
	console_put(firmware_version);
	console_put("\n");
	look_back();
	look_around();
	console_start("type 'help'\n");
}

/* -- the main loop ------------------------------------------------------------------ */

/* The crystal has died under way: time and console go on, ten times slower inside. */
static bool mind_clock(void)
{
	if (!clock_lost)
		return false;
	clock_lost = false;
	status.clock = CLOCK_LOST;
	start_timing();
	status.rng = rng_start();
	log_say("clock: 16 MHz from HSI: %s", rcc_clock_words(status.clock));
	return false;
}

/* Not more in a turn: who sends ends of lines without an end would starve the others. */
#define BYTES_A_TURN 16

static bool mind_console(void)
{
	int byte = 0, i;

	for (i = 0; i < BYTES_A_TURN && byte >= 0; i++) {
		byte = usart_get();
		if (byte >= 0)
			console_byte((uint8_t)byte);
	}
	return usart_pump() || byte >= 0;
}

static void count_click(void)
{
	struct click click;

	click_next(&status.start, &click);
	log_say("click %u, id %s", click.number, *click.id ? click.id : "none");
}

static bool mind_button(void)
{
	bool edge = button_edge;

	button_edge = false;
	if (button_look(&button, board_button(), edge, systick_ms()) == BUTTON_PRESSED)
		count_click();
	return false;
}

static bool mind_leds(void)
{
	struct leds_view view = { status.clock != CLOCK_PLL,
				  status.faulted || status.cause == RESET_WATCHDOG,
				  button.pressed };

	leds_show(&view, systick_ms());
	return false;
}

bool app_turn(void)
{
	static bool (*const tasks[TASKS])(void) = {
		[TASK_CLOCK] = mind_clock,
		[TASK_CONSOLE] = mind_console,
		[TASK_BUTTON] = mind_button,
		[TASK_LEDS] = mind_leds,
	};
	bool more = false;
	unsigned i;

	for (i = 0; i < TASKS; i++) {
		progress_begin((enum task)i);
		more |= tasks[i]();
		progress_end(&progress, (enum task)i);
	}
	if (progress_made(&progress, systick_ms()))
		iwdg_feed();
	return more;
}

/* -- interrupts --------------------------------------------------------------------- */

void app_on_button(void)
{
	if (board_button_edge())
		button_edge = true;
}

bool app_on_nmi(void)
{
	bool failed = rcc_clock_failed();

	if (failed)
		clock_lost = true;
	return failed;
}
