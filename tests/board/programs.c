/*
 * programs FILE.elf...: runs programs on the processor of a whole board, each on one of its
 * own, and says of each whether it ended well. They live in flash, run from reset, and
 * tell by semihosting (BKPT 0xAB) what they find; the operations are Arm's, and SYS_SYSTEM
 * does to the board what a hand does. TAP.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu.h"
#include "core/machine.h"
#include "flash.h"
#include "load.h"
#include "parts/discovery.h"
#include "periph/usart.h"

#define SLICE_NS   10000000
#define BUDGET     100000000 /* instructions; a program that takes more hangs */
#define LONGEST_NS 60000000000
#define LATER_NS   20000000
#define WORDS      200 /* of what a program says at once */

/* Semihosting's numbers, and why a program ends */
#define SYS_WRITE0        0x04
#define SYS_SYSTEM        0x12
#define SYS_EXIT_EXTENDED 0x20
#define ADP_STOPPED       0x20026u

struct run {
	struct flash *flash;
	struct machine *machine;
	struct discovery *board;
	int64_t press_ns; /* when the button will be pressed; 0: it will not */
	bool ended;
	char said[4000];
};

static const uint32_t uid[3] = { 0x00340025, 0x3137510A, 0x35333938 };

static void say(struct run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct run *run, const char *format, ...)
{
	size_t len = strlen(run->said);
	va_list args;

	va_start(args, format);
	vsnprintf(run->said + len, sizeof(run->said) - len, format, args);
	va_end(args);
}

/* -- the board ---------------------------------------------------------------------- */

static bool power_on(struct run *run)
{
	const char *why = "no memory";

	run->machine = machine_new(run->flash, uid, 1, 0, &why);
	if (run->machine)
		run->board = discovery_new(machine_mcu(run->machine));
	if (!run->board) {
		say(run, "no board: %s\n", why);
		return false;
	}
	machine_debug(run->machine, true);
	return true;
}

static void power_off(struct run *run)
{
	discovery_free(run->board);
	machine_free(run->machine);
	run->board = NULL;
	run->machine = NULL;
}

/* "3 abc": into USART3 */
static bool type(struct run *run, const char *request)
{
	unsigned usart = (unsigned)(request[0] - '0');

	if (!usart_name(usart) || request[1] != ' ')
		return false;
	for (const char *at = request + 2; *at; at++)
		usart_give(machine_mcu(run->machine), usart, (uint8_t)*at);
	return true;
}

/* What the program asks a hand to do. False: nothing that a hand could. */
static bool handle(struct run *run, const char *request)
{
	if (strcmp(request, "press") == 0)
		discovery_press(run->board, true);
	else if (strcmp(request, "release") == 0)
		discovery_press(run->board, false);
	else if (strcmp(request, "press later") == 0)
		run->press_ns = machine_ns(run->machine) + LATER_NS;
	else if (strcmp(request, "no crystal") == 0)
		discovery_crystal(run->board, false);
	else if (strcmp(request, "reset") == 0)
		machine_reset(run->machine, MCU_RESET_PIN, 0);
	else if (strcmp(request, "power") == 0)
		return power_off(run), power_on(run);
	else if (strncmp(request, "type ", 5) == 0)
		return type(run, request + 5);
	else
		return false;
	return true;
}

/* -- semihosting -------------------------------------------------------------------- */

static uint32_t word_at(struct run *run, uint32_t address)
{
	uint32_t value = 0;

	machine_read(run->machine, address, 4, &value);
	return value;
}

static void text_at(struct run *run, uint32_t address, char text[WORDS])
{
	uint32_t byte = 0;
	size_t len = 0;

	while (len < WORDS - 1 &&
	       machine_read(run->machine, address + (uint32_t)len, 1, &byte) && byte)
		text[len++] = (char)byte;
	text[len] = '\0';
}

static void end(struct run *run, uint32_t block)
{
	uint32_t why = word_at(run, block), code = word_at(run, block + 4);

	run->ended = true;
	if (why != ADP_STOPPED)
		say(run, "it ends by 0x%x\n", why);
	else if (code && !*run->said)
		say(run, "it ends with %u\n", code);
}

/* False: it is no more to be run. */
static bool serve(struct run *run)
{
	uint32_t pc = machine_get(run->machine, CPU_PC);
	uint32_t argument = machine_get(run->machine, CPU_R0 + 1);
	char text[WORDS];

	machine_set(run->machine, CPU_PC, pc + 2);
	machine_debug(run->machine, true);
	switch (machine_get(run->machine, CPU_R0)) {
	case SYS_WRITE0:
		text_at(run, argument, text);
		say(run, "%s", text);
		return true;
	case SYS_SYSTEM:
		text_at(run, word_at(run, argument), text);
		if (handle(run, text))
			return true;
		say(run, "it wants what no hand can do: %s\n", text);
		return false;
	case SYS_EXIT_EXTENDED:
		end(run, argument);
		return false;
	default:
		say(run, "a breakpoint at 0x%08x\n", pc);
		return false;
	}
}

/* -- the run ------------------------------------------------------------------------ */

static bool goes_on(struct run *run)
{
	struct machine *machine = run->machine;
	int64_t ns = machine_ns(machine);

	if (run->press_ns && ns >= run->press_ns) {
		discovery_press(run->board, true);
		run->press_ns = 0;
	}
	switch (machine_state(machine)) {
	case MACHINE_HALTED:
		return serve(run);
	case MACHINE_RESETS:
		machine_reset(machine, machine_reset_cause(machine), 0);
		return true;
	case MACHINE_IN_ROM:
		say(run, "it is in the ROM\n");
		return false;
	case MACHINE_LOCKED:
		/* a watchdog may still be at work */
		if (machine_due_ns(machine) != INT64_MAX && ns < LONGEST_NS)
			return true;
		say(run, "it locks up at 0x%08x\n", machine_get(machine, CPU_PC));
		return false;
	default:
		break;
	}
	if (ns < LONGEST_NS &&
	    machine_cycles(machine) - machine_idle_cycles(machine) < BUDGET)
		return true;
	say(run, "it hangs at 0x%08x\n", machine_get(machine, CPU_PC));
	return false;
}

static bool run_program(struct run *run, const char *path)
{
	run->flash = flash_open(NULL);
	if (!run->flash || !load_elf(run->flash, path)) {
		say(run, "%s: no program\n", path);
		return false;
	}
	if (!power_on(run))
		return false;
	do {
		machine_run(run->machine, machine_ns(run->machine) + SLICE_NS);
	} while (goes_on(run));
	return run->ended && !*run->said;
}

static void print_said(char *said)
{
	for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
		printf("# %s\n", line);
}

/* core/nvic.S is "core nvic". */
static void print_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *folder = slash;

	while (folder && folder > path && folder[-1] != '/')
		folder--;
	if (folder)
		printf("%.*s ", (int)(slash - folder), folder);
	slash = slash ? slash + 1 : path;
	printf("%.*s\n", (int)strcspn(slash, "."), slash);
}

int main(int argc, char **argv)
{
	int status = argc > 1 ? 0 : 1;

	for (int i = 1; i < argc; i++) {
		struct run run = { 0 };
		bool good = run_program(&run, argv[i]);

		printf("%sok %d - ", good ? "" : "not ", i);
		print_name(argv[i]);
		print_said(run.said);
		power_off(&run);
		flash_close(run.flash);
		status |= !good;
	}
	printf("1..%d\n", argc - 1);
	return status;
}
