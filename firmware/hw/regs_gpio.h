/* [RM0090] 8.4: ports; 12.3: external interrupts; 9.2: system configuration. */
#ifndef REGS_GPIO_H
#define REGS_GPIO_H

#define GPIO_BASE(port)    (0x40020000u + 0x400u * (uint32_t)(port))
#define GPIO_MODER(port)   (GPIO_BASE(port) + 0x00)
#define GPIO_OTYPER(port)  (GPIO_BASE(port) + 0x04)
#define GPIO_OSPEEDR(port) (GPIO_BASE(port) + 0x08)
#define GPIO_PUPDR(port)   (GPIO_BASE(port) + 0x0c)
#define GPIO_IDR(port)     (GPIO_BASE(port) + 0x10)
#define GPIO_ODR(port)     (GPIO_BASE(port) + 0x14)
#define GPIO_BSRR(port)    (GPIO_BASE(port) + 0x18)
#define GPIO_AFRL(port)    (GPIO_BASE(port) + 0x20)
#define GPIO_AFRH(port)    (GPIO_BASE(port) + 0x24)

#define EXTI_BASE 0x40013c00u
#define EXTI_IMR  (EXTI_BASE + 0x00)
#define EXTI_RTSR (EXTI_BASE + 0x08)
#define EXTI_FTSR (EXTI_BASE + 0x0c)
#define EXTI_PR   (EXTI_BASE + 0x14)

#define SYSCFG_BASE      0x40013800u
#define SYSCFG_MEMRMP    (SYSCFG_BASE + 0x00)
#define SYSCFG_EXTICR(n) (SYSCFG_BASE + 0x08 + 4u * (uint32_t)(n)) /* EXTICR1 is 0 */

/* SYSCFG_MEMRMP.MEM_MODE: what is at 0. */
#define SYSCFG_MEM_MODE        (3u << 0)
#define SYSCFG_MEM_MODE_FLASH  0u
#define SYSCFG_MEM_MODE_SYSTEM 1u

#endif
