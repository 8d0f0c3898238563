/*
 * `info`: the first line names the answer and its version, then come lines of a key and its
 * value, in any order. Keys are only ever added; another version would be another form.
 */
#include "app/click.h"
#include "app/commands.h"
#include "app/console.h"
#include "app/fault.h"
#include "app/stack.h"
#include "app/status.h"
#include "drivers/systick.h"
#include "drivers/usart.h"

#define INFO_VERSION 1

static void say_chip(void)
{
	struct chip chip = chip_look();

	console_say("chip 0x%03x revision 0x%04x, %u KiB\n", chip.device, chip.revision,
		    chip.flash_kib);
}

static void say_clock(void)
{
	console_say("clock %s %u Hz", status.clock == CLOCK_PLL ? "hse" : "hsi",
		    (unsigned)rcc_hclk_hz());
	if (status.clock != CLOCK_PLL)
		console_say(", %s", rcc_clock_words(status.clock));
	console_say("\n");
}

static void say_start(void)
{
	if (status.start.named)
		console_say("start %08x-%u", (unsigned)status.start.epoch,
			    (unsigned)status.start.boot);
	else
		console_say("start none");
	if (status.start.why)
		console_say(", %s", status.start.why);
	console_say("\n");
}

static void say_fault(void)
{
	char words[200];

	if (!status.faulted) {
		console_say("fault none\n");
		return;
	}
	fault_words(&status.fault, words, sizeof(words));
	console_say("fault %s\n", words);
}

static void say_health(void)
{
	struct usart_losses lost = usart_losses();
	uint32_t now = systick_ms();

	console_say("uptime %u.%03u s\n", (unsigned)(now / 1000), (unsigned)(now % 1000));
	console_say("random %s\n", rng_words(status.rng));
	console_say("watchdog %s\n", status.watched ? "ok" : "does not take its time");
	console_say("stack %u of %u bytes\n", stack_used(), stack_bytes());
	console_say("console lost %u received, %u sent\n", lost.received, lost.sent);
}

bool command_info(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	console_say("info %u\n", INFO_VERSION);
	console_say("firmware " FIRMWARE_NAME "\n");
	console_say("version %s\n", firmware_version);
	console_say("built %u\n", firmware_built_unix);
	console_say("serial %s\n", status.serial);
	say_chip();
	console_say("reset %s\n", rcc_reset_words(status.cause));
	say_clock();
	say_start();
	console_say("clicks %u\n", click_count());
	say_fault();
	say_health();
	return true;
}
