#include "credentials.h"

#include "fault.h"
#include "registry.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define FLASH_ADDR 0x08000000u

static void read_part(const char *folder, const char *file, long at, uint8_t *to,
		      size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	f = fopen(path, "r");
	if (!f || fseek(f, at, SEEK_SET) != 0 || fread(to, 1, len, f) != len)
		die("%s", path);
	fclose(f);
}

/* -- records --------------------------------------------------------------------------- */

/* A key of the record as it is, or opened with the root in OTP. 0: there is none. */
static size_t take_key(const char *folder, const struct record_view *view, uint16_t type,
		       uint8_t *to, size_t room)
{
	struct prov_wrap_root root;
	struct record_wrap wrap;
	struct record_tlv tlv;
	char words[200] = "";
	size_t len = 0;

	if (!record_find(view, type, &tlv))
		return 0;
	if (!view->wrapped && tlv.len <= room) {
		memcpy(to, tlv.data, tlv.len);
		return tlv.len;
	}
	if (!record_wrap_get(view, &wrap))
		die("%s: a key that nobody can use", folder);
	root.otp_block = wrap.otp_block;
	read_part(folder, "otp.bin", (long)(wrap.otp_block * PROV_OTP_BLOCK_BYTES),
		  root.bytes, sizeof(root.bytes));
	if (prov_unwrap(&root, view, type, to, room, &len, words, sizeof(words)) < 0)
		wrong("OTP block %u does not open the key: %s", root.otp_block, words);
	return len;
}

static bool key_fits(const uint8_t *key, size_t key_bytes, const struct record_tlv *cert)
{
	const uint8_t *at = cert->data;
	X509 *x509 = d2i_X509(NULL, &at, cert->len);
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &key, (long)key_bytes);
	bool fits = x509 && pkey && X509_check_private_key(x509, pkey) == 1;

	X509_free(x509);
	EVP_PKEY_free(pkey);
	return fits;
}

static void read_cert(const char *folder, const struct record_view *view,
		      const struct record_tlv *cert, struct credentials *out)
{
	uint8_t key[256];
	size_t bytes = take_key(folder, view, RECORD_PRIVATE_KEY, key, sizeof(key));

	prov_x509_thumbprint(cert->data, cert->len, out->thumbprint);
	if (!key_fits(key, bytes, cert))
		wrong("the key of slot %c is not its certificate's", "AB"[out->slot]);
}

void credentials_read(const char *folder, struct credentials *out)
{
	static uint8_t slots[2][RECORD_SLOT_BYTES];
	struct record_view view;
	struct record_tlv cert;

	*out = (struct credentials){ 0 };
	read_part(folder, "flash.bin", RECORD_SLOT_A_ADDR - FLASH_ADDR, slots[0],
		  sizeof(slots));
	out->slot = record_choose(slots[0], slots[1], RECORD_SLOT_BYTES, NULL, &view);
	if (out->slot < 0)
		return;
	out->generation = view.generation;
	if (!record_text(&view, RECORD_DEVICE_ID, out->device, sizeof(out->device)))
		record_text(&view, RECORD_REGISTRATION_ID, out->device,
			    sizeof(out->device));
	out->key_bytes =
		take_key(folder, &view, RECORD_KEY_1, out->key, sizeof(out->key));
	if (record_find(&view, RECORD_CERT, &cert))
		read_cert(folder, &view, &cert, out);
}

bool credentials_same(const struct credentials *a, const struct credentials *b)
{
	return strcmp(a->device, b->device) == 0 && a->slot == b->slot &&
	       a->generation == b->generation && a->key_bytes == b->key_bytes &&
	       memcmp(a->key, b->key, a->key_bytes) == 0 &&
	       strcmp(a->thumbprint, b->thumbprint) == 0;
}

bool credentials_is_key(const struct credentials *c, const struct prov_secret *key)
{
	size_t bytes = 0;
	const uint8_t *data = key ? prov_secret_bytes(key, &bytes) : NULL;

	return data && c->key_bytes == bytes && memcmp(c->key, data, bytes) == 0;
}

bool credentials_accepted(const struct credentials *c, const struct prov_device *device)
{
	if (device->disabled || strcmp(c->device, device->id) != 0)
		return false;
	if (device->auth == PROV_AUTH_SELFSIGNED)
		return *c->thumbprint && registry_has_thumbprint(device, c->thumbprint);
	return credentials_is_key(c, device->primary_key) ||
	       credentials_is_key(c, device->secondary_key);
}

/* -- the chip -------------------------------------------------------------------------- */

unsigned otp_blocks_used(const char *folder, unsigned *locked)
{
	static uint8_t otp[PROV_OTP_BLOCKS * PROV_OTP_BLOCK_BYTES + PROV_OTP_BLOCKS];
	const uint8_t *lock = otp + PROV_OTP_BLOCKS * PROV_OTP_BLOCK_BYTES;
	unsigned used = 0;

	*locked = 0;
	read_part(folder, "otp.bin", 0, otp, sizeof(otp));
	for (unsigned i = 0; i < PROV_OTP_BLOCKS; i++) {
		used += !record_is_blank(otp + i * PROV_OTP_BLOCK_BYTES,
					 PROV_OTP_BLOCK_BYTES) ||
			lock[i] != 0xff;
		*locked += lock[i] == 0;
	}
	return used;
}

bool board_is_locked(const char *folder)
{
	return strstr(control_ask(folder, "\"status\""), "\"rdp\":1") != NULL;
}
