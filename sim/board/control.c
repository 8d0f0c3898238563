#include "control.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What goes wrong in a request is told in words, one sentence. */
struct request {
	const cJSON *json;
	cJSON *answer;
	char error[200];
};

static bool refuse(struct request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool refuse(struct request *request, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(request->error, sizeof(request->error), format, args);
	va_end(args);
	return false;
}

/* -- reading ----------------------------------------------------------------------- */

static const cJSON *get(const struct request *request, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(request->json, key);
}

/* Each leaves `*value` alone when the key is not there. */
static bool get_bool(struct request *request, const char *key, bool *value)
{
	const cJSON *item = get(request, key);

	if (item && !cJSON_IsBool(item))
		return refuse(request, "\"%s\" is true or false", key);
	if (item)
		*value = cJSON_IsTrue(item);
	return true;
}

static bool get_number(struct request *request, const char *key, uint32_t least,
		       uint32_t most, uint32_t *value)
{
	const cJSON *item = get(request, key);

	if (!item)
		return true;
	if (!cJSON_IsNumber(item) || item->valuedouble < least ||
	    item->valuedouble > most || (uint32_t)item->valuedouble != item->valuedouble)
		return refuse(request,
			      "\"%s\" is a whole number from %" PRIu32 " to %" PRIu32,
			      key, least, most);
	*value = (uint32_t)item->valuedouble;
	return true;
}

/* An address may also be written as text, as status does: "0x08000000". */
static bool get_address(struct request *request, const char *key, uint32_t *value)
{
	const cJSON *item = get(request, key);
	unsigned long long address;
	char *end;

	if (!cJSON_IsString(item))
		return get_number(request, key, 0, UINT32_MAX, value);
	address = strtoull(item->valuestring, &end, 16);
	if (strncmp(item->valuestring, "0x", 2) != 0 || *end ||
	    end == item->valuestring + 2 || address > UINT32_MAX)
		return refuse(request, "\"%s\" is a number or \"0x\" and hex digits",
			      key);
	*value = (uint32_t)address;
	return true;
}

static bool get_fraction(struct request *request, double *value)
{
	const cJSON *item = get(request, "fraction");

	if (item && (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) ||
		     !(item->valuedouble <= 1)))
		return refuse(request, "\"fraction\" is a number from 0 to 1");
	if (item)
		*value = item->valuedouble;
	return true;
}

/* -- status ------------------------------------------------------------------------ */

static void put(cJSON *to, const char *key, double value)
{
	cJSON_AddNumberToObject(to, key, value);
}

static void put_hex(cJSON *to, const char *key, int digits, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%0*" PRIx32, digits, value);
	cJSON_AddStringToObject(to, key, text);
}

static void put_faults(cJSON *to, const struct faults *faults)
{
	cJSON *list = cJSON_AddArrayToObject(to, "faults");

	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->armed[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "kind", fault_name(fault->kind));
		if (fault->at)
			put(item, "at", fault->at);
		if (fault->erase)
			put(item, "erase", fault->erase);
		if (fault->kind == FAULT_POWER)
			put(item, "fraction", fault->fraction);
		if (fault->kind == FAULT_FLIP) {
			put_hex(item, "address", 8, fault->address);
			put(item, "bit", fault->bit);
			put(item, "times", fault->times);
		}
		if (fault->stay)
			cJSON_AddTrueToObject(item, "stay");
		cJSON_AddItemToArray(list, item);
	}
}

static void put_counters(cJSON *to, const struct board_counters *counters)
{
	static const char *const names[DFU_REQUESTS] = {
		"detach",    "dnload",   "upload", "getstatus",
		"clrstatus", "getstate", "abort",
	};
	cJSON *list = cJSON_AddObjectToObject(to, "counters");

	put(list, "transfers", (double)counters->transfers);
	for (int i = 0; i < DFU_REQUESTS; i++)
		put(list, names[i], (double)counters->requests[i]);
	put(list, "stalls", (double)counters->stalls);
	put(list, "set_address", (double)counters->set_address);
	put(list, "erases", (double)counters->erases);
	put(list, "mass_erases", (double)counters->mass_erases);
	put(list, "option_writes", (double)counters->option_writes);
	put(list, "programmed_bytes", (double)counters->programmed_bytes);
	put(list, "bus_us", (double)(counters->bus_ns / 1000));
	put(list, "erase_us", (double)(counters->erase_ns / 1000));
	put(list, "program_us", (double)(counters->program_ns / 1000));
}

static void put_chip(cJSON *to, const struct board_view *view)
{
	char uid[25], rev[5];

	snprintf(uid, sizeof(uid), "%08" PRIx32 "%08" PRIx32 "%08" PRIx32,
		 view->chip.uid[0], view->chip.uid[1], view->chip.uid[2]);
	snprintf(rev, sizeof(rev), "%04x", view->chip.rev & 0xFFFF);
	cJSON_AddStringToObject(to, "serial", view->serial);
	cJSON_AddStringToObject(to, "uid", uid);
	cJSON_AddStringToObject(to, "rev", rev);
}

static void put_rom(cJSON *to, const struct board_view *view)
{
	if (view->jumped)
		put_hex(to, "jumped_to", 8, view->jumped_to);
	else
		cJSON_AddNullToObject(to, "jumped_to");
	cJSON_AddStringToObject(to, "dfu_state", rom_state_name(view->rom.state));
	cJSON_AddStringToObject(to, "dfu_status", rom_status_name(view->rom.status));
	put_hex(to, "pointer", 8, view->rom.pointer);
	put(to, "device_feature", view->rom.feature);
	put(to, "rdp", view->rdp);
	put_hex(to, "nwrp", 4, view->nwrp);
}

static bool do_status(struct control *control, struct request *request)
{
	cJSON *to = request->answer;
	struct board_view view;

	board_look(control->board, &view);
	cJSON_AddStringToObject(to, "name", control->name);
	put_chip(to, &view);
	cJSON_AddStringToObject(to, "usbip", control->usbip);
	cJSON_AddStringToObject(to, "time",
				control->time == CLOCK_REAL ? "real" : "none");
	cJSON_AddBoolToObject(to, "power", view.power);
	cJSON_AddBoolToObject(to, "boot0", view.chip.boot0);
	cJSON_AddStringToObject(to, "mode", board_mode_name(view.mode));
	cJSON_AddBoolToObject(to, "attached", view.attached);
	put_rom(to, &view);
	put_faults(to, board_faults(control->board));
	put_counters(to, &view.counters);
	put(to, "board_us", (double)(view.total_ns / 1000));
	cJSON_AddStringToObject(to, "version", STMIOT_VERSION);
	return true;
}

/* -- the other requests ------------------------------------------------------------ */

static bool do_boot0(struct control *control, struct request *request)
{
	bool on = false;

	if (!get(request, "on"))
		return refuse(request, "\"boot0\" needs \"on\": true or false");
	if (!get_bool(request, "on", &on))
		return false;
	board_boot0(control->board, on);
	return true;
}

static bool do_power(struct control *control, struct request *request)
{
	bool on = true;

	if (!get_bool(request, "on", &on))
		return false;
	if (!get(request, "on"))
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

/* Which keys a fault cannot do without, and which make no sense with it. */
static bool check_fault(struct request *request, const struct fault *fault)
{
	const char *kind = fault_name(fault->kind);
	bool flip = fault->kind == FAULT_FLIP;

	if (flip && (!get(request, "address") || !get(request, "bit")))
		return refuse(request, "\"flip\" needs \"address\" and \"bit\"");
	if (!flip &&
	    (get(request, "address") || get(request, "bit") || get(request, "times")))
		return refuse(request,
			      "\"address\", \"bit\" and \"times\" go with \"flip\"");
	if (flip && (fault->at || fault->erase))
		return refuse(request, "\"flip\" takes no \"at\" and no \"erase\"");
	if (fault->erase && fault->kind != FAULT_POWER)
		return refuse(request, "\"erase\" goes with \"power\"");
	if (get(request, "fraction") && fault->kind != FAULT_POWER)
		return refuse(request, "\"fraction\" goes with \"power\"");
	if (get(request, "stay") && fault->kind != FAULT_POWER &&
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
	const cJSON *kind = get(request, "kind");
	struct fault fault = { .fraction = 0.5, .times = 1 };
	uint32_t bit = 0;

	fault.kind = cJSON_IsString(kind) ? fault_parse(kind->valuestring) : FAULT_KINDS;
	if (fault.kind == FAULT_KINDS)
		return refuse(
			request,
			"\"kind\" is stall, timeout, disconnect, power, flip or none");
	if (!get_number(request, "at", 1, UINT32_MAX, &fault.at) ||
	    !get_number(request, "erase", 1, UINT32_MAX, &fault.erase) ||
	    !get_fraction(request, &fault.fraction) ||
	    !get_address(request, "address", &fault.address) ||
	    !get_number(request, "bit", 0, 7, &bit) ||
	    !get_number(request, "times", 1, UINT32_MAX, &fault.times) ||
	    !get_bool(request, "stay", &fault.stay))
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
	{ "status", do_status, { NULL } },
	{ "boot0", do_boot0, { "on" } },
	{ "power", do_power, { "on" } },
	{ "reset", do_reset, { NULL } },
	{ "fault",
	  do_fault,
	  { "kind", "at", "erase", "fraction", "address", "bit", "times", "stay" } },
	{ "clear-counters", do_clear_counters, { NULL } },
	{ "quit", do_quit, { NULL } },
};

static bool known_key(const struct action *action, const char *key)
{
	if (strcmp(key, "do") == 0)
		return true;
	for (int i = 0; i < KEYS_MAX && action->keys[i]; i++)
		if (strcmp(action->keys[i], key) == 0)
			return true;
	return false;
}

static bool run(struct control *control, struct request *request)
{
	const struct action *action = NULL;
	const cJSON *name, *item;

	if (!cJSON_IsObject(request->json))
		return refuse(request, "a request is one JSON object on one line");
	name = get(request, "do");
	if (!cJSON_IsString(name))
		return refuse(request,
			      "\"do\" says what to do: there is none, or it is no text");
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name->valuestring) == 0)
			action = &actions[i];
	if (!action)
		return refuse(request,
			      "\"do\": there is no \"%.40s\"; there are status, boot0, "
			      "power, reset, fault, clear-counters and quit",
			      name->valuestring);
	for (item = request->json->child; item; item = item->next)
		if (!known_key(action, item->string))
			return refuse(request, "\"%s\" has no \"%.40s\"", action->name,
				      item->string);
	return action->run(control, request);
}

/* NULL also when something follows the object on its line. */
static cJSON *parse(const char *line, size_t len)
{
	const char *end = line;
	cJSON *json = cJSON_ParseWithLengthOpts(line, len, &end, 0);

	for (; json && end < line + len; end++)
		if (!memchr(" \t\r", *end, 3)) {
			cJSON_Delete(json);
			return NULL;
		}
	return json;
}

char *control_answer(struct control *control, const char *line, size_t len)
{
	cJSON *json = parse(line, len);
	struct request request = { .json = json, .answer = cJSON_CreateObject() };
	bool ok;
	char *text;

	cJSON_AddTrueToObject(request.answer, "ok");
	ok = json ? run(control, &request) : refuse(&request, "this is not JSON");
	if (!ok) {
		cJSON_Delete(request.answer);
		request.answer = cJSON_CreateObject();
		cJSON_AddFalseToObject(request.answer, "ok");
		cJSON_AddStringToObject(request.answer, "error", request.error);
	}
	text = cJSON_PrintUnformatted(request.answer);
	cJSON_Delete(request.answer);
	cJSON_Delete(json);
	return text;
}
