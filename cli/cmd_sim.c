#include "commands.h"
#include "sim.h"
#include "sim_leds.h"
#include "sim_log.h"
#include "sim_press.h"
#include "sim_trace.h"
#include "sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOARDS_MAX   64
#define PRESS_MS_MAX 3600000u

static uint32_t boards = 1, port, gdb, at, erase, address, bit, times, count, lines,
		press_ms, seed;
static bool no_hub, follow, stay, svg, watch;
static bool at_given, erase_given, address_given, bit_given, times_given, lines_given,
	press_given, gdb_given, seed_given;
static struct opt_list serial;
static const char *board_time, *fraction;

const struct opt sim_options[] = {
	{ OPT_NUMBER, 0, "boards", "N",
	  "up: how many boards are to run, b0, b1, ... (default 1)", &boards, NULL,
	  NULL },
	{ OPT_FLAG, 0, "no-hub", NULL, "up: boards only, without the local hub", &no_hub,
	  NULL, NULL },
	{ OPT_CHOICE, 0, "time", "real|none",
	  "up: take as long as a real chip and bus, or no time at all", &board_time, NULL,
	  NULL },
	{ OPT_NUMBER, 0, "port", "P",
	  "up: the first board's TCP port for USB/IP; the next ones follow (default: "
	  "any)",
	  &port, NULL, NULL },
	{ OPT_NUMBER, 0, "gdb", "P",
	  "up: serve GDB on this port, of the first board; the next ones follow (0: any)",
	  &gdb, &gdb_given, NULL },
	{ OPT_NUMBER, 0, "seed", "N",
	  "up: what is left to chance on the boards follows from this number (default 1)",
	  &seed, &seed_given, NULL },
	{ OPT_LIST, 0, "serial", "PORT=WHERE",
	  "up: the other end of a serial port: pty, tcp:N, stdout or none; may be "
	  "given several times (default: USART3=pty)",
	  &serial, NULL, NULL },
	{ OPT_NUMBER, 0, "for", "MS",
	  "press: release it after so many milliseconds, and wait for that", &press_ms,
	  &press_given, NULL },
	{ OPT_FLAG, 0, "svg", NULL, "leds: the picture as SVG", &svg, NULL, NULL },
	{ OPT_FLAG, 0, "watch", NULL, "leds: draw it again whenever it changes", &watch,
	  NULL, NULL },
	{ OPT_NUMBER, 0, "count", "N", "trace: end after so many", &count, NULL, NULL },
	{ OPT_NUMBER, 0, "lines", "N", "log: the last N lines (default: all)", &lines,
	  &lines_given, NULL },
	{ OPT_FLAG, 'f', "follow", NULL, "log: go on as it grows", &follow, NULL, NULL },
	{ OPT_NUMBER, 0, "at", "N", "fault: at the N-th transfer from now", &at,
	  &at_given, NULL },
	{ OPT_NUMBER, 0, "erase", "K", "fault: in the K-th erase from now", &erase,
	  &erase_given, NULL },
	{ OPT_TEXT, 0, "fraction", "F", "fault: after this part of the erase, 0 to 1",
	  &fraction, NULL, NULL },
	{ OPT_NUMBER, 0, "address", "ADDR", "fault: the byte to read wrongly", &address,
	  &address_given, NULL },
	{ OPT_NUMBER, 0, "bit", "N", "fault: its bit, 0 to 7", &bit, &bit_given, NULL },
	{ OPT_NUMBER, 0, "times", "N", "fault: how often (default 1)", &times,
	  &times_given, NULL },
	{ OPT_FLAG, 0, "stay", NULL, "fault: stay off the bus afterwards", &stay, NULL,
	  NULL },
	{ 0 },
};

/* -- status ------------------------------------------------------------------------ */

static const char *state_of(const struct json *status, const char *key)
{
	bool on = false;

	return json_bool(status, key, &on) ? (on ? "on" : "off") : json_text(status, key);
}

/* Boards are shown when they answer; those with a folder only, to people. */
static int show(char *const *names, size_t n, bool addresses)
{
	static const char *const full[] = { "BOARD", "MODE",   "PROGRAM", "POWER",
					    "BOOT0", "SERIAL", "USBIP" };
	static const char *const brief[] = { "BOARD", "SERIAL", "USBIP" };
	struct table *table = NULL;
	struct json *list = globals.json ? json_array() : NULL;
	int result = EXIT_DONE;
	size_t i;

	if (!list && n > 0)
		table = addresses ? table_new(3, brief) : table_new(7, full);
	for (i = 0; i < n; i++) {
		struct dfu_error err;
		struct json *status = NULL;
		const char *cells[7] = { names[i], "down" };

		if (sim_ask(names[i], sim_request("status"), &status, &err) < 0 &&
		    err.code != DFU_ERR_NODEV)
			result = report(NULL, &err);
		if (list && status) {
			json_add(list, NULL, status);
			continue;
		}
		if (status && addresses) {
			cells[1] = json_text(status, "serial");
			cells[2] = json_text(status, "usbip");
		} else if (status) {
			cells[1] = json_text(status, "mode");
			cells[2] = json_text(status, "jumped_to");
			cells[3] = state_of(status, "power");
			cells[4] = state_of(status, "boot0");
			cells[5] = json_text(status, "serial");
			cells[6] = json_text(status, "usbip");
		}
		if (table)
			table_row(table, cells);
		json_free(status);
	}
	if (!list && n > 0 && table_print(table) != EXIT_DONE)
		return EXIT_FAILED;
	if (list && json_print(list) != EXIT_DONE)
		return EXIT_FAILED;
	return result;
}

static const char *text_of(const struct json *from, const char *key)
{
	const char *text = json_text(from, key);

	return text ? clean(text) : "?";
}

static double number_of(const struct json *from, const char *key)
{
	double number = 0;

	json_number(from, key, &number);
	return number;
}

/* Behind the table, of a single board: what its processor does, and its wires. */
static void show_more(const struct json *status)
{
	const struct json *ports = json_get(status, "ports");
	const struct json *unmodelled = json_get(status, "unmodelled");
	bool runs = json_text(status, "pc") != NULL;
	double gdb_port;

	out("processor     %s%s%s\n", text_of(status, "state"), runs ? " at " : "",
	    runs ? text_of(status, "pc") : "");
	out("virtual time  %.6f s, %.0f cycles, %.1f million instructions/s\n",
	    number_of(status, "virtual_us") / 1e6, number_of(status, "cycles"),
	    number_of(status, "mips"));
	for (size_t i = 0; i < json_count(ports); i++) {
		const struct json *item = json_at(ports, i, NULL);

		out("%-13s %s\n", text_of(item, "port"), text_of(item, "path"));
	}
	if (json_number(status, "gdb", &gdb_port))
		out("%-13s 127.0.0.1:%.0f\n", "GDB", gdb_port);
	for (size_t i = 0; i < json_count(unmodelled); i++) {
		const struct json *item = json_at(unmodelled, i, NULL);

		out("%s %s (%s) by %s, %.0f times\n",
		    i ? "             " : "not modelled ", text_of(item, "register"),
		    text_of(item, "address"), text_of(item, "pc"),
		    number_of(item, "count"));
	}
}

/* In a table of its own: it has neither serial number nor jumper. */
static int show_hub(const struct json *status)
{
	static const char *const heads[] = { "HUB", "HOST", "ADDRESS" };
	struct table *table = table_new(3, heads);
	char url[32] = "";

	if (status)
		sim_hub_address(status, url, sizeof(url));
	table_row(table, (const char *const[]){
				 SIM_HUB_NAME,
				 status ? json_text(status, "host") : "down", url });
	return table_print(table);
}

/* Not an element of the boards' array: it is asked for by name there. */
static int status_of_hub(bool named)
{
	struct json *status = NULL, *list;
	struct dfu_error err;
	char folder[4096];
	int result = EXIT_DONE;

	if (sim_ask(SIM_HUB, sim_request("status"), &status, &err) < 0 &&
	    (named || err.code != DFU_ERR_NODEV))
		return report("sim status", &err);
	if (named && globals.json) {
		list = json_array();
		json_add(list, NULL, status);
		return json_print(list);
	}
	if (!globals.json &&
	    (status || (sim_path(SIM_HUB, NULL, folder, sizeof(folder)) &&
			access(folder, F_OK) == 0)))
		result = show_hub(status);
	json_free(status);
	return result;
}

static int cmd_status(int argc, char **argv)
{
	struct json *status;
	struct dfu_error err;
	char **names;
	size_t n;
	int result;

	if (argc > 1)
		return usage_error("sim status takes one board at most");
	if (argc == 1 && strcmp(argv[0], SIM_HUB) == 0)
		return status_of_hub(true);
	if (argc == 1) {
		if (sim_ask(argv[0], sim_request("status"), &status, &err) < 0)
			return report("sim status", &err);
		result = show(argv, 1, false);
		if (!globals.json)
			show_more(status);
		json_free(status);
		return result;
	}
	if (sim_names(&names, &n, &err) < 0)
		return report("sim status", &err);
	result = show(names, n, false);
	if (n == 0)
		note("there is no virtual board yet; 'stmiot sim up' makes one");
	sim_names_free(names, n);
	return result == EXIT_DONE ? status_of_hub(false) : result;
}

/* -- up, down ---------------------------------------------------------------------- */

/* Boards are of use without it, and it comes in a package of its own. */
static int up_hub(void)
{
	struct dfu_error err;

	if (!sim_hub_installed()) {
		note("sim up: stmiot-hub is neither beside stmiot nor in PATH: boards "
		     "only");
		return EXIT_DONE;
	}
	return sim_hub_start(&err) < 0 ? report("sim up", &err) : EXIT_DONE;
}

static bool ports_fit(const char *option, uint32_t first)
{
	if (first <= 65535 && first + boards - 1 <= 65535)
		return true;
	usage_error("--%s %u: a port, and those of the next boards, end at 65535", option,
		    first);
	return false;
}

static bool any_of_start(void)
{
	return board_time || serial.n > 0 || port > 0 || gdb_given || seed_given;
}

static int cmd_up(int argc, char **argv)
{
	struct sim_start how = { .time = board_time,
				 .seed = seed_given ? &seed : NULL,
				 .serial = &serial,
				 .gdb = gdb_given };
	char names[BOARDS_MAX][16], *list[BOARDS_MAX];
	struct dfu_error err;
	uint32_t i;
	int lock, rc, result = EXIT_DONE;

	if (argc > 0)
		return usage_error("sim up takes no argument, not '%s'", clean(argv[0]));
	if (boards < 1 || boards > BOARDS_MAX)
		return usage_error("--boards %u: 1 to %d can be run", boards, BOARDS_MAX);
	if (!ports_fit("port", port) || !ports_fit("gdb", gdb))
		return EXIT_USAGE;
	lock = sim_lock(&err);
	if (lock < 0)
		return report("sim up", &err);
	for (i = 0; i < boards; i++) {
		snprintf(names[i], sizeof(names[i]), "b%u", i);
		list[i] = names[i];
		how.port = (uint16_t)(port ? port + i : 0);
		how.gdb_port = (uint16_t)(gdb ? gdb + i : 0);
		rc = sim_start(names[i], &how, &err);
		if (rc > 0 && any_of_start())
			note("%s runs already, and stays as it was started: 'stmiot sim "
			     "down %s' ends it",
			     names[i], names[i]);
		if (rc < 0) {
			result = report("sim up", &err);
			break;
		}
	}
	if (result == EXIT_DONE && !no_hub)
		result = up_hub();
	close(lock);
	if (result == EXIT_DONE)
		result = show(list, boards, true);
	return result == EXIT_DONE && !no_hub ? status_of_hub(false) : result;
}

/* 1 when it was ended, 0 when it did not run, -1 after saying what went wrong. */
static int down_hub(void)
{
	struct dfu_error err;

	if (sim_hub_stop(&err) == 0)
		return 1;
	if (err.code == DFU_ERR_NODEV)
		return 0;
	report("sim down", &err);
	return -1;
}

static void say_ended(size_t n, bool hub)
{
	if (n == 0 && !hub)
		note("sim down: nothing was running");
	else if (n == 0)
		note("sim down: ended the local hub");
	else
		note("sim down: ended %zu board%s%s", n, n == 1 ? "" : "s",
		     hub ? " and the local hub" : "");
}

static int cmd_down(int argc, char **argv)
{
	struct dfu_error err;
	char **names;
	size_t n, i, ended = 0, meant = 0;
	int lock, hub = 0, result = EXIT_DONE;

	if (argc > 1)
		return usage_error("sim down takes one board at most");
	lock = sim_lock(&err);
	if (lock < 0 || sim_names(&names, &n, &err) < 0) {
		if (lock >= 0)
			close(lock);
		return report("sim down", &err);
	}
	for (i = 0; i < n; i++) {
		if (argc == 1 && strcmp(names[i], argv[0]) != 0)
			continue;
		meant++;
		if (sim_stop(names[i], &err) == 0)
			ended++;
		else if (err.code != DFU_ERR_NODEV)
			result = report("sim down", &err);
	}
	if (argc == 0 || strcmp(argv[0], SIM_HUB) == 0)
		hub = down_hub();
	if (hub < 0)
		result = EXIT_FAILED;
	if (argc == 1 && meant == 0 && strcmp(argv[0], SIM_HUB) != 0) {
		complain("sim down: %s: there is no such virtual board\n"
			 "'stmiot sim status' lists them",
			 clean(argv[0]));
		result = EXIT_NO_BOARD;
	} else if (result == EXIT_DONE || ended > 0 || hub > 0) {
		say_ended(ended, hub > 0);
	}
	sim_names_free(names, n);
	close(lock);
	return result;
}

/* -- a board's pins ---------------------------------------------------------------- */

/* Ask, and say nothing but with --json. Frees `request`. */
static int tell(const char *name, struct json *request)
{
	struct dfu_error err;
	struct json *reply;

	if (sim_ask(name, request, &reply, &err) < 0)
		return report("sim", &err);
	if (globals.json)
		return json_print(reply);
	json_free(reply);
	return EXIT_DONE;
}

static bool parse_switch(const char *word, bool *on)
{
	*on = strcmp(word, "on") == 0;
	return *on || strcmp(word, "off") == 0;
}

static int cmd_reset(int argc, char **argv)
{
	if (argc != 1)
		return usage_error("sim reset takes one board");
	return tell(argv[0], sim_request("reset"));
}

/* Power without a word is off and on again, as by unplugging. */
static int cmd_power(int argc, char **argv)
{
	struct json *request;
	bool on = true;

	if (argc < 1 || argc > 2 || (argc == 2 && !parse_switch(argv[1], &on)))
		return usage_error("sim power takes a board, and on or off");
	request = sim_request("power");
	if (argc == 2)
		json_add_bool(request, "on", on);
	return tell(argv[0], request);
}

static int cmd_boot0(int argc, char **argv)
{
	struct json *request;
	bool on;

	if (argc != 2 || !parse_switch(argv[1], &on))
		return usage_error("sim boot0 takes a board and on or off");
	request = sim_request("boot0");
	json_add_bool(request, "on", on);
	return tell(argv[0], request);
}

static int cmd_press(int argc, char **argv)
{
	struct json *request;
	int status;

	if (argc != 1)
		return usage_error("sim press takes one board");
	if (press_given && (press_ms < 1 || press_ms > PRESS_MS_MAX))
		return usage_error("--for %u: 1 to %u milliseconds", press_ms,
				   PRESS_MS_MAX);
	request = sim_request("press");
	if (press_given)
		json_add_number(request, "ms", press_ms);
	status = tell(argv[0], request);
	if (status != EXIT_DONE || !press_given)
		return status;
	return sim_await_release(argv[0], press_ms);
}

static int cmd_release(int argc, char **argv)
{
	if (argc != 1)
		return usage_error("sim release takes one board");
	return tell(argv[0], sim_request("release"));
}

static int cmd_leds(int argc, char **argv)
{
	if (argc != 1)
		return usage_error("sim leds takes one board");
	if (svg && globals.json)
		return usage_error("--svg and --json do not go together");
	return sim_leds(argv[0], svg, watch);
}

static int cmd_trace(int argc, char **argv)
{
	if (argc < 1)
		return usage_error("sim trace takes a board, and names of peripherals");
	return sim_trace(argv[0], argc - 1, argv + 1, count);
}

static int cmd_log(int argc, char **argv)
{
	if (argc != 1)
		return usage_error("sim log takes one board");
	return sim_log(argv[0], lines_given ? &lines : NULL, follow);
}

/* -- fault ------------------------------------------------------------------------- */

static bool parse_fraction(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return *text && !*end && *value >= 0 && *value <= 1;
}

/* What each kind of fault needs to know; the board itself judges the values. */
static const char *missing_for(const char *kind)
{
	if (strcmp(kind, "none") == 0)
		return NULL;
	if (strcmp(kind, "flip") == 0)
		return address_given && bit_given ? NULL : "--address and --bit";
	if (strcmp(kind, "power") == 0)
		return at_given || erase_given ? NULL : "--erase or --at";
	return at_given ? NULL : "--at";
}

static int cmd_fault(int argc, char **argv)
{
	static const char kinds[] = "stall|timeout|disconnect|power|flip|none";
	struct json *request;
	double part = 0;
	char kind[16];
	size_t i;

	if (argc != 2)
		return usage_error("sim fault takes a board and one of %s", kinds);
	for (i = 0; opts_word(kinds, i, kind, sizeof(kind)); i++)
		if (strcmp(kind, argv[1]) == 0)
			break;
	if (strcmp(kind, argv[1]) != 0)
		return usage_error("sim fault: '%s' is none of %s", clean(argv[1]),
				   kinds);
	if (missing_for(kind))
		return usage_error("sim fault %s needs %s", kind, missing_for(kind));
	if (fraction && !parse_fraction(fraction, &part))
		return usage_error("--fraction %s: from 0 to 1", clean(fraction));
	request = sim_request("fault");
	json_add_text(request, "kind", kind);
	if (at_given)
		json_add_number(request, "at", at);
	if (erase_given)
		json_add_number(request, "erase", erase);
	if (fraction)
		json_add_number(request, "fraction", part);
	if (address_given)
		json_add_number(request, "address", address);
	if (bit_given)
		json_add_number(request, "bit", bit);
	if (times_given)
		json_add_number(request, "times", times);
	if (stay)
		json_add_bool(request, "stay", true);
	return tell(argv[0], request);
}

int cmd_sim(int argc, char **argv)
{
	static const struct {
		const char *verb;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{ "up", cmd_up },         { "down", cmd_down },
		{ "status", cmd_status }, { "reset", cmd_reset },
		{ "power", cmd_power },   { "boot0", cmd_boot0 },
		{ "log", cmd_log },       { "fault", cmd_fault },
		{ "press", cmd_press },   { "release", cmd_release },
		{ "leds", cmd_leds },     { "trace", cmd_trace },
	};
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[0], verbs[i].verb) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	return usage_error("sim: there is no verb '%s'", clean(argv[0]));
}
