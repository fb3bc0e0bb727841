/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ref: avr-libc's manual, <util/crc16.h>. */
#pragma once

#include <stdint.h>

static inline uint16_t _crc_xmodem_update(uint16_t crc, uint8_t byte)
{
    crc ^= (uint16_t)byte << 8;
    for (int bit = 0; bit < 8; bit++)
        crc = crc & 0x8000 ? (uint16_t)(crc << 1) ^ 0x1021 : (uint16_t)(crc << 1);
    return crc;
}
