#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void
words(struct prov_error *err, enum prov_err code, const char *fmt, va_list ap)
{
	memset(err, 0, sizeof(*err));
	err->code = code;
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

int prov_int_fail(struct prov_error *err, enum prov_err code, const char *fmt, ...)
{
	if (err) {
		va_list ap;

		va_start(ap, fmt);
		words(err, code, fmt, ap);
		va_end(ap);
	}
	return code;
}

int prov_int_fail_at(struct prov_error *err, size_t at, const char *fmt, ...)
{
	if (err) {
		va_list ap;

		va_start(ap, fmt);
		words(err, PROV_ERR_FORMAT, fmt, ap);
		va_end(ap);
		err->at = at;
	}
	return PROV_ERR_FORMAT;
}

int prov_int_hint(struct prov_error *err, enum prov_err code, const char *fmt, ...)
{
	if (err) {
		va_list ap;

		va_start(ap, fmt);
		vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
		va_end(ap);
	}
	return code;
}

void prov_int_copy_clean(char *to, size_t bytes, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < bytes && from[i]; i++) {
		unsigned char c = (unsigned char)from[i];

		to[i] = c < 0x20 || c >= 0x7f ? '?' : from[i];
	}
	to[i] = '\0';
}

/* By the negative code. */
static const char *const names[] = {
	"ok",      "argument",  "format",    "file",   "no-memory", "resolve",
	"connect", "proxy",     "timeout",   "gone",   "tls",       "untrusted",
	"name",    "clock",     "expired",   "key",    "right",     "not-found",
	"exists",  "changed",   "throttled", "quota",  "offline",   "service",
	"no-hub",  "cancelled", "refused",   "answer", "taken",
};

const char *prov_err_name(enum prov_err code)
{
	size_t i = (size_t)(-(int)code);

	return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

const char *prov_version(void)
{
	return STMIOT_VERSION;
}
