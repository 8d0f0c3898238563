#include "app/commands.h"

#include "app/console.h"
#include "app/log.h"
#include "board/leds.h"
#include "boot/boot.h"
#include "drivers/core.h"
#include "drivers/usart.h"
#include "lib/text.h"

#include <stddef.h>
#include <string.h>

static const struct command commands[] = {
	{ "help", "", "this list", command_help, 0 },
	{ "info", "", "what runs here, and how it is", command_info, 0 },
	{ "cred", "", "whose credentials the board has, without the keys", command_cred,
	  0 },
	{ "log", "", "the last lines of the log", command_log, 0 },
	{ "reboot", "", "start again", command_reboot, 0 },
	{ "dfu", "", "start the ROM bootloader, for 'stmiot flash'", command_dfu, 0 },
	{ "led", "[COLOUR on|off|auto]", "show or set an LED: green, orange, red, blue",
	  command_led, 2 },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

bool command_error(const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	text_vformat(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_say("error: %s\n", text);
	return false;
}

void command_run(char *line)
{
	char *words[CONSOLE_WORDS];
	unsigned n = text_words(line, words, CONSOLE_WORDS);
	size_t i = 0;

	if (n == 0)
		return;
	while (i < COMMANDS && strcmp(commands[i].name, words[0]) != 0)
		i++;
	if (i == COMMANDS)
		command_error("there is no command '%s'; 'help' lists them", words[0]);
	else if (n - 1 > commands[i].args_max)
		command_error("too many words: %s %s", commands[i].name,
			      commands[i].args);
	else if (commands[i].run(n - 1, words + 1))
		console_say("ok\n");
}

bool command_help(unsigned argc, char **argv)
{
	size_t i;

	(void)argc;
	(void)argv;
	for (i = 0; i < COMMANDS; i++) {
		console_say("%s %s", commands[i].name, commands[i].args);
		console_say("%s- %s\n", *commands[i].args ? " " : "", commands[i].help);
	}
	return true;
}

bool command_log(unsigned argc, char **argv)
{
	char line[LOG_LINE_BYTES];
	unsigned at = 0;

	(void)argc;
	(void)argv;
	if (log_dropped())
		console_say("(%u older lines are gone)\n", log_dropped());
	while (log_line(&at, line, sizeof(line)))
		console_say("%s\n", line);
	return true;
}

/* -- leaving ------------------------------------------------------------------------ */

/* The answer must be out before the port is gone. */
static void say_good_bye(const char *words)
{
	log_say("%s", words);
	console_say("ok\n");
	usart_flush();
}

bool command_reboot(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	say_good_bye("starting again");
	core_reset();
	return command_error("the reset does not come");
}

bool command_dfu(unsigned argc, char **argv)
{
	(void)argc;
	(void)argv;
	say_good_bye("starting the ROM bootloader");
	boot_ask();
	return command_error("the reset does not come");
}

/* -- LEDs --------------------------------------------------------------------------- */

static const char *const mode_names[] = {
	[LED_AUTO] = "auto", [LED_OFF] = "off", [LED_ON] = "on"
};
#define MODES (sizeof(mode_names) / sizeof(mode_names[0]))

static void show_leds(void)
{
	unsigned i;

	for (i = 0; i < LEDS; i++)
		console_say("%s %s\n", leds_name((enum board_led)i),
			    mode_names[leds_mode_of((enum board_led)i)]);
}

bool command_led(unsigned argc, char **argv)
{
	unsigned led = 0, mode = 0;

	if (argc == 0) {
		show_leds();
		return true;
	}
	while (led < LEDS && strcmp(leds_name((enum board_led)led), argv[0]) != 0)
		led++;
	if (led == LEDS)
		return command_error("no LED is '%s': green, orange, red, blue", argv[0]);
	if (argc == 1)
		return command_error("on, off or auto must follow");
	while (mode < MODES && strcmp(mode_names[mode], argv[1]) != 0)
		mode++;
	if (mode == MODES)
		return command_error("'%s' is not on, off or auto", argv[1]);
	leds_mode((enum board_led)led, (enum led_mode)mode);
	return true;
}
