/*
 * The timers TIM1 to TIM14 (RM0090 sections 17 to 20). tim.c has the registers,
 * tim_count.c the counter, tim_channel.c the compare and capture channels with their
 * pins, which tim_pins.c lists; tim_inner.c is an oscillator in the place of a pin, and
 * tim_lock.c says what cannot be written. The counter is not run tick by tick: each file
 * asks it up to now, and it works out what happened since, in the order it happened.
 */
#ifndef PERIPH_TIM_H
#define PERIPH_TIM_H

#include "pins.h"
#include "table.h"

#define TIM_CHANNELS 4

enum tim_reg {
	TIM_CR1 = 0x00,
	TIM_CR2 = 0x04,
	TIM_SMCR = 0x08,
	TIM_DIER = 0x0C,
	TIM_SR = 0x10,
	TIM_EGR = 0x14,
	TIM_CCMR1 = 0x18,
	TIM_CCMR2 = 0x1C,
	TIM_CCER = 0x20,
	TIM_CNT = 0x24,
	TIM_PSC = 0x28,
	TIM_ARR = 0x2C,
	TIM_RCR = 0x30,
	TIM_CCR1 = 0x34,
	TIM_CCR4 = 0x40,
	TIM_BDTR = 0x44,
	TIM_DCR = 0x48,
	TIM_DMAR = 0x4C,
	TIM_OR = 0x50,
	TIM_REGISTERS = TIM_OR / 4 + 1,
};

/* CR1 */
#define TIM_CEN  (1u << 0)
#define TIM_UDIS (1u << 1)
#define TIM_URS  (1u << 2)
#define TIM_OPM  (1u << 3)
#define TIM_DIR  (1u << 4)
#define TIM_CMS  (3u << 5)
#define TIM_ARPE (1u << 7)
/* SR, DIER and EGR share these */
#define TIM_UIF     (1u << 0)
#define TIM_CCIF(c) (2u << (c)) /* channels count from 0 */
#define TIM_COMIF   (1u << 5)
#define TIM_TIF     (1u << 6)
#define TIM_BIF     (1u << 7)
#define TIM_CCOF(c) (0x200u << (c))
#define TIM_UDE     (1u << 8)
#define TIM_CCDE(c) (0x200u << (c))
#define TIM_COMDE   (1u << 13)
#define TIM_TDE     (1u << 14)
#define TIM_MOE     (1u << 15) /* BDTR */

/* What an instance has (RM0090 table 4 of the data sheet's timers) */
struct tim_kind {
	uint8_t channels;
	bool wide;     /* 32 bits */
	bool advanced; /* TIM1, TIM8: repetition, break, complementary outputs */
	bool down;     /* counts down and centre-aligned */
	bool slave;    /* SMCR */
	bool master;   /* CR2.MMS */
	int8_t itr[4]; /* the timers behind ITR0 to ITR3, 0: none; their TRGO or OC1 */
};

struct tim;

struct tim_channel {
	struct tim *tim;
	unsigned index;
	uint32_t ccr;   /* active: the preload is in the register */
	bool ref;       /* OCxREF of the modes that hold it */
	bool seen;      /* as last told to the pins */
	bool input;     /* level of TIx */
	unsigned edges; /* towards the capture prescaler */
	struct pin_source out, complement;
};

/* An oscillator at TI4 */
struct tim_inner {
	uint32_t hz; /* 0: none */
	int64_t since_ns;
	uint32_t edges; /* since then, rising and falling */
	struct sched_event edge;
};

struct tim {
	struct mcu *mcu;
	const struct periph_row *row;
	const struct tim_kind *kind;
	uint32_t regs[TIM_REGISTERS];
	struct tim_channel channels[TIM_CHANNELS];
	struct mcu_line lines[4];
	struct sched_event event;
	struct tim_inner inner;

	uint32_t cnt;
	uint32_t psc;         /* active */
	uint32_t arr;         /* active */
	bool down;            /* the direction now */
	unsigned repetitions; /* updates to skip */
	int64_t base;         /* the cycle at which `cnt` was reached */
	uint32_t outside;     /* ticks of an external clock towards the next count */
	unsigned burst;       /* registers of a DMA burst that were accessed */
	bool tells;           /* its slaves, just now */
	uint8_t burst_line;   /* the DMA request that was made last */
	bool gate;            /* the gated slave mode lets it count */
	bool lock_written;    /* BDTR was, since reset */
};

static inline uint32_t *tim_reg(struct tim *tim, uint32_t offset)
{
	return &tim->regs[offset / 4];
}

static inline uint32_t tim_max(const struct tim *tim)
{
	return tim->kind->wide ? 0xFFFFFFFF : 0xFFFF;
}

/* tim.c */
void tim_show(struct tim *tim);                /* the flags on the interrupt lines */
void tim_flag(struct tim *tim, uint32_t flag); /* sets it, and asks the DMA if it may */
void tim_signal(struct tim *tim, enum mcu_trigger signal);
void tim_trigger_level(struct tim *tim, bool level); /* TRGO as a level */
struct tim *tim_numbered(const struct mcu *mcu, unsigned number);
unsigned tim_master_mode(const struct tim *tim); /* CR2.MMS */

/* tim_lock.c */
uint32_t tim_locked(const struct tim *tim, uint32_t offset); /* bits that stay */

/* tim_count.c */
void tim_advance(struct tim *tim);                  /* up to now */
void tim_schedule(struct tim *tim);                 /* after any change of what it does */
void tim_update(struct tim *tim, bool by_software); /* UG, or slave mode reset */
void tim_start(struct tim *tim);
void tim_external_tick(struct tim *tim, int direction);
uint32_t tim_hclk_per_tick(const struct tim *tim); /* of CK_CNT; 0: it stands still */

/* tim_inner.c */
void tim_inner_open(struct tim *tim);
void tim_inner_schedule(struct tim *tim); /* after any change of what is there */
bool tim_inner_takes(const struct tim *tim, unsigned input); /* from the pin */

/* tim_channel.c */
void tim_channels_open(struct tim *tim);
void tim_channels_reset(struct tim *tim);
bool tim_channel_compares(const struct tim *tim, unsigned channel);
void tim_channel_match(struct tim *tim, unsigned channel, bool counting_down);
void tim_channels_preload(struct tim *tim);                  /* at an update event */
bool tim_channels_settled(const struct tim *tim);            /* no preload waits */
void tim_channels_changed(struct tim *tim);                  /* the outputs may have */
void tim_input(struct tim *tim, unsigned input, bool level); /* of TIx, from 0 */
void tim_channel_capture(struct tim *tim, unsigned channel);
void tim_channel_written(struct tim *tim, unsigned channel, uint32_t value); /* CCRx */
bool tim_gate_level(const struct tim *tim);       /* of the trigger input */
bool tim_channels_watched(const struct tim *tim); /* a pin shows an output */
void tim_master_heard(struct tim *tim, unsigned master, bool level);

#endif
