/* How every function of the library fails: the words are written where the cause is known. */
#ifndef DFU_ERROR_H
#define DFU_ERROR_H

#include "dfu.h"

#include <inttypes.h>

/* Fill `err` (may be NULL) and return `code`. */
int fail(struct dfu_error *err, enum dfu_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Add the next step to an error that is already filled; returns its code. */
int hint(struct dfu_error *err, enum dfu_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Copy a string that came from a device or a file, with control bytes replaced by '?'. */
void copy_clean(char *to, size_t bytes, const char *from);

#endif
