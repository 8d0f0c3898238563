/* What the console can do: a table of commands. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>

struct command {
	const char *name, *args, *help;
	/* Gets the words behind its name. False after command_error(). */
	bool (*run)(unsigned argc, char **argv);
	unsigned args_max;
};

/* Carry a line out, which is cut up, and end the answer. An empty one is none. */
void command_run(char *line);

/* The last line of an answer that is not "ok". Returns false. */
bool command_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool command_help(unsigned argc, char **argv);
bool command_info(unsigned argc, char **argv);
bool command_cred(unsigned argc, char **argv);
bool command_log(unsigned argc, char **argv);
bool command_reboot(unsigned argc, char **argv);
bool command_dfu(unsigned argc, char **argv);
bool command_led(unsigned argc, char **argv);

#endif
