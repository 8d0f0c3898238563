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

static uint32_t word(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

static void program(struct flash *flash, uint32_t at, const uint8_t *bytes, uint32_t len)
{
	struct flash_op op = { .kind = FLASH_OP_PROGRAM, .width = FLASH_X32 };

	for (uint32_t n; len > 0; at += n, bytes += n, len -= n) {
		n = len < FLASH_OP_MAX ? len : FLASH_OP_MAX;
		op.address = at;
		op.len = n;
		memcpy(op.data, bytes, n);
		flash_op_begin(flash, &op);
		flash_op_finish(flash, &op);
	}
}

static void load(struct flash *flash, const char *path)
{
	static uint8_t elf[256 * 1024];
	FILE *file = fopen(path, "rb");
	const uint8_t *header;

	if (!file || fread(elf, 1, sizeof(elf), file) < 52)
		die(path, "cannot be read");
	fclose(file);
	header = elf + word(elf + 28);
	for (unsigned i = 0; i < elf[44]; i++, header += 32)
		if (word(header) == 1)
			program(flash, word(header + 12), elf + word(header + 4),
				word(header + 16));
}

static void measure(const char *path, int start)
{
	struct flash *flash = flash_open(NULL);
	struct machine *machine;
	const char *why, *name = strrchr(path, '/');
	double began;

	if (!flash)
		die(path, "no memory");
	load(flash, path);
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
