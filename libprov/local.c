#include "local.h"

#include <stdarg.h>
#include <stdio.h>

int local_fail(const struct words *words, enum prov_local code, const char *fmt, ...)
{
	va_list ap;

	if (!words->to || words->bytes == 0)
		return code;
	va_start(ap, fmt);
	vsnprintf(words->to, words->bytes, fmt, ap);
	va_end(ap);
	return code;
}
