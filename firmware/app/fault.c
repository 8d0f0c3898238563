#include "app/fault.h"

#include "drivers/systick.h"
#include "hw/memory.h"
#include "hw/reg.h"
#include "hw/regs_core.h"
#include "lib/text.h"
#include "record.h"

#include <string.h>

#define FRAME_BYTES 32u

static uint32_t crc_of(const struct fault_record *f)
{
	const uint8_t *from = (const uint8_t *)&f->count;

	return record_crc32(0, from, sizeof(*f) - offsetof(struct fault_record, count));
}

/* A record of zeros is none, though its CRC would fit. */
static bool is_kept(const struct fault_record *f)
{
	return f->count != 0 && f->crc == crc_of(f);
}

static bool is_in_ram(uint32_t sp)
{
	return sp % 4 == 0 && sp >= RAM_BASE && sp - RAM_BASE <= RAM_BYTES - FRAME_BYTES;
}

/* [PM0214] figure 12: r0-r3, r12, lr, pc, psr. */
static void keep_frame(struct fault_record *f, uint32_t sp)
{
	unsigned i;

	f->framed = 1;
	for (i = 0; i < 4; i++)
		f->r[i] = reg_read(sp + 4 * i);
	f->r12 = reg_read(sp + 16);
	f->lr = reg_read(sp + 20);
	f->pc = reg_read(sp + 24);
	f->psr = reg_read(sp + 28);
}

void fault_keep(uint32_t exception, uint32_t sp, uint32_t exc_return)
{
	struct fault_record *f = &noinit.fault;
	uint32_t count = is_kept(f) ? f->count : 0;

	memset(f, 0, sizeof(*f));
	f->count = count + 1;
	f->exception = exception;
	f->sp = sp;
	f->exc_return = exc_return;
	f->cfsr = reg_read(SCB_CFSR);
	f->hfsr = reg_read(SCB_HFSR);
	f->mmar = reg_read(SCB_MMAR);
	f->bfar = reg_read(SCB_BFAR);
	f->uptime_ms = systick_ms();
	if (is_in_ram(sp))
		keep_frame(f, sp);
	f->crc = crc_of(f);
}

bool fault_take(struct fault_record *out)
{
	bool kept = is_kept(&noinit.fault);

	if (kept)
		*out = noinit.fault;
	noinit.fault.count = 0;
	return kept;
}

/* -- words -------------------------------------------------------------------------- */

static const char *exception_name(uint32_t exception)
{
	static const char *const names[] = { NULL,         NULL,           "NMI",
					     "hard fault", "memory fault", "bus fault",
					     "usage fault" };

	if (exception < sizeof(names) / sizeof(names[0]) && names[exception])
		return names[exception];
	return "unexpected interrupt";
}

/* [PM0214] 4.4.13: bits of CFSR; the first that is set names the cause. */
static const char *cause_name(uint32_t cfsr)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} causes[] = {
		{ 1u << 0, "execution not allowed" },
		{ 1u << 1, "access not allowed" },
		{ 1u << 3, "on return from an exception" },
		{ 1u << 4, "on entry to an exception" },
		{ 1u << 8, "fetching an instruction" },
		{ 1u << 9, "precise" },
		{ 1u << 10, "imprecise" },
		{ 1u << 11, "on return from an exception" },
		{ 1u << 12, "on entry to an exception: the stack is full" },
		{ 1u << 16, "undefined instruction" },
		{ 1u << 17, "not in Thumb state" },
		{ 1u << 18, "bad return from an exception" },
		{ 1u << 19, "no coprocessor" },
		{ 1u << 24, "unaligned" },
		{ 1u << 25, "division by zero" },
	};
	unsigned i;

	for (i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (cfsr & causes[i].bit)
			return causes[i].name;
	return "unknown cause";
}

#define CFSR_MMARVALID (1u << 7)
#define CFSR_BFARVALID (1u << 15)

void fault_words(const struct fault_record *f, char *to, size_t bytes)
{
	size_t n = text_format(to, bytes, "%s %u (%s)", exception_name(f->exception),
			       (unsigned)f->exception, cause_name(f->cfsr));

	if (f->cfsr & (CFSR_MMARVALID | CFSR_BFARVALID))
		n += text_format(
			to + n, bytes - n, " at 0x%08x",
			(unsigned)(f->cfsr & CFSR_BFARVALID ? f->bfar : f->mmar));
	if (f->framed)
		n += text_format(to + n, bytes - n, ", pc 0x%08x, lr 0x%08x",
				 (unsigned)f->pc, (unsigned)f->lr);
	text_format(to + n, bytes - n, ", cfsr 0x%08x, hfsr 0x%08x, after %u ms",
		    (unsigned)f->cfsr, (unsigned)f->hfsr, (unsigned)f->uptime_ms);
}
