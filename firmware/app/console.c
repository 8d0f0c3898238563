#include "app/console.h"

#include "app/commands.h"
#include "drivers/usart.h"
#include "lib/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PROMPT    "> "
#define SAY_BYTES 256

enum { CTRL_C = 0x03, BACKSPACE = 0x08, CTRL_U = 0x15, ESCAPE = 0x1b, DELETE = 0x7f };

/* Of the sequence that a terminal sends for a key: ESC, '[', digits, a letter. */
enum escape { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_OPEN };

static struct {
	char line[CONSOLE_LINE_BYTES];
	unsigned len;
	bool too_long, prompted, returned;
	enum escape escape;
} con;

/* -- what is shown ------------------------------------------------------------------ */

void console_put(const char *text)
{
	size_t n = 0;

	for (; text[n]; n++) {
		if (text[n] != '\n')
			continue;
		usart_write(text, n);
		usart_write("\r\n", 2);
		text += n + 1;
		n = (size_t)-1;
	}
	usart_write(text, n);
}

void console_say(const char *fmt, ...)
{
	char text[SAY_BYTES];
	va_list ap;

	va_start(ap, fmt);
	text_vformat(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_put(text);
}

static void show_prompt(void)
{
	con.prompted = true;
	console_put(PROMPT);
	usart_write(con.line, con.len);
}

/* Over the prompt, without the help of the terminal, so that a log of it stays readable. */
void console_tell(const char *line)
{
	size_t used = strlen(PROMPT) + con.len, n = strlen(line);

	if (con.prompted)
		console_put("\r");
	console_put(line);
	for (; con.prompted && n < used; n++)
		console_put(" ");
	console_put("\n");
	if (con.prompted)
		show_prompt();
}

void console_start(const char *greeting)
{
	console_put(greeting);
	show_prompt();
}

/* -- editing ------------------------------------------------------------------------ */

static void rub_out(void)
{
	if (con.len == 0)
		return;
	con.len--;
	console_put("\b \b");
}

static void rub_out_all(void)
{
	while (con.len > 0)
		rub_out();
	con.too_long = false;
}

static void add(char c)
{
	if (con.len + 1 == sizeof(con.line)) {
		con.too_long = true;
		return;
	}
	con.line[con.len++] = c;
	usart_write(&c, 1);
}

static void carry_out(void)
{
	con.line[con.len] = '\0';
	con.len = 0;
	con.prompted = false;
	console_put("\n");
	if (con.too_long)
		console_say("error: a line has at most %u characters\n",
			    CONSOLE_LINE_BYTES - 1);
	else
		command_run(con.line);
	con.too_long = false;
	show_prompt();
}

static void give_up(void)
{
	con.len = 0;
	con.too_long = false;
	console_put("^C\n");
	show_prompt();
}

/* True when the byte belongs to an escape sequence, which means nothing here. */
static bool is_escape(uint8_t byte)
{
	switch (con.escape) {
	case ESCAPE_SEEN:
		con.escape = byte == '[' ? ESCAPE_OPEN : ESCAPE_NONE;
		return byte == '[';
	case ESCAPE_OPEN:
		if (byte >= '@' && byte <= '~')
			con.escape = ESCAPE_NONE;
		return true;
	default:
		if (byte == ESCAPE)
			con.escape = ESCAPE_SEEN;
		return byte == ESCAPE;
	}
}

void console_byte(uint8_t byte)
{
	bool after_return = con.returned;

	con.returned = byte == '\r';
	if (is_escape(byte))
		return;
	switch (byte) {
	case '\n':
		if (after_return)
			return;
		/* fall through */
	case '\r':
		carry_out();
		return;
	case BACKSPACE:
	case DELETE:
		rub_out();
		return;
	case CTRL_U:
		rub_out_all();
		return;
	case CTRL_C:
		give_up();
		return;
	default:
		if (byte >= ' ' && byte < DELETE)
			add((char)byte);
	}
}
