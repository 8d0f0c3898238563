/* The password of a device: a shared access signature. */
#ifndef LOAD_SAS_H
#define LOAD_SAS_H

#include <stddef.h>

/* Good for a day. `key` is in base64, as the hub gives it. */
void sas_of_device(char *out, size_t room, const char *host, const char *id,
		   const char *key);

#endif
