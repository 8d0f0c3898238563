#include "faults.h"

#include <string.h>

static const char *const names[FAULT_KINDS] = {
	[FAULT_NONE] = "none",       [FAULT_STALL] = "stall",
	[FAULT_TIMEOUT] = "timeout", [FAULT_DISCONNECT] = "disconnect",
	[FAULT_POWER] = "power",     [FAULT_FLIP] = "flip",
};

const char *fault_name(enum fault_kind kind)
{
	return names[kind];
}

enum fault_kind fault_parse(const char *name)
{
	for (int i = 0; i < FAULT_KINDS; i++)
		if (strcmp(names[i], name) == 0)
			return (enum fault_kind)i;
	return FAULT_KINDS;
}

bool faults_arm(struct faults *faults, const struct fault *fault)
{
	if (faults->count == FAULTS_MAX)
		return false;
	faults->armed[faults->count++] = *fault;
	return true;
}

static struct fault take(struct faults *faults, size_t i)
{
	struct fault fault = faults->armed[i];

	faults->count--;
	memmove(&faults->armed[i], &faults->armed[i + 1],
		(faults->count - i) * sizeof(fault));
	return fault;
}

struct fault faults_transfer(struct faults *faults)
{
	struct fault due = { .kind = FAULT_NONE };

	/* of several that are due with one transfer the first armed wins */
	for (size_t i = 0; i < faults->count;) {
		struct fault *fault = &faults->armed[i];

		if (fault->at > 0 && --fault->at == 0) {
			struct fault taken = take(faults, i);

			if (due.kind == FAULT_NONE)
				due = taken;
			continue;
		}
		i++;
	}
	return due;
}

bool faults_operation(struct faults *faults, bool is_erase, struct fault *fault)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct fault *armed = &faults->armed[i];
		bool counted = is_erase && armed->erase > 0 && --armed->erase == 0;

		if (armed->kind != FAULT_POWER || (!counted && armed->at != 1))
			continue;
		*fault = take(faults, i);
		return true;
	}
	return false;
}

void faults_read(struct faults *faults, uint32_t address, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < faults->count;) {
		struct fault *fault = &faults->armed[i];

		if (fault->kind == FAULT_FLIP && fault->address >= address &&
		    fault->address - address < len) {
			bytes[fault->address - address] ^= (uint8_t)(1u << fault->bit);
			if (--fault->times == 0) {
				take(faults, i);
				continue;
			}
		}
		i++;
	}
}
