#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "trace.h"

#define PERIPHERALS_MAX 80

/* -- the pins ---------------------------------------------------------------------- */

static bool do_boot0(struct control *control, struct request *request)
{
	bool on = false;

	if (!request_has(request, "on"))
		return refuse(request, "\"boot0\" needs \"on\": true or false");
	if (!request_bool(request, "on", &on))
		return false;
	board_boot0(control->board, on);
	return true;
}

static bool do_power(struct control *control, struct request *request)
{
	bool on = true;

	if (!request_bool(request, "on", &on))
		return false;
	if (!request_has(request, "on"))
		board_power(control->board, false);
	board_power(control->board, on);
	return true;
}

static bool do_reset(struct control *control, struct request *request)
{
	struct board_view view;

	board_look(control->board, &view);
	if (!view.power)
		return refuse(request, "the board has no power");
	board_reset(control->board);
	return true;
}

static bool do_press(struct control *control, struct request *request)
{
	struct discovery *parts = board_discovery(control->board);
	uint32_t ms = 0;

	if (!request_number(request, "ms", 1, 3600000, &ms))
		return false;
	if (!parts)
		return refuse(request, "the board has no power");
	if (ms)
		discovery_click(parts, (int64_t)ms * 1000000);
	else
		discovery_press(parts, true);
	return true;
}

static bool do_release(struct control *control, struct request *request)
{
	if (!board_discovery(control->board))
		return refuse(request, "the board has no power");
	discovery_press(board_discovery(control->board), false);
	return true;
}

static bool do_crystal(struct control *control, struct request *request)
{
	struct discovery *parts = board_discovery(control->board);
	bool on = true;

	if (!request_has(request, "on"))
		return refuse(request, "\"crystal\" needs \"on\": true or false");
	if (!request_bool(request, "on", &on))
		return false;
	if (!parts)
		return refuse(request, "the board has no power");
	discovery_crystal(parts, on);
	return true;
}

/* -- faults ------------------------------------------------------------------------ */

/* Which keys a fault cannot do without, and which make no sense with it. */
static bool check_fault(struct request *request, const struct fault *fault)
{
	const char *kind = fault_name(fault->kind);
	bool flip = fault->kind == FAULT_FLIP;

	if (flip && (!request_has(request, "address") || !request_has(request, "bit")))
		return refuse(request, "\"flip\" needs \"address\" and \"bit\"");
	if (!flip && (request_has(request, "address") || request_has(request, "bit") ||
		      request_has(request, "times")))
		return refuse(request,
			      "\"address\", \"bit\" and \"times\" go with \"flip\"");
	if (flip && (fault->at || fault->erase))
		return refuse(request, "\"flip\" takes no \"at\" and no \"erase\"");
	if (fault->erase && fault->kind != FAULT_POWER)
		return refuse(request, "\"erase\" goes with \"power\"");
	if (request_has(request, "fraction") && fault->kind != FAULT_POWER)
		return refuse(request, "\"fraction\" goes with \"power\"");
	if (request_has(request, "stay") && fault->kind != FAULT_POWER &&
	    fault->kind != FAULT_DISCONNECT)
		return refuse(request, "\"stay\" goes with \"power\" and \"disconnect\"");
	if (!flip && !fault->at == !fault->erase)
		return refuse(
			request,
			fault->at ? "\"%s\" takes \"at\" or \"erase\", not both"
				  : "\"%s\" needs \"at\": 1 is the next control transfer",
			kind);
	return true;
}

static bool do_fault(struct control *control, struct request *request)
{
	struct faults *faults = board_faults(control->board);
	const char *kind = request_text(request, "kind");
	struct fault fault = { .fraction = 0.5, .times = 1 };
	uint32_t bit = 0;

	fault.kind = kind ? fault_parse(kind) : FAULT_KINDS;
	if (fault.kind == FAULT_KINDS)
		return refuse(
			request,
			"\"kind\" is stall, timeout, disconnect, power, flip or none");
	if (!request_number(request, "at", 1, UINT32_MAX, &fault.at) ||
	    !request_number(request, "erase", 1, UINT32_MAX, &fault.erase) ||
	    !request_fraction(request, "fraction", &fault.fraction) ||
	    !request_address(request, "address", &fault.address) ||
	    !request_number(request, "bit", 0, 7, &bit) ||
	    !request_number(request, "times", 1, UINT32_MAX, &fault.times) ||
	    !request_bool(request, "stay", &fault.stay))
		return false;
	fault.bit = bit;
	if (fault.kind == FAULT_NONE) {
		faults->count = 0;
		return true;
	}
	if (!check_fault(request, &fault))
		return false;
	if (!faults_arm(faults, &fault))
		return refuse(request, "%d faults are armed, there is no room for more",
			      FAULTS_MAX);
	return true;
}

/* -- the rest ---------------------------------------------------------------------- */

static bool do_trace(struct control *control, struct request *request)
{
	const char *names[PERIPHERALS_MAX];
	char why[TRACE_WHY];
	size_t count = 0;

	if (!request_texts(request, "peripherals", names, PERIPHERALS_MAX, &count))
		return false;
	if (!control->trace || !trace_start(control->trace, names, count, why))
		return refuse(request, "%s", control->trace ? why : "no memory");
	control->trace_begun = true;
	return true;
}

static bool do_clear_counters(struct control *control, struct request *request)
{
	(void)request;
	board_clear_counters(control->board);
	return true;
}

static bool do_quit(struct control *control, struct request *request)
{
	(void)request;
	control->quit = true;
	return true;
}

#define KEYS_MAX 9

static const struct action {
	const char *name;
	bool (*run)(struct control *control, struct request *request);
	const char *keys[KEYS_MAX];
} actions[] = {
	{ "status", control_status, { "do" } },
	{ "leds", control_leds, { "do" } },
	{ "press", do_press, { "do", "ms" } },
	{ "release", do_release, { "do" } },
	{ "boot0", do_boot0, { "do", "on" } },
	{ "power", do_power, { "do", "on" } },
	{ "reset", do_reset, { "do" } },
	{ "crystal", do_crystal, { "do", "on" } },
	{ "trace", do_trace, { "do", "peripherals" } },
	{ "fault",
	  do_fault,
	  { "do", "kind", "at", "erase", "fraction", "address", "bit", "times",
	    "stay" } },
	{ "clear-counters", do_clear_counters, { "do" } },
	{ "quit", do_quit, { "do" } },
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static bool refuse_unknown(struct request *request, const char *name)
{
	char known[200] = "";

	for (size_t i = 0; i < ACTIONS; i++) {
		strcat(known, i == 0 ? "" : i + 1 < ACTIONS ? ", " : " and ");
		strcat(known, actions[i].name);
	}
	return refuse(request, "\"do\": there is no \"%.40s\"; there are %s", name,
		      known);
}

static bool run(struct control *control, struct request *request)
{
	const struct action *action = NULL;
	const char *name, *stranger;

	if (!request_is_json(request))
		return refuse(request, "this is not JSON");
	if (!request_is_object(request))
		return refuse(request, "a request is one JSON object on one line");
	name = request_text(request, "do");
	if (!name)
		return refuse(request,
			      "\"do\" says what to do: there is none, or it is no text");
	for (size_t i = 0; i < ACTIONS; i++)
		if (strcmp(actions[i].name, name) == 0)
			action = &actions[i];
	if (!action)
		return refuse_unknown(request, name);
	stranger = request_stranger(request, action->keys, KEYS_MAX);
	if (stranger)
		return refuse(request, "\"%s\" has no \"%.40s\"", action->name, stranger);
	return action->run(control, request);
}

char *control_answer(struct control *control, const char *line, size_t len)
{
	struct request request;

	request_begin(&request, line, len);
	return request_end(&request, run(control, &request));
}
