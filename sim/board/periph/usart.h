/*
 * The serial ports USART1 to 3, UART4, UART5 and USART6 (RM0090 section 30), and the wire
 * at their pins: bytes as a terminal at the other end sends and gets them.
 */
#ifndef PERIPH_USART_H
#define PERIPH_USART_H

#include "core/mcu.h"

#define USARTS 6 /* numbered from 1 */

/*
 * `sent` gets each character when its stop bit has left the TX pin; a port that is not
 * routed to a pin sends into nothing. One may listen to a port; NULL: nobody does.
 */
void usart_attach(struct mcu *mcu, unsigned number, void (*sent)(void *ctx, uint8_t byte),
		  void *ctx);

/*
 * How many bytes the wire towards the port takes now. Each arrives a frame after the
 * other, at the rate the port is set to; what is not read in time is overrun, as on the
 * chip.
 */
size_t usart_room(const struct mcu *mcu, unsigned number);
/* Gives `byte` to the wire; false: there is no room. */
bool usart_give(struct mcu *mcu, unsigned number, uint8_t byte);

/* The name of the port, "USART3"; NULL: there is no such. */
const char *usart_name(unsigned number);

#endif
