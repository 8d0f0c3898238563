/* What a virtual board holds, read from its state folder. */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include "prov.h"

/* Of the record that counts, opened with the root in OTP where it is wrapped. */
struct credentials {
	char device[160]; /* device or registration id; empty: there is no valid record */
	int slot;
	uint32_t generation;
	uint8_t key[64]; /* of symmetric keys */
	size_t key_bytes;
	char thumbprint[PROV_X509_THUMBPRINT_CHARS]; /* of certificates */
};

void credentials_read(const char *folder, struct credentials *out);
bool credentials_same(const struct credentials *a, const struct credentials *b);

/* Would the hub let the board in, as this device? */
bool credentials_accepted(const struct credentials *c, const struct prov_device *device);

/* Is it this one of the device's two keys? */
bool credentials_is_key(const struct credentials *c, const struct prov_secret *key);

/* Blocks of one-time memory that are no longer as they came, and of these locked. */
unsigned otp_blocks_used(const char *folder, unsigned *locked);

/* Is the read protection on? */
bool board_is_locked(const char *folder);

#endif
