#include "commands.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

const struct opt help_options[] = {
	{ 0 },
};

/* What belongs together, in the order of a first day with a board. */
static const struct group {
	const char *title, *names;
} groups[] = {
	{ "Set-up", "doctor|udev" },
	{ "Boards", "list|info|flash|verify|read|erase|start|console" },
	{ "The chip's settings", "option|otp" },
	{ "Firmware and image files", "build|image" },
	{ "Azure IoT Hub", "provision|hub|device|monitor|token" },
	{ "Without board and hub", "sim" },
	{ "About", "help|version|completion" },
};

static void overview(void)
{
	size_t i, j;
	char name[32];

	out("Usage: stmiot [OPTIONS] COMMAND [ARGUMENTS]\n\n"
	    "Flashes STM32F407 boards over USB DFU, real and virtual ones, and "
	    "registers\n"
	    "devices in Azure IoT Hub.\n");
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		out("\n%s%s%s\n", tint(TINT_BOLD), groups[i].title, tint(TINT_OFF));
		for (j = 0; opts_word(groups[i].names, j, name, sizeof(name)); j++) {
			const struct command *command = command_named(name);

			if (command)
				out("  %-12s %s\n", name, command->summary);
		}
	}
	out("\n%sOptions, on either side of the command%s\n", tint(TINT_BOLD),
	    tint(TINT_OFF));
	opts_help(global_options);
	out("\n'stmiot help COMMAND' tells about one command, 'man stmiot' about all.\n");
}

static void wrapped(const char *first, const char *others, const char *text)
{
	const char *line = text, *next;
	size_t n;

	for (; *line; line = next) {
		n = text_wrap(line, 72, &next);
		out("%s%.*s\n", line == text ? first : others, (int)n, line);
	}
}

/* More verbs than a line has room for. */
static void print_verbs(const char *verbs)
{
	char text[512], verb[32];
	size_t i, at = 0;

	for (i = 0; opts_word(verbs, i, verb, sizeof(verb)); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s",
				       i ? ", " : "", verb);
	out("\n");
	wrapped("VERB is ", "        ", text);
}

void help_command(const struct command *command)
{
	bool many = command->verbs && strlen(command->verbs) > 60;
	char usage[256];

	snprintf(usage, sizeof(usage), "stmiot %s%s%s [OPTIONS]%s%s", command->name,
		 command->verbs ? " " : "",
		 many             ? "VERB"
		 : command->verbs ? command->verbs
				  : "",
		 *command->args ? " " : "", command->args);
	wrapped("Usage: ", "         ", usage);
	out("\n%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
	if (many)
		print_verbs(command->verbs);
	if (command->options && command->options->name) {
		out("\nOptions\n");
		opts_help(command->options);
	}
	out("\nGlobal options\n");
	opts_help(global_options);
}

int cmd_help(int argc, char **argv)
{
	const struct command *command;

	if (argc > 1)
		return usage_error("help takes one command");
	if (argc == 0) {
		overview();
		return EXIT_DONE;
	}
	command = command_named(argv[0]);
	if (!command)
		return unknown_command(argv[0]);
	help_command(command);
	return EXIT_DONE;
}
