/* Prints, as one JSON object, where the fields that core.py and uart.py reach lie in libsimavr's structures.
 * Built against the installed headers, so that another version of the library needs no edit. */
#include <stddef.h>
#include <stdio.h>

#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#define SIZE(name, value) printf("\"%s\": %zu,\n", name, (size_t)(value))
#define AVR(field) SIZE(#field, offsetof(avr_t, field))

int main(void) {
    puts("{");
    AVR(state);
    AVR(frequency);
    AVR(cycle);
    AVR(run_cycle_limit);
    AVR(reset);
    AVR(sleep);
    AVR(sreg);
    AVR(pc);
    AVR(flash);
    AVR(flashend);
    AVR(data);
    AVR(io_port);
    SIZE("timers", offsetof(avr_t, cycle_timers) + offsetof(avr_cycle_timer_pool_t, timer));
    SIZE("timer_next", offsetof(avr_cycle_timer_slot_t, next));
    SIZE("timer_when", offsetof(avr_cycle_timer_slot_t, when));
    SIZE("timer_function", offsetof(avr_cycle_timer_slot_t, timer));
    SIZE("timer_param", offsetof(avr_cycle_timer_slot_t, param));
    SIZE("io_next", offsetof(avr_io_t, next));
    SIZE("io_kind", offsetof(avr_io_t, kind));
    SIZE("uart_tx_count", offsetof(avr_uart_t, tx_cnt));
    SIZE("uart_cycles_per_byte", offsetof(avr_uart_t, cycles_per_byte));
    /* Read as a 64-bit number, which it is since 1.6. */
    _Static_assert(sizeof(((avr_uart_t *)0)->cycles_per_byte) == 8, "cycles_per_byte");
    SIZE("state_running", cpu_Running);
    SIZE("state_sleeping", cpu_Sleeping);
    SIZE("state_done", cpu_Done);
    printf("\"firmware_size\": %zu\n}\n", sizeof(elf_firmware_t));
    return 0;
}
