/* [RM0090] 3.9: the flash interface, and what system memory holds besides the bootloader. */
#ifndef REGS_FLASH_H
#define REGS_FLASH_H

#define FLASH_R_BASE  0x40023c00u
#define FLASH_ACR     (FLASH_R_BASE + 0x00)
#define FLASH_KEYR    (FLASH_R_BASE + 0x04)
#define FLASH_OPTKEYR (FLASH_R_BASE + 0x08)
#define FLASH_SR      (FLASH_R_BASE + 0x0c)
#define FLASH_CR      (FLASH_R_BASE + 0x10)
#define FLASH_OPTCR   (FLASH_R_BASE + 0x14)

#define FLASH_ACR_LATENCY     (7u << 0)
#define FLASH_ACR_LATENCY_5WS (5u << 0)
#define FLASH_ACR_PRFTEN      (1u << 8)
#define FLASH_ACR_ICEN        (1u << 9)
#define FLASH_ACR_DCEN        (1u << 10)
#define FLASH_ACR_ICRST       (1u << 11)
#define FLASH_ACR_DCRST       (1u << 12)

/* [RM0090] 3.6.1 */
#define FLASH_KEY1 0x45670123u
#define FLASH_KEY2 0xcdef89abu

#define FLASH_SR_EOP    (1u << 0)
#define FLASH_SR_OPERR  (1u << 1)
#define FLASH_SR_WRPERR (1u << 4)
#define FLASH_SR_PGAERR (1u << 5)
#define FLASH_SR_PGPERR (1u << 6)
#define FLASH_SR_PGSERR (1u << 7)
#define FLASH_SR_BSY    (1u << 16)

#define FLASH_CR_PG        (1u << 0)
#define FLASH_CR_SER       (1u << 1)
#define FLASH_CR_MER       (1u << 2)
#define FLASH_CR_SNB(n)    ((uint32_t)(n) << 3)
#define FLASH_CR_PSIZE_X32 (2u << 8)
#define FLASH_CR_STRT      (1u << 16)
#define FLASH_CR_LOCK      (1u << 31)

#endif
