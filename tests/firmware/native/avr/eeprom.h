/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern uint8_t eeprom[1024];
#define eeprom_place(address) (eeprom + (uintptr_t)(address))
#define eeprom_read_byte(address) (*eeprom_place(address))
#define eeprom_update_byte(address, byte) (*eeprom_place(address) = (byte))
#define eeprom_read_block(to, from, size) memcpy(to, eeprom_place(from), size)
