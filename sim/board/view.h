/* What board_look() shows of the chip. */
#ifndef BOARD_VIEW_H
#define BOARD_VIEW_H

#include "board.h"
#include "pace.h"

void view_machine(struct board_view *view, struct machine *machine,
		  const struct pace *pace);

#endif
