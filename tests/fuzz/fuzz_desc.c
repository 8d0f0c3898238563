/*
 * Descriptors of a hostile device: each answer is two bytes of length (the top bit stalls),
 * and as many of data.
 */
#include "fuzz.h"
#include "dev.h"

struct input {
	const uint8_t *bytes;
	size_t len;
};

static int answer(void *ctx, struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	struct input *in = ctx;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		size_t want = 0;

		x[i].result = DFU_ERR_STALL;
		if (in->len >= 2) {
			want = (size_t)(in->bytes[0] | in->bytes[1] << 8);
			in->bytes += 2;
			in->len -= 2;
		}
		if (want & 0x8000)
			continue;
		want = want < x[i].wLength ? want : x[i].wLength;
		want = want < in->len ? want : in->len;
		if (want)
			memcpy(x[i].data, in->bytes, want);
		x[i].result = (int)want;
		in->bytes += want;
		in->len -= want;
	}
	return 0;
}

static void check_text(const char *text, size_t bytes)
{
	must(memchr(text, '\0', bytes) != NULL);
	for (; *text; text++)
		must(*text >= 0x20 && *text < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = { bytes, len };
	struct dfu_io io = { .ctx = &in, .transfer = answer };
	struct dfu_board *board = calloc(1, sizeof(*board));
	struct dfu_error err;
	int rc;

	must(board != NULL);
	rc = desc_load(&io, 10, board, &err);
	if (rc < 0)
		check_error(&err, rc);
	must(board->n_alts <= DFU_ALTS && (board->n_alts > 0) == board->is_dfu);
	check_text(board->serial, sizeof(board->serial));
	check_text(board->product, sizeof(board->product));
	for (unsigned i = 0; i < DFU_ALTS; i++)
		check_text(board->alts[i].name, sizeof(board->alts[i].name));
	free(board);
	return 0;
}
