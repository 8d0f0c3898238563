/* Where a text ceases to be JSON (RFC 8259). cJSON, which reads it, tells no exact place. */
#include "doc.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 1000 /* cJSON's own */

/* Each goes on behind what it knows, or stops at the first wrong byte. */

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

static bool scan_text(const char **at, const char *text)
{
	for (; *text; text++, (*at)++)
		if (**at != *text)
			return false;
	return true;
}

static bool scan_digits(const char **at)
{
	if (!isdigit((unsigned char)**at))
		return false;
	while (isdigit((unsigned char)**at))
		(*at)++;
	return true;
}

static bool scan_number(const char **at)
{
	if (**at == '-')
		(*at)++;
	if (**at == '0')
		(*at)++;
	else if (!scan_digits(at))
		return false;
	if (**at == '.') {
		(*at)++;
		if (!scan_digits(at))
			return false;
	}
	if (**at != 'e' && **at != 'E')
		return true;
	(*at)++;
	if (**at == '+' || **at == '-')
		(*at)++;
	return scan_digits(at);
}

static bool scan_escape(const char **at)
{
	int digits = **at == 'u' ? 4 : 0;

	if (!**at || !strchr("\"\\/bfnrtu", **at))
		return false;
	for ((*at)++; digits > 0; digits--, (*at)++)
		if (!isxdigit((unsigned char)**at))
			return false;
	return true;
}

static bool scan_string(const char **at)
{
	if (!scan_text(at, "\""))
		return false;
	while (**at != '"') {
		if ((unsigned char)**at < ' ')
			return false;
		if (*(*at)++ == '\\' && !scan_escape(at))
			return false;
	}
	(*at)++;
	return true;
}

static bool scan_value(const char **at, unsigned depth);

static bool scan_member(const char **at, bool named, unsigned depth)
{
	skip_blanks(at);
	if (named) {
		if (!scan_string(at))
			return false;
		skip_blanks(at);
		if (!scan_text(at, ":"))
			return false;
		skip_blanks(at);
	}
	if (!scan_value(at, depth))
		return false;
	skip_blanks(at);
	return true;
}

static bool scan_members(const char **at, char end, unsigned depth)
{
	if (depth == DEPTH_MAX)
		return false;
	(*at)++;
	skip_blanks(at);
	if (**at == end) {
		(*at)++;
		return true;
	}
	while (scan_member(at, end == '}', depth + 1)) {
		if (**at != ',' && **at != end)
			return false;
		if (*(*at)++ == end)
			return true;
	}
	return false;
}

static bool scan_value(const char **at, unsigned depth)
{
	switch (**at) {
	case '{':
		return scan_members(at, '}', depth);
	case '[':
		return scan_members(at, ']', depth);
	case '"':
		return scan_string(at);
	case 't':
		return scan_text(at, "true");
	case 'f':
		return scan_text(at, "false");
	case 'n':
		return scan_text(at, "null");
	default:
		return scan_number(at);
	}
}

bool doc_find_fault(const char *text, size_t *fault_at)
{
	const char *at = text;
	bool whole;

	skip_blanks(&at);
	whole = scan_value(&at, 0);
	if (whole)
		skip_blanks(&at);
	*fault_at = (size_t)(at - text);
	return !whole || *at;
}
