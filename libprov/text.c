#include "text.h"

#include "error.h"

#include <ctype.h>
#include <string.h>

size_t host_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (isalnum((unsigned char)text[n]) || text[n] == '-' ||
			   text[n] == '.' || text[n] == '_'))
		n++;
	return n;
}

bool parse_port(const char *text, size_t len, long *port)
{
	long v = 0;

	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		v = v * 10 + (text[i] - '0');
	}
	*port = v;
	return v > 0 && v <= 65535;
}

static int check_id(const char *id, const char *what, const char *also, bool lower,
		    struct prov_error *err)
{
	size_t len = strlen(id);

	if (len == 0 || len > PROV_ID_MAX)
		return fail(err, PROV_ERR_ARG, "a %s has 1-%d characters, this one %zu",
			    what, PROV_ID_MAX, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)id[i];

		if (c < 0x80 && isalnum(c) && !(lower && isupper(c)))
			continue;
		if (!strchr(also, c))
			return fail(err, PROV_ERR_ARG,
				    "a %s must not have the character at byte %zu", what,
				    i);
	}
	return 0;
}

int prov_device_id_check(const char *id, struct prov_error *err)
{
	int rc = check_id(id, "device id", "-.+%_#*?!(),:=@$'", false, err);

	/* A path of one or two dots would name another resource. */
	if (rc == 0 && (strcmp(id, ".") == 0 || strcmp(id, "..") == 0))
		rc = fail(err, PROV_ERR_ARG, "a device id must not be dots alone");
	if (rc == PROV_ERR_ARG)
		hint(err, rc, "letters, digits and - . + %% _ # * ? ! ( ) , : = @ $ '");
	return rc;
}

int prov_registration_id_check(const char *id, struct prov_error *err)
{
	int rc = check_id(id, "registration id", "-._:", true, err);
	size_t len = strlen(id);

	if (rc == 0 &&
	    (!isalnum((unsigned char)id[0]) || !isalnum((unsigned char)id[len - 1])))
		rc = fail(err, PROV_ERR_ARG,
			  "a registration id begins and ends with a letter or a digit");
	if (rc == PROV_ERR_ARG)
		hint(err, rc, "lower-case letters, digits and - . _ :");
	return rc;
}
