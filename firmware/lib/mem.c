/*
 * What the compiler itself calls, and <string.h> has. Built without the pattern of a loop
 * being made a call of the very function.
 */
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	const uint8_t *p = from;
	uint8_t *q = to;

	while (n--)
		*q++ = *p++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	const uint8_t *p = from;
	uint8_t *q = to;

	if (q <= p)
		while (n--)
			*q++ = *p++;
	else
		while (n--)
			q[n] = p[n];
	return to;
}

void *memset(void *to, int value, size_t n)
{
	uint8_t *q = to;

	while (n--)
		*q++ = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}
