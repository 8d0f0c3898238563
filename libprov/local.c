#include "local.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct words local_begin(char *to, size_t bytes)
{
	errno = 0;
	return (struct words){ to, bytes };
}

int local_fail(const struct words *words, enum prov_local code, const char *fmt, ...)
{
	va_list ap;

	if (errno == ENOMEM) {
		code = PROV_LOCAL_NOMEM;
		fmt = "no memory";
	}
	if (!words->to || words->bytes == 0)
		return code;
	va_start(ap, fmt);
	vsnprintf(words->to, words->bytes, fmt, ap);
	va_end(ap);
	return code;
}
