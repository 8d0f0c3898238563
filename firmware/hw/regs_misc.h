/* [RM0090] 24.4: RNG; 21.4: IWDG; 38.6: DBGMCU. */
#ifndef REGS_MISC_H
#define REGS_MISC_H

#define RNG_BASE 0x50060800u
#define RNG_CR   (RNG_BASE + 0x00)
#define RNG_SR   (RNG_BASE + 0x04)
#define RNG_DR   (RNG_BASE + 0x08)

#define RNG_CR_RNGEN (1u << 2)
#define RNG_SR_DRDY  (1u << 0)
#define RNG_SR_CECS  (1u << 1)
#define RNG_SR_SECS  (1u << 2)
#define RNG_SR_CEIS  (1u << 5)
#define RNG_SR_SEIS  (1u << 6)

#define IWDG_BASE 0x40003000u
#define IWDG_KR   (IWDG_BASE + 0x00)
#define IWDG_PR   (IWDG_BASE + 0x04)
#define IWDG_RLR  (IWDG_BASE + 0x08)
#define IWDG_SR   (IWDG_BASE + 0x0c)

#define IWDG_KEY_WRITE 0x5555u
#define IWDG_KEY_FEED  0xaaaau
#define IWDG_KEY_START 0xccccu
#define IWDG_PR_DIV256 6u
#define IWDG_RLR_MAX   0xfffu
#define IWDG_SR_PVU    (1u << 0)
#define IWDG_SR_RVU    (1u << 1)

#define DBGMCU_BASE    0xe0042000u
#define DBGMCU_IDCODE  (DBGMCU_BASE + 0x00)
#define DBGMCU_APB1_FZ (DBGMCU_BASE + 0x08)

#define DBGMCU_IDCODE_DEV_ID         0xfffu
#define DBGMCU_IDCODE_REV_A          0x1000u /* in the upper half */
#define DBGMCU_APB1_FZ_DBG_IWDG_STOP (1u << 12)

#endif
