/* Progress bars: a line a board, redrawn in place while stderr is a terminal. */
#include "cli.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REDRAW_MS 50

/* The bars as last drawn, to be drawn over. */
static unsigned lines_up;
static uint64_t drawn_ms;

/* How each bar's phase began, for the speed. */
static struct pace {
	const char *phase;
	uint64_t ms, done;
	double bytes_per_s;
} paces[64];

bool bars_wanted(void)
{
	return !globals.quiet && !globals.json && screen_moves(STDERR_FILENO);
}

double bar_fraction(const struct bar *bar, uint64_t now)
{
	double within = 0, sum;

	if (bar->step_ms > 0 && now > bar->at_ms)
		within = (double)(now - bar->at_ms) / bar->step_ms;
	/* The plan knows typical times: a step is not over before the board says so. */
	if (within > 0.95)
		within = 0.95;
	sum = bar->fraction + within * bar->step_fraction;
	return sum < 0 ? 0 : sum > 1 ? 1 : sum;
}

static void format_bytes(uint64_t n, char *to, size_t bytes)
{
	if (n < 1024)
		snprintf(to, bytes, "%u", (unsigned)n);
	else if (n < 10240)
		snprintf(to, bytes, "%.1fK", (double)n / 1024);
	else if (n < 1024 * 1024)
		snprintf(to, bytes, "%uK", (unsigned)(n / 1024));
	else
		snprintf(to, bytes, "%.1fM", (double)n / (1024 * 1024));
}

static void format_left(const struct bar *bar, uint64_t now, char *to, size_t bytes)
{
	uint64_t passed = now > bar->at_ms ? now - bar->at_ms : 0;
	uint64_t left = bar->left_ms > passed ? bar->left_ms - passed : 0;
	unsigned s = (unsigned)((left + 999) / 1000);

	if (bar->left_ms == 0)
		snprintf(to, bytes, "-:--");
	else
		snprintf(to, bytes, "%u:%02u", s / 60 % 1000, s % 60);
}

/*
 * sim:b0  erase   [########............]  42%    128K/326K   34K/s  0:12
 * What does not fit is left out from the right, but never the label and the phase.
 */
void bar_format(const struct bar *bar, uint64_t now, double bytes_per_s,
		unsigned label_width, unsigned columns, char *to, size_t bytes)
{
	char line[512], done[16], total[16], speed[16], left[16], part[40], fill[128];
	double fraction = bar_fraction(bar, now);
	unsigned width, full, i;
	int n;

	if (columns > sizeof(line) - 1)
		columns = sizeof(line) - 1;
	if (bar->verdict) {
		snprintf(to, bytes, "%-*.*s  %.*s", (int)label_width, (int)columns,
			 bar->label,
			 (int)(columns > label_width + 2 ? columns - label_width - 2 : 0),
			 bar->verdict);
		return;
	}
	format_bytes(bar->done, done, sizeof(done));
	format_bytes(bar->total, total, sizeof(total));
	format_left(bar, now, left, sizeof(left));
	speed[0] = '\0';
	if (bytes_per_s >= 1) {
		format_bytes((uint64_t)bytes_per_s, speed, sizeof(speed) - 2);
		strcat(speed, "/s");
	}
	snprintf(part, sizeof(part), "%s/%s", done, total);

	/* label, phase, " [] ", "100%", bytes, speed and time with two spaces between. */
	width = label_width + 2 + 7 + 2 + 2 + 4 + 2 + 11 + 2 + 7 + 2 + 5;
	width = width + 8 <= columns ? columns - width : 8;
	if (width > sizeof(fill) - 1)
		width = sizeof(fill) - 1;
	full = (unsigned)(fraction * width);
	for (i = 0; i < width; i++)
		fill[i] = i < full ? '#' : '.';
	fill[width] = '\0';
	n = snprintf(line, sizeof(line), "%-*.*s  %-7s [%s] %3u%%  %11s  %7s  %5s",
		     (int)label_width, (int)label_width, bar->label,
		     bar->phase ? bar->phase : "", fill, (unsigned)(fraction * 100), part,
		     speed, left);
	if (n > (int)columns)
		line[columns] = '\0';
	snprintf(to, bytes, "%s", line);
}

static double pace_of(size_t i, const struct bar *bar, uint64_t now)
{
	struct pace *pace = &paces[i % (sizeof(paces) / sizeof(paces[0]))];

	if (pace->phase != bar->phase || bar->done < pace->done) {
		pace->phase = bar->phase;
		pace->ms = now;
		pace->done = bar->done;
		pace->bytes_per_s = 0;
	}
	/* Too early to tell, or over: then it stays what it was. */
	if (now >= pace->ms + 200 && bar->done < bar->total)
		pace->bytes_per_s = (double)(bar->done - pace->done) * 1000 /
				    (double)(now - pace->ms);
	return pace->bytes_per_s;
}

void bars_lift(void)
{
	if (lines_up > 0)
		fprintf(stderr, "\033[%uA\r\033[J", lines_up);
	lines_up = 0;
}

/* The widest label, as far as the screen has room, and how many bars are over. */
static unsigned measure(const struct bar *bars, size_t n, unsigned columns, size_t *over)
{
	unsigned width = 0;
	size_t i;

	*over = 0;
	for (i = 0; i < n; i++) {
		size_t len = strlen(bars[i].label);

		if (len > width)
			width = (unsigned)len;
		*over += bars[i].verdict != NULL;
	}
	return width > columns / 4 ? columns / 4 : width;
}

/* Over the lines that are there, each to its end: no flicker. */
static void draw_lines(FILE *to, const struct bar *bars, size_t n, uint64_t now)
{
	unsigned columns, rows, label_width, lines = 0;
	size_t over, left_out = 0, i;
	char line[600];

	screen_size(STDERR_FILENO, &columns, &rows);
	label_width = measure(bars, n, columns, &over);
	if (lines_up > 0)
		fprintf(to, "\033[%uA\r", lines_up);
	for (i = 0; i < n; i++) {
		double speed = pace_of(i, &bars[i], now);

		/* The cursor cannot go up beyond the screen: those at work come first. */
		if (n > rows - 2 && (bars[i].verdict || lines == rows - 2)) {
			left_out++;
			continue;
		}
		bar_format(&bars[i], now, speed, label_width, columns - 1, line,
			   sizeof(line));
		fprintf(to, "%s\033[K\n", line);
		lines++;
	}
	if (left_out) {
		fprintf(to, "%zu of %zu boards are done\033[K\n", over, n);
		lines++;
	}
	fputs("\033[J", to);
	lines_up = lines;
}

void bars_draw(struct bar *bars, size_t n, uint64_t now)
{
	char *text = NULL;
	size_t len, over;
	FILE *to;

	if (!bars_wanted())
		return;
	measure(bars, n, 80, &over);
	if (over < n && now < drawn_ms + REDRAW_MS)
		return;
	drawn_ms = now;
	screen_lock();
	to = open_memstream(&text, &len);
	if (to) {
		draw_lines(to, bars, n, now);
		if (fclose(to) == 0)
			fwrite(text, 1, len, stderr);
		fflush(stderr);
	}
	free(text);
	screen_unlock();
}

void bars_end(void)
{
	/* What is on the screen stays: the verdicts. */
	screen_lock();
	lines_up = 0;
	drawn_ms = 0;
	memset(paces, 0, sizeof(paces));
	screen_unlock();
}
