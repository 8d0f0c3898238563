/* [RM0090] 7.3: reset and clock control; 5.4: power control. */
#ifndef REGS_RCC_H
#define REGS_RCC_H

#define RCC_BASE     0x40023800u
#define RCC_CR       (RCC_BASE + 0x00)
#define RCC_PLLCFGR  (RCC_BASE + 0x04)
#define RCC_CFGR     (RCC_BASE + 0x08)
#define RCC_CIR      (RCC_BASE + 0x0c)
#define RCC_AHB1RSTR (RCC_BASE + 0x10)
#define RCC_AHB2RSTR (RCC_BASE + 0x14)
#define RCC_AHB3RSTR (RCC_BASE + 0x18)
#define RCC_APB1RSTR (RCC_BASE + 0x20)
#define RCC_APB2RSTR (RCC_BASE + 0x24)
#define RCC_AHB1ENR  (RCC_BASE + 0x30)
#define RCC_AHB2ENR  (RCC_BASE + 0x34)
#define RCC_AHB3ENR  (RCC_BASE + 0x38)
#define RCC_APB1ENR  (RCC_BASE + 0x40)
#define RCC_APB2ENR  (RCC_BASE + 0x44)
#define RCC_CSR      (RCC_BASE + 0x74)

#define RCC_CR_HSION     (1u << 0)
#define RCC_CR_HSIRDY    (1u << 1)
#define RCC_CR_HSEON     (1u << 16)
#define RCC_CR_HSERDY    (1u << 17)
#define RCC_CR_HSEBYP    (1u << 18)
#define RCC_CR_CSSON     (1u << 19)
#define RCC_CR_PLLON     (1u << 24)
#define RCC_CR_PLLRDY    (1u << 25)
#define RCC_CR_PLLI2SON  (1u << 26)
#define RCC_CR_PLLI2SRDY (1u << 27)

#define RCC_PLLCFGR_PLLM(m)    ((uint32_t)(m))
#define RCC_PLLCFGR_PLLN(n)    ((uint32_t)(n) << 6)
#define RCC_PLLCFGR_PLLP(p)    (((uint32_t)(p) / 2 - 1) << 16)
#define RCC_PLLCFGR_PLLSRC_HSE (1u << 22)
#define RCC_PLLCFGR_PLLQ(q)    ((uint32_t)(q) << 24)
#define RCC_PLLCFGR_RESET      0x24003010u

#define RCC_CFGR_SW         (3u << 0)
#define RCC_CFGR_SW_PLL     (2u << 0)
#define RCC_CFGR_SWS        (3u << 2)
#define RCC_CFGR_SWS_HSI    (0u << 2)
#define RCC_CFGR_SWS_HSE    (1u << 2)
#define RCC_CFGR_SWS_PLL    (2u << 2)
#define RCC_CFGR_HPRE       (15u << 4)
#define RCC_CFGR_PPRE1      (7u << 10)
#define RCC_CFGR_PPRE1_DIV4 (5u << 10)
#define RCC_CFGR_PPRE2      (7u << 13)
#define RCC_CFGR_PPRE2_DIV2 (4u << 13)

#define RCC_CIR_CSSF      (1u << 7)
#define RCC_CIR_CSSC      (1u << 23)
#define RCC_CIR_CLEAR_ALL 0x00bf0000u

/* Every peripheral that there is in an STM32F407. */
#define RCC_AHB1RSTR_ALL 0x226011ffu
#define RCC_AHB2RSTR_ALL 0x000000c1u
#define RCC_AHB3RSTR_ALL 0x00000001u
#define RCC_APB1RSTR_ALL 0x36fec9ffu
#define RCC_APB2RSTR_ALL 0x00075933u

#define RCC_AHB1ENR_RESET 0x00100000u /* CCMDATARAMEN */

#define RCC_CSR_RMVF     (1u << 24)
#define RCC_CSR_BORRSTF  (1u << 25)
#define RCC_CSR_PINRSTF  (1u << 26)
#define RCC_CSR_PORRSTF  (1u << 27)
#define RCC_CSR_SFTRSTF  (1u << 28)
#define RCC_CSR_IWDGRSTF (1u << 29)
#define RCC_CSR_WWDGRSTF (1u << 30)
#define RCC_CSR_LPWRRSTF (1u << 31)

#define PWR_BASE   0x40007000u
#define PWR_CR     (PWR_BASE + 0x00)
#define PWR_CR_VOS (1u << 14) /* scale 1: up to 168 MHz */

#endif
