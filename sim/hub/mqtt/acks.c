#include "mqtt/acks.h"

#include <stdlib.h>

#define ROOM_FIRST 8

void acks_free(struct acks *acks)
{
	free(acks->at);
	*acks = (struct acks){ 0 };
}

static struct ack *place(const struct acks *acks, size_t index)
{
	return &acks->at[(acks->first + index) & (acks->room - 1)];
}

static bool grow(struct acks *acks)
{
	struct acks larger = { .room = acks->room ? 2 * acks->room : ROOM_FIRST,
			       .count = acks->count };

	larger.at = calloc(larger.room, sizeof(*larger.at));
	if (!larger.at)
		return false;
	for (size_t i = 0; i < acks->count; i++)
		larger.at[i] = *place(acks, i);
	free(acks->at);
	*acks = larger;
	return true;
}

bool acks_push(struct acks *acks, uint16_t packet, uint64_t ticket)
{
	if (acks->count == acks->room && !grow(acks))
		return false;
	*place(acks, acks->count++) = (struct ack){ ticket, packet };
	return true;
}

void acks_give(struct acks *acks, uint64_t ticket)
{
	for (size_t i = 0; i < acks->count; i++) {
		if (place(acks, i)->ticket != TICKET_NONE)
			continue;
		place(acks, i)->ticket = ticket;
		return;
	}
}

uint16_t acks_pop(struct acks *acks, uint64_t stored)
{
	const struct ack *ack = acks->count > 0 ? place(acks, 0) : NULL;

	if (!ack || ack->ticket == TICKET_NONE || ack->ticket > stored)
		return 0;
	acks->first++;
	acks->count--;
	return ack->packet;
}
