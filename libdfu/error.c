#include "error.h"

#include <stdarg.h>
#include <stdio.h>

int fail(struct dfu_error *err, enum dfu_err code, const char *fmt, ...)
{
	if (err) {
		va_list ap;

		err->code = code;
		err->hint[0] = '\0';
		va_start(ap, fmt);
		vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
		va_end(ap);
	}
	return code;
}

int hint(struct dfu_error *err, enum dfu_err code, const char *fmt, ...)
{
	if (err) {
		va_list ap;

		va_start(ap, fmt);
		vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
		va_end(ap);
	}
	return code;
}

void copy_clean(char *to, size_t bytes, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < bytes && from[i]; i++) {
		unsigned char c = (unsigned char)from[i];

		to[i] = c < 0x20 || c >= 0x7f ? '?' : from[i];
	}
	to[i] = '\0';
}

const char *dfu_version(void)
{
	return STMIOT_VERSION;
}
