#include "commands.h"
#include "text.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* name, function, arguments, summary, options, verbs, what completes the arguments */
static const struct command commands_[] = {
	{ "list", cmd_list, "", "show boards in sight", list_options, NULL, NULL },
	{ "info", cmd_info, "", "tell all about one board", info_options, NULL, NULL },
	{ "build", cmd_build, "", "build the bundled firmware", build_options, NULL,
	  NULL },
	{ "flash", cmd_flash, "[IMAGE|-]",
	  "write an image, by default the bundled firmware", flash_options, NULL,
	  "file" },
	{ "verify", cmd_verify, "IMAGE|-", "compare flash with an image", verify_options,
	  NULL, "file" },
	{ "read", cmd_read, "ADDR LEN", "read memory into a file", read_options, NULL,
	  NULL },
	{ "erase", cmd_erase, "ADDR LEN | --chip", "erase flash", erase_options, NULL,
	  NULL },
	{ "start", cmd_start, "", "leave the bootloader and start the program",
	  start_options, NULL, NULL },
	{ "option", cmd_option, "[NAME=VALUE...]", "show and change option bytes",
	  option_options, "show|set|unprotect", NULL },
	{ "otp", cmd_otp, "[BLOCK[/OFFSET] [FILE]]",
	  "show, write and lock one-time memory", otp_options, "show|write|lock",
	  "file" },
	{ "image", cmd_image, "FILE [OUT]", "look into an image file, or convert it",
	  image_options, "info|convert", "file" },
	{ "udev", cmd_udev, "", "let users at their boards: the udev rules", udev_options,
	  "print|install|remove|check", NULL },
	{ "doctor", cmd_doctor, "", "find what is wrong, and the line that mends it",
	  doctor_options, NULL, NULL },
	{ "provision", cmd_provision, "[DEVICE-ID]", "give a board its identity",
	  provision_options, NULL, "device" },
	{ "hub", cmd_hub, "[NAME]", "keep hubs by name", hub_options,
	  "add|list|use|remove", "hub" },
	{ "device", cmd_device, "[ID] [...]", "the devices that a hub knows",
	  device_options,
	  "list|show|create|delete|enable|disable|rotate|twin|call|send|purge|"
	  "enroll|enrolled|unenroll|connection-string",
	  "device" },
	{ "token", cmd_token, "", "print a SAS token", token_options, NULL, NULL },
	{ "monitor", cmd_monitor, "[DEVICE...]", "tail the telemetry of devices",
	  monitor_options, NULL, "device" },
	{ "console", cmd_console, "", "talk to a board's serial console", console_options,
	  NULL, NULL },
	{ "sim", cmd_sim, "[NAME] [...]", "virtual boards and the local hub", sim_options,
	  "up|down|status|press|release|leds|reset|power|boot0|log|trace|fault", "sim" },
	{ "help", cmd_help, "[COMMAND]", "print the help", help_options, NULL,
	  "command" },
	{ "version", cmd_version, "", "print the version", version_options, NULL, NULL },
	{ "completion", cmd_completion, "", "print completions for a shell",
	  completion_options, "bash|zsh|fish", NULL },
};

const struct command *commands(size_t *n)
{
	*n = sizeof(commands_) / sizeof(commands_[0]);
	return commands_;
}

const struct command *command_named(const char *name)
{
	size_t i, n;
	const struct command *all = commands(&n);

	for (i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	return NULL;
}

int unknown_command(const char *typed)
{
	const char *best = NULL;
	unsigned distance = ~0u;
	size_t i, n;
	const struct command *all = commands(&n);

	for (i = 0; i < n; i++) {
		unsigned d = text_distance(typed, all[i].name);

		if (text_resembles(typed, all[i].name) && d < distance) {
			best = all[i].name;
			distance = d;
		}
	}
	if (best)
		return usage_error("there is no command '%s'; did you mean '%s'?",
				   clean(typed), best);
	return usage_error("there is no command '%s'", clean(typed));
}

/* Every command with verbs finds one of them in argv[0]. */
static int check_verb(const struct command *command, int argc, char **argv)
{
	char verb[32], best[32] = "";
	unsigned distance = ~0u;
	size_t i;

	if (argc == 0)
		return usage_error("%s: one of %s must follow", command->name,
				   command->verbs);
	for (i = 0; opts_word(command->verbs, i, verb, sizeof(verb)); i++) {
		unsigned d = text_distance(argv[0], verb);

		if (d == 0)
			return EXIT_DONE;
		if (text_resembles(argv[0], verb) && d < distance) {
			strcpy(best, verb);
			distance = d;
		}
	}
	if (*best)
		return usage_error("%s %s: there is no such verb; did you mean '%s'?",
				   command->name, clean(argv[0]), best);
	return usage_error("%s %s: it is one of %s", command->name, clean(argv[0]),
			   command->verbs);
}

static int dispatch(int argc, char **argv)
{
	const struct command *command;
	int at = opts_parse(argc, argv, NULL, global_options, true), status;

	if (at < 0)
		return EXIT_USAGE;
	if (at == argc && globals.version)
		return cmd_version(0, argv);
	if (at == argc && globals.help)
		return cmd_help(0, argv);
	if (at == argc)
		return usage_error("a command must follow");
	command = command_named(argv[at]);
	if (!command)
		return unknown_command(argv[at]);
	globals.command = command;
	argc -= at + 1;
	argv += at + 1;
	argc = opts_parse(argc, argv, command->options, global_options, false);
	if (argc < 0)
		return EXIT_USAGE;
	if (globals.help) {
		help_command(command);
		return EXIT_DONE;
	}
	if (globals.version)
		return cmd_version(0, argv);
	if (globals.boards.n == 0 && getenv("STMIOT_BOARD") && *getenv("STMIOT_BOARD"))
		globals.boards.items[globals.boards.n++] = getenv("STMIOT_BOARD");
	if (command->verbs) {
		status = check_verb(command, argc, argv);
		if (status == EXIT_DONE)
			status = opts_check_verb(command->options, argv[0]);
		if (status != EXIT_DONE)
			return status;
	}
	return command->run(argc, argv);
}

static void on_signal(int number)
{
	interrupted = number;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }, before;

	/* No SA_RESTART: a read from the terminal ends. Who is impatient asks twice. */
	action.sa_flags = (int)SA_RESETHAND;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* nohup(1) has it ignored */
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/*
 * A standard file that is closed would be the next one that is opened, such as a board: it
 * is one that cannot be read or written.
 */
static void hold_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	int status, written;

	hold_standard_files();
	catch_signals();
	out_begin();
	status = dispatch(argc > 0 ? argc - 1 : 0, argv + 1);
	bars_end();
	written = out_finish();
	if (interrupted && status != EXIT_DONE)
		return 128 + interrupted;
	return status != EXIT_DONE ? status : written;
}
