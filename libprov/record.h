/*
 * The credential record: who a board is, as it lies in the board's flash.
 *
 * The one thing that host and firmware share. Freestanding C11: nothing is allocated,
 * nothing is printed, and of the C library only memcpy, memcmp and memset are used, which
 * a compiler asks for anyway. Everything works on bytes that the caller has; a view
 * points into them.
 *
 * There are two slots, sectors 2 and 3 of the STM32F407. Only the one that is not in use
 * is ever replaced, and the valid record with the highest generation wins, so that a
 * board that loses its power at any moment comes up with the old record or with the new
 * one.
 *
 * A slot; all numbers are little-endian:
 *
 *     offset        bytes
 *     0x0000        4      magic "STMI"
 *     0x0004        2      schema, 1
 *     0x0006        2      length of this header, 0x20
 *     0x0008        4      T, length of the record: header, TLVs and the CRC behind them
 *     0x000c        4      generation, 1 to 0xfffffffe: it never wraps
 *     0x0010        12     serial, upper-case hexadecimal digits: the board's DFU serial
 *     0x001c        4      CRC-32 of the bytes 0x00 to 0x1b
 *     0x0020        T-36   TLVs, in any order; the builder writes them by rising type
 *     T-4           4      CRC-32 of the bytes 0x00 to T-5
 *     T             -      unused, erased
 *     slot end - 4  4      commit word, programmed last: 0xa5a5a5a5 valid, 0 revoked
 *
 * T is a multiple of 4 and at most the slot's length less 4. A TLV is a type and a length
 * of two bytes each, the value, and zeros up to the next multiple of 4. The CRC is that
 * of IEEE 802.3 (reflected 0xedb88320, from all ones, inverted: "123456789" gives
 * 0xcbf43926).
 *
 * A TLV of a type that is not known is skipped. Any other is checked when the record is
 * parsed: a record that parses can be used without further checks.
 *
 * Wrapped keys (RECORD_WRAP): the values of RECORD_KEY_1, _KEY_2 and _PRIVATE_KEY are
 * AES-256-GCM ciphertexts, each followed by its tag of 16 bytes, where
 *
 *     key    HKDF-SHA256 (RFC 5869) of the 32 bytes of the OTP block, with the salt in
 *            the TLV and the info RECORD_WRAP_INFO, 32 bytes
 *     nonce  the generation (4 bytes), the TLV's type (2), six zeros: record_wrap_nonce()
 *     data   the 12 digits of the serial
 *
 * The salt is fresh in each record. A write that was cut off may thus be repeated with
 * the same generation and other keys, without a nonce being used twice under one key.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RECORD_SLOT_A_ADDR 0x08008000u
#define RECORD_SLOT_B_ADDR 0x0800c000u
#define RECORD_SLOT_BYTES  0x4000u

#define RECORD_MAGIC          0x494d5453u /* "STMI" */
#define RECORD_SCHEMA         1u
#define RECORD_HEADER_BYTES   0x20u
#define RECORD_SERIAL_BYTES   12u
#define RECORD_GENERATION_MAX 0xfffffffeu
#define RECORD_COMMIT_VALID   0xa5a5a5a5u
#define RECORD_COMMIT_REVOKED 0u
#define RECORD_COMMIT_NONE    0xffffffffu

/* Types of TLVs; each once, unless it is marked with *. Names are ASCII without blanks.
 */
enum record_type {
	RECORD_HUB_HOST = 0x01,    /* 1-255: host name of the hub */
	RECORD_DEVICE_ID = 0x02,   /* 1-128 */
	RECORD_AUTH = 0x03,        /* 1: enum record_auth */
	RECORD_KEY_1 = 0x04,       /* 16-64: symmetric key, raw; wrapped: and 16 more */
	RECORD_KEY_2 = 0x05,       /* the same, secondary */
	RECORD_PRIVATE_KEY = 0x06, /* 32-256: SEC1 DER, P-256; wrapped: and 16 more */
	RECORD_CERT = 0x07,        /* 1-2048: DER, of the private key */
	RECORD_CHAIN_CERT = 0x08,  /* * 1-2048: DER, issuers of it in order */
	RECORD_ROOT_CERT = 0x09,   /* * 1-2048: DER, what the hub is verified by; without
				      any, the roots built into the firmware */
	RECORD_ID_SCOPE = 0x0a,    /* 1-32: of DPS */
	RECORD_REGISTRATION_ID = 0x0b, /* 1-128: at DPS */
	RECORD_ISSUED_AT = 0x0c,       /* 8: seconds since 1970 */
	RECORD_KEEP_ALIVE = 0x0d,      /* 2: seconds, not 0 */
	RECORD_GATEWAY = 0x0e,     /* 1-261: host:port to connect to in the hub's place */
	RECORD_STATIC_IP = 0x0f,   /* 16: address, mask, router, DNS, in network order */
	RECORD_SNTP_SERVER = 0x10, /* 1-255: host name or address */
	RECORD_WRAP = 0x11,        /* 20: see struct record_wrap */
	RECORD_VENDOR = 0x8000     /* * 0x8000-0xfffe: not ours */
};

/* What must be there besides RECORD_AUTH is in the comments. */
enum record_auth {
	RECORD_AUTH_SAS = 1,     /* HUB_HOST, DEVICE_ID, KEY_1 */
	RECORD_AUTH_X509 = 2,    /* HUB_HOST, DEVICE_ID, PRIVATE_KEY, CERT */
	RECORD_AUTH_DPS_SAS = 3, /* ID_SCOPE, REGISTRATION_ID, KEY_1 */
	RECORD_AUTH_DPS_X509 = 4 /* ID_SCOPE, REGISTRATION_ID, PRIVATE_KEY, CERT */
};

enum record_err {
	RECORD_OK = 0,
	RECORD_ERR_LENGTH = -1,     /* the slot is too short, or not whole words */
	RECORD_ERR_BLANK = -2,      /* every byte of the slot is 0xff */
	RECORD_ERR_MAGIC = -3,      /* something else is in the slot */
	RECORD_ERR_HEADER_CRC = -4, /* the header is damaged, or was never finished */
	RECORD_ERR_SCHEMA = -5,     /* a newer schema, or another length of the header */
	RECORD_ERR_TOTAL = -6,      /* T is no multiple of 4, or not within the slot */
	RECORD_ERR_GENERATION = -7, /* 0, or above RECORD_GENERATION_MAX */
	RECORD_ERR_SERIAL = -8,     /* twelve digits, but of another board */
	RECORD_ERR_DIGITS = -9,     /* the serial is not twelve upper-case digits */
	RECORD_ERR_CRC = -10,       /* damaged, or never finished */
	RECORD_ERR_TLV = -11, /* a TLV reaches over the end, or has type 0 or 0xffff */
	RECORD_ERR_PADDING = -12, /* the bytes behind a value are not zero */
	RECORD_ERR_TWICE = -13,   /* a second TLV of a type that is there once */
	RECORD_ERR_VALUE_BYTES =
		-14,              /* a value of a length that its type does not have */
	RECORD_ERR_VALUE = -15,   /* a value that its type does not have */
	RECORD_ERR_MISSING = -16, /* a TLV that this kind of authentication needs */
	RECORD_ERR_UNCOMMITTED =
		-17,              /* whole, but the commit word was never programmed */
	RECORD_ERR_REVOKED = -18, /* whole, but revoked */
	RECORD_ERR_COMMIT = -19,  /* whole, but the commit word is none of the three */
	RECORD_ERR_ROOM = -20     /* building: does not fit into the slot */
};

/* One TLV; `data` points into the slot. */
struct record_tlv {
	uint16_t type, len;
	uint32_t at; /* of the type, from the start of the slot */
	const uint8_t *data;
};

/* A slot as parsed. */
struct record_view {
	const uint8_t *slot;
	uint32_t total_bytes; /* T; 0 until the header has been found good */
	uint32_t generation;
	char serial[RECORD_SERIAL_BYTES + 1];
	uint32_t commit;
	enum record_auth auth; /* these two for whole records */
	bool wrapped;
	/* Where the error is: an offset into the slot, and the TLV's type or 0. */
	uint32_t err_at;
	uint16_t err_type;
};

/* RECORD_WRAP: block, algorithm (1), two zeros, salt. */
#define RECORD_WRAP_AES256_GCM  1u
#define RECORD_WRAP_TAG_BYTES   16u
#define RECORD_WRAP_SALT_BYTES  16u
#define RECORD_WRAP_NONCE_BYTES 12u
#define RECORD_WRAP_INFO        "stmiot credential wrap 1" /* without the final NUL */

struct record_wrap {
	uint8_t otp_block; /* 0-15 */
	uint8_t algorithm; /* RECORD_WRAP_AES256_GCM */
	uint8_t salt[RECORD_WRAP_SALT_BYTES];
};

/*
 * Parse a slot of `slot_bytes` (RECORD_SLOT_BYTES on the board). RECORD_OK: the record is
 * whole and valid. `serial` is what it must be bound to, twelve digits; NULL is any.
 *
 * Faults are looked for in the order of the offsets in the slot, but that all CRCs come
 * before the TLVs; RECORD_ERR_UNCOMMITTED, _REVOKED and _COMMIT come last, and mean that
 * all else is as it should be: then every function for views may be used. With
 * RECORD_ERR_SERIAL and whatever comes after it, total_bytes, generation and serial are
 * filled in.
 */
enum record_err record_parse(const uint8_t *slot, size_t slot_bytes, const char *serial,
			     struct record_view *view);

/* A few words for an error: "the header's CRC does not fit". */
const char *record_err_words(enum record_err err);

/*
 * The slot whose record counts: 0 for A, 1 for B, -1 for none. Of two valid records the
 * one with the higher generation, of two with the same A. `view` gets that slot's.
 */
int record_choose(const uint8_t *slot_a, const uint8_t *slot_b, size_t slot_bytes,
		  const char *serial, struct record_view *view);

/* The TLVs in turn: *cursor is 0 at first. False at the end. */
bool record_next(const struct record_view *view, uint32_t *cursor,
		 struct record_tlv *out);

/* The same, those of one type only. */
bool record_next_of(const struct record_view *view, uint16_t type, uint32_t *cursor,
		    struct record_tlv *out);

/* The first TLV of this type; false when there is none. */
bool record_find(const struct record_view *view, uint16_t type, struct record_tlv *out);

/*
 * A name as a string. False, with an empty string, when there is none or when `bytes` do
 * not suffice.
 */
bool record_text(const struct record_view *view, uint16_t type, char *out, size_t bytes);

/* False when there is none. */
bool record_issued_at(const struct record_view *view, uint64_t *unix_s);
bool record_keep_alive(const struct record_view *view, uint16_t *seconds);
bool record_wrap_get(const struct record_view *view, struct record_wrap *out);

/* The nonce for a key of this record: of RECORD_KEY_1, _KEY_2 or _PRIVATE_KEY. */
void record_wrap_nonce(uint32_t generation, uint16_t type,
		       uint8_t out[RECORD_WRAP_NONCE_BYTES]);

/* -- building ---------------------------------------------------------------------- */

/* Bytes of the caller's; not there when `data` is NULL, whatever `len` says. */
struct record_bytes {
	const uint8_t *data;
	size_t len;
};

struct record_vendor {
	uint16_t type; /* 0x8000-0xfffe */
	struct record_bytes value;
};

#define RECORD_CERTS_MAX  4u
#define RECORD_VENDOR_MAX 8u

/*
 * What a record says. All zero but `auth` is "not there". Names are strings or NULL; the
 * three keys are raw, or with `wrap` wrapped.
 */
struct record_fields {
	enum record_auth auth;
	const char *hub_host, *device_id, *id_scope, *registration_id, *gateway,
		*sntp_server;
	struct record_bytes key_1, key_2, private_key, cert;
	struct record_bytes
		chain[RECORD_CERTS_MAX]; /* up to the first that is not there */
	struct record_bytes roots[RECORD_CERTS_MAX];
	uint64_t issued_at;       /* unix seconds, or 0 */
	uint16_t keep_alive_s;    /* or 0 */
	const uint8_t *static_ip; /* 16 bytes, or NULL */
	const struct record_wrap *wrap;
	struct record_vendor vendor[RECORD_VENDOR_MAX]; /* up to the first of type 0 */
};

/*
 * Fill a slot: the record, 0xff behind it, and the commit word RECORD_COMMIT_VALID. What
 * it writes is what record_parse accepts; anything else is refused with the code that
 * parsing would give, the fault in *view and the slot wiped to 0xff. Returns the record's
 * length T, or a negative record_err. On success *view is that of the new record.
 */
int32_t record_build(const struct record_fields *fields, uint32_t generation,
		     const char *serial, uint8_t *slot, size_t slot_bytes,
		     struct record_view *view);

/* IEEE 802.3; `crc` is 0 for the first bytes, and the result of the call before after
 * that. */
uint32_t record_crc32(uint32_t crc, const uint8_t *bytes, size_t len);

/* True when all bytes are 0xff. */
bool record_is_blank(const uint8_t *bytes, size_t len);

/* Zeros that no optimiser takes away, for what held a key. */
void record_wipe(void *bytes, size_t len);

#ifdef __cplusplus
}
#endif
#endif
