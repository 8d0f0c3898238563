/* [PM0214] 4: SysTick, NVIC, system control block, MPU. */
#ifndef REGS_CORE_H
#define REGS_CORE_H

#define STK_CTRL 0xe000e010u
#define STK_LOAD 0xe000e014u
#define STK_VAL  0xe000e018u

#define STK_CTRL_ENABLE    (1u << 0)
#define STK_CTRL_TICKINT   (1u << 1)
#define STK_CTRL_CLKSOURCE (1u << 2) /* the core's own clock */

/* 82 interrupts of the STM32F407 are in three words. */
#define NVIC_WORDS   3u
#define NVIC_ISER(n) (0xe000e100u + 4u * (uint32_t)(n))
#define NVIC_ICER(n) (0xe000e180u + 4u * (uint32_t)(n))
#define NVIC_ICPR(n) (0xe000e280u + 4u * (uint32_t)(n))
#define NVIC_IPR(n)  (0xe000e400u + 4u * (uint32_t)(n))

#define SCB_ICSR  0xe000ed04u
#define SCB_VTOR  0xe000ed08u
#define SCB_AIRCR 0xe000ed0cu
#define SCB_SHCSR 0xe000ed24u
#define SCB_CFSR  0xe000ed28u
#define SCB_HFSR  0xe000ed2cu
#define SCB_MMAR  0xe000ed34u
#define SCB_BFAR  0xe000ed38u

#define SCB_ICSR_PENDSTCLR    (1u << 25)
#define SCB_ICSR_PENDSVCLR    (1u << 27)
#define SCB_AIRCR_VECTKEY     0x05fa0000u
#define SCB_AIRCR_SYSRESETREQ (1u << 2)
#define SCB_SHCSR_MEMFAULTENA (1u << 16)
#define SCB_SHCSR_BUSFAULTENA (1u << 17)
#define SCB_SHCSR_USGFAULTENA (1u << 18)

#define MPU_CTRL 0xe000ed94u

/* [RM0090] table 62: positions in the vector table, behind the 16 of the core. */
#define IRQ_EXTI0  6u
#define IRQ_USART3 39u
#define IRQ_COUNT  82u

#endif
