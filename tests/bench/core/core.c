/*
 * How fast the board's processor is: runs each PROGRAM (an ELF file that lies in flash) to
 * its BKPT, and prints its name, instructions, seconds of processor time. `-s` prints
 * instead what it takes from nothing to the first instruction; `-c` runs a command, and
 * prints its seconds of processor time.
 *
 *	core [-s] PROGRAM...
 *	core -c COMMAND...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/machine.h"
#include "flash.h"
#include "tests/board/load.h"

static const uint32_t uid[3] = { 1, 2, 3 };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static _Noreturn void die(const char *path, const char *why)
{
	fprintf(stderr, "core: %s: %s\n", path, why);
	exit(1);
}

static void measure(const char *path, int start)
{
	struct flash *flash = flash_open(NULL);
	struct machine *machine;
	const char *why, *name = strrchr(path, '/');
	double began;

	if (!flash)
		die(path, "no memory");
	if (!load_elf(flash, path))
		die(path, "is no program");
	began = now();
	machine = machine_new(flash, uid, 1, 0, &why);
	if (!machine)
		die(path, why);
	machine_debug(machine, true);
	if (!start)
		began = now();
	do
		machine_run(machine, start ? 1 : machine_ns(machine) + 1000000);
	while (!start && machine_state(machine) == MACHINE_RUNS);
	printf("%s %lld %.4f\n", name ? name + 1 : path,
	       (long long)machine_cycles(machine), now() - began);
	machine_free(machine);
	flash_close(flash);
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void measure_command(char **command)
{
	struct rusage usage;
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		die(command[0], "failed");
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("%.4f\n", seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

int main(int argc, char **argv)
{
	int start = argc > 1 && strcmp(argv[1], "-s") == 0;

	if (argc > 2 && strcmp(argv[1], "-c") == 0) {
		measure_command(argv + 2);
		return 0;
	}
	for (int i = 1 + start; i < argc; i++)
		measure(argv[i], start);
	return 0;
}
