#include "sim_leds.h"
#include "sim.h"
#include "text.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WATCH_MS 50

/* Where each is on the board, in the SVG. */
static const struct place {
	const char *led;
	int x, y;
} places[] = {
	{ "LD3", 180, 90 },  { "LD4", 150, 120 }, { "LD5", 210, 120 },
	{ "LD6", 180, 150 }, { "LD7", 150, 250 }, { "LD8", 210, 250 },
};

static const struct colour {
	const char *name;
	enum tint tint;
	const char *web;
} colours[] = {
	{ "green", TINT_GOOD, "#2ee65c" },
	{ "orange", TINT_ORANGE, "#ff9a1f" },
	{ "red", TINT_BAD, "#ff3b30" },
	{ "blue", TINT_BLUE, "#3b82ff" },
};

struct led {
	const char *pin;
	const struct colour *colour;
	double brightness;
};

static const struct json *find(const struct json *board, const char *name)
{
	const struct json *leds = json_get(board, "leds");

	for (size_t i = 0; i < json_count(leds); i++) {
		const struct json *item = json_at(leds, i, NULL);
		const char *text = json_text(item, "name");

		if (text && strcmp(text, name) == 0)
			return item;
	}
	return NULL;
}

static struct led look(const struct json *board, const char *name)
{
	const struct json *item = find(board, name);
	const char *colour = item ? json_text(item, "colour") : NULL;
	const char *pin = item ? json_text(item, "pin") : NULL;
	struct led led = { .pin = pin ? pin : "", .colour = &colours[0] };

	if (item)
		json_number(item, "brightness", &led.brightness);
	for (size_t i = 0; colour && i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(colours[i].name, colour) == 0)
			led.colour = &colours[i];
	return led;
}

static bool flag(const struct json *board, const char *key)
{
	bool on = false;

	json_bool(board, key, &on);
	return on;
}

/* -- in the terminal --------------------------------------------------------------- */

/* @N is LDN, in three columns; #1 the user button, #2 power. COLUMNS wide as drawn. */
static const char *const rows[] = {
	"  .----------------------------------.",
	"  |  STM32F4-DISCOVERY      PWR #2  |",
	"  |                                  |",
	"  |               LD3                |",
	"  |               @3                |",
	"  |       LD4 @4     @5 LD5        |",
	"  |               @6                |",
	"  |               LD6                |",
	"  |                                  |",
	"  |   #1 B1 user     reset B2 [ ]   |",
	"  |                                  |",
	"  |       LD7 @7     @8 LD8        |",
	"  '----------------------------------'",
};
#define ROWS    (sizeof(rows) / sizeof(rows[0]))
#define COLUMNS 38

/* Dark, and three steps of light. */
static void out_light(const struct led *led)
{
	char glow = led->brightness <= 0     ? ' '
		    : led->brightness < 0.34 ? '.'
		    : led->brightness < 0.67 ? 'o'
					     : '*';

	if (led->brightness > 0)
		out("(%s%c%s)", tint(led->colour->tint), glow, tint(TINT_OFF));
	else
		out("( )");
}

static void out_row(const struct json *board, const char *row)
{
	for (; *row; row++) {
		char name[4] = { 'L', 'D', row[1], '\0' };
		struct led led;

		if (*row == '@') {
			led = look(board, name);
			out_light(&led);
			row++;
		} else if (*row == '#' && row[1] == '1') {
			out("%s", flag(board, "pressed") ? "[#]" : "[ ]");
			row++;
		} else if (*row == '#') {
			led = (struct led){ .colour = &colours[2],
					    .brightness = flag(board, "power") };
			out_light(&led);
			row++;
		} else {
			out("%c", *row);
		}
	}
	out("\n");
}

__attribute__((format(printf, 3, 4))) static void append(char *to, size_t bytes,
							 const char *fmt, ...)
{
	size_t at = strlen(to);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to + at, bytes - at, fmt, ap);
	va_end(ap);
}

/* What the picture cannot: colours without colour, and parts of full light. */
static void put_words(const struct json *board, char *to, size_t bytes)
{
	const char *mode = json_text(board, "mode"), *state = json_text(board, "state");
	const char *comma = "";

	*to = '\0';
	append(to, bytes, "%s", mode ? clean(mode) : "");
	if (state && mode && strcmp(mode, "running") == 0)
		append(to, bytes, " (%s)", clean(state));
	append(to, bytes, ", BOOT0 %s, B1 %s; ", flag(board, "boot0") ? "high" : "low",
	       flag(board, "pressed") ? "pressed" : "released");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct led led = look(board, places[i].led);

		if (led.brightness <= 0)
			continue;
		append(to, bytes, "%s%s %s", comma, places[i].led, led.colour->name);
		if (led.brightness < 1)
			append(to, bytes, " %.0f %%", led.brightness * 100);
		comma = ", ";
	}
	if (!*comma)
		append(to, bytes, "no LED shines");
}

/* Without a picture that the terminal has no room for. Returns how many lines it took. */
static size_t draw(const struct json *board)
{
	char words[400];
	const char *word = words, *next;
	unsigned columns = sizeof(words), height = ROWS + 4;
	size_t lines = 0;

	if (isatty(STDOUT_FILENO))
		screen_size(STDOUT_FILENO, &columns, &height);
	if (columns >= COLUMNS && height >= ROWS + 4)
		for (; lines < ROWS; lines++)
			out_row(board, rows[lines]);
	put_words(board, words, sizeof(words));
	for (; *word; word = next, lines++) {
		size_t len = text_wrap(word, columns - 2, &next);

		out("  %.*s\n", (int)len, word);
	}
	return lines;
}

/* -- as SVG ------------------------------------------------------------------------ */

static void svg_text(int x, int y, const char *anchor, const char *text)
{
	out("  <text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
	    text);
}

static void svg_led(const struct json *board, const struct place *place)
{
	struct led led = look(board, place->led);
	bool left = place->x < 180, middle = place->x == 180;

	out("  <circle id=\"%s\" cx=\"%d\" cy=\"%d\" r=\"9\" fill=\"%s\" "
	    "fill-opacity=\"%.2f\" stroke=\"#dddddd\"/>\n",
	    place->led, place->x, place->y, led.colour->web,
	    /* an LED that is off is still seen */
	    led.brightness > 0 ? 0.25 + 0.75 * led.brightness : 0.08);
	if (middle)
		svg_text(place->x, place->y < 120 ? 74 : 174, "middle", place->led);
	else
		svg_text(place->x + (left ? -16 : 16), place->y + 4,
			 left ? "end" : "start", place->led);
}

static void svg_button(const char *id, int x, const char *fill, const char *label)
{
	out("  <circle id=\"%s\" cx=\"%d\" cy=\"205\" r=\"14\" fill=\"%s\" "
	    "stroke=\"#dddddd\"/>\n",
	    id, x, fill);
	svg_text(x, 235, "middle", label);
}

static void svg(const struct json *board)
{
	out("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 360 280\" "
	    "width=\"360\" height=\"280\" font-family=\"sans-serif\" font-size=\"12\" "
	    "fill=\"#eeeeee\">\n"
	    "  <rect x=\"4\" y=\"4\" width=\"352\" height=\"272\" rx=\"10\" "
	    "fill=\"#1c2a3a\" stroke=\"#888888\"/>\n");
	svg_text(20, 30, "start", "STM32F4-DISCOVERY");
	svg_text(340, 30, "end", flag(board, "power") ? "power" : "no power");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		svg_led(board, &places[i]);
	svg_button("B1", 70, flag(board, "pressed") ? "#3b82ff" : "#1d4ea8", "B1 user");
	svg_button("B2", 290, "#222222", "B2 reset");
	out("</svg>\n");
}

/* -- once, or as it changes -------------------------------------------------------- */

/* On a terminal over the last picture, of *lines, else below it. */
static void show(const struct json *board, bool as_svg, size_t *lines)
{
	if (as_svg) {
		svg(board);
		return;
	}
	if (*lines && screen_moves(STDOUT_FILENO))
		out("\033[%zuA\033[J", *lines);
	*lines = draw(board);
}

/*
 * With --json a line each time. `*last` is what was told last, and becomes what is told
 * now; so does `*lines`, of the picture.
 */
static int show_change(struct json *board, bool as_svg, char **last, size_t *lines)
{
	char *line = json_line(board), *seen = *last;
	int status = EXIT_DONE;

	if (line && seen && strcmp(line, seen) == 0) {
		free(line);
		json_free(board);
		return EXIT_DONE;
	}
	*last = line;
	if (globals.json) {
		status = json_print_line(board);
	} else {
		show(board, as_svg, lines);
		json_free(board);
	}
	free(seen);
	return status;
}

static int watch_board(const char *name, bool as_svg)
{
	struct dfu_error err;
	struct json *board;
	char *last = NULL;
	size_t lines = 0;
	int status = EXIT_DONE;

	while (status == EXIT_DONE && !interrupted && !out_closed()) {
		if (sim_ask(name, sim_request("leds"), &board, &err) < 0)
			status = report("sim leds", &err);
		else
			status = show_change(board, as_svg, &last, &lines);
		poll(NULL, 0, WATCH_MS);
	}
	free(last);
	return interrupted ? 128 + interrupted : status;
}

int sim_leds(const char *name, bool as_svg, bool watch)
{
	struct dfu_error err;
	struct json *board;
	size_t none = 0;

	if (watch)
		return watch_board(name, as_svg);
	if (sim_ask(name, sim_request("leds"), &board, &err) < 0)
		return report("sim leds", &err);
	if (globals.json)
		return json_print(board);
	show(board, as_svg, &none);
	json_free(board);
	return EXIT_DONE;
}
