/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sleep ends with the clock's interrupt. */
#pragma once

void TIMER2_COMPA_vect(void);
#define SLEEP_MODE_IDLE 0
#define set_sleep_mode(mode)
#define sleep_enable()
#define sleep_disable()
#define sleep_cpu() TIMER2_COMPA_vect()
#define sleep_mode() TIMER2_COMPA_vect()
