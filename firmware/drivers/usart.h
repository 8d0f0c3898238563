/*
 * The console's port: USART3 at 115200, 8N1. What arrives is kept by the interrupt; what is
 * to be sent waits for usart_pump(), which the main loop calls, or for the writer itself
 * when there is no room.
 */
#ifndef USART_H
#define USART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USART_BAUD 115200u

/* Expects the pins set up. Again after the clock has changed: what waits stays. */
void usart_start(void);

/* The next byte that arrived, or -1. */
int usart_get(void);

/* Into the queue, as room comes; what finds none in a tenth of a second is dropped. */
void usart_write(const char *bytes, size_t len);

/* Send what can be sent now; true while there is more. */
bool usart_pump(void);

/* Until all has left, or does not: before a reset. */
bool usart_flush(void);

/* Bytes that were lost: they came too fast, or the line was disturbed; or no room to send. */
struct usart_losses {
	unsigned received, sent;
};
struct usart_losses usart_losses(void);

/* The interrupt's handler. */
void usart_receive(void);

#endif
