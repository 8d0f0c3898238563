/* ask FOLDER REQUEST: a request to a board's or a hub's control socket, and its answer. */
#include "fault.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: ask FOLDER REQUEST");
	fputs(control_ask(argv[1], argv[2]), stdout);
	return 0;
}
