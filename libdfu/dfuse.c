/* The DfuSe protocol, [AN3156] 4 and 5, over a struct dfu_io. */
#include "dfuse.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define CMD_SET_ADDRESS 0x21
#define CMD_ERASE       0x41

#define BUSY_SLICE_MS 500u /* of waiting for what an earlier request set going */

static const char *const status_words[] = {
	"OK",          "errTARGET (the address is not one it can use)",
	"errFILE",     "errWRITE",
	"errERASE",    "errCHECK_ERASED",
	"errPROG",     "errVERIFY",
	"errADDRESS",  "errNOTDONE",
	"errFIRMWARE", "errVENDOR",
	"errUSBR",     "errPOR",
	"errUNKNOWN",  "errSTALLEDPKT",
};

struct dfu_xfer dfuse_request(const struct dfu_dev *dev, uint8_t type, uint8_t req,
			      uint16_t value, uint8_t *data, uint16_t len,
			      unsigned timeout_ms)
{
	return (struct dfu_xfer){ .bmRequestType = type,
				  .bRequest = req,
				  .wValue = value,
				  .wIndex = dev->board.interface,
				  .wLength = len,
				  .data = data,
				  .timeout_ms = timeout_ms };
}

int dfuse_send(struct dfu_dev *dev, struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	int rc = dev->io.transfer(dev->io.ctx, x, n, err);

	dev->transfers += n;
	if (rc == DFU_ERR_GONE)
		dev->gone = true;
	return rc;
}

/* A request without data; a stall is an error here. */
static int simple(struct dfu_dev *dev, uint8_t req, const char *name,
		  struct dfu_error *err)
{
	struct dfu_xfer x = dfuse_request(dev, REQ_OUT, req, 0, NULL, 0,
					  dev->set.timeouts.control_ms);
	int rc = dfuse_send(dev, &x, 1, err);

	if (rc < 0)
		return rc;
	if (x.result < 0)
		return fail(err, DFU_ERR_STALL, "the bootloader refuses %s", name);
	return 0;
}

void dfuse_take_back(struct dfu_dev *dev)
{
	/* Refused or without effect in dfuERROR: dfuse_idle sees to what is left. */
	simple(dev, DFU_ABORT, "ABORT", NULL);
}

static void decode_status(const uint8_t *d, struct status *st)
{
	st->bStatus = d[0];
	st->bwPollTimeout = (uint32_t)(d[1] | d[2] << 8 | d[3] << 16);
	st->bState = d[4];
}

int dfuse_status(struct dfu_dev *dev, unsigned timeout_ms, struct status *st,
		 struct dfu_error *err)
{
	uint8_t d[6] = { 0 };
	struct dfu_xfer x =
		dfuse_request(dev, REQ_IN, DFU_GETSTATUS, 0, d, sizeof(d), timeout_ms);
	int rc = dfuse_send(dev, &x, 1, err);

	if (rc < 0)
		return rc;
	if (x.result < (int)sizeof(d))
		return fail(err, DFU_ERR_STALL, "the bootloader gives no status");
	decode_status(d, st);
	return 0;
}

int dfuse_explain(const struct status *st, const char *what, uint32_t addr,
		  struct dfu_error *err)
{
	size_t n = sizeof(status_words) / sizeof(status_words[0]);

	/* [AN3156] 5: with read protection, every access to memory is errVENDOR. */
	if (st->bStatus == errVENDOR) {
		fail(err, DFU_ERR_PROTECTED,
		     "%s at 0x%08" PRIx32
		     ": the chip is read-protected (RDP level 1, errVENDOR)",
		     what, addr);
		return hint(
			err, DFU_ERR_PROTECTED,
			"`stmiot option unprotect --yes` lifts it and erases all flash");
	}
	return fail(err, DFU_ERR_DEVICE,
		    "%s at 0x%08" PRIx32 ": the bootloader reports %s", what, addr,
		    st->bStatus < n ? status_words[st->bStatus] : "an unknown status");
}

static bool is_cancelled(const struct dfu_dev *dev)
{
	return dev->set.cancel && *dev->set.cancel;
}

/* False when the caller wants to stop, if `heed` asks for that. */
static bool sleep_ms(const struct dfu_dev *dev, uint32_t ms, bool heed)
{
	/* In slices, so that Ctrl-C is heard. */
	while (ms) {
		uint32_t slice = ms < 50 ? ms : 50;
		struct timespec t = { .tv_nsec = slice * 1000000L };

		nanosleep(&t, NULL);
		ms -= slice;
		if (heed && is_cancelled(dev))
			return false;
	}
	return true;
}

bool dfuse_worth_another_try(int rc)
{
	return rc == DFU_ERR_STALL || rc == DFU_ERR_TIMEOUT || rc == DFU_ERR_IO;
}

static bool is_busy(const struct status *st)
{
	return st->bState == dfuDNBUSY || st->bState == dfuDNLOAD_SYNC;
}

/*
 * dfuERROR wants CLRSTATUS, and only there: elsewhere it makes an error (facts of ST's
 * stack: errUNKNOWN). Whatever else is not idle wants ABORT. What is still under way may
 * take `busy_ms`.
 */
static int idle_within(struct dfu_dev *dev, unsigned busy_ms, struct dfu_error *err)
{
	uint64_t deadline = clock_ms() + busy_ms;
	struct status st = { 0 };
	bool tried = false;

	for (int tries = 0; tries < 6;) {
		int rc = dfuse_status(dev, busy_ms, &st, err);

		if (dfuse_worth_another_try(rc) && !tried && !dev->gone) {
			tried = true;
			continue;
		}
		if (rc < 0)
			return rc;
		dev->state = st.bState;
		if (st.bState == dfuIDLE)
			return 0;
		if (is_busy(&st) && clock_ms() < deadline) {
			sleep_ms(dev,
				 st.bwPollTimeout < BUSY_SLICE_MS ? st.bwPollTimeout + 1
								  : BUSY_SLICE_MS,
				 false);
			continue;
		}
		tries++;
		if (st.bState == dfuERROR)
			rc = simple(dev, DFU_CLRSTATUS, "CLRSTATUS", err);
		else
			rc = simple(dev, DFU_ABORT, "ABORT", err);
		if (rc < 0 && !dfuse_worth_another_try(rc))
			return rc;
	}
	fail(err, DFU_ERR_DEVICE, "the bootloader stays in state %u, status %u",
	     st.bState, st.bStatus);
	return hint(err, DFU_ERR_DEVICE, "reset the board with BOOT0 high and try again");
}

int dfuse_idle(struct dfu_dev *dev, struct dfu_error *err)
{
	return idle_within(dev, dev->set.timeouts.erase_ms, err);
}

/* After a surprise: from now on politely. What is under way may take `busy_ms`. */
static int calm_down(struct dfu_dev *dev, unsigned busy_ms, struct dfu_error *err)
{
	dev->fast = false;
	dev->recoveries++;
	return idle_within(dev, busy_ms, err);
}

static int set_alt(struct dfu_dev *dev, uint8_t alt, struct dfu_error *err)
{
	int rc = dev->io.set_alt(dev->io.ctx, dev->board.interface, alt, err);

	dev->transfers++;
	/* After a failure it may be either: the next one is sent whichever it is. */
	dev->alt = rc < 0 ? ALT_UNKNOWN : alt;
	if (rc == DFU_ERR_GONE)
		dev->gone = true;
	return rc;
}

int dfuse_select(struct dfu_dev *dev, uint8_t alt, struct dfu_error *err)
{
	int rc;

	if (dev->alt == alt)
		return 0;
	if (alt >= dev->board.n_alts)
		return fail(err, DFU_ERR_RANGE,
			    "the bootloader has no alternate setting %u", alt);
	rc = set_alt(dev, alt, err);
	if (dfuse_worth_another_try(rc) && !dev->gone &&
	    calm_down(dev, dev->set.timeouts.control_ms, NULL) == 0)
		rc = set_alt(dev, alt, err);
	if (rc < 0)
		return rc;
	dev->has_pointer = false;
	return 0;
}

/* Judge what the GETSTATUS that ends an operation said. */
static int judge(const struct status *st, const struct op *op, struct dfu_error *err)
{
	if (st->bState == dfuDNLOAD_IDLE && st->bStatus == statusOK)
		return 0;
	if (st->bState == dfuERROR)
		return dfuse_explain(st, op->what, op->addr, err);
	return fail(err, DFU_ERR_STALL,
		    "%s at 0x%08" PRIx32 ": the bootloader is in state %u", op->what,
		    op->addr, st->bState);
}

/* One operation as the standard has it: sleep for bwPollTimeout, ask until it is done. */
static int run_politely(struct dfu_dev *dev, const struct op *op, struct dfu_error *err)
{
	struct dfu_xfer x =
		dfuse_request(dev, REQ_OUT, DFU_DNLOAD, op->wBlockNum,
			      (uint8_t *)op->data, op->len, dev->set.timeouts.control_ms);
	uint64_t deadline = clock_ms() + op->timeout_ms, now;
	struct status st;
	uint32_t wait_ms;
	int rc = dfuse_send(dev, &x, 1, err);

	if (rc < 0)
		return rc;
	if (x.result < 0)
		return fail(err, DFU_ERR_STALL,
			    "%s at 0x%08" PRIx32 ": the bootloader refuses it", op->what,
			    op->addr);
	for (bool first = true;; first = false) {
		rc = dfuse_status(dev, op->timeout_ms, &st, err);
		if (rc < 0)
			return rc;
		if (!is_busy(&st))
			break;
		now = clock_ms();
		if (!first && now >= deadline)
			return fail(err, DFU_ERR_TIMEOUT,
				    "%s at 0x%08" PRIx32 ": still busy after %u ms",
				    op->what, op->addr, op->timeout_ms);
		/* It may ask for more than there is: that, then, and a last look. */
		wait_ms = st.bwPollTimeout + !first;
		if (now + wait_ms > deadline)
			wait_ms = now < deadline ? (uint32_t)(deadline - now) : 0;
		if (!sleep_ms(dev, wait_ms, true))
			return fail(err, DFU_ERR_CANCELLED, "interrupted");
	}
	dev->state = st.bState;
	return judge(&st, op, err);
}

/*
 * Up to WINDOW_OPS operations, all on their way at once: the ROM does the work of one
 * inside the GETSTATUS behind it, so the answers come when it is done ([AN3156] 5;
 * ST's library works in EP0_TxSent). *done says how many succeeded.
 */
static int run_window(struct dfu_dev *dev, const struct op *ops, size_t n, size_t *done,
		      struct dfu_error *err)
{
	struct dfu_xfer x[3 * WINDOW_OPS];
	uint8_t d[2 * WINDOW_OPS][6];
	struct status st = { 0 };
	int rc, sent;

	memset(d, 0, sizeof(d));
	for (size_t i = 0; i < n; i++) {
		x[3 * i] = dfuse_request(dev, REQ_OUT, DFU_DNLOAD, ops[i].wBlockNum,
					 (uint8_t *)ops[i].data, ops[i].len,
					 dev->set.timeouts.control_ms);
		x[3 * i + 1] = dfuse_request(dev, REQ_IN, DFU_GETSTATUS, 0, d[2 * i], 6,
					     ops[i].timeout_ms);
		x[3 * i + 2] = dfuse_request(dev, REQ_IN, DFU_GETSTATUS, 0, d[2 * i + 1],
					     6, ops[i].timeout_ms);
	}
	sent = dfuse_send(dev, x, 3 * n, err);
	for (*done = 0; *done < n; (*done)++) {
		const struct dfu_xfer *mine = &x[3 * *done];

		if (mine[0].result < 0 || mine[1].result < 6 || mine[2].result < 6)
			break;
		decode_status(d[2 * *done + 1], &st);
		dev->state = st.bState;
		rc = judge(&st, &ops[*done], err);
		if (rc < 0)
			return rc;
	}
	if (*done == n)
		return 0;
	if (sent < 0)
		return sent;
	return fail(err, DFU_ERR_STALL,
		    "%s at 0x%08" PRIx32 ": the bootloader refuses it", ops[*done].what,
		    ops[*done].addr);
}

static struct op set_address(const struct dfu_dev *dev, uint32_t addr, uint8_t cmd[5])
{
	cmd[0] = CMD_SET_ADDRESS;
	for (int i = 0; i < 4; i++)
		cmd[1 + i] = (uint8_t)(addr >> 8 * i);
	return (struct op){
		0, cmd, 5, dev->set.timeouts.control_ms, addr, "set address"
	};
}

int dfuse_recover(struct dfu_dev *dev, unsigned busy_ms, struct dfu_error *err)
{
	uint8_t cmd[5];
	struct op op = set_address(dev, dev->pointer, cmd);
	int rc;

	rc = calm_down(dev, busy_ms, err);
	if (rc == 0 && dev->has_pointer)
		rc = run_politely(dev, &op, err);
	return rc;
}

/*
 * A DNLOAD is refused in dfuUPLOAD-IDLE, an UPLOAD in dfuDNLOAD-IDLE: there ABORT does, and
 * after a failure whatever the device needs.
 */
int dfuse_ready(struct dfu_dev *dev, uint8_t fine, struct dfu_error *err)
{
	int rc;

	if (dev->state == dfuIDLE || dev->state == fine)
		return 0;
	if (dev->state != dfuDNLOAD_IDLE && dev->state != dfuUPLOAD_IDLE)
		return dfuse_idle(dev, err);
	rc = simple(dev, DFU_ABORT, "ABORT", err);
	dev->state = rc < 0 ? STATE_UNKNOWN : dfuIDLE;
	if (dfuse_worth_another_try(rc) && !dev->gone)
		rc = dfuse_recover(dev, dev->set.timeouts.control_ms, err);
	return rc;
}

static int run_some(struct dfu_dev *dev, const struct op *ops, size_t n, size_t *done,
		    struct dfu_error *err)
{
	int rc;

	if (dev->fast)
		return run_window(dev, ops, n < WINDOW_OPS ? n : WINDOW_OPS, done, err);
	rc = run_politely(dev, ops, err);
	*done = rc < 0 ? 0 : 1;
	return rc;
}

/* The words for a run that ends at `op` with `rc`, and a device that can be used again. */
static int give_up(struct dfu_dev *dev, const struct op *op, int rc,
		   const struct dfu_error *cause, struct dfu_error *err)
{
	dev->state = STATE_UNKNOWN;
	if (dev->gone)
		return fail(err, DFU_ERR_GONE,
			    "%s at 0x%08" PRIx32 ": the board left the bus", op->what,
			    op->addr);
	if (rc == DFU_ERR_CANCELLED)
		idle_within(dev, op->timeout_ms, NULL);
	if (err)
		*err = *cause;
	return rc;
}

int dfuse_run(struct dfu_dev *dev, const struct op *ops, size_t n, struct dfu_error *err)
{
	struct dfu_error cause = { 0 };
	bool tried = false;
	size_t done;
	int rc = dfuse_ready(dev, dfuDNLOAD_IDLE, err);

	if (rc < 0)
		return rc;
	/* A command may move the pointer: ST's library leaves it where it erased. */
	if (n && ops->wBlockNum == 0)
		dev->has_pointer = false;
	while (n) {
		rc = run_some(dev, ops, n, &done, &cause);
		ops += done;
		n -= done;
		if (done)
			tried = false;
		if (rc >= 0)
			continue;
		if (!dfuse_worth_another_try(rc) || tried ||
		    dfuse_recover(dev, ops->timeout_ms, NULL) < 0)
			return give_up(dev, ops, rc, &cause, err);
		tried = true;
	}
	return 0;
}

int dfuse_set_address(struct dfu_dev *dev, uint32_t addr, struct dfu_error *err)
{
	uint8_t cmd[5];
	struct op op = set_address(dev, addr, cmd);
	int rc = dfuse_run(dev, &op, 1, err);

	if (rc < 0)
		return rc;
	dev->has_pointer = true;
	dev->pointer = addr;
	return 0;
}

int dfuse_erase_sector(struct dfu_dev *dev, uint32_t addr, struct dfu_error *err)
{
	uint8_t cmd[5] = { CMD_ERASE, (uint8_t)addr, (uint8_t)(addr >> 8),
			   (uint8_t)(addr >> 16), (uint8_t)(addr >> 24) };
	struct op op = { 0, cmd, sizeof(cmd), dev->set.timeouts.erase_ms, addr, "erase" };

	return dfuse_run(dev, &op, 1, err);
}

int dfuse_reset_after(struct dfu_dev *dev, uint16_t wBlockNum, uint8_t *data,
		      uint16_t len, const char *what, struct dfu_error *err)
{
	struct dfu_xfer x = dfuse_request(dev, REQ_OUT, DFU_DNLOAD, wBlockNum, data, len,
					  dev->set.timeouts.control_ms);
	struct status st = { 0 };
	int rc = dfuse_ready(dev, dfuDNLOAD_IDLE, err);

	if (rc == 0)
		rc = dfuse_send(dev, &x, 1, err);
	if (rc < 0)
		return rc;
	if (x.result < 0)
		return fail(err, DFU_ERR_STALL, "%s: the bootloader refuses it", what);
	/* This one sets it going; whether it is answered is the reset's affair. */
	rc = dfuse_status(dev, dev->set.timeouts.chip_ms, &st, NULL);
	if (rc == DFU_ERR_STALL)
		rc = dfuse_status(dev, dev->set.timeouts.chip_ms, &st, NULL);
	if (rc == 0 && st.bState == dfuERROR)
		return dfuse_explain(&st, what, dev->pointer, err);
	if (!dev->io.wait_gone(dev->io.ctx, dev->set.timeouts.chip_ms))
		return fail(err, DFU_ERR_TIMEOUT, "%s: the board does not reset", what);
	dev->gone = true;
	return 0;
}

int dfuse_cancelled(struct dfu_dev *dev, struct dfu_error *err)
{
	if (!dev->set.cancel || !*dev->set.cancel)
		return 0;
	if (!dev->gone)
		dfuse_idle(dev, NULL);
	return fail(err, DFU_ERR_CANCELLED, "interrupted");
}
