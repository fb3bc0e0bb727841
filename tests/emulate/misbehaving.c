/* Firmware for the tests of the virtual fixture: each byte that it receives is an order, most of
 * them to break one rule of the bus on purpose. It answers with one byte, or as said. */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdint.h>

#ifndef U2X
#define U2X 1
#endif
#ifndef DIVIDER
#define DIVIDER 16
#endif

#define DAC_A 0
#define DAC_B 1
#define ADC 2
#define LOW(pin) (PORTC &= (uint8_t)~(1 << (pin)))
#define HIGH(pin) (PORTC |= (1 << (pin)))

static void answer(uint8_t byte) {
    while (!(UCSR0A & (1 << UDRE0))) {
    }
    UDR0 = byte;
}

static uint8_t exchange(uint8_t byte) {
    SPDR = byte;
    while (!(SPSR & (1 << SPIF))) {
    }
    return SPDR;
}

/* The cycles from writing a byte to seeing it gone, measured by Timer 1. */
static uint16_t byte_cycles(uint8_t rate) {
    SPCR = (1 << SPE) | (1 << MSTR) | (rate & 3);
    SPSR = rate >> 2;
    TCNT1 = 0;
    SPDR = 0;
    while (!(SPSR & (1 << SPIF))) {
    }
    return TCNT1;
}

static uint16_t convert(uint8_t channel) {
    LOW(ADC);
    exchange(0x06 | channel >> 2);
    uint8_t high = exchange(channel << 6);
    uint8_t low = exchange(0);
    HIGH(ADC);
    return (uint16_t)(high & 0x0F) << 8 | low;
}

static void slow(void) { SPCR = (1 << SPE) | (1 << MSTR) | (1 << SPR0), SPSR = 1 << SPI2X; }
static void fast(void) { SPCR = (1 << SPE) | (1 << MSTR), SPSR = 1 << SPI2X; }

static void obey(uint8_t order) {
    uint16_t code = 0;
    switch (order) {
        case '0' ... '6':
            code = byte_cycles(order - '0');
            answer(code >> 8);
            answer(code);
            return;
        case 'a': /* a proper conversion of the mid reference */
        case 'A': /* the same at 8 MHz */
            order == 'a' ? slow() : fast();
            code = convert(7);
            answer(code >> 8);
            answer(code);
            return;
        case 'd': /* a proper full-scale word */
            fast();
            LOW(DAC_A), exchange(0x3F), exchange(0xFF), HIGH(DAC_A);
            PORTD &= (uint8_t)~(1 << 6), PORTD |= 1 << 6;
            break;
        case 'D': /* half a word */
            fast();
            LOW(DAC_B), exchange(0x3F), HIGH(DAC_B);
            break;
        case 'T': /* two selects */
            fast();
            LOW(DAC_A), LOW(DAC_B), exchange(0x3F), exchange(0xFF), HIGH(DAC_A), HIGH(DAC_B);
            break;
        case 'Q': /* one conversion upon the other */
            slow();
            convert(7);
            LOW(ADC), HIGH(ADC), LOW(ADC), HIGH(ADC);
            break;
        case 'W': /* a byte into a byte */
            slow();
            SPDR = 1, SPDR = 2;
            while (!(SPSR & (1 << SPIF))) {
            }
            break;
        case 'E': /* a select that rises inside a byte */
            slow();
            LOW(DAC_A), SPDR = 1, HIGH(DAC_A);
            while (!(SPSR & (1 << SPIF))) {
            }
            break;
        case 'M': /* clock idle low, data taken at the trailing edge */
            SPCR = (1 << SPE) | (1 << MSTR) | (1 << CPHA);
            exchange(0);
            break;
        case 'S': /* /SS left as an input */
            DDRB &= (uint8_t)~(1 << 2);
            exchange(0);
            DDRB |= 1 << 2;
            break;
        case 'o':
            PORTD |= 1 << 4;
            break;
        case 'n':
            PORTD |= 1 << 3;
            break;
        case 'r':
            answer(MCUSR);
            return;
        case 'e':
            eeprom_update_byte((uint8_t *)3, eeprom_read_byte((uint8_t *)3) + 1);
            break;
        case 'z': /* to sleep for good */
            cli();
            sleep_enable();
            sleep_cpu();
            break;
        case 'x': /* a write beyond the memory */
            *(volatile uint8_t *)0x4000 = 1;
            break;
        default:
            break;
    }
    answer(order);
}

int main(void) {
    PORTC = 0x0F, DDRC = 0x0F;
    PORTD = (1 << 6) | (1 << 5), DDRD = 0xF8;
    DDRB = (1 << 5) | (1 << 3) | (1 << 2);
    TCCR1B = 1 << CS10;
    UBRR0 = DIVIDER;
    UCSR0A = U2X << U2X0;
    UCSR0C = (1 << UCSZ01) | (1 << UCSZ00);
    UCSR0B = (1 << RXEN0) | (1 << TXEN0);
    fast();
    for (;;) {
        if (UCSR0A & (1 << RXC0)) {
            obey(UDR0);
        }
    }
}
