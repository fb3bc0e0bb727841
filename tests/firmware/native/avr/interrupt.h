/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Interrupts are functions that the harness calls. */
#pragma once

#define ISR(vector)                                                                                \
    void vector(void);                                                                             \
    void vector(void)
#define sei()
#define cli()
