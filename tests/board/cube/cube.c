/*
 * A program on ST's own library, unmodified, and on what ST's generator made for this very
 * board: the package of package.json. What the library returns and what it reads back is
 * judged; all its waits have time-outs by SysTick, so that whatever the board does not do
 * as the chip does ends in one.
 */
#include "stm32f4xx_hal.h"

#include <stddef.h>

#include "../styles/tell.h"
#include "gpio.h"

#define TRIES 100

void SystemClock_Config(void); /* the generator's */

static volatile unsigned periods, pushes, copied;

void systick_handler(void)
{
	HAL_IncTick();
}

/* The compiler asks for it. */
void *memset(void *to, int value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((volatile uint8_t *)to)[i] = (uint8_t)value;
	return to;
}

/* -- clocks ------------------------------------------------------------------------------- */

/* As it was generated: 25 MHz from the internal oscillator. */
static void generated_clock(void)
{
	SystemClock_Config();
	EXPECT(SystemCoreClock, 25000000);
	EXPECT(HAL_RCC_GetSysClockFreq(), 25000000);
	EXPECT(HAL_RCC_GetPCLK1Freq(), 6250000);
	EXPECT(__HAL_RCC_GET_SYSCLK_SOURCE(), RCC_SYSCLKSOURCE_STATUS_PLLCLK);
	EXPECT(HAL_RCC_DeInit(), HAL_OK);
	EXPECT(SystemCoreClock, 16000000);
}

static void full_clock(void)
{
	RCC_OscInitTypeDef osc = {
		.OscillatorType = RCC_OSCILLATORTYPE_HSE | RCC_OSCILLATORTYPE_LSI,
		.HSEState = RCC_HSE_ON,
		.LSIState = RCC_LSI_ON,
		.PLL = { .PLLState = RCC_PLL_ON,
			 .PLLSource = RCC_PLLSOURCE_HSE,
			 .PLLM = 8,
			 .PLLN = 336,
			 .PLLP = RCC_PLLP_DIV2,
			 .PLLQ = 7 },
	};
	RCC_ClkInitTypeDef clk = {
		.ClockType = RCC_CLOCKTYPE_HCLK | RCC_CLOCKTYPE_SYSCLK |
			     RCC_CLOCKTYPE_PCLK1 | RCC_CLOCKTYPE_PCLK2,
		.SYSCLKSource = RCC_SYSCLKSOURCE_PLLCLK,
		.AHBCLKDivider = RCC_SYSCLK_DIV1,
		.APB1CLKDivider = RCC_HCLK_DIV4,
		.APB2CLKDivider = RCC_HCLK_DIV2,
	};
	RCC_OscInitTypeDef back = { 0 };

	EXPECT(HAL_RCC_OscConfig(&osc), HAL_OK);
	EXPECT(HAL_RCC_ClockConfig(&clk, FLASH_LATENCY_5), HAL_OK);
	EXPECT(SystemCoreClock, 168000000);
	EXPECT(HAL_RCC_GetPCLK1Freq(), 42000000);
	EXPECT(HAL_RCC_GetPCLK2Freq(), 84000000);
	HAL_RCC_GetOscConfig(&back);
	EXPECT(back.PLL.PLLN, 336);
	EXPECT(back.HSEState, RCC_HSE_ON);
	HAL_RCC_EnableCSS();
	HAL_RCC_MCOConfig(RCC_MCO1, RCC_MCO1SOURCE_HSE, RCC_MCODIV_1);
	/* X3 is not fitted: the library's own time-out of 5 s */
	osc = (RCC_OscInitTypeDef){ .OscillatorType = RCC_OSCILLATORTYPE_LSE,
				    .LSEState = RCC_LSE_ON };
	EXPECT(HAL_RCC_OscConfig(&osc), HAL_TIMEOUT);
}

static void other_clocks(void)
{
	RCC_PeriphCLKInitTypeDef clk = {
		.PeriphClockSelection = RCC_PERIPHCLK_RTC | RCC_PERIPHCLK_I2S,
		.RTCClockSelection = RCC_RTCCLKSOURCE_LSI,
		.PLLI2S = { .PLLI2SN = 258, .PLLI2SR = 3 },
	};

	EXPECT(HAL_RCCEx_PeriphCLKConfig(&clk), HAL_OK);
	EXPECT(HAL_RCCEx_GetPeriphCLKFreq(RCC_PERIPHCLK_I2S), 86000000);
	EXPECT(__HAL_RCC_GET_RTC_SOURCE(), RCC_RTCCLKSOURCE_LSI);
}

/* -- the rest of the library's modules ----------------------------------------------------- */

static void delay(void)
{
	uint32_t since;

	CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
	DWT->CYCCNT = 0;
	DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
	since = DWT->CYCCNT;
	HAL_Delay(10); /* and one more, as the library does */
	EXPECT_WITHIN(DWT->CYCCNT - since, 168000 * 10, 168000 * 12);
}

void HAL_GPIO_EXTI_Callback(uint16_t pin)
{
	pushes += pin == B1_Pin;
}

void exti0_handler(void)
{
	HAL_GPIO_EXTI_IRQHandler(B1_Pin);
}

static void pins(void)
{
	EXTI_HandleTypeDef line = { .Line = EXTI_LINE_0 };

	HAL_GPIO_WritePin(GPIOD, LD4_Pin | LD6_Pin, GPIO_PIN_SET);
	EXPECT(HAL_GPIO_ReadPin(GPIOD, LD4_Pin), GPIO_PIN_SET);
	HAL_GPIO_TogglePin(GPIOD, LD4_Pin);
	HAL_GPIO_TogglePin(GPIOD, LD5_Pin);
	EXPECT(GPIOD->ODR, LD5_Pin | LD6_Pin);
	EXPECT(HAL_GPIO_LockPin(GPIOE, GPIO_PIN_7), HAL_OK);
	EXPECT(HAL_GPIO_ReadPin(B1_GPIO_Port, B1_Pin), GPIO_PIN_RESET);
	HAL_NVIC_SetPriority(EXTI0_IRQn, 5, 0);
	HAL_NVIC_EnableIRQ(EXTI0_IRQn);
	EXPECT(HAL_EXTI_GetHandle(&line, EXTI_LINE_0), HAL_OK);
	HAL_EXTI_GenerateSWI(&line);
	EXPECT(pushes, 1);
	EXPECT(HAL_EXTI_GetPending(&line, EXTI_TRIGGER_RISING), 0);
	HAL_GPIO_DeInit(GPIOD, LD5_Pin);
	EXPECT(GPIOD->MODER >> 28 & 3, 0);
}

static TIM_HandleTypeDef tim2 = { .Instance = TIM2 };

void tim2_handler(void)
{
	HAL_TIM_IRQHandler(&tim2);
}

void HAL_TIM_PeriodElapsedCallback(TIM_HandleTypeDef *tim)
{
	periods += tim == &tim2;
}

/* A period a millisecond, and LD4 at a quarter of it. */
static void timers(void)
{
	TIM_HandleTypeDef tim4 = { .Instance = TIM4 };
	TIM_OC_InitTypeDef pwm = { .OCMode = TIM_OCMODE_PWM1, .Pulse = 250 };
	GPIO_InitTypeDef led = { .Pin = LD4_Pin,
				 .Mode = GPIO_MODE_AF_PP,
				 .Alternate = GPIO_AF2_TIM4 };

	__HAL_RCC_TIM2_CLK_ENABLE();
	__HAL_RCC_TIM4_CLK_ENABLE();
	tim2.Init.Prescaler = 83;
	tim2.Init.Period = 999;
	EXPECT(HAL_TIM_Base_Init(&tim2), HAL_OK);
	HAL_NVIC_EnableIRQ(TIM2_IRQn);
	EXPECT(HAL_TIM_Base_Start_IT(&tim2), HAL_OK);
	tim4.Init = tim2.Init;
	EXPECT(HAL_TIM_PWM_Init(&tim4), HAL_OK);
	EXPECT(HAL_TIM_PWM_ConfigChannel(&tim4, &pwm, TIM_CHANNEL_1), HAL_OK);
	EXPECT(HAL_TIM_PWM_Start(&tim4, TIM_CHANNEL_1), HAL_OK);
	HAL_GPIO_Init(GPIOD, &led);
	periods = 0;
	HAL_Delay(20);
	EXPECT_WITHIN(periods, 20, 22);
	EXPECT(HAL_TIM_Base_Stop_IT(&tim2), HAL_OK);
	periods = 0;
	HAL_Delay(5);
	EXPECT(periods, 0);
}

static void flash(void)
{
	FLASH_EraseInitTypeDef erase = { .TypeErase = FLASH_TYPEERASE_SECTORS,
					 .Sector = FLASH_SECTOR_11,
					 .NbSectors = 1,
					 .VoltageRange = FLASH_VOLTAGE_RANGE_3 };
	FLASH_OBProgramInitTypeDef options;
	uint32_t bad = 0, at = 0x080E0000;

	EXPECT(HAL_FLASH_Program(FLASH_TYPEPROGRAM_WORD, at, 1), HAL_ERROR);
	EXPECT(HAL_FLASH_Unlock(), HAL_OK);
	EXPECT(HAL_FLASHEx_Erase(&erase, &bad), HAL_OK);
	EXPECT(bad, 0xFFFFFFFF);
	EXPECT(REG(at), 0xFFFFFFFF);
	EXPECT(HAL_FLASH_Program(FLASH_TYPEPROGRAM_WORD, at, 0x12345678), HAL_OK);
	EXPECT(HAL_FLASH_Program(FLASH_TYPEPROGRAM_HALFWORD, at + 4, 0x9ABC), HAL_OK);
	EXPECT(HAL_FLASH_Program(FLASH_TYPEPROGRAM_BYTE, at + 6, 0xDE), HAL_OK);
	EXPECT(REG(at), 0x12345678);
	EXPECT(REG(at + 4), 0xFFDE9ABC);
	EXPECT(HAL_FLASH_GetError(), HAL_FLASH_ERROR_NONE);
	EXPECT(HAL_FLASH_Lock(), HAL_OK);
	HAL_FLASHEx_OBGetConfig(&options);
	EXPECT(options.RDPLevel, OB_RDP_LEVEL_0);
	EXPECT(options.WRPSector, 0xFFF);
}

static DMA_HandleTypeDef dma = { .Instance = DMA2_Stream0 };

void dma2_stream0_handler(void)
{
	HAL_DMA_IRQHandler(&dma);
}

static void has_copied(DMA_HandleTypeDef *which)
{
	copied += which == &dma;
}

static void copying(void)
{
	static uint32_t from[64], to[64];

	for (uint32_t i = 0; i < 64; i++)
		from[i] = i * 0x01010101;
	__HAL_RCC_DMA2_CLK_ENABLE();
	dma.Init = (DMA_InitTypeDef){
		.Channel = DMA_CHANNEL_0,
		.Direction = DMA_MEMORY_TO_MEMORY,
		.PeriphInc = DMA_PINC_ENABLE,
		.MemInc = DMA_MINC_ENABLE,
		.PeriphDataAlignment = DMA_PDATAALIGN_WORD,
		.MemDataAlignment = DMA_MDATAALIGN_WORD,
		.FIFOMode = DMA_FIFOMODE_ENABLE,
		.FIFOThreshold = DMA_FIFO_THRESHOLD_FULL,
		.MemBurst = DMA_MBURST_INC4,
	};
	EXPECT(HAL_DMA_Init(&dma), HAL_OK);
	EXPECT(HAL_DMA_Start(&dma, (uint32_t)from, (uint32_t)to, 32), HAL_OK);
	EXPECT(HAL_DMA_PollForTransfer(&dma, HAL_DMA_FULL_TRANSFER, 10), HAL_OK);
	EXPECT(to[31], from[31]);
	EXPECT(to[32], 0);
	HAL_DMA_RegisterCallback(&dma, HAL_DMA_XFER_CPLT_CB_ID, has_copied);
	HAL_NVIC_EnableIRQ(DMA2_Stream0_IRQn);
	EXPECT(HAL_DMA_Start_IT(&dma, (uint32_t)from, (uint32_t)to, 64), HAL_OK);
	for (unsigned i = 0; i < TRIES && !copied; i++)
		HAL_Delay(1);
	EXPECT(copied, 1);
	EXPECT(to[63], from[63]);
	EXPECT(HAL_DMA_GetError(&dma), HAL_DMA_ERROR_NONE);
}

static void power(void)
{
	uint32_t since = HAL_GetTick();

	HAL_PWR_EnableBkUpAccess();
	EXPECT(HAL_PWREx_EnableBkUpReg(), HAL_OK);
	__HAL_RCC_BKPSRAM_CLK_ENABLE();
	REG(BKPSRAM_BASE) = 0xC0FFEE;
	EXPECT(REG(BKPSRAM_BASE), 0xC0FFEE);
	HAL_PWR_EnterSLEEPMode(PWR_MAINREGULATOR_ON, PWR_SLEEPENTRY_WFI);
	EXPECT_WITHIN(HAL_GetTick() - since, 1, 60);
	HAL_SuspendTick();
	since = HAL_GetTick();
	for (unsigned i = 0; i < 1000000; i++)
		__NOP();
	EXPECT(HAL_GetTick() - since, 0);
	HAL_ResumeTick();
	HAL_Delay(1);
	EXPECT_WITHIN(HAL_GetTick() - since, 1, 3);
}

static void identity(void)
{
	EXPECT(HAL_GetDEVID(), 0x413);
	EXPECT_WITHIN(HAL_GetREVID(), 0x1000, 0x2003);
	EXPECT(HAL_GetUIDw0() != 0xFFFFFFFF, 1);
	EXPECT(SCB->CPUID, 0x410FC241);
	EXPECT(MPU->TYPE, 0x800);
	EXPECT(REG(FLASHSIZE_BASE) & 0xFFFF, 1024);
}

int main(void)
{
	SystemInit();
	EXPECT(HAL_Init(), HAL_OK);
	generated_clock();
	full_clock();
	style_console();
	MX_GPIO_Init();
	style_console();
	other_clocks();
	delay();
	pins();
	timers();
	copying();
	power();
	identity();
	flash();
	return 0;
}
