/*
 * What a USB/IP server says: the first byte tells how the client is used, the others are
 * all that the server ever sends, and then it closes or (bit 7) falls silent.
 */
#include "fuzz.h"
#include "dev.h"

#include <sys/socket.h>
#include <unistd.h>

static void list(int fd)
{
	struct dfu_board *boards = NULL;
	struct dfu_error err;
	size_t n = 0;
	int rc = usbip_list_fd(fd, 2, &boards, &n, &err);

	if (rc < 0)
		check_error(&err, rc);
	for (size_t i = 0; rc == 0 && i < n; i++)
		must(memchr(boards[i].path, '\0', sizeof(boards[i].path)) != NULL);
	free(boards);
}

static void transfers(struct dfu_io *io, unsigned how)
{
	uint8_t data[5][64] = { { 0 } };
	struct dfu_board board = { .bus = DFU_BUS_USBIP };
	struct dfu_xfer x[5];
	struct dfu_error err = { 0 };
	int rc;

	for (unsigned i = 0; i < 5; i++)
		x[i] = (struct dfu_xfer){ i & 1 ? 0x21 : 0xa1,
					  i & 1 ? DFU_DNLOAD : DFU_GETSTATUS,
					  0,
					  0,
					  (uint16_t)(6 + 8 * i),
					  data[i],
					  2,
					  0 };
	rc = io->transfer(io->ctx, x, 1 + how % 5, &err);
	if (rc < 0)
		check_error(&err, rc);
	for (unsigned i = 0; i < 1 + how % 5; i++)
		must(x[i].result <= x[i].wLength && x[i].result > -100);
	if (how & 8)
		desc_load(io, 2, &board, NULL);
	if (how & 16)
		io->set_alt(io->ctx, 0, 1, NULL);
	if (how & 32)
		io->wait_gone(io->ctx, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	unsigned how = len ? bytes[0] : 0;
	struct dfu_error err;
	struct dfu_io io;
	int fds[2], rc;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	if (len > 1)
		must(send(fds[1], bytes + 1, len - 1, MSG_NOSIGNAL) ==
		     (ssize_t)(len - 1));
	if (!(how & 128))
		shutdown(fds[1], SHUT_WR);
	if (how & 64) {
		list(fds[0]);
		close(fds[0]);
	} else {
		rc = usbip_import_fd(fds[0], "1-1", 2, &io, &err);
		if (rc < 0) {
			check_error(&err, rc);
			close(fds[0]);
		} else {
			transfers(&io, how);
			io.close(io.ctx);
		}
	}
	close(fds[1]);
	return 0;
}
