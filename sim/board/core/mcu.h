/*
 * What the parts of the STM32F407 know of one another: the time, the clocks, the
 * interrupt lines, the DMA requests, memory as a bus master sees it. A peripheral is a
 * struct periph_class in a file of its own and a row in periph/table.c.
 */
#ifndef CORE_MCU_H
#define CORE_MCU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched.h"

#define MCU_IRQS 82 /* RM0090 table 61 */

struct mcu;
struct flash;
struct pins;

/* The flags of RCC_CSR that say why */
enum mcu_reset {
	MCU_RESET_POWER,
	MCU_RESET_PIN,
	MCU_RESET_SOFTWARE,
	MCU_RESET_IWDG,
	MCU_RESET_WWDG,
	MCU_RESET_LOW_POWER,
	MCU_RESET_OPTIONS, /* new option bytes are loaded */
	MCU_RESET_STANDBY, /* woken from Standby: RAM is lost, no flag of RCC_CSR is set */
};

/*
 * What the core (processor, NVIC, the buses) does for the rest. All are called at the time
 * of mcu_sched(); none may be NULL but the last.
 */
struct mcu_core {
	void *ctx;
	void (*line)(void *ctx, unsigned irq, bool high); /* the level has changed */
	void (*nmi)(void *ctx, bool high);
	void (*reset)(void *ctx, enum mcu_reset why); /* asked for */
	void (*event)(void *ctx);                     /* for WFE */
	void (*flash_changed)(void *ctx, uint32_t address, uint32_t len);
	void (*flash_busy)(void *ctx, int64_t until_cycle);
	void (*remap)(void *ctx, unsigned mem_mode);
	/* RAM, by mcu_write() */
	void (*wrote)(void *ctx, uint32_t address, uint32_t len);
	/* of the instruction whose access this is; the one that may be NULL */
	uint32_t (*pc)(void *ctx);
};

/*
 * The chip around `core`, with power just on, all registers at their reset values and HSI
 * as the clock. `flash` has to outlive it. NULL: no memory.
 */
struct mcu *mcu_new(struct flash *flash, const uint32_t uid[3],
		    const struct mcu_core *core);
void mcu_free(struct mcu *mcu);
/*
 * All peripherals back to their reset values, but for what a reset of that kind leaves
 * alone; `boot_pins` are BOOT1:BOOT0.
 */
void mcu_reset_periphs(struct mcu *mcu, enum mcu_reset why, unsigned boot_pins);

/* -- time and clocks ------------------------------------------------------------------ */

struct sched *mcu_sched(struct mcu *mcu);

/* RM0090 figure 21. The RCC says what each runs at. */
enum mcu_clock {
	MCU_SYSCLK,
	MCU_HCLK,
	MCU_PCLK1,
	MCU_PCLK2,
	MCU_TIMCLK1, /* of the timers on APB1: twice PCLK1 if APB1 is divided */
	MCU_TIMCLK2,
	MCU_PLL48CK, /* USB, RNG, SDIO */
	MCU_I2SCLK,
	MCU_LSI,
	MCU_LSE,
	MCU_RTCCLK,
	MCU_CLOCKS
};

/* In Hz; 0: it stands still. */
uint32_t mcu_hz(const struct mcu *mcu, enum mcu_clock clock);
/*
 * For the RCC: `hz` is what each clock runs at from now on. Every peripheral's sync() is
 * called before, and its clocks() afterwards.
 */
void mcu_set_clocks(struct mcu *mcu, const uint32_t hz[MCU_CLOCKS]);

/* -- interrupts ------------------------------------------------------------------------ */

/*
 * A request of a peripheral on a line of the NVIC. Several may share a line; it is high
 * while one of them is (RM0090 12.2: the lines are levels).
 */
struct mcu_line {
	uint8_t irq; /* position in RM0090 table 61 */
	bool high;
};

void mcu_line_set(struct mcu *mcu, struct mcu_line *line, bool high);
/* The clock security system's non-maskable interrupt. */
void mcu_nmi(struct mcu *mcu, bool high);

/*
 * The lines of the EXTI that come from within (RM0090 12.2.5). It looks for their edges
 * and owns the interrupts behind them.
 */
enum mcu_exti {
	MCU_EXTI_PVD = 16,
	MCU_EXTI_RTC_ALARM = 17,
	MCU_EXTI_OTG_FS_WAKEUP = 18,
	MCU_EXTI_ETH_WAKEUP = 19,
	MCU_EXTI_OTG_HS_WAKEUP = 20,
	MCU_EXTI_RTC_STAMP = 21, /* tamper and time stamp */
	MCU_EXTI_RTC_WAKEUP = 22,
};

void mcu_exti_set(struct mcu *mcu, enum mcu_exti line, bool high);
/* For the EXTI: called at each change of such a line. */
void mcu_watch_exti(struct mcu *mcu,
		    void (*changed)(void *ctx, enum mcu_exti line, bool high), void *ctx);

/* -- resets ------------------------------------------------------------------------------ */

/* The chip resets as soon as the present access is over. */
void mcu_ask_reset(struct mcu *mcu, enum mcu_reset why);
/* Why it reset last. */
enum mcu_reset mcu_reset_cause(const struct mcu *mcu);
/* For a reset(): the chip resets, and not just this peripheral by a bit of the RCC. */
bool mcu_resetting(const struct mcu *mcu);

/* -- chance ------------------------------------------------------------------------------- */

/*
 * All that is left to chance in the chip comes from one generator, so that two runs with
 * one seed are the same. It goes on over resets.
 */
void mcu_seed(struct mcu *mcu, uint64_t seed);
uint64_t mcu_random(struct mcu *mcu);

/* -- sleep --------------------------------------------------------------------------------- */

/* PWR_CR and SCB_SCR.SLEEPDEEP decide between them what WFI means: see periph/pwr.h. */
enum mcu_sleep { MCU_SLEEP, MCU_STOP, MCU_STANDBY };

/* An event for WFE, from EXTI lines in event mode. */
void mcu_event(struct mcu *mcu);

/* -- memory, as the DMA and the debugger see it ---------------------------------------------- */

/* `bytes` is 1, 2 or 4, `address` a multiple of it. False: nothing answers there. */
bool mcu_read(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t *value);
bool mcu_write(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t value);
/* For a peripheral within its read() or write(): the access ends in a bus error. */
void mcu_bus_error(struct mcu *mcu);
/* As mcu_read(), but changes nothing: what a debugger sees. */
bool mcu_peek(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t *value);

/* The RAMs' own bytes, for the processor to work on. */
#define MCU_SRAM_BASE    0x20000000u
#define MCU_SRAM_BYTES   0x20000u /* SRAM1 and SRAM2 */
#define MCU_CCM_BASE     0x10000000u
#define MCU_CCM_BYTES    0x10000u
#define MCU_SYSTEM_BASE  0x1FFF0000u
#define MCU_SYSTEM_BYTES 0x7800u

uint8_t *mcu_sram(struct mcu *mcu);
uint8_t *mcu_ccm(struct mcu *mcu);
/* The system memory, the ROM's place: writable for the core. */
uint8_t *mcu_system(struct mcu *mcu);

/* The flash behind FLASH_ACR...; its arrays outlive any reset. */
struct flash *mcu_flash(struct mcu *mcu);
/* The array changed at address..address+len, other than by a store of the processor. */
void mcu_flash_changed(struct mcu *mcu, uint32_t address, uint32_t len);
/* The bus to the flash is busy until then: an access of the processor waits (RM0090 3.5). */
void mcu_flash_busy(struct mcu *mcu, int64_t until_cycle);
/*
 * For the FLASH controller: `store` gets each store of the processor into the flash's
 * addresses (array, OTP, options), an access of 1, 2 or 4 bytes at a multiple of that.
 * False is a bus fault. Nobody asked: a store is a bus fault.
 */
typedef bool mcu_flash_store_fn(void *ctx, uint32_t address, unsigned bytes,
				uint32_t value);
void mcu_on_flash_store(struct mcu *mcu, mcu_flash_store_fn *store, void *ctx);
/* For the core: such a store. */
bool mcu_flash_store(struct mcu *mcu, uint32_t address, unsigned bytes, uint32_t value);
/* What address 0 shows: SYSCFG_MEMRMP.MEM_MODE */
void mcu_remap(struct mcu *mcu, unsigned mem_mode);
/* BOOT1:BOOT0 as they were latched at the reset */
unsigned mcu_boot_pins(const struct mcu *mcu);

/* -- DMA requests ------------------------------------------------------------------------------ */

/*
 * Request lines of RM0090 tables 42 and 43. A peripheral holds its line high while it
 * wants an item moved; the DMA serves it by accesses to the peripheral's registers.
 */
/* clang-format off */
#define MCU_DMA_LINES(X) \
	X(SPI1_RX) X(SPI1_TX) X(SPI2_RX) X(SPI2_TX) X(SPI3_RX) X(SPI3_TX) X(I2C1_RX) \
	X(I2C1_TX) X(I2C2_RX) X(I2C2_TX) X(I2C3_RX) X(I2C3_TX) X(USART1_RX) \
	X(USART1_TX) X(USART2_RX) X(USART2_TX) X(USART3_RX) X(USART3_TX) X(UART4_RX) \
	X(UART4_TX) X(UART5_RX) X(UART5_TX) X(USART6_RX) X(USART6_TX) X(ADC1) X(ADC2) \
	X(ADC3) X(DAC1) X(DAC2) X(SDIO) X(DCMI) X(TIM1_UP) X(TIM1_CH1) X(TIM1_CH2) \
	X(TIM1_CH3) X(TIM1_CH4) X(TIM1_TRIG) X(TIM1_COM) X(TIM2_UP) X(TIM2_CH1) \
	X(TIM2_CH2) X(TIM2_CH3) X(TIM2_CH4) X(TIM3_UP) X(TIM3_CH1) X(TIM3_CH2) \
	X(TIM3_CH3) X(TIM3_CH4) X(TIM3_TRIG) X(TIM4_UP) X(TIM4_CH1) X(TIM4_CH2) \
	X(TIM4_CH3) X(TIM5_UP) X(TIM5_CH1) X(TIM5_CH2) X(TIM5_CH3) X(TIM5_CH4) \
	X(TIM5_TRIG) X(TIM6_UP) X(TIM7_UP) X(TIM8_UP) X(TIM8_CH1) X(TIM8_CH2) \
	X(TIM8_CH3) X(TIM8_CH4) X(TIM8_TRIG) X(TIM8_COM) X(I2S2_EXT_RX) \
	X(I2S2_EXT_TX) X(I2S3_EXT_RX) X(I2S3_EXT_TX)
/* clang-format on */

#define MCU_DMA_NAME(name) MCU_DMA_##name,
enum mcu_dma_line { MCU_DMA_LINES(MCU_DMA_NAME) MCU_DMA_COUNT };
#undef MCU_DMA_NAME

void mcu_dma_request(struct mcu *mcu, enum mcu_dma_line line, bool high);
bool mcu_dma_requested(const struct mcu *mcu, enum mcu_dma_line line);
/* A request that nothing but its service ends, as a timer's. */
void mcu_dma_pulse(struct mcu *mcu, enum mcu_dma_line line);
/* In the service of such a request: it is not the last one of a burst. */
void mcu_dma_more(struct mcu *mcu, enum mcu_dma_line line);
/* For the DMA controllers: an item was moved for `line`. */
void mcu_dma_served(struct mcu *mcu, enum mcu_dma_line line);
/* For the two DMA controllers: called at each change of a line. */
void mcu_watch_dma(struct mcu *mcu,
		   void (*changed)(void *ctx, enum mcu_dma_line line, bool high),
		   void *ctx);

/* -- triggers ----------------------------------------------------------------------------------- */

/* What a timer tells others: its trigger output, and a match or capture of a channel. */
enum mcu_trigger { MCU_TRGO, MCU_CC1, MCU_CC2, MCU_CC3, MCU_CC4 };

void mcu_trigger(struct mcu *mcu, unsigned timer, enum mcu_trigger trigger);
/* For the converters: called at each, of any timer; up to four may watch. */
void mcu_watch_triggers(struct mcu *mcu,
			void (*heard)(void *ctx, unsigned timer,
				      enum mcu_trigger trigger),
			void *ctx);

/* -- peripherals ---------------------------------------------------------------------------------- */

enum periph_bus { PERIPH_AHB1, PERIPH_AHB2, PERIPH_AHB3, PERIPH_APB1, PERIPH_APB2 };

/* A register: its name and reset value in the reference manual. */
struct periph_reg {
	uint16_t offset;
	uint32_t reset;
	const char *name; /* without the peripheral's: "CR1" */
};

struct periph_row;

/*
 * What is common to all instances. read() and write() take offsets of whole words.
 * write() gets the bits that are written in `mask`: an AHB peripheral sees byte lanes, an
 * APB one always all 32 bits, a narrow value repeated on all lanes (RM0090 2.3). Neither
 * is called while the peripheral's clock is off: then it reads as zero and ignores writes.
 *
 * A class of nothing but `regs` is of what is not modelled: each access is logged, a read
 * gives the reset value.
 */
struct periph_class {
	/* `*self` is zero and `size` bytes large, freed by the chip */
	size_t size;
	/* once, when the chip is made; false: no memory */
	bool (*open)(void *self, struct mcu *mcu, const struct periph_row *row);
	void (*close)(void *self);
	/* back to the reset values; every system reset, and the RCC's reset bits */
	void (*reset)(void *self);
	uint32_t (*read)(void *self, uint32_t offset);
	void (*write)(void *self, uint32_t offset, uint32_t value, uint32_t mask);
	/* as read(), but without what a read does besides; NULL: read() has no effects */
	uint32_t (*peek)(void *self, uint32_t offset);
	/* see mcu_set_clocks() and mcu_periph_clock(); both may be NULL */
	void (*sync)(void *self);
	void (*clocks)(void *self);
	const struct periph_reg *regs; /* in the order of offsets, up to a NULL name */
};

/* One instance. */
struct periph_row {
	const char *name; /* RM0090's */
	uint32_t base;
	uint32_t bytes;
	enum periph_bus bus;
	int8_t rcc_bit; /* in the bus' ENR and RSTR; -1: always clocked */
	int8_t irqs[4]; /* positions in RM0090 table 61, -1 where there is none */
	uint8_t number; /* the 3 of USART3 */
	const struct periph_class *class;
};

extern const struct periph_row periph_table[];
extern const size_t periph_count;

/* An access of what is not modelled, once by address and PC: for the log and `sim status`. */
struct mcu_unmodelled {
	const struct periph_row *row;
	uint32_t address;
	uint32_t pc;
	uint64_t count;
};
/* Copies up to `max`; returns how many there are, which is MCU_UNMODELLED_MAX at most. */
#define MCU_UNMODELLED_MAX 256
size_t mcu_unmodelled(const struct mcu *mcu, struct mcu_unmodelled *list, size_t max);

/* Who wants to see each access of a register, for `sim trace`; NULL: nobody. */
typedef void mcu_trace_fn(void *ctx, const struct periph_row *row, uint32_t offset,
			  uint32_t value, uint32_t mask, bool write);
void mcu_trace(struct mcu *mcu, mcu_trace_fn *trace, void *ctx);

/* Where the processor is, as far as it is known: for the trace and the log. */
uint32_t mcu_pc(const struct mcu *mcu);
/* "USART3.DR", "GPIOA+0x400" where the offset has no name. */
const char *mcu_register_name(const struct periph_row *row, uint32_t offset, char *to,
			      size_t bytes);

/* The instance of that name; NULL if there is no such row, or if it is not modelled. */
void *mcu_periph(const struct mcu *mcu, const char *name);
void *mcu_periph_row(const struct mcu *mcu, const struct periph_row *row);
const struct periph_row *periph_find(const char *name);

/* What periph/pins.h keeps. */
struct pins *mcu_pins(const struct mcu *mcu);

/*
 * For the RCC: what is at `bus` and `bit` gets its clock or loses it, or is reset. A change
 * of the clock has sync() before it and clocks() after it, as in mcu_set_clocks().
 */
void mcu_periph_clock(struct mcu *mcu, enum periph_bus bus, unsigned bit, bool on);
void mcu_periph_reset(struct mcu *mcu, enum periph_bus bus, unsigned bit, bool held);
bool mcu_periph_clocked(const struct mcu *mcu, const struct periph_row *row);

#endif
