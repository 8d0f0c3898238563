/*
 * The console of the firmware: whatever arrives, it answers within its buffers, and each
 * line that is ended gets a prompt.
 */
#include "tests/unit/firmware/mock_bus.h"

#include "app/console.h"
#include "app/status.h"
#include "record.h"
#include "drivers/usart.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SERIAL "357A3A7D3137"

static void put_record(void)
{
	static const uint8_t key[32] = { 1 };
	const struct record_fields fields = { .auth = RECORD_AUTH_SAS,
					      .hub_host = "hub.azure-devices.net",
					      .device_id = "dev-1",
					      .key_1 = { key, sizeof(key) } };
	struct record_view view;

	if (record_build(&fields, 1, SERIAL, mock_memory(RECORD_SLOT_A_ADDR),
			 RECORD_SLOT_BYTES, &view) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *sent;

	mock_reset(NULL);
	usart_start();
	strcpy(status.serial, SERIAL);
	put_record();
	/* Out of a sequence of the input before, and off its line. */
	console_byte('x');
	console_byte('x');
	console_byte(3);
	mock_sent();
	for (size_t i = 0; i < len; i++) {
		console_byte(data[i]);
		if (mock.n_sent > sizeof(mock.sent) / 2)
			mock_sent();
	}
	console_byte('x');
	console_byte(3);
	sent = mock_sent();
	if (strlen(sent) < 2 || strcmp(sent + strlen(sent) - 2, "> ") != 0)
		abort();
	return 0;
}
