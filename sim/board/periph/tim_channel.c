/* Capture and compare, and the trigger inputs: RM0090 17.3.5 to 17.3.15, 17.3.20. */
#include "tim.h"

#include "tim_pins.h"

#define SMCR_TS_TI1_ED 4
#define SMCR_TS_TI1FP1 5
#define SMCR_TS_TI2FP2 6
#define SMCR_TS_ETRF   7

enum {
	SLAVE_OFF,
	ENCODER_1,
	ENCODER_2,
	ENCODER_3,
	SLAVE_RESET,
	SLAVE_GATED,
	SLAVE_TRIGGER,
	SLAVE_CLOCK
};

/* OCxM */
enum {
	OC_FROZEN,
	OC_ACTIVE,
	OC_INACTIVE,
	OC_TOGGLE,
	OC_FORCE_LOW,
	OC_FORCE_HIGH,
	OC_PWM1,
	OC_PWM2
};

static uint32_t reg(const struct tim *tim, uint32_t offset)
{
	return tim->regs[offset / 4];
}

/* The eight bits of CCMR1 or CCMR2 that are the channel's */
static unsigned ccmr(const struct tim *tim, unsigned channel)
{
	return reg(tim, channel < 2 ? TIM_CCMR1 : TIM_CCMR2) >> channel % 2 * 8 & 0xFF;
}

/* CCxE, CCxP, CCxNE, CCxNP */
static unsigned ccer(const struct tim *tim, unsigned channel)
{
	return reg(tim, TIM_CCER) >> 4 * channel & 0xF;
}

static bool is_output(const struct tim *tim, unsigned channel)
{
	return (ccmr(tim, channel) & 3) == 0;
}

static unsigned oc_mode(const struct tim *tim, unsigned channel)
{
	return ccmr(tim, channel) >> 4 & 7;
}

/* -- compare ------------------------------------------------------------------------------ */

bool tim_channel_compares(const struct tim *tim, unsigned channel)
{
	return is_output(tim, channel);
}

static bool pwm_is_active(const struct tim *tim, const struct tim_channel *channel)
{
	/* 17.4.7, 110: counting down it is inactive as long as CNT > CCR */
	return tim->down ? tim->cnt <= channel->ccr : tim->cnt < channel->ccr;
}

/* OCxREF */
static bool reference(const struct tim_channel *channel)
{
	const struct tim *tim = channel->tim;

	switch (oc_mode(tim, channel->index)) {
	case OC_FORCE_LOW:
		return false;
	case OC_FORCE_HIGH:
		return true;
	case OC_PWM1:
		return pwm_is_active(tim, channel);
	case OC_PWM2:
		return !pwm_is_active(tim, channel);
	default:
		return channel->ref;
	}
}

void tim_channel_match(struct tim *tim, unsigned index, bool counting_down)
{
	struct tim_channel *channel = &tim->channels[index];
	unsigned cms = reg(tim, TIM_CR1) >> 5 & 3;

	switch (oc_mode(tim, index)) {
	case OC_ACTIVE:
		channel->ref = true;
		break;
	case OC_INACTIVE:
		channel->ref = false;
		break;
	case OC_TOGGLE:
		channel->ref = !channel->ref;
		break;
	default:
		break;
	}
	/* 17.4.1: centre-aligned 1 flags on the way down, 2 on the way up, 3 on both */
	if ((cms == 1 && !counting_down) || (cms == 2 && counting_down))
		return;
	tim_flag(tim, TIM_CCIF(index));
	tim_signal(tim, MCU_CC1 + index);
	if (index == 0 && tim_master_mode(tim) == 3)
		tim_signal(tim, MCU_TRGO);
	if (tim_master_mode(tim) == 4 + index)
		tim_trigger_level(tim, reference(channel));
}

static bool preloads(const struct tim *tim, unsigned channel)
{
	return is_output(tim, channel) && (ccmr(tim, channel) & 8);
}

void tim_channels_preload(struct tim *tim)
{
	for (unsigned c = 0; c < tim->kind->channels; c++)
		if (is_output(tim, c))
			tim->channels[c].ccr = reg(tim, TIM_CCR1 + 4 * c);
}

bool tim_channels_settled(const struct tim *tim)
{
	for (unsigned c = 0; c < tim->kind->channels; c++)
		if (preloads(tim, c) &&
		    tim->channels[c].ccr != reg(tim, TIM_CCR1 + 4 * c))
			return false;
	return true;
}

/* In capture mode the register is the hardware's (17.4.13). */
void tim_channel_written(struct tim *tim, unsigned channel, uint32_t value)
{
	if (!is_output(tim, channel)) {
		*tim_reg(tim, TIM_CCR1 + 4 * channel) = tim->channels[channel].ccr;
		return;
	}
	if (!preloads(tim, channel))
		tim->channels[channel].ccr = value;
}

/* -- outputs -------------------------------------------------------------------------------- */

static bool outputs_on(const struct tim *tim)
{
	return !tim->kind->advanced || (reg(tim, TIM_BDTR) & TIM_MOE);
}

/* 17.4.9, table 91: an output that is not enabled leaves the pin alone. */
static enum pin_drive out_drive(void *ctx)
{
	struct tim_channel *channel = ctx;
	unsigned bits = ccer(channel->tim, channel->index);

	tim_advance(channel->tim);
	if (!(bits & 1) || !outputs_on(channel->tim) ||
	    !is_output(channel->tim, channel->index))
		return PIN_FLOATS;
	return reference(channel) != !!(bits & 2) ? PIN_HIGH : PIN_LOW;
}

/* 17.4.9: with CCxE off the complement is OCxREF itself, by its own polarity. */
static enum pin_drive complement_drive(void *ctx)
{
	struct tim_channel *channel = ctx;
	unsigned bits = ccer(channel->tim, channel->index);
	bool ref;

	tim_advance(channel->tim);
	if (!(bits & 4) || !outputs_on(channel->tim))
		return PIN_FLOATS;
	ref = reference(channel);
	return (bits & 1 ? !ref : ref) != !!(bits & 8) ? PIN_HIGH : PIN_LOW;
}

static double reference_duty(const struct tim_channel *channel)
{
	const struct tim *tim = channel->tim;
	bool running = reg(tim, TIM_CR1) & TIM_CEN;
	unsigned mode = oc_mode(tim, channel->index);
	double steps = (double)tim->arr + (reg(tim, TIM_CR1) & TIM_CMS ? 0 : 1);
	double part = steps > 0 ? channel->ccr / steps : 0;

	if (!running || (mode != OC_PWM1 && mode != OC_PWM2 && mode != OC_TOGGLE))
		return reference(channel) ? 1 : 0;
	if (mode == OC_TOGGLE)
		return 0.5;
	part = part > 1 ? 1 : part;
	return mode == OC_PWM1 ? part : 1 - part;
}

static double out_duty(void *ctx)
{
	struct tim_channel *channel = ctx;
	unsigned bits = ccer(channel->tim, channel->index);
	double duty = reference_duty(channel);

	if (!(bits & 1) || !outputs_on(channel->tim) ||
	    !is_output(channel->tim, channel->index))
		return 0;
	return bits & 2 ? 1 - duty : duty;
}

static double complement_duty(void *ctx)
{
	struct tim_channel *channel = ctx;
	unsigned bits = ccer(channel->tim, channel->index);
	double duty = reference_duty(channel);

	if (!(bits & 4) || !outputs_on(channel->tim))
		return 0;
	return !(bits & 1) != !(bits & 8) ? duty : 1 - duty;
}

/*
 * Somebody looks at every edge of a pin only where a person could see or a wire could
 * carry it: outputs slower than 2 kHz are worked out edge by edge, faster ones by duty.
 */
#define SLOWEST_UNSEEN_NS 500000

bool tim_channels_watched(const struct tim *tim)
{
	uint64_t ns = ((uint64_t)tim->arr + 1) * tim_hclk_per_tick(tim) * 1000000 /
		      (mcu_hz(tim->mcu, MCU_HCLK) / 1000);

	if (ns < SLOWEST_UNSEEN_NS)
		return false;
	for (size_t i = 0; i < tim_pin_count; i++) {
		const struct tim_pin *pin = &tim_pins[i];

		if (pin->timer == tim->row->number && pin->channel > 0 &&
		    (ccer(tim, pin->channel - 1) & (pin->complement ? 4 : 1)) &&
		    pins_routed(tim->mcu, pin->pin, pin->af))
			return true;
	}
	return false;
}

void tim_channels_changed(struct tim *tim)
{
	for (size_t i = 0; i < tim_pin_count; i++)
		if (tim_pins[i].timer == tim->row->number && tim_pins[i].channel > 0)
			pins_source_changed(tim->mcu, tim_pins[i].pin, tim_pins[i].af);
}

/* -- inputs ---------------------------------------------------------------------------------- */

void tim_channel_capture(struct tim *tim, unsigned index)
{
	if (reg(tim, TIM_SR) & TIM_CCIF(index))
		*tim_reg(tim, TIM_SR) |= TIM_CCOF(index);
	*tim_reg(tim, TIM_CCR1 + 4 * index) = tim->cnt;
	tim->channels[index].ccr = tim->cnt;
	tim_flag(tim, TIM_CCIF(index));
	tim_signal(tim, MCU_CC1 + index);
}

/* CCxP and CCxNP: rising, falling, (reserved), both */
static bool edge_counts(const struct tim *tim, unsigned channel, bool level)
{
	unsigned bits = ccer(tim, channel);

	if ((bits & 0xA) == 0xA)
		return true;
	return level == !(bits & 2);
}

/* An edge of TI`input` (from 0), seen by the channel if CCxS says it listens to it. */
static void edge_at_channel(struct tim *tim, unsigned index, unsigned input, bool level)
{
	struct tim_channel *channel = &tim->channels[index];
	unsigned selection = ccmr(tim, index) & 3;
	unsigned every = 1u << (ccmr(tim, index) >> 2 & 3);

	if (selection != (index == input         ? 1u
			  : (index ^ 1) == input ? 2u
						 : 0u) ||
	    !(ccer(tim, index) & 1) || !edge_counts(tim, index, level))
		return;
	if (++channel->edges < every)
		return;
	channel->edges = 0;
	tim_channel_capture(tim, index);
}

/* `level` of the trigger input, and whether this is the edge that triggers. */
static void slave_trigger(struct tim *tim, bool level, bool edge)
{
	unsigned mode = reg(tim, TIM_SMCR) & 7;

	if (mode == SLAVE_GATED) {
		bool was = tim->gate;

		tim->gate = level;
		if (level && !was)
			tim_start(tim);
		if (level != was)
			tim_flag(tim, TIM_TIF);
		return;
	}
	if (!edge)
		return;
	if (mode == SLAVE_RESET) {
		tim_update(tim, true);
	} else if (mode == SLAVE_TRIGGER && !(reg(tim, TIM_CR1) & TIM_CEN)) {
		*tim_reg(tim, TIM_CR1) |= TIM_CEN;
		tim_start(tim);
	} else if (mode == SLAVE_CLOCK) {
		tim_external_tick(tim, 0);
	}
	if (mode != SLAVE_OFF)
		tim_flag(tim, TIM_TIF);
	tim_schedule(tim);
}

/* Table 86: what TI1 and TI2 say together of the direction */
static void encoder_edge(struct tim *tim, unsigned input, bool level)
{
	unsigned mode = reg(tim, TIM_SMCR) & 7;
	bool other = tim->channels[input ^ 1].input != !!(ccer(tim, input ^ 1) & 2);
	bool up = (level == !(ccer(tim, input) & 2)) != other;

	if ((mode == ENCODER_1 && input != 1) || (mode == ENCODER_2 && input != 0))
		return;
	if (input == 1)
		up = !up;
	tim_external_tick(tim, up ? 1 : -1);
}

static void input_edge(struct tim *tim, unsigned input, bool level)
{
	unsigned ts = reg(tim, TIM_SMCR) >> 4 & 7;
	unsigned mode = reg(tim, TIM_SMCR) & 7;

	for (unsigned c = 0; c < tim->kind->channels; c++)
		edge_at_channel(tim, c, input, level);
	if (!tim->kind->slave)
		return;
	if (mode >= ENCODER_1 && mode <= ENCODER_3 && input < 2)
		encoder_edge(tim, input, level);
	else if (ts == SMCR_TS_TI1_ED && input == 0)
		slave_trigger(tim, true, true);
	else if ((ts == SMCR_TS_TI1FP1 && input == 0) ||
		 (ts == SMCR_TS_TI2FP2 && input == 1))
		slave_trigger(tim, level == !(ccer(tim, input) & 2),
			      edge_counts(tim, input, level));
}

void tim_input(struct tim *tim, unsigned input, bool level)
{
	tim->channels[input].input = level;
	input_edge(tim, input, level);
}

static void trigger_edge(struct tim *tim, bool level)
{
	uint32_t smcr = reg(tim, TIM_SMCR);
	bool active = level != !!(smcr & 1u << 15); /* ETP */

	if (smcr & 1u << 14) { /* ECE: external clock mode 2 */
		if (active)
			tim_external_tick(tim, 0);
	} else if ((smcr >> 4 & 7) == SMCR_TS_ETRF) {
		slave_trigger(tim, active, active);
	}
}

static void pin_changed(void *ctx, unsigned number, bool level)
{
	struct mcu *mcu = ctx;

	for (size_t i = 0; i < tim_pin_count; i++) {
		const struct tim_pin *pin = &tim_pins[i];
		struct tim *tim;

		if (pin->pin != number || pin->complement ||
		    !pins_routed(mcu, number, pin->af))
			continue;
		tim = tim_numbered(mcu, pin->timer);
		if (!tim || !mcu_periph_clocked(mcu, tim->row) ||
		    (pin->channel > 0 && is_output(tim, pin->channel - 1)))
			continue;
		tim_advance(tim);
		if (pin->channel == 0) {
			trigger_edge(tim, level);
		} else if (!tim_inner_takes(tim, pin->channel - 1)) {
			tim_input(tim, pin->channel - 1, level);
		}
		tim_show(tim);
		tim_schedule(tim);
	}
}

/* -- the slave mode controller ------------------------------------------------------------------ */

bool tim_gate_level(const struct tim *tim)
{
	unsigned ts = reg(tim, TIM_SMCR) >> 4 & 7;
	unsigned input = ts == SMCR_TS_TI2FP2;

	if (ts != SMCR_TS_TI1FP1 && ts != SMCR_TS_TI2FP2)
		return false;
	return tim->channels[input].input == !(ccer(tim, input) & 2);
}

/* TRGO, or OC1 of a timer without it, of timer number `master`. */
void tim_master_heard(struct tim *tim, unsigned master, bool level)
{
	unsigned ts = reg(tim, TIM_SMCR) >> 4 & 7;

	if (!tim->kind->slave || tim->tells || ts > 3 ||
	    tim->kind->itr[ts] != (int8_t)master || !(reg(tim, TIM_SMCR) & 7))
		return;
	tim_advance(tim);
	slave_trigger(tim, level, level);
	tim_show(tim);
}

/* -- made and reset --------------------------------------------------------------------------------- */

static void open_pins(struct tim *tim)
{
	for (size_t i = 0; i < tim_pin_count; i++) {
		const struct tim_pin *pin = &tim_pins[i];

		if (pin->timer == tim->row->number && pin->channel > 0)
			pins_source(tim->mcu, pin->pin, pin->af,
				    pin->complement
					    ? &tim->channels[pin->channel - 1].complement
					    : &tim->channels[pin->channel - 1].out);
	}
}

void tim_channels_open(struct tim *tim)
{
	for (unsigned c = 0; c < TIM_CHANNELS; c++) {
		struct tim_channel *channel = &tim->channels[c];

		channel->tim = tim;
		channel->index = c;
		channel->out = (struct pin_source){ out_drive, out_duty, channel };
		channel->complement =
			(struct pin_source){ complement_drive, complement_duty, channel };
	}
	open_pins(tim);
	if (tim->row->number == 1) /* one watches for all */
		pins_watch(tim->mcu, pin_changed, tim->mcu);
}

void tim_channels_reset(struct tim *tim)
{
	for (unsigned c = 0; c < TIM_CHANNELS; c++) {
		tim->channels[c].ccr = 0;
		tim->channels[c].ref = false;
		tim->channels[c].edges = 0;
	}
}
