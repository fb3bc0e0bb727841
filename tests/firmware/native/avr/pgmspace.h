/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Program memory is memory. */
#pragma once

#include <string.h>
#include <strings.h>

#define PROGMEM
#define PSTR(text) (text)
#define pgm_read_byte(address) (*(const unsigned char *)(address))
#define pgm_read_word(address) (*(const uint16_t *)(address))
#define pgm_read_dword(address) (*(const uint32_t *)(address))
#define memcpy_P memcpy
#define strlen_P strlen
#define strncasecmp_P strncasecmp
