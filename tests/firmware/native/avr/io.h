/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registers of an ATmega328P as variables of this computer. Those that something waits for move
 * on whenever they are looked at: see harness.c. */
#pragma once

#include <stdint.h>

#define REGISTER_8(name) extern volatile uint8_t name;
#define REGISTER_16(name) extern volatile uint16_t name;
#define REGISTERS                                                                                  \
    REGISTER_8(PORTB) REGISTER_8(PORTC) REGISTER_8(PORTD)                                          \
    REGISTER_8(DDRB) REGISTER_8(DDRC) REGISTER_8(DDRD)                                             \
    REGISTER_8(TCCR0A) REGISTER_8(TCCR0B) REGISTER_8(OCR0B) REGISTER_8(TCNT0)                      \
    REGISTER_8(TCCR1A) REGISTER_8(TCCR1B) REGISTER_8(TCCR1C)                                       \
    REGISTER_8(TIFR1) REGISTER_8(TIMSK1)                                                           \
    REGISTER_8(TCCR2A) REGISTER_8(TCCR2B) REGISTER_8(OCR2A) REGISTER_8(TIMSK2)                     \
    REGISTER_8(GTCCR) REGISTER_8(SPCR) REGISTER_8(SPDR) REGISTER_8(MCUSR)                          \
    REGISTER_8(ADMUX) REGISTER_8(ADCSRA) REGISTER_8(ADCH) REGISTER_8(DIDR0)                        \
    REGISTER_8(UCSR0A) REGISTER_8(UCSR0B) REGISTER_8(UCSR0C) REGISTER_8(UDR0)                      \
    REGISTER_16(UBRR0) REGISTER_16(OCR1A) REGISTER_16(OCR1B) REGISTER_16(ICR1)
REGISTERS

volatile uint8_t *seen_SPSR(void);
volatile uint8_t *seen_TIFR0(void);
volatile uint16_t *seen_TCNT1(void);
uint8_t seen_PIND(void);
#define SPSR (*seen_SPSR())
#define TIFR0 (*seen_TIFR0())
#define TCNT1 (*seen_TCNT1())
#define PINB PORTB
#define PINC PORTC
#define PIND (seen_PIND())

enum {
    COM0B0 = 4, COM0B1 = 5, FOC0B = 6, CS00 = 0, CS01 = 1, CS02 = 2, OCF0B = 2, PSRSYNC = 0,
    COM1A0 = 6, COM1A1 = 7, COM1B0 = 4, COM1B1 = 5, FOC1A = 7, FOC1B = 6, CS11 = 1, ICES1 = 6,
    ICNC1 = 7, ICF1 = 5, ICIE1 = 5, OCF1A = 1, OCIE1A = 1, TOV1 = 0, TOIE1 = 0,
    CS22 = 2, WGM21 = 1, OCIE2A = 1,
    SPE = 6, MSTR = 4, SPR0 = 0, SPIF = 7, SPI2X = 0,
    RXEN0 = 4, TXEN0 = 3, RXCIE0 = 7, UDRIE0 = 5, U2X0 = 1, UDRE0 = 5, FE0 = 4, DOR0 = 3,
    ADPS0 = 0, ADPS1 = 1, ADPS2 = 2, ADSC = 6, ADEN = 7, ADLAR = 5, REFS0 = 6, REFS1 = 7,
    UCSZ00 = 1, UCSZ01 = 2, WDRF = 3, BORF = 2, PORF = 0,
};
