/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fixture's firmware on this computer, for a fuzzer that is guided by what its input reaches.
 *
 * Nothing has a time here and integers are wider than the controller's: what is found is tried again
 * in the simulator. What stands for the hardware does no more than to let every wait end.
 */
#include <avr/eeprom.h>
#include <avr/io.h>
#include <stdlib.h>

#include "board.h"
#include "calibration.h"
#include "clock.h"
#include "outputs.h"
#include "rails.h"
#include "scpi.h"
#include "spi_bus.h"
#include "uart.h"

#undef REGISTER_8
#undef REGISTER_16
#define REGISTER_8(name) volatile uint8_t name;
#define REGISTER_16(name) volatile uint16_t name;
REGISTERS
uint8_t eeprom[1024];

void USART_RX_vect(void);
void USART_UDRE_vect(void);
void TIMER1_COMPA_vect(void);
void TIMER1_OVF_vect(void);

enum {
    TICKS_A_LOOK = 1500,     /* of Timer1 */
    STEPS_OF_A_REFRESH = 4,  /* of a line: its interrupt */
    SERVED_AFTER_bytes = 40, /* at the latest */
};

static uint8_t heard[2];
static uint8_t heard_count;

static uint8_t selected_dac(void)
{
    if (!(PORTC & 1 << 0))
        return 0;
    if (!(PORTC & 1 << 1))
        return 2;
    if (!(PORTC & 1 << 3))
        return 4;
    return SOURCES;
}

/* A DAC's word is there: what it says must be within the limits of its source. */
static void look_at_word(uint8_t first_source)
{
    uint8_t source = first_source + (heard[0] >> 7);
    uint16_t code = (uint16_t)((heard[0] & 0x0F) << 8 | heard[1]);
    if (code < calibration_source_code(source, source_limit_low(source)) ||
        code > calibration_source_code(source, source_limit_high(source)))
        abort();
}

volatile uint8_t *seen_SPSR(void)
{
    static volatile uint8_t status;
    uint8_t source = selected_dac();
    if (source == SOURCES) {
        heard_count = 0;
    } else {
        heard[heard_count++] = SPDR;
        if (heard_count == 2) {
            heard_count = 0;
            look_at_word(source);
        }
    }
    status = 1 << SPIF;
    return &status;
}

volatile uint8_t *seen_TIFR0(void)
{
    static volatile uint8_t flags;
    flags = 1 << OCF0B;
    return &flags;
}

volatile uint16_t *seen_TCNT1(void)
{
    static volatile uint16_t count;
    count += TICKS_A_LOOK;
    if (count < TICKS_A_LOOK && TIMSK1 & 1 << TOIE1)
        TIMER1_OVF_vect();
    return &count;
}

/* Who asks whether the relays are on may be waiting for the array's interrupt. */
uint8_t seen_PIND(void)
{
    static int depth;
    if (depth++ == 0 && TIMSK1 & 1 << OCIE1A)
        for (int step = 0; step < STEPS_OF_A_REFRESH; step++)
            TIMER1_COMPA_vect();
    depth--;
    return PORTD;
}

void send_waiting_byte(void)
{
    if (UCSR0B & 1 << UDRIE0)
        USART_UDRE_vect();
}

static void receive(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        UDR0 = bytes[i];
        USART_RX_vect();
        if (bytes[i] == '\n' || i % SERVED_AFTER_bytes == 0)
            scpi_serve();
    }
    scpi_serve();
}

static void start(void)
{
    for (size_t i = 0; i < sizeof eeprom; i++)
        eeprom[i] = 0xFF;
    board_start();
    spi_start();
    calibration_load();
    outputs_reset();
    rails_start();
    clock_start();
    uart_start();
    UCSR0A |= 1 << UDRE0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    static const char afresh[] =
        "\x03\n*RST;*CLS;*ESE 0;*SRE 0;:CAL:CLE\nSOUR1:VOLT:LIM -1,2.5;:SOUR3:VOLT:LIM 0,0\n";
    if (!started)
        start();
    started = true;
    receive((const uint8_t *)afresh, sizeof afresh - 1);
    receive(data, size);
    return 0;
}
