/* What is to go wrong, and when. Each fault is armed once and fires once. */
#ifndef BOARD_FAULTS_H
#define BOARD_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_STALL,      /* the transfer is answered with STALL and not looked at */
	FAULT_TIMEOUT,    /* the transfer is never answered */
	FAULT_DISCONNECT, /* the cable: what runs in the flash still ends */
	FAULT_POWER,      /* what runs in the flash stops halfway */
	FAULT_FLIP,       /* a bit read wrong */
	FAULT_KINDS
};

struct fault {
	enum fault_kind kind;
	uint32_t at;      /* the n-th control transfer from now, 1 is the next; or */
	uint32_t erase;   /* the k-th erase from now */
	double fraction;  /* how far an operation gets before the power goes */
	uint32_t address; /* FAULT_FLIP: where, which bit, how often */
	unsigned bit;
	uint32_t times;
	bool stay; /* stay off the bus until powered by hand */
};

#define FAULTS_MAX 64

struct faults {
	struct fault armed[FAULTS_MAX];
	size_t count;
};

const char *fault_name(enum fault_kind kind);
enum fault_kind fault_parse(const char *name); /* FAULT_KINDS: no such fault */

/* false: there is no room for another */
bool faults_arm(struct faults *faults, const struct fault *fault);

/* A control transfer begins: the fault that is due with it, or kind FAULT_NONE. */
struct fault faults_transfer(struct faults *faults);

/*
 * An operation of the flash begins: whether power fails in it, because this is the erase
 * a fault waits for, or because the next transfer, which would find it running, brings
 * the power cut. Takes the fault off the list.
 */
bool faults_operation(struct faults *faults, bool is_erase, struct fault *fault);

/* Bytes from `address` are being read: flips what is armed for them. */
void faults_read(struct faults *faults, uint32_t address, uint8_t *bytes, size_t len);

#endif
