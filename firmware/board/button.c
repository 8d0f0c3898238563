#include "board/button.h"

enum button_news button_look(struct button *b, bool level, bool edge, uint32_t now_ms)
{
	if (edge || level != b->level) {
		b->level = level;
		b->since_ms = now_ms;
		return BUTTON_NOTHING;
	}
	if (level == b->pressed || now_ms - b->since_ms < BUTTON_STABLE_MS)
		return BUTTON_NOTHING;
	b->pressed = level;
	return level ? BUTTON_PRESSED : BUTTON_RELEASED;
}
