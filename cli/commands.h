/* The commands: a file cmd_NAME.c each, with its option table. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "cli.h"

int cmd_list(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_build(int argc, char **argv);
int cmd_flash(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_erase(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_option(int argc, char **argv);
int cmd_otp(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_udev(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_provision(int argc, char **argv);
int cmd_hub(int argc, char **argv);
int cmd_device(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_completion(int argc, char **argv);

extern const struct opt list_options[];
extern const struct opt info_options[];
extern const struct opt build_options[];
extern const struct opt flash_options[];
extern const struct opt verify_options[];
extern const struct opt read_options[];
extern const struct opt erase_options[];
extern const struct opt start_options[];
extern const struct opt option_options[];
extern const struct opt otp_options[];
extern const struct opt image_options[];
extern const struct opt udev_options[];
extern const struct opt doctor_options[];
extern const struct opt provision_options[];
extern const struct opt hub_options[];
extern const struct opt device_options[];
extern const struct opt token_options[];
extern const struct opt monitor_options[];
extern const struct opt console_options[];
extern const struct opt sim_options[];
extern const struct opt help_options[];
extern const struct opt version_options[];
extern const struct opt completion_options[];

/* The help of one command, as `stmiot COMMAND --help` prints it. */
void help_command(const struct command *command);

/* Complain about a mistyped command, with the nearest. Returns EXIT_USAGE. */
int unknown_command(const char *typed);

#endif
