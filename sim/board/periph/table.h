/* The classes that the rows of table.c name, each in its own file. */
#ifndef PERIPH_TABLE_H
#define PERIPH_TABLE_H

#include "core/mcu.h"

extern const struct periph_class adc_class;
extern const struct periph_class bkpsram_class;
extern const struct periph_class crc_class;
extern const struct periph_class dac_class;
extern const struct periph_class dbgmcu_class;
extern const struct periph_class dma_class;
extern const struct periph_class exti_class;
extern const struct periph_class flitf_class;
extern const struct periph_class gpio_class;
extern const struct periph_class i2c_class;
extern const struct periph_class iwdg_class;
extern const struct periph_class otg_class;
extern const struct periph_class pwr_class;
extern const struct periph_class rcc_class;
extern const struct periph_class rng_class;
extern const struct periph_class rtc_class;
extern const struct periph_class spi_class;
extern const struct periph_class syscfg_class;
extern const struct periph_class tim_class;
extern const struct periph_class usart_class;
extern const struct periph_class wwdg_class;

/* Not modelled: absent.c */
extern const struct periph_class can1_class;
extern const struct periph_class can2_class;
extern const struct periph_class dcmi_class;
extern const struct periph_class eth_class;
extern const struct periph_class fsmc_class;
extern const struct periph_class i2s_ext_class;
extern const struct periph_class sdio_class;

#endif
