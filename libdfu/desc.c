/* Descriptors and strings: [USB2] is the USB 2.0 specification, chapter 9. */
#include "dev.h"

#include <stdio.h>
#include <string.h>

#define GET_DESCRIPTOR 6 /* [USB2] table 9-4 */
#define DT_DEVICE      1
#define DT_CONFIG      2
#define DT_STRING      3
#define DT_INTERFACE   4
#define DT_DFU         0x21 /* [DFU] 4.1.3 */
#define LANG_ENGLISH   0x0409
#define STRING_MAX     255

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static struct dfu_xfer get_descriptor(uint8_t type, uint8_t index, uint16_t lang,
				      uint8_t *data, uint16_t len, unsigned timeout_ms)
{
	return (struct dfu_xfer){ .bmRequestType = 0x80,
				  .bRequest = GET_DESCRIPTOR,
				  .wValue = (uint16_t)(type << 8 | index),
				  .wIndex = lang,
				  .wLength = len,
				  .data = data,
				  .timeout_ms = timeout_ms };
}

static void take_interface(const uint8_t *d, struct dfu_board *board,
			   uint8_t *string_index)
{
	uint8_t alt = d[3];

	/* class Application Specific, subclass DFU, protocol DFU mode: [DFU] 4.2.3 */
	if (d[5] != 0xfe || d[6] != 1 || d[7] != 2 || alt >= DFU_ALTS)
		return;
	if (board->is_dfu && board->interface != d[2])
		return;
	board->is_dfu = true;
	board->interface = d[2];
	string_index[alt] = d[8];
	if (alt >= board->n_alts)
		board->n_alts = alt + 1u;
}

bool desc_config(const uint8_t *d, size_t len, struct dfu_board *board,
		 uint8_t *string_index)
{
	size_t at = 0;

	while (len - at >= 2 && d[at] >= 2 && d[at] <= len - at) {
		const uint8_t *one = d + at;

		if (one[1] == DT_INTERFACE && one[0] >= 9) {
			take_interface(one, board, string_index);
		} else if (one[1] == DT_DFU && one[0] >= 9 && board->is_dfu) {
			board->bmAttributes = one[2];
			board->wTransferSize = le16(one + 5);
			board->bcdDFUVersion = le16(one + 7);
		}
		at += one[0];
	}
	return board->is_dfu;
}

/* UTF-16LE to what can be printed; anything else becomes '?'. */
static void take_string(const uint8_t *d, int len, char *to, size_t bytes)
{
	size_t n = 0;

	for (int i = 2; i + 1 < len && i + 1 < d[0] && n + 1 < bytes; i += 2) {
		uint16_t c = le16(d + i);

		to[n++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	to[n] = '\0';
}

struct wanted {
	uint8_t index;
	char *to;
	size_t bytes;
};

/*
 * All in one go, and what was refused once more: hosts do so, and a serial number that is
 * missing by a mishap would make this another board.
 */
static int ask(const struct dfu_io *io, struct dfu_xfer *x, size_t n,
	       struct dfu_error *err)
{
	int rc = io->transfer(io->ctx, x, n, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (x[i].result < 0)
			rc = io->transfer(io->ctx, &x[i], 1, err);
	return rc;
}

/* Each costs a round trip if asked for alone. */
static int load_strings(const struct dfu_io *io, unsigned timeout_ms, uint16_t lang,
			const struct wanted *w, size_t n, struct dfu_error *err)
{
	uint8_t data[DFU_ALTS + 2][STRING_MAX];
	struct dfu_xfer x[DFU_ALTS + 2];
	const struct wanted *from[DFU_ALTS + 2];
	size_t m = 0;
	int rc;

	memset(data, 0, sizeof(data));
	for (size_t i = 0; i < n; i++) {
		if (!w[i].index)
			continue;
		x[m] = get_descriptor(DT_STRING, w[i].index, lang, data[m], STRING_MAX,
				      timeout_ms);
		from[m++] = &w[i];
	}
	if (!m)
		return 0;
	rc = ask(io, x, m, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < m; i++)
		if (x[i].result >= 2)
			take_string(data[i], x[i].result, from[i]->to, from[i]->bytes);
	return 0;
}

static void parse_layouts(struct dfu_board *board)
{
	for (unsigned i = 0; i < board->n_alts; i++)
		board->alts[i].has_layout =
			dfu_layout_parse(board->alts[i].name, &board->alts[i].layout,
					 NULL) == 0;
}

int desc_load(const struct dfu_io *io, unsigned timeout_ms, struct dfu_board *board,
	      struct dfu_error *err)
{
	uint8_t device[18] = { 0 }, lang[STRING_MAX] = { 0 }, config[1024] = { 0 };
	uint8_t index[DFU_ALTS] = { 0 };
	struct wanted w[DFU_ALTS + 2];
	struct dfu_xfer x[3] = {
		get_descriptor(DT_DEVICE, 0, 0, device, sizeof(device), timeout_ms),
		get_descriptor(DT_CONFIG, 0, 0, config, sizeof(config), timeout_ms),
		get_descriptor(DT_STRING, 0, 0, lang, sizeof(lang), timeout_ms),
	};
	int rc = ask(io, x, 3, err);

	if (rc < 0)
		return rc;
	if (x[0].result < 0 || x[1].result < 0)
		return fail(err, DFU_ERR_STALL, "the device refuses its descriptors");
	if (x[0].result < 18 || device[1] != DT_DEVICE || x[1].result < 9)
		return fail(err, DFU_ERR_FORMAT,
			    "the device's descriptors are cut short");
	board->idVendor = le16(device + 8);
	board->idProduct = le16(device + 10);
	board->bcdDevice = le16(device + 12);
	/* Nothing may be left of what was there at the last look. */
	board->is_dfu = false;
	board->n_alts = 0;
	board->bmAttributes = 0;
	board->wTransferSize = 0;
	board->bcdDFUVersion = 0;
	memset(board->alts, 0, sizeof(board->alts));
	desc_config(config, (size_t)x[1].result, board, index);

	w[0] = (struct wanted){ device[15], board->product, sizeof(board->product) };
	w[1] = (struct wanted){ device[16], board->serial, sizeof(board->serial) };
	for (unsigned i = 0; i < board->n_alts; i++)
		w[2 + i] = (struct wanted){ index[i], board->alts[i].name,
					    sizeof(board->alts[i].name) };
	rc = load_strings(io, timeout_ms,
			  x[2].result >= 4 ? le16(lang + 2) : LANG_ENGLISH, w,
			  2 + board->n_alts, err);
	if (rc < 0)
		return rc;
	parse_layouts(board);
	return 0;
}
